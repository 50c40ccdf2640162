// The numbers that cost money: constraints of operator samples, example models and corpus, compared with test/stats/*.csv.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { standardOps } from '../stdlib/index.ts';
import { isIntegerSample } from './kits/ops-kit.ts';
import { CORPUS, type Cost, corpusCosts, modelCosts, operatorCosts, toCsv } from './stats/measure.ts';

/** Lines of a committed table, without its header. */
const linesOf = (name: string): string[] =>
  readFileSync(join(import.meta.dirname, 'stats', name), 'utf8')
    .trimEnd()
    .split('\n')
    .slice(1);
const pinned = linesOf('constraints.csv');

/** Lines of the table that are new or changed, and lines of the committed one that are gone or changed. */
function differences(costs: readonly Cost[], committed: readonly string[]): { got: string[]; committed: string[] } {
  const lines = toCsv(costs).trimEnd().split('\n').slice(1);
  return {
    got: lines.filter((l) => !committed.includes(l)),
    committed: committed.filter((l) => !lines.includes(l)),
  };
}

const isModel = (line: string): boolean => !line.includes(': ');

test('operators cost what is committed (npm run stats writes the table anew)', () => {
  const operators = operatorCosts();
  expect(
    differences(
      operators,
      pinned.filter((l) => !isModel(l)),
    ),
  ).toEqual({ got: [], committed: [] });
  const samples = standardOps.flatMap((d) => d.samples.filter(isIntegerSample).map((s) => `${d.name}: ${s.name}`));
  expect(samples.filter((name) => !operators.some((c) => c.name === name))).toEqual([]);
});

test('example models cost what is committed (npm run stats writes the table anew)', async () => {
  expect(differences(await modelCosts(), pinned.filter(isModel))).toEqual({ got: [], committed: [] });
});

const absent = !existsSync(CORPUS);
test.skipIf(absent)(
  `corpus models cost what is committed${absent ? ' (skipped: ../shared/corpus is not here)' : ' (npm run stats)'}`,
  async () => {
    expect(differences(await corpusCosts(), linesOf('corpus.csv'))).toEqual({ got: [], committed: [] });
  },
);
