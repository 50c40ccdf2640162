// Emits arithmetic of KoalaBear, four words at a time, and of its extension, one element at a time.
//
// Words in memory are canonical. A product by a constant comes out canonical because the constant is in Montgomery form
// (times 2^32) or comes with Shoup's quotient; a product of two words from memory comes out divided by 2^32.
// Montgomery: "Modular multiplication without trial division" (1985); Shoup: Harvey, "Faster arithmetic for number-theoretic
// transforms" (2014), section 3.
import { i64, type Local, type Value } from '../../wasm/emitter.ts';
import { i32x4, i64x2, v128 } from '../../wasm/simd.ts';
import type { Writer } from '../../wasm/writer.ts';
import { mulP, NON_RESIDUE, P } from '../field.ts';

export type Vector = Value<'v128'>;
type Address = Value<'i32'>;

/** 2^32 modulo p. */
export const RADIX = 2 ** 32 % P;
const RADIX_SQUARED = mulP(RADIX, RADIX);

/** 1 / p modulo 2^32 (Newton: each step doubles the correct bits, and p p = 1 modulo 8). */
const P_INVERSE = ((): number => {
  let inverse = P;
  for (let bits = 3; bits < 32; bits *= 2) inverse = Math.imul(inverse, 2 - Math.imul(P, inverse));
  return inverse >>> 0;
})();

const everywhere = (n: number): Vector => v128.const(n, n, n, n);

/** Four products of 64 bits: of lanes 0 and 1, and of lanes 2 and 3. */
export interface Products {
  readonly low: Vector;
  readonly high: Vector;
}

/** A factor with Shoup's quotient floor(factor 2^32 / p), word by word. */
export interface ShoupFactor {
  readonly factor: Vector;
  readonly quotient: Vector;
}

/** floor(factor 2^32 / p) of a canonical word. */
export const shoupQuotient = (factor: number): number => Math.imul(-mulP(factor, RADIX), P_INVERSE) >>> 0;

/** A constant in all lanes. */
export const shoupFactor = (factor: number): ShoupFactor => ({
  factor: everywhere(factor),
  quotient: everywhere(shoupQuotient(factor)),
});

/** Arithmetic on four canonical words; macros of one function. */
export interface FieldCode {
  readonly w: Writer;
  /** p in all lanes. */
  readonly p: Vector;
  readonly add: (a: Vector, b: Vector) => Vector;
  readonly sub: (a: Vector, b: Vector) => Vector;
  readonly triple: (a: Vector) => Vector;
  readonly products: (a: Vector, b: Vector) => Products;
  /** Sums below 2^64 each. */
  readonly sum: (terms: readonly Products[]) => Products;
  /** Products modulo p 2^32, below p 2^32: the sum of two, or of one and a product of words, may be reduced. */
  readonly lowered: (t: Products) => Products;
  /** Each product divided by 2^32, canonical; products at most 4 (p - 1)^2. */
  readonly reduce: (t: Products) => Vector;
  /** A sum of products modulo p, canonical; each term at most 4 (p - 1)^2. */
  readonly modulo: (terms: readonly Products[]) => Vector;
  /** a b / 2^32. */
  readonly montgomery: (a: Vector, b: Vector) => Vector;
  /** Product by a constant; `a` may be any word of 32 bits. */
  readonly shoup: (a: Vector, by: ShoupFactor) => Vector;
  /** Words times 2^32. */
  readonly toMontgomery: (a: Vector) => Vector;
  /** Shoup's quotients of canonical words, as {@link shoupQuotient} has them. */
  readonly shoupQuotients: (factor: Vector) => Vector;
  /** The same from the words in Montgomery form. */
  readonly quotientOf: (scaled: Vector) => Vector;
}

