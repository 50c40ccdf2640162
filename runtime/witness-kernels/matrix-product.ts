// Products of matrices of int16 whose elements lie anywhere: tiles of both are packed panel by panel, then multiplied.
import { MANY_TILES, TILE_COLUMNS, TILE_ROWS } from './contraction-code.ts';
import { type Kernel, type Table, witnessKernel } from './kernel.ts';

const WORD = 4;
const HALF = 2;
/** Lines and pairs of summands of the square that `packRuns` turns. */
const SQUARE = 4;
/** Most bytes of packed columns, which all packed rows are multiplied with: they stay in the second cache. */
const COLUMN_PANEL = 2 ** 18;
/** Most bytes of packed rows. */
const ROW_PANEL = 2 ** 22;

/** One matrix of each batch: element (line, summand) lies at the sum of three offsets from the start (elements). */
export interface Operand {
  readonly elements: ArrayLike<number>;
  readonly start: number;
  readonly batch: Int32Array;
  /** Rows of the first matrix, columns of the second. */
  readonly lines: Int32Array;
  readonly summands: Int32Array;
}

/** Where results go: the sum of three offsets (elements). */
export interface MatrixProduct {
  readonly rows: Operand;
  readonly columns: Operand;
  readonly batchPlaces: Int32Array;
  readonly rowPlaces: Int32Array;
  readonly columnPlaces: Int32Array;
}

/** Writes the sums over all summands of row times column, modulo 2^32, to their places in `out`. */
export function multiplyMatrices(p: MatrixProduct, out: Int32Array): void {
  const k = witnessKernel();
  k.reset();
  const [rows, columns] = [load(k, p.rows, 1), load(k, p.columns, TILE_COLUMNS)];
  const [height, width] = [p.rowPlaces.length, p.columnPlaces.length];
  const rowPanel = panelOf(ROW_PANEL / rows.lineBytes, height, TILE_ROWS);
  const columnPanel = panelOf(COLUMN_PANEL / columns.lineBytes, width, TILE_COLUMNS);
  const [packedRows, packedColumns] = [
    k.allocate(rowPanel * rows.lineBytes),
    k.allocate(columnPanel * columns.lineBytes),
  ];
  const sums = k.allocate(rowPanel * columnPanel * WORD);
  const together = p.columnPlaces.every((place, j) => place === p.columnPlaces[0]! + j);
  for (const [index, place] of p.batchPlaces.entries())
    for (let row = 0; row < height; row += rowPanel) {
      const lines = Math.min(rowPanel, height - row);
      packRows(k, rows, rows.addresses[index]!, row, lines, packedRows);
      for (let column = 0; column < width; column += columnPanel) {
        const count = Math.min(columnPanel, width - column);
        packColumns(k, columns, columns.addresses[index]!, column, count, packedColumns);
        const rowBytes = WORD * TILE_COLUMNS * Math.ceil(count / TILE_COLUMNS);
        for (let i = 0; i < lines; i += TILE_ROWS) {
          const tile = Math.min(TILE_ROWS, lines - i);
          const tileBytes = tile * rows.lineBytes;
          const [a, c] = [packedRows + i * rows.lineBytes, sums + i * rowBytes];
          k.multiply[tile]!(a, packedColumns, c, tileBytes, rowBytes, rowBytes);
        }
        const words = k.words(sums, (lines * rowBytes) / WORD);
        const places = p.columnPlaces.subarray(column, column + count);
        for (let i = 0; i < lines; i++) {
          const line = words.subarray((i * rowBytes) / WORD, (i * rowBytes) / WORD + count);
          const at = place + p.rowPlaces[row + i]!;
          if (together) out.set(line, at + places[0]!);
          else for (let j = 0; j < count; j++) out[at + places[j]!] = line[j]!;
        }
      }
    }
}

/** Lines that are packed at once: whole tiles. */
function panelOf(most: number, lines: number, tile: number): number {
  return tile * Math.max(1, Math.min(Math.ceil(lines / tile), Math.floor(most / tile)));
}

