// Sequential binary writing in bounded memory, with patches for counts that are known only at the end.
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { Diagnostic } from '../diagnostics.ts';
import { FIELD_BYTES, writeFieldElement } from './scalar-field.ts';

const BUFFER_BYTES = 1 << 20;

/** A file being written front to back. Multi-byte integers are little-endian. */
export interface FileWriter {
  /** Bytes written so far. */
  readonly position: () => number;
  readonly u32: (value: number) => void;
  readonly u64: (value: number) => void;
  /** A signed integer of magnitude below the modulus, as 32 canonical bytes. */
  readonly field: (value: number | bigint) => void;
  readonly bytes: (data: Uint8Array) => void;
  /** Overwrites earlier bytes at an offset. */
  readonly patch: (offset: number, write: (view: DataView) => void, size: number) => void;
  /** Writes what is buffered and closes the file. */
  readonly close: () => void;
  /** Closes and removes an unfinished file; does nothing after `close`. */
  readonly discard: () => void;
}

/**
 * Creates (or truncates) a file for writing through a 1 MiB buffer.
 * @throws Diagnostic `file-unwritable` naming the file if the system refuses.
 */
export function createFileWriter(path: string): FileWriter {
  const fd = attempt(path, () => openSync(path, 'w'));
  const buffer = new Uint8Array(BUFFER_BYTES);
  const view = new DataView(buffer.buffer);
  let flushed = 0;
  let used = 0;
  let open = true;

  const flush = (): void => {
    writeFully(path, fd, buffer, used, flushed);
    flushed += used;
    used = 0;
  };
  const reserve = (size: number): number => {
    if (!open) throw new Diagnostic('file-unwritable', 'the file is already closed', { file: path });
    if (used + size > BUFFER_BYTES) flush();
    used += size;
    return used - size;
  };
  return {
    position: () => flushed + used,
    u32: (value) => view.setUint32(reserve(4), value, true),
    u64: (value) => view.setBigUint64(reserve(8), BigInt(value), true),
    field: (value) => writeFieldElement(view, reserve(FIELD_BYTES), value),
    bytes: (data) => {
      for (let done = 0; done < data.length; ) {
        const part = data.subarray(done, done + BUFFER_BYTES);
        buffer.set(part, reserve(part.length));
        done += part.length;
      }
    },
    patch: (offset, write, size) => {
      flush();
      const patch = new Uint8Array(size);
      write(new DataView(patch.buffer));
      writeFully(path, fd, patch, size, offset);
    },
    close: () => {
      if (!open) return;
      flush();
      open = false;
      attempt(path, () => closeSync(fd));
    },
    discard: () => {
      if (!open) return;
      open = false;
      closeSync(fd);
      unlinkSync(path);
    },
  };
}

/** Writes a section's type and a size of zero; returns a function that patches the size once the content is written. */
export function beginSection(file: FileWriter, type: number): () => void {
  file.u32(type);
  const at = file.position();
  file.u64(0);
  return () => {
    const size = file.position() - at - 8;
    file.patch(at, (view) => view.setBigUint64(0, BigInt(size), true), 8);
  };
}

/** Writes the container head that all of iden3's binary files share: magic, version, number of sections. */
export function writeHead(file: FileWriter, magic: string, version: number, sections: number): void {
  file.bytes(Uint8Array.from(magic, (c) => c.charCodeAt(0)));
  file.u32(version);
  file.u32(sections);
}

function writeFully(path: string, fd: number, data: Uint8Array, size: number, offset: number): void {
  for (let done = 0; done < size; ) done += attempt(path, () => writeSync(fd, data, done, size - done, offset + done));
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw new Diagnostic(
      'file-unwritable',
      `the file cannot be written: ${messageOf(cause)}`,
      { file: path },
      { cause },
    );
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
