// Large contractions as matrix products of packed tiles: the innermost loop multiplies four rows by four columns.
import { offsetsOf } from './tensor.ts';

/** One letter: its size, and its strides in the operands and in the result. */
export interface Loop {
  readonly n: number;
  readonly a: number;
  readonly b: number;
  readonly o: number;
}

/** Letters by where they occur: in both operands and the result, in one operand and the result, in both operands only. */
export interface MatrixLoops {
  readonly batch: readonly Loop[];
  readonly rows: readonly Loop[];
  readonly columns: readonly Loop[];
  readonly summed: readonly Loop[];
}

/** Storage of an operand, and where it begins. */
export interface Storage {
  readonly data: ArrayLike<number>;
  readonly offset: number;
}

/** Rows and columns of a tile: sixteen sums are what the registers of common processors hold. */
const TILE = 4;
/** Summands of a tile that are packed at once: tiles stay in the first caches. */
const DEPTH = 512;
/** Elements of one operand that are packed at once. */
const PANEL = 2 ** 17;
/** Rows, columns and summands from which on packing is worth its time. */
const LEAST = { rows: 4, columns: 4, summed: 8 };

const count = (loops: readonly Loop[]): number => loops.reduce((n, l) => n * l.n, 1);

/** True if {@link multiplyTiles} is faster than plain loops. */
export function isWorthTiles({ rows, columns, summed }: MatrixLoops): boolean {
  return count(rows) >= LEAST.rows && count(columns) >= LEAST.columns && count(summed) >= LEAST.summed;
}

/** Offsets of all combinations of the letters' indices, the last letter fastest. */
function offsets(loops: readonly Loop[], stride: (l: Loop) => number): Int32Array {
  return offsetsOf(
    loops.map((l) => l.n),
    loops.map(stride),
  );
}

/**
 * Adds the products to `out`: for every batch, row and column the sum over all summed letters. Exact for integers while
 * every partial sum stays below 2^53.
 */
export function multiplyTiles(loops: MatrixLoops, a: Storage, b: Storage, out: Float64Array): void {
  const { batch, rows, columns, summed } = loops;
  const [rowA, rowO] = [offsets(rows, (l) => l.a), offsets(rows, (l) => l.o)];
  const [columnB, columnO] = [offsets(columns, (l) => l.b), offsets(columns, (l) => l.o)];
  const [sumA, sumB] = [offsets(summed, (l) => l.a), offsets(summed, (l) => l.b)];
  const [batchA, batchB, batchO] = [offsets(batch, (l) => l.a), offsets(batch, (l) => l.b), offsets(batch, (l) => l.o)];
  const depth = Math.min(DEPTH, sumA.length);
  const panel = TILE * Math.max(1, Math.floor(PANEL / depth / TILE));
  const space = (n: number): Float64Array => new Float64Array(depth * Math.min(panel, TILE * Math.ceil(n / TILE)));
  const [packedA, packedB] = [space(rowA.length), space(columnB.length)];
  for (let batchIndex = 0; batchIndex < batchO.length; batchIndex++)
    for (let first = 0; first < sumA.length; first += depth) {
      const [sumsA, sumsB] = [sumA.subarray(first, first + depth), sumB.subarray(first, first + depth)];
      for (let column = 0; column < columnB.length; column += panel) {
        const columnEnd = Math.min(column + panel, columnB.length);
        pack(b.data, b.offset + batchB[batchIndex]!, columnB.subarray(column, columnEnd), sumsB, packedB);
        for (let row = 0; row < rowA.length; row += panel) {
          const rowEnd = Math.min(row + panel, rowA.length);
          pack(a.data, a.offset + batchA[batchIndex]!, rowA.subarray(row, rowEnd), sumsA, packedA);
          for (let j = column; j < columnEnd; j += TILE)
            for (let i = row; i < rowEnd; i += TILE) {
              multiplyTile(packedA, (i - row) * sumsA.length, packedB, (j - column) * sumsA.length, sumsA.length);
              addTile(rowO, i, columnO, j, out, batchO[batchIndex]!);
            }
        }
      }
    }
}

/** Tile by tile, summand by summand, the elements of four lines; lines beyond the last are zero. */
function pack(
  data: ArrayLike<number>,
  start: number,
  lines: Int32Array,
  summands: Int32Array,
  out: Float64Array,
): void {
  for (let tile = 0; tile < lines.length; tile += TILE)
    for (let i = 0; i < TILE; i++) {
      let at = tile * summands.length + i;
      const line = lines[tile + i];
      if (line === undefined) {
        for (let k = 0; k < summands.length; k++, at += TILE) out[at] = 0;
        continue;
      }
      const base = start + line;
      for (let k = 0; k < summands.length; k++, at += TILE) out[at] = data[base + summands[k]!]!;
    }
}

/** Sums of the last tile, row by row. */
const sums = new Float64Array(TILE * TILE);

function multiplyTile(a: Float64Array, aStart: number, b: Float64Array, bStart: number, depth: number): void {
  let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [s20, s21, s22, s23, s30, s31, s32, s33] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let k = 0, p = aStart, q = bStart; k < depth; k++, p += TILE, q += TILE) {
    const b0 = b[q]!;
    const b1 = b[q + 1]!;
    const b2 = b[q + 2]!;
    const b3 = b[q + 3]!;
    const a0 = a[p]!;
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s03 += a0 * b3;
    const a1 = a[p + 1]!;
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
    s13 += a1 * b3;
    const a2 = a[p + 2]!;
    s20 += a2 * b0;
    s21 += a2 * b1;
    s22 += a2 * b2;
    s23 += a2 * b3;
    const a3 = a[p + 3]!;
    s30 += a3 * b0;
    s31 += a3 * b1;
    s32 += a3 * b2;
    s33 += a3 * b3;
  }
  sums[0] = s00;
  sums[1] = s01;
  sums[2] = s02;
  sums[3] = s03;
  sums[4] = s10;
  sums[5] = s11;
  sums[6] = s12;
  sums[7] = s13;
  sums[8] = s20;
  sums[9] = s21;
  sums[10] = s22;
  sums[11] = s23;
  sums[12] = s30;
  sums[13] = s31;
  sums[14] = s32;
  sums[15] = s33;
}

/** Adds the sums of the tile whose first row and column are given; lines beyond the last have no place. */
function addTile(
  rows: Int32Array,
  row: number,
  columns: Int32Array,
  column: number,
  out: Float64Array,
  start: number,
): void {
  const [height, width] = [Math.min(TILE, rows.length - row), Math.min(TILE, columns.length - column)];
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) out[start + rows[row + i]! + columns[column + j]!]! += sums[TILE * i + j]!;
}
