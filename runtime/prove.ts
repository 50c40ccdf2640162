// Proving: from reals to a proof file that has been verified before anyone sees it. Secrets stay in a folder of their own.
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import type { Tensor } from '../compiler/ir/tensor.ts';
import { ARTIFACT_FILES, checkedFile } from './artifact/artifact.ts';
import { ARTIFACT_VERSION } from './artifact/description.ts';
import { writeAtomically } from './artifact/files.ts';
import { encodeProofFile } from './artifact/proof-file.ts';
import type { PortStatement } from './artifact/statement.ts';
import { nativeProveBytes, proveSeconds } from './estimate.ts';
import { createNativeProver } from './native-prover.ts';
import { type LoadedProver, loadProver } from './prover.ts';
import type { LoadedKey } from './provers/plonk/index.ts';
import { encodeProof, groth16Prove } from './provers/snarkjs/index.ts';
import { turn } from './turn.ts';
import { verifyBytes } from './verify.ts';
import { type Opening, type PreparedWitness, prepareWitness } from './witness.ts';

/** What to prove, and where the proof goes. */
export interface ProveOptions {
  /** Path of the artifact. */
  readonly artifact: string;
  /** Reals by input name. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Path of the proof; openings of commitments go to `<output>.opening.json`. */
  readonly output: string;
  /** Saturate inputs outside the declared range instead of refusing them. */
  readonly clamp?: boolean | undefined;
  /** Told what is being done, with the fraction done where it is known. */
  readonly onProgress?: ((stage: string, fraction?: number) => void) | undefined;
  /** Told, before anything large is computed, the peak memory that is expected of the native prover (bytes). */
  readonly onEstimate?: ((estimate: { readonly proveBytes: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was proven. */
export interface ProveReport {
  readonly model: string;
  readonly output: string;
  readonly root: string;
  /** Size of the proof file. */
  readonly bytes: number;
  /** What the proof states. */
  readonly ports: readonly PortStatement[];
  /** False: the proof can tell things about inputs and outputs that it does not show. */
  readonly zeroKnowledge: boolean;
  /** Input elements that were saturated. */
  readonly clamped: number;
  /** Path of the openings of committed ports, if there are any. Secret. */
  readonly openings?: string;
  /** Wall time (seconds). */
  readonly seconds: {
    readonly load: number;
    readonly witness: number;
    readonly prove: number;
    readonly verify: number;
  };
}

/**
 * Proves that the compiled model maps the inputs to its outputs. The proof appears only when it is complete and verifies.
 * @throws Diagnostic `bad-artifact`, `missing-input`, `input-out-of-range`, `file-unwritable`, `snarkjs-missing`,
 * `cancelled` and the like; no file is left behind then.
 */
export async function prove(options: ProveOptions): Promise<ProveReport> {
  const { output, onProgress = () => {}, signal } = options;
  const clock = stopwatch();
  checkWritable(output);
  onProgress('loading the circuit');
  const prover = await loadProver(options.artifact);
  const load = clock();
  const { system } = prover.verifier;
  if (system.proofSystem === 'plonk-koalabear') return proveNatively(prover, system.key, options, load);
  const folder = temporaryFolder();
  try {
    onProgress('computing the witness');
    await turn(signal);
    const path = join(folder, 'witness.wtns');
    const prepared = await prepareWitness(prover, options.inputs, path, { clamp: options.clamp === true });
    const witness = clock();
    const expected = proveSeconds(prover.verifier.description.constraints);
    onProgress(expected > 10 ? `proving (about ${Math.round(expected)} s)` : 'proving');
    await turn(signal);
    const bytes = await proveWitness(prover, prepared, signal);
    const proving = clock();
    const ports = verifyBytes(prover.verifier, bytes, output);
    const openings = writeProof(output, bytes, prover, prepared);
    const seconds = { load, witness, prove: proving, verify: clock() };
    const { clamped } = prepared;
    return { ...reportOf(prover, output, bytes), ports, clamped, ...(openings !== undefined && { openings }), seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Nothing is on disk before the proof is complete and verified: an interruption between two steps leaves nothing. */
async function proveNatively(
  prover: LoadedProver,
  key: LoadedKey,
  { inputs, output, clamp, onProgress = () => {}, onEstimate = () => {}, signal }: ProveOptions,
  loaded: number,
): Promise<ProveReport> {
  const { circuit, parameters, verifier, weightsPath } = prover;
  onEstimate({ proveBytes: nativeProveBytes(key.run.protocol.plan.cells) });
  const clock = stopwatch();
  onProgress('reading the weights');
  await turn(signal);
  const native = createNativeProver({ circuit, parameters, ports: verifier.description.ports, key, weightsPath });
  try {
    onProgress('computing the witness');
    await turn(signal);
    const load = loaded + clock();
    const run = native.prepare(inputs, { clamp: clamp === true });
    const witness = clock();
    const proof = await run.proveInTurns((phase, done) => onProgress(`proving: ${phase}`, done), signal);
    const bytes = encodeProofFile({ root: verifier.root, ...proof });
    const prove = clock();
    onProgress('verifying the proof');
    await turn(signal);
    const ports = verifyBytes(verifier, bytes, output);
    await turn(signal);
    const openings = writeProof(output, bytes, prover, run);
    const seconds = { load, witness, prove, verify: clock() };
    const { clamped } = run;
    return { ...reportOf(prover, output, bytes), ports, clamped, ...(openings !== undefined && { openings }), seconds };
  } finally {
    native.close();
  }
}

function reportOf(
  { verifier: { description, root, system } }: LoadedProver,
  output: string,
  bytes: Uint8Array,
): Pick<ProveReport, 'model' | 'output' | 'root' | 'bytes' | 'zeroKnowledge'> {
  return { model: description.model, output, root, bytes: bytes.length, zeroKnowledge: system.zeroKnowledge };
}

/** The bytes of a proof file for a witness on disk, not yet verified. @throws as {@link provenSignals}. */
async function proveWitness(
  prover: LoadedProver,
  witness: Pick<PreparedWitness, 'path' | 'signals'>,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const { proof } = await provenSignals(prover, witness, signal);
  return encodeProofFile({ root: prover.verifier.root, signals: witness.signals, proof });
}

/** An encoded Groth16 proof, and the largest resident set of the process that made it (bytes). */
export interface ProvenSignals {
  readonly proof: Uint8Array;
  readonly peakBytes: number;
}

/**
 * The encoded Groth16 proof of a witness on disk, not yet verified.
 * @throws Diagnostic `wrong-signals` if the witness shows other numbers than the model computed, `bad-artifact`, and what
 * {@link groth16Prove} throws.
 */
export async function provenSignals(
  prover: LoadedProver,
  { path, signals }: Pick<PreparedWitness, 'path' | 'signals'>,
  signal?: AbortSignal,
): Promise<ProvenSignals> {
  const zkeyPath = await checkedFile(prover.folder, prover.manifest, ARTIFACT_FILES.provingKey);
  const { proof, publicSignals, peakBytes } = await groth16Prove({ zkeyPath, wtnsPath: path, signal });
  if (publicSignals.length !== signals.length || publicSignals.some((s, i) => s !== signals[i]))
    throw new Diagnostic(
      'wrong-signals',
      'the constraint system shows other outputs than the integer model computed; please report this',
      { file: prover.folder },
    );
  return { proof: encodeProof(proof), peakBytes };
}

/** Openings first, so that no proof is without them. @returns their path. */
function writeProof(
  output: string,
  bytes: Uint8Array,
  prover: LoadedProver,
  { openings }: Pick<PreparedWitness, 'openings'>,
): string | undefined {
  return writeWithOpenings(output, bytes, prover.verifier.root, openings);
}

/**
 * Writes a file and, before it, the openings of the commitments that it shows: `<output>.opening.json`, which nobody else may
 * read. @returns the path of the openings, if there are any.
 * @throws Diagnostic `file-unwritable`.
 */
export function writeWithOpenings(
  output: string,
  bytes: Uint8Array,
  root: string,
  openings: readonly Opening[],
): string | undefined {
  if (openings.length === 0) {
    writeAtomically(output, bytes);
    return undefined;
  }
  const path = `${output}.opening.json`;
  const ports = openings.map((o) => ({
    ...o,
    blinding: o.blinding.toString(),
    commitment: o.commitment.toString(),
  }));
  const opening = { format: 'zkmlc/opening', version: ARTIFACT_VERSION, root, ports };
  writeAtomically(path, Buffer.from(`${JSON.stringify(opening, null, 2)}\n`, 'utf8'), 0o600);
  try {
    writeAtomically(output, bytes);
  } catch (e) {
    rmSync(path, { force: true });
    throw e;
  }
  return path;
}

/** Found before the work rather than after it. @throws Diagnostic `file-unwritable`. */
export function checkWritable(output: string): void {
  const fail = (why: string): never => {
    throw new Diagnostic('file-unwritable', `cannot write the proof: ${why}`, { file: output }, { kind: 'usage' });
  };
  if (statSync(output, { throwIfNoEntry: false })?.isDirectory()) fail('a folder stands there');
  try {
    accessSync(dirname(resolve(output)), constants.W_OK);
  } catch {
    fail('its folder does not exist or is read-only');
  }
}

/** A folder that only this user can read; the caller removes it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-'));
  chmodSync(folder, 0o700);
  return folder;
}

/** Seconds since the last call. */
export function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}
