// plonk: seconds and bytes of the native prover, predicted from what it has to commit, look up, contract and share.
import { KOALABEAR } from '../../ir/circuit.ts';
import { type Cost, type CostModel, defineCostModel, type Stats } from '../../ir/cost-model.ts';

/** Figures by which the prover's work is predicted, besides the fixed part of every proof. */
export const PLONK_FIGURES = [
  'cells',
  'weightCells',
  'lookups',
  'tableRows',
  'macs',
  'rounds',
  'portCells',
  'ports',
] as const;

/** Name of one of {@link PLONK_FIGURES}. */
export type PlonkFigure = (typeof PLONK_FIGURES)[number];

/** Seconds or bytes: `fixed` for every slice, the others per unit of the figure of that name. */
export type Coefficients = { readonly fixed: number } & Partial<Readonly<Record<PlonkFigure, number>>>;

/** What the predictions are made of. */
export interface PlonkCoefficients {
  readonly seconds: Coefficients;
  readonly bytes: Coefficients;
  /** Of a proof (bytes). It follows from the protocol: the same on every machine. */
  readonly proof: Coefficients;
}

/**
 * Fitted to the figures of docs/benchmarks.md (two threads of a virtual Xeon, Node 20, idle): times within 4 %, memory within 6 %.
 * What boundary tensors add is in proportion to cells as `calibrate-cost` measured it.
 */
export const PLONK_COEFFICIENTS: PlonkCoefficients = {
  seconds: {
    fixed: 0.04,
    cells: 1.1e-7,
    weightCells: 7.6e-9,
    lookups: 2.7e-8,
    tableRows: 2.4e-7,
    macs: 7.1e-12,
    rounds: 2.7e-5,
    portCells: 8.4e-8,
    ports: 6.4e-4,
  },
  bytes: { fixed: 1.95e8, cells: 35, weightCells: 13.4, lookups: 10, tableRows: 11, portCells: 42 },
  proof: { fixed: 1.26e5, cells: 0.02, weightCells: 0.02, portCells: 0.032, ports: 3.8e4 },
};

/**
 * Rows of the columns of boundary tensors. One run has one length, or proofs could not open what others committed; it is
 * chosen with the slices, so that the model states the one that slices of about a million cells have.
 */
export const PORT_ROWS = 2 ** 14;

/** Columns of salt beside a tensor's own: a commitment to it tells nothing. */
const SALT_COLUMNS = 4;

/** Figures of a part of a slice, without `fixed`. */
export type PlonkCounts = Readonly<Record<PlonkFigure, number>>;

/**
 * What a slice commits for tensors with roots of their own: whole columns, salt included.
 * @param boundaryCells cells of each tensor
 * @param rows of a column
 */
export function portCounts(
  boundaryCells: readonly number[],
  rows: number = PORT_ROWS,
): Pick<PlonkCounts, 'ports' | 'portCells'> {
  const columns = boundaryCells.reduce((sum, cells) => sum + Math.ceil(cells / rows) + SALT_COLUMNS, 0);
  return { ports: boundaryCells.length, portCells: columns * rows };
}

/** Figures of operations, and of boundary tensors with so many cells each. */
export function plonkCounts(counted: Stats, boundaryCells: readonly number[] = [], rows?: number): PlonkCounts {
  const { cells, weightCells, lookups, tableRows, macs, rounds } = counted;
  return { cells, weightCells, lookups, tableRows, macs, rounds, ...portCounts(boundaryCells, rows) };
}

/** The parts that grow with what was counted. */
export function predict(c: Coefficients, counts: PlonkCounts): number {
  return PLONK_FIGURES.reduce((sum, key) => sum + (c[key] ?? 0) * counts[key], 0);
}

/** Bytes of a proof of what was counted, with boundary tensors of so many cells each. */
export function plonkProofBytes(
  counted: Stats,
  boundaryCells: readonly number[] = [],
  c: PlonkCoefficients = PLONK_COEFFICIENTS,
): number {
  return c.proof.fixed + predict(c.proof, plonkCounts(counted, boundaryCells));
}

/** The model with coefficients of another machine. */
export function plonkCostModel(c: PlonkCoefficients): CostModel {
  const costOf = (counts: PlonkCounts, constraints: number): Cost => {
    const seconds = predict(c.seconds, counts);
    return { cost: seconds, constraints, bytes: predict(c.bytes, counts), seconds };
  };
  return defineCostModel({
    name: 'plonk',
    doc: 'Seconds and memory of the native prover, predicted from cells, lookups, contractions, sumcheck rounds and commitments to boundaries.',
    unit: 'seconds',
    target: KOALABEAR,
    fixed: { cost: c.seconds.fixed, constraints: 0, bytes: c.bytes.fixed, seconds: c.seconds.fixed },
    operations: (counted) => costOf(plonkCounts(counted), counted.statements),
    boundary: (counted) => costOf(plonkCounts(counted, [counted.boundaryCells]), counted.statements),
  });
}

/** The model with the default coefficients. */
export const plonk: CostModel = plonkCostModel(PLONK_COEFFICIENTS);
