// Flattening to a matrix.
import { defineOp } from '../../compiler/ir/op.ts';
import { type Shape, sizeOf } from '../../compiler/ir/tensor.ts';
import { intAttribute, operandOf } from '../onnx.ts';
import { reshapedMeaning } from '../shared/reshaped.ts';
import { reals } from '../shared/samples.ts';
import { badAttribute } from '../shared/types.ts';

const attrs = {
  axis: { kind: 'int', doc: 'First axis of the columns, from -rank to rank.', default: 1 },
} as const;

function matrix(shape: Shape, axis: number): Shape {
  const rank = shape.length;
  if (axis < -rank || axis > rank) throw badAttribute('flatten', 'axis', `a number from ${-rank} to ${rank}`, axis);
  const at = axis < 0 ? axis + rank : axis;
  return [sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at))];
}

/** Axes before `axis` become rows, the others columns. ONNX Flatten. */
export const flatten = defineOp({
  name: 'flatten',
  doc: 'A matrix of the same elements: axes before `axis` are its rows, the others its columns.',
  operands: ['x'],
  results: ['matrix'],
  attrs,
  ...reshapedMeaning<typeof attrs>('flatten', (shape, { axis }) => matrix(shape, axis)),
  onnx: [
    {
      opType: 'Flatten',
      since: [1, 9, 11, 13, 21, 23, 24, 25],
      attributes: ['axis'],
      import: (n, e) => e.emit('flatten', [operandOf(n, 0, 'input')], { axis: intAttribute(n, 'axis', 1) }),
    },
  ],
  samples: [
    { name: 'images', operands: [reals([2, 3, 2, 2])] },
    { name: 'all columns', attrs: { axis: 0 }, operands: [reals([2, 3])] },
    { name: 'axis from the end', attrs: { axis: -1 }, operands: [reals([2, 3, 4])] },
    { name: 'scalar', attrs: { axis: 0 }, operands: [reals([])] },
  ],
});
