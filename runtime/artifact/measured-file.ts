// What the proofs of a run took, as `run.zkp.measured.json` beside it: for people and cost models, no part of any proof.
import { Diagnostic, quote } from '../../compiler/ir/diagnostics.ts';
import { ARTIFACT_VERSION } from './description.ts';
import { readBounded, writeAtomically } from './files.ts';
import { commitmentsDigest, type RunStatement } from './run-file.ts';
import { document, type Fail, record, string } from './strict-json.ts';

/** What one proof took, measured in the process that made it. */
export interface JobFigures {
  /** Reading the slice's key and circuit (seconds). */
  readonly loadSeconds: number;
  /** Witness and proof (seconds). */
  readonly seconds: number;
  /** Largest resident set of a process at work on it (bytes); with snarkjs, of it or its parent. */
  readonly peakBytes: number;
}

/** What the proof of a slice took, and how large it is. */
export interface MeasuredProof extends JobFigures {
  /** Name of the slice. */
  readonly slice: string;
  readonly proofBytes: number;
}

const MAX_BYTES = 2 ** 24;
const FIGURES = ['loadSeconds', 'seconds', 'peakBytes', 'proofBytes'] as const;

/** Where the measurements of a run are. */
export const measuredPath = (run: string): string => `${run}.measured.json`;

/** @throws Diagnostic `file-unwritable`. */
export function writeMeasured(run: string, statement: RunStatement, slices: readonly MeasuredProof[]): void {
  const head = { format: 'zkmlc/measured', version: ARTIFACT_VERSION };
  const of = { root: statement.root, commitments: commitmentsDigest(statement) };
  writeAtomically(measuredPath(run), Buffer.from(`${JSON.stringify({ ...head, ...of, slices }, null, 2)}\n`, 'utf8'));
}

/**
 * The measurements beside a run, by slice; none if the file is absent.
 * @throws Diagnostic `bad-measurements`, `other-commitments` for those of another run; each names the file.
 */
export function readMeasured(run: string, statement: RunStatement): ReadonlyMap<string, MeasuredProof> {
  const file = measuredPath(run);
  const fail: Fail = (what) =>
    new Diagnostic('bad-measurements', `${what}: remove the file, it is no part of the run`, { file });
  let bytes: Uint8Array;
  try {
    bytes = readBounded(file, MAX_BYTES);
  } catch (e) {
    if (e instanceof Diagnostic && e.code === 'file-missing') return new Map();
    throw e;
  }
  const otherwise = 'not measurements of zkmlc';
  const top = document(
    bytes,
    { file: 'measured.json', format: 'zkmlc/measured', version: ARTIFACT_VERSION, otherwise },
    fail,
  );
  if (top.get('root') !== statement.root || top.get('commitments') !== commitmentsDigest(statement))
    throw new Diagnostic('other-commitments', 'the measurements are of another run: remove the file', { file });
  const slices = top.get('slices');
  if (!Array.isArray(slices) || slices.length > 10_000) throw fail('slices is not a list');
  return new Map(
    slices.map((s) => {
      const one = record(s, fail);
      const slice = string(one.get('slice'), 'slice', fail);
      const [loadSeconds, seconds, peakBytes, proofBytes] = FIGURES.map((name) => figure(one.get(name), slice, fail));
      return [
        slice,
        { slice, loadSeconds: loadSeconds!, seconds: seconds!, peakBytes: peakBytes!, proofBytes: proofBytes! },
      ];
    }),
  );
}

function figure(value: unknown, slice: string, fail: Fail): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw fail(`a figure of slice ${quote(slice)} is no number`);
  return value;
}
