// What the processes of the benchmark tell each other, and the numbers that are measured.

/** What a child process is asked to do. */
export type ChildTask =
  | { readonly kind: 'compile'; readonly model: string; readonly bits: number; readonly folder: string }
  | {
      readonly kind: 'prove';
      readonly model: string;
      readonly folder: string;
      readonly runs: number;
    };

/** Compiling, in a process of its own. Seconds and bytes. */
export interface CompileFigures {
  readonly compile: number;
  /** Committing to the weights and proving their ranges, once per model. */
  readonly registration: number;
  /** The verification key, with the registration's proof. */
  readonly keyBytes: number;
  /** Weights and their commitment, as the prover keeps them. */
  readonly weightBytes: number;
  /** Largest resident set. */
  readonly memory: number;
}

/** One timed run. Seconds and bytes. */
export interface RunFigures {
  readonly witness: number;
  /** From the input to the bytes of the proof, witness included. */
  readonly prove: number;
  readonly verify: number;
  /** Processor time of proving, all threads together: what it takes on a machine that others use too. */
  readonly processor: number;
  readonly proofBytes: number;
  /** Seconds by phase of the prover, in order. */
  readonly phases: readonly (readonly [name: string, seconds: number])[];
}

/** Proving, in a process of its own. */
export interface ProveFigures {
  /** Reading the artifact and checking its key (seconds). */
  readonly load: number;
  /** After one warm-up; every proof has been verified. */
  readonly runs: readonly RunFigures[];
  readonly securityBits: number;
  /** Largest resident set of the process, threads included (bytes). */
  readonly memory: number;
}

export type ChildResult =
  | { readonly kind: 'compile'; readonly figures: CompileFigures }
  | { readonly kind: 'prove'; readonly figures: ProveFigures }
  | { readonly kind: 'refused'; readonly reason: string };

/** Figures of one model, or why there are none. */
export interface BenchResult {
  readonly name: string;
  readonly title: string;
  readonly goal?: { readonly prove: number; readonly verify: number; readonly proof: number; readonly memory: number };
  readonly compile?: CompileFigures;
  readonly prove?: ProveFigures;
  readonly failure?: string;
}

/** The middle value; the mean of both where there are two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half) - 1]!) / 2;
}
