// plonk: seconds and bytes of the native prover, predicted from what it has to commit, look up and contract.
import { KOALABEAR } from '../../ir/circuit.ts';
import { type Cost, type CostModel, defineCostModel, STATS, type Stats } from '../../ir/cost-model.ts';

/** Seconds or bytes: `fixed` for every slice, the others per unit of the count of that name. */
export type Coefficients = { readonly fixed: number } & Partial<Stats>;

/** What the predictions are made of. */
export interface PlonkCoefficients {
  readonly seconds: Coefficients;
  readonly bytes: Coefficients;
  /** Of a proof (bytes). */
  readonly proof: Coefficients;
}

/** Fitted to the figures of docs/benchmarks.md: two threads of a virtual Xeon, Node 20. */
export const PLONK_COEFFICIENTS: PlonkCoefficients = {
  seconds: {
    fixed: 0.05,
    cells: 9e-8,
    weightCells: 2.4e-8,
    lookups: 1.5e-7,
    tableRows: 1e-7,
    macs: 1e-11,
    rounds: 3e-5,
  },
  bytes: { fixed: 1.8e8, cells: 70, weightCells: 53, lookups: 45, tableRows: 45 },
  proof: { fixed: 8e4, rounds: 400 },
};

/** The parts that grow with what was counted. */
function predict(c: Coefficients, counted: Stats): number {
  return STATS.reduce((sum, key) => sum + (c[key] ?? 0) * counted[key], 0);
}

/** Bytes of a proof of what was counted. */
export function plonkProofBytes(counted: Stats, c: PlonkCoefficients = PLONK_COEFFICIENTS): number {
  return c.proof.fixed + predict(c.proof, counted);
}

/** The model with coefficients of another machine. */
export function plonkCostModel(c: PlonkCoefficients): CostModel {
  const costOf = (counted: Stats): Cost => {
    const seconds = predict(c.seconds, counted);
    return { cost: seconds, constraints: counted.statements, bytes: predict(c.bytes, counted), seconds };
  };
  return defineCostModel({
    name: 'plonk',
    doc: 'Seconds and memory of the native prover, predicted from cells, lookups, contractions and sumcheck rounds.',
    unit: 'seconds',
    target: KOALABEAR,
    fixed: { cost: c.seconds.fixed, constraints: 0, bytes: c.bytes.fixed, seconds: c.seconds.fixed },
    operations: costOf,
    boundary: costOf,
  });
}

export const plonk: CostModel = plonkCostModel(PLONK_COEFFICIENTS);
