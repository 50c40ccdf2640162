// Kernels over 32-bit integers: one array type, integer arithmetic only, rows of any stride. The witness spends its time here.
import { type Contraction, contractionSizes } from '../contraction.ts';
import { type Interval, scaleInterval } from '../interval.ts';
import { forEachRow } from '../strided-loops.ts';
import { type NumericArray, type Shape, sizeOf, stridesOf } from '../tensor.ts';
import type { Strided } from '../view.ts';

/** A tensor in 32-bit integers. */
export interface Words extends Strided {
  readonly data: Int32Array;
}

const LEAST = -(2 ** 31);
const MOST = 2 ** 31 - 1;

/** True if 32 bits hold every integer of the interval. */
export function fitsWord(r: Interval): boolean {
  return r.lo >= BigInt(LEAST) && r.hi <= BigInt(MOST);
}

/** The same tensor in 32-bit integers, which must hold its elements. */
export function asWords(x: Strided): Words {
  return { ...x, data: x.data instanceof Int32Array ? x.data : new Int32Array(x.data) };
}

/** Sum of k * x + c where 32 bits hold every operand and the sum: intermediate results may wrap around. */
export function affineWords(shape: Shape, xs: readonly Words[], ks: readonly bigint[], c: bigint): Int32Array {
  const out = new Int32Array(sizeOf(shape));
  const factors = ks.map((k) => Number(BigInt.asIntN(32, k)));
  const constant = Number(BigInt.asIntN(32, c));
  const [x, y, z] = xs;
  const own = stridesOf(shape);
  if (x === undefined) return out.fill(constant);
  if (y === undefined)
    forEachRow(shape, [0, x.offset], [own, x.strides], (count, [, s], [o, p]) => {
      scaleRow(out, o!, count, x.data, p!, s!, factors[0]!, constant);
    });
  else if (z === undefined)
    forEachRow(shape, [0, x.offset, y.offset], [own, x.strides, y.strides], (count, [, s, t], [o, p, q]) => {
      combineRow(out, o!, count, x.data, p!, s!, factors[0]!, y.data, q!, t!, factors[1]!, constant);
    });
  else {
    const all = [own, x.strides, y.strides, z.strides];
    const [k, l, m] = factors;
    forEachRow(shape, [0, x.offset, y.offset, z.offset], all, (count, [, s, t, u], [o, p, q, r]) => {
      combineThree(out, o!, count, x.data, p!, s!, k!, y.data, q!, t!, l!, z.data, r!, u!, m!, constant);
    });
  }
  for (const [j, more] of xs.slice(3).entries())
    forEachRow(shape, [0, more.offset], [own, more.strides], (count, [, s], [o, p]) => {
      addRow(out, o!, count, more.data, p!, s!, factors[j + 3]!);
    });
  return out;
}

/** The interval of k * x + c over the operands' intervals. */
export function affineRange(ranges: readonly Interval[], ks: readonly bigint[], c: bigint): Interval {
  const parts = ranges.map((r, j) => scaleInterval(r, ks[j]!));
  return { lo: parts.reduce((s, r) => s + r.lo, c), hi: parts.reduce((s, r) => s + r.hi, c) };
}

/**
 * A contraction without sums: each element a product of two, which 32 bits must hold. Returns undefined if a letter is
 * summed.
 */
export function productWords(spec: Contraction, a: Words, b: Words): Words | undefined {
  const sizes = contractionSizes(spec, a.shape, b.shape);
  if (sizes.size !== spec.out.length) return undefined;
  const shape = [...spec.out].map((l) => sizes.get(l)!);
  const data = new Int32Array(sizeOf(shape));
  const along = (names: string, x: Words): number[] => [...spec.out].map((l) => x.strides[names.indexOf(l)] ?? 0);
  const own = stridesOf(shape);
  forEachRow(
    shape,
    [0, a.offset, b.offset],
    [own, along(spec.a, a), along(spec.b, b)],
    (count, [, s, t], [o, p, q]) => {
      multiplyRow(data, o!, count, a.data, p!, s!, b.data, q!, t!);
    },
  );
  return { shape, data, offset: 0, strides: own };
}

function multiplyRow(
  out: Int32Array,
  o: number,
  count: number,
  x: Int32Array,
  p: number,
  s: number,
  y: Int32Array,
  q: number,
  t: number,
): void {
  for (let i = 0, a = p, b = q; i < count; i++, a += s, b += t) out[o + i] = Math.imul(x[a]!, y[b]!);
}

