// The count reading: rows, variables and a bound on non-zeros of a circuit as rank-1 constraints, from shapes only.
import type { Circuit } from '../circuit.ts';
import { planScalar } from './scalar/plan.ts';
import { addCosts, type Cost, FREE } from './scalar/rows.ts';

export type { Cost } from './scalar/rows.ts';

/** Costs of a circuit; rows and variables are those of `scalarize` exactly, non-zeros an upper bound. */
export interface CircuitCount {
  /** Everything, variables of ports and the constant one included. */
  readonly total: Cost;
  /** Per instruction. */
  readonly instructions: readonly Cost[];
  /** Per port: the rows that bind a public output, or a commitment. Entering ports are proved at their instruction. */
  readonly ports: readonly Cost[];
  /** Per entry of `circuit.scopes`: what was recorded in that block itself, not in blocks inside it. */
  readonly scopes: readonly Cost[];
  /** Public outputs and commitments. */
  readonly publicOutputs: number;
  readonly publicInputs: number;
}

/** No work per element: a whole ResNet-50 is counted in milliseconds. Throws as `planScalar`. */
export function count(c: Circuit): CircuitCount {
  const { instrs, ports, total, layout } = planScalar(c);
  const scopes = c.scopes.map(() => FREE);
  for (const [index, i] of instrs.entries()) {
    const scope = c.scope[index]!;
    scopes[scope] = addCosts(scopes[scope]!, i.cost);
  }
  return {
    total,
    instructions: instrs.map((i) => i.cost),
    ports,
    scopes,
    publicOutputs: layout.publicOutputs,
    publicInputs: layout.publicInputs,
  };
}
