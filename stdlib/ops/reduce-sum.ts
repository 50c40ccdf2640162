// Sum over axes.
import { interval, scaleInterval } from '../../compiler/ir/interval.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import {
  foldAxes,
  reducedAxes,
  reducedCount,
  reducedShape,
  reductionImport,
  reductionSchema,
} from '../shared/reduction.ts';
import { int8, ints } from '../shared/samples.ts';
import { reductionTile } from '../shared/tiles.ts';
import { floatResult, intResult, NUMBERS, operandsOf } from '../shared/types.ts';

const sum = (a: number, b: number): number => a + b;

/** Sum over axes. ONNX ReduceSum. */
export const reduceSum = defineOp({
  name: 'reduce_sum',
  doc: 'Sum over axes.',
  operands: ['x'],
  results: ['sum'],
  attrs: reductionSchema,
  quantization: { kind: 'exact', narrow: 'none' },
  infer(types, cx) {
    const operands = operandsOf('reduce_sum', types, NUMBERS);
    const { shape } = types[0]!;
    const axes = reducedAxes('reduce_sum', shape, cx.attrs.axes);
    const result = reducedShape(shape, axes, cx.attrs.keepdims);
    if (operands.kind === 'float') return [floatResult('reduce_sum', result, operands.element)];
    const { lo, hi, scale } = operands.types[0]!;
    return [intResult('reduce_sum', result, scaleInterval(interval(lo, hi), BigInt(reducedCount(shape, axes))), scale)];
  },
  evalFloat: ([x], cx) => [foldAxes(x!, reducedAxes('reduce_sum', x!.shape, cx.attrs.axes), cx.attrs.keepdims, sum)],
  evalInt: ([x], cx) => [foldAxes(x!, reducedAxes('reduce_sum', x!.shape, cx.attrs.axes), cx.attrs.keepdims, sum)],
  lower(b, [x], cx) {
    const total = b.sum(x!, reducedAxes('reduce_sum', x!.shape, cx.attrs.axes));
    return [cx.attrs.keepdims ? b.view(total, { kind: 'reshape', shape: cx.results[0]!.shape }) : total];
  },
  tile: (part, { attrs: { axes, keepdims }, operands }) => reductionTile(operands[0]!.shape, axes, keepdims, part),
  onnx: [reductionImport('ReduceSum', [1, 11, 13], 13, 'reduce_sum')],
  samples: [
    { name: 'one axis', attrs: { axes: [1] }, operands: [int8([2, 3])] },
    { name: 'kept axes', attrs: { axes: [-1, 0], keepdims: true }, operands: [int8([2, 2, 3])] },
    { name: 'all axes', attrs: { axes: [0, 1] }, operands: [ints([2, 3], 0, 255)] },
    { name: 'no axis', attrs: { axes: [] }, operands: [int8([2])] },
  ],
});
