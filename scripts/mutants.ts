// Mutation check of the test suite: every weakening of a circuit must turn a test red, or be listed with an argument.
//
//   npm run mutants -- [--only path] [--sample n --seed s] [--resume] [--list]
//
// Results go to out/mutants.json after every mutant; `--resume` skips what is there. Exit code 1 if a mutant survives that
// scripts/mutants/equivalent.json does not list, or one that it lists is noticed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { allMutants, type Group, ROOT, readEquivalents } from './mutants/catalogue.ts';
import { identity, type Mutant, nameOf } from './mutants/mutant.ts';
import { createWorkspace, type Workspace } from './mutants/workspace.ts';

interface Result {
  readonly name: string;
  readonly verdict: 'noticed' | 'survived';
  readonly by: string;
  readonly seconds: number;
}

const RESULTS = join(ROOT, 'out', 'mutants.json');

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    resume: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

/** n of the items, chosen by a seeded generator (Park and Miller, Communications of the ACM 31, 1988), in their order. */
function sample<T>(items: readonly T[], n: number, seed: number): T[] {
  let state = (seed % 2147483646) + 1;
  const keyed = items.map((item, at) => {
    state = (state * 48271) % 2147483647;
    return { item, at, key: state };
  });
  return keyed
    .sort((a, b) => a.key - b.key)
    .slice(0, n)
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** A mutant that does not parse would be noticed for nothing. */
function assertParses(m: Mutant): void {
  if (!m.file.endsWith('.ts')) return;
  const { diagnostics } = ts.transpileModule(m.text, { reportDiagnostics: true, fileName: m.file });
  if (diagnostics !== undefined && diagnostics.length > 0)
    throw new Error(
      `${nameOf(m)} does not parse: ${ts.flattenDiagnosticMessageText(diagnostics[0]!.messageText, '\n')}`,
    );
}

/** Seconds that each test path takes on the unchanged project. @throws Error if it is red there. */
async function baseline(workspace: Workspace, groups: readonly Group[]): Promise<Map<string, number>> {
  const seconds = new Map<string, number>();
  for (const path of new Set(groups.flatMap((g) => g.tests))) {
    const run = await workspace.test(path, 1200);
    if (run.verdict !== 'green') throw new Error(`${path} is not green without any change: ${run.by}`);
    seconds.set(path, run.seconds);
    console.log(`unchanged: ${path} is green in ${run.seconds.toFixed(1)} s`);
  }
  return seconds;
}

async function judge(
  workspace: Workspace,
  group: Group,
  m: Mutant,
  usual: ReadonlyMap<string, number>,
): Promise<Result> {
  assertParses(m);
  return workspace.withFile(m.file, m.text, async () => {
    let seconds = 0;
    for (const path of group.tests) {
      const run = await workspace.test(path, 60 + 20 * usual.get(path)!);
      seconds += run.seconds;
      if (run.verdict !== 'green')
        return {
          name: nameOf(m),
          verdict: 'noticed',
          by: run.verdict === 'silent' ? `${run.by} never ends` : run.by,
          seconds,
        };
    }
    return { name: nameOf(m), verdict: 'survived', by: '', seconds };
  });
}

const every = allMutants(options.only).flatMap(({ group, mutants }) => mutants.map((mutant) => ({ group, mutant })));
const chosen = options.sample === undefined ? every : sample(every, Number(options.sample), Number(options.seed));
const argued = new Map(readEquivalents().map((e) => [nameOf({ occurrence: 1, ...e }), e.argument]));

if (options.list) {
  for (const { mutant } of chosen) console.log(`${mutant.file}:${mutant.line}: ${mutant.kind}: ${mutant.code}`);
  process.exit();
}

const results: Record<string, Result> =
  options.resume && existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
const open = chosen.filter(({ mutant }) => results[identity(mutant)] === undefined);
console.log(
  `${chosen.length} mutants, ${open.length} to try${options.sample === undefined ? '' : ` (seed ${options.seed})`}`,
);

if (open.length > 0) {
  const workspace = createWorkspace();
  const stop = (): void => {
    workspace.remove();
    process.exit(1);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const usual = await baseline(workspace, [...new Set(open.map(({ group }) => group))]);
    for (const [at, { group, mutant }] of open.entries()) {
      const result = await judge(workspace, group, mutant, usual);
      results[identity(mutant)] = result;
      mkdirSync(dirname(RESULTS), { recursive: true });
      writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
      const how = result.verdict === 'noticed' ? `noticed by ${result.by}` : 'SURVIVED';
      console.log(`${at + 1}/${open.length} ${result.name}\n    ${how} (${result.seconds.toFixed(1)} s)`);
    }
  } finally {
    workspace.remove();
  }
}

const judged = chosen.map(({ mutant }) => results[identity(mutant)]!);
const survivors = judged.filter((r) => r.verdict === 'survived');
const unlisted = survivors.filter((r) => !argued.has(r.name));
const wrong = judged.filter((r) => r.verdict === 'noticed' && argued.has(r.name));
for (const r of unlisted) console.log(`survived: ${r.name}`);
for (const r of wrong) console.log(`listed as equivalent but noticed by ${r.by}: ${r.name}`);
console.log(
  `${judged.length} mutants: ${judged.length - survivors.length} noticed, ${survivors.length - unlisted.length} equivalent, ${unlisted.length} survived`,
);
process.exitCode = unlisted.length + wrong.length === 0 ? 0 : 1;
