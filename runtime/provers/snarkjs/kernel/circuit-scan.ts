// One pass over a circuit: sums up the rows of a, b, c at tau per variable and writes the key's coefficient section.
import type { R1csReader } from '../../../../compiler/ir/iden3/r1cs-reader.ts';
import { CONSTANT, ELEMENT_BYTES, type Kernel } from './kernel.ts';

/** Bytes of an entry: matrix, row, variable, coefficient times 2^512 modulo r. */
export const COEFFICIENT_BYTES = 12 + 32;
/** Entries that are collected before they are written. */
const ENTRIES = 8192;
/** Memory that a scan needs for itself. */
export const SCAN_BYTES = ENTRIES * COEFFICIENT_BYTES + 4 * ELEMENT_BYTES;

export interface CircuitScan {
  /** Takes in at most `rows` further rows; returns how many there were. */
  readonly advance: (rows: number) => number;
  /**
   * Adds the rows that the prover appends so that public signals are independent: variable i in a, alone, for every
   * public signal and the constant one. Returns the number of entries of the coefficient section.
   */
  readonly finish: () => number;
}

/** Addresses in the kernel's memory. */
export interface ScanRegions {
  /** Per variable one element each, zero at first: the columns a, b, c at tau, as plain canonical elements. */
  readonly columns: readonly [number, number, number];
  /** Lagrange basis at tau per row, in Montgomery form. */
  readonly lagrange: number;
  /** The reader's window. */
  readonly window: number;
  /** {@link SCAN_BYTES} bytes. */
  readonly own: number;
}

/** Prepares a scan; `write` receives finished entries in order: rows ascending, a before b; matrix c has none. */
export function createCircuitScan(
  kernel: Kernel,
  buffer: SharedArrayBuffer,
  regions: ScanRegions,
  reader: R1csReader,
  write: (entries: Uint8Array) => void,
): CircuitScan {
  const { columns, lagrange, window } = regions;
  const words = new Uint32Array(buffer);
  const entries = regions.own;
  const scratch = entries + ENTRIES * COEFFICIENT_BYTES;
  const one = scratch + 2 * ELEMENT_BYTES;
  words[one >>> 2] = 1;
  let pending = 0;
  let total = 0;

  const flush = (): void => {
    if (pending > 0) write(new Uint8Array(buffer, entries, pending * COEFFICIENT_BYTES));
    total += pending;
    pending = 0;
  };
  const term = (matrix: number, row: number, variable: number, coefficient: number): void => {
    kernel.scalarAccumulate(
      columns[matrix]! + variable * ELEMENT_BYTES,
      coefficient,
      lagrange + row * ELEMENT_BYTES,
      scratch,
    );
    if (matrix === 2) return;
    const entry = entries + pending * COEFFICIENT_BYTES;
    words[entry >>> 2] = matrix;
    words[(entry >>> 2) + 1] = row;
    words[(entry >>> 2) + 2] = variable;
    kernel.scalarUnpack(scratch, coefficient);
    kernel.scalarMultiply(scratch, scratch, CONSTANT.scalarToFile);
    kernel.scalarPack(entry + 12, scratch);
    if (++pending === ENTRIES) flush();
  };
  return {
    advance: (rows) =>
      reader.scan((matrix, row, variable, offset) => term(matrix, row, variable, window + offset), rows),
    finish: () => {
      const { rows, publicOutputs, publicInputs } = reader.header;
      for (let i = 0; i <= publicOutputs + publicInputs; i++) term(0, rows + i, i, one);
      flush();
      return total;
    },
  };
}
