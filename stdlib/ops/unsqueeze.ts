// Insertion of axes of size one.
import { defineOp } from '../../compiler/ir/op.ts';
import { normalizeAxis, type Shape } from '../../compiler/ir/tensor.ts';
import { intsAttributeOrInput, operandOf } from '../onnx.ts';
import { refuse } from '../shared/onnx-import.ts';
import { reshapedMeaning } from '../shared/reshaped.ts';
import { reals } from '../shared/samples.ts';
import { badAttribute } from '../shared/types.ts';

const attrs = {
  axes: { kind: 'ints', doc: 'Where the new axes are in the result.' },
} as const;

function unsqueezed(shape: Shape, axes: readonly number[]): Shape {
  const rank = shape.length + axes.length;
  const inserted = new Set(axes.map((axis) => normalizeAxis(axis, rank)));
  if (inserted.size !== axes.length) throw badAttribute('unsqueeze', 'axes', 'each axis once', axes);
  let next = 0;
  return Array.from({ length: rank }, (_, axis) => (inserted.has(axis) ? 1 : shape[next++]!));
}

/** The same elements with additional axes of size 1. ONNX Unsqueeze. */
export const unsqueeze = defineOp({
  name: 'unsqueeze',
  doc: 'The same elements with axes of size 1 at the listed places of the result.',
  operands: ['x'],
  results: ['unsqueezed'],
  attrs,
  ...reshapedMeaning<typeof attrs>('unsqueeze', (shape, { axes }) => unsqueezed(shape, axes)),
  onnx: [
    {
      opType: 'Unsqueeze',
      since: [1, 11, 13, 21, 23, 24, 25],
      attributes: ['axes'],
      inputs: [1, 2],
      import(n, e) {
        const axes = intsAttributeOrInput(n, e, 'axes', 1, 13);
        if (axes === undefined) throw refuse(n, 'missing-operand', 'axes', 'axes are required');
        return e.emit('unsqueeze', [operandOf(n, 0, 'data')], { axes: [...axes] });
      },
    },
  ],
  samples: [
    { name: 'first', attrs: { axes: [0] }, operands: [reals([3])] },
    { name: 'unsorted', attrs: { axes: [4, 0, 2] }, operands: [reals([2, 3])] },
    { name: 'from the end', attrs: { axes: [-1] }, operands: [reals([2, 3])] },
    { name: 'scalar', attrs: { axes: [0] }, operands: [reals([])] },
  ],
});
