// Views: wiring that maps each output cell to one input cell or to none. Shapes, index maps and strided evaluation.
import { Diagnostic } from './diagnostics.ts';
import { forEachRow, type WordArray } from './strided-loops.ts';
import { type NumericArray, type Shape, sizeOf, stridesOf, type Tensor } from './tensor.ts';

/** Each step maps an output cell to one input cell or to none (zero), one axis at a time (reshape and transpose excepted). */
export type View =
  | { readonly kind: 'reshape'; readonly shape: Shape }
  | { readonly kind: 'transpose'; readonly perm: readonly number[] }
  /** step < 0 reverses */
  | {
      readonly kind: 'slice';
      readonly axis: number;
      readonly start: number;
      readonly step: number;
      readonly size: number;
    }
  /** zeros before and after */
  | { readonly kind: 'pad'; readonly axis: number; readonly before: number; readonly after: number }
  /** by - 1 zeros between cells */
  | { readonly kind: 'dilate'; readonly axis: number; readonly by: number }
  /** inserts an axis of the given size */
  | { readonly kind: 'broadcast'; readonly axis: number; readonly size: number }
  /** axis -> (position, offset within the window) */
  | {
      readonly kind: 'window';
      readonly axis: number;
      readonly size: number;
      readonly stride: number;
      readonly dilation: number;
    }
  /** static indices; -1 reads zero */
  | { readonly kind: 'gather'; readonly axis: number; readonly index: Int32Array };

const replaced = (s: Shape, axis: number, ...dims: readonly number[]): number[] => [
  ...s.slice(0, axis),
  ...dims,
  ...s.slice(axis + 1),
];

function bad(v: View, s: Shape, why: string): Diagnostic {
  return new Diagnostic('bad-view', `view ${v.kind} of [${s.join(', ')}]: ${why}`);
}

/** Shape of the result of one step. @throws Diagnostic `bad-view` if the step does not fit. */
export function viewShape(v: View, s: Shape): number[] {
  if ('axis' in v) {
    const limit = v.kind === 'broadcast' ? s.length + 1 : s.length;
    if (!Number.isInteger(v.axis) || v.axis < 0 || v.axis >= limit) throw bad(v, s, `axis ${v.axis} is out of range`);
  }
  switch (v.kind) {
    case 'reshape':
      if (sizeOf(v.shape) !== sizeOf(s)) throw bad(v, s, `[${v.shape.join(', ')}] has another number of elements`);
      return [...v.shape];
    case 'transpose':
      if (v.perm.length !== s.length || new Set(v.perm).size !== s.length || v.perm.some((p) => s[p] === undefined))
        throw bad(v, s, `[${v.perm.join(', ')}] is not a permutation of the axes`);
      return v.perm.map((p) => s[p]!);
    case 'slice': {
      const last = v.start + v.step * (v.size - 1);
      const n = s[v.axis]!;
      if (v.step === 0 || v.size < 0 || (v.size > 0 && (v.start < 0 || v.start >= n || last < 0 || last >= n)))
        throw bad(v, s, `start ${v.start}, step ${v.step}, size ${v.size} leave the axis of ${n}`);
      return replaced(s, v.axis, v.size);
    }
    case 'pad':
      if (v.before < 0 || v.after < 0) throw bad(v, s, `padding (${v.before}, ${v.after}) is negative`);
      return replaced(s, v.axis, s[v.axis]! + v.before + v.after);
    case 'dilate':
      if (v.by < 1) throw bad(v, s, `dilation ${v.by} is below 1`);
      return replaced(s, v.axis, Math.max(0, (s[v.axis]! - 1) * v.by + 1));
    case 'broadcast':
      return [...s.slice(0, v.axis), v.size, ...s.slice(v.axis)];
    case 'window': {
      const positions = Math.floor((s[v.axis]! - (v.size - 1) * v.dilation - 1) / v.stride) + 1;
      if (v.size < 1 || v.stride < 1 || v.dilation < 1 || positions < 1)
        throw bad(v, s, `window of ${v.size} does not fit`);
      return replaced(s, v.axis, positions, v.size);
    }
    case 'gather':
      if (v.index.some((i) => i < -1 || i >= s[v.axis]!)) throw bad(v, s, 'an index is out of range');
      return replaced(s, v.axis, v.index.length);
  }
}

/** True if some cell of the result has no source and reads zero. */
export function viewReadsZero(v: View): boolean {
  switch (v.kind) {
    case 'pad':
      return v.before > 0 || v.after > 0;
    case 'dilate':
      return v.by > 1;
    case 'gather':
      return v.index.includes(-1);
    default:
      return false;
  }
}

/** A tensor as storage plus strides: transpose, slice, broadcast, window and reverse copy nothing. */
export interface Strided {
  readonly shape: Shape;
  readonly data: NumericArray;
  readonly offset: number;
  readonly strides: readonly number[];
}

