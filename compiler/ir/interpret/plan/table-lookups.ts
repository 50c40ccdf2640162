// Lookups of the circuit in tables of the plan: as rows, or by blocks where a clamp or sign has a large domain.
//
// Soundness of blocks. Row v of a table (key domain.lo + v, 0 <= v < N) lies in block g = floor(v / 2^m) at offset l. Blocks
// with the same values at the same offsets form a class e. Proved: g is a row of the table g -> e, which has one row per
// block; l = key - domain.lo - 2^m g lies in [0, 2^m); l + 2^m e is a row of the table of classes, whose value is the
// result. As l < 2^m that row belongs to class e, so it has l < (length of the block), hence v = 2^m g + l < N is the
// integer congruent to key - domain.lo, and the value is the one at v. The same statement as one row (key, value).
import { Diagnostic } from '../../diagnostics.ts';
import { cardinality } from '../../interval.ts';
import { columnsOf, MAX_TABLE_ROWS, type Table, tableValue } from '../../table.ts';
import { type Shape, sizeOf } from '../../tensor.ts';
import { type Draft, formOf, plusWire, residueOf } from './draft.ts';
import { ROW } from './range-tables.ts';
import type { LinearForm } from './types.ts';

/** A lookup of the circuit. */
export interface TableLookup {
  readonly table: Table;
  readonly key: number;
  readonly shape: Shape;
  /** Wires of the value columns; they are columns. */
  readonly outs: readonly number[];
  readonly label: string;
}

/** Further cost per cell of a lookup by blocks: two lookups and two words. */
const BLOCK_CELL = 3;

interface Blocks {
  readonly bits: number;
  /** Class of each block. */
  readonly classes: readonly number[];
  /** Value at offset + 2^bits * class. */
  readonly values: readonly number[];
}

/** Adds all lookups, tables of more than `maxRows` rows by blocks where they have few classes. */
export function addTableLookups(draft: Draft, pending: readonly TableLookup[], maxRows: number): void {
  const groups = new Map<string, TableLookup[]>();
  for (const l of pending) groups.set(l.table.digest, [...(groups.get(l.table.digest) ?? []), l]);
  for (const lookups of groups.values()) {
    const { table } = lookups[0]!;
    const rows = Number(cardinality(table.domain));
    const cells = lookups.reduce((n, l) => n + sizeOf(l.shape), 0);
    const blocks = table.kind === 'data' ? undefined : cheapestBlocks(table, rows, maxRows);
    const isCheaper = blocks !== undefined && cells * BLOCK_CELL + blockRows(blocks) * ROW < rows * ROW;
    if (blocks !== undefined && (isCheaper || rows > maxRows)) for (const l of lookups) addByBlocks(draft, l, blocks);
    else for (const l of lookups) addByRows(draft, l, rows);
  }
}

function addByRows(draft: Draft, l: TableLookup, rows: number): void {
  const { table, key, shape, outs, label } = l;
  if (rows > MAX_TABLE_ROWS)
    throw new Diagnostic(
      'table-too-large',
      `${label}: table ${table.name} has ${rows} rows, more than ${MAX_TABLE_ROWS}; lower the bits`,
      { field: label },
    );
  const values = Array.from({ length: columnsOf(table) }, (_, column) =>
    Uint32Array.from({ length: rows }, (_row, v) => residueOf(tableValue(table, column, table.domain.lo + BigInt(v)))),
  );
  const index = draft.addTable({ name: table.name, firstKey: residueOf(table.domain.lo), rows, values });
  draft.addLookup({ table: index, size: sizeOf(shape), key: formOf(key), values: outs, label });
}

const blockRows = (b: Blocks): number => b.classes.length + b.values.length;

/** Undefined if no block size keeps both tables within the limit. */
function cheapestBlocks(table: Table, rows: number, maxRows: number): Blocks | undefined {
  let best: Blocks | undefined;
  for (let bits = 1; 2 ** bits < rows && 2 ** bits <= maxRows; bits++) {
    if (Math.ceil(rows / 2 ** bits) > maxRows) continue;
    const blocks = blocksOf(table, rows, bits);
    if (blocks.values.length > maxRows) continue;
    if (best === undefined || blockRows(blocks) < blockRows(best)) best = blocks;
  }
  return best;
}

/** The last block may be shorter; it is then a class of its own, the last one, so that all rows are consecutive. */
function blocksOf(table: Table, rows: number, bits: number): Blocks {
  const size = 2 ** bits;
  const known = new Map<string, number>();
  const classes: number[] = [];
  const values: number[] = [];
  const at = (v: number): bigint => tableValue(table, 0, table.domain.lo + BigInt(v));
  for (let from = 0; from < rows; from += size) {
    const length = Math.min(size, rows - from);
    // Clamps and signs are monotone: equal ends mean one value in between.
    const [first, last] = [at(from), at(from + length - 1)];
    const isConstant = first === last;
    const key = `${length} ${isConstant ? first : `from ${from}`}`;
    let e = known.get(key);
    if (e === undefined) {
      e = known.size;
      known.set(key, e);
      for (let l = 0; l < length; l++) values.push(residueOf(isConstant ? first : at(from + l)));
    }
    classes.push(e);
  }
  return { bits, classes, values };
}

function addByBlocks(draft: Draft, l: TableLookup, { bits, classes, values }: Blocks): void {
  const { table, key, shape, outs, label } = l;
  const size = sizeOf(shape);
  const by = 1n << BigInt(bits);
  const offset: LinearForm = formOf(key, 1n, -table.domain.lo);
  const block = draft.addWire(shape);
  draft.addColumn(block, 'advice', { kind: 'quotient', of: offset, shift: bits }, `${label}.block`);
  const classOf = draft.addWire(shape);
  const toClass = draft.addLookup({
    table: draft.addTable({
      name: `${table.name} blocks of ${by}`,
      firstKey: 0,
      rows: classes.length,
      values: [Uint32Array.from(classes)],
    }),
    size,
    key: formOf(block),
    values: [classOf],
    label: `${label}.block`,
  });
  draft.addColumn(classOf, 'advice', { kind: 'lookup', lookup: toClass, column: 0 }, `${label}.class`);
  const within = plusWire(offset, block, -by);
  draft.addRange(within, shape, by, `${label}.offset`);
  draft.addLookup({
    table: draft.addTable({
      name: `${table.name} in classes of ${by}`,
      firstKey: 0,
      rows: values.length,
      values: [Uint32Array.from(values)],
    }),
    size,
    key: plusWire(within, classOf, by),
    values: outs,
    label,
  });
}
