// The witness side of a plan: what an honest prover commits.
import { addP, mulP, P, subP } from '../../koalabear.ts';
import { sizeOf } from '../../tensor.ts';
import type { Witness } from '../witness.ts';
import { residueOf } from './draft.ts';
import { residuesOf } from './residue-walk.ts';
import type { Column, ColumnGroup, LinearForm, Plan } from './types.ts';

/** Canonical residues of every column, by index in {@link Plan.columns}; multiplicities included. */
export type ColumnValues = readonly Uint32Array[];

const LIMIT = 2n ** 53n;

/** Columns of an honest run; only those of one group, if it is named. */
export function planWitness(plan: Plan, witness: Witness, group?: ColumnGroup): ColumnValues {
  return fillColumns(plan, (wire) => witnessResidues(witness, wire), group);
}

/** Canonical residues of a wire of the circuit, however wide it is. */
export function witnessResidues(witness: Witness, wire: number): Uint32Array {
  const { range } = witness.circuit.wires[wire]!;
  return range.lo > -LIMIT && range.hi < LIMIT
    ? residuesOf(witness.value(wire).data)
    : Uint32Array.from(witness.exact(wire), residueOf);
}

/**
 * Columns from the residues of the circuit's wires (asked for as needed, once each). Total: where a value is in no row of
 * its table, nothing is counted for it; the verifier then refuses.
 * @param group only these columns; the others are left empty
 */
export function fillColumns(plan: Plan, wireValues: (wire: number) => Uint32Array, group?: ColumnGroup): ColumnValues {
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
  const evaluate = (form: LinearForm, size: number): Uint32Array => {
    const out = new Uint32Array(size).fill(form.constant);
    for (const { wire, k } of form.terms) addMultiple(out, valuesAt(wire), k);
    return out;
  };
  const derived = ({ origin, size }: Column): Uint32Array => {
    switch (origin.kind) {
      case 'quotient': {
        const u = evaluate(origin.of, size);
        for (let e = 0; e < size; e++) u[e] = u[e]! >>> origin.shift;
        return u;
      }
      case 'lookup': {
        const { table, key } = plan.lookups[origin.lookup]!;
        const { firstKey, values } = plan.tables[table]!;
        const keys = evaluate(key, size);
        return keys.map((k) => values[origin.column]![rowOf(k, firstKey)] ?? 0);
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
    for (const l of plan.lookups)
      if (l.table === table) countRows(counts, evaluate(l.key, l.size), firstKey, values, l.values.map(valuesAt));
    return counts;
  };
  return plan.columns.map((column) => {
    if (group !== undefined && column.group !== group) return NOTHING;
    const values = valuesAt(column.wire);
    if (values.length !== sizeOf(plan.shapes[column.wire]!))
      throw new RangeError(`plan: ${column.label} has a bad size`);
    return values;
  });
}

const NOTHING = new Uint32Array(0);

/** into += k x. */
function addMultiple(into: Uint32Array, x: Uint32Array, k: number): void {
  if (k === 1) for (let e = 0; e < into.length; e++) into[e] = addP(into[e]!, x[e]!);
  else if (k === P - 1) for (let e = 0; e < into.length; e++) into[e] = subP(into[e]!, x[e]!);
  else for (let e = 0; e < into.length; e++) into[e] = addP(into[e]!, mulP(k, x[e]!));
}

/** Counts each key whose row of the table has the values found. */
function countRows(
  counts: Uint32Array,
  keys: Uint32Array,
  firstKey: number,
  columns: readonly Uint32Array[],
  found: readonly Uint32Array[],
): void {
  const [rows, only, value] = [counts.length, columns[0], found[0]];
  for (let e = 0; e < keys.length; e++) {
    const row = rowOf(keys[e]!, firstKey);
    if (row >= rows) continue;
    if (only !== undefined && only[row] !== value![e]) continue;
    let same = true;
    for (let j = 1; j < columns.length; j++) same &&= columns[j]![row] === found[j]![e];
    if (same) counts[row]! += 1;
  }
}

const rowOf = (key: number, firstKey: number): number => subP(key, firstKey);
