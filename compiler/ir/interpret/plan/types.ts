// What a proof system of committed columns needs to know about a circuit: columns, tables, lookups, identities, contractions.
import type { Circuit } from '../../circuit.ts';
import type { Contraction } from '../../contraction.ts';
import type { Interval } from '../../interval.ts';
import type { Ext } from '../../koalabear.ts';
import type { Shape } from '../../tensor.ts';
import type { Term } from './covector-types.ts';

/**
 * Sum of k * wire plus a constant, over wires of equal size; k and the constant are canonical residues mod p. Wires are
 * those of the circuit, followed by the ones that the plan adds (see {@link Plan.shapes}).
 */
export interface LinearForm {
  readonly terms: readonly { readonly wire: number; readonly k: number }[];
  readonly constant: number;
}

/**
 * Committed together: with every proof, once per model, or by itself: `port3` is the column of the port with index 3 in
 * {@link Plan.committed}, which other proofs may be about as well.
 */
export type ColumnGroup = 'advice' | 'weight' | `port${number}`;

/** Where the honest values of a column come from. */
export type ColumnOrigin =
  /** The wire of the circuit with the column's number. */
  | { readonly kind: 'wire' }
  /** floor(u / 2^shift), u the canonical residue of the form. */
  | { readonly kind: 'quotient'; readonly of: LinearForm; readonly shift: number }
  /** Value column of a table at the key of a lookup of the plan. */
  | { readonly kind: 'lookup'; readonly lookup: number; readonly column: number }
  /** How often each row of a table is looked up. */
  | { readonly kind: 'multiplicity'; readonly table: number };

/** A committed tensor of canonical words. */
export interface Column {
  readonly wire: number;
  /** Cells. */
  readonly size: number;
  readonly group: ColumnGroup;
  /** First cell within the group, a multiple of the column's block; cells are stored as `blocksOf` its shape says. */
  readonly offset: number;
  readonly origin: ColumnOrigin;
  /** For reports and errors. */
  readonly label: string;
}

/**
 * A lookup table of one tree: row i has the key firstKey + i (mod p). No value columns: it proves a range. Lookups are split
 * into trees that are proved one by one; a table that several trees look into is there once for each.
 */
export interface PlanTable {
  readonly name: string;
  readonly firstKey: number;
  readonly rows: number;
  /** Canonical residues, one per row. */
  readonly values: readonly Uint32Array[];
  /** The wire that holds the multiplicities; a column. */
  readonly multiplicity: number;
  /** The tree whose lookups look into it: numbers from 0. */
  readonly tree: number;
}

/** For every cell: (key, values...) is a row of the table. */
export interface PlanLookup {
  /** Index in {@link Plan.tables}. */
  readonly table: number;
  /** Of all its wires. */
  readonly shape: Shape;
  /** Cells. */
  readonly size: number;
  readonly key: LinearForm;
  /** Wires of the value columns, as many as the table has. All are columns. */
  readonly values: readonly number[];
  readonly label: string;
}

/** The form is zero mod p in every cell. */
export interface Identity {
  readonly shape: Shape;
  readonly form: LinearForm;
  readonly label: string;
}

/** A product of two wires that are both not fixed at compile time: `wire` = spec(a, b). */
export interface PlanContraction {
  readonly wire: number;
  readonly spec: Contraction;
  readonly a: number;
  readonly b: number;
}

/** A tensor that the verifier knows; the verifier checks that its integers lie in the interval before anything else. */
export interface PublicTensor {
  readonly name: string;
  readonly wire: number;
  readonly shape: Shape;
  readonly range: Interval;
}

/** A tensor of which the verifier knows a commitment. */
export interface CommittedTensor {
  readonly name: string;
  /** The column. */
  readonly wire: number;
  readonly shape: Shape;
}

/** What every proof shows, and what is shown once about the weights: both hold the same weight columns. */
export interface Plans {
  readonly run: Plan;
  /** The intervals of all parameters; undefined if there are none. */
  readonly registration: Plan | undefined;
}

/**
 * Everything the argument states about one run of a circuit, as plain data: derived from the circuit alone, never from
 * values, the same on every machine. A prover that commits columns for which every lookup finds its row, every identity
 * vanishes and the public outputs are the wires of that name has run the circuit on the public inputs.
 */
export interface Plan {
  readonly circuit: Circuit;
  /** Shape of every wire: those of the circuit, then the ones that only the plan has: quotients, multiplicities, definitions. */
  readonly shapes: readonly Shape[];
  /** In layout order: advice, then weights, then the column of each committed port. */
  readonly columns: readonly Column[];
  /** Cells of each group of several columns, which follow each other without a gap. */
  readonly cells: Readonly<Record<'advice' | 'weight', number>>;
  /** Ports that a commitment of their own stands for, in the order of the circuit; their wires are columns. */
  readonly committed: readonly CommittedTensor[];
  readonly tables: readonly PlanTable[];
  readonly lookups: readonly PlanLookup[];
  readonly identities: readonly Identity[];
  /** Contractions that claims reach, in the order of the circuit. Their operands are linear in columns and public inputs. */
  readonly contractions: readonly PlanContraction[];
  readonly inputs: readonly PublicTensor[];
  readonly outputs: readonly PublicTensor[];
  /** definitions.get(d) = w: wire d is what the circuit computes for w, and w itself is a column equal to it. */
  readonly definitions: ReadonlyMap<number, number>;
  /** Wires of the circuit that are forms of columns by their statement: claims on them are claims on those columns. */
  readonly substitutions: ReadonlyMap<number, LinearForm>;
}

/** What a linear functional over wires is over the leaves: the sum of all parts equals the functional. */
export interface PulledBack {
  /** By index in {@link Plan.columns}. */
  readonly columns: readonly (readonly Term[])[];
  /** By index in {@link Plan.contractions}, over the axes of the result. */
  readonly contractions: readonly (readonly Term[])[];
  /** By index in {@link Plan.inputs}. */
  readonly inputs: readonly (readonly Term[])[];
  readonly constant: Ext;
}

/** Collects covectors on wires, then carries all of them to the leaves in one walk backwards through the circuit. */
export interface PullBack {
  /** Adds k times the term to the functional. @throws RangeError if the term is not one over the wire's axes. */
  add(wire: number, term: Term, k?: Ext): void;
  /** The same for a linear form, over the axes of its wires: <term, form>. */
  addForm(form: LinearForm, term: Term, k?: Ext): void;
  /** Once. */
  finish(): PulledBack;
}
