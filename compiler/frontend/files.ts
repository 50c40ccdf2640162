// All file access of the importer. Names that come from a model are confined to the model's folder, whatever they say.
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Diagnostic, quote } from '../ir/diagnostics.ts';

/** The folder of a model, as its external data see it. Tests replace it by one that records. */
export interface ModelFiles {
  /** Exactly the bytes [offset, offset + length) of a file of the folder. */
  read(location: string, offset: number, length: number): Uint8Array;
  /** Size of a file of the folder (bytes). */
  size(location: string): number;
  /** SHA-1 digest of a file of the folder (lower-case hexadecimal). */
  sha1(location: string): string;
}

/** Largest model file, and most external data of one model (bytes): the longest array Node.js 20 can make is 4 GiB. */
export const MAX_MODEL_BYTES = 4e9;

const CHUNK_BYTES = 2 ** 20;

/**
 * The files beside a model.
 * @throws Diagnostic `bad-location` for a location that is not a plain relative path, `unsafe-file` for symbolic links, hard links,
 * and anything but regular files, `file-not-found`, `file-too-short`, `file-too-large`.
 */
export function openModelFiles(modelPath: string): ModelFiles {
  let folder: string | undefined;
  const base = (): string => {
    try {
      folder ??= realpathSync(dirname(modelPath));
      return folder;
    } catch (error) {
      throw fileError(error, "the model's folder");
    }
  };
  const digests = new Map<string, string>();
  let bytesRead = 0;
  const within = <T>(location: string, use: (fd: number, size: number) => T): T => {
    try {
      return withConfinedFile(base(), location, use);
    } catch (error) {
      throw error instanceof Diagnostic ? error.at({ file: modelPath }) : error;
    }
  };
  return {
    read: (location, offset, length) =>
      within(location, (fd, size) => {
        if (offset + length > size)
          throw new Diagnostic(
            'file-too-short',
            `${quote(location)} has ${size} bytes; the model asks for ${length} bytes from byte ${offset} on`,
          );
        bytesRead += length;
        if (bytesRead > MAX_MODEL_BYTES)
          throw new Diagnostic('file-too-large', `the model has more than ${MAX_MODEL_BYTES} bytes of external data`);
        return readExactly(fd, offset, length, location);
      }),
    size: (location) => within(location, (_, size) => size),
    sha1: (location) =>
      within(location, (fd, size) => {
        const known = digests.get(location);
        if (known !== undefined) return known;
        if (size > MAX_MODEL_BYTES)
          throw new Diagnostic('file-too-large', `${quote(location)} has more than ${MAX_MODEL_BYTES} bytes`);
        const hash = createHash('sha1');
        for (let at = 0; at < size; at += CHUNK_BYTES)
          hash.update(readExactly(fd, at, Math.min(CHUNK_BYTES, size - at), location));
        const digest = hash.digest('hex');
        digests.set(location, digest);
        return digest;
      }),
  };
}

