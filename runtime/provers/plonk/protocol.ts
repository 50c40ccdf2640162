// What prover and verifier derive from a plan alike: layout of cells, leaves, forms of contractions, and the last claims.
import { type Plan, type PullBack, type PulledBack, preparePullBack } from '../../../compiler/ir/interpret/plan.ts';
import { type ContractionPlan, planContraction } from './contraction.ts';
import { addP, EXT } from './field.ts';
import { type LeafLayout, layoutLeaves } from './lookup-leaves.ts';
import { columnBits } from './opening.ts';
import type { ProofParameters } from './parameters.ts';
import type { Vectors } from './vectors.ts';

/** Name and version of the protocol: the first thing that a transcript absorbs. */
export const PROTOCOL = 'zkmlc plonk-koalabear v1';

/** Everything about a circuit that its verification key fixes. */
export interface Protocol {
  readonly plan: Plan;
  readonly pullBack: () => PullBack;
  readonly leaves: LeafLayout;
  /** One for each contraction of the plan. */
  readonly contractions: readonly ContractionPlan[];
  /** Rows of every column: 2^logRows. */
  readonly logRows: number;
  /** Committed columns of 2^logRows cells. */
  readonly adviceColumns: number;
  readonly weightColumns: number;
}

/** @param isProduct for each contraction of the plan, whether form `product` serves it */
export function protocolOf(plan: Plan, isProduct: readonly boolean[], logRows: number): Protocol {
  const columnsFor = (cells: number): number => Math.ceil(cells / 2 ** logRows);
  return {
    plan,
    pullBack: preparePullBack(plan),
    leaves: layoutLeaves(plan),
    contractions: plan.contractions.map(({ spec, a, b }, i) =>
      planContraction(spec, plan.shapes[a]!, plan.shapes[b]!, isProduct[i]!),
    ),
    logRows,
    // A commitment has at least one column.
    adviceColumns: Math.max(1, columnsFor(plan.cells.advice)),
    weightColumns: columnsFor(plan.cells.weight),
  };
}

/** Address of a column's first cell among all committed cells: advice first, then weights. */
export function addressOf({ plan, adviceColumns, logRows }: Protocol, column: number): number {
  const { group, offset } = plan.columns[column]!;
  return group === 'advice' ? offset : adviceColumns * 2 ** logRows + offset;
}

/** Covector over all cells (K-vector, zero columns up to a power of two): the sum of what claims pulled back to columns. */
export function cellCovector(v: Vectors, protocol: Protocol, parts: readonly PulledBack[]): Uint32Array {
  const { plan, adviceColumns, weightColumns, logRows } = protocol;
  const cells = v.alloc(EXT * 2 ** (columnBits(adviceColumns + weightColumns) + logRows));
  for (const part of parts)
    for (const column of plan.columns.keys()) {
      const covector = part.columns[column];
      if (covector === undefined) continue;
      const at = EXT * addressOf(protocol, column);
      for (let i = 0; i < covector.length; i++) cells[at + i] = addP(cells[at + i]!, covector[i]!);
    }
  return cells;
}

/** The covector of a contraction; zero if no claim reached it. */
export function contractionCovector(v: Vectors, { plan }: Protocol, pulled: PulledBack, index: number): Uint32Array {
  const found = pulled.contractions[index];
  if (found !== undefined) return found;
  const { wire } = plan.contractions[index]!;
  return v.alloc(EXT * plan.shapes[wire]!.reduce((n, d) => n * d, 1));
}

/** What a proof is made and checked with, besides the run. */
export interface ProofContext {
  readonly protocol: Protocol;
  readonly parameters: ProofParameters;
  /** Names what the proof is for: a digest of the key. */
  readonly context: Uint8Array;
}
