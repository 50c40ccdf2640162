// Models that slicing is tested on: hand-written integer modules, the project's own models, the corpus where it is there.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createCompiler } from '../../compiler/index.ts';
import { COSTS } from '../../compiler/ir/cost-model.ts';
import { interval } from '../../compiler/ir/interval.ts';
import type { Module, Value } from '../../compiler/ir/module.ts';
import { createModuleBuilder } from '../../compiler/ir/module-builder.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { intType } from '../../compiler/ir/types.ts';
import { plonk } from '../../compiler/passes/cost/plonk.ts';
import { sliceCosts } from '../../compiler/passes/slice/index.ts';
import { sliceSum } from '../../compiler/passes/slice/problem.ts';
import { corpusOptions } from '../../scripts/corpus/load.ts';
import { candidates } from '../../scripts/corpus/models.ts';
import { createRandom, integerTensor } from '../kits/random.ts';

export const compiler = createCompiler();
export const { ops } = compiler.registries;

export const CORPUS = join(import.meta.dirname, '../../../shared/corpus');

/** Those whose batch has no size. */
const DYNAMIC: readonly string[] = ['digits-linear', 'sensor-regression'];

export const OWN_MODELS = ['digits-linear', 'digits-mlp', 'digits-resnet', 'sensor-regression'] as const;

/** Small models of the corpus: several inputs or outputs, branches, recurrence, trees, integers. */
export const CORPUS_MODELS = [
  'iris_mlp',
  'covid_mlp_ezkl',
  'cifar_lenet',
  'lstm_ezkl',
  'mnist_onnxmlir',
  'partial_outputs_burn',
  'rl_multiagent_platform',
  'self_attention_ezkl',
  'sine_tflite',
  'xgb_regressor_tract',
] as const;

const known = new Map<string, Module>();

async function remembered(name: string, load: () => Promise<{ readonly int: Module }>): Promise<Module> {
  const m = known.get(name) ?? (await load()).int;
  known.set(name, m);
  return m;
}

export function ownModel(name: string): Promise<Module> {
  const folder = join(import.meta.dirname, '../../examples/models', name);
  return remembered(name, () =>
    compiler.load({
      model: join(folder, 'model.onnx'),
      calibration: join(folder, 'calibration.npz'),
      dims: DYNAMIC.includes(name) ? new Map([['batch', 1]]) : new Map(),
    }),
  );
}

/** @returns undefined if the corpus or an operator of the model is not there. */
export async function corpusModel(name: string): Promise<Module | undefined> {
  if (!existsSync(CORPUS)) return undefined;
  const found = candidates(CORPUS, ops).find((m) => m.name === name);
  return found && remembered(name, () => compiler.load(corpusOptions(found, 8)));
}

/**
 * A limit on the memory of a native prover (bytes) that the largest layer, with the tensors that it reads and writes, is
 * beyond: a part of what it needs besides the fixed costs, whatever the coefficients are.
 */
export function memoryBelowLargest(m: Module, part: number): number {
  const { groups, problem } = sliceCosts(m, { ops, costModel: plonk });
  const bytes = COSTS.indexOf('bytes');
  const largest = Math.max(...groups.map((_, g) => sliceSum(problem, new Set([g]))[bytes]!));
  const fixed = problem.fixed[bytes]!;
  return Math.round(fixed + part * (largest - fixed));
}

/** Integers of every input's interval. */
export function randomInputs(m: Module, seed: number): Map<string, Tensor> {
  const random = createRandom(seed);
  return new Map(
    m.inputs.map((v) => {
      if (v.type.kind !== 'int') throw new TypeError(`input ${v.name} is not quantized`);
      return [v.name, integerTensor(v.type.shape, interval(v.type.lo, v.type.hi), 4, random)] as const;
    }),
  );
}

/**
 * Three equal residual blocks with other weights in each; an input and a constant that are outputs too, a boundary that is
 * called like an output, and an operation with two readers far apart.
 */
export function blocks(): Module {
  const b = createModuleBuilder('blocks', 'int', ops);
  const x = b.input('x', intType([1, 4], -128, 127));
  const bias = b.constantOfType('bias', { shape: [4], data: Int32Array.of(1, 2, 3, 4) }, intType([4], 0, 9));
  let index = 0;
  const at = (node: string): { readonly node: string; readonly index: number } => ({ node, index: index++ });
  const requant = (node: string, v: Value, shift: number, name: string): Value =>
    b.emitAt(at(node), 'requant', [v], { multipliers: [1], shift, lo: -128, hi: 127, scale: '1' }, [
      { name, type: v.type },
    ])[0]!;
  const block = (name: string, of: Value): Value => {
    // Columns in another order: other weights, but sums within the same interval.
    const turn = index / 4;
    const w = b.constantOfType(
      `${name}.w`,
      {
        shape: [4, 4],
        data: Int32Array.from({ length: 16 }, (_, i) => (((i - (i % 4) + ((i + turn) % 4)) * 7) % 19) - 9),
      },
      intType([4, 4], -9, 9),
    );
    const product = requant(`${name}/fc`, b.emitAt(at(`${name}/fc`), 'matmul', [of, w])[0]!, 3, 'y');
    return requant(`${name}/add`, b.emitAt(at(`${name}/add`), 'add', [product, of])[0]!, 1, 'y');
  };
  const first = block('/a', x);
  const second = block('/b', first);
  const third = block('/c', second);
  const last = requant('/sum', b.emitAt(at('/sum'), 'add', [third, first])[0]!, 1, '');
  b.output('y', last);
  b.output('early', first);
  b.output('again', last);
  b.output('x', x);
  b.output('bias', bias);
  return b.finish();
}
