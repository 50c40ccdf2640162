// Correctly rounded functions: close to Math.*, monotone, exact at 0, equal to a slower evaluation at higher precision.
import { describe, expect, test } from 'vitest';
import { powerOfTwo, type Rational, rational, rationalFromNumber } from '../compiler/ir/rational.ts';
import {
  type Enclosure,
  expEnclosure,
  logisticEnclosure,
  roundedExp,
  roundedLogistic,
  roundedTanh,
  roundHalfUp,
  tanhEnclosure,
} from '../compiler/ir/real.ts';

const functions: readonly {
  readonly name: string;
  readonly enclose: (x: Rational, bits: number) => Enclosure;
  readonly rounded: (x: Rational, to: Rational) => bigint;
  readonly real: (x: number) => number;
}[] = [
  { name: 'exp', enclose: expEnclosure, rounded: roundedExp, real: Math.exp },
  { name: 'logistic', enclose: logisticEnclosure, rounded: roundedLogistic, real: (x) => 1 / (1 + Math.exp(-x)) },
  { name: 'tanh', enclose: tanhEnclosure, rounded: roundedTanh, real: Math.tanh },
];

/** Arguments of both signs and many magnitudes. */
const ARGUMENTS = [
  ...Array.from({ length: 161 }, (_, i) => (i - 80) / 8),
  ...[1e-9, 1e-4, 0.1, 1 / 3, Math.LN2, 20.5, 33, 40.25].flatMap((x) => [x, -x]),
];

describe.each(functions)('$name', ({ enclose, rounded, real }) => {
  test('encloses the value that Math gives to 1e-12, in at most a few units', () => {
    for (const x of ARGUMENTS)
      for (const bits of [40, 64, 131]) {
        const { lo, hi } = enclose(rationalFromNumber(x), bits);
        expect(hi - lo).toBeLessThanOrEqual(8n);
        expect(hi).toBeGreaterThan(lo);
        if (bits === 40) continue;
        const value = Number((lo * 2n ** 60n) >> BigInt(bits)) / 2 ** 60;
        expect(Math.abs(value - real(x))).toBeLessThanOrEqual(1e-12 * Math.max(1, real(x)));
      }
  });

  test('an enclosure contains every finer one', () => {
    for (const x of ARGUMENTS) {
      const [coarse, fine] = [48, 200].map((bits) => enclose(rationalFromNumber(x), bits));
      expect(coarse!.lo << 152n).toBeLessThanOrEqual(fine!.lo);
      expect(coarse!.hi << 152n).toBeGreaterThanOrEqual(fine!.hi);
    }
  });

  test('rounds to the nearest integer and is monotone', () => {
    for (const to of [powerOfTwo(-7), powerOfTwo(-15), rational(1, 100), rational(3, 7)]) {
      const unit = Number(to.num) / Number(to.den);
      let previous: bigint | undefined;
      for (let i = -96; i <= 96; i++) {
        const x = rational(i, 16);
        const y = rounded(x, to);
        expect(Math.abs(Number(y) - real(i / 16) / unit)).toBeLessThanOrEqual(0.5 + 1e-9);
        if (previous !== undefined) expect(y).toBeGreaterThanOrEqual(previous);
        previous = y;
      }
    }
  });
});

test('values at 0 are exact and ties go up', () => {
  const zero = rational(0);
  expect(roundedTanh(zero, powerOfTwo(-7))).toBe(0n);
  expect(roundedLogistic(zero, powerOfTwo(-8))).toBe(128n);
  expect(roundedLogistic(zero, rational(1))).toBe(1n);
  expect(roundedLogistic(zero, rational(1, 127))).toBe(64n);
  expect(roundedExp(zero, powerOfTwo(-12))).toBe(4096n);
  expect(roundHalfUp(rational(-1, 2))).toBe(0n);
  expect(roundHalfUp(rational(-3, 2))).toBe(-1n);
  expect(roundHalfUp(rational(1, 2))).toBe(1n);
});

test('far arguments saturate', () => {
  expect(roundedLogistic(rational(-1000000), powerOfTwo(-15))).toBe(0n);
  expect(roundedLogistic(rational(1000000), powerOfTwo(-15))).toBe(32768n);
  expect(roundedTanh(rational(-5000, 3), powerOfTwo(-7))).toBe(-128n);
  expect(roundedExp(rational(-400), powerOfTwo(-20))).toBe(0n);
  expect(() => roundedExp(rational(1025), rational(1))).toThrow(RangeError);
});

test('a value very close to a tie is decided by more bits', () => {
  // exp(x) for tiny x is 1 + x: in units of 2/3 it lies x away from the tie 3/2.
  const to = rational(2, 3);
  expect(roundedExp(rational(1n, 2n ** 100n), to)).toBe(2n);
  expect(roundedExp(rational(-1n, 2n ** 100n), to)).toBe(1n);
});
