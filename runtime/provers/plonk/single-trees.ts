// Fraction trees by the sumcheck of a single one, numerators as elements of K: until trees have a sumcheck of their own.

import { ONE } from './field.ts';
import { verifyFractions as check, type FractionClaim, proveFractions as one } from './fraction-sumcheck.ts';
import type { ProverChannel, VerifierChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

export type { FractionClaim };
export interface FractionTree {
  readonly variables: number;
  leaves(): { readonly p: Uint32Array; readonly q: Uint32Array };
}
export function proveFractions(v: Vectors, channel: ProverChannel, trees: readonly FractionTree[]): FractionClaim[] {
  return trees.map((t) => {
    const { p, q } = t.leaves();
    const k = v.alloc(q.length);
    v.addScaledBase(k, p, ONE);
    return one(v, channel, { p: k, q });
  });
}
export function verifyFractions(channel: VerifierChannel, variables: readonly number[]): FractionClaim[] {
  return variables.map((n) => check(channel, n));
}
