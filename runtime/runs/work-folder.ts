// The work folder of a run: what a killed prover leaves behind so that no slice is evaluated or proved twice. Secret.
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { sha256OfBytes } from '../artifact/artifact.ts';
import { ARTIFACT_VERSION } from '../artifact/description.ts';
import { readBounded, writeAtomically } from '../artifact/files.ts';
import type { JobFigures } from '../artifact/measured-file.ts';
import { decodeParameters, encodeParameters, MAX_PARAMETER_BYTES } from '../artifact/parameters.ts';
import { decodeRunFile, encodeRunFile, type RunStatement } from '../artifact/run-file.ts';
import { record, string } from '../artifact/strict-json.ts';

/** A run whose tensors have all been computed and committed to. */
export interface CommittedRun {
  readonly statement: RunStatement;
  /** What hides the commitments, by tensor. Secret. */
  readonly blindings: readonly (bigint | undefined)[];
  /** SHA-256 of each tensor's blob. */
  readonly blobs: readonly string[];
  /** Input elements that were saturated. */
  readonly clamped: number;
}

/** A work folder; only the user may read it. */
export interface WorkFolder {
  readonly path: string;
  readonly blobs: string;
  /** Folder for what exists only during a proof. */
  readonly scratch: string;
  /** Keeps a tensor and gives the name of its blob. */
  writeTensor(values: Tensor['data']): string;
  /** @throws Diagnostic `bad-work` if the blob is missing or was changed. */
  readTensor(blob: string): Tensor['data'];
  /** What an earlier attempt at the same run committed to; undefined if there is none. */
  committed(): CommittedRun | undefined;
  commit(run: CommittedRun): void;
  /** A finished proof; undefined if there is none. Not yet verified. */
  proof(slice: number): Uint8Array | undefined;
  keepProof(slice: number, proof: Uint8Array, figures: JobFigures): void;
  /** What a finished proof took, where that is known. */
  figures(slice: number): JobFigures | undefined;
  dropProof(slice: number): void;
  remove(): void;
}

const STATE = 'state.json';
const STATEMENT = 'statement.zkc';
/** What stands in a work folder, half-written files included. */
export const WORK_NAMES =
  /^(?:(?:state\.json|statement\.zkc)|\.(?:state\.json|statement\.zkc)\.\d+\.tmp|blobs|proofs|scratch)$/;
const MAX_STATE_BYTES = 2 ** 28;
const MAX_PROOF_BYTES = 2 ** 27;

/**
 * Opens the work folder of a run, or makes it. What another run left there is removed.
 * @param key stands for model and inputs; undefined: whatever run was committed to there, which must be complete
 * @throws Diagnostic `file-unwritable`, `missing-work`.
 */
