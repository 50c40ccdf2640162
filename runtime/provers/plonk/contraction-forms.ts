// Which contractions meet product covectors: found once per circuit by trying one set of challenges.
import { type Plan, preparePullBack } from '../../../compiler/ir/interpret/plan.ts';
import { drawConstraintChallenges, pullConstraints } from './constraint-claims.ts';
import { isProductCovector } from './contraction.ts';
import { proverChannel, type Transcript } from './transcript.ts';
import type { Vectors } from './vectors.ts';

/**
 * For each contraction of the plan, whether form `product` serves it. A covector that is a product at one random point is
 * one at every point but a fraction below 2^-100, by Schwartz and Zippel: its minors are polynomials in the challenges.
 * The answer is part of the verification key; a wrong one costs completeness, never soundness.
 */
export function findProductForms(v: Vectors, plan: Plan): readonly boolean[] {
  if (plan.contractions.length === 0) return [];
  const source: Transcript = proverChannel('zkmlc plonk-koalabear: forms of contractions');
  source.chain(0);
  const outputs = plan.outputs.map(({ wire }) => new Uint32Array(plan.shapes[wire]!.reduce((n, d) => n * d, 1)));
  const challenges = drawConstraintChallenges(source, plan);
  const { pulled } = pullConstraints(v, plan, preparePullBack(plan)(), challenges, outputs);
  return plan.contractions.map(({ spec, a, b }, i) => {
    const covector = pulled.contractions[i];
    return covector === undefined || isProductCovector(spec, plan.shapes[a]!, plan.shapes[b]!, covector);
  });
}
