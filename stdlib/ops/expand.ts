// Repetition along axes, as NumPy broadcasts.
import { defineOp } from '../../compiler/ir/op.ts';
import { broadcastShapes, checkShape } from '../../compiler/ir/tensor.ts';
import { broadcastSteps } from '../gadgets/linear.ts';
import { constantInts, operandOf } from '../onnx.ts';
import { refuse } from '../shared/onnx-import.ts';
import { int8 } from '../shared/samples.ts';
import { broadcastPart } from '../shared/tiles.ts';
import { viewMeaning } from '../shared/view-operator.ts';

const attrs = {
  shape: { kind: 'ints', doc: 'The shape to broadcast to.' },
} as const;

/** numpy.broadcast_to. ONNX Expand. */
export const expand = defineOp({
  name: 'expand',
  doc: 'Repeats a tensor along axes of one element, and along new leading axes, up to a shape.',
  operands: ['x'],
  results: ['expanded'],
  attrs,
  ...viewMeaning<typeof attrs>('expand', (from, { shape }) => {
    checkShape(shape, 'expand');
    return broadcastSteps(from, shape);
  }),
  tile: (part, { attrs: { shape }, operands }) => ({
    operands: [broadcastPart(operands[0]!.shape, shape.length, part)],
    attrs: { shape: shape.with(part.axis, part.size) },
  }),
  onnx: [
    {
      opType: 'Expand',
      since: [8, 13],
      attributes: [],
      inputs: [2, 2],
      import(n, e) {
        const x = operandOf(n, 0, 'input');
        const shape = constantInts(n, e, 1, 'shape');
        if (shape === undefined) throw refuse(n, 'missing-operand', 'shape', 'input 1 (shape) is required');
        checkShape(shape, 'Expand');
        // ONNX broadcasts both ways: a 1 in `shape` keeps the operand's dimension.
        return e.emit('expand', [x], { shape: broadcastShapes(x.type.shape, shape) });
      },
    },
  ],
  samples: [
    { name: 'rows', attrs: { shape: [3, 2] }, operands: [int8([1, 2])] },
    { name: 'new axes', attrs: { shape: [2, 2, 3] }, operands: [int8([2, 1])] },
    { name: 'scalar', attrs: { shape: [2, 2] }, operands: [int8([])] },
  ],
});
