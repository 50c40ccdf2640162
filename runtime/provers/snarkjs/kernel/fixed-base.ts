// Multiples of a group's generator by many scalars: signed windows over a precomputed table, additions in batches.
import { SCALAR_FIELD } from '../../../../compiler/ir/iden3/scalar-field.ts';
import { CONSTANT, ELEMENT_BYTES, GROUP_SCRATCH_COORDINATES, JOB_BYTES, type Kernel } from './kernel.ts';

export type Group = 'g1' | 'g2';

/** Scalars that share the inversions of one pass; larger batches gain little and leave the cache. */
export const BATCH = 1024;
/** Bytes of a point in the kernel's form, and in a key file. */
export const POINT_BYTES = { g1: 2 * ELEMENT_BYTES, g2: 4 * ELEMENT_BYTES } as const;
export const FILE_POINT_BYTES = { g1: 64, g2: 128 } as const;

/** A scalar s is used as +-min(s, r - s), which has this many bits. */
const SCALAR_BITS = 253;
const HALF_ORDER = (SCALAR_FIELD - 1n) / 2n;

/** A table of d * 2^(windowBits * k) * generator for every window k and digit d >= 1. */
export interface TableShape {
  readonly group: Group;
  readonly windowBits: number;
  readonly windows: number;
  /** Digits of all windows but the last: up to 2^(windowBits - 1), with a sign. */
  readonly digits: number;
  /** Digits of the last window, which needs no sign. */
  readonly lastDigits: number;
}

/** The table for windows of a width in [2, 16]. */
export function tableShape(group: Group, windowBits: number): TableShape {
  const windows = Math.ceil(SCALAR_BITS / windowBits);
  const lastDigits = Number(HALF_ORDER >> BigInt(windowBits * (windows - 1))) + 1;
  return { group, windowBits, windows, digits: 2 ** (windowBits - 1), lastDigits };
}

/** The table that makes table and multiplication of this many scalars together cheapest. */
export function cheapestTable(group: Group, scalars: number): TableShape {
  const cost = (shape: TableShape): number => scalars * shape.windows + tableEntries(shape);
  const shapes = Array.from({ length: 12 }, (_, i) => tableShape(group, i + 4));
  return shapes.reduce((best, shape) => (cost(shape) < cost(best) ? shape : best));
}

function tableEntries({ windows, digits, lastDigits }: TableShape): number {
  return (windows - 1) * digits + lastDigits;
}

/** Memory of a table (bytes). */
export function tableBytes(shape: TableShape): number {
  return tableEntries(shape) * POINT_BYTES[shape.group];
}

/** Memory that one thread works in, next to the table (bytes). */
export function workspaceBytes(group: Group): number {
  const coordinate = POINT_BYTES[group] / 2;
  return (
    BATCH * (JOB_BYTES + 2 * coordinate + POINT_BYTES[group] + FILE_POINT_BYTES[group]) +
    GROUP_SCRATCH_COORDINATES * coordinate +
    64
  );
}

export interface FixedBase {
  /** Writes the first entry of every window; before any `fillWindow`. */
  readonly prepare: () => void;
  /** Completes one window of the table. */
  readonly fillWindow: (window: number) => void;
  /**
   * Multiplies up to {@link BATCH} scalars (32 bytes each, canonical, `stride` bytes apart) and returns where the points
   * lie in the form of a key file; the scalar 0 gives the point at infinity, all zeros.
   */
  readonly multiply: (scalars: number, stride: number, count: number) => number;
  /** Overwrites what depends on scalars outside the shared memory. */
  readonly wipe: () => void;
}

