// Reading `.r1cs` files of any origin in bounded memory; nothing is allocated by a count that the file's size does not cover.
import { Diagnostic } from '../diagnostics.ts';
import {
  type LinearCombination,
  R1CS_CONTAINER,
  R1CS_HEADER_BYTES,
  R1CS_SECTION,
  type R1csCounts,
  TERM_BYTES,
} from './r1cs.ts';
import { FIELD_BYTES, isCanonical, MODULUS_BYTES, readFieldElement, toSigned } from './scalar-field.ts';
import { openSections, readAt, readInto, requireSection, type SectionFile } from './section-file.ts';

export interface R1csHeader extends R1csCounts {
  /** Variables, the constant one included. */
  readonly variables: number;
  readonly rows: number;
}

/** Receives one non-zero: matrix 0, 1, 2 for a, b, c; the coefficient's 32 canonical bytes lie at `offset` of the window. */
export type TermVisitor = (matrix: number, row: number, variable: number, offset: number) => void;

export interface R1csReader {
  readonly header: R1csHeader;
  /**
   * Visits the terms of at most `rows` further rows; returns how many rows were read, 0 once all were.
   * @throws Diagnostic `bad-r1cs` with the byte offset of the first malformed term.
   */
  readonly scan: (visit: TermVisitor, rows: number) => number;
  /** The window that coefficients lie in. */
  readonly window: Uint8Array;
  readonly close: () => void;
}

/** Least length of a window (bytes). */
export const MIN_WINDOW_BYTES = 4096;

/**
 * Opens a constraint system over the BN254 scalar field, checking header and label section.
 * @param window memory that the file is read through (at least {@link MIN_WINDOW_BYTES}); may lie in a WASM memory.
 * @throws Diagnostic `file-unreadable`, `bad-r1cs` (with byte offset), `unsupported-field` or `unsupported-custom-gates`.
 */
export function openR1cs(path: string, window: Uint8Array = new Uint8Array(1 << 18)): R1csReader {
  if (window.length < MIN_WINDOW_BYTES)
    throw new RangeError(`window of ${window.length} bytes; at least ${MIN_WINDOW_BYTES} are needed`);
  const file = openSections(path, R1CS_CONTAINER);
  try {
    const header = readHeader(file);
    return { header, scan: rowScanner(file, header, window), window, close: file.close };
  } catch (error) {
    file.close();
    throw error;
  }
}

function readHeader(file: SectionFile): R1csHeader {
  const section = requireSection(file, R1CS_CONTAINER, R1CS_SECTION.header, 'header', R1CS_HEADER_BYTES);
  const bytes = readAt(file, section.offset, section.size);
  const view = new DataView(bytes.buffer);
  const refuse = (message: string, at: number): Diagnostic =>
    new Diagnostic(R1CS_CONTAINER.code, message, { file: file.path, byte: section.offset + at });
  if (view.getUint32(0, true) !== FIELD_BYTES || MODULUS_BYTES.some((b, i) => b !== bytes[4 + i]))
    throw new Diagnostic('unsupported-field', 'the field is not the BN254 scalar field', {
      file: file.path,
      byte: section.offset,
    });
  const at = 4 + FIELD_BYTES;
  const [variables, publicOutputs, publicInputs, privateInputs] = [0, 4, 8, 12].map((o) =>
    view.getUint32(at + o, true),
  );
  const rows = view.getUint32(at + 24, true);
  const header = {
    variables: variables!,
    publicOutputs: publicOutputs!,
    publicInputs: publicInputs!,
    privateInputs: privateInputs!,
    rows,
  };
  if (header.publicOutputs + header.publicInputs + header.privateInputs + 1 > header.variables)
    throw refuse(`${header.variables} variables are fewer than one plus the declared inputs and outputs`, at);
  requireSection(file, R1CS_CONTAINER, R1CS_SECTION.labels, 'labels', 8 * header.variables);
  const content = requireSection(file, R1CS_CONTAINER, R1CS_SECTION.rows, 'rows');
  if (rows * 12 > content.size) throw refuse(`${rows} rows do not fit into ${content.size} bytes`, at + 24);
  for (const type of [R1CS_SECTION.customGates, R1CS_SECTION.customGateUses]) {
    const gates = file.sections.get(type);
    if (gates !== undefined && readAt(file, gates.offset, Math.min(gates.size, 4)).some((b) => b !== 0))
      throw new Diagnostic('unsupported-custom-gates', 'the circuit uses custom gates, which Groth16 cannot prove', {
        file: file.path,
        byte: gates.offset,
      });
  }
  return header;
}

