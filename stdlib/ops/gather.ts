// Selection of slices along an axis by indices known at compile time.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { defineOp, type Emitter, type OnnxNode } from '../../compiler/ir/op.ts';
import { checkShape, normalizeAxis, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { constantOperand, intAttribute, operandOf } from '../onnx.ts';
import { refuse } from '../shared/onnx-import.ts';
import { int8 } from '../shared/samples.ts';
import { badAttribute, showShape } from '../shared/types.ts';
import { viewMeaning } from '../shared/view-operator.ts';

const attrs = {
  axis: { kind: 'int', doc: 'The axis to select along.', default: 0 },
  indices: { kind: 'ints', doc: 'Positions to select, row-major, from 0.' },
  index_shape: { kind: 'ints', doc: 'Shape of the indices: it replaces the axis.' },
} as const;

function indicesOf(n: OnnxNode, e: Emitter): Tensor {
  const indices = constantOperand(n, e, 1, 'indices');
  if (indices === undefined) throw refuse(n, 'missing-operand', 'indices', 'input 1 (indices) is required');
  return indices;
}

/** numpy.take with constant indices. ONNX Gather. */
export const gather = defineOp({
  name: 'gather',
  doc: 'Selects slices along an axis by constant indices.',
  operands: ['x'],
  results: ['selected'],
  attrs,
  ...viewMeaning<typeof attrs>('gather', (shape, a) => {
    const axis = normalizeAxis(a.axis, shape.length);
    const n = shape[axis]!;
    checkShape(a.index_shape, 'gather');
    if (sizeOf(a.index_shape) !== a.indices.length)
      throw badAttribute('gather', 'index_shape', `the shape of ${a.indices.length} indices`, a.index_shape);
    const outside = a.indices.find((i) => i < 0 || i >= n);
    if (outside !== undefined)
      throw new Diagnostic('bad-index', `gather: index ${outside} is outside axis ${axis} of ${showShape(shape)}`, {
        field: 'indices',
      });
    const result = [...shape.slice(0, axis), ...a.index_shape, ...shape.slice(axis + 1)];
    return [
      { kind: 'gather', axis, index: Int32Array.from(a.indices) },
      { kind: 'reshape', shape: result },
    ];
  }),
  tile({ axis, ...part }, { attrs: a, operands }) {
    const { length } = operands[0]!.shape;
    const [at, added] = [normalizeAxis(a.axis, length), a.index_shape.length];
    if (axis >= at && axis < at + added) return undefined;
    return { operands: [{ axis: axis < at ? axis : axis - added + 1, ...part }] };
  },
  onnx: [
    {
      opType: 'Gather',
      since: [1, 11, 13],
      attributes: ['axis'],
      inputs: [2, 2],
      import(n, e) {
        const x = operandOf(n, 0, 'data');
        const indices = indicesOf(n, e);
        const axis = normalizeAxis(intAttribute(n, 'axis', 0), x.type.shape.length);
        const size = x.type.shape[axis]!;
        const outside = indices.data.find((i) => !Number.isInteger(i) || i < -size || i >= size);
        if (outside !== undefined)
          throw refuse(
            n,
            'bad-index',
            'indices',
            `index ${outside} is outside axis ${axis} of ${showShape(x.type.shape)}`,
          );
        return e.emit('gather', [x], {
          axis,
          indices: Array.from(indices.data, (i) => (i < 0 ? i + size : i)),
          index_shape: indices.shape,
        });
      },
    },
  ],
  samples: [
    { name: 'rows', attrs: { indices: [2, 0, 2], index_shape: [3] }, operands: [int8([3, 2])] },
    { name: 'one column', attrs: { axis: 1, indices: [1], index_shape: [] }, operands: [int8([2, 3])] },
    {
      name: 'table of indices',
      attrs: { axis: -1, indices: [0, 1, 1, 2], index_shape: [2, 2] },
      operands: [int8([2, 3])],
    },
  ],
});
