// The witness side of a plan: what an honest prover commits.
import { mulP, P, subP } from '../../koalabear.ts';
import { sizeOf } from '../../tensor.ts';
import type { Witness } from '../witness.ts';
import { residueOf } from './draft.ts';
import { residuesOf } from './residue-walk.ts';
import type { Column, LinearForm, Plan } from './types.ts';

/** Canonical residues of every column, by index in {@link Plan.columns}; multiplicities included. */
export type ColumnValues = readonly Uint32Array[];

const LIMIT = 2n ** 53n;

/** Columns of an honest run. */
export function planWitness(plan: Plan, witness: Witness): ColumnValues {
  return fillColumns(plan, (wire) => witnessResidues(witness, wire));
}

/**
 * Wires of the circuit that filling columns and proving read, beside those that every witness keeps: keys of lookups, what
 * columns are derived from, and what operands of contractions are views of.
 */
export function wiresRead({ circuit, columns, lookups, contractions, definitions }: Plan): ReadonlySet<number> {
  const source = new Map<number, number>();
  for (const i of circuit.instrs) if (i.op === 'view' || i.op === 'range' || i.op === 'deduce') source.set(i.out, i.in);
  const origin = (wire: number): number => {
    let w = wire;
    for (let next = source.get(w); next !== undefined; next = source.get(w)) w = next;
    return w;
  };
  const forms = [
    ...lookups.map((l) => l.key),
    ...columns.flatMap(({ origin: from }) => (from.kind === 'quotient' ? [from.of] : [])),
  ];
  const wires = [
    ...columns.map((column) => column.wire),
    ...forms.flatMap((form) => form.terms.map((t) => t.wire)),
    ...contractions.flatMap(({ a, b }) => [origin(a), origin(b)]),
  ];
  return new Set(wires.map((w) => definitions.get(w) ?? w).filter((w) => w < circuit.wires.length));
}

/** Canonical residues of a wire of the circuit, however wide it is. They may lie in the witness's own memory. */
export function witnessResidues(witness: Witness, wire: number): Uint32Array {
  const { range } = witness.circuit.wires[wire]!;
  if (range.lo <= -LIMIT || range.hi >= LIMIT) return Uint32Array.from(witness.exact(wire), residueOf);
  const { data } = witness.value(wire);
  const areResidues = data instanceof Int32Array && range.lo >= 0n && range.hi < BigInt(P);
  return areResidues ? new Uint32Array(data.buffer, data.byteOffset, data.length) : residuesOf(data);
}

/**
 * Columns from the residues of the circuit's wires (asked for as needed, once each). Total: where a value is in no row of
 * its table, nothing is counted for it; the verifier then refuses.
 * @param which `run`: weights, which are committed beforehand, are left empty
 */
export function fillColumns(
  plan: Plan,
  wireValues: (wire: number) => Uint32Array,
  which: 'all' | 'run' = 'all',
): ColumnValues {
  const known = new Map<number, Uint32Array>();
  const columnOf = new Map(plan.columns.map((column) => [column.wire, column]));
  const wires = plan.circuit.wires.length;
  const valuesAt = (wire: number): Uint32Array => {
    const have = known.get(wire);
    if (have !== undefined) return have;
    const column = columnOf.get(wire);
    const made =
      wire < wires ? wireValues(wire) : column === undefined ? valuesAt(plan.definitions.get(wire)!) : derived(column);
    known.set(wire, made);
    return made;
  };
  const evaluate = ({ terms, constant }: LinearForm, size: number): Uint32Array =>
    linear(
      terms.map((t) => valuesAt(t.wire)),
      terms.map((t) => t.k),
      constant,
      size,
    );
  const derived = ({ origin, size }: Column): Uint32Array => {
    switch (origin.kind) {
      case 'quotient':
        return quotients(evaluate(origin.of, size), origin.shift);
      case 'lookup': {
        const { table, key } = plan.lookups[origin.lookup]!;
        const { firstKey, values } = plan.tables[table]!;
        return foundValues(evaluate(key, size), firstKey, values[origin.column]!);
      }
      case 'multiplicity':
        return multiplicities(origin.table);
      case 'wire':
        throw new RangeError('plan: a column beyond the circuit has no wire');
    }
  };
  const multiplicities = (table: number): Uint32Array => {
    const { firstKey, rows, values } = plan.tables[table]!;
    const counts = new Uint32Array(rows);
    for (const l of plan.lookups) {
      if (l.table !== table) continue;
      // Mostly the key is a wire and a constant, which moves the first row instead of every key.
      const [only, ...more] = l.key.terms;
      const isShifted = only?.k === 1 && more.length === 0;
      const keys = isShifted ? valuesAt(only.wire) : evaluate(l.key, l.size);
      const first = isShifted ? subP(firstKey, l.key.constant) : firstKey;
      countRows(counts, keys, first, values, l.values.map(valuesAt));
    }
    return counts;
  };
  return plan.columns.map((column) => {
    if (which === 'run' && column.group === 'weight') return NOTHING;
    const values = valuesAt(column.wire);
    if (values.length !== sizeOf(plan.shapes[column.wire]!))
      throw new RangeError(`plan: ${column.label} has a bad size`);
    return values;
  });
}

