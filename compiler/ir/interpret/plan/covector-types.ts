// Linear functionals over the cells of a wire as sums of products of explicit vectors.
import type { Ext } from '../../koalabear.ts';

/** A vector over some axes of a wire. */
export interface Factor {
  /** Ascending; each of size 2 or more. */
  readonly axes: readonly number[];
  /** K-vector, row-major over these axes. */
  readonly values: Uint32Array;
}

/**
 * k times the product of the factors, which have no axis in common; constant along the axes that no factor has. Which
 * factors a term has follows from shapes alone, never from values: prover and verifier arrive at the same.
 */
export interface Term {
  readonly k: Ext;
  readonly factors: readonly Factor[];
}
