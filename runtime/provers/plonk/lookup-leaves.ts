// The leaves of the lookup argument: one segment per lookup and per table, and what the claims at their end are over columns.
import {
  type Blocks,
  blocksOf,
  type Factor,
  type Plan,
  type PlanTable,
  type PullBack,
  type Term,
} from '../../../compiler/ir/interpret/plan.ts';
import type { Shape } from '../../../compiler/ir/tensor.ts';
import { ceilLog2 } from './contraction-letters.ts';
import { add, EXT, type Ext, fromBase, mul, neg, ONE, residue, scale, sub, ZERO } from './field.ts';
import type { FractionClaim } from './fraction-trees.ts';
import type { Transcript } from './transcript.ts';
import type { Vectors } from './vectors.ts';

/** Leaves of one lookup, or of one table, in the order of storage. */
export interface LeafSegment {
  readonly kind: 'lookup' | 'table';
  /** Index in the plan's lookups, or tables. */
  readonly index: number;
  readonly shape: Shape;
  readonly blocks: Blocks;
  readonly size: number;
  /** First leaf: a multiple of the block. */
  readonly at: number;
}

/** A tree of 2^variables leaves; those after the last segment are the fraction 0/1. */
export interface LeafTree {
  readonly segments: readonly LeafSegment[];
  readonly variables: number;
}

/** A plan's trees. Segments in descending size of blocks, hence aligned; the plan's order among equals. */
export function layoutLeaves(plan: Plan): readonly LeafTree[] {
  const trees = new Map<number, Omit<LeafSegment, 'at'>[]>();
  const addTo = (tree: number, kind: LeafSegment['kind'], index: number, shape: Shape, size: number): void => {
    const blocks = blocksOf(shape);
    trees.set(tree, [...(trees.get(tree) ?? []), { kind, index, shape, blocks, size }]);
  };
  for (const [i, { table, shape, size }] of plan.lookups.entries())
    addTo(plan.tables[table]!.tree, 'lookup', i, shape, size);
  for (const [i, { tree, rows }] of plan.tables.entries()) addTo(tree, 'table', i, [rows], rows);
  return [...trees.values()].map((all) => {
    let end = 0;
    const segments = all
      .sort((a, b) => b.blocks.bits - a.blocks.bits)
      .map((s): LeafSegment => {
        const at = end;
        end += s.size;
        return { ...s, at };
      });
    return { segments, variables: ceilLog2(Math.max(1, end)) };
  });
}

/** Denominators are alpha - key - sum_j betas[j] value_j - tagBeta tag: linear in challenges that are all independent. */
export interface LookupChallenges {
  readonly alpha: Ext;
  /** One for each value column. */
  readonly betas: readonly Ext[];
  readonly tagBeta: Ext;
}

/** Value columns of the widest table. */
const valueColumns = (plan: Plan): number => Math.max(0, ...plan.tables.map((t) => t.values.length));

/** Challenges of the right number that stand for any. */
export const dryLookupChallenges = (plan: Plan): LookupChallenges => ({
  alpha: ONE,
  betas: new Array<Ext>(valueColumns(plan)).fill(ONE),
  tagBeta: ONE,
});

export function drawLookupChallenges(channel: Transcript, plan: Plan): LookupChallenges {
  const columns = valueColumns(plan);
  return {
    alpha: channel.challenge('lookups.alpha'),
    betas: columns === 0 ? [] : channel.challenges('lookups.betas', columns),
    tagBeta: channel.challenge('lookups.tag'),
  };
}

/** alpha - tagBeta tag: tags are numbers from 1. */
function denominatorBase(table: number, { alpha, tagBeta }: LookupChallenges): Ext {
  return sub(alpha, scale(tagBeta, table + 1));
}

/** Table of a segment. */
function tableOf(plan: Plan, s: LeafSegment): number {
  return s.kind === 'table' ? s.index : plan.lookups[s.index]!.table;
}

/** Keys of a table, one word per row. */
function tableKeys({ rows, firstKey }: PlanTable): Uint32Array {
  const keys = new Uint32Array(rows);
  for (let i = 0; i < rows; i++) keys[i] = residue(firstKey + i);
  return keys;
}

/** Canonical words of wires in the order of storage, in the memory of the vectors. */
export type StoredReader = (wire: number) => Uint32Array;

