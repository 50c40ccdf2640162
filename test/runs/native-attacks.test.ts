// More attacks on sliced runs of the native prover: roots of boundaries, shown tensors and weights that are not the run's.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { decodeRunFile, encodeRunFile, type RunFile, type TensorStatement } from '../../runtime/artifact/run-file.ts';
import { createNativeProver, loadProver, proveRun, verifyRun } from '../../runtime/index.ts';
import { createRunPlace, inputOf, SIZES } from './run-kit.ts';

const place = createRunPlace();
afterAll(() => place.remove());

/** Tensors of the model: x, r1 (read by two slices), h2, y. */
const R1 = 1;
const H2 = 2;
const Y = 3;

let root = '';
let honest: RunFile;
let otherRun: RunFile;

async function proved(artifact: string, input: number): Promise<RunFile> {
  const output = place.path('made.zkp');
  await proveRun({ artifact: place.path(artifact), inputs: inputOf(input), output });
  return decodeRunFile(readFileSync(output));
}

beforeAll(async () => {
  root = (await place.compile('model.zkml', { backend: 'plonk', visibility: { input: 'public' } })).root;
  honest = await proved('model.zkml', 1);
  otherRun = await proved('model.zkml', 2);
});

function verdictOf(file: RunFile): string {
  const run = place.path('forged.zkp');
  writeFileSync(run, encodeRunFile(file));
  try {
    const { complete } = verifyRun({ verifier: place.path('model.zkml', 'verifier'), run, modelRoot: root }).coverage;
    return complete ? 'accepted' : 'accepted in part';
  } catch (e) {
    if (e instanceof Diagnostic) return `${e.code}: ${e.message}`;
    throw e;
  }
}

const withTensor = (i: number, t: TensorStatement): RunFile => ({
  ...honest,
  statement: { ...honest.statement, tensors: honest.statement.tensors.with(i, t) },
});

test.each([R1, H2])('the commitment to boundary %i replaced', (tensor) => {
  expect(verdictOf(withTensor(tensor, otherRun.statement.tensors[tensor]!))).toMatch(/^proof-refused: slice "s\d"/);
});

test('a boundary opened to other integers by its consumers than by its producer', () => {
  const proofs = new Map([...otherRun.proofs, [0, honest.proofs.get(0)!]] as const);
  for (const r1 of [honest.statement.tensors[R1]!, otherRun.statement.tensors[R1]!]) {
    const tensors = otherRun.statement.tensors.with(0, honest.statement.tensors[0]!).with(R1, r1);
    expect(verdictOf({ statement: { root, tensors }, proofs })).toMatch(/^proof-refused: slice "s[01]"/);
  }
});

test('another input or output than the one that is proved', () => {
  for (const i of [0, Y]) {
    const t = honest.statement.tensors[i]!;
    if (t.kind !== 'integers') throw new TypeError('inputs and outputs are public');
    const changed = t.integers.with(0, t.integers[0]! === 0 ? 1 : 0);
    expect(verdictOf(withTensor(i, { kind: 'integers', integers: changed }))).toMatch(/^proof-refused: slice "s[02]"/);
  }
});

test('a slice proved with other weights', async () => {
  const { circuit, parameters, verifier, weightsPath } = await loadProver(place.path('model.zkml', 'slices', 's0'));
  const { system, description } = verifier;
  if (system.proofSystem !== 'plonk-koalabear') throw new TypeError(system.proofSystem);
  const w = parameters[0]!;
  const values = Float64Array.from(w.values);
  const other = values.findIndex((v) => v !== values[0]);
  [values[0], values[other]] = [values[other]!, values[0]!];
  const { ports } = description;
  const x = honest.statement.tensors[0]!;
  if (x.kind !== 'integers') throw new TypeError('the input is public');
  const integers = new Map([['input0', { shape: [1, SIZES.input], data: Float64Array.from(x.integers) }]]);
  const verdictWith = (weights: typeof values | typeof w.values): string => {
    const own = [{ ...w, values: weights }];
    const native = createNativeProver({ circuit, ports, parameters: own, key: system.key, weightsPath });
    try {
      const run = native.prepareIntegers(integers);
      const { commitment } = run.openings[0]!;
      const forged = withTensor(R1, { kind: 'commitment', commitment });
      return verdictOf({ ...forged, proofs: new Map([[0, run.prove().proof]]) });
    } finally {
      native.close();
    }
  };
  expect(verdictWith(w.values)).toBe('accepted in part');
  expect(verdictWith(values)).toMatch(/^proof-refused: slice "s0"/);
});
