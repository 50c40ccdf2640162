// Integers wider than the field: sums of limbs w * 2^shift, for exact multipliers and products on small fields.
//
// Soundness of digits: x = sum of d_i * 2^(k*i), checked as an identity that cannot wrap, with every digit but the last in
// [0, 2^k - 1]; such a representation is unique whatever interval the last digit was proved in. Products and sums of digits
// are then functions of x. Soundness of the shift: floors of powers of two compose, floor(x / 2^(a+b)) =
// floor(floor(x / 2^a) / 2^b), so carrying limb by limb and shifting the last one gives the floor of the whole; it lies in
// the floor of the whole's interval although intervals of limbs say less (lemma `carry`). Soundness of the zero test: the
// whole is zero exactly if each limb plus its carry is divisible by the step to the next limb (the carry is the quotient, its
// remainder proved 0) and the last one is zero.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import {
  addIntervals,
  bitLength,
  floorDivInterval,
  type Interval,
  interval,
  max,
  mulIntervals,
  powerOfTwoHull,
  scaleInterval,
} from '../../compiler/ir/interval.ts';
import { hadamard, plus, scaled, splat } from './linear.ts';
import { shiftFloor } from './shift.ts';
import { isZeroTestable } from './target.ts';

/** w * 2^shift. */
export interface Limb {
  readonly w: Wire;
  readonly shift: number;
}

/** The sum of its limbs, which rise in shift and of which no two share one; `range` is the interval of the sum. */
export interface Wide {
  readonly limbs: readonly Limb[];
  readonly range: Interval;
}

/** A wire as it is. */
export function wideOf(w: Wire): Wide {
  return { limbs: [{ w, shift: 0 }], range: w.range };
}

/** Bits of a digit: four products of digits, a carry and the identity around them stay below the modulus. */
export function digitBits(b: Builder): number {
  return Math.max(1, Math.floor((bitLength(b.target.modulus) - 5) / 2));
}

/** True if a value of the interval leaves room for the identities in which it stands. */
export function isComfortable(b: Builder, r: Interval): boolean {
  return 4n * r.hi < b.target.modulus && -4n * r.lo < b.target.modulus;
}

/** True if a digit of a value of the interval can be carried: the identity of the carry stays below the modulus. */
export function isCarried(b: Builder, r: Interval): boolean {
  const step = 1n << BigInt(digitBits(b));
  return isZeroTestable(b, r) && r.hi - r.lo + step < b.target.modulus;
}

/** One limb per shift, rising. */
export function merged(b: Builder, limbs: readonly Limb[]): Limb[] {
  const shifts = [...new Set(limbs.map((l) => l.shift))].sort((x, y) => x - y);
  return shifts.map((shift) => ({
    shift,
    w: b.affine(limbs.filter((l) => l.shift === shift).map((l) => [l.w, 1n] as const)),
  }));
}

/** The same sum with comfortable limbs, one per shift: what is too much for a limb is carried into the next. */
export function settled(b: Builder, limbs: readonly Limb[], label: string): Limb[] {
  let rest = merged(b, limbs);
  for (let i = 0; i < rest.length; i++) {
    const { w, shift } = rest[i]!;
    if (isComfortable(b, w.range)) continue;
    const step = Math.min((rest[i + 1]?.shift ?? Number.POSITIVE_INFINITY) - shift, digitBits(b));
    const digits = digitsOf(b, w, `${label}.carry${shift + step}`, step, 2);
    const carried = digits.map((d) => ({ w: d.w, shift: shift + d.shift }));
    rest = merged(b, [...rest.slice(0, i), ...carried, ...rest.slice(i + 1)]);
  }
  return rest;
}

/** How many digits of so many bits hold the interval, the last with the sign. */
export function digitCount(x: Interval, bits: number): number {
  return Math.max(1, Math.ceil(bitLength(max(x.hi, -x.lo)) / bits));
}

/**
 * Digits of x, low first, the last with the sign. Fewer than {@link digitCount} leave the last one wide.
 * @throws Diagnostic `field-overflow` if residues do not tell the values of x apart.
 */
export function digitsOf(
  b: Builder,
  x: Wire,
  label: string,
  bits = digitBits(b),
  n = digitCount(x.range, bits),
): Limb[] {
  if (n <= 1) return [{ w: x, shift: 0 }];
  const exact = floorDivInterval(x.range, 1n << BigInt(bits * (n - 1)));
  const outs = (top: Interval): Interval[] =>
    Array.from({ length: n }, (_, i) => (i === n - 1 ? top : interval(0n, (1n << BigInt(bits)) - 1n)));
  const identity = (ranges: readonly Interval[]): Interval =>
    ranges.reduce((sum, r, i) => addIntervals(sum, scaleInterval(r, -(1n << BigInt(bits * i)))), x.range);
  const hull = outs(powerOfTwoHull(exact));
  const ranges = isZeroTestable(b, identity(hull)) ? hull : outs(exact);
  const digits = b.hint(
    { kind: 'digits', bits, n },
    [x],
    ranges.map((range) => ({ shape: x.shape, range })),
    label,
  );
  const terms = digits.map((d, i) => [d, -(1n << BigInt(bits * i))] as const);
  b.assertZero(b.affine([[x, 1n], ...terms]), `${label}.identity`);
  return digits.map((w, i) => ({ w, shift: bits * i }));
}

