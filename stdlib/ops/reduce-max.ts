// Maximum over axes.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';
import { maxTournament } from '../gadgets/maximum.ts';
import { axisLast } from '../shared/axis-last.ts';
import {
  foldAxes,
  reducedAxes,
  reducedShape,
  reductionImport,
  reductionSchema,
  requireElements,
} from '../shared/reduction.ts';
import { int8, ints } from '../shared/samples.ts';
import { reductionTile } from '../shared/tiles.ts';
import { NUMBERS, operandsOf, withShape } from '../shared/types.ts';

/** @throws Diagnostic `bad-axis` or `empty-reduction`. */
function axesOf(shape: Shape, given: readonly number[]): readonly number[] {
  const axes = reducedAxes('reduce_max', shape, given);
  requireElements('reduce_max', shape, axes);
  return axes;
}

/** One axis after the other, the last one first, so that the numbers of the others stay. */
function recordMaxima(b: Builder, x: Wire, axes: readonly number[]): Wire {
  return axes
    .toReversed()
    .reduce((y, axis) => maxTournament(b, b.view(y, ...axisLast(axis, y.shape.length)), `max${axis}`), x);
}

/** Maximum over axes. ONNX ReduceMax. */
export const reduceMax = defineOp({
  name: 'reduce_max',
  doc: 'Maximum over axes.',
  operands: ['x'],
  results: ['max'],
  attrs: reductionSchema,
  quantization: { kind: 'exact', narrow: 'all', view: true },
  infer([x], cx) {
    operandsOf('reduce_max', [x!], NUMBERS);
    const axes = axesOf(x!.shape, cx.attrs.axes);
    return [withShape('reduce_max', x!, reducedShape(x!.shape, axes, cx.attrs.keepdims))];
  },
  evalFloat: ([x], cx) => [foldAxes(x!, axesOf(x!.shape, cx.attrs.axes), cx.attrs.keepdims, Math.max)],
  evalInt: ([x], cx) => [foldAxes(x!, axesOf(x!.shape, cx.attrs.axes), cx.attrs.keepdims, Math.max)],
  lower(b, [x], cx) {
    const y = recordMaxima(b, x!, axesOf(x!.shape, cx.attrs.axes));
    return [cx.attrs.keepdims ? b.view(y, { kind: 'reshape', shape: cx.results[0]!.shape }) : y];
  },
  tile: (part, { attrs: { axes, keepdims }, operands }) => reductionTile(operands[0]!.shape, axes, keepdims, part),
  onnx: [reductionImport('ReduceMax', [1, 11, 12, 13, 18, 20], 18, 'reduce_max')],
  samples: [
    { name: 'last axis', attrs: { axes: [-1] }, operands: [int8([2, 5])] },
    { name: 'two axes, kept', attrs: { axes: [0, 2], keepdims: true }, operands: [int8([2, 2, 3])] },
    { name: 'ties', attrs: { axes: [0] }, operands: [ints([4, 2], -1, 1)] },
    { name: 'single element', attrs: { axes: [0] }, operands: [int8([1, 3])] },
  ],
});
