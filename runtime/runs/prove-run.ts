// Proves a sliced run: commits to all tensors, proves the slices that are asked for, and can be killed at any time.
import { join } from 'node:path';
import { isZeroKnowledge } from '../../compiler/ir/backend.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { digest, tensorDigest } from '../../compiler/ir/digest.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { ARTIFACT_FILES, checkedFile, readManifest } from '../artifact/artifact.ts';
import { type MeasuredProof, writeMeasured } from '../artifact/measured-file.ts';
import { commitmentsDigest, encodeRunFile, type RunStatement } from '../artifact/run-file.ts';
import type { PortStatement } from '../artifact/statement.ts';
import { type EncodedInputs, encodeInputs } from '../evaluate/encode.ts';
import { checkWritable, type ProveOptions, stopwatch, writeWithOpenings } from '../prove.ts';
import type { Opening } from '../witness.ts';
import { checkAudit, readAudit } from './audit.ts';
import { RUN_FILES } from './build-run.ts';
import { commitRun, type LoadedRunProver } from './commit-run.ts';
import { folderBytes, workPath } from './forget-run.ts';
import { type ProveSlicesOptions, proveSlices } from './prove-slices.ts';
import type { Budget } from './prover-pool.ts';
import { loadRun, slicesByName } from './run-verifier.ts';
import { type Coverage, checkStatement, coverageOf, modelPorts, portsOf, readRun } from './verify-run.ts';
import { type CommittedRun, openWorkFolder, type WorkFolder } from './work-folder.ts';

/** What to prove, and where the run goes. */
export interface ProveRunOptions
  extends Omit<ProveOptions, 'inputs' | 'onEstimate'>,
    Partial<Budget>,
    Pick<ProveSlicesOptions, 'sliceTimeout' | 'onNotice'> {
  /** Reals by input name; absent: `committed` says which run. */
  readonly inputs?: ReadonlyMap<string, Tensor>;
  /** Path of a run that has been committed to (`commitRun`), with its work folder beside it. */
  readonly committed?: string;
  /** Names of the slices to prove; absent: those of the audit, or all. */
  readonly slices?: readonly string[];
  /** Path of the audit that the run answers. */
  readonly audit?: string;
}

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
  /** What each proof took; also beside the run, in `<output>.measured.json`. */
  readonly measured: readonly MeasuredProof[];
  readonly ports: readonly PortStatement[];
  readonly zeroKnowledge: boolean;
  /** Input elements that were saturated. */
  readonly clamped: number;
  /** Path of the openings of committed inputs and outputs, if there are any. Secret. */
  readonly openings?: string;
  /** Of a run that was committed to: the folder that stays for further audits, and its size (bytes). Secret. */
  readonly kept?: { readonly work: string; readonly bytes: number };
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
  return { folder, manifest, run, verifiers: new Map() };
}

/**
 * Proves the slices of a run. Finished proofs wait in `<output>.work`, which only the user may read and which is removed at
 * the end: called again after a kill, it evaluates nothing and proves no slice a second time. Of a run that has been committed
 * to, the work folder is the one beside its file, and stays.
 * @throws Diagnostic as for models that are not sliced, `unknown-slice`, `missing-work`, `other-commitments`; the work folder
 * stays.
 */
export async function proveRun(options: ProveRunOptions): Promise<ProveRunReport> {
  const { output, committed: earlier } = options;
  const clock = stopwatch();
  checkWritable(output);
  const prover = await loadRunProver(options.artifact);
  const { description, root } = prover.run;
  const named = options.slices === undefined ? undefined : slicesByName(description.slices, options.slices);
  const { work, committed } = earlier === undefined ? await newRun(prover, options) : knownRun(prover, earlier);
  const { statement } = committed;
  const wanted = named ?? slicesToProve(prover, statement, options.audit);
  const commit = clock();
  const { proofs, measured, reused } = await proveSlices(prover, wanted, committed, work, options);
  const bytes = encodeRunFile({ statement, proofs });
  const openings = writeWithOpenings(output, bytes, root, openingsOf(prover, committed, work));
  writeMeasured(output, statement, measured);
  if (earlier === undefined) work.remove();
  return {
    model: description.model,
    output,
    root,
    bytes: bytes.length,
    coverage: coverageOf(description, wanted),
    reused,
    measured,
    ports: portsOf(description.tensors, statement.tensors),
    zeroKnowledge: isZeroKnowledge(description.proofSystem),
    clamped: committed.clamped,
    ...(openings !== undefined && { openings }),
    ...(earlier !== undefined && { kept: { work: work.path, bytes: folderBytes(work.path) } }),
    seconds: { commit, prove: clock() },
  };
}

/** What was committed to. */
export interface CommitReport
  extends Pick<ProveRunReport, 'model' | 'output' | 'root' | 'bytes' | 'ports' | 'clamped'> {
  /** Digest that audits are drawn for. */
  readonly commitments: string;
  /** Folder with all tensors and what hides the commitments. Secret; proofs are made from it. */
  readonly work: string;
  readonly openings?: string;
}

/**
 * Computes a run and commits to every tensor, without proofs: an audit then chooses the slices to prove.
 * @throws Diagnostic as {@link proveRun}.
 */
export async function commitOnly(options: ProveRunOptions): Promise<CommitReport> {
  const { output } = options;
  checkWritable(output);
  const prover = await loadRunProver(options.artifact);
  const { description, root } = prover.run;
  const { work, committed } = await newRun(prover, options);
  const { statement, clamped } = committed;
  const bytes = encodeRunFile({ statement, proofs: new Map() });
  const openings = writeWithOpenings(output, bytes, root, openingsOf(prover, committed, work));
  return {
    model: description.model,
    output,
    root,
    bytes: bytes.length,
    commitments: commitmentsDigest(statement),
    work: work.path,
    ports: portsOf(description.tensors, statement.tensors),
    clamped,
    ...(openings !== undefined && { openings }),
  };
}

interface OpenRun {
  readonly work: WorkFolder;
  readonly committed: CommittedRun;
}

async function newRun(prover: LoadedRunProver, options: ProveRunOptions): Promise<OpenRun> {
  const { description, root } = prover.run;
  const encoded = encodeInputs(modelPorts(description.tensors), options.inputs ?? new Map(), {
    clamp: options.clamp === true,
  });
  const work = openWorkFolder(workPath(options.output), runKey(root, encoded));
  return { work, committed: await committedRun(prover, encoded, work, options) };
}

/** A run that was committed to earlier: its file and its work folder must be of one run. */
function knownRun({ run }: LoadedRunProver, file: string): OpenRun {
  const { statement } = readRun(file);
  checkStatement(run, statement);
  const work = openWorkFolder(workPath(file), undefined);
  const committed = work.committed()!;
  if (commitmentsDigest(committed.statement) !== commitmentsDigest(statement))
    throw new Diagnostic('other-commitments', 'the work folder beside the run is of another run', { file });
  return { work, committed };
}

/** Those of an audit, or all. @throws Diagnostic `other-commitments`, `wrong-draw` and the like. */
function slicesToProve({ run }: LoadedRunProver, statement: RunStatement, file: string | undefined): readonly number[] {
  const { slices } = run.description;
  if (file === undefined) return [...slices.keys()];
  const audit = readAudit(file);
  checkAudit(audit, statement, slices);
  return audit.slices;
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
