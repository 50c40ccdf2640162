// KoalaBear and its extension on bigints, by definition: what the number arithmetic and the vectors are compared with.
import type { Ext } from '../../runtime/provers/plonk/field.ts';
import type { Random } from '../kits/random.ts';

export const PRIME = 2130706433n;

/** An element of F_p[x] / (x^4 - 3). */
export type BigExt = readonly bigint[];

export const mod = (x: bigint): bigint => ((x % PRIME) + PRIME) % PRIME;

export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [b, e] = [base, exponent]; e > 0n; e >>= 1n, b = mod(b * b)) if (e & 1n) result = mod(result * b);
  return result;
}

export const bigAdd = (a: BigExt, b: BigExt): BigExt => a.map((x, i) => mod(x + b[i]!));
export const bigSub = (a: BigExt, b: BigExt): BigExt => a.map((x, i) => mod(x - b[i]!));
export const bigScale = (a: BigExt, k: bigint): BigExt => a.map((x) => mod(x * k));

/** Product of polynomials, x^4 replaced by 3. */
export function bigMul(a: BigExt, b: BigExt): BigExt {
  const out = [0n, 0n, 0n, 0n];
  for (let i = 0; i < 4; i++)
    for (let j = 0; j < 4; j++) out[(i + j) % 4] = mod(out[(i + j) % 4]! + a[i]! * b[j]! * (i + j < 4 ? 1n : 3n));
  return out;
}

export const ZERO_EXT: BigExt = [0n, 0n, 0n, 0n];
export const ONE_EXT: BigExt = [1n, 0n, 0n, 0n];

export const bigSum = (xs: readonly BigExt[]): BigExt => xs.reduce(bigAdd, ZERO_EXT);

export const bigOf = (x: Ext): BigExt => x.map(BigInt);

/** Elements of a K-vector. */
export function bigElements(x: Uint32Array): BigExt[] {
  return Array.from({ length: x.length / 4 }, (_, i) => [...x.subarray(4 * i, 4 * i + 4)].map(BigInt));
}

/** Words of elements, one after the other. */
export const wordsOf = (xs: readonly BigExt[]): number[] => xs.flat().map(Number);

/** Value at 3 w^j of the polynomial with these coefficients, w of order 2^logCode. */
export function bigCodeword(message: readonly bigint[], logCode: number, j: number): bigint {
  const w = power(power(3n, 127n), 1n << BigInt(24 - logCode));
  const point = mod(3n * power(w, BigInt(j)));
  return message.reduceRight((value, coefficient) => mod(value * point + coefficient), 0n);
}

/** A canonical word, often a special one. */
export function randomWord(random: Random): number {
  return Number(random.integer({ lo: 0n, hi: PRIME - 1n }));
}

export const randomWords = (random: Random, count: number): Uint32Array =>
  Uint32Array.from({ length: count }, () => randomWord(random));

export const randomExt = (random: Random): Ext => [
  randomWord(random),
  randomWord(random),
  randomWord(random),
  randomWord(random),
];
