// The cost models that come with the compiler: the only list of them.
import type { CostModel } from '../../ir/cost-model.ts';
import { plonk } from './plonk.ts';
import { rows } from './rows.ts';

/** The first is the default. */
export const standardCostModels: readonly CostModel[] = [plonk, rows];
