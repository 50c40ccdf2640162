// What a plan contributes to the soundness error: counts of everything that is drawn, batched and looked up.
import type { Plan } from '../../../compiler/ir/interpret/plan.ts';
import { constraintCount, constraintPointBits } from './constraint-claims.ts';
import { planContraction } from './contraction.ts';
import { denominatorDegree, layoutLeaves } from './lookup-leaves.ts';
import type { ProtocolSize } from './parameters.ts';

/** @param isProduct for each contraction of the plan, whether form `product` serves it */
export function protocolSize(plan: Plan, isProduct: readonly boolean[]): ProtocolSize {
  const leaves = layoutLeaves(plan);
  const variables = plan.contractions.map(
    ({ spec, a, b }, i) => planContraction(spec, plan.shapes[a]!, plan.shapes[b]!, isProduct[i]!).variables,
  );
  const instances = variables.length;
  return {
    adviceCells: plan.cells.advice,
    weightCells: plan.cells.weight,
    lookups: plan.lookups.reduce((n, l) => n + l.size, 0),
    tableRows: plan.tables.reduce((n, t) => n + t.rows, 0),
    fractionVariables: leaves.segments.length === 0 ? 0 : leaves.variables,
    denominatorDegree: denominatorDegree(plan),
    sumchecks: instances === 0 ? [] : [{ rounds: Math.max(...variables), degree: 2, instances }],
    pointCoordinates: constraintPointBits(plan),
    constraints: constraintCount(plan),
    // The claim on constraints has the factor 1.
    claims: (leaves.segments.length === 0 ? 0 : 2) + 2 * instances,
    depth: nonlinearInstructions(plan),
  };
}

/** No chain of operations is longer than all of them together. */
function nonlinearInstructions({ circuit, contractions }: Plan): number {
  const kinds = new Set(['hint', 'lookup', 'range', 'gather']);
  return contractions.length + circuit.instrs.filter((i) => kinds.has(i.op)).length;
}
