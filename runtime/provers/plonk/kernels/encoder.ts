// Encodes columns with the kernel: table of factors, panels of sixteen columns, cosets and levels.
import { mulP, rootOfUnity } from '../field.ts';
import type { Arena } from './arena.ts';
import { RADIX, shoupQuotient } from './field-code.ts';
import { type Kernel, LAYOUT, MAX_LOG_CODE } from './kernel.ts';
import type { KernelCall, Task, Threads } from './threads.ts';

/** Columns of a panel: a row of it is one cache line. */
const PANEL_COLUMNS = 16;
const WORD = 4;
const VECTOR = 16;
/** Words of a vector. */
const LANES = 4;
/** Words of codewords that are worth a second thread: some tens of microseconds. */
const MIN_SHARED_WORDS = 2 ** 13;
/** The smallest message that the kernel takes: one step splits blocks of four rows. */
export const MIN_LOG_MESSAGE = 2;

/** Reed-Solomon encoding, from and to addresses. */
export interface Encoder {
  /** `columns`: column-major, `width` columns of 2^logMessage words; `rows`: row-major, 2^logCode rows of `width` words. */
  readonly encode: (columns: number, rows: number, width: number, logMessage: number, logCode: number) => void;
}

export function createEncoder(kernel: Kernel, arena: Arena, threads: Threads): Encoder {
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

  return {
    encode: (columns, rows, width, logMessage, logCode) => {
      if (logMessage < MIN_LOG_MESSAGE || logCode < logMessage || logCode > MAX_LOG_CODE)
        throw new RangeError(`no code of length 2^${logCode} for messages of length 2^${logMessage}`);
      ensureFactors(2 ** (logCode - 1));
      const code = { columns, rows, width, logMessage, logBlowUp: logCode - logMessage };
      const cosets = Array.from({ length: 2 ** code.logBlowUp }, (_, i) => i);
      const panels = Math.ceil(width / PANEL_COLUMNS);
      const tasks: Task[] = [];
      for (let panel = 0; panel < panels; panel++) {
        // Few panels: threads share a panel's cosets, and each loads it.
        if (threads.count > 1 && panels < 2 * threads.count)
          tasks.push(...cosets.map((c) => panelTask(code, panel, [c])));
        else tasks.push(panelTask(code, panel, cosets));
      }
      const stride = 2 * panelBytes(logMessage);
      const mark = arena.mark();
      const isSmall = width * 2 ** logCode < MIN_SHARED_WORDS;
      threads.run(isSmall ? [tasks.flat()] : tasks, { address: arena.allocate(threads.count * stride), stride });
      arena.release(mark);
    },
  };
}

/** What is encoded: addresses, and the code's shape. */
interface Encoding {
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly logMessage: number;
  readonly logBlowUp: number;
}

const panelBytes = (logMessage: number): number => PANEL_COLUMNS * WORD * 2 ** logMessage;

/** Encodes a panel's columns at the points of some cosets; a thread's work space holds the panel and its transform. */
function panelTask(code: Encoding, panel: number, cosets: readonly number[]): Task {
  const { columns, rows, width, logMessage, logBlowUp } = code;
  const first = panel * PANEL_COLUMNS;
  const count = Math.min(PANEL_COLUMNS, width - first);
  const groups = Math.ceil(count / LANES);
  const rowBytes = groups * VECTOR;
  const columnBytes = WORD * 2 ** logMessage;
  const from = columns + first * columnBytes;
  const values = [0, rowBytes, from, columnBytes, groups, (count - 1) * columnBytes];
  const calls: KernelCall[] = [{ name: 'loadPanel', values, relative: 0b1 }];
  for (const coset of cosets) {
    const levels = transformCalls(coset, logMessage, rowBytes);
    const source = levels.length === 0 ? 0 : panelBytes(logMessage);
    // Position of row i of coset c: i's bits in opposite order, then c's.
    const step = WORD * width * 2 ** logBlowUp;
    const out = rows + WORD * (first + width * reversed(coset, logBlowUp));
    const logBlocks = logMessage - 2;
    const blocks = 2 ** logBlocks;
    const whole = Math.floor(count / LANES) * VECTOR;
    const finish = [source, rowBytes, coset * blocks, logBlocks, out, step * blocks, step, whole, count % LANES];
    calls.push(...levels, { name: 'finish', values: finish, relative: 0b1 });
  }
  return calls;
}

/** All levels but the last two: the first from the panel, the others in place behind it. */
function transformCalls(coset: number, logMessage: number, rowBytes: number): KernelCall[] {
  const calls: KernelCall[] = [];
  const work = panelBytes(logMessage);
  const source = (): number => (calls.length === 0 ? 0 : work);
  let level = 0;
  if (logMessage % 2 === 1) {
    calls.push({ name: 'halve', values: [0, work, coset, (rowBytes * 2 ** logMessage) / 2], relative: 0b11 });
    level = 1;
  }
  for (; level < logMessage - 2; level += 2) {
    const blocks = 2 ** level;
    const quarter = (rowBytes * 2 ** (logMessage - level)) / 4;
    calls.push({ name: 'quarter', values: [source(), work, coset * blocks, blocks, quarter], relative: 0b11 });
  }
  return calls;
}

/** Number with the low `bits` bits of i in opposite order. */
function reversed(i: number, bits: number): number {
  let out = 0;
  for (let k = 0; k < bits; k++) out = 2 * out + ((i >>> k) & 1);
  return out;
}
