// Encodes columns with the kernel: table of factors, panels of sixteen columns, cosets and levels.
import { mulP, rootOfUnity } from '../field.ts';
import type { Arena } from './arena.ts';
import { RADIX, shoupQuotient } from './field-code.ts';
import { type Kernel, LAYOUT, MAX_LOG_CODE } from './kernel.ts';

/** Columns of a panel: a row of it is one cache line. */
const PANEL_COLUMNS = 16;
const WORD = 4;
const VECTOR = 16;
/** Words of a vector. */
const LANES = 4;
/** The smallest message that the kernel takes: one step splits blocks of four rows. */
export const MIN_LOG_MESSAGE = 2;

/** Reed-Solomon encoding, from and to addresses. */
export interface Encoder {
  /** `columns`: column-major, `width` columns of 2^logMessage words; `rows`: row-major, 2^logCode rows of `width` words. */
  readonly encode: (columns: number, rows: number, width: number, logMessage: number, logCode: number) => void;
}

export function createEncoder(kernel: Kernel, arena: Arena): Encoder {
  let factors = 0;

  /** Fills the table up to `count` factors. */
  const ensureFactors = (count: number): void => {
    if (factors === 0) {
      const [table, quotients] = [arena.words(LAYOUT.factors, LANES), arena.words(LAYOUT.quotients, LANES)];
      const [fourth, eighth] = [rootOfUnity(2), rootOfUnity(3)];
      table.set([1, fourth, eighth, mulP(fourth, eighth)]);
      quotients.set([...table].map(shoupQuotient));
      factors = LANES;
    }
    for (; factors < count; factors *= 2)
      kernel.extendFactors(factors, mulP(rootOfUnity(Math.log2(factors) + 2), RADIX));
  };

  const encode: Encoder['encode'] = (columns, rows, width, logMessage, logCode) => {
    if (logMessage < MIN_LOG_MESSAGE || logCode < logMessage || logCode > MAX_LOG_CODE)
      throw new RangeError(`no code of length 2^${logCode} for messages of length 2^${logMessage}`);
    const logBlowUp = logCode - logMessage;
    ensureFactors(2 ** (logCode - 1));
    const panelBytes = PANEL_COLUMNS * WORD * 2 ** logMessage;
    const mark = arena.mark();
    const [panel, work] = [arena.allocate(panelBytes), arena.allocate(panelBytes)];
    for (let first = 0; first < width; first += PANEL_COLUMNS) {
      const count = Math.min(PANEL_COLUMNS, width - first);
      const groups = Math.ceil(count / LANES);
      const rowBytes = groups * VECTOR;
      const columnBytes = WORD * 2 ** logMessage;
      const from = columns + first * columnBytes;
      kernel.loadPanel(panel, rowBytes, from, columnBytes, groups, (count - 1) * columnBytes);
      for (let coset = 0; coset < 2 ** logBlowUp; coset++) {
        const source = transform(panel, work, coset, logMessage, rowBytes);
        // Position of row i of coset c: i's bits in opposite order, then c's.
        const between = WORD * width * 2 ** logBlowUp;
        const at = rows + WORD * (first + width * reversed(coset, logBlowUp));
        const logBlocks = logMessage - 2;
        const whole = Math.floor(count / LANES) * VECTOR;
        const firstBlock = coset * 2 ** logBlocks;
        kernel.finish(
          source,
          rowBytes,
          firstBlock,
          logBlocks,
          at,
          between * 2 ** logBlocks,
          between,
          whole,
          count % LANES,
        );
      }
    }
    arena.release(mark);
  };

  /** All levels but the last two; returns where the result stands. */
  const transform = (panel: number, work: number, coset: number, logMessage: number, rowBytes: number): number => {
    let source = panel;
    let level = 0;
    if (logMessage % 2 === 1) {
      kernel.halve(source, work, coset, (rowBytes * 2 ** logMessage) / 2);
      source = work;
      level = 1;
    }
    for (; level < logMessage - 2; level += 2) {
      const blocks = 2 ** level;
      kernel.quarter(source, work, coset * blocks, blocks, (rowBytes * 2 ** (logMessage - level)) / 4);
      source = work;
    }
    return source;
  };
  return { encode };
}

/** Number with the low `bits` bits of i in opposite order. */
function reversed(i: number, bits: number): number {
  let out = 0;
  for (let k = 0; k < bits; k++) out = 2 * out + ((i >>> k) & 1);
  return out;
}
