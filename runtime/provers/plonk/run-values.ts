// Values of one run as residues: what the prover commits, and the wires that its sumchecks read.
import {
  type ColumnGroup,
  type ColumnValues,
  fillColumns,
  type Plan,
  storeCells,
  witnessResidues,
} from '../../../compiler/ir/interpret/plan.ts';
import type { Witness } from '../../../compiler/ir/interpret/witness.ts';
import type { StoredReader } from './lookup-leaves.ts';
import type { Protocol } from './protocol.ts';
import type { Vectors } from './vectors.ts';

/** Canonical residues of one run, row-major. */
export interface RunValues {
  /** By index in the plan's columns. */
  readonly columns: ColumnValues;
  /** Any wire of the circuit. */
  wire(id: number): Uint32Array;
}

/** Values of an honest run; of its columns all but the weights, which are committed beforehand. */
export function honestValues(plan: Plan, witness: Witness): RunValues {
  // Keys of lookups are read to fill columns and to prove them: each wire is computed once.
  const known = new Map<number, Uint32Array>();
  const wire = (id: number): Uint32Array => {
    const residues = known.get(id) ?? witnessResidues(witness, id);
    known.set(id, residues);
    return residues;
  };
  return { columns: fillColumns(plan, wire, 'run'), wire };
}

/** Values from the residues of a circuit's wires, whatever they are: tests play dishonest provers with it. */
export function valuesOfWires(plan: Plan, wire: (id: number) => Uint32Array): RunValues {
  return { columns: fillColumns(plan, wire), wire };
}

/** Advice as stored: column-major, 2^logRows words each, in the memory of the vectors. */
export function adviceCells(
  v: Vectors,
  { plan, logRows, adviceColumns }: Protocol,
  columns: ColumnValues,
): Uint32Array {
  const cells = v.alloc(2 ** logRows * adviceColumns);
  for (const [i, column] of plan.columns.entries())
    if (column.group === 'advice') storeCells(cells, column.offset, columns[i]!, plan.shapes[column.wire]!);
  return cells;
}

/** Canonical residues of a committed port, row-major. */
export function committedValues({ plan }: Protocol, port: number, columns: ColumnValues): Uint32Array {
  const index = plan.columns.findIndex((column) => column.wire === plan.committed[port]!.wire);
  // A port without elements has no column.
  return columns[index] ?? new Uint32Array(0);
}

/** Reads a run's wires while it is proved. */
export interface ValueReader {
  /** A committed column by its wire, as stored; undefined for another wire. */
  column(wire: number): Uint32Array | undefined;
  /** Any wire that is no column, row-major. */
  wire(id: number): Uint32Array;
  /** Any wire as stored, columns or not. */
  readonly stored: StoredReader;
}

/** @param cells all committed cells by group, as stored */
export function valueReader(
  v: Vectors,
  protocol: Protocol,
  { wire }: RunValues,
  cells: ReadonlyMap<ColumnGroup, Uint32Array>,
): ValueReader {
  const { plan } = protocol;
  const index = new Map(plan.columns.map((column, i) => [column.wire, i]));
  const column = (id: number): Uint32Array | undefined => {
    const i = index.get(id);
    if (i === undefined) return undefined;
    const { group, offset, size } = plan.columns[i]!;
    return cells.get(group)!.subarray(offset, offset + size);
  };
  const value = (id: number): Uint32Array => wire(plan.definitions.get(id) ?? id);
  return {
    column,
    wire: value,
    stored(id) {
      const committed = column(id);
      if (committed !== undefined) return committed;
      const rowMajor = value(id);
      const out = v.alloc(rowMajor.length);
      storeCells(out, 0, rowMajor, plan.shapes[id]!);
      return out;
    },
  };
}
