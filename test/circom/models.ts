// Small integer models whose emitted Circom is kept as golden text, and their inputs.
import { BN254, type Circuit } from '../../compiler/ir/circuit.ts';
import { evaluateModule } from '../../compiler/ir/evaluate.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { lowerModule, type PortVisibility } from '../../compiler/ir/lower.ts';
import type { Module, Value } from '../../compiler/ir/module.ts';
import { createModuleBuilder, type ModuleBuilder } from '../../compiler/ir/module-builder.ts';
import { operatorRegistry } from '../../compiler/ir/op.ts';
import { type Shape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { intType } from '../../compiler/ir/types.ts';
import { standardOps } from '../../stdlib/ops/index.ts';
import { createRandom, integerTensor } from '../kits/random.ts';

const ops = operatorRegistry(standardOps);

/** Weights that depend on nothing but their shape. */
function weights(shape: Shape, bound: number): Tensor {
  return {
    shape,
    data: Int32Array.from({ length: sizeOf(shape) }, (_, k) => ((k * 37 + 11) % (2 * bound + 1)) - bound),
  };
}

interface Nodes {
  readonly b: ModuleBuilder;
  constant(name: string, shape: Shape, bound: number): Value;
  node(name: string, op: string, operands: readonly Value[], attrs?: Parameters<ModuleBuilder['emitAt']>[3]): Value;
}

function moduleOf(name: string, build: (n: Nodes) => void): Module {
  const b = createModuleBuilder(name, 'int', ops);
  let index = 0;
  build({
    b,
    constant: (constantName, shape, bound) =>
      b.constantOfType(constantName, weights(shape, bound), intType(shape, -bound, bound)),
    node: (nodeName, op, operands, attrs) => b.emitAt({ node: nodeName, index: index++ }, op, operands, attrs)[0]!,
  });
  return b.finish();
}

/** Rounds to 8 bits, saturating at zero for `relu`. */
function requant(n: Nodes, name: string, x: Value, shift: number, relu: boolean): Value {
  const range = relu ? { lo: 0, hi: 127 } : { lo: -128, hi: 127 };
  return n.node(name, 'requant', [x], { multipliers: [1], shift, ...range, scale: '1' });
}

export const MODELS: Readonly<Record<string, { readonly module: Module; readonly visibility: PortVisibility }>> = {
  mlp: {
    module: moduleOf('mlp', (n) => {
      const x = n.b.input('features', intType([1, 6], -128, 127));
      const hidden = n.node('/fc1/Gemm', 'matmul', [x, n.constant('fc1.weight', [6, 4], 100)]);
      const biased = n.node('/fc1/Gemm', 'add', [hidden, n.constant('fc1.bias', [4], 500)]);
      const active = requant(n, '/relu/Relu', biased, 8, true);
      n.b.output('logits', n.node('/fc2/Gemm', 'matmul', [active, n.constant('fc2.weight', [4, 3], 100)]));
    }),
    visibility: { input: 'private', weights: 'fixed', output: 'public' },
  },
  'residual-cnn': {
    module: moduleOf('residual-cnn', (n) => {
      const x = n.b.input('image', intType([1, 2, 4, 4], 0, 255));
      const block = (name: string, of: Value): Value =>
        requant(
          n,
          `${name}/Relu`,
          n.node(`${name}/Conv`, 'conv', [of, n.constant(`${name}.w`, [2, 2, 3, 3], 60)], { pads: [1, 1, 1, 1] }),
          9,
          true,
        );
      const first = block('/block1', x);
      const second = block('/block2', first);
      const sum = requant(n, '/Add', n.node('/Add', 'add', [first, second]), 1, false);
      const pooled = n.node('/MaxPool', 'max_pool', [sum], { kernel: [2, 2], strides: [2, 2] });
      const flat = n.node('/Flatten', 'reshape', [pooled], { shape: [1, 8] });
      const scores = n.node('/head/MatMul', 'matmul', [flat, n.constant('head', [8, 5], 40)]);
      n.b.output('class', n.node('/ArgMax', 'argmax', [requant(n, '/head', scores, 6, false)], { axis: 1 }));
    }),
    visibility: { input: 'public', weights: 'fixed', output: 'public' },
  },
  'committed-weights': {
    module: moduleOf('committed-weights', (n) => {
      const x = n.b.input('x', intType([3], -100, 100));
      const product = n.node('gate', 'matmul', [n.constant('w', [2, 3], 50), x]);
      const attrs = { multipliers: [1], shift: 6, lo: -64, hi: 63, scale: '1/16', act: 'sigmoid', out_scale: '1/128' };
      n.b.output('gate', n.node('gate', 'requant', [product], attrs));
    }),
    visibility: { input: 'public', weights: 'committed', output: 'committed' },
  },
};

export function circuitOf(name: string): Circuit {
  const { module, visibility } = MODELS[name]!;
  return lowerModule(module, ops, BN254, visibility);
}

/** Inputs and parameters of the circuit, and the outputs that the integer model gives for them. */
export function runOf(
  name: string,
  seed: number,
): { readonly ports: Map<string, Tensor>; readonly expected: ReadonlyMap<string, Tensor> } {
  const { module } = MODELS[name]!;
  const random = createRandom(seed);
  const inputs = new Map<string, Tensor>();
  for (const v of module.inputs)
    if (v.type.kind === 'int')
      inputs.set(v.name, integerTensor(v.type.shape, interval(v.type.lo, v.type.hi), 4, random));
  const ports = new Map(inputs);
  for (const [v, t] of module.constants) ports.set(v.name, t);
  const names = new Set(circuitOf(name).ports.map((p) => p.name));
  return {
    ports: new Map([...ports].filter(([port]) => names.has(port))),
    expected: evaluateModule(module, ops, inputs),
  };
}