export function strided(t: Tensor): Strided {
  return { shape: t.shape, data: t.data, offset: 0, strides: stridesOf(t.shape) };
}

function isContiguous(x: Strided): boolean {
  let expected = 1;
  for (let i = x.shape.length - 1; i >= 0; i--) {
    if (x.shape[i] !== 1 && x.strides[i] !== expected) return false;
    expected *= x.shape[i]!;
  }
  return true;
}

/** Row-major copy; returns the storage itself if it is already row-major and whole. */
export function dense(x: Strided): Tensor {
  if (isContiguous(x) && x.offset === 0 && x.data.length === sizeOf(x.shape)) return { shape: x.shape, data: x.data };
  const out = storageLike(x, sizeOf(x.shape));
  copyInto(x, out, 0, stridesOf(x.shape));
  return { shape: x.shape, data: out };
}

/** Zeros for a copy: int32 stays int32, all else becomes float64. */
function storageLike(x: Strided, size: number): WordArray {
  return x.data instanceof Int32Array ? new Int32Array(size) : new Float64Array(size);
}

/** Writes every cell of `x` to out[offset + index . strides]. */
export function copyInto(x: Strided, out: WordArray, offset: number, strides: readonly number[]): void {
  const { data } = x;
  forEachRow(x.shape, [x.offset, offset], [x.strides, strides], (count, [from, to], [p, q]) => {
    if (data instanceof Int32Array && out instanceof Int32Array) copyWords(data, p!, from!, out, q!, to!, count);
    else copyNumbers(data, p!, from!, out, q!, to!, count);
  });
}

/** out[q + i * to] = x[p + i * from]. */
function copyWords(
  x: Int32Array,
  p: number,
  from: number,
  out: Int32Array,
  q: number,
  to: number,
  count: number,
): void {
  for (let i = 0, a = p, b = q; i < count; i++, a += from, b += to) out[b] = x[a]!;
}

/** The same between any storage. */
function copyNumbers(
  x: NumericArray,
  p: number,
  from: number,
  out: WordArray,
  q: number,
  to: number,
  count: number,
): void {
  for (let i = 0, a = p, b = q; i < count; i++, a += from, b += to) out[b] = x[a]!;
}

/** Applies one step; copies only for pad, dilate, gather and reshapes of non-contiguous storage. */
export function viewStrided(x: Strided, v: View): Strided {
  const shape = viewShape(v, x.shape);
  const at = (...strides: readonly number[]): number[] => ('axis' in v ? replaced(x.strides, v.axis, ...strides) : []);
  const own = 'axis' in v ? (x.strides[v.axis] ?? 0) : 0;
  switch (v.kind) {
    case 'reshape': {
      const d = isContiguous(x) ? x : strided(dense(x));
      return { shape, data: d.data, offset: d.offset, strides: stridesOf(shape) };
    }
    case 'transpose':
      return { ...x, shape, strides: v.perm.map((p) => x.strides[p]!) };
    case 'slice':
      return { ...x, shape, offset: x.offset + own * v.start, strides: at(own * v.step) };
    case 'broadcast':
      return { ...x, shape, strides: [...x.strides.slice(0, v.axis), 0, ...x.strides.slice(v.axis)] };
    case 'window':
      return { ...x, shape, strides: at(own * v.stride, own * v.dilation) };
    case 'pad':
    case 'dilate': {
      const out = storageLike(x, sizeOf(shape));
      const strides = stridesOf(shape);
      const step = strides[v.axis]!;
      const target = v.kind === 'pad' ? strides : replaced(strides, v.axis, step * v.by);
      copyInto(x, out, v.kind === 'pad' ? step * v.before : 0, target);
      return { shape, data: out, offset: 0, strides };
    }
    case 'gather': {
      const out = storageLike(x, sizeOf(shape));
      const strides = stridesOf(shape);
      v.index.forEach((i, k) => {
        if (i < 0) return;
        const row = { ...x, shape: replaced(x.shape, v.axis, 1), offset: x.offset + own * i };
        copyInto(row, out, strides[v.axis]! * k, strides);
      });
      return { shape, data: out, offset: 0, strides };
    }
  }
}

/** Applies steps in order to a dense tensor. */
export function applyViews(x: Tensor, ...steps: readonly View[]): Tensor {
  return dense(steps.reduce(viewStrided, strided(x)));
}

/** For each output cell (row-major) of the composed steps, the input cell it reads, or -1 for zero. */
export function viewIndex(steps: readonly View[], shape: Shape): { readonly shape: Shape; readonly index: Int32Array } {
  // Numbers each input cell from 1, so that a cell without a source reads the 0 that padding writes.
  const numbered = { shape, data: Int32Array.from({ length: sizeOf(shape) }, (_, i) => i + 1) };
  const seen = applyViews(numbered, ...steps);
  return { shape: seen.shape, index: Int32Array.from(seen.data, (i) => i - 1) };
}
