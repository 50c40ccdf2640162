// ONNX's own operator tests: every one that can be imported gives the expected outputs, the rest is listed and may only shrink.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { OPSETS } from '../../compiler/frontend/versions.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { standardOps } from '../../stdlib/index.ts';
import { corpus, corpusExists, dataFiles, inputNames, runNodeTest, withoutCorpus } from './test-data.ts';

const TOLERANCE = 1e-4;

/** Operator tests that the compiler refuses. `ZKMLC_BLESS=1` removes those that pass; none is ever added. */
const listFile = fileURLToPath(new URL('./unsupported.json', import.meta.url));
const listed: readonly string[] = existsSync(listFile) ? JSON.parse(readFileSync(listFile, 'utf8')) : [];

/** Operators that ONNX has had only since this opset; of all others the oldest supported opset must be implemented. */
const introduced: ReadonlyMap<string, number> = new Map([
  ['ConstantOfShape', 9],
  ['Expand', 8],
]);

interface NodeTest {
  readonly name: string;
  readonly folder: string;
  readonly bake: readonly string[];
}

function operatorTests(): readonly NodeTest[] {
  const lines = readFileSync(`${corpus}/onnx-node/sensible.txt`, 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', , , , flags = ''] = line.split('\t');
      const bake = /bake=([^,]*)/.exec(flags)?.[1]?.split('+') ?? [];
      return { name, folder: `${corpus}/onnx-node/${name}`, bake };
    });
}

function pytorchTests(): readonly NodeTest[] {
  const index = JSON.parse(readFileSync(`${corpus}/onnx-pytorch/index.json`, 'utf8'));
  const tests: readonly { readonly name: string }[] = index.tests;
  return tests.map(({ name }) => ({ name, folder: `${corpus}/onnx-pytorch/${name}`, bake: [] }));
}

/** What is wrong with a test, undefined if it passes. Operands that must be constant are tried as initializers too. */
function outcome(test: NodeTest): { readonly refused: boolean; readonly message: string } | undefined {
  const attempt = (bake: readonly string[]): { readonly refused: boolean; readonly message: string } | undefined => {
    try {
      const wrong = runNodeTest(test.folder, bake, TOLERANCE);
      return wrong === undefined ? undefined : { refused: false, message: wrong };
    } catch (e) {
      return e instanceof Diagnostic
        ? { refused: true, message: `${e.code}: ${e.message}` }
        : { refused: false, message: String(e) };
    }
  };
  const first = attempt(test.bake);
  if (first?.refused !== true) return first;
  const constants = inputNames(test.folder).slice(1);
  return constants.length === 0 ? first : attempt([...new Set([...test.bake, ...constants])]);
}

describe.skipIf(!corpusExists)(`ONNX operator tests${withoutCorpus}`, () => {
  const tests = corpusExists ? [...operatorTests(), ...pytorchTests()] : [];

  it('passes every test that is not listed as unsupported, and lists none that passes', () => {
    const refused: string[] = [];
    const wrong: string[] = [];
    for (const test of tests) {
      const found = outcome(test);
      if (found === undefined) continue;
      if (found.refused) refused.push(test.name);
      if (!found.refused || !listed.includes(test.name)) wrong.push(`${test.name}: ${found.message}`);
    }
    if (process.env.ZKMLC_BLESS === '1') {
      const kept = listed.length === 0 ? refused : listed.filter((name) => refused.includes(name));
      writeFileSync(listFile, `${JSON.stringify(kept.toSorted(), null, 2)}\n`);
    }
    expect(wrong).toEqual([]);
    expect(
      listed.filter((name) => !refused.includes(name)),
      'these pass now: remove them from unsupported.json (ZKMLC_BLESS=1 does)',
    ).toEqual([]);
  });

  it('finds the tests, each with an expected output', () => {
    expect(tests.length).toBeGreaterThan(1000);
    for (const { folder } of tests)
      expect(dataFiles(`${folder}/test_data_set_0`, 'output').length, folder).toBeGreaterThan(0);
  });
});

describe('importers', () => {
  const [oldest, newest] = OPSETS;
  for (const op of standardOps)
    for (const { opType, since, attributes, inputs = [1, 1] } of op.onnx ?? [])
      it(`${opType} states its versions, inputs and attributes`, () => {
        expect(since.length).toBeGreaterThan(0);
        expect(since).toEqual([...new Set(since)].toSorted((a, b) => a - b));
        expect(since[0]).toBeLessThanOrEqual(introduced.get(opType) ?? oldest);
        expect(since.at(-1)).toBeLessThanOrEqual(newest);
        expect(new Set(attributes).size).toBe(attributes.length);
        expect(inputs[0]).toBeLessThanOrEqual(inputs[1]);
      });
});
