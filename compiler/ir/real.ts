// Real functions rounded correctly: bigint fixed point with proven error bounds, so that every machine builds the same tables.
//
// ECMAScript does not fix the last bits of Math.exp or Math.tanh. Here a value is enclosed between two multiples of 2^-bits;
// if both ends round to the same integer, that integer is right, else more bits are used. The functions are transcendental
// at every rational but 0 (Lindemann), so no value away from 0 is a tie and the loop ends; at 0 they are exact.
import { bitLength, floorDiv } from './interval.ts';
import { mulRational, type Rational, rational } from './rational.ts';

/** lo / 2^bits <= value <= hi / 2^bits */
export interface Enclosure {
  readonly lo: bigint;
  readonly hi: bigint;
  readonly bits: number;
}

/** Largest precision that is tried (bits). */
const MAX_BITS = 2048;
/** Arguments of exp above this are refused; below the negative precision the result is smaller than one unit. */
const MAX_ARGUMENT = 1024n;
/** Binary digits carried beyond those asked for. */
const GUARD = 48;
/** exp is computed on an argument divided by 2^HALVINGS and squared as often. */
const HALVINGS = 16;

const logarithms = new Map<number, bigint>();

/**
 * ln 2 in units of 2^-w, as 2 * artanh(1/3) = sum of 2 / ((2i+1) * 3^(2i+1)).
 * Every floor loses less than one unit: two and a fraction per term, fewer than w/3 + 2 terms; the error is below w + 8 units.
 */
function ln2(w: number): bigint {
  const known = logarithms.get(w);
  if (known !== undefined) return known;
  let power = (2n << BigInt(w)) / 3n;
  let sum = 0n;
  for (let i = 1n; power > 0n; i += 2n) {
    sum += power / i;
    power /= 9n;
  }
  logarithms.set(w, sum);
  return sum;
}

/**
 * Enclosure of e^x.
 *
 * Units are 2^-w. x = k * ln 2 + r with 0 <= r < ln 2; |k| <= 2^12, so r is off by at most 1 + |k| * (w + 8) <= 2^24 units
 * (w <= 2^12 - 8). The series is summed at r / 2^16: fewer than 2^8 terms lose at most two units each, and r / 2^16 is off by
 * 2^8 + 1, together less than 2^10 units, relative to a value of at least one. Each of the 16 squarings doubles the relative
 * error and adds one unit: less than 2^27 units on a value below 2. At least GUARD digits are dropped in the end, so the
 * error is below 2^-20 of the last digit kept, and the floor is at most one digit below and less than two below the value.
 * @throws RangeError for x above 1024 or a precision above 2048 bits.
 */
export function expEnclosure(x: Rational, bits: number): Enclosure {
  if (bits > MAX_BITS || x.num > MAX_ARGUMENT * x.den)
    throw new RangeError(`exp: expected an argument of at most ${MAX_ARGUMENT} and at most ${MAX_BITS} bits`);
  // e^x < 2^x for x < 0.
  if (x.num < -BigInt(bits) * x.den) return { lo: 0n, hi: 1n, bits };
  const growth = x.num > 0n ? Number((3n * x.num) / (2n * x.den)) + 2 : 0;
  const w = bits + GUARD + growth;
  const one = BigInt(w);
  const scaled = floorDiv(x.num << one, x.den);
  const k = floorDiv(scaled, ln2(w));
  const r = (scaled - k * ln2(w)) >> BigInt(HALVINGS);
  let sum = 0n;
  let term = 1n << one;
  for (let j = 1n; term > 0n; j++) {
    sum += term;
    term = ((term * r) >> one) / j;
  }
  for (let i = 0; i < HALVINGS; i++) sum = (sum * sum) >> one;
  const q = sum >> (BigInt(w - bits) - k);
  return { lo: q > 0n ? q - 1n : 0n, hi: q + 2n, bits };
}

/** 1 / (1 + e), rounded outwards, which falls as e rises. */
function reciprocalOfOnePlus(e: Enclosure): Enclosure {
  const one = 1n << BigInt(e.bits);
  const square = one << BigInt(e.bits);
  return { lo: square / (one + e.hi), hi: square / (one + e.lo) + 1n, bits: e.bits };
}

/** The logistic function 1 / (1 + e^-x). */
export function logisticEnclosure(x: Rational, bits: number): Enclosure {
  if (x.num >= 0n) return reciprocalOfOnePlus(expEnclosure({ num: -x.num, den: x.den }, bits));
  const mirrored = reciprocalOfOnePlus(expEnclosure(x, bits));
  const one = 1n << BigInt(bits);
  return { lo: one - mirrored.hi, hi: one - mirrored.lo, bits };
}

/** tanh(x) = 2 * logistic(2x) - 1. */
export function tanhEnclosure(x: Rational, bits: number): Enclosure {
  const half = logisticEnclosure(mulRational(x, rational(2)), bits);
  const one = 1n << BigInt(bits);
  return { lo: 2n * half.lo - one, hi: 2n * half.hi - one, bits };
}

/** floor(r + 1/2). */
export function roundHalfUp(r: Rational): bigint {
  return floorDiv(2n * r.num + r.den, 2n * r.den);
}

/**
 * floor(value / to + 1/2) of an enclosed value that is no tie.
 * @throws RangeError if 2048 bits do not decide it.
 */
export function roundEnclosed(f: (bits: number) => Enclosure, to: Rational): bigint {
  // As many digits as the unit has, and 56 more: one value in 2^50 or so needs a second round.
  for (let bits = 56 + Math.max(0, bitLength(to.den) - bitLength(to.num)); bits <= MAX_BITS; bits *= 2) {
    const { lo, hi } = f(bits);
    const half = to.num << BigInt(bits);
    const round = (v: bigint): bigint => floorDiv(2n * v * to.den + half, 2n * half);
    const [least, most] = [round(lo), round(hi)];
    if (least === most) return least;
  }
  throw new RangeError(`rounding: ${MAX_BITS} bits do not decide a value`);
}

/** e^x in units of `to`, correctly rounded. @throws RangeError for x above 1024. */
export function roundedExp(x: Rational, to: Rational): bigint {
  if (x.num === 0n) return roundHalfUp({ num: to.den, den: to.num });
  return roundEnclosed((bits) => expEnclosure(x, bits), to);
}

/** 1 / (1 + e^-x) in units of `to`, correctly rounded, a half up. */
export function roundedLogistic(x: Rational, to: Rational): bigint {
  if (x.num === 0n) return roundHalfUp(rational(to.den, 2n * to.num));
  return roundEnclosed((bits) => logisticEnclosure(x, bits), to);
}

/** tanh(x) in units of `to`, correctly rounded. */
export function roundedTanh(x: Rational, to: Rational): bigint {
  if (x.num === 0n) return 0n;
  return roundEnclosed((bits) => tanhEnclosure(x, bits), to);
}