export function openWorkFolder(path: string, key: string | undefined): WorkFolder {
  const at = (...names: readonly string[]): string => join(path, ...names);
  const proofFile = (slice: number): string => at('proofs', `${slice}.proof`);
  const figuresFile = (slice: number): string => at('proofs', `${slice}.json`);
  const prepare = (): void => {
    try {
      // What a killed prover left: parts of witnesses.
      rmSync(at('scratch'), { recursive: true, force: true });
      for (const folder of [path, at('blobs'), at('proofs'), at('scratch')])
        mkdirSync(folder, { recursive: true, mode: 0o700 });
      chmodSync(path, 0o700);
    } catch (e) {
      const why = e instanceof Error ? e.message : String(e);
      throw new Diagnostic('file-unwritable', `cannot make the work folder: ${why}`, { file: path }, { cause: e });
    }
  };
  const known = readState(at(STATE), at(STATEMENT), key);
  if (known === undefined) {
    if (key === undefined)
      throw new Diagnostic(
        'missing-work',
        'the openings of the commitments are not there: proofs are made where the run was committed to',
        { file: path },
        { kind: 'usage' },
      );
    refuseForeign(path);
    rmSync(path, { recursive: true, force: true });
  }
  prepare();
  return {
    path,
    blobs: at('blobs'),
    scratch: at('scratch'),
    writeTensor(values) {
      const bytes = encodeParameters([{ name: 'tensor', values }]);
      const blob = sha256OfBytes(bytes);
      writeAtomically(at('blobs', blob), bytes, 0o600);
      return blob;
    },
    readTensor: (blob) => readBlob(at('blobs'), blob),
    committed: () => known,
    commit({ statement, blindings, blobs, clamped }) {
      writeAtomically(at(STATEMENT), encodeRunFile({ statement, proofs: new Map() }), 0o600);
      const hiding = blindings.map((b) => (b === undefined ? null : b.toString()));
      const state = { format: 'zkmlc/run-work', version: ARTIFACT_VERSION, key, clamped, blobs, blindings: hiding };
      // Last, because it says that everything else is there.
      writeAtomically(at(STATE), Buffer.from(JSON.stringify(state), 'utf8'), 0o600);
    },
    proof: (slice) => (existsSync(proofFile(slice)) ? readBounded(proofFile(slice), MAX_PROOF_BYTES) : undefined),
    keepProof(slice, proof, figures) {
      // The proof last: what it took is of no use without it.
      writeAtomically(figuresFile(slice), Buffer.from(JSON.stringify(figures), 'utf8'), 0o600);
      writeAtomically(proofFile(slice), proof, 0o600);
    },
    figures: (slice) => readFigures(figuresFile(slice)),
    dropProof: (slice) => rmSync(proofFile(slice), { force: true }),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** What was committed to in a work folder, left as it is; undefined if that cannot be read. */
export function committedIn(path: string): CommittedRun | undefined {
  return readState(join(path, STATE), join(path, STATEMENT), undefined);
}

/** A tensor of a folder of blobs. @throws Diagnostic `bad-work` if it is missing or its hash is another. */
export function readBlob(folder: string, blob: string): Tensor['data'] {
  const file = join(folder, blob);
  const bytes = readBounded(file, MAX_PARAMETER_BYTES);
  if (sha256OfBytes(bytes) !== blob)
    throw new Diagnostic('bad-work', 'the tensor was changed: remove the work folder and prove again', { file });
  return decodeParameters(bytes, file)[0]!.values;
}

/** Figures tell people something and decide nothing: what cannot be read is not there. */
function readFigures(file: string): JobFigures | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(readBounded(file, 2 ** 12)).toString('utf8'));
    const fields = record(json, (what) => new Diagnostic('bad-work', what, { file }));
    const [loadSeconds, seconds, peakBytes] = ['loadSeconds', 'seconds', 'peakBytes'].map((k) => fields.get(k));
    return typeof loadSeconds === 'number' && typeof seconds === 'number' && typeof peakBytes === 'number'
      ? { loadSeconds, seconds, peakBytes }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Only what a prover made is removed: a folder of something else is not. */
function refuseForeign(path: string): void {
  if (!existsSync(path) || existsSync(join(path, 'blobs'))) return;
  throw new Diagnostic(
    'file-unwritable',
    'something else than the work of an interrupted proof stands there: move it away or choose another output',
    { file: path },
    { kind: 'usage' },
  );
}

/** Whatever cannot be read is worth nothing: the run begins anew. */
function readState(stateFile: string, statementFile: string, key: string | undefined): CommittedRun | undefined {
  if (!existsSync(stateFile)) return undefined;
  const fail = (what: string): Diagnostic => new Diagnostic('bad-work', what, { file: stateFile });
  try {
    const json: unknown = JSON.parse(Buffer.from(readBounded(stateFile, MAX_STATE_BYTES)).toString('utf8'));
    const state = record(json, fail);
    if (state.get('version') !== ARTIFACT_VERSION) return undefined;
    if (key !== undefined && state.get('key') !== key) return undefined;
    const [blobs, blindings, clamped] = [state.get('blobs'), state.get('blindings'), state.get('clamped')];
    if (!Array.isArray(blobs) || !Array.isArray(blindings) || typeof clamped !== 'number') return undefined;
    return {
      statement: decodeRunFile(readBounded(statementFile, 2 ** 31 - 1)).statement,
      blobs: blobs.map((b) => string(b, 'blob', fail)),
      blindings: blindings.map((b) => (b === null ? undefined : BigInt(string(b, 'blinding', fail)))),
      clamped,
    };
  } catch {
    return undefined;
  }
}
