// What the native prover is measured on: the generated shapes, and models of the corpus where it is there.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importModel } from '../../compiler/frontend/index.ts';
import { type CompileOptions, createCompiler, readModelFile, readTensors } from '../../compiler/index.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { corpusOptions } from '../../scripts/corpus/load.ts';
import { type CorpusModel, candidates } from '../../scripts/corpus/models.ts';
import { perturbed } from '../../scripts/corpus/perturb.ts';
import { npy } from '../../test/kits/numpy-writer.ts';
import { type BenchShape, type Goal, INPUT_RANGE, noiseInput, SHAPES, SLICED_SHAPES } from '../shapes/index.ts';

/** A model to measure. */
export interface BenchModel {
  readonly name: string;
  readonly title: string;
  readonly goal?: Goal;
  /** Writes what compiling needs into the folder. */
  prepare(folder: string, bits: number): Omit<CompileOptions, 'output' | 'backend'>;
  /** Inputs of one run: other numbers for every seed. */
  inputs(seed: number): Promise<ReadonlyMap<string, Tensor>>;
}

/** Samples that calibration sees: noise is alike everywhere, and large networks take seconds for each. */
const CALIBRATION_SAMPLES = 4;
/** Seeds of calibration are far from those of runs. */
const CALIBRATION_SEED = 1_000_000;
/** Inputs of corpus models vary by this fraction of their largest magnitude. */
const PERTURBATION = 0.05;

const corpus = fileURLToPath(new URL('../../../shared/corpus', import.meta.url));

function shapeModel(shape: BenchShape): BenchModel {
  return {
    name: shape.name,
    title: shape.title,
    ...(shape.goal !== undefined && { goal: shape.goal }),
    prepare(folder, bits) {
      const { bytes, input } = shape.build();
      const model = join(folder, `${shape.name}.onnx`);
      const calibration = join(folder, `${shape.name}.npy`);
      writeFileSync(model, bytes);
      const samples = Array.from({ length: CALIBRATION_SAMPLES }, (_, i) =>
        noiseInput(input.shape, CALIBRATION_SEED + i),
      );
      const data = new Float32Array(samples.length * samples[0]!.data.length);
      for (const [i, { data: sample }] of samples.entries()) data.set(sample, i * sample.length);
      writeFileSync(calibration, npy({ shape: [samples.length, ...input.shape.slice(1)], data }));
      return { model, calibration, bits, ranges: new Map([[input.name, INPUT_RANGE]]) };
    },
    inputs: async (seed) => new Map([[shape.input.name, noiseInput(shape.input.shape, seed)]]),
  };
}

function corpusModel(m: CorpusModel): BenchModel {
  return {
    name: m.name,
    title: m.name,
    prepare: (_, bits) => corpusOptions(m, bits),
    async inputs(seed) {
      const options = corpusOptions(m, 8);
      const { model, files } = readModelFile(options.model);
      const { ops } = createCompiler().registries;
      const ports = importModel(model, { ops, dims: options.dims ?? new Map(), files }).inputs;
      const set = m.testSets[seed % m.testSets.length]!;
      return perturbed(await readTensors(join(m.folder, set.dir), ports, 'input'), PERTURBATION, seed);
    },
  };
}

/**
 * The models that are named, the shapes if none is.
 * @throws RangeError for a name that nothing has.
 */
export function benchModels(names: readonly string[] | undefined): readonly BenchModel[] {
  if (names === undefined) return SHAPES.map(shapeModel);
  const known = existsSync(corpus) ? candidates(corpus, createCompiler().registries.ops) : [];
  return names.map((name) => {
    const shape = SHAPES.find((s) => s.name === name);
    if (shape !== undefined) return shapeModel(shape);
    const model = known.find((m) => m.name === name);
    if (model !== undefined) return corpusModel(model);
    throw new RangeError(`no model is called ${name}; shapes: ${SHAPES.map((s) => s.name).join(', ')}`);
  });
}

/** The shapes that are proved in slices: those named, or all. @throws RangeError for a name that none has. */
export function slicedModels(names: readonly string[] = SLICED_SHAPES.map((s) => s.name)): readonly BenchModel[] {
  return names.map((name) => {
    const shape = [...SHAPES, ...SLICED_SHAPES].find((s) => s.name === name);
    if (shape === undefined) throw new RangeError(`no shape is called ${name}`);
    return shapeModel(shape);
  });
}
