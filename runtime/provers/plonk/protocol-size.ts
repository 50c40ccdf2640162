// What a plan contributes to the soundness error: counts of everything that is drawn, batched and looked up.
import type { Plan } from '../../../compiler/ir/interpret/plan.ts';
import { sizeOf } from '../../../compiler/ir/tensor.ts';
import { constraintCount, constraintPointBits } from './constraint-claims.ts';
import { endClaimCount } from './end-claims.ts';
import type { ProtocolSize } from './parameters.ts';
import type { Claims } from './protocol.ts';

export function protocolSize({ plan, trees, instanceVariables, cellTerms }: Claims): ProtocolSize {
  const instances = instanceVariables.length;
  return {
    adviceCells: plan.cells.advice,
    weightCells: plan.cells.weight,
    portCells: plan.committed.map(({ shape }) => sizeOf(shape)),
    trees: trees.map(({ segments, variables }) => ({
      leaves: segments.reduce((n, s) => n + s.size, 0),
      variables,
    })),
    sumchecks: instances === 0 ? [] : [{ rounds: Math.max(...instanceVariables), degree: 2, instances }],
    pointCoordinates: constraintPointBits(plan),
    constraints: constraintCount(plan),
    // The claim on constraints has the factor 1.
    claims: endClaimCount(trees.length, instances),
    cellTerms,
    depth: nonlinearInstructions(plan),
  };
}

/** No chain of operations is longer than all of them together. */
function nonlinearInstructions({ circuit, contractions }: Plan): number {
  const kinds = new Set(['hint', 'lookup', 'range', 'gather']);
  return contractions.length + circuit.instrs.filter((i) => kinds.has(i.op)).length;
}
