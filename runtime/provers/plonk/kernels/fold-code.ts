// Emits folds of rows: sums of runs of base words, each times an element of K, with one reduction at the end.
import { i32, type ModuleBuilder, type Value } from '../../wasm/emitter.ts';
import { i64x2, v128 } from '../../wasm/simd.ts';
import { defineWritten, type Writer } from '../../wasm/writer.ts';
import {
  accumulate,
  accumulator,
  type FieldCode,
  fieldCode,
  type Products,
  RADIX,
  shoupFactor,
  type Vector,
} from './field-code.ts';
import { ELEMENT, forEach } from './vector-code.ts';

type Address = Value<'i32'>;

const WORD = 4;
/** Products that are summed before they enter an accumulator: 4 (p - 1)^2 is below 2^64. */
const GROUP = 4;
/** Rows that pass over a run together; a multiple of GROUP. */
const ROWS = 8;
/** Cells of a run whose addresses are computed together. */
const CELLS = 4;
/** Bytes of the accumulators of one cell: sums and high words of four coefficients. */
const SUMS = 4 * ELEMENT;

/** Cells of a run that one call takes: their accumulators stay in the first cache. */
export const RUN_CELLS = 512;
/** Work space of a call of `foldRuns`. */
export const FOLD_SCRATCH_BYTES = SUMS * RUN_CELLS;

/** Sums of products and of their high words; see `Accumulator` in field-code.ts. */
interface Sums {
  readonly sum: Products;
  readonly high: Products;
}

/** The sum modulo p: low words + 2^32 high words. */
function sumsModulo({ w, add, modulo, shoup }: FieldCode, { sum, high }: Sums): Vector {
  const lowWords = (half: keyof Products): Vector => i64x2.sub(sum[half], i64x2.shl(high[half], 32));
  const low = modulo([{ low: lowWords('low'), high: lowWords('high') }]);
  return add(w.let(low), w.let(shoup(w.let(modulo([high])), shoupFactor(RADIX))));
}

/** Runs `body(start, coefficients, out)` for each start; every `each` bytes of starts the next coefficients begin. */
function forStarts(
  w: Writer,
  {
    starts,
    startBytes,
    each,
    phase,
    coefficients,
    coefficientBytes,
    out,
    outBytes,
  }: Readonly<Record<StartName, Address>>,
  body: (start: Address, coefficients: Address, out: Address) => void,
): void {
  const current = w.variable(coefficients);
  const to = w.variable(out);
  const done = w.variable(phase);
  forEach(w, startBytes, WORD, (at) => {
    body(w.let(i32.load(i32.add(starts, at))), current.get, to.get);
    w.emit(to.set(i32.add(to.get, outBytes)));
    w.emit(done.set(i32.add(done.get, i32.const(WORD))));
    w.when(i32.eq(done.get, each), () => {
      w.emit(done.set(i32.const(0)));
      w.emit(current.set(i32.add(current.get, coefficientBytes)));
    });
  });
}

type StartName = 'starts' | 'startBytes' | 'each' | 'phase' | 'coefficients' | 'coefficientBytes' | 'out' | 'outBytes';

/** Runs `body(row, count)` over a table of rows: `size` of them together, then what is left one by one. */
function forRows(w: Writer, rowBytes: Address, size: number, body: (row: Address, count: number) => void): void {
  const at = w.variable(i32.const(0));
  // Tables are not multiples of a power of two of rows in general: whole groups first.
  const whole = w.let(i32.and(rowBytes, i32.const(-WORD * size)));
  w.range(at, whole, WORD * size, () => body(at.get, size));
  w.range(at, rowBytes, WORD, () => body(at.get, 1));
}

/** `dotPieces` takes pieces of a multiple of so many cells. */
export const PIECE_CELLS = GROUP;
/** Pieces whose sums are computed together: they share the loads of the weights. */
export const PIECES = 2;

