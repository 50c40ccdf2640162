// A plan under construction: wires beyond the circuit's, columns, lookups with shared tables, range proofs, layout.
import type { Circuit } from '../../circuit.ts';
import { Diagnostic } from '../../diagnostics.ts';
import { P } from '../../koalabear.ts';
import { type Shape, sizeOf } from '../../tensor.ts';
import { blocksOf } from './blocks.ts';
import { chooseRangeTables, type RangeProof } from './range-tables.ts';
import { splitIntoTrees } from './trees.ts';
import type { Column, ColumnGroup, ColumnOrigin, Identity, LinearForm, Plan, PlanLookup, PlanTable } from './types.ts';

/** Canonical residue of an integer of any size. */
export function residueOf(x: bigint): number {
  const r = Number(x % BigInt(P));
  return r < 0 ? r + P : r;
}

/** The wire itself. */
export const formOf = (wire: number, k = 1n, constant = 0n): LinearForm => ({
  terms: [{ wire, k: residueOf(k) }],
  constant: residueOf(constant),
});

/** form + k * wire. */
export const plusWire = (form: LinearForm, wire: number, k: bigint): LinearForm => ({
  terms: [...form.terms, { wire, k: residueOf(k) }],
  constant: form.constant,
});

/** constant - form. */
export const minusForm = (constant: number, form: LinearForm): LinearForm => ({
  terms: form.terms.map(({ wire, k }) => ({ wire, k: k === 0 ? 0 : P - k })),
  constant: residueOf(BigInt(constant) - BigInt(form.constant)),
});

interface RangeDemand {
  readonly form: LinearForm;
  readonly shape: Shape;
  /** The form lies in [0, n). */
  readonly n: bigint;
  readonly label: string;
}

type DraftTable = Omit<PlanTable, 'multiplicity' | 'tree'>;

/** What the planner adds to; every addition is a statement of the plan. */
export interface Draft {
  // Statements about no cells are left out.
  /** A wire that the circuit does not have. */
  addWire(shape: Shape): number;
  /** If the wire becomes a column, it is the one of this committed port. */
  place(wire: number, port: number): void;
  /** Advice wires that have been placed go to their places. */
  addColumn(wire: number, group: ColumnGroup, origin: ColumnOrigin, label: string): void;
  isColumn(wire: number): boolean;
  /** True if the wire is the column of this committed port. */
  isPlaced(wire: number, port: number): boolean;
  /** Cells committed so far, and those of them that are committed in every run: all but weights. */
  cells(): number;
  runCells(): number;
  /** Index of a table; tables of one name of content are one. */
  addTable(content: string, make: () => DraftTable): number;
  /** Index of the lookup. */
  addLookup(lookup: Omit<PlanLookup, 'size'>): number;
  addIdentity(identity: Identity): void;
  /** The form lies in [0, n); proved when the tables are chosen. */
  addRange(form: LinearForm, shape: Shape, n: bigint, label: string): void;
  define(wire: number, of: number): void;
  /** The wire of the circuit is this form of columns. */
  substitute(wire: number, by: LinearForm): void;
  /** Chooses range tables of at most `maxRows` rows, proves all ranges, adds multiplicities and lays out the columns. */
  finish(maxRows: number, rest: Pick<Plan, 'contractions' | 'inputs' | 'outputs' | 'committed'>): Plan;
}

