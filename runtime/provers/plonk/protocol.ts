// What prover and verifier derive from a plan alike: layout of cells, trees of leaves, instances of contractions.
import { type Plan, type PulledBack, preparePullBack } from '../../../compiler/ir/interpret/plan.ts';
import { sizeOf } from '../../../compiler/ir/tensor.ts';
import { dryConstraintChallenges, pullConstraints } from './constraint-claims.ts';
import { instanceOf, type PlannedInstance } from './contraction.ts';
import { type ClaimSources, dryPulledEnds } from './end-claims.ts';
import { layoutLeaves } from './lookup-leaves.ts';
import type { ProofParameters } from './parameters.ts';
import { portColumns } from './port-commitment.ts';
import type { Vectors } from './vectors.ts';

/** Name and version of the protocol: the first thing that a transcript absorbs. */
export const PROTOCOL = 'zkmlc plonk-koalabear v3';

/** What a circuit's plan fixes whatever the code. */
export interface Claims extends ClaimSources {
  /** Variables of every instance of the batch of contractions. */
  readonly instanceVariables: readonly number[];
  /** Terms of claims on committed cells. */
  readonly cellTerms: number;
}

/** Everything about a circuit that its verification key fixes. */
export interface Protocol extends Claims {
  /** Rows of every column: 2^logRows. */
  readonly logRows: number;
  /** Committed columns of 2^logRows cells. */
  readonly adviceColumns: number;
  readonly weightColumns: number;
  /** Of each committed port, salt included. */
  readonly portColumns: readonly number[];
}

/** Claims of a plan. How many instances and terms there are follows from shapes: pulls with any challenges tell. */
export function claimsOf(v: Vectors, plan: Plan): Claims {
  const pullBack = preparePullBack(plan);
  const outputs = plan.outputs.map(({ shape }) => new Uint32Array(sizeOf(shape)));
  const mark = v.mark();
  const { pulled } = pullConstraints(v, plan, pullBack(), dryConstraintChallenges(plan), outputs);
  const sources = { plan, pullBack, trees: layoutLeaves(plan) };
  const instances = instancesOf(plan, pulled);
  const columns = [pulled, dryPulledEnds(v, sources, instances)].flatMap((p) => p.columns);
  v.release(mark);
  return {
    ...sources,
    instanceVariables: instances.map(({ instance }) => instance.variables),
    cellTerms: columns.reduce((n, terms) => n + terms.length, 0),
  };
}

export function protocolOf(claims: Claims, logRows: number): Protocol {
  const columnsFor = (cells: number): number => Math.ceil(cells / 2 ** logRows);
  return {
    ...claims,
    logRows,
    // A commitment has at least one column.
    adviceColumns: Math.max(1, columnsFor(claims.plan.cells.advice)),
    weightColumns: columnsFor(claims.plan.cells.weight),
    portColumns: claims.plan.committed.map(({ shape }) => portColumns(sizeOf(shape), logRows)),
  };
}

/** The claims that constraints leave on contractions: one instance for each term, in the order of the plan. */
export function instancesOf(plan: Plan, pulled: PulledBack): PlannedInstance[] {
  return plan.contractions.flatMap(({ spec, a, b }, contraction) =>
    pulled.contractions[contraction]!.map((term) => ({
      contraction,
      instance: instanceOf({ spec, a: plan.shapes[a]!, b: plan.shapes[b]! }, term),
    })),
  );
}

/** Address of a column's first cell among all committed cells: advice, weights, then the ports one by one. */
export function addressOf(protocol: Protocol, column: number): number {
  const { plan, adviceColumns, weightColumns, portColumns: ports, logRows } = protocol;
  const { group, offset } = plan.columns[column]!;
  if (group === 'advice') return offset;
  const before = group === 'weight' ? [] : [weightColumns, ...ports.slice(0, Number(group.slice('port'.length)))];
  return before.reduce((sum, n) => sum + n, adviceColumns) * 2 ** logRows + offset;
}

/** Columns of all commitments together. */
export const totalColumns = ({ adviceColumns, weightColumns, portColumns: ports }: Protocol): number =>
  ports.reduce((sum, n) => sum + n, adviceColumns + weightColumns);

/** Cells that a covector treats alike once the index within blocks is bound: 2^6, or a column if that is shorter. */
const GRANULE_BITS = 6;
export const granuleBits = ({ logRows }: Protocol): number => Math.min(GRANULE_BITS, logRows);

/** What a proof is made and checked with, besides the run. */
export interface ProofContext {
  readonly protocol: Protocol;
  readonly parameters: ProofParameters;
  /** Names what the proof is for: a digest of the key. */
  readonly context: Uint8Array;
}
