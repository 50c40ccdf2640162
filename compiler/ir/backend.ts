// What a backend is: it writes a recorded circuit as a constraint system that a prover of the runtime can use.
import type { Capabilities, Circuit } from './circuit.ts';

/** What a backend may use besides the circuit. */
export interface EmitContext {
  /** Name of the model, for comments. */
  readonly model: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a backend wrote. Paths are relative to the folder it was given. */
export interface EmittedCircuit {
  /** The constraint system in iden3's `.r1cs` format. */
  readonly r1cs: string;
  /** Rows. */
  readonly constraints: number;
}

/** A target of compilation: what its constraints can do, and how a circuit becomes files. */
export interface Backend {
  /** Kebab-case, as on the command line. */
  readonly name: string;
  readonly doc: string;
  readonly target: Capabilities;
  /**
   * Writes the constraint system, and whatever its witness generation needs, into an existing empty folder.
   * @throws Diagnostic if the circuit does not fit the backend's limits.
   */
  emit(c: Circuit, folder: string, cx: EmitContext): Promise<EmittedCircuit>;
}