/** Numerators (base words) and denominators (a K-vector) of all leaves. */
export function leafFractions(
  v: Vectors,
  plan: Plan,
  { segments, variables }: LeafTree,
  stored: StoredReader,
  challenges: LookupChallenges,
): { readonly p: Uint32Array; readonly q: Uint32Array } {
  const [p, q] = [v.alloc(2 ** variables), v.alloc(EXT * 2 ** variables)];
  let end = 0;
  for (const s of segments) {
    const [numerators, denominators] = [p.subarray(s.at, s.at + s.size), q.subarray(EXT * s.at, EXT * (s.at + s.size))];
    end = s.at + s.size;
    const base = denominatorBase(tableOf(plan, s), challenges);
    const table = plan.tables[tableOf(plan, s)]!;
    if (s.kind === 'table') {
      fill(denominators, base);
      v.addScaledBase(denominators, v.held(tableKeys(table)), neg(ONE));
      for (const [j, column] of table.values.entries())
        v.addScaledBase(denominators, v.held(column), neg(challenges.betas[j]!));
      const counts = stored(table.multiplicity);
      for (let e = 0; e < s.size; e++) numerators[e] = counts[e] === 0 ? 0 : subtracted(counts[e]!);
      continue;
    }
    const { key, values } = plan.lookups[s.index]!;
    fill(denominators, sub(base, fromBase(key.constant)));
    for (const { wire, k } of key.terms) v.addScaledBase(denominators, stored(wire), neg(fromBase(k)));
    for (const [j, wire] of values.entries()) v.addScaledBase(denominators, stored(wire), neg(challenges.betas[j]!));
    numerators.fill(1);
  }
  if (end < 2 ** variables) fill(q.subarray(EXT * end), ONE);
  return { p, q };
}

const subtracted = (count: number): number => residue(-count);

/** Every element, by copies that double. */
function fill(x: Uint32Array, value: Ext): void {
  x.set(value);
  for (let done = EXT; done < x.length; done *= 2) x.copyWithin(done, 0, Math.min(done, x.length - done));
}

/** Neighbouring indices that share a prefix: 2^bits from `at` on, and eq(prefix of the point, prefix). */
interface AlignedRun {
  readonly at: number;
  readonly bits: number;
  readonly factor: Ext;
}

/** The indices from `from` on as few aligned runs: their weights eq(point, index) sum to the factors. */
function alignedRuns(point: readonly Ext[], from: number, count: number): readonly AlignedRun[] {
  const runs: AlignedRun[] = [];
  const descend = (at: number, bits: number, factor: Ext): void => {
    const end = at + 2 ** bits;
    if (end <= from || at >= from + count) return;
    if (at >= from && end <= from + count) {
      runs.push({ at, bits, factor });
      return;
    }
    const upper = mul(factor, point[point.length - bits]!);
    descend(at, bits - 1, sub(factor, upper));
    descend(at + 2 ** (bits - 1), bits - 1, upper);
  };
  descend(0, point.length, ONE);
  return runs;
}

/** eq(point, from + i) for i < count (K-vector): little more than the range is computed. */
function eqRange(v: Vectors, point: readonly Ext[], from: number, count: number): Uint32Array {
  const out = v.alloc(EXT * count);
  for (const { at, bits, factor } of alignedRuns(point, from, count)) {
    const mark = v.mark();
    out.set(v.eq(point.slice(point.length - bits), factor), EXT * (at - from));
    v.release(mark);
  }
  return out;
}

/** Sum of a segment's weights. */
function totalWeight(
  { variables }: LeafTree,
  { at, blocks: { blocks, bits } }: LeafSegment,
  point: readonly Ext[],
): Ext {
  // Weights within a block sum to its own.
  const runs = alignedRuns(point.slice(0, variables - bits), at / 2 ** bits, blocks);
  return runs.reduce((sum, { factor }) => add(sum, factor), ZERO);
}

/** sum_i eq(point, at + i) (firstKey + i) over the rows of a table whose leaves begin at `at`. */
function weightedKeys({ rows, firstKey }: PlanTable, at: number, point: readonly Ext[]): Ext {
  let sum = ZERO;
  for (const { at: start, bits, factor } of alignedRuns(point, at, rows)) {
    let mean: Ext = fromBase(residue(firstKey + start - at));
    for (let b = 0; b < bits; b++) mean = add(mean, scale(point[point.length - 1 - b]!, 2 ** b));
    sum = add(sum, mul(factor, mean));
  }
  return sum;
}

