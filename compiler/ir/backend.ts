// What a backend is: it writes a recorded circuit as a constraint system that a prover of the runtime can use.
import type { Capabilities, Circuit } from './circuit.ts';

/** What proves a circuit: Groth16 over rank-1 constraints, or the native prover, which proves the circuit as it is. */
export const PROOF_SYSTEMS = ['groth16-bn254', 'plonk-koalabear'] as const;

/** Name of a proof system. */
export type ProofSystem = (typeof PROOF_SYSTEMS)[number];

/**
 * True if a proof tells nothing about private tensors beyond what it states. The native prover's do not hide yet: the one
 * place that says so.
 */
export const isZeroKnowledge = (system: ProofSystem): boolean => system === 'groth16-bn254';

/** What a backend may use besides the circuit. */
export interface EmitContext {
  /** Name of the model, for comments. */
  readonly model: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a backend wrote. Paths are relative to the folder it was given. */
export interface EmittedCircuit {
  /** The constraint system in iden3's `.r1cs` format; absent where the circuit itself is proved. */
  readonly r1cs?: string;
  /** Rows, or statements about single cells. */
  readonly constraints: number;
  /** Cells that the native prover commits, with every proof and once: what its memory depends on. */
  readonly cells?: CommittedCells;
}

export interface CommittedCells {
  readonly advice: number;
  readonly weight: number;
}

/** A target of compilation: what its constraints can do, and how a circuit becomes files. */
export interface Backend {
  /** Kebab-case, as on the command line. */
  readonly name: string;
  readonly doc: string;
  readonly target: Capabilities;
  /** `groth16-bn254` if absent. */
  readonly proofSystem?: ProofSystem;
  /**
   * Writes the constraint system, and whatever its witness generation needs, into an existing empty folder.
   * @throws Diagnostic if the circuit does not fit the backend's limits.
   */
  emit(c: Circuit, folder: string, cx: EmitContext): Promise<EmittedCircuit>;
}
