// The native prover on artifacts: keys, statements and proofs of `plonk-koalabear` in the terms of ports and proof files.

import { randomBytes } from 'node:crypto';
import { isZeroKnowledge } from '../compiler/ir/backend.ts';
import type { Circuit } from '../compiler/ir/circuit.ts';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { residue } from '../compiler/ir/koalabear.ts';
import { sameShape, type Tensor } from '../compiler/ir/tensor.ts';
import { sha256OfBytes } from './artifact/artifact.ts';
import type { PortDescription, VerifierDescription } from './artifact/description.ts';
import type { Parameter } from './artifact/parameters.ts';
import { type PortStatement, readStatement } from './artifact/statement.ts';
import { writeWeightCommitment } from './artifact/weight-commitment.ts';
import type { ProofVerifier } from './proof-verifier.ts';
import {
  bestLogMessage,
  type Code,
  type Commitment,
  commitPort,
  type EncodedCommitment,
  type KeyOptions,
  keySteps,
  type LoadedKey,
  loadKey,
  type RunStatement,
  type Vectors,
  verifyRun,
  wasmVectors,
} from './provers/plonk/index.ts';
import { turn } from './turn.ts';

/** Signals are integers in 64-bit two's complement, read as numbers in [0, 2^64). */
const SIGNALS = 2n ** 64n;

/** Commitments are numbers in [0, 2^256). */
export const COMMITMENTS = 2n ** 256n;

/** Threads at work on a proof, the caller's included. */
export const THREADS = 2;

/** Origin of the set-up, in words. */
export const NO_SETUP = 'none: nothing about the key is secret';

/** The verifier of one native key. */
export interface NativeVerifier extends ProofVerifier {
  readonly proofSystem: 'plonk-koalabear';
  readonly key: LoadedKey;
}

/** A commitment as the public signal that it is: its 32 bytes, most significant first. */
export const bigintOfRoot = (root: Uint8Array): bigint => BigInt(`0x${Buffer.from(root).toString('hex')}`);

/** @throws Diagnostic `proof-refused` for what is no commitment. */
export function rootOfBigint(x: bigint): Uint8Array {
  if (x < 0n || x >= COMMITMENTS) throw new Diagnostic('proof-refused', 'a commitment is not canonical');
  return Uint8Array.from(Buffer.from(x.toString(16).padStart(64, '0'), 'hex'));
}

/** An integer as the public signal that it is. */
export const signalOf = (n: number): bigint => BigInt.asUintN(64, BigInt(n));

/** A secret uniform blinding value for {@link commitTensor}. */
export const randomBlinding = (): bigint => BigInt(`0x${randomBytes(32).toString('hex')}`);

/** The commitment to a tensor of integers under the code of a key: the same wherever the tensor is a committed port. */
export function commitTensor(v: Vectors, code: Code, { shape, data }: Tensor, blinding: bigint): Commitment {
  return commitPort(v, code, shape, Uint32Array.from(data, residue), rootOfBigint(blinding));
}

/** Weights are bound by their root in the key: a proof's statement has inputs and outputs only. */
export const isStated = (p: Pick<PortDescription, 'role'>): boolean => p.role !== 'param';

/** What the keys of slices have in common, so that their proofs share commitments. */
export type SharedKeyOptions = Pick<KeyOptions, 'logMessage'>;

/** Rows of columns that suit the largest of the circuits of one run, in order. */
export function sharedKeyOptions(circuits: readonly Circuit[]): SharedKeyOptions {
  const v = wasmVectors();
  return { logMessage: Math.max(...circuits.map((c) => bestLogMessage(v, c))) };
}

export interface NativeKeyOptions {
  readonly shared?: SharedKeyOptions | undefined;
  /** Told how much of the work is done (0 to 1, about). */
  readonly onDone?: (done: number) => void;
  /** Stops between two steps. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes the verification key of a circuit and its weights. Nothing is random.
 * @param weightsPath where the commitment to weights goes, if there are any: a file that is not there yet
 * @throws Diagnostic what the circuit's plan refuses, `insecure-parameters`. The signal's reason if it is aborted.
 */
export async function makeNativeKey(
  circuit: Circuit,
  parameters: readonly Parameter[],
  weightsPath: string,
  { shared = {}, onDone = () => {}, signal }: NativeKeyOptions = {},
): Promise<Uint8Array> {
  const weights = new Map(parameters.map((p) => [p.name, p.values]));
  const v = wasmVectors({ threads: THREADS });
  try {
    const { findNonce } = v;
    const keep = (commitment: EncodedCommitment): void => writeWeightCommitment(weightsPath, commitment);
    for (const steps = keySteps(v, circuit, weights, { ...shared, findNonce, keep }); ; ) {
      const step = steps.next();
      if (step.done === true) return step.value;
      onDone(step.value.done);
      await turn(signal);
    }
  } finally {
    v.close();
  }
}

/** @throws Diagnostic `bad-verification-key`, `insecure-parameters` and the like, `bad-verifier` for another circuit's key. */
export function createNativeVerifier(description: VerifierDescription, bytes: Uint8Array): NativeVerifier {
  const v = wasmVectors();
  const key = loadKey(v, bytes);
  checkDescription(description, key);
  const { plan } = key.run.protocol;
  return {
    proofSystem: 'plonk-koalabear',
    key,
    setup: NO_SETUP,
    production: true,
    securityBits: key.securityBits,
    zeroKnowledge: isZeroKnowledge('plonk-koalabear'),
    check(ports, { signals, proof }) {
      const stated = readStatement(ports.filter(isStated), signals, SIGNALS);
      verifyRun(v, key.run, statementOf(plan, stated), key.weightRoot, proof);
      return stated;
    },
  };
}

/** Public integers in the order of the plan. */
function statementOf(plan: LoadedKey['run']['protocol']['plan'], stated: readonly PortStatement[]): RunStatement {
  const integers = new Map(stated.map((p) => [p.name, p.integers ?? []]));
  const read = (tensors: typeof plan.inputs): number[][] => tensors.map(({ name }) => [...(integers.get(name) ?? [])]);
  const roots = new Map(stated.map((p) => [p.name, p.commitment]));
  const commitments = plan.committed.map(({ name }) => rootOfBigint(BigInt(roots.get(name) ?? 0n)));
  return { inputs: read(plan.inputs), outputs: read(plan.outputs), commitments };
}

/** What a verifier prints comes from the description: it must speak of the key's circuit. */
function checkDescription(
  { ports, constraintSystem }: VerifierDescription,
  { circuit, circuitBytes }: LoadedKey,
): void {
  const same =
    constraintSystem === sha256OfBytes(circuitBytes) &&
    ports.length === circuit.ports.length &&
    circuit.ports.every(({ name, role, visibility, wire }, i) => {
      const p = ports[i]!;
      const named = p.name === name && p.role === role && p.visibility === visibility;
      return named && sameShape(p.shape, circuit.wires[wire]!.shape);
    });
  if (!same || new Set(ports.map((p) => p.name)).size !== ports.length)
    throw new Diagnostic('bad-verifier', 'verifier.json describes another circuit than the key holds');
}
