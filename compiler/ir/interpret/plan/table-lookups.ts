// Lookups of the circuit in tables of the plan: as rows, or by blocks where a clamp or sign has a large domain.
//
// Soundness of blocks. Row v of a table (key domain.lo + v, 0 <= v < N) lies in block g = floor(v / 2^m) at offset l. Blocks
// whose values less a base of their own are the same at every offset form a class e. Proved: g is a row of the table
// g -> (e, base), which has one row per block; l = key - domain.lo - 2^m g lies in [0, 2^m); l + 2^m e is a row of the table
// of classes, whose value is `part`; the result is part + base. As l < 2^m that row belongs to class e, so l is below the
// length of the block, hence v = 2^m g + l < N is the integer congruent to key - domain.lo, and the result is the value at
// v. The same statement as one row (key, value). Where all bases are 0 they are left out, and the part is the result.
import { Diagnostic } from '../../diagnostics.ts';
import { cardinality } from '../../interval.ts';
import { residue } from '../../koalabear.ts';
import { columnsOf, MAX_TABLE_ROWS, type Table } from '../../table.ts';
import { type Shape, sizeOf } from '../../tensor.ts';
import { type Draft, formOf, plusWire, residueOf } from './draft.ts';
import { ROW } from './range-tables.ts';
import type { LinearForm } from './types.ts';

/** A lookup of the circuit. */
export interface TableLookup {
  readonly table: Table;
  readonly key: number;
  readonly shape: Shape;
  /** Wires of the value columns. */
  readonly outs: readonly number[];
  readonly label: string;
}

/** Cost per cell beyond one lookup and its value: two lookups and two words, with bases three. */
const BLOCK_CELL = { plain: 3, based: 3.5 } as const;

interface Blocks {
  readonly bits: number;
  /** Class and base of each block. */
  readonly classes: readonly number[];
  readonly bases: readonly number[] | undefined;
  /** Part at offset + 2^bits * class. */
  readonly parts: readonly number[];
}

/**
 * Commits the values of all lookups and states what they are; tables of more than `maxRows` rows are looked up by blocks
 * if they have few classes of them, others if that is cheaper.
 */
