// The plan reading: from a circuit to what a prover of committed columns, lookups and sumchecks has to show.
export { type Blocks, blocksOf, storageStrides, storeCells } from './plan/blocks.ts';
export { type ColumnValues, fillColumns, planWitness, wiresRead, witnessResidues } from './plan/column-values.ts';
export { indexIn, joined } from './plan/covector.ts';
export type { Factor, Term } from './plan/covector-types.ts';
export { planCircuit } from './plan/plan-circuit.ts';
export { preparePullBack } from './plan/pull-back.ts';
export type {
  Column,
  ColumnGroup,
  ColumnOrigin,
  Identity,
  LinearForm,
  Plan,
  PlanContraction,
  PlanLookup,
  Plans,
  PlanTable,
  PublicTensor,
  PullBack,
  PulledBack,
} from './plan/types.ts';
