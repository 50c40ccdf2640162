// Proves a sliced run: commits to all tensors, proves slice after slice, verifies each, and can be killed at any time.
import { join } from 'node:path';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { digest, tensorDigest } from '../../compiler/ir/digest.ts';
import { ARTIFACT_FILES, checkedFile, readManifest } from '../artifact/artifact.ts';
import { encodeRunFile } from '../artifact/run-file.ts';
import type { PortStatement } from '../artifact/statement.ts';
import { type EncodedInputs, encodeInputs } from '../evaluate/encode.ts';
import { checkWritable, type ProveOptions, stopwatch, writeWithOpenings } from '../prove.ts';
import { turn } from '../turn.ts';
import type { Opening } from '../witness.ts';
import { RUN_FILES } from './build-run.ts';
import { checkedSliceFolder, commitRun, type LoadedRunProver } from './commit-run.ts';
import { signalForm } from './committer.ts';
import { loadRun, loadSliceVerifier } from './run-verifier.ts';
import { localWorker, type SliceJob, type SliceWorker } from './slice-job.ts';
import { sliceSignals, tensorsOfPorts } from './slice-signals.ts';
import { type Coverage, checkSliceProof, checkStatement, coverageOf, inputPorts, portsOf } from './verify-run.ts';
import { type CommittedRun, openWorkFolder, type WorkFolder } from './work-folder.ts';

/** What to prove, and where the run goes. */
export interface ProveRunOptions extends Omit<ProveOptions, 'onEstimate'> {}

/** What was proven. */
export interface ProveRunReport {
  readonly model: string;
  readonly output: string;
  readonly root: string;
  /** Size of the run's file. */
  readonly bytes: number;
  readonly coverage: Coverage;
  /** Slices whose proofs were there from an earlier attempt. */
  readonly reused: readonly number[];
  readonly ports: readonly PortStatement[];
  readonly zeroKnowledge: boolean;
  /** Input elements that were saturated. */
  readonly clamped: number;
  /** Path of the openings of committed inputs and outputs, if there are any. Secret. */
  readonly openings?: string;
  /** Wall time (seconds); proving includes the verification of each slice. */
  readonly seconds: { readonly commit: number; readonly prove: number };
}

/** True if an artifact is that of a sliced model. @throws Diagnostic as {@link readManifest}. */
export function isSlicedArtifact(folder: string): boolean {
  return readManifest(folder).slices !== undefined;
}

/** @throws Diagnostic `bad-artifact` if it is not that of a sliced model, or was changed. */
export async function loadRunProver(folder: string): Promise<LoadedRunProver> {
  const manifest = readManifest(folder);
  if (manifest.slices === undefined)
    throw new Diagnostic('bad-artifact', 'the model was not compiled into slices', { file: folder });
  await checkedFile(folder, manifest, `${ARTIFACT_FILES.verifier}/${RUN_FILES.description}`);
  const run = loadRun(join(folder, ARTIFACT_FILES.verifier));
  const ids = run.description.slices.map((s) => s.id);
  if (ids.length !== manifest.slices.length || ids.some((id, i) => id !== manifest.slices![i]))
    throw new Diagnostic('bad-artifact', 'the manifest lists other slices than run.json: compile the model again', {
      file: folder,
    });
  return { folder, manifest, run };
}

/**
 * Proves every slice of a run. Finished proofs wait in `<output>.work`, which only the user may read and which is removed at
 * the end: called again after a kill, it evaluates nothing and proves no slice a second time.
 * @throws Diagnostic as for models that are not sliced; the work folder stays.
 */
