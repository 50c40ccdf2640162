// Folds of rows on the kernel: tables in its memory, and parts for the threads.
import { addP, EXT } from '../field.ts';
import type { Vectors } from '../vectors.ts';
import type { Arena } from './arena.ts';
import { FOLD_SCRATCH_BYTES, RUN_CELLS } from './fold-code.ts';
import { MAX_PARTS } from './kernel.ts';
import type { Task, Threads } from './threads.ts';

const WORD = 4;
const ELEMENT = WORD * EXT;
/** Runs below this are taken cell by cell, with the sums in registers. */
const SHORT_RUN = 4;
/** Cells of a run below which it is not split for threads: a cache line. */
const SHORTEST_CHUNK = 16;
/** Products that a thread should have to work on. */
const PART_PRODUCTS = 8192;
/** Rows below which a fold is not split by rows. */
const FEWEST_ROWS = 32;

/** The operation `foldRows` of {@link Vectors}. @throws RangeError if a run leaves x or the lengths do not fit. */
export function createRowFold(arena: Arena, threads: Threads): Vectors['foldRows'] {
  /** The numbers times a word's bytes, in the memory. */
  const table = (numbers: Int32Array, repeats = 1): number => {
    const address = arena.allocate(WORD * repeats * numbers.length);
    const words = arena.words(address, repeats * numbers.length);
    for (let i = 0, at = 0; i < numbers.length; i++)
      for (let k = 0; k < repeats; k++) words[at++] = WORD * (numbers[i]! + k);
    return address;
  };

  return (x, starts, rows, coefficients, length) => {
    const out = arena.words(arena.allocate(ELEMENT * starts.length * length), EXT * starts.length * length);
    const groups = coefficients.length / EXT / rows.length;
    if (out.length === 0) return out;
    if (rows.length === 0) return out.fill(0);
    if (starts.length % groups !== 0)
      throw new RangeError(`${starts.length} starts and ${groups} groups of coefficients do not belong together`);
    const [first, last] = [least(starts) + least(rows), most(starts) + most(rows) + length];
    if (first < 0 || last > x.length) throw new RangeError(`rows from ${first} to ${last} leave ${x.length} words`);
    const [from, factors] = [x, coefficients].map(arena.addressOf);
    const mark = arena.mark();
    const isShort = length < SHORT_RUN;
    const repeats = isShort ? length : 1;
    const [startTable, rowTable] = [table(starts, repeats), table(rows)];
    const count = starts.length * repeats;
    const each = count / groups;
    const products = out.length * (rows.length / EXT);
    const parts = threads.count === 1 ? 1 : Math.max(1, Math.min(MAX_PARTS, Math.floor(products / PART_PRODUCTS)));
    // Runs cut short read a few words of each row: rows are divided instead where these are many, and the sums added up.
    const wholeRuns = count * Math.ceil(length / RUN_CELLS);
    const wanted = Math.ceil(Math.min(parts, 2 * threads.count) / wholeRuns);
    const slices = isShort || groups > 1 ? 1 : Math.max(1, Math.min(wanted, Math.floor(rows.length / FEWEST_ROWS)));
    const [run, chunks] = isShort ? [1, 1] : chunksOf(length, slices > 1 ? 1 : Math.ceil(parts / count));
    const perTask = Math.ceil(count / Math.ceil(parts / chunks));
    const sums = Array.from({ length: slices }, (_, i) =>
      i === 0 ? out : arena.words(arena.allocate(out.byteLength), out.length),
    );
    const tasks: Task[] = [];
    for (const [slice, into] of sums.entries()) {
      const [firstRow, endRow] = [slice, slice + 1].map((k) => Math.floor((k * rows.length) / slices));
      for (let start = 0; start < count; start += perTask) {
        const n = Math.min(perTask, count - start);
        const group = Math.floor(start / each);
        const outStart = arena.addressOf(into) + ELEMENT * start * (isShort ? 1 : length);
        const shared = [
          ...[rowTable + WORD * firstRow!, WORD * (endRow! - firstRow!)],
          ...[factors! + ELEMENT * (group * rows.length + firstRow!), startTable + WORD * start, WORD * n],
          ...[WORD * each, WORD * (start - group * each)],
        ];
        if (isShort) {
          tasks.push([{ name: 'foldCells', values: [outStart, from!, ...shared] }]);
          continue;
        }
        for (let cell = 0; cell < length; cell += run) {
          const cells = Math.min(run, length - cell);
          const values = [outStart + ELEMENT * cell, from! + WORD * cell, ...shared, WORD * cells, ELEMENT * length, 0];
          tasks.push([{ name: 'foldRuns', values, relative: 1 << (values.length - 1) }]);
        }
      }
    }
    const address = arena.allocate(isShort ? 0 : threads.count * FOLD_SCRATCH_BYTES);
    threads.run(tasks, { address, stride: FOLD_SCRATCH_BYTES });
    for (const part of sums.slice(1)) for (let i = 0; i < out.length; i++) out[i] = addP(out[i]!, part[i]!);
    arena.release(mark);
    return out;
  };
}

/** Cells of each chunk of a run, and how many there are: so many for the threads unless they become too short. */
function chunksOf(length: number, wanted: number): readonly [number, number] {
  const chunks = Math.max(Math.ceil(length / RUN_CELLS), Math.min(wanted, Math.floor(length / SHORTEST_CHUNK)));
  const run = Math.min(RUN_CELLS, 4 * Math.ceil(length / chunks / 4));
  return [run, Math.ceil(length / run)];
}

function least(numbers: Int32Array): number {
  let found = numbers[0]!;
  for (const n of numbers) if (n < found) found = n;
  return found;
}

function most(numbers: Int32Array): number {
  let found = numbers[0]!;
  for (const n of numbers) if (n > found) found = n;
  return found;
}