const NOTHING = new Uint32Array(0);

/**
 * Canonical residues fit 31 bits: seen as signed, sums and differences are plain integer arithmetic, and the sign tells
 * whether P is missing.
 */
const signed = (x: Uint32Array): Int32Array => new Int32Array(x.buffer, x.byteOffset, x.length);

/** Sum of k * x + c in each cell; may be an operand itself. */
function linear(xs: readonly Uint32Array[], ks: readonly number[], c: number, size: number): Uint32Array {
  if (xs.length === 1 && ks[0] === 1 && c === 0) return xs[0]!;
  const out = new Uint32Array(size);
  if (xs.length === 0 || c !== 0) out.fill(c);
  for (const [j, x] of xs.entries()) {
    if (j === 0 && c === 0 && ks[j] === 1) out.set(x);
    else addMultiple(signed(out), signed(x), ks[j]!);
  }
  return out;
}

/** into += k x. */
function addMultiple(into: Int32Array, x: Int32Array, k: number): void {
  if (k === 1)
    for (let e = 0; e < into.length; e++) {
      const sum = (into[e]! - P + x[e]!) | 0;
      into[e] = sum + ((sum >> 31) & P);
    }
  else if (k === P - 1)
    for (let e = 0; e < into.length; e++) {
      const difference = (into[e]! - x[e]!) | 0;
      into[e] = difference + ((difference >> 31) & P);
    }
  else
    for (let e = 0; e < into.length; e++) {
      const sum = (into[e]! - P + mulP(k, x[e]!)) | 0;
      into[e] = sum + ((sum >> 31) & P);
    }
}

function quotients(x: Uint32Array, shift: number): Uint32Array {
  const out = new Uint32Array(x.length);
  shiftRight(signed(x), shift, signed(out));
  return out;
}

function shiftRight(x: Int32Array, shift: number, out: Int32Array): void {
  for (let e = 0; e < out.length; e++) out[e] = x[e]! >>> shift;
}

/** The value in each key's row; 0 for keys without a row. */
function foundValues(keys: Uint32Array, firstKey: number, column: Uint32Array): Uint32Array {
  const out = new Uint32Array(keys.length);
  for (let e = 0; e < out.length; e++) out[e] = column[subP(keys[e]!, firstKey)] ?? 0;
  return out;
}

/** Counts each key whose row of the table has the values found. */
function countRows(
  counts: Uint32Array,
  keys: Uint32Array,
  firstKey: number,
  columns: readonly Uint32Array[],
  found: readonly Uint32Array[],
): void {
  const [column, value] = [columns[0], found[0]];
  if (column === undefined) countKeys(signed(counts), signed(keys), firstKey);
  else if (columns.length === 1) countPairs(signed(counts), signed(keys), firstKey, signed(column), signed(value!));
  else
    for (let e = 0; e < keys.length; e++) {
      const row = subP(keys[e]!, firstKey);
      if (row < counts.length && columns.every((c, j) => c[row] === found[j]![e])) counts[row]! += 1;
    }
}

function countKeys(counts: Int32Array, keys: Int32Array, firstKey: number): void {
  for (let e = 0; e < keys.length; e++) {
    const difference = (keys[e]! - firstKey) | 0;
    const row = difference + ((difference >> 31) & P);
    if (row < counts.length) counts[row]! += 1;
  }
}

function countPairs(
  counts: Int32Array,
  keys: Int32Array,
  firstKey: number,
  column: Int32Array,
  found: Int32Array,
): void {
  for (let e = 0; e < keys.length; e++) {
    const difference = (keys[e]! - firstKey) | 0;
    const row = difference + ((difference >> 31) & P);
    if (row < counts.length && column[row] === found[e]) counts[row]! += 1;
  }
}
