// Commitments to tensors between slices, and how proofs show tensors: the one place that knows it for each proof system.
import { randomBytes } from 'node:crypto';
import type { ProofSystem } from '../../compiler/ir/backend.ts';
import { SCALAR_FIELD } from '../../compiler/ir/iden3/index.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { commitPort, portPacking } from '../../compiler/ir/poseidon.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';
import { bigintOfRoot, COMMITMENTS, commitTensor, randomBlinding, signalOf } from '../native.ts';
import type { AnyVerifier } from '../proof-systems.ts';
import { wasmVectors } from '../provers/plonk/index.ts';

/** The tensors that a commitment can be to. */
export interface CommittedType {
  readonly shape: Shape;
  readonly lo: number;
  readonly hi: number;
}

/** How the proofs of one proof system show tensors. Commitments are whole numbers. */
export interface SignalForm {
  /** All commitments are below. */
  readonly bound: bigint;
  /** The public signal that shows an integer. */
  signal(integer: number): bigint;
  /** False if weights are bound by the key alone. */
  readonly showsWeights: boolean;
}

/** Commits to tensors. What hides them are whole numbers too. */
export interface Committer {
  /** The commitment that a proof shows of a port with these integers. @throws RangeError for integers outside the type. */
  commit(type: CommittedType, integers: ArrayLike<number>, blinding: bigint): bigint;
  /** A secret uniform value: one per tensor and run. */
  randomBlinding(): bigint;
}

const POSEIDON: Committer = {
  commit: ({ shape, lo, hi }, integers, blinding) =>
    commitPort(integers, portPacking(shape, interval(lo, hi)), blinding),
  // The bias is below 2^-128.
  randomBlinding: () => BigInt(`0x${randomBytes(48).toString('hex')}`) % SCALAR_FIELD,
};

const SIGNALS: Readonly<Record<ProofSystem, SignalForm>> = {
  'groth16-bn254': {
    bound: SCALAR_FIELD,
    signal: (n) => (n < 0 ? SCALAR_FIELD + BigInt(n) : BigInt(n)),
    showsWeights: true,
  },
  'plonk-koalabear': { bound: COMMITMENTS, signal: signalOf, showsWeights: false },
};

export const signalForm = (system: ProofSystem): SignalForm => SIGNALS[system];

/** @param verifier of any slice: all slices of a run commit alike */
export function committerOf(verifier: AnyVerifier): Committer {
  if (verifier.proofSystem === 'groth16-bn254') return POSEIDON;
  const v = wasmVectors();
  const { code } = verifier.key.run.parameters.opening;
  return {
    commit({ shape }, integers, blinding) {
      const mark = v.mark();
      const { root } = commitTensor(v, code, { shape, data: Float64Array.from(integers) }, blinding);
      v.release(mark);
      return bigintOfRoot(root);
    },
    randomBlinding,
  };
}
