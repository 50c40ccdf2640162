// Rows about booleans: is a sum of them zero, does a number given by its bits exceed a constant. Each with its cost.
//
// Every variable made here is determined by the bits: where an inverse is used, a third row fixes it to 0 when it is free.
import { bitLength } from '../../interval.ts';
import { invert } from '../../poseidon.ts';
import {
  addCosts,
  type Cost,
  cost,
  FREE,
  type LinearCombination,
  minusFrom,
  NOTHING,
  plus,
  type RowEmitter,
  term,
} from './rows.ts';

/**
 * A combination known to be 0 or 1, and its value (meaningful if values are assigned). All bits of a number are single
 * variables but for the lowest, which may be what is left of the number: its terms count in the bounds as `lowest`.
 */
export interface Flag {
  readonly sum: LinearCombination;
  readonly value: number;
}

/** A non-negative combination of at most `max`, and its value. */
export interface Tally extends Flag {
  readonly max: number;
}

export function tally(...flags: readonly Flag[]): Tally {
  return flags.reduce<Tally>((t, f) => ({ sum: plus(t.sum, f.sum), value: t.value + f.value, max: t.max + 1 }), {
    sum: { variables: [], coefficients: [] },
    value: 0,
    max: 0,
  });
}

export function not(f: Flag): Flag {
  return { sum: minusFrom(1n, f.sum), value: 1 - f.value };
}

/** Fresh variable with a value. */
function fresh(e: RowEmitter, value: number | bigint): number {
  const v = e.allocate(1);
  e.assign?.(v, value);
  return v;
}

const inverses = new Map<number, bigint>();
function inverse(x: number): bigint {
  if (x === 0) return 0n;
  const have = inverses.get(x) ?? invert(BigInt(x));
  inverses.set(x, have);
  return have;
}

/**
 * 1 if the tally is 0, else 0. Up to 4 by the polynomial that is 1 at 0 and 0 at 1, 2, ...; beyond by an inverse t:
 * J * t = 1 - q, J * q = 0, t * q = 0 force q = 1, t = 0 for J = 0 and q = 0, t = 1/J otherwise.
 */
export function zeroTest(e: RowEmitter, j: Tally): Flag {
  const { sum, value, max } = j;
  if (max <= 1) return not(j);
  const zero = value === 0 ? 1 : 0;
  if (max === 2) {
    const q = fresh(e, zero);
    e.row(minusFrom(1n, sum), minusFrom(2n, sum), term(q, 2n));
    return { sum: term(q), value: zero };
  }
  if (max <= 4) {
    const t = fresh(e, (1 - value) * (4 - value));
    const q = fresh(e, zero);
    e.row(minusFrom(1n, sum), minusFrom(4n, sum), term(t));
    e.row(term(t), plus(term(t), term(0), 2n), term(q, 24n));
    return { sum: term(q), value: zero };
  }
  const t = fresh(e, inverse(value));
  const q = fresh(e, zero);
  e.row(sum, term(t), minusFrom(1n, term(q)));
  e.row(sum, term(q), NOTHING);
  e.row(term(t), term(q), NOTHING);
  return { sum: term(q), value: zero };
}

/** @param lowest terms that the bits have together beyond one each: see {@link Flag}. */
export function zeroTestCost(max: number, lowest = 0): Cost {
  const j = max + 1 + lowest;
  if (max <= 1) return FREE;
  if (max === 2) return cost(1, 1, 2 * j + 1);
  if (max <= 4) return cost(2, 2, 2 * j + 5);
  return cost(3, 2, 2 * j + 6);
}

/** Maximal run of equal bits of a constant; `from` counts from the lowest bit. */
interface Run {
  readonly bit: 0 | 1;
  readonly from: number;
  readonly length: number;
}

/** Runs of `bound` over `width` bits from the lowest zero upwards: ones below it cannot be exceeded. */
function runsOf(bound: bigint, width: number): Run[] {
  const bitAt = (i: number): 0 | 1 => (((bound >> BigInt(i)) & 1n) === 1n ? 1 : 0);
  let from = 0;
  while (from < width && bitAt(from) === 1) from++;
  const runs: Run[] = [];
  while (from < width) {
    const bit = bitAt(from);
    let length = 1;
    while (from + length < width && bitAt(from + length) === bit) length++;
    runs.push({ bit, from, length });
    from += length;
  }
  return runs;
}

/**
 * 1 if the number with the given bits (low first) exceeds `bound`, else 0; undefined if it never can. Upwards over the
 * runs of the bound: at a run of zeros the number exceeds if a bit is set or it exceeds below; at a run of ones if all
 * bits are set and it exceeds below.
 */
export function exceeds(e: RowEmitter, bits: readonly Flag[], bound: bigint): Flag | undefined {
  return exceedsOver(e, bits, runsOf(bound, bits.length));
}

function exceedsOver(e: RowEmitter, bits: readonly Flag[], runs: readonly Run[]): Flag | undefined {
  let above: Flag | undefined;
  for (const run of runs) {
    const own = bits.slice(run.from, run.from + run.length);
    const all = above === undefined ? own : [...own, above];
    above = run.bit === 0 ? not(zeroTest(e, tally(...all))) : zeroTest(e, tally(...all.map(not)));
  }
  return above;
}

export function exceedsCost(bound: bigint, width: number, lowest: number): Cost {
  return runsCost(runsOf(bound, width), lowest);
}

