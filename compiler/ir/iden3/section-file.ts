// Reading the container of iden3's binary files (magic, version, typed sections); every size is checked against the file.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { Diagnostic } from '../diagnostics.ts';

/** Sections of one file that are listed at most; the formats know ten. */
const MAX_SECTIONS = 64;
const HEAD_BYTES = 12;
const SECTION_HEAD_BYTES = 12;

export interface Section {
  /** Offset of the content in the file (bytes). */
  readonly offset: number;
  /** Length of the content (bytes). */
  readonly size: number;
}

/** An open file whose section table has been checked. */
export interface SectionFile {
  readonly path: string;
  readonly fd: number;
  /** Length of the file when it was opened (bytes). */
  readonly size: number;
  readonly sections: ReadonlyMap<number, Section>;
  readonly close: () => void;
}

/** What a format expects of its container. */
export interface Container {
  /** Four ASCII characters. */
  readonly magic: string;
  readonly version: number;
  /** Code of the diagnostics about this format. */
  readonly code: string;
}

/**
 * Opens a file and reads its section table. Sections must be disjoint, fill the file and not repeat a type.
 * @throws Diagnostic `file-unreadable`, or the container's code with the byte offset of what is wrong.
 */
export function openSections(path: string, container: Container): SectionFile {
  const fd = openForReading(path);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Diagnostic('file-unreadable', 'not a regular file', { file: path });
    const size = stat.size;
    const refuse = (message: string, byte: number): Diagnostic =>
      new Diagnostic(container.code, message, { file: path, byte });
    if (size < HEAD_BYTES) throw refuse(`the file has ${size} bytes; a head of ${HEAD_BYTES} was expected`, size);
    const head = readAt({ path, fd }, 0, HEAD_BYTES);
    const magic = String.fromCharCode(...head.subarray(0, 4));
    if (magic !== container.magic) throw refuse(`the file does not begin with "${container.magic}"`, 0);
    const view = new DataView(head.buffer, head.byteOffset);
    const version = view.getUint32(4, true);
    if (version !== container.version)
      throw refuse(`format version ${version} is not the supported ${container.version}`, 4);
    const count = view.getUint32(8, true);
    if (count > MAX_SECTIONS) throw refuse(`${count} sections are more than ${MAX_SECTIONS}`, 8);
    const sections = readTable({ path, fd }, size, count, refuse);
    return { path, fd, size, sections, close: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function readTable(
  file: { readonly path: string; readonly fd: number },
  size: number,
  count: number,
  refuse: (message: string, byte: number) => Diagnostic,
): ReadonlyMap<number, Section> {
  const sections = new Map<number, Section>();
  let offset = HEAD_BYTES;
  for (let i = 0; i < count; i++) {
    if (size - offset < SECTION_HEAD_BYTES) throw refuse(`section ${i + 1} of ${count} is missing`, offset);
    const head = readAt(file, offset, SECTION_HEAD_BYTES);
    const view = new DataView(head.buffer, head.byteOffset);
    const type = view.getUint32(0, true);
    const length = view.getBigUint64(4, true);
    const content = offset + SECTION_HEAD_BYTES;
    if (length > BigInt(size - content))
      throw refuse(`section ${type} claims ${length} bytes; ${size - content} are left`, offset + 4);
    if (sections.has(type)) throw refuse(`section ${type} appears twice`, offset);
    sections.set(type, { offset: content, size: Number(length) });
    offset = content + Number(length);
  }
  if (offset !== size) throw refuse(`${size - offset} bytes follow the last section`, offset);
  return sections;
}

/**
 * The section of a type.
 * @throws Diagnostic with the container's code if it is absent, or `size` is given and differs.
 */
export function requireSection(
  file: SectionFile,
  container: Container,
  type: number,
  name: string,
  size?: number,
): Section {
  const section = file.sections.get(type);
  if (section === undefined)
    throw new Diagnostic(container.code, `section ${type} (${name}) is missing`, { file: file.path, field: name });
  if (size !== undefined && section.size !== size)
    throw new Diagnostic(container.code, `section ${type} (${name}) has ${section.size} bytes instead of ${size}`, {
      file: file.path,
      field: name,
      byte: section.offset - 8,
    });
  return section;
}

/**
 * Exactly `size` bytes from an offset; the caller has checked both against the file's size.
 * @throws Diagnostic `file-unreadable` if the file became shorter or the system refuses.
 */
export function readAt(file: { readonly path: string; readonly fd: number }, offset: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  readInto(file, offset, bytes);
  return bytes;
}

/** As {@link readAt}, into an existing array. */
export function readInto(file: { readonly path: string; readonly fd: number }, offset: number, into: Uint8Array): void {
  for (let done = 0; done < into.length; ) {
    const got = attempt(file.path, () => readSync(file.fd, into, done, into.length - done, offset + done));
    if (got === 0)
      throw new Diagnostic('file-unreadable', 'the file became shorter while it was read', {
        file: file.path,
        byte: offset + done,
      });
    done += got;
  }
}

/** Reads from the current position into an array; returns the number of bytes, 0 at the end. Throws as {@link readAt}. */
export function readSome(file: { readonly path: string; readonly fd: number }, into: Uint8Array): number {
  return attempt(file.path, () => readSync(file.fd, into, 0, into.length, null));
}

/**
 * Opens a file for reading; without blocking, so that a named pipe cannot hold us.
 * @throws Diagnostic `file-unreadable` naming the file.
 */
export function openForReading(path: string): number {
  return attempt(path, () => openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)));
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Diagnostic('file-unreadable', `the file cannot be read: ${reason}`, { file: path }, { cause });
  }
}
