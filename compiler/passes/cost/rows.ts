// rows: what slices cost as rank-1 constraints, for backends r1cs and circom.
import { BN254 } from '../../ir/circuit.ts';
import { type Cost, type CostModel, defineCostModel, type Stats } from '../../ir/cost-model.ts';

/**
 * Coefficients for Groth16 with snarkjs on one machine: 2 threads of a virtual Xeon, Node 20. Rounded up: a limit that is
 * kept by the prediction should be kept by the proof.
 */
export const ROWS_COEFFICIENTS = {
  /** Of a proof whatever is in it: starting the prover, reading keys. */
  seconds: 1,
  secondsPerRow: 1.5e-4,
  /** Of a process with the prover loaded (bytes). */
  bytes: 3e8,
  /** Points of the proving key, coefficients, and the vectors of the transforms (bytes). */
  bytesPerRow: 1400,
  bytesPerNonZero: 44,
} as const;

function costOf({ rows, nonZeros }: Stats): Cost {
  const c = ROWS_COEFFICIENTS;
  return {
    cost: rows,
    constraints: rows,
    bytes: c.bytesPerRow * rows + c.bytesPerNonZero * nonZeros,
    seconds: c.secondsPerRow * rows,
  };
}

export const rows: CostModel = defineCostModel({
  name: 'rows',
  doc: 'Rank-1 constraints, as backend r1cs counts them; boundaries are packed and hashed on both sides.',
  unit: 'constraints',
  target: BN254,
  // One row, so that of two equal totals the one with fewer slices is smaller.
  fixed: { cost: 1, constraints: 1, bytes: ROWS_COEFFICIENTS.bytes, seconds: ROWS_COEFFICIENTS.seconds },
  operations: costOf,
  boundary: costOf,
});
