// The twin's arithmetic: KoalaBear and its extension of degree four on bigints, by definition and without tricks.

/** p = 2^31 - 2^24 + 1. */
export const PRIME = 2n ** 31n - 2n ** 24n + 1n;

/** An element of K = F_p[x] / (x^4 - 3): canonical coefficients, constant term first. */
export type Element = readonly [bigint, bigint, bigint, bigint];

export const ZERO: Element = [0n, 0n, 0n, 0n];
export const ONE: Element = [1n, 0n, 0n, 0n];

/** Canonical residue. */
export const modulo = (x: bigint): bigint => ((x % PRIME) + PRIME) % PRIME;

/** base^exponent in F_p. */
export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [b, e] = [base, exponent]; e > 0n; e >>= 1n, b = (b * b) % PRIME) if (e & 1n) result = (result * b) % PRIME;
  return result;
}

export const add = (a: Element, b: Element): Element => [
  (a[0] + b[0]) % PRIME,
  (a[1] + b[1]) % PRIME,
  (a[2] + b[2]) % PRIME,
  (a[3] + b[3]) % PRIME,
];

export const subtract = (a: Element, b: Element): Element => [
  (a[0] - b[0] + PRIME) % PRIME,
  (a[1] - b[1] + PRIME) % PRIME,
  (a[2] - b[2] + PRIME) % PRIME,
  (a[3] - b[3] + PRIME) % PRIME,
];

/** k a, k a residue. */
export const scale = (a: Element, k: bigint): Element => [
  (a[0] * k) % PRIME,
  (a[1] * k) % PRIME,
  (a[2] * k) % PRIME,
  (a[3] * k) % PRIME,
];

/** Product of polynomials, x^4 replaced by 3. */
export function multiply([a0, a1, a2, a3]: Element, [b0, b1, b2, b3]: Element): Element {
  return [
    (a0 * b0 + 3n * (a1 * b3 + a2 * b2 + a3 * b1)) % PRIME,
    (a0 * b1 + a1 * b0 + 3n * (a2 * b3 + a3 * b2)) % PRIME,
    (a0 * b2 + a1 * b1 + a2 * b0 + 3n * (a3 * b3)) % PRIME,
    (a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0) % PRIME,
  ];
}

/** a^(p^4 - 2): the inverse of an element that is not zero. */
export function inverse(a: Element): Element {
  let [result, square] = [ONE, a];
  for (let e = PRIME ** 4n - 2n; e > 0n; e >>= 1n, square = multiply(square, square))
    if (e & 1n) result = multiply(result, square);
  return result;
}

export const equal = (a: Element, b: Element): boolean => a.every((x, i) => x === b[i]);
export const isZero = (a: Element): boolean => equal(a, ZERO);
export const fromBase = (a: bigint): Element => [modulo(a), 0n, 0n, 0n];
export const product = (xs: readonly Element[]): Element => xs.reduce(multiply, ONE);
export const sum = (xs: readonly Element[]): Element => xs.reduce(add, ZERO);

/** 1, x, x^2, ... (n elements). */
export function powers(x: Element, n: number): Element[] {
  const out: Element[] = [];
  for (let [i, v] = [0, ONE]; i < n; i++, v = multiply(v, x)) out.push(v);
  return out;
}

/** Sum of products. */
export const dot = (a: readonly Element[], b: readonly Element[]): Element =>
  a.reduce((total, x, i) => add(total, multiply(x, b[i]!)), ZERO);

/** Sum of products with residues. */
export const dotBase = (a: readonly Element[], b: readonly bigint[]): Element =>
  a.reduce((total, x, i) => (b[i] === 0n ? total : add(total, scale(x, b[i]!))), ZERO);

/** Smallest k with 2^k >= n. */
export function bitsFor(n: number): number {
  let k = 0;
  while (2 ** k < n) k++;
  return k;
}

/** eq(point, i) for every i of as many bits; the first coordinate belongs to the most significant bit. */
export function eqVector(point: readonly Element[]): Element[] {
  let out: Element[] = [ONE];
  for (const r of point)
    out = out.flatMap((x) => {
      const high = multiply(x, r);
      return [subtract(x, high), high];
    });
  return out;
}

/** The vector with its most significant index bit bound to z. */
export function bind(x: readonly Element[], z: Element): Element[] {
  const half = x.length / 2;
  return x.slice(0, half).map((low, i) => add(low, multiply(z, subtract(x[half + i]!, low))));
}

/** Value at z of the quadratic polynomial with values s0 at 0, s1 at 1 and this leading coefficient. */
export function quadratic(s0: Element, s1: Element, leading: Element, z: Element): Element {
  const linear = subtract(subtract(s1, s0), leading);
  return add(s0, multiply(z, add(linear, multiply(z, leading))));
}

/** Point of position j of a codeword of 2^logCode words: 3 w^j, w of order 2^logCode. */
export function codePoint(logCode: number, j: number): bigint {
  const w = power(3n, 127n * 2n ** BigInt(24 - logCode));
  return (3n * power(w, BigInt(j))) % PRIME;
}

/** Value at a point of F_p of the polynomial with coefficients in K. */
export const evaluate = (coefficients: readonly Element[], x: bigint): Element =>
  coefficients.reduceRight((value, c) => add(scale(value, x), c), ZERO);
