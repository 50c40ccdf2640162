// Models with a layer that is beyond a limit: compiled in slices, between which this layer is divided; runs prove and verify.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  type CompileOptions,
  type CompileReport,
  createCompiler,
  evaluateModule,
  type Module,
  type SliceLimits,
  sliceInTiles,
  sliceModule,
  type Tensor,
} from '../../compiler/index.ts';
import { plonk } from '../../compiler/passes/cost/plonk.ts';
import { rows } from '../../compiler/passes/cost/rows.ts';
import { decodeRunFile, encodeRunFile } from '../../runtime/artifact/run-file.ts';
import { encodeInputs, proveRun, verifyRun } from '../../runtime/index.ts';
import { loadRun } from '../../runtime/runs/run-verifier.ts';
import { modelPorts } from '../../runtime/runs/verify-run.ts';
import { onnxModel } from '../kits/onnx-builder.ts';
import { createRandom } from '../kits/random.ts';
import { memoryBelowLargest } from '../passes/slice-models.ts';

const folder = mkdtempSync(join(tmpdir(), 'zkmlc-tiles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const compiler = createCompiler();
const { ops } = compiler.registries;
const random = createRandom(3);
const reals = (n: number): readonly number[] => Array.from({ length: n }, () => (random.below(21) - 10) / 16);

interface Case {
  readonly name: string;
  readonly model: Uint8Array;
  readonly input: readonly number[];
  readonly bits: number;
}

/** A convolution with a bias and a rectifier, which need most of the rows, a pooling and a classifier. */
const convolution = (filters: 4 | 1): Case => ({
  name: `convolution-${filters}`,
  input: [1, 1, filters === 4 ? 4 : 8, filters === 4 ? 4 : 8],
  bits: 6,
  model: onnxModel({
    inputs: [{ name: 'x', shape: [1, 1, filters === 4 ? 4 : 8, filters === 4 ? 4 : 8] }],
    outputs: [{ name: 'y', shape: [1, 2] }],
    initializers: [
      { name: 'k', dims: [filters, 1, 3, 3], data: reals(9 * filters) },
      { name: 'b', dims: [filters], data: reals(filters) },
      { name: 'w', dims: [16, 2], data: reals(32) },
      { name: 'shape', dims: [2], data: [1, 16], dtype: 'int64' },
    ],
    nodes: [
      { name: 'conv', op: 'Conv', inputs: ['x', 'k', 'b'], outputs: ['c'], attributes: { pads: [1, 1, 1, 1] } },
      { name: 'relu', op: 'Relu', inputs: ['c'], outputs: ['r'] },
      {
        name: 'pool',
        op: 'MaxPool',
        inputs: ['r'],
        outputs: ['p'],
        attributes: { kernel_shape: [2, 2], strides: [2, 2] },
      },
      { name: 'flat', op: 'Reshape', inputs: ['p', 'shape'], outputs: ['f'] },
      { name: 'fc', op: 'MatMul', inputs: ['f', 'w'], outputs: ['y'] },
    ],
  }),
});

/** Weights that are too large for one process. */
const layer: Case = {
  name: 'layer',
  input: [1, 512],
  bits: 8,
  model: onnxModel({
    inputs: [{ name: 'x', shape: [1, 512] }],
    outputs: [{ name: 'y', shape: [1, 3] }],
    initializers: [
      { name: 'w', dims: [512, 1024], data: reals(512 * 1024) },
      { name: 'v', dims: [1024, 3], data: reals(1024 * 3) },
    ],
    nodes: [
      { name: 'fc', op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
      { name: 'relu', op: 'Relu', inputs: ['h'], outputs: ['r'] },
      { name: 'head', op: 'MatMul', inputs: ['r', 'v'], outputs: ['y'] },
    ],
  }),
};

type How = Pick<CompileOptions, 'backend' | 'visibility'> & { readonly limits: (int: Module) => SliceLimits };

function optionsOf({ name, model, bits }: Case, { backend, visibility = {} }: How) {
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, model);
  return { model: path, bits, ranges: new Map([['x', [-1, 1]] as const]), backend: backend ?? 'r1cs', visibility };
}

const costModelOf = ({ backend }: How) => (backend === 'plonk' ? plonk : rows);

function compile(of: Case, how: How, artifact: string): Promise<CompileReport> {
  return compiler.compile({
    ...optionsOf(of, how),
    output: artifact,
    slice: (int) =>
      sliceInTiles(
        int,
        { objective: { kind: 'total' }, limits: how.limits(int) },
        { ops, costModel: costModelOf(how) },
      ),
  });
}

/** Compiles, proves and verifies; the output is that of the model that was neither sliced nor divided. */
async function roundTrip(
  of: Case,
  how: How,
): Promise<{ readonly report: CompileReport; readonly run: string; readonly verifier: string }> {
  const artifact = join(folder, `${of.name}-${how.backend}-${how.visibility?.weights}.zkml`);
  const report = await compile(of, how, artifact);
  const inputs: ReadonlyMap<string, Tensor> = new Map([
    [
      'x',
      {
        shape: of.input,
        data: Float64Array.from({ length: of.input.reduce((a, b) => a * b) }, () => (random.below(17) - 8) / 8),
      },
    ],
  ]);
  const [run, verifier] = [join(artifact, '..', `${of.name}.zkp`), join(artifact, 'verifier')];
  rmSync(run, { force: true });
  await proveRun({ artifact, inputs, output: run });
  const verdict = verifyRun({ verifier, run, modelRoot: report.root });
  expect(verdict.coverage.complete).toBe(true);
  const { int } = await compiler.load(optionsOf(of, how));
  const { integers } = encodeInputs(modelPorts(loadRun(verifier).description.tensors), inputs);
  expect(verdict.ports.find((p) => p.role === 'output')!.integers).toEqual([
    ...evaluateModule(int, ops, integers).get('y')!.data,
  ]);
  return { report, run, verifier };
}

const CASES: readonly (readonly [string, Case, How, axis: number])[] = [
  ['r1cs, weights in the circuit', convolution(4), { backend: 'r1cs', limits: () => ({ constraints: 2000 }) }, 1],
  [
    'r1cs, committed weights',
    convolution(4),
    { backend: 'r1cs', limits: () => ({ constraints: 2000 }), visibility: { weights: 'committed' } },
    1,
  ],
  ['plonk, rows', convolution(1), { backend: 'plonk', limits: () => ({ constraints: 300 }) }, 2],
  [
    'plonk, columns of weights',
    layer,
    { backend: 'plonk', limits: (int) => ({ memory: memoryBelowLargest(int, 0.9) }) },
    1,
  ],
];

test.each(CASES)('%s: a layer beyond the limit is divided, and the run verifies', async (_, of, how, axis) => {
  const { report, run, verifier } = await roundTrip(of, how);
  const { tiled } = report.slicing!.report;
  expect(tiled).toMatchObject([{ axis }]);
  // Without tiles no slices are within the limit.
  const { int } = await compiler.load(optionsOf(of, how));
  const request = { objective: { kind: 'total' }, limits: how.limits(int) } as const;
  expect(() => sliceModule(int, request, { ops, costModel: costModelOf(how) })).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^(layer-too-large|no-slicing)$/) }),
  );
  // Every tile is in some slice; a run without one of them is not a proof of the whole.
  const { slices } = loadRun(verifier).description;
  const { nodes, tiles } = tiled![0]!;
  const file = decodeRunFile(readFileSync(run));
  for (let i = 1; i <= tiles; i++) {
    const holds = slices.findIndex((s) => s.nodes.includes(`${nodes.at(-1)}[${i}/${tiles}]`));
    expect(holds).toBeGreaterThanOrEqual(0);
    const without = join(folder, 'without.zkp');
    writeFileSync(without, encodeRunFile({ ...file, proofs: new Map([...file.proofs].filter(([s]) => s !== holds)) }));
    expect(verifyRun({ verifier, run: without }).coverage.complete).toBe(false);
  }
});
