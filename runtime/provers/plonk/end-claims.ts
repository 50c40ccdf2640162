// The last claims: what the sumchecks end in, joined by powers of gamma and pulled back to columns.
import type { PulledBack } from '../../../compiler/ir/interpret/plan.ts';
import { type ContractionInstance, endCovectors } from './contraction.ts';
import { add, type Ext, mul, powers, ZERO } from './field.ts';
import type { FractionClaim } from './fraction-sumcheck.ts';
import { addLeafClaims, type LookupChallenges } from './lookup-leaves.ts';
import type { Protocol } from './protocol.ts';
import { type ProductEnds, suffixFor } from './sumcheck.ts';
import type { Vectors } from './vectors.ts';

/** Ends of all sumchecks of a proof. */
export interface SumcheckEnds {
  /** Absent if the circuit has no lookups. */
  readonly fractions: FractionClaim | undefined;
  readonly instances: readonly ContractionInstance[];
  /** Absent if there are no contractions. */
  readonly products: ProductEnds | undefined;
}

/** Claims that {@link pullEnds} joins with the one on constraints: the degree in gamma. */
export function endClaimCount({ leaves, contractions }: Protocol): number {
  return (leaves.segments.length > 0 ? 2 : 0) + 2 * contractions.length;
}

/**
 * gamma, gamma^2, ... times the claims: numerator and denominator of the lookups, then both operands of every contraction.
 * Their functional, pulled back, and its value. The claim on constraints has the factor 1 and is joined by the caller.
 */
export function pullEnds(
  v: Vectors,
  protocol: Protocol,
  challenges: LookupChallenges,
  gamma: Ext,
  { fractions, instances, products }: SumcheckEnds,
): { readonly pulled: PulledBack; readonly target: Ext } {
  const { plan, leaves } = protocol;
  const pull = protocol.pullBack();
  const factors = powers(gamma, endClaimCount(protocol) + 1).slice(1);
  let next = 0;
  let target = ZERO;
  if (fractions !== undefined) {
    target = addLeafClaims(v, plan, leaves, challenges, fractions, [factors[0]!, factors[1]!], pull);
    next = 2;
  }
  for (const [i, instance] of instances.entries()) {
    const { point, ends } = products!;
    const covectors = endCovectors(v, instance, suffixFor(point, instance.plan.variables));
    const { a, b } = plan.contractions[i]!;
    for (const [side, wire] of [a, b].entries()) {
      const factor = factors[next++]!;
      pull.add(wire, covectors[side]!, factor);
      target = add(target, mul(factor, ends[i]![side]!));
    }
  }
  const pulled = pull.finish();
  if (pulled.contractions.some((c) => c !== undefined)) throw new RangeError('a last claim reaches a contraction');
  return { pulled, target };
}
