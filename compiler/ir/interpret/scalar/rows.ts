// What scalarization writes to: rows, fresh variables with lazily made names, and the values of variables if wanted.
import type { LinearCombination, R1csSink } from '../../iden3/r1cs.ts';
import { SCALAR_FIELD, writeFieldElement } from '../../iden3/scalar-field.ts';

export type { LinearCombination } from '../../iden3/r1cs.ts';

/** Counts of one part of a constraint system. `nonZeros` is an upper bound on the coefficients of its rows. */
export interface Cost {
  readonly rows: number;
  readonly variables: number;
  readonly nonZeros: number;
}

export const FREE: Cost = { rows: 0, variables: 0, nonZeros: 0 };

export function cost(rows: number, variables: number, nonZeros: number): Cost {
  return { rows, variables, nonZeros };
}

export function addCosts(...costs: readonly Cost[]): Cost {
  return costs.reduce((a, b) => cost(a.rows + b.rows, a.variables + b.variables, a.nonZeros + b.nonZeros), FREE);
}

export function timesCost(n: number, c: Cost): Cost {
  return cost(n * c.rows, n * c.variables, n * c.nonZeros);
}

/** A run of variables allocated for one purpose: `elements` equal groups. */
interface Segment {
  readonly first: number;
  readonly label: string;
  readonly elements: number;
}

export interface RowEmitter {
  /** The next free variable. */
  readonly next: () => number;
  /** Names the variables that are allocated from here on: `elements` groups of equal size. */
  readonly segment: (label: string, elements: number) => void;
  readonly allocate: (count: number) => number;
  /** Adds a * b = c. */
  readonly row: (a: LinearCombination, b: LinearCombination, c: LinearCombination) => void;
  /** Adds x = 0, as 0 * 0 = x: provers need no coefficients of c. */
  readonly zero: (x: LinearCombination) => void;
  /** Sets the value of a variable; absent where only the structure is wanted. */
  readonly assign: ((variable: number, value: number | bigint) => void) | undefined;
  readonly rows: () => number;
  readonly nonZeros: () => number;
  /** Name of a variable. */
  readonly name: (variable: number) => string;
}

/** The combination 0. */
export const NOTHING: LinearCombination = { variables: [], coefficients: [] };

/** @param values 32 bytes per variable, little-endian, or undefined if only rows are wanted. */
export function createRowEmitter(sink: R1csSink, values: Uint8Array | undefined): RowEmitter {
  let next = 0;
  let rows = 0;
  let nonZeros = 0;
  const segments: Segment[] = [];
  const row = (a: LinearCombination, b: LinearCombination, c: LinearCombination): void => {
    rows++;
    nonZeros += a.variables.length + b.variables.length + c.variables.length;
    sink.row(a, b, c);
  };
  const view = values === undefined ? undefined : new DataView(values.buffer, values.byteOffset, values.byteLength);
  return {
    next: () => next,
    segment: (label, elements) => {
      if (segments.at(-1)?.first === next) segments.pop();
      segments.push({ first: next, label, elements });
    },
    allocate: (count) => {
      next += count;
      return next - count;
    },
    row,
    zero: (x) => row(NOTHING, NOTHING, x),
    assign: view === undefined ? undefined : (variable, value) => writeFieldElement(view, 32 * variable, value),
    rows: () => rows,
    nonZeros: () => nonZeros,
    name: (variable) => {
      let [low, high] = [0, segments.length - 1];
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (segments[middle]!.first <= variable) low = middle;
        else high = middle - 1;
      }
      const s = segments[low]!;
      const per = ((segments[low + 1]?.first ?? next) - s.first) / s.elements;
      const at = variable - s.first;
      const element = `${s.label}[${Math.floor(at / per)}]`;
      return per === 1 ? element : `${element}.${at % per}`;
    },
  };
}

/** k * variable. */
export function term(variable: number, k = 1n): LinearCombination {
  return { variables: [variable], coefficients: [k] };
}

/** The constant c. */
export function constant(c: bigint): LinearCombination {
  return c === 0n ? NOTHING : term(0, c);
}

/** x + k * y. */
export function plus(x: LinearCombination, y: LinearCombination, k = 1n): LinearCombination {
  const variables: number[] = [];
  const coefficients: bigint[] = [];
  const [nx, ny] = [x.variables.length, y.variables.length];
  for (let i = 0, j = 0; i < nx || j < ny; ) {
    const [a, b] = [x.variables[i] ?? Number.POSITIVE_INFINITY, y.variables[j] ?? Number.POSITIVE_INFINITY];
    let c = 0n;
    if (a <= b) c += x.coefficients[i++]!;
    if (b <= a) c += k * y.coefficients[j++]!;
    if (c === 0n) continue;
    variables.push(a < b ? a : b);
    coefficients.push(c);
  }
  return { variables, coefficients };
}

/** c - x. */
export function minusFrom(c: bigint, x: LinearCombination): LinearCombination {
  return plus(constant(c), x, -1n);
}

/** c as the representative of its residue class with the magnitude that rows require. */
export function reduced(c: bigint): bigint {
  return c >= SCALAR_FIELD || c <= -SCALAR_FIELD ? c % SCALAR_FIELD : c;
}
