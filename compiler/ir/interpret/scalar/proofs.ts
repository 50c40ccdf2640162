// How membership in an interval is proved by bits, and what a lookup becomes: choices made from intervals alone.
//
// element = lo + sum of 2^i * bit_i over `width` boolean variables proves [lo, lo + 2^width - 1]. Another weight `top` of the
// last bit, between 1 and 2^(width-1), proves [lo, lo + 2^(width-1) - 1 + top], all of it, because the sums with and without
// the last bit overlap or touch: any interval costs as many booleans as its width has bits. Where the bits of a number
// are needed (keys of lookups) the weights are powers of two, and what they leave open against the interval wanted is closed
// by comparing them with a constant, unless it is known already.
//
// An element that exists already is tied to its bits without a row: the lowest bit is no variable but what is left of the
// element, element - lo - sum of the others, and its boolean row ties them.
import {
  bitLength,
  cardinality,
  containsInterval,
  type Interval,
  intersect,
  sameInterval,
  widthOf,
} from '../../interval.ts';
import type { Table } from '../../table.ts';
import { assertAtLeastCost, assertAtMostCost, type ClampForm, clampCost, clampTerms } from './bit-rows.ts';
import { addCosts, type Cost, cost, FREE } from './rows.ts';
import { type TableForm, tableCost, tableForm, tableTerms } from './table-rows.ts';

/** A decomposition into booleans: element = lo + sum of weight_i * bit_i. */
export interface BitForm {
  readonly lo: bigint;
  readonly width: number;
  /** Weight of the last bit; those below weigh 1, 2, 4, ... */
  readonly top: bigint;
}

/** Weights that are powers of two: the bits of element - lo. */
export function binaryForm(lo: bigint, width: number): BitForm {
  return { lo, width, top: width === 0 ? 0n : 1n << BigInt(width - 1) };
}

/**
 * Weights that express the interval and nothing else. If the lowest bit is what the others leave, a second weight of 1
 * would let the prover exchange the two unnoticed: bits of a number and a bound are used then.
 */
function exactForm(to: Interval, tied: boolean): BitForm {
  const width = widthOf(to);
  if (tied && width > 1 && to.hi - to.lo === 1n << BigInt(width - 1)) return binaryForm(to.lo, width);
  return { lo: to.lo, width, top: width === 0 ? 0n : to.hi - to.lo - (1n << BigInt(width - 1)) + 1n };
}

/** Weights of the bits, low first. */
export function weightsOf(f: BitForm): bigint[] {
  return Array.from({ length: f.width }, (_, i) => (i === f.width - 1 ? f.top : 1n << BigInt(i)));
}

export function sameForm(a: BitForm, b: BitForm): boolean {
  return a.lo === b.lo && a.width === b.width && a.top === b.top;
}

function isBinary(f: BitForm): boolean {
  return sameForm(f, binaryForm(f.lo, f.width));
}

/** A decomposition that was made, with the terms of its lowest bit: 1 if that is a variable. */
export interface MadeForm extends BitForm {
  readonly lowest: number;
}

export interface Proof {
  readonly form: MadeForm;
  /** The bits exist already: no new variables. */
  readonly reused: boolean;
  /** The lowest bit is a combination of the element and the others; otherwise the element is defined by its bits. */
  readonly tied: boolean;
  /** Bounds on the number given by the bits that are still to be proved. */
  readonly atMost: bigint | undefined;
  readonly atLeast: bigint | undefined;
  /** Per element; `terms` of the element included where it is tied. */
  readonly cost: Cost;
}

/** What is known of the element that is to be proved. */
export interface Subject {
  /** Interval proved elsewhere; undefined: nothing. */
  readonly known: Interval | undefined;
  /** Decompositions at hand. */
  readonly have: readonly MadeForm[];
  /** Terms of the element's combination; undefined: it is defined by its bits. */
  readonly terms: number | undefined;
}

/** All integers that the bits can express. */
export function spanOf(f: BitForm): Interval {
  return { lo: f.lo, hi: weightsOf(f).reduce((sum, w) => sum + w, f.lo) };
}