export async function proveRun(options: ProveRunOptions): Promise<ProveRunReport> {
  const { output, onProgress = () => {}, signal } = options;
  const clock = stopwatch();
  checkWritable(output);
  const prover = await loadRunProver(options.artifact);
  const { description, root } = prover.run;
  const { slices, tensors } = description;
  const encoded = encodeInputs(inputPorts(tensors), options.inputs, { clamp: options.clamp === true });
  const work = openWorkFolder(`${output}.work`, runKey(root, encoded));
  const committed = await committedRun(prover, encoded, work, options);
  const commit = clock();
  const worker = localWorker({
    artifact: (wanted) => join(prover.folder, ARTIFACT_FILES.slices, slices.find((s) => s.root === wanted)!.id),
    tensor: work.readTensor,
  });
  const proofs = new Map<number, Uint8Array>();
  const reused: number[] = [];
  for (const s of slices.keys()) {
    onProgress(`proving slice ${s + 1} of ${slices.length}`, s / slices.length);
    await turn(signal);
    const kept = keptProof(prover, s, committed, work);
    if (kept !== undefined) reused.push(s);
    proofs.set(s, kept ?? (await proveSlice(prover, s, committed, work, worker, signal)));
  }
  const { statement } = committed;
  const bytes = encodeRunFile({ statement, proofs });
  const openings = writeWithOpenings(output, bytes, root, openingsOf(prover, committed, work));
  work.remove();
  return {
    model: description.model,
    output,
    root,
    bytes: bytes.length,
    coverage: coverageOf(description, [...proofs.keys()]),
    reused,
    ports: portsOf(tensors, statement.tensors),
    zeroKnowledge: loadSliceVerifier(prover.run, 0).system.zeroKnowledge,
    clamped: encoded.clamped,
    ...(openings !== undefined && { openings }),
    seconds: { commit, prove: clock() },
  };
}

/** Stands for a model and inputs. The inputs may be secret, and so is what is derived from them. */
function runKey(root: string, { integers }: EncodedInputs): string {
  return digest('zkmlc/run-work', root, ...[...integers].flatMap(([name, t]) => [name, tensorDigest(t)]));
}

async function committedRun(
  prover: LoadedRunProver,
  encoded: EncodedInputs,
  work: WorkFolder,
  { onProgress = () => {}, signal }: ProveRunOptions,
): Promise<CommittedRun> {
  const known = work.committed();
  if (known !== undefined) {
    checkStatement(prover.run, known.statement);
    return known;
  }
  const { length } = prover.run.description.slices;
  const onSlice = (s: number): void => onProgress(`computing slice ${s + 1} of ${length}`, s / length);
  const committed = await commitRun(prover, encoded, work, { onSlice, signal });
  work.commit(committed);
  return committed;
}

/** A proof of an earlier attempt, verified again: a damaged one is worth nothing. */
function keptProof(
  { run }: LoadedRunProver,
  slice: number,
  { statement }: CommittedRun,
  work: WorkFolder,
): Uint8Array | undefined {
  const proof = work.proof(slice);
  if (proof === undefined) return undefined;
  try {
    checkSliceProof(run, slice, loadSliceVerifier(run, slice), statement, proof);
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
  const verifier = loadSliceVerifier(prover.run, slice);
  const proof = await worker(sliceJob(prover, slice, verifier.description.ports, committed), signal);
  checkSliceProof(prover.run, slice, verifier, committed.statement, proof);
  work.keepProof(slice, proof);
  return proof;
}

/** The job that proves one slice of a committed run. @param ports of the slice's verifier */
export function sliceJob(
  { run }: LoadedRunProver,
  slice: number,
  ports: Parameters<typeof sliceSignals>[1],
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

/** Openings of the model's committed inputs and outputs; those between slices are nobody's business. */
function openingsOf(
  { run }: LoadedRunProver,
  { statement, blindings, blobs }: CommittedRun,
  work: WorkFolder,
): readonly Opening[] {
  return run.description.tensors.flatMap(({ input, outputs, shape }, i): readonly Opening[] => {
    const stated = statement.tensors[i]!;
    const blinding = blindings[i];
    if (stated.kind !== 'commitment' || blinding === undefined) return [];
    const ports = [
      ...(input === undefined ? [] : [{ name: input, role: 'input' as const }]),
      ...outputs.map((name) => ({ name, role: 'output' as const })),
    ];
    if (ports.length === 0) return [];
    const integers = [...work.readTensor(blobs[i]!)];
    return ports.map((p) => ({ ...p, shape, integers, blinding, commitment: stated.commitment }));
  });
}
