// A job of the network of provers: one slice, its tensors by hash, the signals that its proof must show. And who does it here.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Diagnostic, quote, type Where } from '../../compiler/ir/diagnostics.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import type { JobFigures } from '../artifact/measured-file.ts';
import { createNativeProver } from '../native-prover.ts';
import { peakBytes, resetPeak } from '../peak-memory.ts';
import { type ProvenSignals, provenSignals, stopwatch } from '../prove.ts';
import { type LoadedProver, loadProver } from '../prover.ts';
import type { LoadedKey } from '../provers/plonk/index.ts';
import { witnessOfIntegers } from '../witness.ts';

/** One slice to prove. Plain data: it crosses processes and machines. */
export interface SliceJob {
  readonly slice: number;
  readonly name: string;
  /** Model root of the slice: whoever has an artifact with this root can do the job. */
  readonly root: string;
  /** Input ports and the SHA-256 of the blobs that hold their integers. */
  readonly inputs: readonly { readonly port: string; readonly blob: string }[];
  /** Committed ports and what hides them, in decimal. Secret. */
  readonly blindings: readonly { readonly port: string; readonly blinding: string }[];
  /** Public signals that the proof is for, in decimal. */
  readonly signals: readonly string[];
}

/** What a child process is sent. */
export interface SliceCall {
  readonly job: SliceJob;
  /** Folder of the slice's artifact. */
  readonly artifact: string;
  /** Folder of blobs by SHA-256. */
  readonly blobs: string;
  /** Folder for the witness. */
  readonly scratch: string;
}

/** What becomes of a job: the encoded proof in base 64 and what it took, or a diagnostic. */
export type SliceOutcome =
  | { readonly ok: true; readonly proof: string; readonly figures: JobFigures }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly where: Where };

/** What a child process answers. */
export type SliceReply = SliceOutcome & {
  /** Resident set of the process after the job (bytes). */
  readonly residentBytes: number;
};

/** Where a job finds what it names. */
export interface JobPlace {
  /** Folder of the artifact with a root. */
  artifact(root: string): string;
  /** Integers of a blob. */
  tensor(blob: string): Tensor['data'];
  /** Folder for what exists only during the job; as secret as the blobs. */
  readonly scratch: string;
}

/** A finished job: the encoded proof, which the caller verifies, and what it took. */
export interface JobResult {
  readonly proof: Uint8Array;
  readonly figures: JobFigures;
}

/** Does a job. */
export type SliceWorker = (job: SliceJob, signal?: AbortSignal) => Promise<JobResult>;

/**
 * Does jobs in this process. What was read of an artifact serves the next job if that is of an equal slice.
 * @throws Diagnostic `wrong-slice` for an artifact with another root, `wrong-signals` if the run computed something else than
 * the statement says, and what proving throws.
 */
export function localWorker(place: JobPlace): SliceWorker {
  let last: LoadedProver | undefined;
  return async (job, signal) => {
    resetPeak();
    const clock = stopwatch();
    const folder = place.artifact(job.root);
    // Dropped before the next one is read: one key is in memory at a time.
    if (last?.verifier.root !== job.root) last = undefined;
    const prover = last ?? (await loadProver(folder));
    if (prover.verifier.root !== job.root)
      throw new Diagnostic('wrong-slice', `slice ${quote(job.name)} has another model root than the run names`, {
        file: folder,
      });
    last = prover;
    const loadSeconds = clock();
    const { proof, peakBytes: others } = await proveJob(prover, job, place, signal);
    return { proof, figures: { loadSeconds, seconds: clock(), peakBytes: Math.max(peakBytes(), others) } };
  };
}

async function proveJob(
  prover: LoadedProver,
  job: SliceJob,
  place: JobPlace,
  signal: AbortSignal | undefined,
): Promise<ProvenSignals> {
  const { circuit } = prover;
  const shapes = new Map(circuit.ports.map((p) => [p.name, circuit.wires[p.wire]!.shape]));
  const integers = new Map(
    job.inputs.map(({ port, blob }) => [port, { shape: shapes.get(port) ?? [], data: place.tensor(blob) }]),
  );
  const blindings = new Map(job.blindings.map(({ port, blinding }) => [port, BigInt(blinding)]));
  const { system } = prover.verifier;
  if (system.proofSystem === 'plonk-koalabear')
    return { proof: await proveNativeJob(prover, system.key, job, integers, blindings, signal), peakBytes: 0 };
  const folder = mkdtempSync(join(place.scratch, 'job-'));
  try {
    const witness = await witnessOfIntegers(prover, integers, join(folder, 'witness.wtns'), blindings);
    checkSignals(prover, job, witness.signals);
    return await provenSignals(prover, witness, signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function proveNativeJob(
  prover: LoadedProver,
  key: LoadedKey,
  job: SliceJob,
  integers: ReadonlyMap<string, Tensor>,
  blindings: ReadonlyMap<string, bigint>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const { circuit, parameters, weightsPath, verifier } = prover;
  const native = createNativeProver({ circuit, parameters, ports: verifier.description.ports, key, weightsPath });
  try {
    const run = native.prepareIntegers(integers, blindings);
    const { signals, proof } = await run.proveInTurns(() => {}, signal);
    checkSignals(prover, job, signals);
    return proof;
  } finally {
    native.close();
  }
}

function checkSignals({ folder }: LoadedProver, { signals, name }: SliceJob, shown: readonly bigint[]): void {
  if (shown.length !== signals.length || shown.some((s, i) => s !== BigInt(signals[i]!)))
    throw new Diagnostic(
      'wrong-signals',
      `slice ${quote(name)} computes other integers than the run committed to: remove the work folder and prove again`,
      { file: folder },
    );
}
