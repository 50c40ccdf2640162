// Values of one run as residues: what the prover commits, and the wires that its sumchecks read.
import {
  type ColumnValues,
  fillColumns,
  type LinearForm,
  type Plan,
  planWitness,
} from '../../../compiler/ir/interpret/plan.ts';
import type { Witness } from '../../../compiler/ir/interpret/witness.ts';
import { addP, mulP, residue } from './field.ts';

/** Canonical residues of one run. */
export interface RunValues {
  /** By index in the plan's columns. */
  readonly columns: ColumnValues;
  /** Any wire of the circuit. */
  wire(id: number): Uint32Array;
}

/** Values of an honest run. */
export function honestValues(plan: Plan, witness: Witness): RunValues {
  return {
    columns: planWitness(plan, witness),
    wire: (id) => Uint32Array.from(witness.value(id).data, residue),
  };
}

/** Values from the residues of a circuit's wires, whatever they are: tests play dishonest provers with it. */
export function valuesOfWires(plan: Plan, wire: (id: number) => Uint32Array): RunValues {
  return { columns: fillColumns(plan, wire), wire };
}

/** Reads columns, wires and linear forms of a run. */
export interface ValueReader {
  /** A committed column by its wire. */
  column(wire: number): Uint32Array;
  /** Any wire of the plan: as committed, if it is. */
  value(wire: number): Uint32Array;
  form(form: LinearForm, size: number): Uint32Array;
}

export function valueReader(plan: Plan, { columns, wire }: RunValues): ValueReader {
  const index = new Map(plan.columns.map((column, i) => [column.wire, i]));
  const column = (id: number): Uint32Array => columns[index.get(id)!]!;
  const value = (id: number): Uint32Array => (index.has(id) ? column(id) : wire(plan.definitions.get(id) ?? id));
  return {
    column,
    value,
    form({ terms, constant }, size) {
      const out = new Uint32Array(size).fill(constant);
      for (const { wire: id, k } of terms) {
        const x = value(id);
        for (let e = 0; e < size; e++) out[e] = addP(out[e]!, k === 1 ? x[e]! : mulP(k, x[e]!));
      }
      return out;
    },
  };
}