/** Proof that the subject lies in `to` by bits of the given form, which must contain what is possible. */
export function proofBy(form: BitForm, to: Interval, s: Subject): Proof {
  const span = spanOf(form);
  const possible = s.known === undefined ? span : intersect(span, s.known);
  const atMost = possible.hi > to.hi ? to.hi - form.lo : undefined;
  const atLeast = possible.lo < to.lo ? to.lo - form.lo : undefined;
  const made = s.have.find((f) => sameForm(f, form));
  const tied = s.terms !== undefined;
  const lowest = made?.lowest ?? (s.terms === undefined ? 1 : s.terms + form.width);
  const bits = s.terms === undefined ? freeBits(form.width) : tiedBits(form.width, s.terms);
  return {
    form: { ...form, lowest },
    reused: made !== undefined,
    tied,
    atMost,
    atLeast,
    cost: addCosts(
      made === undefined ? bits : FREE,
      atMost === undefined ? FREE : assertAtMostCost(atMost, form.width, lowest),
      atLeast === undefined ? FREE : assertAtLeastCost(atLeast, form.width, lowest),
    ),
  };
}

const freeBits = (width: number): Cost => cost(width, width, 3 * width);

/** No bit at all: one row says that the element is lo. */
function tiedBits(width: number, terms: number): Cost {
  if (width === 0) return cost(1, 0, terms + 1);
  return cost(width, width - 1, 3 * (width - 1) + 2 * (terms + width) + 1);
}

/**
 * Cheapest proof that the subject lies in `to`; if a lookup with the given table will read its bits, together with that.
 * @throws RangeError if the interval contradicts what is known.
 */
export function proofOf(to: Interval, s: Subject, reader?: Table): Proof {
  const open = s.known === undefined ? to : intersect(to, s.known);
  const later = (have: readonly MadeForm[]): readonly LookupPlan[] =>
    reader === undefined ? [] : lookupPlans(reader, { known: open, have, terms: s.terms ?? 1 });
  const wanted = later(s.have).flatMap((p) => (p.proof === undefined ? [] : [p.proof.form]));
  const forms = [...s.have.filter(isBinary), ...wanted].filter((f) => containsInterval(spanOf(f), open));
  return cheapest(
    [exactForm(open, s.terms !== undefined), ...forms].map((f) => proofBy(f, to, s)),
    (p) => addCosts(p.cost, reader === undefined ? FREE : cheapest(later([...s.have, p.form]), (l) => l.cost).cost),
  );
}

function cheapest<T>(options: readonly T[], costOf: (x: T) => Cost): T {
  return options.reduce((best, x) => (costOf(x).rows < costOf(best).rows ? x : best));
}

/** How the result of a lookup follows from the bits of its key. */
export type Realisation =
  | { readonly kind: 'constant'; readonly value: bigint }
  /** The key itself. */
  | { readonly kind: 'key' }
  /** lo + clamp of the bits' number. */
  | { readonly kind: 'clamp'; readonly lo: bigint; readonly form: ClampForm }
  /** min(key, hi): the top bit is set if the key exceeds hi. */
  | { readonly kind: 'least'; readonly hi: bigint }
  /** 1 - top bit. */
  | { readonly kind: 'sign' }
  /** Rows first .. first + size - 1 of the table, by the bits' number. */
  | { readonly kind: 'data'; readonly form: TableForm; readonly first: number; readonly size: number };

/** A lookup: what is proved of the key (nothing if it is known and its bits are not needed) and the result. */
export interface LookupPlan {
  readonly proof: Proof | undefined;
  readonly result: Realisation;
  /** Per element, proof included. */
  readonly cost: Cost;
  /** Terms of an element of the result; undefined: those of the key. */
  readonly terms: number | undefined;
}

/** The realisation with the fewest rows. @throws RangeError if no key that is known is in the domain. */
export function planLookup(table: Table, s: Subject): LookupPlan {
  return cheapest(lookupPlans(table, s), (p) => p.cost);
}

