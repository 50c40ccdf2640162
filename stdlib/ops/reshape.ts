// Another shape for the same elements in row-major order.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { defineOp, type OnnxNode } from '../../compiler/ir/op.ts';
import { checkShape, type Shape, sizeOf } from '../../compiler/ir/tensor.ts';
import { constantInts, flagAttribute, operandOf } from '../onnx.ts';
import { refuse } from '../shared/onnx-import.ts';
import { int8 } from '../shared/samples.ts';
import { reshapedPart } from '../shared/tiles.ts';
import { showShape } from '../shared/types.ts';
import { viewMeaning } from '../shared/view-operator.ts';

const attrs = {
  shape: { kind: 'ints', doc: 'The new shape, every dimension given.' },
} as const;

/** ONNX's target: 0 keeps the dimension (unless `allowZero`), a single -1 takes what is left. */
function resolve(n: OnnxNode, from: Shape, target: readonly number[], allowZero: boolean): Shape {
  const wrong = (why: string) =>
    refuse(n, 'bad-shape', 'shape', `shape ${showShape(target)} for an operand of shape ${showShape(from)}: ${why}`);
  const open = target.filter((d) => d === -1).length;
  if (open > 1) throw wrong('only one dimension may be -1');
  if (target.some((d) => d < -1)) throw wrong('dimensions below -1 have no meaning');
  if (allowZero && open > 0 && target.includes(0)) throw wrong('with allowzero, 0 and -1 exclude each other');
  const shape = target.map((d, i) => (d === 0 && !allowZero ? from[i] : d));
  if (shape.some((d) => d === undefined)) throw wrong('0 copies a dimension that the operand does not have');
  const dims = shape.map((d) => d ?? 0);
  checkShape(
    dims.map((d) => Math.max(d, 0)),
    'Reshape',
  );
  const known = dims.filter((d) => d !== -1).reduce((a, b) => a * b, 1);
  if (open === 0) return dims;
  if (known === 0) throw wrong('-1 cannot be derived beside a dimension of 0');
  if (sizeOf(from) % known !== 0) throw wrong(`${sizeOf(from)} elements are not a multiple of ${known}`);
  return dims.map((d) => (d === -1 ? sizeOf(from) / known : d));
}

/** The same elements in another shape. ONNX Reshape. */
export const reshape = defineOp({
  name: 'reshape',
  doc: 'The same elements, in row-major order, in another shape.',
  operands: ['x'],
  results: ['reshaped'],
  attrs,
  ...viewMeaning<typeof attrs>('reshape', (from, { shape }) => {
    checkShape(shape, 'reshape');
    if (sizeOf(shape) !== sizeOf(from))
      throw new Diagnostic(
        'bad-shape',
        `reshape of ${showShape(from)} (${sizeOf(from)} elements) to ${showShape(shape)} (${sizeOf(shape)} elements)`,
        { field: 'shape' },
      );
    return [{ kind: 'reshape', shape }];
  }),
  tile(part, { attrs: { shape }, operands }) {
    const from = reshapedPart(operands[0]!.shape, shape, part);
    return from && { operands: [from], attrs: { shape: shape.with(part.axis, part.size) } };
  },
  onnx: [
    {
      opType: 'Reshape',
      since: [5, 13, 14, 19, 21, 23, 24, 25],
      attributes: ['allowzero'],
      inputs: [2, 2],
      import(n, e) {
        const x = operandOf(n, 0, 'data');
        const target = constantInts(n, e, 1, 'shape');
        if (target === undefined) throw refuse(n, 'missing-operand', 'shape', 'operand shape (input 1) is required');
        return e.emit('reshape', [x], {
          shape: resolve(n, x.type.shape, target, flagAttribute(n, 'allowzero', 0)),
        });
      },
    },
  ],
  samples: [
    { name: 'flatten', attrs: { shape: [1, 12] }, operands: [int8([1, 3, 2, 2])] },
    { name: 'split', attrs: { shape: [2, 3, 2] }, operands: [int8([2, 6])] },
    { name: 'neither split nor merge', attrs: { shape: [8, 3] }, operands: [int8([6, 4])] },
    { name: 'to scalar', attrs: { shape: [] }, operands: [int8([1, 1])] },
  ],
});