/**
 * Weights of the blocks of a segment (K-vector). Segments with blocks of one size stand side by side: their weights are
 * written out together.
 */
function blockWeights(
  v: Vectors,
  { segments, variables }: LeafTree,
  point: readonly Ext[],
): (s: LeafSegment) => Uint32Array {
  const known = new Map<number, { readonly from: number; readonly weights: Uint32Array }>();
  const weightsOf = (bits: number): { readonly from: number; readonly weights: Uint32Array } => {
    const own = segments.filter((s) => s.blocks.bits === bits);
    const [first, last] = [own[0]!, own.at(-1)!];
    const from = first.at / 2 ** bits;
    const weights = eqRange(v, point.slice(0, variables - bits), from, last.at / 2 ** bits + last.blocks.blocks - from);
    return { from, weights };
  };
  return ({ at, blocks: { blocks, bits } }) => {
    const { from, weights } = known.get(bits) ?? weightsOf(bits);
    known.set(bits, { from, weights });
    const start = EXT * (at / 2 ** bits - from);
    return weights.subarray(start, start + EXT * blocks);
  };
}

/** Weights eq(point, leaf) of a tree's segments as terms; factors within blocks are shared between segments. */
function leafWeights(v: Vectors, tree: LeafTree, point: readonly Ext[]): (s: LeafSegment) => Term {
  const acrossOf = blockWeights(v, tree, point);
  const known = new Map<string, Uint32Array>();
  const eqOf = (from: number, to: number): Uint32Array => {
    const name = `${from} ${to}`;
    const have = known.get(name) ?? v.eq(point.slice(from, to), ONE);
    known.set(name, have);
    return have;
  };
  return (segment) => {
    const { shape, blocks } = segment;
    const { outer, inner, bits } = blocks;
    const high = tree.variables - bits;
    const across = acrossOf(segment);
    const factors: Factor[] = outer.length === 0 ? [] : [{ axes: outer, values: across }];
    let from = high;
    for (const axis of inner) {
      const to = from + ceilLog2(shape[axis]!);
      factors.push({ axes: [axis], values: eqOf(from, to) });
      from = to;
    }
    const k: Ext = outer.length === 0 ? [across[0]!, across[1]!, across[2]!, across[3]!] : ONE;
    return { k, factors };
  };
}

/**
 * What the two claims at the end of a tree say about columns and public tensors: adds kP times the numerator's functional
 * and kQ times the denominator's to `pull`, and returns what their sum must be. Tables and the leaves behind the last
 * segment are evaluated here.
 */
export function addLeafClaims(
  v: Vectors,
  plan: Plan,
  tree: LeafTree,
  challenges: LookupChallenges,
  claim: FractionClaim,
  [kP, kQ]: readonly [Ext, Ext],
  pull: PullBack,
): Ext {
  let [p, q, used] = [claim.p, claim.q, ZERO];
  const weightsOf = leafWeights(v, tree, claim.point);
  for (const s of tree.segments) {
    const weights = weightsOf(s);
    const total = totalWeight(tree, s, claim.point);
    used = add(used, total);
    q = sub(q, mul(total, denominatorBase(tableOf(plan, s), challenges)));
    if (s.kind === 'lookup') {
      const { key, values } = plan.lookups[s.index]!;
      p = sub(p, total);
      pull.addForm(key, weights, neg(kQ));
      for (const [j, wire] of values.entries()) pull.add(wire, weights, neg(mul(kQ, challenges.betas[j]!)));
    } else {
      const table = plan.tables[s.index]!;
      pull.add(table.multiplicity, weights, neg(kP));
      q = add(q, weightedKeys(table, s.at, claim.point));
      const [rows] = weights.factors;
      for (const [j, column] of table.values.entries()) {
        // A table of one row has no factor.
        const sum = rows === undefined ? fromBase(column[0]!) : v.dotBase(rows.values, v.held(column));
        q = add(q, mul(challenges.betas[j]!, mul(weights.k, sum)));
      }
    }
  }
  // The other leaves are 0/1, and the weights of all leaves together are 1.
  q = sub(q, sub(ONE, used));
  return add(mul(kP, p), mul(kQ, q));
}
