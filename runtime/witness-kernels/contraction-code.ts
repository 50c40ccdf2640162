// Emits the products of small matrices of int16 and the packing of their tiles.
//
// A tile holds up to eight lines (rows of the first matrix, columns of the second) summand pair by summand pair: for each
// pair one word per line, whose halves are the line's two elements. Pairs of a row tile are multiplied with those of a
// column tile lane by lane, so that no lane is ever summed over. All sums are modulo 2^32.
import { type Callable, i32, type ModuleBuilder, type Value } from '../provers/wasm/emitter.ts';
import { i32x4, v128 } from '../provers/wasm/simd.ts';
import { defineWritten } from '../provers/wasm/writer.ts';

/** Most rows of a tile: sums of four by eight, two vectors of columns and one of a row fit the registers of processors. */
export const TILE_ROWS = 4;
/** Columns of a tile. */
export const TILE_COLUMNS = 8;

/** Tiles of columns that are packed at once where they can. */
export const MANY_TILES = 4;

const WORD = 4;
const VECTOR = 16;

/** Defines `multiply1` to `multiply4`, `packLines`, `packRuns`, `packNeighbours1` and `packNeighbours4`. */
export function defineContraction(module: ModuleBuilder): void {
  for (let rows = 1; rows <= TILE_ROWS; rows++) defineMultiply(module, rows);
  definePackLines(module);
  definePackRuns(module);
  for (const tiles of [1, MANY_TILES]) definePackNeighbours(module, tiles);
}

/**
 * (a, b, c, bytes of a, bytes of a row of c, bytes of c): one tile of rows times consecutive tiles of columns; row i of the
 * result begins at c + i * (bytes of a row).
 */
function defineMultiply(module: ModuleBuilder, rows: number): Callable {
  return defineWritten(module, `multiply${rows}`, 6, (w, a, b, c, aBytes, rowBytes, cBytes) => {
    const vectors = (TILE_COLUMNS * WORD) / VECTOR;
    const [toA, toB, toC] = [w.local('i32'), w.variable(b!), w.variable(c!)];
    const [endA, endC] = [w.let(i32.add(a!, aBytes!)), w.let(i32.add(c!, cBytes!))];
    const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => w.local('v128')));
    w.range(toC, endC, vectors * VECTOR, () => {
      w.emit(toA.set(a!));
      for (const s of sums.flat()) w.emit(s.set(v128.const(0, 0, 0, 0)));
      w.range(toA, endA, WORD * rows, () => {
        const columns = Array.from({ length: vectors }, (_, j) => w.let(v128.load(toB.get, VECTOR * j)));
        for (const [i, row] of sums.entries()) {
          const x = w.let(v128.load32Splat(toA.get, WORD * i));
          for (const [j, s] of row.entries()) w.emit(s.set(i32x4.add(s.get, i32x4.dot16(x, columns[j]!))));
        }
        w.emit(toB.set(i32.add(toB.get, i32.const(vectors * VECTOR))));
      });
      let place: Value<'i32'> = toC.get;
      for (const [i, row] of sums.entries()) {
        if (i > 0) place = w.let(i32.add(place, rowBytes!));
        for (const [j, s] of row.entries()) w.emit(v128.store(place, s.get, VECTOR * j));
      }
    });
  });
}

/**
 * (out, base, lines, bytes of lines, summands, bytes of summands): packs a tile. `lines` holds offsets of lines, `summands`
 * those of summands, in pairs; both in bytes.
 */
function definePackLines(module: ModuleBuilder): Callable {
  return defineWritten(module, 'packLines', 6, (w, out, base, lines, lineBytes, summands, summandBytes) => {
    const line = w.variable(lines!);
    const [endLine, endSummand] = [w.let(i32.add(lines!, lineBytes!)), w.let(i32.add(summands!, summandBytes!))];
    const first = w.variable(out!);
    w.range(line, endLine, WORD, () => {
      const start = w.let(i32.add(base!, i32.load(line.get)));
      const place = w.variable(first.get);
      const summand = w.variable(summands!);
      const element = (offset: number): Value<'i32'> => i32.load16u(i32.add(start, i32.load(summand.get, offset)));
      w.range(summand, endSummand, 2 * WORD, () => {
        w.emit(i32.store(place.get, i32.or(element(0), i32.shl(element(WORD), i32.const(16)))));
        w.emit(place.set(i32.add(place.get, lineBytes!)));
      });
      w.emit(first.set(i32.add(first.get, i32.const(WORD))));
    });
  });
}

/**
 * (out, base, lines, step, bytes): packs four lines whose summands are neighbours. The words of pairs lie `step` bytes apart;
 * whole vectors of summands only, so many bytes of each line.
 */
function definePackRuns(module: ModuleBuilder): Callable {
  return defineWritten(module, 'packRuns', 5, (w, out, base, lines, step, bytes) => {
    const places = [0, 1, 2, 3].map((i) => w.variable(i32.add(out!, i32.mul(step!, i32.const(i)))));
    const starts = [0, 1, 2, 3].map((i) => w.let(i32.add(base!, i32.load(lines!, WORD * i))));
    const at = w.variable(i32.const(0));
    const next = w.let(i32.shl(step!, i32.const(2)));
    w.range(at, bytes!, VECTOR, () => {
      const [x0, x1, x2, x3] = starts.map((start) => w.let(v128.load(i32.add(start, at.get))));
      // The transpose of four times four words.
      const halves = ([0, 2] as const).map((i) => {
        const order = [i, 4 + i, i + 1, 5 + i] as const;
        return [w.let(v128.shuffle(x0!, x1!, order)), w.let(v128.shuffle(x2!, x3!, order))] as const;
      });
      for (const [i, place] of places.entries()) {
        const [low, high] = halves[i >> 1]!;
        const order = i % 2 === 0 ? ([0, 1, 4, 5] as const) : ([2, 3, 6, 7] as const);
        w.emit(v128.store(place.get, v128.shuffle(low, high, order)));
        w.emit(place.set(i32.add(place.get, next)));
      }
    });
  });
}

/**
 * (out, start, summands, bytes of summands, bytes of a tile): the same for so many tiles whose elements all are neighbours,
 * the first at start. Several tiles at once read whole cache lines.
 */
function definePackNeighbours(module: ModuleBuilder, tiles: number): Callable {
  return defineWritten(module, `packNeighbours${tiles}`, 5, (w, out, start, summands, summandBytes, tileBytes) => {
    const place = w.variable(out!);
    const summand = w.variable(summands!);
    const end = w.let(i32.add(summands!, summandBytes!));
    w.range(summand, end, 2 * WORD, () => {
      const lines = [0, WORD].map((offset) => w.let(i32.add(start!, i32.load(summand.get, offset))));
      let to = place.get;
      for (let tile = 0; tile < tiles; tile++) {
        const [x, y] = lines.map((line) => w.let(v128.load(line, VECTOR * tile)));
        if (tile > 0) to = w.let(i32.add(to, tileBytes!));
        w.emit(v128.store(to, v128.interleaveLow16(x!, y!)));
        w.emit(v128.store(to, v128.interleaveHigh16(x!, y!), VECTOR));
      }
      w.emit(place.set(i32.add(place.get, i32.const(TILE_COLUMNS * WORD))));
    });
  });
}
