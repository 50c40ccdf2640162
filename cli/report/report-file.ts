// The report's file: complete or absent, and never in the place of something else.
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Diagnostic } from '../../compiler/index.ts';
import { writeAtomically } from '../../runtime/index.ts';
import { REPORT_HEAD } from './page.ts';

/**
 * Asked before anything is computed.
 * @throws Diagnostic `not-a-report` (usage) if something else stands there, `file-unwritable` (usage).
 */
export function checkReportPath(path: string): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !(there.isFile() && isReport(path)))
    throw new Diagnostic(
      'not-a-report',
      'something else than a report of zkmlc stands there; choose another path or move it away',
      { file: path },
      { kind: 'usage' },
    );
  try {
    accessSync(dirname(resolve(path)), constants.W_OK);
  } catch (cause) {
    throw new Diagnostic(
      'file-unwritable',
      'cannot write the report: its folder does not exist or is read-only',
      { file: path },
      { kind: 'usage', cause },
    );
  }
}

function isReport(path: string): boolean {
  const head = Buffer.alloc(REPORT_HEAD.length);
  const file = openSync(path, 'r');
  try {
    return readSync(file, head, 0, head.length, 0) === head.length && head.toString('latin1') === REPORT_HEAD;
  } finally {
    closeSync(file);
  }
}

/** @returns its size (bytes). @throws Diagnostic as {@link checkReportPath}. */
export function writeReport(path: string, page: string): number {
  checkReportPath(path);
  const bytes = Buffer.from(page, 'utf8');
  writeAtomically(path, bytes);
  return bytes.length;
}
