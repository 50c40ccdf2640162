// Commitments to tensors between slices: the one place that knows them for each proof system.
import { randomBytes } from 'node:crypto';
import type { ProofSystem } from '../../compiler/ir/backend.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { SCALAR_FIELD } from '../../compiler/ir/iden3/index.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { commitPort, portPacking } from '../../compiler/ir/poseidon.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';

/** The tensors that a commitment can be to. */
export interface CommittedType {
  readonly shape: Shape;
  readonly lo: number;
  readonly hi: number;
}

/** How the proofs of one proof system show tensors. Commitments and what hides them are whole numbers. */
export interface Committer {
  /** The commitment that a proof shows of a port with these integers. @throws RangeError for integers outside the type. */
  commit(type: CommittedType, integers: ArrayLike<number>, blinding: bigint): bigint;
  /** A secret uniform value: one per tensor and run. */
  randomBlinding(): bigint;
  /** All commitments and blinding values are below. */
  readonly bound: bigint;
  /** The public signal that shows an integer. */
  signal(integer: number): bigint;
}

const POSEIDON: Committer = {
  commit: ({ shape, lo, hi }, integers, blinding) =>
    commitPort(integers, portPacking(shape, interval(lo, hi)), blinding),
  // The bias is below 2^-128.
  randomBlinding: () => BigInt(`0x${randomBytes(48).toString('hex')}`) % SCALAR_FIELD,
  bound: SCALAR_FIELD,
  signal: (n) => (n < 0 ? SCALAR_FIELD + BigInt(n) : BigInt(n)),
};

/** @throws Diagnostic `no-slices` (usage) for a proof system without commitments that link slices. */
export function committerOf(system: ProofSystem): Committer {
  if (system === 'groth16-bn254') return POSEIDON;
  throw new Diagnostic(
    'no-slices',
    'the native prover does not commit to the tensors between slices yet: use --backend r1cs or circom for slices',
    {},
    { kind: 'usage' },
  );
}