/** x * y element by element, equal shapes; one limb where the product fits. */
export function mulWide(b: Builder, x: Wire, y: Wire, label: string): Wide {
  const range = mulIntervals(x.range, y.range);
  if (isComfortable(b, range)) return { limbs: [{ w: hadamard(b, x, y), shift: 0 }], range };
  const [xs, ys] = [digitsOf(b, x, `${label}.x`), digitsOf(b, y, `${label}.y`)];
  const products = xs.flatMap((p) => ys.map((q) => ({ w: hadamard(b, p.w, q.w), shift: p.shift + q.shift })));
  return { limbs: merged(b, products), range };
}

/** k * x; one limb where it fits. */
export function scaleWide(b: Builder, x: Wire, k: bigint, label: string): Wide {
  const range = scaleInterval(x.range, k);
  if (isComfortable(b, range)) return { limbs: [{ w: scaled(b, x, k), shift: 0 }], range };
  const bits = BigInt(digitBits(b));
  const [sign, size] = k < 0n ? [-1n, -k] : [1n, k];
  const limbs: Limb[] = [];
  const digits = digitsOf(b, x, label);
  for (let rest = size, shift = 0; rest > 0n; rest >>= bits, shift += Number(bits)) {
    const digit = sign * (rest & ((1n << bits) - 1n));
    if (digit !== 0n) for (const d of digits) limbs.push({ w: scaled(b, d.w, digit), shift: d.shift + shift });
  }
  return { limbs: merged(b, limbs), range };
}

/** k * x. */
export function multipleOf(b: Builder, x: Wide, k: bigint, label: string): Wide {
  const range = scaleInterval(x.range, k);
  const limbs = x.limbs.flatMap(({ w, shift }, i) =>
    scaleWide(b, w, k, x.limbs.length === 1 ? label : `${label}.limb${i}`).limbs.map((l) => ({
      w: l.w,
      shift: l.shift + shift,
    })),
  );
  return { limbs: x.limbs.length === 1 ? limbs : settled(b, limbs, label), range };
}

/** -x. */
export function negateWide(b: Builder, x: Wide): Wide {
  return {
    limbs: x.limbs.map(({ w, shift }) => ({ w: scaled(b, w, -1n), shift })),
    range: scaleInterval(x.range, -1n),
  };
}

/** Sum; at least one operand. */
export function addWide(b: Builder, ...xs: readonly [Wide, ...Wide[]]): Wide {
  return {
    limbs: merged(
      b,
      xs.flatMap((x) => x.limbs),
    ),
    range: xs.map((x) => x.range).reduce(addIntervals),
  };
}

/** x + 2^k. */
export function addPowerOfTwo(b: Builder, x: Wide, k: number): Wide {
  const roomy = x.limbs.findLast(({ w, shift }) => {
    const power = 1n << BigInt(Math.max(0, k - shift));
    return shift <= k && isComfortable(b, addIntervals(w.range, interval(power, power)));
  });
  const shift = roomy?.shift ?? Math.floor(k / digitBits(b)) * digitBits(b);
  const constant = splat(b, 1n << BigInt(k - shift), x.limbs[0]!.w.shape);
  return addWide(b, x, { limbs: [{ w: constant, shift }], range: interval(1n << BigInt(k), 1n << BigInt(k)) });
}

/**
 * floor(x / 2^s).
 * @throws Diagnostic `field-overflow` if the result itself, or a sum of too many products, does not fit the field.
 */
export function shiftWide(b: Builder, x: Wide, s: number, label: string): Wire {
  const limbs = settled(b, x.limbs, label);
  const terms = limbs.filter((l) => l.shift > s).map(({ w, shift }) => [w, 1n << BigInt(shift - s)] as const);
  let carried: Limb | undefined;
  for (const { w, shift } of limbs.filter((l) => l.shift <= s)) {
    const carry = carried && shiftFloor(b, carried.w, shift - carried.shift, `${label}.carry${shift}`);
    carried = { w: carry ? plus(b, carry, w) : w, shift };
  }
  if (carried) terms.unshift([shiftFloor(b, carried.w, s - carried.shift, label), 1n]);
  return b.deduce(b.affine(terms), floorDivInterval(x.range, 1n << BigInt(s)), 'carry');
}

/** States x = 0. @throws Diagnostic `field-overflow` if a sum of too many products does not fit the field. */
export function zeroWide(b: Builder, x: Wide, label: string): void {
  const first = x.limbs[0]!;
  let [current, at] = [first.w, first.shift];
  for (const limb of x.limbs.slice(1)) {
    const by = 1n << BigInt(limb.shift - at);
    const name = `${label}.carry${limb.shift}`;
    const exact = floorDivInterval(current.range, by);
    const hull = powerOfTwoHull(exact);
    const identity = (q: Interval): Interval => addIntervals(current.range, scaleInterval(q, -by));
    const quotient = isZeroTestable(b, identity(hull)) ? hull : exact;
    const outs = [quotient, interval(0n, 0n)].map((range) => ({ shape: current.shape, range }));
    const carry = b.hint({ kind: 'divmod', by }, [current], outs, name)[0]!;
    const exactly = b.affine([
      [current, 1n],
      [carry, -by],
    ]);
    b.assertZero(exactly, `${name}.identity`);
    current = plus(b, limb.w, carry);
    at = limb.shift;
  }
  b.assertZero(current, label);
}
