// Position of the maximum along an axis.
import { interval } from '../../compiler/ir/interval.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import { ONE } from '../../compiler/ir/rational.ts';
import { normalizeAxis, type Shape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { argMax } from '../gadgets/maximum.ts';
import { flagAttribute, intAttribute, operandOf } from '../onnx.ts';
import { axisLast } from '../shared/axis-last.ts';
import { reducedShape, requireElements } from '../shared/reduction.ts';
import { int8, ints } from '../shared/samples.ts';
import { reductionTile } from '../shared/tiles.ts';
import { floatResult, intResult, NUMBERS, operandsOf } from '../shared/types.ts';

const attrs = {
  axis: { kind: 'int', doc: 'The axis to search; negative ones count from the end.', default: 0 },
  keepdims: { kind: 'bool', doc: 'Whether the axis stays, with one element.', default: false },
  last: { kind: 'bool', doc: 'Among equal maxima the last position instead of the first.', default: false },
} as const;

/** @throws Diagnostic `bad-axis` or `empty-reduction`. */
function axisOf(shape: Shape, axis: number): number {
  const normal = normalizeAxis(axis, shape.length);
  requireElements('argmax', shape, [normal]);
  return normal;
}

function positions(x: Tensor, axis: number, last: boolean, keepdims: boolean): Tensor {
  const n = x.shape[axis]!;
  const inner = sizeOf(x.shape.slice(axis + 1));
  const shape = reducedShape(x.shape, [axis], keepdims);
  const data = new Float64Array(sizeOf(shape));
  for (let r = 0; r < data.length; r++) {
    const start = Math.floor(r / inner) * n * inner + (r % inner);
    let best = 0;
    for (let k = 1; k < n; k++) {
      const [value, most] = [x.data[start + k * inner]!, x.data[start + best * inner]!];
      if (value > most || (last && value === most)) best = k;
    }
    data[r] = best;
  }
  return { shape, data };
}

/** Position of the first or last maximum along an axis. ONNX ArgMax. */
export const argmax = defineOp({
  name: 'argmax',
  doc: 'Position of the first (or last) maximum along an axis.',
  operands: ['x'],
  results: ['index'],
  attrs,
  quantization: { kind: 'exact', narrow: 'none' },
  infer(types, cx) {
    const operands = operandsOf('argmax', types, NUMBERS);
    const { shape } = types[0]!;
    const axis = axisOf(shape, cx.attrs.axis);
    const result = reducedShape(shape, [axis], cx.attrs.keepdims);
    if (operands.kind === 'float') return [floatResult('argmax', result, 'i64')];
    return [intResult('argmax', result, interval(0, shape[axis]! - 1), ONE)];
  },
  evalFloat: ([x], cx) => [positions(x!, axisOf(x!.shape, cx.attrs.axis), cx.attrs.last, cx.attrs.keepdims)],
  evalInt: ([x], cx) => [positions(x!, axisOf(x!.shape, cx.attrs.axis), cx.attrs.last, cx.attrs.keepdims)],
  lower(b, [x], cx) {
    const rows = b.view(x!, ...axisLast(axisOf(x!.shape, cx.attrs.axis), x!.shape.length));
    const { index } = argMax(b, rows, cx.attrs.last, 'argmax');
    return [cx.attrs.keepdims ? b.view(index, { kind: 'reshape', shape: cx.results[0]!.shape }) : index];
  },
  tile: (part, { attrs: { axis, keepdims }, operands }) => reductionTile(operands[0]!.shape, [axis], keepdims, part),
  onnx: [
    {
      opType: 'ArgMax',
      since: [1, 11, 12, 13],
      attributes: ['axis', 'keepdims', 'select_last_index'],
      import: (n, e) =>
        e.emit('argmax', [operandOf(n, 0, 'data')], {
          axis: intAttribute(n, 'axis', 0),
          keepdims: flagAttribute(n, 'keepdims', 1),
          last: flagAttribute(n, 'select_last_index', 0),
        }),
    },
  ],
  samples: [
    { name: 'last axis', attrs: { axis: -1 }, operands: [int8([2, 5])] },
    { name: 'first axis, kept', attrs: { axis: 0, keepdims: true }, operands: [int8([3, 2])] },
    { name: 'ties, first', attrs: { axis: 1 }, operands: [ints([2, 4], -1, 0)] },
    { name: 'ties, last', attrs: { axis: 1, last: true }, operands: [ints([2, 4], -1, 0)] },
    { name: 'single element', attrs: { axis: 1 }, operands: [int8([2, 1])] },
  ],
});
