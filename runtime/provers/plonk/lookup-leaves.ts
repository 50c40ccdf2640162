// The leaves of the lookup argument: one segment per lookup and per table, and what the claims at their end are over columns.
import type { Plan, PlanTable, PullBack } from '../../../compiler/ir/interpret/plan.ts';
import { ceilLog2 } from './contraction-letters.ts';
import { add, addP, EXT, type Ext, mul, neg, ONE, powers, residue, scale, sub, ZERO } from './field.ts';
import type { FractionClaim } from './fraction-sumcheck.ts';
import { owned } from './opening-rounds.ts';
import type { Vectors } from './vectors.ts';

/** Leaves of one lookup, or of one table, padded to 2^bits: a padding leaf is the fraction 0/1 and needs no column. */
export interface LeafSegment {
  readonly kind: 'lookup' | 'table';
  /** Index in the plan's lookups, or tables. */
  readonly index: number;
  readonly size: number;
  readonly bits: number;
  /** First leaf: a multiple of 2^bits. */
  readonly at: number;
}

export interface LeafLayout {
  readonly segments: readonly LeafSegment[];
  /** 2^variables leaves. */
  readonly variables: number;
}

/** Segments in descending size, hence aligned; the plan's order among equals. */
export function layoutLeaves(plan: Plan): LeafLayout {
  const all = [
    ...plan.lookups.map(({ size }, index) => ({ kind: 'lookup' as const, index, size, bits: ceilLog2(size) })),
    ...plan.tables.map(({ rows }, index) => ({ kind: 'table' as const, index, size: rows, bits: ceilLog2(rows) })),
  ].sort((a, b) => b.bits - a.bits);
  let end = 0;
  const segments = all.map((s): LeafSegment => {
    const at = end;
    end += 2 ** s.bits;
    return { ...s, at };
  });
  return { segments, variables: ceilLog2(Math.max(1, end)) };
}

/** Challenges of the lookups: a denominator is alpha - key - beta value_1 - beta^2 value_2 - ... - beta^degree tag. */
export interface LookupChallenges {
  readonly alpha: Ext;
  readonly beta: Ext;
}

/** Degree of denominators in beta: the value columns come first, then the table's tag, a number from 1. */
export function denominatorDegree(plan: Plan): number {
  return 1 + Math.max(0, ...plan.tables.map((t) => t.values.length));
}

/** alpha - beta^degree tag. */
function denominatorBase(plan: Plan, table: number, { alpha, beta }: LookupChallenges): Ext {
  return sub(alpha, scale(powers(beta, denominatorDegree(plan) + 1).at(-1)!, table + 1));
}

/** Table of a segment. */
function tableOf(plan: Plan, s: LeafSegment): number {
  return s.kind === 'table' ? s.index : plan.lookups[s.index]!.table;
}

/** Keys of a table, one word per row. */
function tableKeys({ rows, firstKey }: PlanTable): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, i) => residue(firstKey + i));
}

/** Canonical words of what the lookups read and how often rows are read. */
export interface LookupValues {
  /** Keys of a lookup of the plan. */
  key(lookup: number): Uint32Array;
  /** A column by its wire. */
  column(wire: number): Uint32Array;
}

/** Numerators and denominators of all leaves (K-vectors). */
export function leafFractions(
  v: Vectors,
  plan: Plan,
  { segments, variables }: LeafLayout,
  values: LookupValues,
  challenges: LookupChallenges,
): { readonly p: Uint32Array; readonly q: Uint32Array } {
  const [p, q] = [v.alloc(EXT * 2 ** variables), v.alloc(EXT * 2 ** variables)];
  for (let i = 0; i < q.length; i += EXT) q[i] = 1;
  for (const s of segments) {
    const [from, to] = [EXT * s.at, EXT * (s.at + s.size)];
    const [numerators, denominators] = [p.subarray(from, to), q.subarray(from, to)];
    const base = denominatorBase(plan, tableOf(plan, s), challenges);
    for (let i = 0; i < denominators.length; i += EXT) denominators.set(base, i);
    const table = plan.tables[tableOf(plan, s)]!;
    const lookup = plan.lookups[s.index]!;
    const [keys, columns] =
      s.kind === 'table' ? [tableKeys(table), table.values] : [values.key(s.index), lookup.values.map(values.column)];
    v.addScaledBase(denominators, owned(v, keys), neg(ONE));
    for (const [j, column] of columns.entries())
      v.addScaledBase(denominators, owned(v, column), neg(powers(challenges.beta, j + 2).at(-1)!));
    if (s.kind === 'table') v.addScaledBase(numerators, owned(v, values.column(table.multiplicity)), neg(ONE));
    else for (let i = 0; i < numerators.length; i += EXT) numerators[i] = 1;
  }
  return { p, q };
}

/** eq(point, at + j) for the leaves j of a segment (K-vector). */
function leafWeights(v: Vectors, { variables }: LeafLayout, s: LeafSegment, point: readonly Ext[]): Uint32Array {
  const high = variables - s.bits;
  let factor = ONE;
  for (let i = 0; i < high; i++) {
    const bit = Math.floor(s.at / 2 ** (variables - 1 - i)) % 2;
    factor = mul(factor, bit === 1 ? point[i]! : sub(ONE, point[i]!));
  }
  return v.eq(point.slice(high), factor).subarray(0, EXT * s.size);
}

/** Sum of a K-vector. */
function sum(x: Uint32Array): Ext {
  const total = [0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) total[i % EXT] = addP(total[i % EXT]!, x[i]!);
  return [total[0]!, total[1]!, total[2]!, total[3]!];
}

/**
 * What the two claims at the end of the fraction tree say about columns and public tensors: adds kP times the numerator's
 * functional and kQ times the denominator's to `pull`, and returns what their sum must be. Tables and padding leaves are
 * evaluated here.
 */
export function addLeafClaims(
  v: Vectors,
  plan: Plan,
  layout: LeafLayout,
  challenges: LookupChallenges,
  claim: FractionClaim,
  [kP, kQ]: readonly [Ext, Ext],
  pull: PullBack,
): Ext {
  let [p, q, used] = [claim.p, claim.q, ZERO];
  for (const s of layout.segments) {
    const weights = leafWeights(v, layout, s, claim.point);
    const total = sum(weights);
    used = add(used, total);
    q = sub(q, mul(total, denominatorBase(plan, tableOf(plan, s), challenges)));
    const beta = (j: number): Ext => powers(challenges.beta, j + 2).at(-1)!;
    if (s.kind === 'lookup') {
      const { key, values } = plan.lookups[s.index]!;
      p = sub(p, total);
      pull.addForm(key, weights, neg(kQ));
      for (const [j, wire] of values.entries()) pull.add(wire, weights, neg(mul(kQ, beta(j))));
    } else {
      const table = plan.tables[s.index]!;
      pull.add(table.multiplicity, weights, neg(kP));
      q = add(q, v.dotBase(weights, owned(v, tableKeys(table))));
      for (const [j, column] of table.values.entries()) q = add(q, mul(beta(j), v.dotBase(weights, owned(v, column))));
    }
  }
  // Padding leaves are 0/1, and the weights of all leaves together are 1.
  q = sub(q, sub(ONE, used));
  return add(mul(kP, p), mul(kQ, q));
}