function rowScanner(file: SectionFile, header: R1csHeader, window: Uint8Array): R1csReader['scan'] {
  const section = requireSection(file, R1CS_CONTAINER, R1CS_SECTION.rows, 'rows');
  const end = section.offset + section.size;
  const view = new DataView(window.buffer, window.byteOffset, window.length);
  let base = section.offset; // file offset of window[0]
  let filled = 0;
  let at = 0;
  let row = 0;

  const refuse = (message: string): Diagnostic =>
    new Diagnostic(R1CS_CONTAINER.code, `row ${row}: ${message}`, { file: file.path, byte: base + at });
  const need = (size: number): void => {
    if (at + size <= filled) return;
    if (base + at + size > end) throw refuse('the section ends inside the row');
    base += at;
    at = 0;
    filled = Math.min(window.length, end - base);
    readInto(file, base, window.subarray(0, filled));
  };

  return (visit, rows) => {
    const stop = Math.min(header.rows, row + rows);
    const first = row;
    for (; row < stop; row++) {
      for (let matrix = 0; matrix < 3; matrix++) {
        need(4);
        const terms = view.getUint32(at, true);
        if (terms * TERM_BYTES > end - base - at - 4)
          throw refuse(`${terms} terms are claimed; the section ends before`);
        at += 4;
        for (let i = 0; i < terms; i++) {
          need(TERM_BYTES);
          const variable = view.getUint32(at, true);
          if (variable >= header.variables) throw refuse(`variable ${variable} is not below ${header.variables}`);
          // 0x30 is the modulus' highest byte: nearly every coefficient is decided by it.
          if (window[at + 35]! >= 0x30 && !isCanonical(window, at + 4))
            throw refuse('a coefficient is not below the modulus');
          visit(matrix, row, variable, at + 4);
          at += TERM_BYTES;
        }
      }
    }
    if (row === header.rows && base + at !== end) throw refuse(`${end - base - at} bytes follow the last row`);
    return row - first;
  };
}

/** One row, coefficients as signed integers of least magnitude. */
export interface R1csRow {
  readonly a: LinearCombination;
  readonly b: LinearCombination;
  readonly c: LinearCombination;
}

/**
 * All rows, one at a time: for tests and tools, not for hot paths.
 * @throws Diagnostic as {@link openR1cs} and `scan` do.
 */
export function* readR1csRows(path: string): Generator<R1csRow, void, undefined> {
  const reader = openR1cs(path);
  try {
    for (;;) {
      const variables: [number[], number[], number[]] = [[], [], []];
      const coefficients: [bigint[], bigint[], bigint[]] = [[], [], []];
      const read = reader.scan((matrix, _row, variable, offset) => {
        variables[matrix]!.push(variable);
        coefficients[matrix]!.push(toSigned(readFieldElement(reader.window, offset)));
      }, 1);
      if (read === 0) return;
      const sum = (m: 0 | 1 | 2): LinearCombination => ({ variables: variables[m], coefficients: coefficients[m] });
      yield { a: sum(0), b: sum(1), c: sum(2) };
    }
  } finally {
    reader.close();
  }
}

/** The header alone. */
export function readR1csHeader(path: string): R1csHeader {
  const reader = openR1cs(path, new Uint8Array(MIN_WINDOW_BYTES));
  reader.close();
  return reader.header;
}
