// Sliding windows over spatial axes, as convolutions and poolings share them: extents, positions, views, folds.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { checkShape, type Shape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import type { View } from '../../compiler/ir/view.ts';
import { badAttribute, showShape } from './types.ts';

/** Windows as attributes state them: one entry per spatial axis, `pads` all starts first, then all ends. */
export interface WindowAttrs {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  /** Count a last window that begins inside the data or the leading padding but ends beyond the trailing padding. */
  readonly ceil: boolean;
}

/** Windows along one axis (cells). */
export interface WindowAxis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  readonly positions: number;
  /** Cells from the first cell of the first window to the last cell of the last one, padding included. */
  readonly span: number;
}

/** Attributes that every windowed operator has. An empty list stands for its default on every axis. */
export const windowSchema = {
  strides: { kind: 'ints', doc: 'Distance of neighbouring windows per spatial axis; 1 if empty.', default: [] },
  pads: { kind: 'ints', doc: 'Padding before every spatial axis, then after every one; 0 if empty.', default: [] },
  dilations: {
    kind: 'ints',
    doc: 'Distance of neighbouring cells of a window per spatial axis; 1 if empty.',
    default: [],
  },
} as const;

function listOf(
  op: string,
  field: string,
  values: readonly number[],
  n: number,
  otherwise: number,
  least: number,
): readonly number[] {
  if (values.length === 0) return new Array<number>(n).fill(otherwise);
  if (values.length !== n || values.some((v) => v < least || v >= 2 ** 31))
    throw badAttribute(op, field, `${n} whole numbers of at least ${least}`, values);
  return values;
}

/**
 * The windows along each spatial axis of `shape` (after its first two axes, batch and channels).
 * @throws Diagnostic `bad-attribute`, `bad-shape` if a window does not fit, `tensor-too-large` for huge padding.
 */
export function windowAxes(op: string, shape: Shape, a: WindowAttrs): readonly WindowAxis[] {
  const n = shape.length - 2;
  if (n < 1)
    throw new Diagnostic(
      'bad-shape',
      `${op} expects batch, channels and at least one more axis, got ${showShape(shape)}`,
    );
  const kernel = listOf(op, 'kernel', a.kernel, n, 0, 1);
  const strides = listOf(op, 'strides', a.strides, n, 1, 1);
  const dilations = listOf(op, 'dilations', a.dilations, n, 1, 1);
  const pads = listOf(op, 'pads', a.pads, 2 * n, 0, 0);
  const axes = kernel.map((k, i) => {
    const [size, stride, dilation, before, after] = [shape[i + 2]!, strides[i]!, dilations[i]!, pads[i]!, pads[i + n]!];
    const reach = (k - 1) * dilation + 1;
    const room = size + before + after - reach;
    let positions = (a.ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
    // A window that begins in the trailing padding is no window (ONNX, MaxPool).
    if (a.ceil && (positions - 1) * stride >= size + before) positions--;
    if (k < 1 || room < 0 || positions < 1)
      throw new Diagnostic(
        'bad-shape',
        `${op}: a window of ${k} cells at distance ${dilation} does not fit spatial axis ${i} of ${size} cells padded by ${before} and ${after}`,
      );
    return { size, kernel: k, stride, dilation, before, after, positions, span: (positions - 1) * stride + reach };
  });
  checkShape(
    [...shape.slice(0, 2), ...axes.map((w) => Math.max(w.span, w.size + w.before + w.after))],
    `${op}: padded operand`,
  );
  return axes;
}

/** Pads an axis by the zeros that its windows see. */
export function padSteps(w: WindowAxis, axis: number): readonly View[] {
  const after = Math.max(0, w.span - w.before - w.size);
  return w.before === 0 && after === 0 ? [] : [{ kind: 'pad', axis, before: w.before, after }];
}

/** Pads and slides along axes `first`, `first + 1`, ...: each becomes (position, offset in the window). */
export function windowSteps(axes: readonly WindowAxis[], first: number): readonly View[] {
  return [...axes.flatMap((w, i) => padSteps(w, first + i)), ...axes.map((w, i) => slide(w, first + 2 * i))];
}

/** axis -> (position, offset in the window) */
export function slide(w: WindowAxis, axis: number): View {
  return { kind: 'window', axis, size: w.kernel, stride: w.stride, dilation: w.dilation };
}

/** Drops the cells at the end of an axis that no window sees, so that no work is spent on them. */
export function cropSteps(w: WindowAxis, axis: number): readonly View[] {
  const seen = Math.min(w.size, w.span - w.before);
  return seen === w.size ? [] : [{ kind: 'slice', axis, start: 0, step: 1, size: seen }];
}

/** Number of cells of each window along the axis that lie in [lo, hi). */
export function windowCounts(w: WindowAxis, lo: number, hi: number): number[] {
  return Array.from({ length: w.positions }, (_, p) => {
    let n = 0;
    for (let k = 0; k < w.kernel; k++) {
      const at = p * w.stride + k * w.dilation - w.before;
      if (at >= lo && at < hi) n++;
    }
    return n;
  });
}

/** Folds the cells of each window along one axis; padding takes no part, and a window of padding only gives 0. */
export function foldWindows(x: Tensor, axis: number, w: WindowAxis, fold: (a: number, b: number) => number): Tensor {
  const shape = x.shape.map((d, i) => (i === axis ? w.positions : d));
  const inner = sizeOf(x.shape.slice(axis + 1));
  const outer = sizeOf(x.shape.slice(0, axis));
  const data = new Float64Array(sizeOf(shape));
  for (let o = 0; o < outer; o++)
    for (let p = 0; p < w.positions; p++) {
      const start = p * w.stride - w.before;
      const first = Math.max(0, Math.ceil(-start / w.dilation));
      const end = Math.min(w.kernel, Math.ceil((w.size - start) / w.dilation));
      for (let i = 0; i < inner; i++) {
        const at = (k: number): number => x.data[(o * w.size + start + k * w.dilation) * inner + i]!;
        if (first >= end) continue;
        let value = at(first);
        for (let k = first + 1; k < end; k++) value = fold(value, at(k));
        data[(o * w.positions + p) * inner + i] = value;
      }
    }
  return { shape, data };
}
