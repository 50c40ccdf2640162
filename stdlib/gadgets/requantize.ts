// Requantization: the one rounding step between a wide accumulator and a narrow tensor.
//
// Soundness: h is the unique floor of the shift (see shift.ts: unique whatever interval h is proved in), and the clamp is a
// function of h. The interval of h is chosen as the domain of the clamp's table, so that the lookup of h proves it and h
// needs no proof of its own. A sum too wide for the field is shifted limb by limb (see limbs.ts, wide.ts). The result lies
// in the clamped image of the quotients of the accumulator's range (`clamp`).
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import {
  addIntervals,
  containsInterval,
  floorDivInterval,
  type Interval,
  interval,
  scaleInterval,
} from '../../compiler/ir/interval.ts';
import { clampedInterval, clampTableFor, clampTo } from './compare.ts';
import { limbsOf } from './limbs.ts';
import { splat } from './linear.ts';
import { shiftFits, shiftFloor, shiftInto } from './shift.ts';
import { isTableSized } from './target.ts';
import { addPowerOfTwo, addWide, multipleOf, shiftWide } from './wide.ts';

/** Number of factors of two that all multipliers share, at most `limit`. */
function sharedPowerOfTwo(multipliers: readonly bigint[], limit: number): number {
  let k = 0;
  while (k < limit && multipliers.every((m) => m % (2n << BigInt(k)) === 0n)) k++;
  return k;
}

/**
 * clamp(floor((sum of M_i * x_i + 2^(shift-1)) / 2^shift), to): rounds half up once. Shift 0 only clamps.
 * @throws Diagnostic `field-overflow` if the accumulator is too wide for the target's field.
 */
export function requantize(
  b: Builder,
  terms: readonly (readonly [Wire, bigint])[],
  shift: number,
  to: Interval,
  label: string,
): Wire {
  // Factors of two common to all multipliers cancel exactly: 2^k * z + 2^(s-1) has the same floor after division by 2^s.
  const k = sharedPowerOfTwo(
    terms.map(([, m]) => m),
    shift,
  );
  const s = shift - k;
  const narrow = terms.map(([w, m]) => [w, m >> BigInt(k)] as const);
  const half = s === 0 ? 0n : 1n << BigInt(s - 1);
  if (s === 0) return clampTo(b, b.affine(narrow), to, label);
  const sum = narrow.map(([w, m]) => scaleInterval(w.range, m)).reduce(addIntervals, interval(half, half));
  const quotient = floorDivInterval(sum, 1n << BigInt(s));
  if (!shiftFits(b, sum, s, quotient)) return clampTo(b, wideQuotient(b, narrow, s, label), to, `${label}.clamp`);
  const x = b.affine(narrow, half);
  if (containsInterval(to, quotient)) return shiftFloor(b, x, s, label);
  const image = clampedInterval(quotient, to);
  if (image.lo === image.hi) return splat(b, image.lo, x.shape);
  const table = clampTableFor(b, quotient, to);
  if (!isTableSized(b, table.domain) || !shiftFits(b, sum, s, table.domain))
    return clampTo(b, shiftFloor(b, x, s, label), to, `${label}.clamp`);
  const h = shiftInto(b, x, s, table.domain, label);
  return b.deduce(b.lookup(table, h, `${label}.clamp`)[0]!, image, 'clamp');
}

/** The rounded quotient of a sum that does not fit the field: exact, by limbs. */
function wideQuotient(b: Builder, terms: readonly (readonly [Wire, bigint])[], s: number, label: string): Wire {
  const [first, ...rest] = terms.map(([w, m], i) => {
    const name = `${label}.term${i}`;
    return multipleOf(b, limbsOf(b, w, name), m, name);
  });
  if (first === undefined) throw new RangeError(`requantize ${label}: expected at least one term`);
  return shiftWide(b, addPowerOfTwo(b, addWide(b, first, ...rest), s - 1), s, label);
}
