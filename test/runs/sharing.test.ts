// Equal slices share circuit, key and root, whatever the model calls their parts; a proof of one is no proof of another.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalModule, createCompiler, readModuleText, sliceModule } from '../../compiler/index.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { DEFAULT_VISIBILITY } from '../../compiler/ir/lower.ts';
import { createSliceLowering } from '../../compiler/lower-slices.ts';
import { rows } from '../../compiler/passes/cost/rows.ts';
import { decodeRunFile, encodeRunFile, type RunFile } from '../../runtime/artifact/run-file.ts';
import { verifyRun } from '../../runtime/index.ts';
import { loadRun } from '../../runtime/runs/run-verifier.ts';
import { inModelNames } from '../../runtime/runs/slice-names.ts';
import { CUTS, createRunPlace, repeatedCuts, repeatedModel, roundTrip } from './run-kit.ts';

const BLOCKS = 4;
const place = createRunPlace();
afterAll(() => place.remove());

const plan = { onnx: repeatedModel(BLOCKS), at: repeatedCuts(BLOCKS) };

describe.each(['r1cs', 'plonk'])('%s', (backend) => {
  const artifact = `${backend}.zkml`;
  let honest: RunFile;

  beforeAll(async () => {
    await place.compile(artifact, { ...plan, backend });
    await roundTrip(place, backend, BLOCKS - 1);
    honest = decodeRunFile(readFileSync(place.path(`${backend}.zkp`)));
  });

  test('blocks between the first and the last have one folder, key and root', () => {
    const { slices } = loadRun(place.path(artifact, 'verifier')).description;
    // The first reads a private or public input, the last shows the output: they are other circuits.
    expect(slices.map((s) => s.id)).toEqual(['s0', 's1', 's1', 's3']);
    expect(slices[2]!.root).toBe(slices[1]!.root);
    for (const folder of [place.path(artifact, 'slices'), place.path(artifact, 'verifier', 'slices')])
      expect(readdirSync(folder).sort()).toEqual(['s0', 's1', 's3']);
  });

  test('nodes and tensors keep the model’s names', () => {
    const { slices, tensors } = loadRun(place.path(artifact, 'verifier')).description;
    expect(slices.map((s) => s.nodes)).toEqual(Array.from({ length: BLOCKS }, (_, i) => [`gemm${i}`, `clip${i}`]));
    expect(tensors.map((t) => t.name)).toEqual(['x', 'boundary', 'boundary_1', 'boundary_2', 'y']);
  });

  test('each one’s proof is refused in the place of the other', () => {
    const [one, two] = [honest.proofs.get(1)!, honest.proofs.get(2)!];
    const verdictOf = (...changed: readonly (readonly [number, Uint8Array])[]): string => {
      const run = place.path('forged.zkp');
      writeFileSync(run, encodeRunFile({ ...honest, proofs: new Map([...honest.proofs, ...changed]) }));
      try {
        return String(verifyRun({ verifier: place.path(artifact, 'verifier'), run }).coverage.complete);
      } catch (e) {
        if (e instanceof Diagnostic) return `${e.code}: ${e.message}`;
        throw e;
      }
    };
    expect(verdictOf()).toBe('true');
    expect(verdictOf([1, two], [2, one])).toMatch(/^proof-refused: slice "s1"/);
    expect(verdictOf([1, two])).toMatch(/^proof-refused: slice "s1"/);
    expect(verdictOf([2, one])).toMatch(/^proof-refused: slice "s2"/);
  });
});

test('committed weights of equal blocks are committed to once; each circuit has one set-up', async () => {
  const visibility = { input: 'committed', output: 'committed', weights: 'committed' } as const;
  const stages: string[] = [];
  await place.compile('all.zkml', { ...plan, visibility, onProgress: (stage) => stages.push(stage) });
  const { slices } = loadRun(place.path('all.zkml', 'verifier')).description;
  // Where weights are no constants, the interval of a circuit's output is wider than that of the model's input.
  expect(slices.map((s) => s.id)).toEqual(['s0', 's1', 's1', 's1']);
  expect(readdirSync(place.path('all.zkml', 'slices')).sort()).toEqual(['s0', 's1']);
  expect(new Set(stages.filter((s) => s.includes('making keys')).map((s) => s.split(':')[0]))).toEqual(
    new Set(['slice 1 of 4', 'slice 2 of 4']),
  );
});

test('slices of other weights are other slices', async () => {
  await place.compile('residual.zkml', { at: CUTS });
  const { slices } = loadRun(place.path('residual.zkml', 'verifier')).description;
  expect(slices.map((s) => s.id)).toEqual(['s0', 's1', 's2']);
});

test('what is refused while a slice is lowered names the model’s node', async () => {
  const { ops } = createCompiler().registries;
  const { lower: _, ...requant } = ops.get('requant')!;
  const unable = new Map([...ops, ['requant', requant]]);
  const module = await readModuleText(readFileSync(place.path('plonk.zkml', 'prover', 'int.zk'), 'utf8'), ops, {});
  const request = { objective: { kind: 'total' }, limits: {}, at: plan.at } as const;
  const slicing = sliceModule(module, request, { ops, costModel: rows });
  const target = createCompiler().registries.backends.get('plonk')!.target;
  const lowering = createSliceLowering({ module, slicing, ops: unable, target, visibility: DEFAULT_VISIBILITY });
  expect(() => lowering.lower(1)).toThrow(
    expect.objectContaining({ code: 'no-lowering', where: expect.objectContaining({ node: 'clip1' }) }),
  );
});

test('numbers in diagnostics about a slice become the model’s names', () => {
  const names = { node: ['/conv', '/relu'], input: ['x'], output: ['y'] };
  const found = new Diagnostic('refused', 'node1#Relu/range: port "output0" and node7, value0', {
    node: 'node0',
    field: 'node1#Relu/range',
  });
  expect(inModelNames(found, names)).toMatchObject({
    message: '/relu#Relu/range: port "y" and node7, value0',
    where: { node: '/conv', field: '/relu#Relu/range' },
  });
  const other = new RangeError('node0');
  expect(inModelNames(other, names)).toBe(other);
});

test('canonical modules differ in nothing but what they compute', () => {
  const type = { kind: 'int', shape: [2], lo: -8, hi: 7, scale: { num: 1n, den: 1n } } as const;
  const module = (names: readonly [x: string, h: string, y: string, node: string]) => {
    const [x, h] = [
      { name: names[0], type },
      { name: names[1], type },
    ];
    const loc = { node: names[3], index: names[3].length };
    const operation = { op: 'Relu', operands: [x], results: [h], attrs: {}, loc };
    const outputs = [{ name: names[2], value: h }];
    return {
      name: names[3],
      stage: 'int',
      inputs: [x],
      outputs,
      constants: new Map(),
      operations: [operation],
    } as const;
  };
  const canonical = canonicalModule(module(['x', 'h', 'y', 'relu']));
  expect(canonicalModule(module(['input1', '', 'input0', '/a/b']))).toEqual(canonical);
  expect(canonical).toMatchObject({ inputs: [{ name: 'input0' }], operations: [{ loc: { node: 'node0', index: 0 } }] });
  expect(canonical.outputs[0]).toMatchObject({ name: 'output0', value: { name: 'value0' } });
});
