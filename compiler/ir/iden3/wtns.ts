// iden3's `.wtns` files (version 2): one field element per variable of a constraint system, variable 0 being one.
import { Diagnostic } from '../diagnostics.ts';
import { beginSection, createFileWriter, writeHead } from './file-writer.ts';
import { FIELD_BYTES, isCanonical, MODULUS_BYTES, readFieldElement } from './scalar-field.ts';
import { openSections, readAt, requireSection } from './section-file.ts';

const CONTAINER = { magic: 'wtns', version: 2, code: 'bad-wtns' } as const;
const SECTION = { header: 1, values: 2 } as const;
const HEADER_BYTES = 4 + FIELD_BYTES + 4;
const VALUES_PER_READ = 4096;

export interface WtnsWriter {
  /** Appends the value of the next variable: a signed integer of magnitude below the modulus. */
  push(value: number | bigint): void;
  /** Appends many values; whole numbers of magnitude below 2^53. */
  pushAll(values: ArrayLike<number>): void;
  /** Appends many values as the file stores them: 32 bytes each, little-endian, canonical. */
  pushBytes(values: Uint8Array): void;
  /** Fills in the count, closes the file and returns the number of values. */
  close(): number;
  /** Removes an unfinished file; does nothing after `close`. */
  discard(): void;
}

/**
 * Streams a witness to a `.wtns` file in bounded memory. The first value pushed must be 1.
 * @throws Diagnostic `file-unwritable`; `push` throws RangeError for what is not a field element.
 */
export function createWtnsWriter(path: string): WtnsWriter {
  const file = createFileWriter(path);
  let count = 0;
  writeHead(file, CONTAINER.magic, CONTAINER.version, 2);
  const endHeader = beginSection(file, SECTION.header);
  file.u32(FIELD_BYTES);
  file.bytes(MODULUS_BYTES);
  const countAt = file.position();
  file.u32(0);
  endHeader();
  const endValues = beginSection(file, SECTION.values);
  return {
    push: (value) => {
      file.field(value);
      count++;
    },
    pushAll: (values) => {
      for (let i = 0; i < values.length; i++) file.field(values[i]!);
      count += values.length;
    },
    pushBytes: (values) => {
      if (values.length % FIELD_BYTES !== 0) throw new RangeError(`field elements: ${values.length} bytes`);
      file.bytes(values);
      count += values.length / FIELD_BYTES;
    },
    close: () => {
      endValues();
      file.patch(countAt, (view) => view.setUint32(0, count, true), 4);
      file.close();
      return count;
    },
    discard: file.discard,
  };
}

/**
 * The values of a witness file in [0, r), in order.
 * @throws Diagnostic `file-unreadable`, `unsupported-field` or `bad-wtns` (with byte offset).
 */
export function* readWtnsValues(path: string): Generator<bigint, void, undefined> {
  const file = openSections(path, CONTAINER);
  try {
    const header = requireSection(file, CONTAINER, SECTION.header, 'header', HEADER_BYTES);
    const head = readAt(file, header.offset, HEADER_BYTES);
    const view = new DataView(head.buffer);
    if (view.getUint32(0, true) !== FIELD_BYTES || MODULUS_BYTES.some((b, i) => b !== head[4 + i]))
      throw new Diagnostic('unsupported-field', 'the field is not the BN254 scalar field', {
        file: path,
        byte: header.offset,
      });
    const count = view.getUint32(4 + FIELD_BYTES, true);
    const values = requireSection(file, CONTAINER, SECTION.values, 'values', count * FIELD_BYTES);
    for (let done = 0; done < count; done += VALUES_PER_READ) {
      const part = Math.min(VALUES_PER_READ, count - done);
      const bytes = readAt(file, values.offset + done * FIELD_BYTES, part * FIELD_BYTES);
      for (let i = 0; i < part; i++) {
        const offset = i * FIELD_BYTES;
        if (!isCanonical(bytes, offset))
          throw new Diagnostic(CONTAINER.code, `value ${done + i} is not below the modulus`, {
            file: path,
            byte: values.offset + done * FIELD_BYTES + offset,
          });
        yield readFieldElement(bytes, offset);
      }
    }
  } finally {
    file.close();
  }
}

/** All values of a witness file: for tests and tools. Throws as {@link readWtnsValues}. */
export function readWtns(path: string): bigint[] {
  return [...readWtnsValues(path)];
}
