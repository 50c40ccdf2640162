// Permutation of axes.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import { intsAttribute, operandOf } from '../onnx.ts';
import { int8 } from '../shared/samples.ts';
import { showShape } from '../shared/types.ts';
import { viewMeaning } from '../shared/view-operator.ts';

const attrs = {
  perm: { kind: 'ints', doc: 'For each axis of the result, the axis of the operand that it is.' },
} as const;

/** Axes in another order, numpy.transpose. ONNX Transpose. */
export const transpose = defineOp({
  name: 'transpose',
  doc: 'The axes in another order.',
  operands: ['x'],
  results: ['transposed'],
  attrs,
  ...viewMeaning<typeof attrs>('transpose', (from, { perm }) => {
    if (perm.length !== from.length || from.some((_, axis) => !perm.includes(axis)))
      throw new Diagnostic(
        'bad-attribute',
        `transpose of ${showShape(from)} expects a permutation of ${from.length} axes, got ${showShape(perm)}`,
        { field: 'perm' },
      );
    return [{ kind: 'transpose', perm }];
  }),
  tile: ({ axis, ...part }, cx) => ({ operands: [{ axis: cx.attrs.perm[axis]!, ...part }] }),
  onnx: [
    {
      opType: 'Transpose',
      since: [1, 13, 21, 23, 24, 25],
      attributes: ['perm'],
      import(n, e) {
        const x = operandOf(n, 0, 'data');
        const perm = intsAttribute(n, 'perm') ?? x.type.shape.map((_, axis) => x.type.shape.length - 1 - axis);
        return e.emit('transpose', [x], { perm });
      },
    },
  ],
  samples: [
    { name: 'matrix', attrs: { perm: [1, 0] }, operands: [int8([2, 3])] },
    { name: 'channels last', attrs: { perm: [0, 2, 3, 1] }, operands: [int8([1, 3, 2, 2])] },
    { name: 'rotation', attrs: { perm: [2, 0, 1] }, operands: [int8([2, 3, 2])] },
  ],
});
