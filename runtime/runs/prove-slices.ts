// Proves some slices of a committed run within a budget; proofs that are there already are checked and used.
import { join } from 'node:path';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { ARTIFACT_FILES } from '../artifact/artifact.ts';
import type { PortDescription } from '../artifact/description.ts';
import type { MeasuredProof } from '../artifact/measured-file.ts';
import { availableBytes, groth16ProveBytes, nativeProveBytes } from '../estimate.ts';
import { turn } from '../turn.ts';
import type { LoadedVerifier } from '../verify.ts';
import { checkedSliceFolder, type LoadedRunProver, sliceVerifier } from './commit-run.ts';
import { signalForm } from './committer.ts';
import { type Budget, createPool, runTasks } from './prover-pool.ts';
import { localWorker, type SliceJob, type SliceWorker } from './slice-job.ts';
import { inModelNames, namesInRun } from './slice-names.ts';
import { sliceSignals, tensorsOfPorts } from './slice-signals.ts';
import { checkSliceProof } from './verify-run.ts';
import type { CommittedRun, WorkFolder } from './work-folder.ts';

/** How slices are proved. One at a time in this process, or several in processes of their own. */
export interface ProveSlicesOptions extends Partial<Budget> {
  /** A process that is at one slice for longer is ended, and the slice tried once more (seconds). */
  readonly sliceTimeout?: number | undefined;
  readonly onProgress?: ((stage: string, fraction?: number) => void) | undefined;
  /** Told what deserves attention: slices that take long, processes that were started again. */
  readonly onNotice?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Proofs that verify, by slice, what they took, and which of them were there already. */
export interface ProvedSlices {
  readonly proofs: ReadonlyMap<number, Uint8Array>;
  readonly measured: readonly MeasuredProof[];
  readonly reused: readonly number[];
}

/** @throws Diagnostic what proving throws; proofs that are finished stay in the work folder. */
export async function proveSlices(
  prover: LoadedRunProver,
  wanted: readonly number[],
  committed: CommittedRun,
  work: WorkFolder,
  options: ProveSlicesOptions,
): Promise<ProvedSlices> {
  const { parallel = 1, memory = availableBytes(), sliceTimeout, onProgress = () => {}, signal } = options;
  const { slices } = prover.run.description;
  const artifact = (root: string): string =>
    join(prover.folder, ARTIFACT_FILES.slices, slices.find((s) => s.root === root)!.id);
  const proofs = new Map<number, Uint8Array>();
  const waiting: Waiting[] = [];
  const tell = (what: string): void => onProgress(what, proofs.size / wanted.length);
  for (const slice of wanted) {
    tell('looking for finished proofs');
    await turn(signal);
    const verifier = sliceVerifier(prover, slice);
    const kept = keptProof(prover, slice, verifier, committed, work);
    if (kept === undefined) waiting.push({ slice, id: slices[slice]!.id, ...expectation(verifier) });
    else proofs.set(slice, kept);
  }
  const reused = [...proofs.keys()];
  // Longest first: what is started last is short. Equal slices one after the other: their key is read once.
  if (parallel > 1) waiting.sort((a, b) => b.bytes - a.bytes || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const sizes = new Map(waiting.map((w) => [w.slice, w.size]));
  // This process cannot end itself when its time is over.
  const pool =
    parallel === 1 && sliceTimeout === undefined
      ? undefined
      : createPool(
          { artifact, blobs: work.blobs, scratch: work.scratch },
          { size: (slice) => sizes.get(slice) ?? 1, timeout: sliceTimeout, onNotice: options.onNotice ?? tell },
        );
  const worker = pool?.work ?? localWorker({ artifact, tensor: work.readTensor, scratch: work.scratch });
  const tasks = waiting.map(({ slice, bytes }) => ({
    bytes,
    async run(): Promise<void> {
      tell(`proving ${slices[slice]!.name} (${proofs.size} of ${wanted.length} slices proved)`);
      await turn(signal);
      proofs.set(slice, await proveSlice(prover, slice, committed, work, worker, signal));
    },
  }));
  try {
    await runTasks(tasks, { parallel, memory }, pool?.trim);
  } finally {
    await pool?.close();
  }
  const measured = wanted.flatMap((slice): MeasuredProof[] => {
    const figures = work.figures(slice);
    const proofBytes = proofs.get(slice)!.length;
    return figures === undefined ? [] : [{ slice: slices[slice]!.name, ...figures, proofBytes }];
  });
  return { proofs, measured, reused };
}

/** A slice that is to be proved. */
interface Waiting {
  readonly slice: number;
  readonly id: string;
  /** Expected peak memory of its process. */
  readonly bytes: number;
  /** Cells or constraints. */
  readonly size: number;
}

function expectation({ system, description: { constraints } }: LoadedVerifier): Pick<Waiting, 'bytes' | 'size'> {
  if (system.proofSystem !== 'plonk-koalabear') return { bytes: groth16ProveBytes(constraints), size: constraints };
  const { cells } = system.key.run.protocol.plan;
  return { bytes: nativeProveBytes(cells), size: cells.advice + cells.weight };
}

/** A proof of an earlier attempt, verified again: a damaged one is worth nothing. */
function keptProof(
  { run }: LoadedRunProver,
  slice: number,
  verifier: LoadedVerifier,
  { statement }: CommittedRun,
  work: WorkFolder,
): Uint8Array | undefined {
  const proof = work.proof(slice);
  if (proof === undefined) return undefined;
  try {
    checkSliceProof(run, slice, verifier, statement, proof);
    return proof;
  } catch (e) {
    if (!(e instanceof Diagnostic)) throw e;
    work.dropProof(slice);
    return undefined;
  }
}

async function proveSlice(
  prover: LoadedRunProver,
  slice: number,
  committed: CommittedRun,
  work: WorkFolder,
  worker: SliceWorker,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  await checkedSliceFolder(prover, slice);
  const verifier = sliceVerifier(prover, slice);
  const job = sliceJob(prover, slice, verifier.description.ports, committed);
  const { proof, figures } = await worker(job, signal).catch((e: unknown) => {
    throw inModelNames(e, namesInRun(prover.run.description, slice));
  });
  checkSliceProof(prover.run, slice, verifier, committed.statement, proof);
  work.keepProof(slice, proof, figures);
  return proof;
}

/** The job that proves one slice of a committed run. @param ports of the slice's verifier */
export function sliceJob(
  { run }: LoadedRunProver,
  slice: number,
  ports: readonly PortDescription[],
  { statement, blobs, blindings }: CommittedRun,
): SliceJob {
  const s = run.description.slices[slice]!;
  const tensorOf = tensorsOfPorts(s, ports);
  const linked = ports.map(({ name, role }, i) => ({ port: name, role, tensor: tensorOf[i]! }));
  return {
    slice,
    name: s.name,
    root: s.root,
    inputs: linked.flatMap(({ port, role, tensor }) => (role === 'input' ? [{ port, blob: blobs[tensor]! }] : [])),
    blindings: linked.flatMap(({ port, role, tensor }) => {
      const blinding = role === 'param' ? undefined : blindings[tensor];
      return blinding === undefined ? [] : [{ port, blinding: blinding.toString() }];
    }),
    signals: sliceSignals(s, ports, statement.tensors, signalForm(run.description.proofSystem)).map(String),
  };
}
