// Measures parts of slices by a cost model: operations by lowering them, boundary tensors once for each type.
import { type BoundarySide, COSTS, type Cost, type CostModel } from '../../ir/cost-model.ts';
import { Diagnostic, quote } from '../../ir/diagnostics.ts';
import type { Module } from '../../ir/module.ts';
import type { OpRegistry } from '../../ir/op.ts';
import type { IntType } from '../../ir/types.ts';
import { measureBoundary, measureOperations } from '../cost/measure.ts';
import type { CostVector } from './problem.ts';

/** What parts of slices cost. */
export interface Meter {
  /** The operations of a module, without its inputs and outputs. @throws Diagnostic what lowering refuses. */
  operations(m: Module): CostVector;
  /** One boundary tensor on one side. */
  port(t: IntType, side: BoundarySide): CostVector;
}

/** Both throw Diagnostic `bad-cost-model` for figures that no cost can have. */
export function createMeter(ops: OpRegistry, model: CostModel): Meter {
  const known = new Map<string, CostVector>();
  return {
    operations: (m) => costVector(checked(model.operations(measureOperations(m, ops, model.target)), model)),
    port(t, side) {
      const key = `${side} ${t.shape.join('x')} ${t.lo} ${t.hi}`;
      const have =
        known.get(key) ?? costVector(checked(model.boundary(measureBoundary(t, side, model.target), side), model));
      known.set(key, have);
      return have;
    },
  };
}

/** A cost by dimension. */
export const costVector = (c: Cost): CostVector => COSTS.map((k) => c[k]);

/** @throws Diagnostic `bad-cost-model` for a figure that is negative or no number: sums of such mean nothing. */
function checked(c: Cost, model: CostModel): Cost {
  for (const k of COSTS)
    if (!(c[k] >= 0))
      throw new Diagnostic(
        'bad-cost-model',
        `cost model ${quote(model.name)} gives ${k} = ${c[k]}; figures are numbers from 0 to Infinity`,
        { field: k },
      );
  return c;
}
