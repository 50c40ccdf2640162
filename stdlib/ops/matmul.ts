// Matrix product with NumPy's rules for vectors and batches.
import type { Contraction } from '../../compiler/ir/contraction.ts';
import { letters } from '../../compiler/ir/contraction.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type AxisPart, defineOp, type OpTile } from '../../compiler/ir/op.ts';
import { broadcastShapes, type Shape, sameShape } from '../../compiler/ir/tensor.ts';
import type { View } from '../../compiler/ir/view.ts';
import { operandOf } from '../onnx.ts';
import { type Bilinear, bilinearType, evaluateBilinear, recordBilinear } from '../shared/bilinear.ts';
import { int8, ints, weights } from '../shared/samples.ts';
import { broadcastPart } from '../shared/tiles.ts';
import { showShape } from '../shared/types.ts';

/**
 * One operand of a batched product: batch axes that repeat are dropped, so that the contraction itself broadcasts.
 * `matrix` holds the letters of the axes that are not batch axes.
 */
function batched(
  shape: Shape,
  batch: Shape,
  matrix: string,
): { readonly steps: readonly View[]; readonly axes: string } {
  const own = shape.slice(0, shape.length - matrix.length);
  const lead = batch.length - own.length;
  const kept = own.map((d, i) => d === batch[lead + i]);
  const target = [...own.filter((_, i) => kept[i]), ...shape.slice(own.length)];
  return {
    steps: sameShape(target, shape) ? [] : [{ kind: 'reshape', shape: target }],
    axes: [...letters(own.length, lead)].filter((_, i) => kept[i]).join('') + matrix,
  };
}

/** The product of [..., M, K] and [..., K, N]; a vector has no M or no N. @throws Diagnostic `bad-shape`. */
function product(x: Shape, y: Shape): Bilinear {
  if (x.length === 0 || y.length === 0)
    throw new Diagnostic('bad-shape', `matmul expects vectors or matrices, got ${showShape(x)} and ${showShape(y)}`);
  const [row, column] = [x.length === 1 ? 'K' : 'MK', y.length === 1 ? 'K' : 'KN'];
  const [inner, other] = [x.at(-1)!, y.at(-column.length)!];
  if (inner !== other)
    throw new Diagnostic(
      'bad-shape',
      `matmul of ${showShape(x)} and ${showShape(y)}: inner dimensions ${inner} and ${other} differ`,
    );
  const batch = broadcastShapes(x.slice(0, -row.length), y.slice(0, -column.length));
  const [a, b] = [batched(x, batch, row), batched(y, batch, column)];
  const out = letters(batch.length) + row.replace('K', '') + column.replace('K', '');
  const spec: Contraction = { a: a.axes, b: b.axes, out };
  return { a: a.steps, b: b.steps, spec, result: [] };
}

/** Rows of the result are rows of x, columns those of w; along a batch axis it is both operands' part. */
function productTile(part: AxisPart, x: Shape, w: Shape, result: Shape): OpTile {
  const [row, column] = [x.length > 1 ? 1 : 0, w.length > 1 ? 1 : 0];
  const batch = result.length - row - column;
  if (part.axis < batch)
    return {
      operands: [broadcastPart(x.slice(0, -1 - row), batch, part), broadcastPart(w.slice(0, -1 - column), batch, part)],
    };
  const isRow = row === 1 && part.axis === batch;
  return {
    operands: isRow ? [{ ...part, axis: x.length - 2 }, undefined] : [undefined, { ...part, axis: w.length - 1 }],
  };
}

/** Matrix product, numpy.matmul. ONNX MatMul. */
export const matmul = defineOp({
  name: 'matmul',
  doc: 'Matrix product of [..., M, K] and [..., K, N]; leading axes broadcast, and a vector stands for a single row or column.',
  operands: ['x', 'w'],
  results: ['product'],
  attrs: {},
  quantization: { kind: 'exact', narrow: 'all' },
  infer: (types, cx) => [bilinearType('matmul', product(types[0]!.shape, types[1]!.shape), types, cx.constant)],
  evalFloat: ([x, w]) => [evaluateBilinear(product(x!.shape, w!.shape), x!, w!)],
  evalInt: ([x, w]) => [evaluateBilinear(product(x!.shape, w!.shape), x!, w!)],
  lower: (b, [x, w], cx) => [recordBilinear(b, product(x!.shape, w!.shape), [x!, w!], cx)],
  tile: (part, { operands, results }) => productTile(part, operands[0]!.shape, operands[1]!.shape, results[0]!.shape),
  onnx: [
    {
      opType: 'MatMul',
      since: [1, 9, 13],
      attributes: [],
      inputs: [2, 2],
      import: (n, e) => e.emit('matmul', [operandOf(n, 0, 'A'), operandOf(n, 1, 'B')]),
    },
  ],
  samples: [
    { name: 'constant weights', operands: [int8([1, 8]), int8([8, 4])], constants: new Map([[1, weights([8, 4])]]) },
    {
      name: 'long rows of constant weights',
      operands: [ints([2, 40], 0, 255), int8([40, 3])],
      constants: new Map([[1, weights([40, 3])]]),
    },
    { name: 'constant first', operands: [int8([3, 4]), int8([4, 2])], constants: new Map([[0, weights([3, 4])]]) },
    { name: 'two activations', operands: [int8([2, 3]), int8([3, 2])] },
    { name: 'vectors', operands: [int8([5]), int8([5])] },
    { name: 'vector and matrix', operands: [int8([3]), int8([2, 3, 2])] },
    { name: 'matrix and vector', operands: [int8([2, 3]), ints([3], 0, 255)] },
    { name: 'broadcast batch', operands: [int8([2, 1, 2, 3]), int8([3, 3, 2])] },
    {
      name: 'batch of one weight',
      operands: [ints([2, 2, 3], 0, 255), int8([1, 3, 2])],
      constants: new Map([[1, weights([1, 3, 2])]]),
    },
  ],
});
