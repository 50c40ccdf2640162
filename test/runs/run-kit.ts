// A tiny model with a residual, cut into slices by hand, for tests of sliced runs: its set-ups take seconds.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  type CompileOptions,
  type CompileReport,
  createCompiler,
  evaluateModule,
  readModuleText,
  type Tensor,
} from '../../compiler/index.ts';
import { rows } from '../../compiler/passes/cost/rows.ts';
import { sliceModule } from '../../compiler/passes/slice/index.ts';
import { encodeInputs, proveRun, type RunVerdict, verifyRun } from '../../runtime/index.ts';
import { loadRun } from '../../runtime/runs/run-verifier.ts';
import { modelPorts } from '../../runtime/runs/verify-run.ts';
import { standardRegistry } from '../../stdlib/index.ts';
import { onnxModel } from '../kits/onnx-builder.ts';
import { createRandom } from '../kits/random.ts';

/** Where the model is cut: the first activation crosses both boundaries. */
export const CUTS: readonly string[] = ['relu1', 'gemm2'];
export const SIZES = { input: 4, hidden: 3, output: 2 } as const;

/** y = W3 relu(W2 r + r) with r = relu(W1 x); weights follow from the seed. */
export function residualModel(seed = 1): Uint8Array {
  const { input, hidden, output } = SIZES;
  const random = createRandom(seed);
  const weight = (name: string, rows: number, columns: number) => ({
    name,
    dims: [rows, columns],
    data: Array.from({ length: rows * columns }, () => (random.below(21) - 10) / 8),
  });
  const node = (name: string, op: string, inputs: readonly string[], to: string) => ({
    name,
    op,
    inputs,
    outputs: [to],
  });
  return onnxModel({
    inputs: [{ name: 'x', shape: [1, input] }],
    outputs: [{ name: 'y', shape: [1, output] }],
    initializers: [weight('w1', input, hidden), weight('w2', hidden, hidden), weight('w3', hidden, output)],
    nodes: [
      node('gemm1', 'MatMul', ['x', 'w1'], 'h1'),
      node('relu1', 'Relu', ['h1'], 'r1'),
      node('gemm2', 'MatMul', ['r1', 'w2'], 'h2'),
      node('add', 'Add', ['h2', 'r1'], 'a'),
      node('relu2', 'Relu', ['a'], 'r2'),
      node('gemm3', 'MatMul', ['r2', 'w3'], 'y'),
    ],
  });
}

/** A chain of layers, each a matrix product and a rectifier. */
export function chainModel(layers: number, seed = 1): Uint8Array {
  const random = createRandom(seed);
  const { input } = SIZES;
  const indices = Array.from({ length: layers }, (_, i) => i);
  const name = (i: number): string => (i === 0 ? 'x' : `r${i}`);
  return onnxModel({
    inputs: [{ name: 'x', shape: [1, input] }],
    outputs: [{ name: name(layers), shape: [1, input] }],
    initializers: indices.map((i) => ({
      name: `w${i}`,
      dims: [input, input],
      data: Array.from({ length: input * input }, () => (random.below(21) - 7) / 16),
    })),
    nodes: indices.flatMap((i) => [
      { name: `gemm${i}`, op: 'MatMul', inputs: [name(i), `w${i}`], outputs: [`h${i}`] },
      { name: `relu${i}`, op: 'Relu', inputs: [`h${i}`], outputs: [name(i + 1)] },
    ]),
  });
}

/** Equal blocks one after the other, with the same weights and, because each ends in the interval of the input, the same types. */
export function repeatedModel(blocks: number): Uint8Array {
  const { input } = SIZES;
  const random = createRandom(7);
  const data = Array.from({ length: input * input }, () => (random.below(21) - 8) / 16);
  const indices = Array.from({ length: blocks }, (_, i) => i);
  const name = (i: number): string => (i === 0 ? 'x' : i === blocks ? 'y' : `r${i}`);
  const scalar = (name: string, value: number) => ({ name, dims: [], data: [value] });
  return onnxModel({
    inputs: [{ name: 'x', shape: [1, input] }],
    outputs: [{ name: 'y', shape: [1, input] }],
    initializers: [{ name: 'w', dims: [input, input], data }, scalar('lowest', -1), scalar('highest', 1)],
    nodes: indices.flatMap((i) => [
      { name: `gemm${i}`, op: 'MatMul', inputs: [name(i), 'w'], outputs: [`h${i}`] },
      { name: `clip${i}`, op: 'Clip', inputs: [`h${i}`, 'lowest', 'highest'], outputs: [name(i + 1)] },
    ]),
  });
}