/** Splits a location into its components. @throws Diagnostic `bad-location` unless it is a relative path that only descends. */
function componentsOf(location: string): readonly string[] {
  const fail = (why: string): never => {
    throw new Diagnostic(
      'bad-location',
      `external data at ${quote(location)}: ${why}; it must be a path below the model's folder`,
    );
  };
  if (location === '') fail('the location is empty');
  if (location.length > 4096) fail('the location is longer than 4096 characters');
  if (location.includes('\0')) fail('the location contains a NUL character');
  if (location.includes('\\')) fail('the location contains a backslash');
  if (location.startsWith('/')) fail('the location is absolute');
  if (/^[a-z]:/i.test(location) || /^[a-z][a-z0-9+.-]*:\//i.test(location))
    fail('the location is a drive or an address');
  if (process.platform === 'win32' && location.includes(':')) fail('the location contains a colon');
  const components = location.split('/').filter((part, index) => !(part === '.' && index === 0));
  if (components.length === 0) fail('the location names no file');
  for (const part of components) {
    if (part === '..' || part === '.') fail(`the location contains ${quote(part)}`);
    if (part === '') fail('the location contains an empty component');
  }
  return components;
}

/**
 * Opens a file below `base` once and hands out its descriptor. The path is looked at before (no component may be a link) and
 * after: the path must lead to the very file that is open, so that a swap in between is found.
 */
function withConfinedFile<T>(base: string, location: string, use: (fd: number, size: number) => T): T {
  const components = componentsOf(location);
  const refuse = (why: string): never => {
    throw new Diagnostic(
      'unsafe-file',
      `external data at ${quote(location)}: ${why}; copy the file itself into the model's folder`,
    );
  };
  const inspectPath = (): { readonly dev: bigint; readonly ino: bigint } => {
    let path = base;
    let found = lstatSync(path, { bigint: true });
    components.forEach((part, index) => {
      path = join(path, part);
      found = lstatSync(path, { bigint: true });
      if (found.isSymbolicLink()) refuse(`${quote(part)} is a symbolic link`);
      if (index < components.length - 1 && !found.isDirectory()) refuse(`${quote(part)} is not a folder`);
      if (index === components.length - 1 && !found.isFile()) refuse('it is not a regular file');
    });
    return found;
  };
  return withOpenFile(location, inspectPath, join(base, ...components), (fd) => {
    const open = fstatSync(fd, { bigint: true });
    if (!open.isFile()) refuse('it is not a regular file');
    if (open.nlink > 1n) refuse('it has more than one name (a hard link)');
    const now = inspectPath();
    if (now.dev !== open.dev || now.ino !== open.ino) refuse('it changed while it was being opened');
    return use(fd, Number(open.size));
  });
}

function withOpenFile<T>(location: string, before: () => unknown, path: string, use: (fd: number) => T): T {
  let fd: number | undefined;
  try {
    before();
    fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    return use(fd);
  } catch (error) {
    throw fileError(error, `external data at ${quote(location)}`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function fileError(error: unknown, what: string): unknown {
  if (error instanceof Diagnostic) return error;
  // Thrown by `new Uint8Array` when there is no memory for the file.
  if (error instanceof RangeError)
    return new Diagnostic('file-too-large', `${what} does not fit into memory`, {}, { cause: error });
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT' || code === 'ENOTDIR') return new Diagnostic('file-not-found', `${what}: no such file`);
  return new Diagnostic('unreadable-file', `${what} cannot be read (${code})`, {}, { cause: error });
}

function readExactly(fd: number, offset: number, length: number, name: string): Uint8Array {
  const out = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, out, done, Math.min(length - done, 2 ** 30), offset + done);
    if (count === 0)
      throw new Diagnostic(
        'file-too-short',
        `${quote(name)} ends after ${offset + done} bytes; ${offset + length} were expected`,
      );
    done += count;
  }
  return out;
}

/**
 * Reads a file that the user named, whole. Links are followed, since the user chose the path; only regular files are read.
 * @param accept sees the first bytes (up to 4096) before the rest is read, and throws to refuse the file.
 * @throws Diagnostic `file-not-found`, `unreadable-file`, `unsafe-file` if it is not a regular file, `file-too-large` beyond `maxBytes`.
 */
export function readUserFile(
  path: string,
  maxBytes: number,
  accept: (start: Uint8Array) => void = () => {},
): Uint8Array {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw new Diagnostic('unsafe-file', 'this is a folder; a file was expected');
    if (!stat.isFile()) throw new Diagnostic('unsafe-file', 'this is not a regular file (a device, pipe or socket)');
    if (stat.size > maxBytes)
      throw new Diagnostic('file-too-large', `the file has ${stat.size} bytes; at most ${maxBytes} are accepted`);
    accept(readExactly(fd, 0, Math.min(4096, stat.size), path));
    return readExactly(fd, 0, stat.size, path);
  } catch (error) {
    const found = fileError(error, 'the file');
    throw found instanceof Diagnostic ? found.at({ file: path }) : found;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** What a path that the user named leads to. @throws Diagnostic `unreadable-file`. */
export function userPathKind(path: string): 'file' | 'folder' | 'missing' {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? 'missing' : stat.isDirectory() ? 'folder' : 'file';
  } catch (error) {
    throw fileError(error, 'the path');
  }
}

/** The names in a folder that the user named. @throws Diagnostic `file-not-found`, `unreadable-file`. */
export function listUserFolder(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    throw fileError(error, 'the folder');
  }
}
