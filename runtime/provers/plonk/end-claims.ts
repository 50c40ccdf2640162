// The last claims: what the sumchecks end in, joined by powers of gamma and pulled back to columns.
import type { Plan, PullBack, PulledBack } from '../../../compiler/ir/interpret/plan.ts';
import { endTerms, type PlannedInstance } from './contraction.ts';
import { add, type Ext, mul, ONE, powers, ZERO } from './field.ts';
import type { FractionClaim } from './fraction-trees.ts';
import { addLeafClaims, dryLookupChallenges, type LeafTree, type LookupChallenges } from './lookup-leaves.ts';
import { type ProductEnds, suffixFor } from './sumcheck.ts';
import type { Vectors } from './vectors.ts';

/** What a circuit's claims are about. */
export interface ClaimSources {
  readonly plan: Plan;
  readonly trees: readonly LeafTree[];
  readonly pullBack: () => PullBack;
}

/** Ends of all sumchecks of a proof. */
export interface SumcheckEnds {
  /** One for each tree of lookups. */
  readonly fractions: readonly FractionClaim[];
  readonly instances: readonly PlannedInstance[];
  /** Absent if there are no contractions. */
  readonly products: ProductEnds | undefined;
}

/** Claims that {@link pullEnds} joins with the one on constraints: the degree in gamma. */
export function endClaimCount(trees: number, instances: number): number {
  return 2 * trees + 2 * instances;
}

/**
 * gamma, gamma^2, ... times the claims: numerator and denominator of every tree, then both operands of every contraction.
 * Their functional, pulled back, and its value. The claim on constraints has the factor 1 and is joined by the caller.
 */
export function pullEnds(
  v: Vectors,
  { plan, trees, pullBack }: ClaimSources,
  challenges: LookupChallenges,
  gamma: Ext,
  { fractions, instances, products }: SumcheckEnds,
): { readonly pulled: PulledBack; readonly target: Ext } {
  const pull = pullBack();
  const factors = powers(gamma, endClaimCount(fractions.length, instances.length) + 1).slice(1);
  let next = 0;
  let target = ZERO;
  for (const [i, claim] of fractions.entries()) {
    const both = [factors[next++]!, factors[next++]!] as const;
    target = add(target, addLeafClaims(v, plan, trees[i]!, challenges, claim, both, pull));
  }
  for (const [i, { contraction, instance }] of instances.entries()) {
    const { point, ends } = products!;
    const terms = endTerms(v, instance, suffixFor(point, instance.variables));
    const { a, b } = plan.contractions[contraction]!;
    for (const [side, wire] of [a, b].entries()) {
      const factor = factors[next++]!;
      pull.add(wire, terms[side]!, factor);
      target = add(target, mul(factor, ends[i]![side]!));
    }
  }
  const pulled = pull.finish();
  if (pulled.contractions.some((c) => c.length > 0)) throw new RangeError('a last claim reaches a contraction');
  return { pulled, target };
}

/** Columns' terms of {@link pullEnds} with any challenges: how many there are follows from shapes. */
export function dryPulledEnds(v: Vectors, sources: ClaimSources, instances: readonly PlannedInstance[]): PulledBack {
  const pointOf = (variables: number): Ext[] => new Array<Ext>(variables).fill(ZERO);
  const fractions = sources.trees.map(({ variables }) => ({ point: pointOf(variables), p: ZERO, q: ONE }));
  const rounds = Math.max(0, ...instances.map(({ instance }) => instance.variables));
  const products: ProductEnds = { point: pointOf(rounds), ends: instances.map(() => [ZERO, ZERO]) };
  const challenges = dryLookupChallenges(sources.plan);
  return pullEnds(v, sources, challenges, ONE, { fractions, products, instances }).pulled;
}
