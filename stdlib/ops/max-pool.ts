// Maximum over sliding windows.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type AttrsOf, defineOp } from '../../compiler/ir/op.ts';
import type { Shape, Tensor } from '../../compiler/ir/tensor.ts';
import { shifted } from '../gadgets/linear.ts';
import { maxTournament } from '../gadgets/maximum.ts';
import { flagAttribute, intAttribute, intsAttribute, operandOf } from '../onnx.ts';
import { axisLast } from '../shared/axis-last.ts';
import { refuse } from '../shared/onnx-import.ts';
import { int8, ints } from '../shared/samples.ts';
import { windowTile } from '../shared/tiles.ts';
import { NUMBERS, operandsOf, withShape } from '../shared/types.ts';
import { importWindows, WINDOW_ATTRIBUTES } from '../shared/window-import.ts';
import {
  cropSteps,
  foldWindows,
  padSteps,
  slide,
  type WindowAxis,
  windowAxes,
  windowCounts,
  windowSchema,
} from '../shared/windows.ts';

const attrs = {
  kernel: { kind: 'ints', doc: 'Extent of the window per spatial axis.' },
  ...windowSchema,
  ceil: { kind: 'bool', doc: 'Whether a last window may end beyond the padding.', default: false },
} as const;

/** @throws Diagnostic `empty-window` if a window holds padding only: its maximum would be minus infinity. */
function windowsOf(shape: Shape, a: AttrsOf<typeof attrs>): readonly WindowAxis[] {
  const axes = windowAxes('max_pool', shape, a);
  axes.forEach((w, i) => {
    const empty = windowCounts(w, 0, w.size).indexOf(0);
    if (empty >= 0)
      throw new Diagnostic('empty-window', `max_pool: window ${empty} along spatial axis ${i} holds padding only`);
  });
  return axes;
}

/** Maxima along one axis after the other. */
function maxima(x: Tensor, axes: readonly WindowAxis[]): Tensor {
  return axes.reduce((t, w, i) => foldWindows(t, i + 2, w, Math.max), x);
}

/**
 * The same on wires: windows along one axis share the maxima of the other. Padding must never win: values are shifted to
 * be at least 0, so that the zeros of padding are at most the least of the real cells that every window holds.
 */
function recordMaxima(b: Builder, x: Wire, axes: readonly WindowAxis[]): Wire {
  const padded = axes.some((w, i) => padSteps(w, i).length > 0);
  const least = padded ? x.range.lo : 0n;
  let y = b.view(shifted(b, x, -least), ...axes.flatMap((w, i) => cropSteps(w, i + 2)));
  axes.forEach((w, i) => {
    const axis = i + 2;
    const windows = b.view(y, ...padSteps(w, axis), slide(w, axis), ...axisLast(axis + 1, y.shape.length + 1));
    y = maxTournament(b, windows, `max${i}`);
  });
  return shifted(b, y, least);
}

/** Largest element of each window. ONNX MaxPool (values only). */
export const maxPool = defineOp({
  name: 'max_pool',
  doc: 'Maximum over sliding windows of [N, C, spatial...]; padding never wins.',
  operands: ['x'],
  results: ['y'],
  attrs,
  quantization: { kind: 'exact', narrow: 'all', view: true },
  infer([x], cx) {
    operandsOf('max_pool', [x!], NUMBERS);
    const axes = windowsOf(x!.shape, cx.attrs);
    return [withShape('max_pool', x!, [...x!.shape.slice(0, 2), ...axes.map((w) => w.positions)])];
  },
  evalFloat: ([x], cx) => [maxima(x!, windowsOf(x!.shape, cx.attrs))],
  evalInt: ([x], cx) => [maxima(x!, windowsOf(x!.shape, cx.attrs))],
  lower: (b, [x], cx) => [recordMaxima(b, x!, windowsOf(x!.shape, cx.attrs))],
  tile(part, { attrs, operands }) {
    if (part.axis < 2) return { operands: [part] };
    const seen = windowTile('max_pool', operands[0]!.shape, attrs, part);
    return seen && { operands: [seen.part], attrs: { pads: seen.pads } };
  },
  onnx: [
    {
      opType: 'MaxPool',
      since: [1, 8, 10, 11, 12, 22],
      attributes: [...WINDOW_ATTRIBUTES, 'ceil_mode', 'storage_order'],
      import(n, e) {
        const x = operandOf(n, 0, 'X');
        if (intAttribute(n, 'storage_order', 0) !== 0)
          throw refuse(n, 'unsupported', 'storage_order', 'storage_order other than 0 (row-major) is not supported');
        const kernel = intsAttribute(n, 'kernel_shape') ?? [];
        const windows = importWindows(n, x.type.shape.slice(2), kernel);
        const [y] = e.emit('max_pool', [x], { kernel, ...windows, ceil: flagAttribute(n, 'ceil_mode', 0) });
        // The second output of ONNX, the positions of the maxima, is not computed.
        return [y, undefined];
      },
    },
  ],
  samples: [
    { name: 'disjoint windows', attrs: { kernel: [2, 2], strides: [2, 2] }, operands: [int8([1, 2, 4, 4])] },
    { name: 'overlapping windows', attrs: { kernel: [3, 3], strides: [2, 2] }, operands: [int8([1, 1, 7, 7])] },
    { name: 'ties', attrs: { kernel: [2, 2] }, operands: [ints([1, 1, 3, 3], -1, 1)] },
    {
      name: 'padded, all values negative',
      attrs: { kernel: [3, 2], pads: [1, 0, 1, 1] },
      operands: [ints([1, 1, 3, 3], -20, -5)],
    },
    { name: 'dilated, one axis', attrs: { kernel: [2], dilations: [2], strides: [2] }, operands: [int8([2, 2, 7])] },
    { name: 'rounded up', attrs: { kernel: [2, 2], strides: [2, 2], ceil: true }, operands: [int8([1, 1, 3, 5])] },
    { name: 'rows that no window sees', attrs: { kernel: [2, 2], strides: [2, 2] }, operands: [int8([1, 1, 5, 3])] },
  ],
});