/** An empty plan of a circuit. */
export function createDraft(circuit: Circuit): Draft {
  const shapes: Shape[] = circuit.wires.map((w) => w.shape);
  const columns: Omit<Column, 'offset'>[] = [];
  const isColumn = new Set<number>();
  const places = new Map<number, number>();
  const tables: DraftTable[] = [];
  const tableIndex = new Map<string, number>();
  const lookups: PlanLookup[] = [];
  const identities: Identity[] = [];
  const ranges: RangeDemand[] = [];
  const definitions = new Map<number, number>();
  const substitutions = new Map<number, LinearForm>();

  const draft: Draft = {
    addWire: (shape) => shapes.push(shape) - 1,
    place(wire, port) {
      places.set(wire, port);
    },
    addColumn(wire, asked, origin, label) {
      if (isColumn.has(wire)) throw new RangeError(`plan: wire ${wire} is committed twice`);
      isColumn.add(wire);
      const size = sizeOf(shapes[wire]!);
      const place = places.get(wire);
      const group: ColumnGroup = asked === 'advice' && place !== undefined ? `port${place}` : asked;
      if (size > 0) columns.push({ wire, size, group, origin, label });
    },
    isColumn: (wire) => isColumn.has(wire),
    isPlaced: (wire, port) => columns.some((c) => c.wire === wire && c.group === `port${port}`),
    cells: () => columns.reduce((n, c) => n + c.size, 0),
    runCells: () => columns.reduce((n, c) => n + (c.group === 'weight' ? 0 : c.size), 0),
    addTable(content, make) {
      const have = tableIndex.get(content);
      if (have !== undefined) return have;
      tableIndex.set(content, tables.length);
      return tables.push(make()) - 1;
    },
    addLookup: (lookup) => lookups.push({ ...lookup, size: sizeOf(lookup.shape) }) - 1,
    addIdentity(identity) {
      if (sizeOf(identity.shape) > 0) identities.push(identity);
    },
    addRange(form, shape, n, label) {
      if (sizeOf(shape) > 0) ranges.push({ form, shape, n, label });
    },
    define(wire, of) {
      definitions.set(wire, of);
    },
    substitute(wire, by) {
      substitutions.set(wire, by);
    },
    finish(maxRows, rest) {
      proveRanges(maxRows);
      const trees = splitIntoTrees(lookups, tables);
      const finished = trees.tables.map(({ table, tree }, index): PlanTable => {
        const t = tables[table]!;
        const multiplicity = draft.addWire([t.rows]);
        draft.addColumn(multiplicity, 'advice', { kind: 'multiplicity', table: index }, `${t.name}.multiplicity`);
        return { ...t, multiplicity, tree };
      });
      const bitsOf = (wire: number): number => blocksOf(shapes[wire]!).bits;
      const advice = layOut(
        columns.filter((c) => c.group === 'advice'),
        bitsOf,
      );
      const weight = layOut(
        columns.filter((c) => c.group === 'weight'),
        bitsOf,
      );
      const ports = columns.filter((c) => c.group !== 'advice' && c.group !== 'weight');
      return {
        circuit,
        shapes,
        columns: [...advice.columns, ...weight.columns, ...ports.map((c) => ({ ...c, offset: 0 }))],
        cells: { advice: advice.cells, weight: weight.cells },
        tables: finished,
        lookups: lookups.map((l, i) => ({ ...l, table: trees.tableOf[i]! })),
        identities,
        definitions,
        substitutions,
        ...rest,
      };
    },
  };

  const rangeTable = (rows: number): number =>
    draft.addTable(`range ${rows}`, () => ({ name: `range ${rows}`, firstKey: 0, rows, values: [] }));

  const prove = (form: LinearForm, d: RangeDemand, n: number, how: RangeProof): void => {
    const lookUp = (key: LinearForm, rows: number): void =>
      void draft.addLookup({ table: rangeTable(rows), shape: d.shape, key, values: [], label: d.label });
    switch (how.kind) {
      case 'table':
        lookUp(form, how.rows);
        return;
      case 'twoSided':
        lookUp(form, how.rows);
        lookUp(minusForm(n - 1, form), how.rows);
        return;
      case 'split': {
        const high = draft.addWire(d.shape);
        draft.addColumn(high, 'advice', { kind: 'quotient', of: form, shift: how.bits }, `${d.label}.high`);
        lookUp(plusWire(form, high, -(1n << BigInt(how.bits))), 2 ** how.bits);
        prove(formOf(high), d, n / 2 ** how.bits, how.high);
        return;
      }
      case 'both':
        prove(form, d, how.bound, how.each);
        prove(minusForm(n - 1, form), d, how.bound, how.each);
        return;
    }
  };

  const proveRanges = (maxRows: number): void => {
    const demand = new Map<number, number>();
    for (const { n, shape, label } of ranges) {
      if (n >= BigInt(P)) throw tooWide(label, n);
      if (n > 1n) demand.set(Number(n), (demand.get(Number(n)) ?? 0) + sizeOf(shape));
    }
    const chosen = chooseRangeTables(demand, maxRows);
    for (const d of ranges) {
      if (d.n === 1n) {
        draft.addIdentity({ shape: d.shape, form: d.form, label: d.label });
        continue;
      }
      const how = chosen.proofOf(Number(d.n));
      if (how === undefined) throw tooWide(d.label, d.n);
      prove(d.form, d, Number(d.n), how);
    }
  };
  return draft;
}

function tooWide(label: string, n: bigint): Diagnostic {
  return new Diagnostic(
    'range-too-wide',
    `${label}: an interval of ${n} integers cannot be proved over koalabear (${P}); lower the bits or the accumulator width`,
    { field: label },
  );
}

/** Descending block size, so that every column begins at a multiple of its own; equal ones in order of addition. */
function layOut(
  columns: readonly Omit<Column, 'offset'>[],
  bitsOf: (wire: number) => number,
): { readonly columns: Column[]; readonly cells: number } {
  let cells = 0;
  const sorted = columns
    .map((c) => ({ c, bits: bitsOf(c.wire) }))
    .sort((a, b) => b.bits - a.bits)
    .map(({ c }) => c);
  const placed = sorted.map((c) => {
    const offset = cells;
    cells += c.size;
    return { ...c, offset };
  });
  return { columns: placed, cells };
}