function scaleRow(
  out: Int32Array,
  o: number,
  count: number,
  x: Int32Array,
  p: number,
  s: number,
  k: number,
  c: number,
): void {
  for (let i = 0, a = p; i < count; i++, a += s) out[o + i] = Math.imul(k, x[a]!) + c;
}

function combineRow(
  out: Int32Array,
  o: number,
  count: number,
  x: Int32Array,
  p: number,
  s: number,
  k: number,
  y: Int32Array,
  q: number,
  t: number,
  l: number,
  c: number,
): void {
  for (let i = 0, a = p, b = q; i < count; i++, a += s, b += t)
    out[o + i] = ((Math.imul(k, x[a]!) + Math.imul(l, y[b]!)) | 0) + c;
}

function combineThree(
  out: Int32Array,
  o: number,
  count: number,
  x: Int32Array,
  p: number,
  s: number,
  k: number,
  y: Int32Array,
  q: number,
  t: number,
  l: number,
  z: Int32Array,
  r: number,
  u: number,
  m: number,
  c: number,
): void {
  for (let i = 0, a = p, b = q, d = r; i < count; i++, a += s, b += t, d += u)
    out[o + i] = ((Math.imul(k, x[a]!) + Math.imul(l, y[b]!)) | 0) + ((Math.imul(m, z[d]!) + c) | 0);
}

function addRow(out: Int32Array, o: number, count: number, x: Int32Array, p: number, s: number, k: number): void {
  for (let i = 0, a = p; i < count; i++, a += s) out[o + i]! += Math.imul(k, x[a]!);
}

/** Row-major number of the first element outside the interval, or -1. */
export function outsideWords(x: Words, to: Interval): number {
  const [lo, hi] = [Math.max(Number(to.lo), LEAST), Math.min(Number(to.hi), MOST)];
  if (lo > hi) return sizeOf(x.shape) > 0 ? 0 : -1;
  let [bad, before] = [-1, 0];
  forEachRow(x.shape, [x.offset], [x.strides], (count, [s], [p]) => {
    if (bad >= 0) return;
    const found = outsideRow(x.data, p!, s!, count, lo, hi);
    if (found >= 0) bad = before + found;
    before += count;
  });
  return bad;
}

function outsideRow(x: Int32Array, p: number, s: number, count: number, lo: number, hi: number): number {
  for (let i = 0, a = p; i < count; i++, a += s) {
    const v = x[a]!;
    if (v < lo || v > hi) return i;
  }
  return -1;
}

/** Elements that are converted at once. */
const CHUNK = 4096;
const chunk = new Int32Array(CHUNK);

/** Index of the first element of an array of integers outside the interval, or -1. */
export function outsideIntegers(data: Exclude<NumericArray, Float32Array | Float64Array>, to: Interval): number {
  for (let start = 0; start < data.length; start += CHUNK) {
    const count = Math.min(CHUNK, data.length - start);
    chunk.set(data.subarray(start, start + count));
    const found = outsideWords({ shape: [count], data: chunk, offset: 0, strides: [1] }, to);
    if (found >= 0) return start + found;
  }
  return -1;
}

/** out[e] = values[keys[e] - first]. */
export function lookUpWords(keys: Int32Array, values: Int32Array, first: number): Int32Array {
  const out = new Int32Array(keys.length);
  for (let e = 0; e < out.length; e++) out[e] = values[keys[e]! - first]!;
  return out;
}

/** Elements of magnitude below 2^30 moved to the nearest end of [low, high], which are as small. */
export function clampWords(x: Int32Array, low: number, high: number): Int32Array {
  const out = new Int32Array(x.length);
  const width = high - low;
  // Signs instead of branches: whether activations are negative cannot be predicted.
  for (let e = 0; e < out.length; e++) {
    const above = x[e]! - low;
    const below = (above & ~(above >> 31)) - width;
    out[e] = (below & (below >> 31)) + high;
  }
  return out;
}

/** 1 where an element is negative, else 0. */
export function signWords(x: Int32Array): Int32Array {
  const out = new Int32Array(x.length);
  for (let e = 0; e < out.length; e++) out[e] = x[e]! >>> 31;
  return out;
}

/** Quotients and remainders by 2^bits, bits at most 31, rounded to minus infinity. `quotients` may be `x`. */
export function shiftWords(x: Int32Array, bits: number, quotients: Int32Array, rests: Int32Array): void {
  const mask = 2 ** bits - 1;
  for (let e = 0; e < x.length; e++) {
    const v = x[e]!;
    quotients[e] = v >> bits;
    rests[e] = v & mask;
  }
}
