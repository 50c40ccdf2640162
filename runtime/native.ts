// The native prover on artifacts: keys, statements and proofs of `plonk-koalabear` in the terms of ports and proof files.
import type { Circuit } from '../compiler/ir/circuit.ts';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { runWitness } from '../compiler/ir/interpret/witness.ts';
import { publicSignals } from '../compiler/ir/public-signals.ts';
import { sameShape, type Tensor } from '../compiler/ir/tensor.ts';
import { sha256OfBytes } from './artifact/artifact.ts';
import type { PortDescription, VerifierDescription } from './artifact/description.ts';
import type { Parameter } from './artifact/parameters.ts';
import type { ProofFile } from './artifact/proof-file.ts';
import { type PortStatement, readStatement } from './artifact/statement.ts';
import { type EncodeOptions, encodeInputs } from './evaluate/encode.ts';
import type { ProofVerifier } from './proof-verifier.ts';
import {
  commitWeights,
  honestValues,
  type LoadedKey,
  loadKey,
  makeKey,
  proveRun,
  type RunStatement,
  verifyRun,
  wasmVectors,
} from './provers/plonk/index.ts';
import { contractIntegers } from './witness-kernels/index.ts';

/** Signals are integers in 64-bit two's complement, read as numbers in [0, 2^64). */
const SIGNALS = 2n ** 64n;

/** Origin of the set-up, in words. */
export const NO_SETUP = 'none: nothing about the key is secret';

/** The verifier of one native key. */
export interface NativeVerifier extends ProofVerifier {
  readonly proofSystem: 'plonk-koalabear';
  readonly key: LoadedKey;
  readonly figures: NativeFigures;
}

/** What a run proves and how, in numbers. */
export interface NativeFigures {
  /** Committed with every proof, and once; padding included (cells). */
  readonly adviceCells: number;
  readonly weightCells: number;
  readonly lookups: number;
  readonly tables: number;
  readonly tableRows: number;
  readonly contractions: number;
  /** Rows of a column as log2, and of its code. */
  readonly logMessage: number;
  readonly logCode: number;
  readonly queries: number;
  readonly proofOfWorkBits: number;
}

function figuresOf({ run }: LoadedKey): NativeFigures {
  const { plan } = run.protocol;
  const { code, powBits } = run.parameters.opening;
  return {
    adviceCells: plan.cells.advice,
    weightCells: plan.cells.weight,
    lookups: plan.lookups.reduce((n, l) => n + l.size, 0),
    tables: plan.tables.length,
    tableRows: plan.tables.reduce((n, t) => n + t.rows, 0),
    contractions: plan.contractions.length,
    ...code,
    proofOfWorkBits: powBits,
  };
}

/** Weights are bound by their root in the key: a proof's statement has inputs and outputs only. */
const isStated = (p: Pick<PortDescription, 'role'>): boolean => p.role !== 'param';

/**
 * Makes the verification key of a circuit and its weights. Nothing is random.
 * @throws Diagnostic what the circuit's plan refuses, `insecure-parameters`.
 */
export function makeNativeKey(circuit: Circuit, parameters: readonly Parameter[]): Uint8Array {
  return makeKey(wasmVectors(), circuit, new Map(parameters.map((p) => [p.name, p.values])));
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
    figures: figuresOf(key),
    setup: NO_SETUP,
    production: true,
    securityBits: Math.floor(key.securityBits),
    zeroKnowledge: false,
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

/** What proving an artifact needs. */
export interface NativeProverInput {
  readonly circuit: Circuit;
  readonly ports: readonly PortDescription[];
  readonly parameters: readonly Parameter[];
  readonly key: LoadedKey;
}

/** Told after each phase of proving what it took (seconds). */
export type OnPhase = (name: string, seconds: number) => void;

/** A run that is ready to be proved. */
export interface PreparedRun {
  /** Input elements that were saturated. */
  readonly clamped: number;
  /** Signals and proof. */
  prove(onPhase?: OnPhase): Pick<ProofFile, 'signals' | 'proof'>;
}

/**
 * Runs a compiled model on reals.
 * @throws Diagnostic `input-out-of-range` and the like as {@link encodeInputs}.
 */
export function prepareRun(
  { circuit, ports, parameters, key }: NativeProverInput,
  reals: ReadonlyMap<string, Tensor>,
  options: EncodeOptions,
): PreparedRun {
  const { integers, clamped } = encodeInputs(ports, reals, options);
  const weights = new Map(parameters.map((p) => [p.name, p.values]));
  const given = new Map(integers);
  for (const p of circuit.ports) {
    const values = p.role === 'param' ? weights.get(p.name) : undefined;
    if (values !== undefined) given.set(p.name, { shape: circuit.wires[p.wire]!.shape, data: values });
  }
  const witness = runWitness(circuit, given, { contract: contractIntegers });
  const { plan } = key.run.protocol;
  const valuesOf = (tensors: typeof plan.inputs): Tensor['data'][] => tensors.map((t) => witness.value(t.wire).data);
  return {
    clamped,
    prove(onPhase = () => {}) {
      let last = performance.now();
      const done = (phase: string): void => {
        const now = performance.now();
        onPhase(phase, (now - last) / 1000);
        last = now;
      };
      const v = wasmVectors();
      const commitment = commitWeights(v, key.run, circuit, weights);
      done('commitment to weights');
      const statement = { inputs: valuesOf(plan.inputs), outputs: valuesOf(plan.outputs) };
      const proof = proveRun(v, key.run, statement, honestValues(plan, witness), commitment);
      done('proof');
      const shown = { ...circuit, ports: circuit.ports.filter(isStated) };
      const signals = publicSignals(shown).flatMap(({ port }) =>
        Array.from(witness.value(shown.ports[port]!.wire).data, (x) => BigInt.asUintN(64, BigInt(x))),
      );
      return { signals, proof };
    },
  };
}
