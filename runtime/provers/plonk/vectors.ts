// Vectors of field elements and what the prover does with them: the interface that the WASM kernels implement, one
// operation at a time, beside a plain implementation that serves as their oracle.
import type { Ext } from './field.ts';

/**
 * Base vectors hold one canonical word per element, K-vectors EXT = 4 consecutive words per element. Points list the
 * most significant index bit first; rounds bind it first. Every array passed in was returned by `alloc` of the same
 * object or by one of its operations, or is a part of such an array; operations allocate their results.
 */
export interface Vectors {
  /** A zeroed array of words. */
  alloc(words: number): Uint32Array;
  /** The words in the memory of this object: the very array if it is there already, else a copy. */
  held(words: Uint32Array): Uint32Array;
  /** Everything allocated after the mark may be reused after `release(mark)`. */
  mark(): number;
  release(mark: number): void;

  /** eq(point, i) for i < 2^point.length (K-vector), times `factor`. */
  eq(point: readonly Ext[], factor: Ext): Uint32Array;
  /** lo + z (hi - lo) over the halves of a K-vector, in place of the lower half: the beginning of x's own memory. */
  foldInPlace(x: Uint32Array, z: Ext): Uint32Array;
  /** sum a_i b_i, a in K, b in the base field. */
  dotBase(a: Uint32Array, b: Uint32Array): Ext;
  dot(a: Uint32Array, b: Uint32Array): Ext;
  /** into += k a (K-vectors). */
  addScaled(into: Uint32Array, a: Uint32Array, k: Ext): void;
  /** into += k a, a base vector. */
  addScaledBase(into: Uint32Array, a: Uint32Array, k: Ext): void;
  /** into[i n + j] += a[i] b[j] for b of n elements (K-vectors). */
  addOuter(into: Uint32Array, a: Uint32Array, b: Uint32Array): void;
  /** into[j] += sum_i k[i] rows[i n + j] for into of n elements (K-vectors). */
  addRows(into: Uint32Array, rows: Uint32Array, k: Uint32Array): void;
  /**
   * For every start s, in groups of equal size, and i < length: sum_r coefficients[group][r] x[starts[s] + rows[r] + i], of
   * base words x; the K-vector of coefficients has one element per row for each group. Tables may be anywhere.
   */
  foldRows(
    x: Uint32Array,
    starts: Int32Array,
    rows: Int32Array,
    coefficients: Uint32Array,
    length: number,
  ): Uint32Array;

  /** <weights, piece> for every piece of a base vector, as long as the weights (a K-vector); the result is a K-vector. */
  dotPieces(x: Uint32Array, weights: Uint32Array): Uint32Array;

  /** Round of a product sumcheck over K-vectors: [s(0), leading coefficient] of sum (A(X) B(X)). */
  productRound(a: Uint32Array, b: Uint32Array): readonly [Ext, Ext];
  /** Binds the first variable to z by folds in place, at least two elements left, and returns the next round's message. */
  productStep(a: Uint32Array, b: Uint32Array, z: Ext): readonly [Ext, Ext];

  /** Layer above a fraction tree's layer: (p0 q1 + p1 q0, q0 q1) over neighbours 2i, 2i+1. */
  fractionLayer(p: Uint32Array, q: Uint32Array): { readonly p: Uint32Array; readonly q: Uint32Array };
  /** The same of numerators that are base words. */
  fractionLayerBase(p: Uint32Array, q: Uint32Array): { readonly p: Uint32Array; readonly q: Uint32Array };
  /**
   * First round of a fraction layer's sumcheck: puts p1 + lambda q1 in place of p1 and returns [g(0), leading coefficient] of
   * sum E (p0 q1 + q0 p1). Elements 2i and 2i + 1 of p and q are p0, p1 and q0, q1 of point i; E has a quarter of their
   * length.
   */
  fractionStart(e: Uint32Array, p: Uint32Array, q: Uint32Array, lambda: Ext): readonly [Ext, Ext];
  /**
   * Binds the first variable to z, in place (E = lo + hi, p and q by `fold`, results in the first halves), and returns the
   * next round's message. E has a quarter of the length of p and q, as in the round before.
   */
  fractionStep(e: Uint32Array, p: Uint32Array, q: Uint32Array, z: Ext): readonly [Ext, Ext];
  /** `fractionStart` for numerators that are base words; changes nothing. */
  fractionStartBase(e: Uint32Array, p: Uint32Array, q: Uint32Array, lambda: Ext): readonly [Ext, Ext];
  /** `fractionStep` after `fractionStartBase`; the bound numerators, p1 + lambda q1 for p1, are a new K-vector. */
  fractionStepBase(
    e: Uint32Array,
    p: Uint32Array,
    q: Uint32Array,
    lambda: Ext,
    z: Ext,
  ): { readonly p: Uint32Array; readonly message: readonly [Ext, Ext] };

  /**
   * Reed-Solomon encoding of every column: `columns` is column-major with 2^logMessage words each (coefficients of X^i);
   * the result is row-major with 2^logCode rows of `columns.length / 2^logMessage` words: row j holds the values at
   * 3 w^j, w of order 2^logCode.
   */
  encode(columns: Uint32Array, logMessage: number, logCode: number): Uint32Array;
  /** Hash of every row (32 bytes each): see `hashLeaf` in merkle.ts. `width` words per row. */
  hashRows(rows: Uint32Array, width: number, tree: Uint8Array): Uint8Array;
  /** Hashes of neighbouring pairs (32 bytes each): see `hashNode` in merkle.ts. */
  hashPairs(nodes: Uint8Array, tree: Uint8Array, level: number): Uint8Array;
}
