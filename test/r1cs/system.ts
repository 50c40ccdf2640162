// A constraint system held in memory, for tests: collects rows, evaluates them over a field, changes single values.
import type { Circuit } from '../../compiler/ir/circuit.ts';
import { type LinearCombination, type R1csSink, SCALAR_FIELD } from '../../compiler/ir/iden3/index.ts';
import { readFieldElement } from '../../compiler/ir/iden3/scalar-field.ts';
import { type Scalarized, scalarize } from '../../compiler/ir/interpret/scalarize.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';

export type Row = readonly [LinearCombination, LinearCombination, LinearCombination];

export interface System extends Scalarized {
  readonly list: readonly Row[];
  /** Values of all variables in [0, p). */
  readonly assignment: readonly bigint[];
  /** Rows in which each variable occurs. */
  readonly uses: readonly (readonly number[])[];
}

/** Rows only. */
export function collectRows(c: Circuit): { readonly list: readonly Row[]; readonly result: Scalarized } {
  const list: Row[] = [];
  const sink: R1csSink = { row: (a, b, d) => list.push([a, b, d]) };
  return { list, result: scalarize(c, sink) };
}

/** Rows and the honest assignment for the given inputs. */
export function systemOf(
  c: Circuit,
  inputs: ReadonlyMap<string, Tensor>,
  blindings: ReadonlyMap<string, bigint> = new Map(),
): System {
  const list: Row[] = [];
  const sink: R1csSink = { row: (a, b, d) => list.push([a, b, d]) };
  const witness = runWitness(c, inputs, { checkRanges: true });
  const result = scalarize(c, sink, { witness, blindings });
  const assignment = Array.from({ length: result.variables }, (_, v) => readFieldElement(result.values!, 32 * v));
  const uses: number[][] = assignment.map(() => []);
  for (const [r, row] of list.entries()) for (const v of new Set(row.flatMap((x) => x.variables))) uses[v]!.push(r);
  return { ...result, list, assignment, uses };
}

export function evaluate(x: LinearCombination, assignment: readonly bigint[]): bigint {
  let sum = 0n;
  for (let i = 0; i < x.variables.length; i++) sum += x.coefficients[i]! * assignment[x.variables[i]!]!;
  return ((sum % SCALAR_FIELD) + SCALAR_FIELD) % SCALAR_FIELD;
}

export function holds([a, b, c]: Row, assignment: readonly bigint[]): boolean {
  return (evaluate(a, assignment) * evaluate(b, assignment)) % SCALAR_FIELD === evaluate(c, assignment);
}

/** Index of the first row that does not hold, or -1. */
export function firstViolated(list: readonly Row[], assignment: readonly bigint[]): number {
  return list.findIndex((row) => !holds(row, assignment));
}

/**
 * Names of the variables whose single change no row notices. Inputs are left alone: another input may well have the same
 * output.
 * @param deltas what is added to each variable in turn.
 * @param most how many variables are changed, evenly spread if there are more.
 */
export function unnoticed(s: System, deltas: readonly bigint[], most = Number.POSITIVE_INFINITY): string[] {
  const found: string[] = [];
  const changed = [...s.assignment];
  const inputs = 1 + s.publicOutputs;
  const internal = inputs + s.publicInputs + s.privateInputs;
  const step = Math.max(1, Math.floor(s.variables / most));
  for (let v = 1; v < s.variables; v += step) {
    if (v >= inputs && v < internal) continue;
    for (const delta of deltas) {
      changed[v] = (s.assignment[v]! + delta + SCALAR_FIELD) % SCALAR_FIELD;
      if (changed[v] !== s.assignment[v] && s.uses[v]!.every((r) => holds(s.list[r]!, changed)))
        found.push(`${s.nameOf(v)} + ${delta}`);
    }
    changed[v] = s.assignment[v]!;
  }
  return found;
}

/**
 * Variables that no row defines in turn from the known ones: a row a * b = c defines a single unknown variable of c once
 * all of a and b are known.
 */
export function undefinedVariables(s: System, known: (variable: number) => boolean): string[] {
  const done = Array.from({ length: s.variables }, (_, v) => v === 0 || known(v));
  const isKnown = (x: LinearCombination): boolean => x.variables.every((v) => done[v]);
  for (let progress = true; progress; ) {
    progress = false;
    for (const [a, b, c] of s.list) {
      const missing = c.variables.filter((v) => !done[v]);
      if (missing.length !== 1 || !isKnown(a) || !isKnown(b)) continue;
      done[missing[0]!] = true;
      progress = true;
    }
  }
  return done.flatMap((d, v) => (d ? [] : [s.nameOf(v)]));
}
