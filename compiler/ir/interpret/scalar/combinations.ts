// Linear combinations of variables for all elements of a wire, in one structure: no object per element.
import type { LinearCombination } from './rows.ts';
import { reduced } from './rows.ts';

/**
 * One combination per element: terms offsets[e] .. offsets[e+1], variables ascending, 0 for the constant. Coefficients are
 * numbers while they are certain to be exact, bigints otherwise.
 */
export interface Combinations {
  readonly offsets: Int32Array;
  readonly variables: Int32Array;
  readonly coefficients: Float64Array | readonly bigint[];
  /** Bound on the magnitude of coefficients. */
  readonly largest: number;
}

/** A wire: elements of combinations behind an index map (-1: zero), the identity if absent. */
export interface Elements {
  readonly of: Combinations;
  readonly index: Int32Array | undefined;
}

/** Number of elements. */
export function countOf(x: Elements): number {
  return x.index === undefined ? x.of.offsets.length - 1 : x.index.length;
}

/** Elements of another order, -1 reads zero. */
export function reindexed(x: Elements, index: Int32Array): Elements {
  const inner = x.index;
  return { of: x.of, index: inner === undefined ? index : index.map((i) => (i < 0 ? -1 : inner[i]!)) };
}

/** Single variables `first`, `first + step`, ... */
export function variablesFrom(first: number, count: number, step = 1): Elements {
  const offsets = new Int32Array(count + 1);
  const variables = new Int32Array(count);
  for (let e = 0; e < count; e++) {
    offsets[e + 1] = e + 1;
    variables[e] = first + e * step;
  }
  return { of: { offsets, variables, coefficients: new Float64Array(count).fill(1), largest: 1 }, index: undefined };
}

/** lo + sum of weight * bit for consecutive bit variables, one per weight. */
export function numbersFromBits(first: number, count: number, weights: readonly bigint[], lo: bigint): Elements {
  const builder = createBuilder(false);
  for (let e = 0; e < count; e++) {
    if (lo !== 0n) builder.push(0, lo);
    for (let i = 0; i < weights.length; i++) builder.push(first + e * weights.length + i, weights[i]!);
    builder.end();
  }
  return { of: builder.finish(), index: undefined };
}

/** Constants: one term or none. */
export function constantElements(values: ArrayLike<number | bigint>): Elements {
  const builder = createBuilder(false);
  for (let e = 0; e < values.length; e++) {
    if (Number(values[e]!) !== 0) builder.push(0, values[e]!);
    builder.end();
  }
  return { of: builder.finish(), index: undefined };
}

/** Combinations given one by one. */
export function fromRows(rows: readonly LinearCombination[]): Elements {
  const builder = createBuilder(false);
  for (const r of rows) {
    for (const [i, v] of r.variables.entries()) builder.push(v, r.coefficients[i]!);
    builder.end();
  }
  return { of: builder.finish(), index: undefined };
}

/** Below this bound sums of numbers are exact. */
const EXACT = 2 ** 53;

/** Coefficients as bigints, small ones made once. */
const SMALL = 4096;
const smallBigints = Array.from({ length: 2 * SMALL + 1 }, (_, i) => BigInt(i - SMALL));
function big(c: number | bigint): bigint {
  if (typeof c === 'bigint') return reduced(c);
  return c >= -SMALL && c <= SMALL ? smallBigints[c + SMALL]! : BigInt(c);
}

/** One element as a combination. */
export function elementOf(x: Elements, element: number): LinearCombination {
  const e = x.index === undefined ? element : x.index[element]!;
  const variables: number[] = [];
  const coefficients: bigint[] = [];
  if (e < 0) return { variables, coefficients };
  const { of } = x;
  for (let t = of.offsets[e]!; t < of.offsets[e + 1]!; t++) {
    variables.push(of.variables[t]!);
    coefficients.push(big(of.coefficients[t]!));
  }
  return { variables, coefficients };
}

interface Builder {
  push(variable: number, coefficient: number | bigint): void;
  /** Ends an element. */
  end(): void;
  finish(): Combinations;
}

