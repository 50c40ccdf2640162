// Removes what a prover keeps of a run: tensors, what hides the commitments, finished proofs. Nothing else is touched.
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Diagnostic, quote } from '../../compiler/ir/diagnostics.ts';
import { commitmentsDigest } from '../artifact/run-file.ts';
import { readRun } from './verify-run.ts';
import { committedIn, WORK_NAMES } from './work-folder.ts';

/** What was removed. */
export interface ForgetReport {
  /** Path of the work folder that was removed. */
  readonly work: string;
  /** Its size. */
  readonly bytes: number;
  /** Path of the openings of the model's own inputs and outputs, which stay; absent if there are none. Secret. */
  readonly openings?: string;
}

/** Where the work of a run is kept. */
export const workPath = (run: string): string => `${run}.work`;

/** Size of the files below a folder; links are not followed. */
export function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0);
}

/**
 * Removes the work folder of a run: one that was committed to (`run.zkc`), whose audits cannot be answered afterwards, or one
 * whose proof was interrupted (`run.zkp`).
 * @throws Diagnostic `missing-work` if there is none, `file-unwritable` (usage) if something else stands in its place,
 * `other-commitments` if it is of another run than the file.
 */
export function forgetRun(run: string): ForgetReport {
  const work = workPath(run);
  const there = lstatSync(work, { throwIfNoEntry: false });
  if (there === undefined)
    throw new Diagnostic('missing-work', 'nothing is kept of this run', { file: work }, { kind: 'usage' });
  const foreign = there.isDirectory() ? readdirSync(work).find((name) => !WORK_NAMES.test(name)) : '';
  if (foreign !== undefined)
    throw new Diagnostic(
      'file-unwritable',
      foreign === ''
        ? 'this is no folder that a prover made'
        : `a prover did not make ${quote(foreign)} in this folder`,
      { file: work },
      { kind: 'usage' },
    );
  const kept = existsSync(run) ? committedIn(work) : undefined;
  if (kept !== undefined && commitmentsDigest(kept.statement) !== commitmentsDigest(readRun(run).statement))
    throw new Diagnostic('other-commitments', 'the work folder beside the run is of another run', { file: run });
  const bytes = folderBytes(work);
  rmSync(work, { recursive: true });
  const openings = `${run}.opening.json`;
  return { work, bytes, ...(existsSync(openings) && { openings }) };
}