/** Cuts of it between blocks. */
export const repeatedCuts = (blocks: number): readonly string[] =>
  Array.from({ length: blocks - 1 }, (_, i) => `clip${i}`);

/** Cuts of a chain after each layer but the last. */
export const chainCuts = (layers: number): readonly string[] =>
  Array.from({ length: layers - 1 }, (_, i) => `relu${i}`);

/** A folder that is removed at the end, and what tests do in it. */
export interface RunPlace {
  readonly folder: string;
  path(...names: readonly string[]): string;
  compile(name: string, options?: CompilePlan): Promise<CompileReport>;
  remove(): void;
}

export interface CompilePlan extends Pick<CompileOptions, 'backend' | 'visibility' | 'onProgress'> {
  readonly seed?: number;
  /** Instead of {@link residualModel}. */
  readonly onnx?: Uint8Array;
  readonly bits?: number;
  /** Cuts; none: the model is compiled as a whole. */
  readonly at?: readonly string[];
}

export function createRunPlace(): RunPlace {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-run-'));
  const path = (...names: readonly string[]): string => join(folder, ...names);
  return {
    folder,
    path,
    compile(name, { seed = 1, onnx, bits = 4, at = CUTS, backend = 'r1cs', visibility = {}, onProgress } = {}) {
      const model = path(`model-${seed}.onnx`);
      writeFileSync(model, onnx ?? residualModel(seed));
      const request = { objective: { kind: 'total' }, limits: {}, at } as const;
      const cx = { ops: standardRegistry, costModel: rows };
      return createCompiler().compile({
        model,
        output: path(name),
        backend,
        visibility,
        bits,
        ...(onProgress && { onProgress }),
        ranges: new Map([['x', [-1, 1]]]),
        ...(at.length > 0 && { slice: (m) => sliceModule(m, request, cx) }),
      });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** An input of the model. */
export function inputOf(seed = 1): ReadonlyMap<string, Tensor> {
  const random = createRandom(seed);
  const data = Float64Array.from({ length: SIZES.input }, () => (random.below(17) - 8) / 8);
  return new Map([['x', { shape: [1, SIZES.input], data }]]);
}

/** Integers of the unsliced model. */
async function unsliced(
  place: RunPlace,
  artifact: string,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<readonly number[]> {
  const { ops } = createCompiler().registries;
  const m = await readModuleText(readFileSync(place.path(artifact, 'prover', 'int.zk'), 'utf8'), ops, {
    file: artifact,
  });
  const { tensors } = loadRun(place.path(artifact, 'verifier')).description;
  return [...evaluateModule(m, ops, encodeInputs(modelPorts(tensors), inputs).integers).get('y')!.data];
}

/** Proves and verifies an artifact of the place; the output is that of the unsliced integer model. */
export async function roundTrip(place: RunPlace, name: string, links = 2): Promise<RunVerdict> {
  const artifact = place.path(`${name}.zkml`);
  const output = place.path(`${name}.zkp`);
  const report = await proveRun({ artifact, inputs: inputOf(), output });
  const verdict = verifyRun({ verifier: place.path(`${name}.zkml`, 'verifier'), run: output, modelRoot: report.root });
  expect(verdict).toMatchObject({ root: report.root, rootCompared: true, coverage: report.coverage, links });
  expect(verdict.coverage.complete).toBe(true);
  expect(verdict.ports.find((p) => p.role === 'output')!.integers).toEqual(
    await unsliced(place, `${name}.zkml`, inputOf()),
  );
  return verdict;
}