/** All realisations that are considered; at least one. */
function lookupPlans(table: Table, s: Subject): readonly LookupPlan[] {
  const keys = s.known === undefined ? table.domain : intersect(table.domain, s.known);
  const proved = s.known !== undefined && sameInterval(keys, s.known);
  const without = (result: Realisation, terms: number | undefined): readonly LookupPlan[] => {
    const proof = proved ? undefined : proofOf(table.domain, s);
    return [{ proof, result, cost: proof?.cost ?? FREE, terms }];
  };
  /** `own`: cost and terms of the result, given the terms of the lowest bit. */
  const by = (form: BitForm, result: Realisation, own: (lowest: number) => readonly [Cost, number]): LookupPlan => {
    const proof = proofBy(form, table.domain, s);
    const [more, terms] = own(proof.form.lowest);
    return { proof, result, cost: addCosts(proof.cost, more), terms };
  };
  const pivoted = (pivot: bigint): BitForm[] => {
    const below = bitLength(pivot - keys.lo - 1n);
    const above = bitLength(keys.hi - pivot);
    const n = Math.max(below, above);
    const halves = s.have.filter((f) => isBinary(f) && f.width > n && f.lo === pivot - (1n << BigInt(f.width - 1)));
    return [binaryForm(pivot - (1n << BigInt(n)), n + 1), ...halves];
  };
  switch (table.kind) {
    case 'data': {
      const form = binaryForm(keys.lo, widthOf(keys));
      const columns = table.columns.length;
      const division = tableForm(form.width, columns);
      const first = Number(keys.lo - table.domain.lo);
      const size = Number(cardinality(keys));
      const result = { kind: 'data', form: division, first, size } as const;
      return [by(form, result, (l) => [tableCost(division, columns, l), tableTerms(division, l)])];
    }
    case 'sign': {
      if (keys.lo >= 0n) return without({ kind: 'constant', value: 0n }, 1);
      if (keys.hi < 0n) return without({ kind: 'constant', value: 1n }, 1);
      return pivoted(0n).map((f) => by(f, { kind: 'sign' }, (l) => [FREE, 1 + l]));
    }
    case 'clamp': {
      const { to } = table;
      if (to.lo <= keys.lo && keys.hi <= to.hi) return without({ kind: 'key' }, undefined);
      if (keys.hi <= to.lo) return without({ kind: 'constant', value: to.lo }, 1);
      if (keys.lo >= to.hi) return without({ kind: 'constant', value: to.hi }, 1);
      const most = keys.hi > to.hi ? to.hi - to.lo : undefined;
      const clamped = (form: BitForm, signed: boolean): LookupPlan => {
        const shape = { magnitude: signed ? form.width - 1 : form.width, signed, most };
        const offset = to.lo === 0n ? 0 : 1;
        const own = (l: number): readonly [Cost, number] => [clampCost(shape, l), clampTerms(shape, l) + offset];
        return by(form, { kind: 'clamp', lo: to.lo, form: shape }, own);
      };
      if (keys.lo < to.lo) return pivoted(to.lo).map((f) => clamped(f, true));
      const unsigned = binaryForm(to.lo, bitLength(keys.hi - to.lo));
      const wider = s.have.filter((f) => isBinary(f) && f.lo === to.lo && f.width > unsigned.width);
      return [
        ...[unsigned, ...wider].map((f) => clamped(f, false)),
        ...pivoted(to.hi + 1n).map((f) =>
          by(f, { kind: 'least', hi: to.hi }, (l) => [cost(1, 1, f.width + 6 + 2 * l), 1]),
        ),
      ];
    }
  }
}

/**
 * True if `element - (lo + sum of bits)` is zero over the field only if it is zero over the integers, for elements in
 * `known`.
 */
export function isTieExact(form: BitForm, known: Interval, modulus: bigint): boolean {
  const span = spanOf(form);
  return known.hi - span.lo < modulus && span.hi - known.lo < modulus;
}