/** @param table,workspace addresses in the kernel's memory, of {@link tableBytes} and {@link workspaceBytes}. */
export function createFixedBase(
  kernel: Kernel,
  buffer: SharedArrayBuffer,
  shape: TableShape,
  table: number,
  workspace: number,
): FixedBase {
  const { group, windowBits, windows, digits: digitCount, lastDigits } = shape;
  const { addBatch, double, load } = kernel[group];
  const pointBytes = POINT_BYTES[group];
  const filePointBytes = FILE_POINT_BYTES[group];
  const jobs = workspace;
  const work = jobs + BATCH * JOB_BYTES;
  const points = work + BATCH * pointBytes;
  const output = points + BATCH * pointBytes;
  const scratch = output + BATCH * filePointBytes;
  const packed = scratch + (GROUP_SCRATCH_COORDINATES * pointBytes) / 2;
  const words = new Uint32Array(buffer);
  const digits = new Int32Array(windows * BATCH);
  const occupied = new Uint8Array(BATCH);
  const scalar = new Uint32Array(10);

  const job = (index: number, sum: number, summand: number, result: number, negate: number): void => {
    const at = (jobs + index * JOB_BYTES) >>> 2;
    words[at] = sum;
    words[at + 1] = summand;
    words[at + 2] = result;
    words[at + 3] = negate;
  };
  const run = (count: number): void => {
    if (count === 0) return;
    addBatch(jobs, count, work, scratch);
    // A zero product of differences would mean two equal points: excluded below, and never to pass silently.
    let any = 0;
    for (let part = 0; part < pointBytes / 2; part += ELEMENT_BYTES) {
      kernel.basePack(packed, scratch + part);
      for (let i = 0; i < 8; i++) any |= words[(packed >>> 2) + i]!;
    }
    if (any === 0) throw new RangeError('a batch of additions contained equal points');
  };
  const windowStart = (window: number): number => table + window * digitCount * pointBytes;

  const prepare = (): void => {
    load(table, group === 'g1' ? CONSTANT.generator1 : CONSTANT.generator2, 0);
    for (let window = 1; window < windows; window++) {
      const base = windowStart(window);
      load(base, windowStart(window - 1), 0);
      for (let i = 0; i < windowBits; i++) double(base, base, scratch);
    }
  };

  const fillWindow = (window: number): void => {
    const start = windowStart(window);
    const size = window === windows - 1 ? lastDigits : digitCount;
    const entry = (multiple: number): number => start + (multiple - 1) * pointBytes;
    for (let known = 1; known < size; known *= 2) {
      // known + j for j < known, in batches; 2 known is a doubling.
      const last = Math.min(2 * known - 1, size);
      for (let from = known + 1; from <= last; from += BATCH) {
        const count = Math.min(BATCH, last - from + 1);
        for (let i = 0; i < count; i++) job(i, entry(known), entry(from + i - known), entry(from + i), 0);
        run(count);
      }
      if (2 * known <= size) double(entry(2 * known), entry(known), scratch);
    }
  };

  /** Signed digits of scalar `index`, lowest window first; |partial sum| < 2^(windowBits k) keeps all additions proper. */
  const recode = (index: number, address: number): void => {
    const at = address >>> 2;
    for (let i = 0; i < 8; i++) scalar[i] = words[at + i]!;
    const negative = exceedsHalf(scalar);
    if (negative) negateModOrder(scalar);
    const mask = 2 ** windowBits - 1;
    let carry = 0;
    for (let window = 0; window < windows; window++) {
      const bit = window * windowBits;
      const word = bit >>> 5;
      const shift = bit & 31;
      const low = scalar[word]! >>> shift;
      const high = shift === 0 ? 0 : scalar[word + 1]! << (32 - shift);
      let digit = ((low | high) & mask) + carry;
      carry = 0;
      if (digit > digitCount && window < windows - 1) {
        digit -= mask + 1;
        carry = 1;
      }
      digits[window * BATCH + index] = negative ? -digit : digit;
    }
  };

  const multiply = (scalars: number, stride: number, count: number): number => {
    for (let i = 0; i < count; i++) recode(i, scalars + i * stride);
    occupied.fill(0);
    for (let window = 0; window < windows; window++) {
      const start = windowStart(window);
      let pending = 0;
      for (let i = 0; i < count; i++) {
        const digit = digits[window * BATCH + i]!;
        if (digit === 0) continue;
        const negate = digit < 0 ? 1 : 0;
        const summand = start + ((negate ? -digit : digit) - 1) * pointBytes;
        const sum = points + i * pointBytes;
        if (occupied[i] === 0) {
          load(sum, summand, negate);
          occupied[i] = 1;
        } else {
          job(pending++, sum, summand, sum, negate);
        }
      }
      run(pending);
    }
    kernel.writeCoordinates(output, points, (count * pointBytes) / ELEMENT_BYTES, scratch);
    for (let i = 0; i < count; i++)
      if (occupied[i] === 0) {
        const at = (output + i * filePointBytes) >>> 2;
        words.fill(0, at, at + filePointBytes / 4);
      }
    return output;
  };

  const wipe = (): void => {
    digits.fill(0);
    scalar.fill(0);
  };
  return { prepare, fillWindow, multiply, wipe };
}

const ORDER_WORDS = wordsOf(SCALAR_FIELD);
const HALF_ORDER_WORDS = wordsOf(HALF_ORDER);

function wordsOf(value: bigint): readonly number[] {
  return Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(32 * i)) & 0xffffffffn));
}

function exceedsHalf(scalar: Uint32Array): boolean {
  for (let i = 7; i >= 0; i--) {
    const difference = scalar[i]! - HALF_ORDER_WORDS[i]!;
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function negateModOrder(scalar: Uint32Array): void {
  let borrow = 0;
  for (let i = 0; i < 8; i++) {
    const word = ORDER_WORDS[i]! - scalar[i]! - borrow;
    borrow = word < 0 ? 1 : 0;
    scalar[i] = word; // modulo 2^32 by the array
  }
}
