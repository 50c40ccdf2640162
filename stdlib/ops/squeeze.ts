// Removal of axes of size one.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import { normalizeAxis, type Shape } from '../../compiler/ir/tensor.ts';
import { intsAttributeOrInput, operandOf } from '../onnx.ts';
import { reshapedMeaning } from '../shared/reshaped.ts';
import { reals } from '../shared/samples.ts';
import { badAttribute, showShape } from '../shared/types.ts';

const attrs = {
  axes: { kind: 'ints', doc: 'Axes to remove, each of size 1.' },
} as const;

function squeezed(shape: Shape, axes: readonly number[]): Shape {
  const removed = new Set(axes.map((axis) => normalizeAxis(axis, shape.length)));
  if (removed.size !== axes.length) throw badAttribute('squeeze', 'axes', 'each axis once', axes);
  for (const axis of removed)
    if (shape[axis] !== 1)
      throw new Diagnostic('bad-shape', `squeeze of ${showShape(shape)}: axis ${axis} has size ${shape[axis]}, not 1`, {
        field: 'axes',
      });
  return shape.filter((_, axis) => !removed.has(axis));
}

/** The same elements without some axes of size 1. ONNX Squeeze. */
export const squeeze = defineOp({
  name: 'squeeze',
  doc: 'The same elements without the listed axes, which have size 1.',
  operands: ['x'],
  results: ['squeezed'],
  attrs,
  ...reshapedMeaning<typeof attrs>('squeeze', (shape, { axes }) => squeezed(shape, axes)),
  onnx: [
    {
      opType: 'Squeeze',
      since: [1, 11, 13, 21, 23, 24, 25],
      attributes: ['axes'],
      inputs: [1, 2],
      import(n, e) {
        const x = operandOf(n, 0, 'data');
        const ones = x.type.shape.flatMap((d, axis) => (d === 1 ? [axis] : []));
        return e.emit('squeeze', [x], { axes: [...(intsAttributeOrInput(n, e, 'axes', 1, 13) ?? ones)] });
      },
    },
  ],
  samples: [
    { name: 'one axis', attrs: { axes: [0] }, operands: [reals([1, 3, 2])] },
    { name: 'axes from the end', attrs: { axes: [-1, -3] }, operands: [reals([2, 1, 3, 1])] },
    { name: 'to scalar', attrs: { axes: [0] }, operands: [reals([1])] },
  ],
});