export function addTableLookups(draft: Draft, pending: readonly TableLookup[], maxRows: number): void {
  const groups = new Map<string, TableLookup[]>();
  for (const l of pending) groups.set(l.table.digest, [...(groups.get(l.table.digest) ?? []), l]);
  for (const lookups of groups.values()) {
    const { table } = lookups[0]!;
    const rows = Number(cardinality(table.domain));
    const cells = lookups.reduce((n, l) => n + sizeOf(l.shape), 0);
    const blocks = table.kind === 'data' ? undefined : cheapestBlocks(table, rows, maxRows, cells);
    const isCheaper = blocks !== undefined && blocksCost(blocks, cells) < rows * ROW;
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
  for (const [j, w] of outs.entries()) draft.addColumn(w, 'advice', { kind: 'wire' }, `${label}.value${j}`);
  const values = (): Uint32Array[] =>
    Array.from({ length: columnsOf(table) }, (_, column) => {
      const at = entryOf(table, column);
      return Uint32Array.from({ length: rows }, (_row, v) => residue(at(v)));
    });
  const index = draft.addTable(table.digest, () => ({
    name: table.name,
    firstKey: residueOf(table.domain.lo),
    rows,
    values: values(),
  }));
  draft.addLookup({ table: index, shape, key: formOf(key), values: outs, label });
}

/** Value by row. */
function entryOf(table: Table, column: number): (row: number) => number {
  const lo = Number(table.domain.lo);
  switch (table.kind) {
    case 'clamp': {
      const [least, most] = [Number(table.to.lo), Number(table.to.hi)];
      return (v) => Math.min(Math.max(lo + v, least), most);
    }
    case 'sign':
      return (v) => (lo + v < 0 ? 1 : 0);
    case 'data':
      return (v) => table.columns[column]!.data[v]!;
  }
}

const blocksCost = (b: Blocks, cells: number): number =>
  cells * (b.bases === undefined ? BLOCK_CELL.plain : BLOCK_CELL.based) + (b.classes.length + b.parts.length) * ROW;

/** Undefined if no block size keeps both tables within the limit. */
function cheapestBlocks(table: Table, rows: number, maxRows: number, cells: number): Blocks | undefined {
  let best: Blocks | undefined;
  for (let bits = 1; 2 ** bits < rows && 2 ** bits <= maxRows; bits++) {
    // Both kinds of rows together are least near the square root; far above it nothing is gained.
    if (Math.ceil(rows / 2 ** bits) > Math.min(maxRows, 16 * Math.sqrt(rows))) continue;
    for (const isBased of [false, true]) {
      const blocks = blocksOf(entryOf(table, 0), rows, bits, isBased, maxRows);
      if (blocks !== undefined && (best === undefined || blocksCost(blocks, cells) < blocksCost(best, cells)))
        best = blocks;
    }
  }
  return best;
}

/**
 * Undefined beyond `maxRows` rows of parts. The last block may be shorter; it is then a class of its own, the last one, so
 * that all rows are consecutive.
 */
function blocksOf(
  at: (row: number) => number,
  rows: number,
  bits: number,
  isBased: boolean,
  maxRows: number,
): Blocks | undefined {
  const size = 2 ** bits;
  const known = new Map<string, number>();
  const classes: number[] = [];
  const bases: number[] = [];
  const parts: number[] = [];
  for (let from = 0; from < rows; from += size) {
    const length = Math.min(size, rows - from);
    const base = isBased ? at(from) : 0;
    bases.push(residue(base));
    // Clamps and signs are monotone with steps of at most one, so that the ends tell constant and rising blocks.
    const rise = at(from + length - 1) - at(from);
    const name = rise === 0 || rise === length - 1 ? `${length} ${at(from) - base} ${rise}` : `from ${from}`;
    let e = known.get(name);
    if (e === undefined) {
      e = known.size;
      known.set(name, e);
      for (let l = 0; l < length; l++) parts.push(residue(at(from + l) - base));
      if (parts.length > maxRows) return undefined;
    }
    classes.push(e);
  }
  return { bits, classes, bases: bases.some((b) => b !== 0) ? bases : undefined, parts };
}

function addByBlocks(draft: Draft, l: TableLookup, { bits, classes, bases, parts }: Blocks): void {
  const { table, key, shape, outs, label } = l;
  const by = 1n << BigInt(bits);
  const offset: LinearForm = formOf(key, 1n, -table.domain.lo);
  const block = draft.addWire(shape);
  draft.addColumn(block, 'advice', { kind: 'quotient', of: offset, shift: bits }, `${label}.block`);
  const ofBlock = (bases === undefined ? [classes] : [classes, bases]).map((x) => Uint32Array.from(x));
  const [classOf, base] = ofBlock.map(() => draft.addWire(shape));
  const toClass = draft.addLookup({
    table: draft.addTable(`blocks ${ofBlock.map((x) => x.join()).join(' ')}`, () => ({
      name: `${table.name} by ${by}`,
      firstKey: 0,
      rows: classes.length,
      values: ofBlock,
    })),
    shape,
    key: formOf(block),
    values: base === undefined ? [classOf!] : [classOf!, base],
    label: `${label}.block`,
  });
  draft.addColumn(classOf!, 'advice', { kind: 'lookup', lookup: toClass, column: 0 }, `${label}.class`);
  const [y] = outs;
  let part = y!;
  if (base === undefined) draft.addColumn(part, 'advice', { kind: 'wire' }, `${label}.value`);
  else {
    draft.addColumn(base, 'advice', { kind: 'lookup', lookup: toClass, column: 1 }, `${label}.base`);
    part = draft.addWire(shape);
    const difference = plusWire(formOf(y!), base, -1n);
    draft.addColumn(part, 'advice', { kind: 'quotient', of: difference, shift: 0 }, `${label}.part`);
    draft.substitute(y!, plusWire(formOf(part), base, 1n));
  }
  const within = plusWire(offset, block, -by);
  draft.addRange(within, shape, by, `${label}.offset`);
  draft.addLookup({
    table: draft.addTable(`parts ${parts.join()}`, () => ({
      name: `${table.name} in ${by}`,
      firstKey: 0,
      rows: parts.length,
      values: [Uint32Array.from(parts)],
    })),
    shape,
    key: plusWire(within, classOf!, by),
    values: [part],
    label,
  });
}