/** Defines the operations in a module; offsets of rows and starts are in bytes. */
export function defineFolds(module: ModuleBuilder): void {
  // (out, x, bytes of x, weights, bytes of a piece of x): out[g] = sum_i weights[i] (piece g)[i]. Pieces are a multiple of GROUP
  // cells, x of PIECES pieces.
  defineWritten(module, 'dotPieces', 5, (w, out, x, bytes, weights, pieceBytes) => {
    const code = fieldCode(w);
    const to = w.variable(out!);
    const from = w.variable(x!);
    const end = w.let(i32.add(x!, bytes!));
    w.while(i32.ltU(from.get, end), () => {
      const pieces = Array.from({ length: PIECES }, () => [accumulator(w), accumulator(w)] as const);
      forEach(w, pieceBytes!, WORD * GROUP, (at) => {
        const place = w.let(i32.add(weights!, i32.shl(at, i32.const(2))));
        const factors = Array.from({ length: GROUP }, (_, i) => w.let(v128.load(place, ELEMENT * i)));
        let cells = w.let(i32.add(from.get, at));
        for (const [low, high] of pieces) {
          const both = code.sum(
            factors.map((factor, i) => code.products(factor, w.let(v128.load32Splat(cells, WORD * i)))),
          );
          accumulate(w, low, both.low);
          accumulate(w, high, both.high);
          cells = w.let(i32.add(cells, pieceBytes!));
        }
      });
      for (const [low, high] of pieces) {
        const sums = {
          sum: { low: low.sum.get, high: high.sum.get },
          high: { low: low.high.get, high: high.high.get },
        };
        w.emit(v128.store(to.get, sumsModulo(code, sums)));
        w.emit(to.set(i32.add(to.get, i32.const(ELEMENT))));
      }
      w.emit(from.set(i32.add(from.get, i32.mul(i32.const(PIECES), pieceBytes!))));
    });
  });
  // (out, x, rows, bytes of rows, coefficients, starts, bytes of starts, bytes of starts that share coefficients, bytes of
  // these that are over): out[s] = sum_r coefficients[r] x[starts[s] + rows[r]].
  defineWritten(module, 'foldCells', 9, (w, out, x, rows, rowBytes, coefficients, starts, startBytes, each, phase) => {
    const code = fieldCode(w);
    const table = {
      ...{ starts: starts!, startBytes: startBytes!, each: each!, phase: phase!, coefficients: coefficients! },
      ...{ coefficientBytes: w.let(i32.shl(rowBytes!, i32.const(2))), out: out!, outBytes: i32.const(ELEMENT) },
    };
    forStarts(w, table, (start, current, to) => {
      const from = w.let(i32.add(x!, start));
      const [low, high] = [accumulator(w), accumulator(w)];
      forRows(w, rowBytes!, GROUP, (row, count) => {
        const offsets = w.let(i32.add(rows!, row));
        const factors = w.let(i32.add(current, i32.shl(row, i32.const(2))));
        const terms = Array.from({ length: count }, (_, i) =>
          code.products(
            w.let(v128.load(factors, ELEMENT * i)),
            w.let(v128.load32Splat(i32.add(from, i32.load(offsets, WORD * i)))),
          ),
        );
        const both = code.sum(terms);
        accumulate(w, low, both.low);
        accumulate(w, high, both.high);
      });
      const sums = {
        sum: { low: low.sum.get, high: high.sum.get },
        high: { low: low.high.get, high: high.high.get },
      };
      w.emit(v128.store(to, sumsModulo(code, sums)));
    });
  });
  // (out, x, rows, bytes of rows, coefficients, starts, bytes of starts, bytes of starts that share coefficients, bytes of
  // these that are over, bytes of x in a run, bytes of out from start to start, work space): the same for runs of cells.
  defineWritten(
    module,
    'foldRuns',
    12,
    (w, out, x, rows, rowBytes, coefficients, starts, startBytes, each, phase, runBytes, outBytes, space) => {
      const code = fieldCode(w);
      const table = {
        ...{ starts: starts!, startBytes: startBytes!, each: each!, phase: phase!, coefficients: coefficients! },
        ...{ coefficientBytes: w.let(i32.shl(rowBytes!, i32.const(2))), out: out!, outBytes: outBytes! },
      };
      const whole = w.let(i32.and(runBytes!, i32.const(-WORD * CELLS)));
      const zero = v128.const(0, 0, 0, 0);
      /** Adds the products of rows at the addresses to the accumulators of `cells` cells. */
      const addRows = (addresses: readonly Address[], factors: readonly Vector[], at: Address, cells: number): void => {
        const words = addresses.map((address) => w.let(i32.add(address, at)));
        const place = w.let(i32.add(space!, i32.shl(at, i32.const(4))));
        for (let cell = 0; cell < cells; cell++) {
          const halves = [0, 1].map((half) => {
            const offset = SUMS * cell + 2 * ELEMENT * half;
            return { offset, sum: v128.load(place, offset), high: v128.load(place, offset + ELEMENT) };
          });
          for (let i = 0; i < words.length; i += GROUP) {
            const terms = words
              .slice(i, i + GROUP)
              .map((word, k) => code.products(factors[i + k]!, w.let(v128.load32Splat(word, WORD * cell))));
            const both = code.sum(terms);
            for (const [half, t] of [both.low, both.high].entries()) {
              const sums = halves[half]!;
              const { sum, high } = sums;
              sums.sum = w.let(i64x2.add(sum, t));
              sums.high = w.let(i64x2.add(high, i64x2.shrU(t, 32)));
            }
          }
          for (const { offset, sum, high } of halves) {
            w.emit(v128.store(place, sum, offset));
            w.emit(v128.store(place, high, offset + ELEMENT));
          }
        }
      };
      forStarts(w, table, (start, current, to) => {
        const from = w.let(i32.add(x!, start));
        forEach(w, i32.shl(runBytes!, i32.const(4)), ELEMENT, (at) => {
          w.emit(v128.store(i32.add(space!, at), zero));
        });
        forRows(w, rowBytes!, ROWS, (row, count) => {
          const offsets = w.let(i32.add(rows!, row));
          const place = w.let(i32.add(current, i32.shl(row, i32.const(2))));
          const each = Array.from({ length: count }, (_, i) => i);
          const addresses = each.map((i) => w.let(i32.add(from, i32.load(offsets, WORD * i))));
          const factors = each.map((i) => w.let(v128.load(place, ELEMENT * i)));
          const at = w.variable(i32.const(0));
          w.range(at, whole, WORD * CELLS, () => addRows(addresses, factors, at.get, CELLS));
          w.range(at, runBytes!, WORD, () => addRows(addresses, factors, at.get, 1));
        });
        forEach(w, runBytes!, WORD, (at) => {
          const place = w.let(i32.add(space!, i32.shl(at, i32.const(4))));
          const [a, b, c, d] = [0, 1, 2, 3].map((i) => w.let(v128.load(place, ELEMENT * i)));
          const sums = { sum: { low: a!, high: c! }, high: { low: b!, high: d! } };
          w.emit(v128.store(i32.add(to, i32.shl(at, i32.const(2))), sumsModulo(code, sums)));
        });
      });
    },
  );
}