function runsCost(runs: readonly Run[], lowest: number): Cost {
  return addCosts(...runs.map((run, k) => zeroTestCost(run.length + (k === 0 ? 0 : 1), lowest)));
}

/** Proves that the number with the given bits is at most `bound`. */
export function assertAtMost(e: RowEmitter, bits: readonly Flag[], bound: bigint): void {
  const runs = runsOf(bound, bits.length);
  const top = runs.pop();
  if (top === undefined) return;
  const below = exceedsOver(e, bits, runs);
  const own = bits.slice(top.from, top.from + top.length);
  if (top.bit === 0) {
    // A sum of booleans is zero only if each is.
    e.zero(tally(...own, ...(below === undefined ? [] : [below])).sum);
    return;
  }
  // The lowest run is one of zeros, so a top run of ones has something below it.
  const exceeding = below ?? impossible();
  if (own.length === 1) {
    e.row(own[0]!.sum, exceeding.sum, NOTHING);
    return;
  }
  // Not all set: the number of missing ones has an inverse.
  const missing = tally(...own.map(not), not(exceeding));
  const inverted = fresh(e, inverse(missing.value));
  e.row(missing.sum, term(inverted), term(0));
}

function impossible(): never {
  throw new RangeError('a bound of all ones needs no rows');
}

export function assertAtMostCost(bound: bigint, width: number, lowest: number): Cost {
  const runs = runsOf(bound, width);
  const top = runs.pop();
  if (top === undefined) return FREE;
  const terms = top.length + 2 + lowest;
  const last = top.bit === 0 ? cost(1, 0, terms) : top.length === 1 ? cost(1, 0, terms + 2) : cost(1, 1, terms + 2);
  return addCosts(runsCost(runs, lowest), last);
}

/** Proves that the number with the given bits is at least `bound`: its complement is at most the complement of the bound. */
export function assertAtLeast(e: RowEmitter, bits: readonly Flag[], bound: bigint): void {
  assertAtMost(e, bits.map(not), complement(bound, bits.length));
}

export function assertAtLeastCost(bound: bigint, width: number, lowest: number): Cost {
  // Complemented bits carry a constant each: at most twice the terms.
  const c = assertAtMostCost(complement(bound, width), width, lowest);
  return cost(c.rows, c.variables, 2 * c.nonZeros);
}

const complement = (x: bigint, width: number): bigint => (1n << BigInt(width)) - 1n - x;

/** How a clamp is read off the bits of its key: see {@link clampRows}. */
export interface ClampForm {
  /** Bits below the sign: all bits if the key is never below the interval. */
  readonly magnitude: number;
  readonly signed: boolean;
  /** Largest value of the result, less than 2^magnitude - 1; undefined if the key never exceeds it. */
  readonly most: bigint | undefined;
}

/**
 * clamp(u, 0, most) for u = sum of 2^i b_i, less 2^magnitude where signed and the top bit is 0. With q = 1 if u is in
 * [0, most] (no sign, no bit above `most`, the bits below not exceeding it): y = q * low + most * (1 - sign - q).
 * Costs one row for y and a zero test for q; nothing if neither side saturates.
 * @returns the result as a combination, 0 included in [0, most].
 */
export function clampRows(
  e: RowEmitter,
  bits: readonly Flag[],
  form: ClampForm,
  result: number | bigint,
): LinearCombination {
  const low = lowBits(form);
  const number = weighted(bits.slice(0, low));
  const sign = form.signed ? [not(bits[form.magnitude]!)] : [];
  const high = bits.slice(low, form.magnitude);
  const over = form.most === undefined ? undefined : exceeds(e, bits.slice(0, low), form.most);
  const outside = tally(...sign, ...high, ...(over === undefined ? [] : [over]));
  if (outside.max === 0) return number;
  const inside = zeroTest(e, outside);
  const saturated = plus(not(inside).sum, sign[0]?.sum ?? NOTHING, -1n);
  const y = fresh(e, result);
  e.row(inside.sum, number, plus(term(y), saturated, -(form.most ?? 0n)));
  return term(y);
}

/** Bits that the saturated maximum spans. */
function lowBits(form: ClampForm): number {
  return form.most === undefined ? form.magnitude : bitLength(form.most);
}

/** sum of 2^i * bit_i. */
export function weighted(bits: readonly Flag[]): LinearCombination {
  const [lowest, ...others] = bits;
  if (lowest === undefined) return NOTHING;
  return plus(lowest.sum, {
    variables: others.map((b) => b.sum.variables[0]!),
    coefficients: others.map((_, i) => 2n << BigInt(i)),
  });
}

/** Number of terms of a clamp's result. */
export function clampTerms(form: ClampForm, lowest: number): number {
  return outsideOf(form) === 0 ? lowBits(form) + lowest : 1;
}

function outsideOf(form: ClampForm): number {
  const low = lowBits(form);
  const over = form.most !== undefined && runsOf(form.most, low).length > 0 ? 1 : 0;
  return (form.signed ? 1 : 0) + (form.magnitude - low) + over;
}

export function clampCost(form: ClampForm, lowest: number): Cost {
  const outside = outsideOf(form);
  if (outside === 0) return FREE;
  const low = lowBits(form);
  const over = form.most === undefined ? FREE : exceedsCost(form.most, low, lowest);
  return addCosts(over, zeroTestCost(outside, lowest), cost(1, 1, 2 * (outside + 1 + lowest) + low + lowest + 4));
}
