// The plan reading: from a circuit to what a prover of committed columns, lookups and sumchecks has to show.
export type {
  Column,
  ColumnGroup,
  ColumnOrigin,
  Identity,
  LinearForm,
  Plan,
  PlanContraction,
  PlanLookup,
  PlanTable,
  PublicTensor,
  PullBack,
  PulledBack,
} from './plan/types.ts';
