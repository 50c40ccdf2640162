// Files of artifacts: bounded reads, and writes that leave either the old state or the new one.
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';

/**
 * Reads a regular file of at most `limit` bytes.
 * @throws Diagnostic `file-missing`, `file-unreadable` or `file-too-large`.
 */
export function readBounded(path: string, limit: number): Uint8Array {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (e) {
    throw new Diagnostic('file-missing', `cannot open the file: ${reason(e)}`, { file: path }, { cause: e });
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Diagnostic('file-unreadable', 'not a regular file', { file: path });
    if (stat.size > limit)
      throw new Diagnostic('file-too-large', `the file has ${stat.size} bytes, at most ${limit} are read`, {
        file: path,
      });
    const bytes = new Uint8Array(stat.size);
    for (let at = 0; at < bytes.length; ) {
      const n = readSync(fd, bytes, at, bytes.length - at, at);
      if (n === 0) throw new Diagnostic('file-unreadable', `the file became shorter while it was read`, { file: path });
      at += n;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}

function reason(e: unknown): string {
  return e instanceof Error && 'code' in e && e.code === 'ENOENT'
    ? 'no such file'
    : e instanceof Error
      ? e.message
      : String(e);
}

/**
 * Writes a file so that it is complete or absent.
 * @param mode permissions, 0o600 for secrets
 * @throws Diagnostic `file-unwritable`.
 */
export function writeAtomically(path: string, bytes: Uint8Array, mode = 0o666): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    writeFileSync(temporary, bytes, { mode });
    renameSync(temporary, path);
  } catch (e) {
    rmSync(temporary, { force: true });
    throw new Diagnostic('file-unwritable', `cannot write the file: ${reason(e)}`, { file: path }, { cause: e });
  }
}

/**
 * Makes a folder by `fill`ing a temporary one beside it and renaming. A folder that is there already is replaced only if
 * it is an artifact of ours.
 * @throws Diagnostic `not-an-artifact` if something else stands at the path; what `fill` throws, leaving nothing behind.
 */
export async function replaceFolder<T>(
  path: string,
  isOurs: (path: string) => boolean,
  fill: (temporary: string) => Promise<T>,
): Promise<T> {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !(there.isDirectory() && isOurs(path)))
    throw new Diagnostic(
      'not-an-artifact',
      'something else than a compiled model stands there; choose another path or move it away',
      { file: path },
      { kind: 'usage' },
    );
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  const old = join(dirname(path), `.${basename(path)}.${process.pid}.old`);
  let result: T;
  try {
    makeFolder(temporary, path);
    result = await fill(temporary);
    if (there !== undefined) renameSync(path, old);
    renameSync(temporary, path);
  } catch (e) {
    rmSync(temporary, { recursive: true, force: true });
    if (
      statSync(old, { throwIfNoEntry: false }) !== undefined &&
      statSync(path, { throwIfNoEntry: false }) === undefined
    )
      renameSync(old, path);
    throw e;
  }
  rmSync(old, { recursive: true, force: true });
  return result;
}

/** @throws Diagnostic `file-unwritable` naming the folder that is wanted, if the place beside it cannot be written. */
function makeFolder(temporary: string, path: string): void {
  try {
    rmSync(temporary, { recursive: true, force: true });
    // Not recursive: a folder that does not exist yet is more often a typing error than a wish.
    mkdirSync(temporary);
  } catch (e) {
    throw new Diagnostic(
      'file-unwritable',
      `cannot make the folder: ${reason(e)}`,
      { file: path },
      { kind: 'usage', cause: e },
    );
  }
}

/** Text of a small file, or undefined if it cannot be read. */
export function readTextIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
