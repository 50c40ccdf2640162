// Multiplication element by element with NumPy broadcasting.
import { letters } from '../../compiler/ir/contraction.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import { rational } from '../../compiler/ir/rational.ts';
import { broadcastShapes, type Shape, sameShape } from '../../compiler/ir/tensor.ts';
import type { View } from '../../compiler/ir/view.ts';
import { type Bilinear, bilinearType, evaluateBilinear, recordBilinear } from '../shared/bilinear.ts';
import { arithmeticImport } from '../shared/onnx-import.ts';
import { int8, ints, weights } from '../shared/samples.ts';
import { elementwiseTile } from '../shared/tiles.ts';

/** One operand: axes that repeat are dropped, so that the contraction itself broadcasts. */
function repeated(shape: Shape, to: Shape): { readonly steps: readonly View[]; readonly axes: string } {
  const lead = to.length - shape.length;
  const kept = shape.map((d, i) => d === to[lead + i]);
  const target = shape.filter((_, i) => kept[i]);
  return {
    steps: sameShape(target, shape) ? [] : [{ kind: 'reshape', shape: target }],
    axes: [...letters(shape.length, lead)].filter((_, i) => kept[i]).join(''),
  };
}

/** @throws Diagnostic `bad-shape` if the shapes do not broadcast. */
function product(x: Shape, y: Shape): Bilinear {
  const shape = broadcastShapes(x, y);
  const [a, b] = [repeated(x, shape), repeated(y, shape)];
  // An axis of one element that neither operand has in its letters cannot arise: equal dimensions are kept.
  return { a: a.steps, b: b.steps, spec: { a: a.axes, b: b.axes, out: letters(shape.length) }, result: [] };
}

/** x * y. ONNX Mul. */
export const mul = defineOp({
  name: 'mul',
  doc: 'Product of two tensors element by element, broadcast as in NumPy. Scales multiply.',
  operands: ['x', 'y'],
  results: ['product'],
  attrs: {},
  quantization: { kind: 'exact', narrow: 'all' },
  infer: (types, cx) => [bilinearType('mul', product(types[0]!.shape, types[1]!.shape), types, cx.constant)],
  evalFloat: ([x, y]) => [evaluateBilinear(product(x!.shape, y!.shape), x!, y!)],
  evalInt: ([x, y]) => [evaluateBilinear(product(x!.shape, y!.shape), x!, y!)],
  lower: (b, [x, y], cx) => [recordBilinear(b, product(x!.shape, y!.shape), [x!, y!], cx)],
  tile: elementwiseTile,
  onnx: [arithmeticImport('Mul', 'mul')],
  samples: [
    { name: 'two activations', operands: [int8([2, 3]), int8([2, 3])] },
    {
      name: 'constant per channel',
      operands: [int8([1, 3, 2, 2]), int8([3, 1, 1], rational(1, 100))],
      constants: new Map([[1, weights([3, 1, 1])]]),
    },
    { name: 'both broadcast', operands: [int8([3, 1]), ints([1, 4], 0, 255)] },
    { name: 'scalar constant', operands: [int8([5]), int8([])], constants: new Map([[1, weights([], -7, -7)]]) },
    { name: 'scalars', operands: [int8([]), int8([1])] },
  ],
});
