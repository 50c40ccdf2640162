// Mean over axes.
import { interval, scaleInterval } from '../../compiler/ir/interval.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import { mulRational, rational } from '../../compiler/ir/rational.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';
import { mapTensor } from '../shared/elementwise.ts';
import {
  foldAxes,
  reducedAxes,
  reducedCount,
  reducedShape,
  reductionImport,
  reductionSchema,
  requireElements,
} from '../shared/reduction.ts';
import { int8, ints } from '../shared/samples.ts';
import { reductionTile } from '../shared/tiles.ts';
import { floatResult, intResult, operandsOf, REALS } from '../shared/types.ts';

const sum = (a: number, b: number): number => a + b;

/** @throws Diagnostic `bad-axis` or `empty-reduction`. */
function axesOf(shape: Shape, given: readonly number[]): readonly number[] {
  const axes = reducedAxes('reduce_mean', shape, given);
  requireElements('reduce_mean', shape, axes);
  return axes;
}

/** Mean over axes; over integers the sum, whose scale is divided by the number of elements. ONNX ReduceMean. */
export const reduceMean = defineOp({
  name: 'reduce_mean',
  doc: 'Mean over axes. The integer result is the sum: the division is left to the scale and rounds nothing.',
  operands: ['x'],
  results: ['mean'],
  attrs: reductionSchema,
  quantization: { kind: 'exact', narrow: 'none' },
  infer(types, cx) {
    const operands = operandsOf('reduce_mean', types, REALS);
    const { shape } = types[0]!;
    const axes = axesOf(shape, cx.attrs.axes);
    const result = reducedShape(shape, axes, cx.attrs.keepdims);
    if (operands.kind === 'float') return [floatResult('reduce_mean', result, operands.element)];
    const { lo, hi, scale } = operands.types[0]!;
    const n = BigInt(reducedCount(shape, axes));
    const range = scaleInterval(interval(lo, hi), n);
    return [intResult('reduce_mean', result, range, mulRational(scale, rational(1n, n)))];
  },
  evalFloat([x], cx) {
    const axes = axesOf(x!.shape, cx.attrs.axes);
    const n = reducedCount(x!.shape, axes);
    return [mapTensor(foldAxes(x!, axes, cx.attrs.keepdims, sum), (v) => v / n)];
  },
  evalInt: ([x], cx) => [foldAxes(x!, axesOf(x!.shape, cx.attrs.axes), cx.attrs.keepdims, sum)],
  lower(b, [x], cx) {
    const total = b.sum(x!, axesOf(x!.shape, cx.attrs.axes));
    return [cx.attrs.keepdims ? b.view(total, { kind: 'reshape', shape: cx.results[0]!.shape }) : total];
  },
  tile: (part, { attrs: { axes, keepdims }, operands }) => reductionTile(operands[0]!.shape, axes, keepdims, part),
  onnx: [reductionImport('ReduceMean', [1, 11, 13, 18], 18, 'reduce_mean')],
  samples: [
    { name: 'spatial axes', attrs: { axes: [2, 3], keepdims: true }, operands: [int8([1, 2, 2, 3])] },
    { name: 'one axis', attrs: { axes: [0] }, operands: [ints([3, 2], 0, 255)] },
    { name: 'single element', attrs: { axes: [1] }, operands: [int8([2, 1])] },
  ],
});
