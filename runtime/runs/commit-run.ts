// Evaluates a sliced model slice by slice and commits to every tensor between slices: everything that a run states.
import { join } from 'node:path';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { ARTIFACT_FILES, checkedFile, type Manifest } from '../artifact/artifact.ts';
import type { TensorStatement } from '../artifact/run-file.ts';
import type { EncodedInputs } from '../evaluate/encode.ts';
import { type LoadedProver, loadProver } from '../prover.ts';
import { turn } from '../turn.ts';
import type { LoadedVerifier } from '../verify.ts';
import { runIntegers } from '../witness.ts';
import { type Committer, committerOf } from './committer.ts';
import { checkSliceVerifier, type LoadedRun, loadSliceVerifier } from './run-verifier.ts';
import { inModelNames, namesInRun } from './slice-names.ts';
import { tensorsOfPorts } from './slice-signals.ts';
import type { CommittedRun, WorkFolder } from './work-folder.ts';

/** A sliced artifact, ready to prove. */
export interface LoadedRunProver {
  /** Path of the artifact. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly run: LoadedRun;
  /** Verifiers that have been read, by folder: a native key takes as long to check as a slice to prove. */
  readonly verifiers: Map<string, LoadedVerifier>;
}

/** The verifier of a slice, read once. @throws as {@link loadSliceVerifier}. */
export function sliceVerifier({ run, verifiers }: LoadedRunProver, slice: number): LoadedVerifier {
  const { id } = run.description.slices[slice]!;
  const known = verifiers.get(id);
  if (known !== undefined) {
    checkSliceVerifier(run, slice, known, id);
    return known;
  }
  const verifier = loadSliceVerifier(run, slice);
  verifiers.set(id, verifier);
  return verifier;
}

/** Folder of one slice's artifact, whose manifest has been checked. @throws Diagnostic `bad-artifact`. */
export async function checkedSliceFolder({ folder, manifest, run }: LoadedRunProver, slice: number): Promise<string> {
  const { id } = run.description.slices[slice]!;
  await checkedFile(folder, manifest, `${ARTIFACT_FILES.slices}/${id}/${ARTIFACT_FILES.manifest}`);
  return join(folder, ARTIFACT_FILES.slices, id);
}

/** The artifact of one slice. @throws Diagnostic `bad-artifact`, `wrong-slice` and the like. */
async function loadSliceProver(prover: LoadedRunProver, slice: number): Promise<LoadedProver> {
  const own = await checkedSliceFolder(prover, slice);
  const loaded = await loadProver(own);
  checkSliceVerifier(prover.run, slice, loaded.verifier, own);
  prover.verifiers.set(prover.run.description.slices[slice]!.id, loaded.verifier);
  return loaded;
}

/** What committing is told of. */
export interface CommitOptions {
  readonly onSlice?: (slice: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the slices in order. One slice's circuit and tensors are in memory at a time; tensors go to the work folder.
 * @throws Diagnostic `bad-artifact`, `file-unwritable` and the like.
 */
export async function commitRun(
  prover: LoadedRunProver,
  { integers, clamped }: EncodedInputs,
  work: WorkFolder,
  { onSlice = () => {}, signal }: CommitOptions,
): Promise<CommittedRun> {
  const { description, root } = prover.run;
  const { tensors, slices } = description;
  let known: Committer | undefined;
  const committer = (): Committer => {
    known ??= committerOf(sliceVerifier(prover, 0).system);
    return known;
  };
  const blobs = new Array<string>(tensors.length).fill('');
  const blindings = new Array<bigint | undefined>(tensors.length).fill(undefined);
  const stated = new Array<TensorStatement>(tensors.length).fill({ kind: 'private' });
  const define = (i: number, data: Tensor['data']): void => {
    const t = tensors[i]!;
    blobs[i] = work.writeTensor(data);
    if (t.visibility === 'public') stated[i] = { kind: 'integers', integers: [...data] };
    if (t.visibility !== 'committed') return;
    const blinding = committer().randomBlinding();
    blindings[i] = blinding;
    stated[i] = { kind: 'commitment', commitment: committer().commit(t, data, blinding) };
  };
  for (const [i, { input }] of tensors.entries()) if (input !== undefined) define(i, integers.get(input)!.data);
  for (const s of slices.keys()) {
    onSlice(s);
    await turn(signal);
    const loaded = await loadSliceProver(prover, s);
    const { circuit, verifier } = loaded;
    const tensorOf = tensorsOfPorts(slices[s]!, verifier.description.ports);
    const given = new Map<string, Tensor>();
    for (const [p, { role, name, wire }] of circuit.ports.entries())
      if (role === 'input')
        given.set(name, { shape: circuit.wires[wire]!.shape, data: work.readTensor(blobs[tensorOf[p]!]!) });
    const { outputs } = integersOf(prover, s, loaded, given);
    for (const [p, { role, name }] of circuit.ports.entries())
      if (role === 'output') define(tensorOf[p]!, outputs.get(name)!.data);
  }
  if (blobs.includes('')) throw new Diagnostic('bad-run', 'run.json lists a tensor that no slice makes');
  return { statement: { root, tensors: stated }, blindings, blobs, clamped };
}

/** @throws Diagnostic what the slice's circuit refuses, in the model's names. */
function integersOf(
  { run }: LoadedRunProver,
  slice: number,
  loaded: LoadedProver,
  given: ReadonlyMap<string, Tensor>,
): Pick<ReturnType<typeof runIntegers>, 'outputs'> {
  try {
    return runIntegers(loaded, given);
  } catch (e) {
    throw inModelNames(e, namesInRun(run.description, slice));
  }
}