export function fieldCode(w: Writer): FieldCode {
  const p = w.let(everywhere(P));
  const pInverse = w.let(everywhere(P_INVERSE));
  // min(x, x - p) without sign: x if that is below p, for x below 2p; and min(x, x + p) for x = a - b modulo 2^32.
  const lower = (x: Vector): Vector => w.let(i32x4.minU(x, i32x4.sub(x, p)));
  const raise = (x: Vector): Vector => w.let(i32x4.minU(x, i32x4.add(x, p)));
  const add = (a: Vector, b: Vector): Vector => lower(w.let(i32x4.add(a, b)));
  const sub = (a: Vector, b: Vector): Vector => raise(w.let(i32x4.sub(a, b)));
  const products = (a: Vector, b: Vector): Products => ({
    low: i64x2.productsLow(a, b),
    high: i64x2.productsHigh(a, b),
  });
  const lowWords = (t: Products): Vector => v128.shuffle(t.low, t.high, [0, 2, 4, 6]);
  const highWords = (t: Products): Vector => v128.shuffle(t.low, t.high, [1, 3, 5, 7]);
  const named = (t: Products): Products => ({ low: w.let(t.low), high: w.let(t.high) });
  const sum = (terms: readonly Products[]): Products =>
    named(terms.reduce((a, b) => ({ low: i64x2.add(a.low, b.low), high: i64x2.add(a.high, b.high) })));
  // Both halves of a 64-bit lane at once: its low word loses nothing.
  const highOnly = w.let(v128.const(0, P, 0, P));
  const lowerHigh = (x: Vector): Vector => {
    const t = w.let(x);
    return i32x4.minU(t, i32x4.sub(t, highOnly));
  };
  const lowered = (t: Products): Products => ({ low: lowerHigh(t.low), high: lowerHigh(t.high) });
  // t = high 2^32 + low. With q = low / p modulo 2^32, t - q p is a multiple of 2^32: t / 2^32 = high - floor(q p / 2^32).
  const montgomeryStep = (t: Products, high: Vector): Vector => {
    const q = w.let(i32x4.mul(lowWords(t), pInverse));
    return raise(w.let(i32x4.sub(high, highWords(products(q, p)))));
  };
  const reduce = (t: Products): Vector => {
    const both = named(t);
    // The high words are below 2p, and must be below p for the difference.
    return montgomeryStep(both, lower(w.let(highWords(both))));
  };
  const montgomery = (a: Vector, b: Vector): Vector => {
    const t = named(products(a, b));
    return montgomeryStep(t, highWords(t));
  };
  const shoup = (a: Vector, { factor, quotient }: ShoupFactor): Vector => {
    const q = highWords(products(a, quotient));
    return lower(w.let(i32x4.sub(i32x4.mul(a, factor), i32x4.mul(q, p))));
  };
  // floor(f 2^32 / p) = (f 2^32 - (f 2^32 mod p)) / p, exactly; modulo 2^32 that is -(f 2^32 mod p) / p.
  const quotientOf = (scaled: Vector): Vector => i32x4.mul(i32x4.sub(everywhere(0), scaled), pInverse);
  const modulo = (terms: readonly Products[]): Vector => {
    const parts = terms.map(named);
    // high 2^32 + low: Shoup's product takes any word, and a word is below 3p.
    const lows = parts.map((t) => lower(lower(w.let(lowWords(t)))));
    const highs = parts.map((t) => lower(w.let(highWords(t))));
    return add(shoup(highs.reduce(add), shoupFactor(RADIX)), lows.reduce(add));
  };
  return {
    w,
    p,
    add,
    sub,
    modulo,
    triple: (a) => add(add(a, a), a),
    products,
    sum,
    lowered,
    reduce,
    montgomery,
    shoup,
    toMontgomery: (a) => montgomery(a, everywhere(RADIX_SQUARED)),
    shoupQuotients: (factor) => w.let(quotientOf(montgomery(factor, everywhere(RADIX_SQUARED)))),
    quotientOf,
  };
}

/**
 * A factor of K, arranged for products by elements in one vector each: part m holds in lane l what the operand's lane
 * l xor m must be multiplied by, times NON_RESIDUE where x^4 wraps around.
 */
export type Arranged = readonly [Vector, Vector, Vector, Vector];

