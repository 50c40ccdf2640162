// Tensors of numbers, and the shape arithmetic that everything shares.
import { Diagnostic } from './diagnostics.ts';

/** Dimensions, row-major; `[]` is a scalar. */
export type Shape = readonly number[];

/** Element storage of tensors. */
export type NumericArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Float32Array | Float64Array;

/**
 * A dense row-major tensor. The same container holds reals (float stage) and exact integers of magnitude below 2^53
 * (integer stage): range analysis guarantees the bound, so that `number` arithmetic is exact everywhere.
 */
export interface Tensor {
  readonly shape: Shape;
  readonly data: NumericArray;
}

/** Largest number of elements of one tensor that the compiler accepts (2^28: 2 GiB of float64). */
export const MAX_ELEMENTS = 2 ** 28;

/** Number of elements of a shape (elements). */
export function sizeOf(shape: Shape): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

/**
 * Checks a shape that comes from outside before anything is allocated by it.
 * @throws Diagnostic `bad-shape` if a dimension is not a whole number >= 0 or the rank exceeds 16, `tensor-too-large`
 * beyond {@link MAX_ELEMENTS}.
 */
export function checkShape(shape: Shape, what: string): void {
  if (shape.length > 16) throw new Diagnostic('bad-shape', `${what}: rank ${shape.length} exceeds 16`);
  let n = 1;
  for (const d of shape) {
    if (!Number.isInteger(d) || d < 0)
      throw new Diagnostic('bad-shape', `${what}: dimension ${d} is not a whole number >= 0`);
    n *= d;
    if (n > MAX_ELEMENTS)
      throw new Diagnostic('tensor-too-large', `${what}: [${shape.join(', ')}] has more than ${MAX_ELEMENTS} elements`);
  }
}

/** Row-major strides (elements). */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** Sums of index times stride for all indices of these sizes, row-major; one that is 0 for no sizes. */
export function offsetsOf(sizes: readonly number[], strides: readonly number[]): Int32Array {
  let out = Int32Array.of(0);
  for (const [axis, n] of sizes.entries()) {
    const [stride, before] = [strides[axis]!, out];
    out = new Int32Array(before.length * n);
    for (let i = 0, at = 0; i < before.length; i++) for (let j = 0; j < n; j++) out[at++] = before[i]! + j * stride;
  }
  return out;
}

/** True if both have the same sizes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** @throws RangeError if the number of elements does not match the shape. */
export function tensor(shape: Shape, data: NumericArray | readonly number[]): Tensor {
  if (sizeOf(shape) !== data.length)
    throw new RangeError(`tensor: shape [${shape.join(', ')}] expects ${sizeOf(shape)} elements, got ${data.length}`);
  return { shape, data: Array.isArray(data) ? Float64Array.from(data) : (data as NumericArray) };
}

/** A tensor of shape [] with one element. */
export function scalar(value: number): Tensor {
  return { shape: [], data: Float64Array.of(value) };
}

/** A tensor of zeros. */
export function zeros(shape: Shape): { readonly shape: Shape; readonly data: Float64Array } {
  return { shape, data: new Float64Array(sizeOf(shape)) };
}

/** True if shapes and all elements are equal. */
export function sameTensor(a: Tensor, b: Tensor): boolean {
  if (!sameShape(a.shape, b.shape)) return false;
  for (let i = 0; i < a.data.length; i++) if (!Object.is(a.data[i], b.data[i])) return false;
  return true;
}

/** The same values in the smallest typed array that holds them all; float64 unless all are whole numbers. */
export function compact(t: Tensor): Tensor {
  let lo = 0;
  let hi = 0;
  for (const v of t.data) {
    if (!Number.isInteger(v) || Object.is(v, -0)) return t;
    if (v < lo) lo = v;
    if (v > hi) hi = v;
  }
  if (lo >= -128 && hi <= 127) return { shape: t.shape, data: Int8Array.from(t.data) };
  if (lo >= 0 && hi <= 255) return { shape: t.shape, data: Uint8Array.from(t.data) };
  if (lo >= -32768 && hi <= 32767) return { shape: t.shape, data: Int16Array.from(t.data) };
  if (lo >= -(2 ** 31) && hi < 2 ** 31) return { shape: t.shape, data: Int32Array.from(t.data) };
  return { shape: t.shape, data: Float64Array.from(t.data) };
}

/** NumPy broadcasting of shapes. @throws Diagnostic `bad-shape` if they do not broadcast. */
export function broadcastShapes(...shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const s of shapes) {
    s.forEach((d, i) => {
      const axis = rank - s.length + i;
      const have = out[axis]!;
      if (d === have || d === 1) return;
      if (have !== 1)
        throw new Diagnostic(
          'bad-shape',
          `shapes ${shapes.map((x) => `[${x.join(', ')}]`).join(' and ')} do not broadcast`,
        );
      out[axis] = d;
    });
  }
  return out;
}

/** An axis given as -rank..rank-1, made non-negative. @throws Diagnostic `bad-axis` outside that range. */
export function normalizeAxis(axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new Diagnostic('bad-axis', `axis ${axis} is outside [${-rank}, ${rank - 1}]`);
  return axis < 0 ? axis + rank : axis;
}
