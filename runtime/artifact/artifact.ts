// The bundle on disk, `model.zkml/`: manifest, the prover's folder and the verifier's folder.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Diagnostic, quote } from '../../compiler/ir/diagnostics.ts';
import { ARTIFACT_VERSION } from './description.ts';
import { readBounded, readTextIfPresent } from './files.ts';

/** Names of files, relative to the artifact. */
export const ARTIFACT_FILES = {
  manifest: 'manifest.json',
  /** Float and integer modules, in text form. */
  float: 'prover/float.zk',
  int: 'prover/int.zk',
  /** The recorded circuit. */
  circuit: 'prover/circuit.bin',
  /** Weights that are ports; absent if weights are constants of the circuit. */
  parameters: 'prover/parameters.bin',
  /** The native prover's commitment to weights. */
  weights: 'prover/weights.code',
  /** What the backend emitted. */
  system: 'prover/system',
  provingKey: 'prover/proving.zkey',
  verifier: 'verifier',
  /** Artifacts of the slices of a sliced model. */
  slices: 'slices',
} as const;

/** Names and digests of the prover's files: a changed or missing one is found before it is used. */
export interface Manifest {
  readonly format: 'zkmlc/artifact';
  readonly version: number;
  /** Name of the model, for people. */
  readonly model: string;
  readonly backend: string;
  /** The constraint system, relative to the artifact; absent where the circuit itself is proved. */
  readonly r1cs?: string;
  /** Of a sliced model: folder of each slice's artifact below `slices`, in order. Their own manifests list their files. */
  readonly slices?: readonly string[];
  /** SHA-256 by path relative to the artifact. */
  readonly files: Readonly<Record<string, string>>;
}

export function encodeManifest(m: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify(m, null, 2)}\n`, 'utf8');
}

/** True if a folder holds an artifact of ours, of any version. */
export function isArtifact(folder: string): boolean {
  return readTextIfPresent(join(folder, ARTIFACT_FILES.manifest))?.includes('"zkmlc/artifact"') === true;
}

/** @throws Diagnostic `bad-artifact`, or `wrong-version` with the command that rebuilds it. */
export function readManifest(folder: string): Manifest {
  const file = join(folder, ARTIFACT_FILES.manifest);
  const bad = (what: string): Diagnostic =>
    new Diagnostic('bad-artifact', `${what}; is this a folder made by zkmlc compile?`, { file });
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(readBounded(file, 2 ** 20)).toString('utf8'));
  } catch (e) {
    if (e instanceof Diagnostic)
      throw new Diagnostic(
        'bad-artifact',
        `${quote(folder)} is not a compiled model: ${e.message}`,
        { file },
        { cause: e },
      );
    throw bad('the manifest is not JSON');
  }
  const top = new Map(Object.entries(typeof json === 'object' && json !== null ? json : {}));
  if (top.get('format') !== 'zkmlc/artifact') throw bad('the manifest is not one of zkmlc');
  if (top.get('version') !== ARTIFACT_VERSION)
    throw new Diagnostic(
      'wrong-version',
      `the artifact has format version ${String(top.get('version'))}, this zkmlc reads ${ARTIFACT_VERSION}: run zkmlc compile again`,
      { file },
    );
  const [model, backend, r1cs, slices, files] = ['model', 'backend', 'r1cs', 'slices', 'files'].map((k) => top.get(k));
  if (
    typeof model !== 'string' ||
    typeof backend !== 'string' ||
    (r1cs !== undefined && typeof r1cs !== 'string') ||
    (slices !== undefined && !isFolders(slices)) ||
    typeof files !== 'object' ||
    files === null
  )
    throw bad('the manifest lacks a field');
  const digests: Record<string, string> = Object.create(null);
  for (const [path, sha] of Object.entries(files)) {
    if (!/^[a-z0-9_.-]+(\/[a-z0-9_.-]+)*$/i.test(path) || path.split('/').includes('..') || typeof sha !== 'string')
      throw bad(`the manifest lists a bad path ${quote(path)}`);
    digests[path] = sha;
  }
  if (r1cs !== undefined && !Object.hasOwn(digests, r1cs))
    throw bad('the manifest does not list its constraint system');
  const system = { ...(r1cs !== undefined && { r1cs }), ...(slices !== undefined && { slices }) };
  return { format: 'zkmlc/artifact', version: ARTIFACT_VERSION, model, backend, ...system, files: digests };
}

function isFolders(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((s) => typeof s === 'string' && /^[a-z0-9][a-z0-9_-]{0,63}$/.test(s));
}

/**
 * Path of a file of the artifact whose digest has been checked.
 * @throws Diagnostic `bad-artifact` if it is missing or changed.
 */
export async function checkedFile(folder: string, m: Manifest, path: string): Promise<string> {
  const file = join(folder, path);
  const expected = Object.hasOwn(m.files, path) ? m.files[path] : undefined;
  if (expected === undefined || (await sha256OfFile(file)) !== expected)
    throw new Diagnostic('bad-artifact', `the file differs from the artifact's manifest: compile the model again`, {
      file,
    });
  return file;
}

/** SHA-256 in hex. */
export function sha256OfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-256 of a file, streamed, in hex. @throws Diagnostic `file-missing`. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  } catch (e) {
    throw new Diagnostic(
      'file-missing',
      `cannot read the file: ${e instanceof Error ? e.message : String(e)}`,
      { file: path },
      { cause: e },
    );
  }
  return hash.digest('hex');
}