/** An operand in the kernel's memory: addresses and offsets in bytes. */
interface Loaded {
  /** Of the first element of each batch. */
  readonly addresses: Int32Array;
  readonly lines: Table;
  readonly lineOffsets: Int32Array;
  /** In pairs: the last of an odd number twice. */
  readonly summands: Table;
  readonly firstSummand: number;
  /** So many summands from the first on are neighbours. */
  readonly run: number;
  /** True if the last summand has no partner. */
  readonly odd: boolean;
  /** Of a packed line. */
  readonly lineBytes: number;
  /** For each tile, the number of tiles from it on whose elements are neighbours, itself included. */
  readonly neighbours: Int32Array;
}

/** `tile`: the last line is repeated until there are whole tiles. */
function load(k: Kernel, { elements, start, batch, lines, summands }: Operand, tile: number): Loaded {
  const lineOffsets = inMultiples(lines, tile);
  let run = 1;
  while (run < summands.length && summands[run]! - summands[run - 1]! === 1) run++;
  const pairs = inMultiples(summands, 2);
  const first = k.store16(elements) + HALF * start;
  return {
    addresses: batch.map((offset) => first + HALF * offset),
    lines: k.table(lineOffsets),
    lineOffsets,
    summands: k.table(pairs),
    firstSummand: pairs[0]!,
    run,
    odd: summands.length % 2 === 1,
    lineBytes: HALF * pairs.length,
    neighbours: neighbouringTiles(lineOffsets),
  };

  function inMultiples(offsets: Int32Array, of: number): Int32Array {
    const out = new Int32Array(of * Math.ceil(offsets.length / of)).fill(HALF * (offsets.at(-1) ?? 0));
    for (const [i, offset] of offsets.entries()) out[i] = HALF * offset;
    return out;
  }
}

function neighbouringTiles(offsets: Int32Array): Int32Array {
  const out = new Int32Array(Math.floor(offsets.length / TILE_COLUMNS));
  let run = 0;
  for (let i = offsets.length - 1; i >= 0; i--) {
    run = i + 1 < offsets.length && offsets[i + 1]! - offsets[i]! === HALF ? run + 1 : 1;
    if (i % TILE_COLUMNS === 0) out[i / TILE_COLUMNS] = Math.floor(run / TILE_COLUMNS);
  }
  return out;
}

/** Packs a tile of any lines. */
function packTile(k: Kernel, x: Loaded, address: number, first: number, count: number, to: number): void {
  const lines = x.lines.address + WORD * first;
  const step = WORD * count;
  const squares = count % SQUARE === 0 ? Math.floor(x.run / (2 * SQUARE)) : 0;
  const turned = 2 * WORD * SQUARE * squares;
  if (squares > 0)
    for (let i = 0; i < step; i += WORD * SQUARE)
      k.packRuns(to + i, address + x.firstSummand, lines + i, step, turned / 2);
  const rest = to + (turned / 2) * count;
  k.packLines(rest, address, lines, step, x.summands.address + turned, x.summands.bytes - turned);
}

function packRows(k: Kernel, x: Loaded, address: number, first: number, count: number, to: number): void {
  for (let i = 0; i < count; i += TILE_ROWS) {
    const height = Math.min(TILE_ROWS, count - i);
    const tile = to + i * x.lineBytes;
    packTile(k, x, address, first + i, height, tile);
    if (!x.odd) continue;
    // What stands in for the missing partner of the last summand must not count.
    const last = k.words(tile + height * (x.lineBytes - WORD), height);
    for (let j = 0; j < height; j++) last[j]! &= 0xffff;
  }
}

function packColumns(k: Kernel, x: Loaded, address: number, first: number, count: number, to: number): void {
  const tileBytes = TILE_COLUMNS * x.lineBytes;
  const tiles = Math.ceil(count / TILE_COLUMNS);
  for (let tile = 0; tile < tiles; ) {
    const [line, place] = [first + TILE_COLUMNS * tile, to + tile * tileBytes];
    const together = Math.min(x.neighbours[line / TILE_COLUMNS]!, tiles - tile);
    const start = address + x.lineOffsets[line]!;
    const { address: summands, bytes } = x.summands;
    if (together >= MANY_TILES) k.packNeighbours4(place, start, summands, bytes, tileBytes);
    else if (together > 0) k.packNeighbours1(place, start, summands, bytes, tileBytes);
    else packTile(k, x, address, line, TILE_COLUMNS, place);
    tile += together >= MANY_TILES ? MANY_TILES : 1;
  }
}
