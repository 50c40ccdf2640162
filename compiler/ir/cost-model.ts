// What a cost model is: counted parts of a circuit in, costs out. Slicing adds costs up and never asks what they mean.
import type { Capabilities } from './circuit.ts';
import { Diagnostic, quote } from './diagnostics.ts';

/**
 * What one part of a circuit consists of, counted from its constraints and never declared: an indivisible group of
 * operations, or the port of a boundary tensor. Every figure adds up over parts.
 */
export interface Stats {
  /** Rank-1 constraints, their variables and a bound on their non-zeros; 0 for a target with lookups. */
  readonly rows: number;
  readonly variables: number;
  readonly nonZeros: number;
  /** Committed with every proof, and once per model; 0 for a target without lookups (cells). */
  readonly cells: number;
  readonly weightCells: number;
  /** Looked-up cells, and rows of the tables they are looked up in; 0 for a target without lookups. */
  readonly lookups: number;
  readonly tableRows: number;
  /** Statements about single cells: looked up, zero, a sum of products; 0 for a target without lookups. */
  readonly statements: number;
  /** Multiply-accumulates of contractions. */
  readonly macs: number;
  /** Rounds of the sumchecks that prove contractions; 0 for a target without lookups. */
  readonly rounds: number;
  /** Cells of boundary tensors; 0 for operations. */
  readonly boundaryCells: number;
}

/** Names of the figures of {@link Stats}. */
export const STATS: readonly (keyof Stats)[] = [
  'rows',
  'variables',
  'nonZeros',
  'cells',
  'weightCells',
  'lookups',
  'tableRows',
  'statements',
  'macs',
  'rounds',
  'boundaryCells',
];

/** Nothing at all. */
export const NO_STATS: Stats = {
  rows: 0,
  variables: 0,
  nonZeros: 0,
  cells: 0,
  weightCells: 0,
  lookups: 0,
  tableRows: 0,
  statements: 0,
  macs: 0,
  rounds: 0,
  boundaryCells: 0,
};

/** Sum of counts. */
export function addStats(...parts: readonly Stats[]): Stats {
  const sum: { -readonly [K in keyof Stats]: Stats[K] } = { ...NO_STATS };
  for (const part of parts) for (const key of STATS) sum[key] += part[key];
  return sum;
}

/** What a part costs. All figures are non-negative and add up; `Infinity` = does not fit. */
export interface Cost {
  /** What is to be small, in the model's unit. */
  readonly cost: number;
  /** Rows, or statements about single cells: what the limit `constraints=N` bounds. */
  readonly constraints: number;
  /** Resident memory of the proving process (bytes): what `memory=1GB` bounds. */
  readonly bytes: number;
  /** Wall time of one proof: what `seconds=S` bounds. */
  readonly seconds: number;
}

/** Names of the figures of {@link Cost}. */
export const COSTS: readonly (keyof Cost)[] = ['cost', 'constraints', 'bytes', 'seconds'];

/** Costs nothing. */
export const NO_COST: Cost = { cost: 0, constraints: 0, bytes: 0, seconds: 0 };

/** Sum of costs. */
export function addCost(a: Cost, b: Cost): Cost {
  return {
    cost: a.cost + b.cost,
    constraints: a.constraints + b.constraints,
    bytes: a.bytes + b.bytes,
    seconds: a.seconds + b.seconds,
  };
}

/** On which side of a boundary tensor a slice is: it proves where the tensor enters, or commits what leaves. */
export type BoundarySide = 'reads' | 'writes';

/**
 * How much slices cost. The cost of a slice is the sum of its parts: `fixed`, every group of operations, every boundary
 * tensor that it reads or writes; `price` may turn the sum into something else.
 */
export interface CostModel {
  /** Kebab-case, as on the command line. */
  readonly name: string;
  readonly doc: string;
  /** Unit of `cost`, for reports: `constraints`, `seconds`, `EUR`. */
  readonly unit: string;
  /** For which operations are lowered to be counted. */
  readonly target: Capabilities;
  /** Of every slice, whatever is in it: starting a process, one proof. */
  readonly fixed: Cost;
  /** Of operations that stay together. Monotone: more of anything never costs less. */
  operations(counted: Stats): Cost;
  /** Of one boundary tensor on one side. Inputs and outputs of the model count as boundaries. */
  boundary(counted: Stats, side: BoundarySide): Cost;
  /**
   * `cost` of a whole slice from the sum of its parts; by default the sum's own. Must be monotone in every figure and may be
   * `Infinity`: a price list of machines with different memory is one.
   */
  price?(slice: Cost): number;
}

/** Checks a cost model literal. */
export function defineCostModel(model: CostModel): CostModel {
  return model;
}

/** Cost models by name. */
export type CostModelRegistry = ReadonlyMap<string, CostModel>;

/** @throws Diagnostic `unknown-cost-model` (usage) that lists the names there are. */
export function findCostModel(models: CostModelRegistry, name: string): CostModel {
  const found = models.get(name);
  if (found !== undefined) return found;
  throw new Diagnostic(
    'unknown-cost-model',
    `no cost model is called ${quote(name)}; known: ${[...models.keys()].join(', ')}`,
    { field: name },
    { kind: 'usage' },
  );
}
