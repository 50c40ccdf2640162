// Mean over sliding windows.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { hull, type Interval, interval, scaleInterval } from '../../compiler/ir/interval.ts';
import { type AttrsOf, defineOp } from '../../compiler/ir/op.ts';
import { mulRational, rational } from '../../compiler/ir/rational.ts';
import { type Shape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { applyViews } from '../../compiler/ir/view.ts';
import { divideFloor } from '../gadgets/divide.ts';
import { broadcastSteps, broadcastTo } from '../gadgets/linear.ts';
import { flagAttribute, intsAttribute, operandOf } from '../onnx.ts';
import { int8, ints } from '../shared/samples.ts';
import { windowTile } from '../shared/tiles.ts';
import { floatResult, intResult, operandsOf, REALS, rangeOf } from '../shared/types.ts';
import { importWindows, WINDOW_ATTRIBUTES } from '../shared/window-import.ts';
import {
  foldWindows,
  padSteps,
  type WindowAxis,
  windowAxes,
  windowCounts,
  windowSchema,
  windowSteps,
} from '../shared/windows.ts';

const attrs = {
  kernel: { kind: 'ints', doc: 'Extent of the window per spatial axis.' },
  ...windowSchema,
  ceil: { kind: 'bool', doc: 'Whether a last window may end beyond the padding.', default: false },
  include_pad: { kind: 'bool', doc: 'Whether cells of padding count, as zeros.', default: false },
} as const;

/** The windows, and how many cells of each count: a tensor of shape [positions...]. */
interface Pooling {
  readonly axes: readonly WindowAxis[];
  readonly counts: Tensor;
  /** The count, if it is the same for all windows: the division is then left to the scale. */
  readonly uniform: number | undefined;
}

/**
 * Cells beyond the stated padding, which only `ceil` brings into a window, never count.
 * @throws Diagnostic `empty-window` if no cell of a window counts.
 */
function pooling(shape: Shape, a: AttrsOf<typeof attrs>): Pooling {
  const axes = windowAxes('average_pool', shape, a);
  const perAxis = axes.map((w) =>
    a.include_pad ? windowCounts(w, -w.before, w.size + w.after) : windowCounts(w, 0, w.size),
  );
  const counts = perAxis.reduce<readonly number[]>((all, some) => all.flatMap((n) => some.map((m) => n * m)), [1]);
  if (counts.includes(0))
    throw new Diagnostic('empty-window', 'average_pool: a window holds padding only, and its mean would divide by 0');
  const uniform = counts.every((n) => n === counts[0]) ? counts[0] : undefined;
  return { axes, counts: { shape: axes.map((w) => w.positions), data: Float64Array.from(counts) }, uniform };
}

const resultShape = (shape: Shape, p: Pooling): Shape => [...shape.slice(0, 2), ...p.counts.shape];

function sums(x: Tensor, p: Pooling): Tensor {
  return p.axes.reduce((t, w, i) => foldWindows(t, i + 2, w, (a, b) => a + b), x);
}

/** Interval of the cells that a window may hold. */
function cells(x: Interval, p: Pooling): Interval {
  return p.axes.some((w) => padSteps(w, 0).length > 0) ? hull(x, interval(0, 0)) : x;
}

/** f(sum, count) for every window. */
function perWindow(x: Tensor, p: Pooling, f: (sum: number, count: number) => number): Tensor {
  const total = sums(x, p);
  const counts = applyViews(p.counts, ...broadcastSteps(p.counts.shape, total.shape)).data;
  return { shape: total.shape, data: Float64Array.from(total.data, (v, i) => f(v, counts[i]!)) };
}

/** floor((2 * sum + count) / (2 * count)) where counts differ; the sum itself where they do not. */
function recordMeans(b: Builder, x: Wire, p: Pooling, result: Interval): Wire {
  const windows = b.view(x, ...windowSteps(p.axes, 2));
  const total = b.sum(
    windows,
    p.axes.map((_, i) => 3 + 2 * i),
  );
  if (p.uniform !== undefined) return total;
  const counts = broadcastTo(b, b.constant(p.counts), total.shape);
  const dividend = b.affine([
    [total, 2n],
    [counts, 1n],
  ]);
  return divideFloor(b, dividend, b.affine([[counts, 2n]]), result, 'mean');
}

/** Mean of each window. ONNX AveragePool. */
export const averagePool = defineOp({
  name: 'average_pool',
  doc: 'Mean over sliding windows of [N, C, spatial...]. If all windows count equally many cells the integer result is their sum and the scale is divided; else the mean is rounded half up.',
  operands: ['x'],
  results: ['y'],
  attrs,
  quantization: { kind: 'exact', narrow: 'none' },
  infer(types, cx) {
    const operands = operandsOf('average_pool', types, REALS);
    const p = pooling(types[0]!.shape, cx.attrs);
    const shape = resultShape(types[0]!.shape, p);
    if (operands.kind === 'float') return [floatResult('average_pool', shape, operands.element)];
    const x = operands.types[0]!;
    const range = cells(rangeOf(x), p);
    if (p.uniform === undefined)
      return [intResult('average_pool', shape, cx.attrs.include_pad ? range : rangeOf(x), x.scale)];
    const n = BigInt(sizeOf(p.axes.map((w) => w.kernel)));
    const scale = mulRational(x.scale, rational(1n, BigInt(p.uniform)));
    return [intResult('average_pool', shape, scaleInterval(range, n), scale)];
  },
  evalFloat: ([x], cx) => [perWindow(x!, pooling(x!.shape, cx.attrs), (sum, n) => sum / n)],
  evalInt([x], cx) {
    const p = pooling(x!.shape, cx.attrs);
    if (p.uniform !== undefined) return [sums(x!, p)];
    return [perWindow(x!, p, (sum, n) => Math.floor((2 * sum + n) / (2 * n)))];
  },
  lower: (b, [x], cx) => [recordMeans(b, x!, pooling(x!.shape, cx.attrs), rangeOf(cx.results[0]!))],
  tile(part, { attrs, operands }) {
    if (part.axis < 2) return { operands: [part] };
    // Where counts differ the mean is rounded, and a tile whose own counts agree would not do so.
    const { shape } = operands[0]!;
    if (attrs.ceil || pooling(shape, attrs).uniform === undefined) return undefined;
    const seen = windowTile('average_pool', shape, attrs, part);
    return seen && { operands: [seen.part], attrs: { pads: seen.pads } };
  },
  onnx: [
    {
      opType: 'AveragePool',
      since: [1, 7, 10, 11, 19, 22],
      attributes: [...WINDOW_ATTRIBUTES, 'ceil_mode', 'count_include_pad'],
      import(n, e) {
        const x = operandOf(n, 0, 'X');
        const kernel = intsAttribute(n, 'kernel_shape') ?? [];
        return e.emit('average_pool', [x], {
          kernel,
          ...importWindows(n, x.type.shape.slice(2), kernel),
          ceil: flagAttribute(n, 'ceil_mode', 0),
          include_pad: flagAttribute(n, 'count_include_pad', 0),
        });
      },
    },
  ],
  samples: [
    { name: 'full windows', attrs: { kernel: [2, 2], strides: [2, 2] }, operands: [int8([1, 2, 4, 4])] },
    {
      name: 'padding counts',
      attrs: { kernel: [3, 3], pads: [1, 1, 1, 1], include_pad: true },
      operands: [ints([1, 1, 3, 3], 5, 200)],
    },
    { name: 'padding does not count', attrs: { kernel: [3, 3], pads: [1, 1, 1, 1] }, operands: [int8([1, 1, 4, 3])] },
    {
      name: 'padding does not count, positive values',
      attrs: { kernel: [2], pads: [1, 0] },
      operands: [ints([2, 1, 4], 3, 90)],
    },
    { name: 'rounded up', attrs: { kernel: [2], strides: [2], ceil: true }, operands: [int8([1, 2, 5])] },
    {
      name: 'rounded up, padding counts',
      attrs: { kernel: [3], strides: [2], pads: [1, 1], ceil: true, include_pad: true },
      operands: [int8([1, 1, 4])],
    },
    { name: 'dilated', attrs: { kernel: [2, 1], dilations: [2, 1] }, operands: [int8([1, 1, 4, 2])] },
  ],
});
