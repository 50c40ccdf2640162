// Exact integer intervals: the ranges of circuit wires. Everything here is over the integers, never modulo a field.

/** All integers from `lo` to `hi`, both included. */
export interface Interval {
  readonly lo: bigint;
  readonly hi: bigint;
}

/** @throws RangeError if the interval is empty. */
export function interval(lo: bigint | number, hi: bigint | number): Interval {
  const r = { lo: BigInt(lo), hi: BigInt(hi) };
  if (r.lo > r.hi) throw new RangeError(`interval: expected lo <= hi, got [${r.lo}, ${r.hi}]`);
  return r;
}

/** The interval of 0 and 1. */
export const BOOLEAN: Interval = interval(0, 1);

/** `[lo, hi]`, as the text form and messages write it. */
export function showInterval(r: Interval): string {
  return `[${r.lo}, ${r.hi}]`;
}

/** True if both ends are equal. */
export function sameInterval(a: Interval, b: Interval): boolean {
  return a.lo === b.lo && a.hi === b.hi;
}

/** True if every element of `inner` lies in `outer`. */
export function containsInterval(outer: Interval, inner: Interval): boolean {
  return outer.lo <= inner.lo && inner.hi <= outer.hi;
}

/** True if the integer lies in the interval. */
export function contains(r: Interval, x: bigint): boolean {
  return r.lo <= x && x <= r.hi;
}

export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** The smallest interval that holds both. */
export function hull(a: Interval, b: Interval): Interval {
  return { lo: min(a.lo, b.lo), hi: max(a.hi, b.hi) };
}

/** @throws RangeError if the intervals are disjoint. */
export function intersect(a: Interval, b: Interval): Interval {
  return interval(max(a.lo, b.lo), min(a.hi, b.hi));
}

/** All sums x + y. */
export function addIntervals(a: Interval, b: Interval): Interval {
  return { lo: a.lo + b.lo, hi: a.hi + b.hi };
}

/** { k*x : x in r }'s hull, k of either sign. */
export function scaleInterval(r: Interval, k: bigint): Interval {
  return k >= 0n ? { lo: k * r.lo, hi: k * r.hi } : { lo: k * r.hi, hi: k * r.lo };
}

/** The smallest interval that holds all products x * y. */
export function mulIntervals(a: Interval, b: Interval): Interval {
  const p = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
  return { lo: p.reduce(min), hi: p.reduce(max) };
}

/** Number of integers in the interval. */
export function cardinality(r: Interval): bigint {
  return r.hi - r.lo + 1n;
}

/** Bits of a non-negative integer; 0 for 0. */
export function bitLength(n: bigint): number {
  return n <= 0n ? 0 : n.toString(2).length;
}

/** Bits needed to number the elements of the interval (0 for a single element). */
export function widthOf(r: Interval): number {
  return bitLength(r.hi - r.lo);
}

/** Smallest [lo, lo + 2^k - 1] that contains r: such ranges are proved by k bits, without a second, upper check. */
export function powerOfTwoHull(r: Interval): Interval {
  return { lo: r.lo, hi: r.lo + (1n << BigInt(widthOf(r))) - 1n };
}

/** True if the interval has 2^k elements. */
export function isPowerOfTwoWide(r: Interval): boolean {
  return sameInterval(r, powerOfTwoHull(r));
}

/** Smallest [pivot, pivot + 2^n - 1] that contains r (which must not go below the pivot): n bits prove it. */
export function unsignedHull(r: Interval, pivot: bigint): Interval {
  if (r.lo < pivot) throw new RangeError(`unsigned hull of ${showInterval(r)}: expected no value below ${pivot}`);
  return powerOfTwoHull({ lo: pivot, hi: r.hi });
}

/** Smallest [pivot - 2^n, pivot + 2^n - 1] that contains r: of its n + 1 bits the highest tells on which side of the pivot. */
export function signedHull(r: Interval, pivot: bigint): Interval {
  const n = BigInt(Math.max(bitLength(r.hi - pivot), bitLength(pivot - 1n - r.lo)));
  return { lo: pivot - (1n << n), hi: pivot + (1n << n) - 1n };
}

/** Interval of floor(x / d) for x in r; d > 0. */
export function floorDivInterval(r: Interval, d: bigint): Interval {
  return { lo: floorDiv(r.lo, d), hi: floorDiv(r.hi, d) };
}

/** x moved to the nearest end if it lies outside. */
export function clamp(r: Interval, x: bigint): bigint {
  return min(max(x, r.lo), r.hi);
}

/** Quotient rounded to minus infinity; d > 0. */
export function floorDiv(x: bigint, d: bigint): bigint {
  const q = x / d;
  return x % d !== 0n && x < 0n !== d < 0n ? q - 1n : q;
}

/** Floor of the square root of x >= 0. @throws RangeError if x < 0. */
export function isqrt(x: bigint): bigint {
  if (x < 0n) throw new RangeError(`isqrt: expected x >= 0, got ${x}`);
  if (x < 2n) return x;
  let r = 1n << BigInt((bitLength(x) + 1) >> 1);
  for (;;) {
    const next = (r + x / r) >> 1n;
    if (next >= r) return r;
    r = next;
  }
}