/** Appends terms; numbers become bigints if `wide`, or else once a bigint is not exact as a number. */
function createBuilder(wide: boolean): Builder {
  let variables = new Int32Array(256);
  let numbers = new Float64Array(256);
  const offsets: number[] = [0];
  let large: bigint[] | undefined = wide ? [] : undefined;
  let used = 0;
  let largest = 0;
  return {
    push(variable, coefficient) {
      if (used === variables.length) {
        variables = grown(variables, new Int32Array(2 * used));
        numbers = grown(numbers, new Float64Array(2 * used));
      }
      variables[used] = variable;
      const c = Number(coefficient);
      if (large === undefined && Math.abs(c) >= EXACT) large = Array.from(numbers.subarray(0, used), BigInt);
      if (large === undefined) numbers[used] = c;
      else large.push(big(coefficient));
      if (c > largest || -c > largest) largest = Math.abs(c);
      used++;
    },
    end() {
      offsets.push(used);
    },
    finish() {
      return {
        offsets: Int32Array.from(offsets),
        variables: variables.slice(0, used),
        coefficients: large ?? numbers.slice(0, used),
        largest,
      };
    },
  };
}

function grown<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Sums multiples of elements into new combinations, element by element. */
export interface Accumulator {
  add(x: Elements, element: number, k: number | bigint): void;
  addConstant(c: number | bigint): void;
  /** Ends an element of the result. */
  end(): void;
  finish(): Elements;
}

/** Dense scratch space for all variables, shared by the accumulators of one run. */
export interface Workspace {
  readonly sums: Float64Array;
  readonly marked: Uint8Array;
}

export function createWorkspace(variables: number): Workspace {
  return { sums: new Float64Array(variables), marked: new Uint8Array(variables) };
}

/** @param largest bound on the magnitude of any sum of coefficients: decides between numbers and bigints. */
export function createAccumulator(workspace: Workspace, largest: number): Accumulator {
  return largest < EXACT ? narrowAccumulator(workspace) : wideAccumulator();
}

function narrowAccumulator({ sums, marked }: Workspace): Accumulator {
  const builder = createBuilder(false);
  let touched = new Int32Array(64);
  let count = 0;
  let ascending = true;
  const put = (variable: number, c: number): void => {
    if (marked[variable] === 0) {
      marked[variable] = 1;
      if (count === touched.length) touched = grown(touched, new Int32Array(2 * count));
      if (count > 0 && touched[count - 1]! > variable) ascending = false;
      touched[count++] = variable;
    }
    sums[variable]! += c;
  };
  return {
    add(x, element, k) {
      const e = x.index === undefined ? element : x.index[element]!;
      if (e < 0) return;
      const { offsets, variables, coefficients } = x.of;
      const factor = Number(k);
      // Wide coefficients cannot reach this path: they raise the bound.
      for (let t = offsets[e]!; t < offsets[e + 1]!; t++) put(variables[t]!, factor * Number(coefficients[t]!));
    },
    addConstant(c) {
      if (Number(c) !== 0) put(0, Number(c));
    },
    end() {
      const used = touched.subarray(0, count);
      if (!ascending) used.sort();
      for (let i = 0; i < count; i++) {
        const v = used[i]!;
        if (sums[v] !== 0) builder.push(v, sums[v]!);
        sums[v] = 0;
        marked[v] = 0;
      }
      count = 0;
      ascending = true;
      builder.end();
    },
    finish: () => ({ of: builder.finish(), index: undefined }),
  };
}

function wideAccumulator(): Accumulator {
  const builder = createBuilder(true);
  const sums = new Map<number, bigint>();
  const put = (variable: number, c: bigint): void => {
    sums.set(variable, (sums.get(variable) ?? 0n) + c);
  };
  return {
    add(x, element, k) {
      const e = x.index === undefined ? element : x.index[element]!;
      if (e < 0) return;
      const { offsets, variables, coefficients } = x.of;
      const factor = BigInt(k);
      for (let t = offsets[e]!; t < offsets[e + 1]!; t++) put(variables[t]!, factor * BigInt(coefficients[t]!));
    },
    addConstant(c) {
      put(0, BigInt(c));
    },
    end() {
      for (const [v, c] of [...sums].sort((a, b) => a[0] - b[0])) if (c !== 0n) builder.push(v, c);
      sums.clear();
      builder.end();
    },
    finish: () => ({ of: builder.finish(), index: undefined }),
  };
}