/** Arithmetic of K on elements that are one vector each; macros of one function. */
export interface ExtensionCode extends FieldCode {
  readonly arrange: (factor: Vector) => Arranged;
  /** An element in memory, in Montgomery form. */
  readonly constant: (address: Address) => Arranged;
  /** The four lane products summed up: the product of K before reduction, at most 4 (p - 1)^2 in each lane. */
  readonly product: (a: Vector, by: Arranged) => Products;
  /** Product of K, divided by 2^32. */
  readonly multiply: (a: Vector, by: Arranged) => Vector;
  /** A base word in all lanes times an element with its quotients. */
  readonly shoupConstant: (address: Address) => ShoupFactor;
}

export function extensionCode(w: Writer): ExtensionCode {
  const field = fieldCode(w);
  const arrange = (factor: Vector): Arranged => {
    const f = w.let(factor);
    const wrapped = field.triple(f);
    // Lane l of part m: coefficient l - (l xor m) of the factor, wrapped where that is negative.
    const mixed = w.let(v128.shuffle(f, wrapped, [0, 1, 6, 7]));
    return [
      w.let(v128.shuffle(f, f, [0, 0, 0, 0])),
      w.let(v128.shuffle(mixed, mixed, [3, 1, 3, 1])),
      w.let(v128.shuffle(wrapped, f, [2, 2, 6, 6])),
      w.let(v128.shuffle(wrapped, f, [1, 3, 5, 7])),
    ];
  };
  const product = (a: Vector, by: Arranged): Products => {
    const x = w.let(a);
    return field.sum([
      field.products(x, by[0]),
      field.products(w.let(v128.shuffle(x, x, [1, 0, 3, 2])), by[1]),
      field.products(w.let(v128.shuffle(x, x, [2, 3, 0, 1])), by[2]),
      field.products(w.let(v128.shuffle(x, x, [3, 2, 1, 0])), by[3]),
    ]);
  };
  return {
    ...field,
    arrange,
    product,
    constant: (address) => arrange(field.toMontgomery(v128.load(address))),
    multiply: (a, by) => field.reduce(product(a, by)),
    shoupConstant: (address) => {
      const factor = w.let(v128.load(address));
      return { factor, quotient: field.shoupQuotients(factor) };
    },
  };
}

/** Sum of 64-bit terms, two lanes, without overflow: the sum modulo 2^64 and the sum of the terms' high words. */
export interface Accumulator {
  readonly sum: Local<'v128'>;
  readonly high: Local<'v128'>;
}

export function accumulator(w: Writer): Accumulator {
  return { sum: w.variable(everywhere(0)), high: w.variable(everywhere(0)) };
}

export function accumulate(w: Writer, { sum, high }: Accumulator, term: Vector): void {
  const t = w.let(term);
  w.emit(sum.set(i64x2.add(sum.get, t)));
  w.emit(high.set(i64x2.add(high.get, i64x2.shrU(t, 32))));
}

/** A sum of terms as two integers modulo 2^64, see {@link Accumulator}. */
export interface Total {
  readonly sum: Value<'i64'>;
  readonly high: Value<'i64'>;
}

export const laneTotal = (a: Accumulator, lane: 0 | 1): Total => ({
  sum: i64x2.extract(a.sum.get, lane),
  high: i64x2.extract(a.high.get, lane),
});

export const addTotals = (a: Total, b: Total): Total => ({
  sum: i64.add(a.sum, b.sum),
  high: i64.add(a.high, b.high),
});

/** A total times NON_RESIDUE: where x^4 wraps around. */
export const wrapTotal = (a: Total): Total => {
  const by = i64.const(BigInt(NON_RESIDUE));
  return { sum: i64.mul(a.sum, by), high: i64.mul(a.high, by) };
};

/**
 * A total times `factor`, modulo p. The terms' low words sum up to sum - 2^32 high modulo 2^64, and to less than 2^64
 * for fewer than 2^30 terms.
 */
export function totalModulo(w: Writer, total: Total, factor: number): Value<'i64'> {
  const p = i64.const(BigInt(P));
  const scaled = (a: Value<'i64'>, by: number): Value<'i64'> => i64.mul(i64.remU(a, p), i64.const(BigInt(by)));
  const sum = w.let(total.sum);
  const high = w.let(total.high);
  const low = i64.sub(sum, i64.shl(high, i64.const(32n)));
  return i64.remU(i64.add(scaled(high, mulP(RADIX, factor)), scaled(low, factor)), p);
}
