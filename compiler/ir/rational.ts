// Exact positive and negative rationals: scales of quantized tensors, and the text they are printed as.

/** num/den in lowest terms, den > 0. */
export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** @throws RangeError if den is 0. */
export function rational(num: bigint | number, den: bigint | number = 1n): Rational {
  const [n, d] = [BigInt(num), BigInt(den)];
  if (d === 0n) throw new RangeError('rational: expected a denominator other than 0');
  const g = gcd(n, d) * (d < 0n ? -1n : 1n);
  return { num: n / g, den: d / g };
}

/** The number one. */
export const ONE: Rational = rational(1);

/** 2^k, k of either sign. */
export function powerOfTwo(k: number): Rational {
  return k >= 0 ? rational(1n << BigInt(k)) : rational(1n, 1n << BigInt(-k));
}

/** The exact value of a finite float64. @throws RangeError if it is not finite. */
export function rationalFromNumber(x: number): Rational {
  if (!Number.isFinite(x)) throw new RangeError(`rational: expected a finite number, got ${x}`);
  let k = 0;
  let m = x;
  while (!Number.isInteger(m)) {
    m *= 2;
    k++;
  }
  return rational(BigInt(m), 1n << BigInt(k));
}

/** a * b. */
export const mulRational = (a: Rational, b: Rational): Rational => rational(a.num * b.num, a.den * b.den);
/** a / b. @throws RangeError if b is zero. */
export const divRational = (a: Rational, b: Rational): Rational => rational(a.num * b.den, a.den * b.num);
/** True if a and b are the same number: both are reduced. */
export const sameRational = (a: Rational, b: Rational): boolean => a.num === b.num && a.den === b.den;
/** -1, 0 or 1 as a is less than, equal to or greater than b. */
export const compareRational = (a: Rational, b: Rational): number => {
  const d = a.num * b.den - b.num * a.den;
  return d < 0n ? -1 : d > 0n ? 1 : 0;
};

/** Largest rational that divides every argument a whole number of times. */
export function gcdRational(...xs: readonly Rational[]): Rational {
  let den = 1n;
  for (const x of xs) den = (den * x.den) / gcd(den, x.den);
  let num = 0n;
  for (const x of xs) num = gcd(num, x.num * (den / x.den));
  return rational(num, den);
}

/** Nearest float64. */
export function toNumber(r: Rational): number {
  const shift = Math.max(0, Math.min(r.num.toString(2).length, r.den.toString(2).length) - 1000);
  return Number(r.num >> BigInt(shift)) / Number(r.den >> BigInt(shift));
}

/** The exponent k if r = 2^k, else undefined. */
export function log2Exact(r: Rational): number | undefined {
  const power = (n: bigint): number | undefined => {
    if (n <= 0n) return undefined;
    const bits = n.toString(2).length - 1;
    return n === 1n << BigInt(bits) ? bits : undefined;
  };
  const [a, b] = [power(r.num), power(r.den)];
  return a === undefined || b === undefined ? undefined : a - b;
}

/** `2^k` for powers of two other than 1, else `num` or `num/den`; the inverse of {@link parseRational}. */
export function showRational(r: Rational): string {
  const k = log2Exact(r);
  if (k !== undefined && k !== 0) return `2^${k}`;
  return r.den === 1n ? `${r.num}` : `${r.num}/${r.den}`;
}

/** @throws RangeError if the text is not of the form printed by {@link showRational}. */
export function parseRational(text: string): Rational {
  const power = /^2\^(-?\d{1,4})$/.exec(text);
  if (power) return powerOfTwo(Number(power[1]));
  const ratio = /^(-?\d{1,400})(?:\/(\d{1,400}))?$/.exec(text);
  if (!ratio) throw new RangeError(`rational: expected "2^k" or "num/den", got "${text.slice(0, 40)}"`);
  return rational(BigInt(ratio[1]!), BigInt(ratio[2] ?? '1'));
}
