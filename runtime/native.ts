// The native prover on artifacts: keys, statements and proofs of `plonk-koalabear` in the terms of ports and proof files.
import { isZeroKnowledge } from '../compiler/ir/backend.ts';
import type { Circuit } from '../compiler/ir/circuit.ts';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { sameShape } from '../compiler/ir/tensor.ts';
import { sha256OfBytes } from './artifact/artifact.ts';
import type { PortDescription, VerifierDescription } from './artifact/description.ts';
import type { Parameter } from './artifact/parameters.ts';
import { type PortStatement, readStatement } from './artifact/statement.ts';
import { writeWeightCommitment } from './artifact/weight-commitment.ts';
import type { ProofVerifier } from './proof-verifier.ts';
import { type LoadedKey, loadKey, makeKey, type RunStatement, verifyRun, wasmVectors } from './provers/plonk/index.ts';

/** Signals are integers in 64-bit two's complement, read as numbers in [0, 2^64). */
const SIGNALS = 2n ** 64n;

/** Origin of the set-up, in words. */
export const NO_SETUP = 'none: nothing about the key is secret';

/** The verifier of one native key. */
export interface NativeVerifier extends ProofVerifier {
  readonly proofSystem: 'plonk-koalabear';
  readonly key: LoadedKey;
}

/** Weights are bound by their root in the key: a proof's statement has inputs and outputs only. */
export const isStated = (p: Pick<PortDescription, 'role'>): boolean => p.role !== 'param';

/**
 * Makes the verification key of a circuit and its weights. Nothing is random.
 * @param weightsPath where the commitment to weights goes, if there are any: a file that is not there yet
 * @throws Diagnostic what the circuit's plan refuses, `insecure-parameters`.
 */
export function makeNativeKey(circuit: Circuit, parameters: readonly Parameter[], weightsPath: string): Uint8Array {
  const weights = new Map(parameters.map((p) => [p.name, p.values]));
  return makeKey(wasmVectors(), circuit, weights, (commitment) => writeWeightCommitment(weightsPath, commitment));
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
    securityBits: Math.floor(key.securityBits),
    zeroKnowledge: isZeroKnowledge('plonk-koalabear'),
    check(ports, { signals, proof }) {
      if (signals.some((s) => s >= SIGNALS)) throw new Diagnostic('proof-refused', 'a public signal is not canonical');
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
  return { inputs: read(plan.inputs), outputs: read(plan.outputs) };
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
