// The witness side of a plan: what an honest prover commits.
import { addP, mulP, subP } from '../../koalabear.ts';
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
 */
export function fillColumns(plan: Plan, wireValues: (wire: number) => Uint32Array): ColumnValues {
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
    for (const { wire, k } of form.terms) {
      const x = valuesAt(wire);
      for (let e = 0; e < size; e++) out[e] = addP(out[e]!, k === 1 ? x[e]! : mulP(k, x[e]!));
    }
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
    for (const l of plan.lookups) {
      if (l.table !== table) continue;
      const keys = evaluate(l.key, l.size);
      const found = l.values.map(valuesAt);
      for (let e = 0; e < l.size; e++) {
        const row = rowOf(keys[e]!, firstKey);
        if (row < rows && values.every((column, j) => column[row] === found[j]![e])) counts[row]! += 1;
      }
    }
    return counts;
  };
  return plan.columns.map((column) => {
    const values = valuesAt(column.wire);
    if (values.length !== sizeOf(plan.shapes[column.wire]!))
      throw new RangeError(`plan: ${column.label} has a bad size`);
    return values;
  });
}

const rowOf = (key: number, firstKey: number): number => subP(key, firstKey);
