// The twin's lookups: which leaves stand in which tree, and what the claims at the end of a tree say about columns.
import type { Plan } from '../../compiler/ir/interpret/plan.ts';
import { type Claim, claimsOnForm, type Dense } from './dense.ts';
import {
  add,
  bitsFor,
  dotBase,
  type Element,
  eqVector,
  fromBase,
  modulo,
  multiply,
  scale,
  subtract,
  sum,
  ZERO,
} from './field.ts';
import { storageOf } from './layout.ts';
import type { FractionClaim } from './sumchecks.ts';

/** Leaves of one lookup or table: cells in storage order, from leaf `at` on. */
interface Segment {
  readonly kind: 'lookup' | 'table';
  /** Index in the plan's lookups, or tables. */
  readonly index: number;
  readonly cells: readonly number[];
  readonly at: number;
}

/** One tree of fractions. */
export interface LeafTree {
  readonly segments: readonly Segment[];
  readonly variables: number;
}

/** Challenges of the denominators. */
export interface LookupChallenges {
  readonly alpha: Element;
  /** One for each value column. */
  readonly betas: readonly Element[];
  readonly tag: Element;
}

/** Most value columns of a table. */
export const valueColumns = (plan: Plan): number => Math.max(0, ...plan.tables.map((t) => t.values.length));

/** The trees of a plan, in the order in which its lookups name them: first their lookups, then their tables, by blocks. */
export function leafTrees(plan: Plan): readonly LeafTree[] {
  const treeOf = (table: number): number => plan.tables[table]!.tree;
  const numbers = new Set([...plan.lookups.map((l) => treeOf(l.table)), ...plan.tables.map((t) => t.tree)]);
  const lookups = plan.lookups.map(({ table, shape }, index) => ({
    kind: 'lookup' as const,
    index,
    tree: treeOf(table),
    storage: storageOf(shape),
  }));
  const tables = plan.tables.map(({ tree, rows }, index) => ({
    kind: 'table' as const,
    index,
    tree,
    storage: storageOf([rows]),
  }));
  return [...numbers].map((number) => {
    const own = [...lookups, ...tables].filter((s) => s.tree === number);
    let end = 0;
    const segments = own
      .sort((a, b) => b.storage.block - a.storage.block)
      .map(({ kind, index, storage: { cells } }): Segment => {
        const at = end;
        end += cells.length;
        return { kind, index, cells, at };
      });
    return { segments, variables: bitsFor(end) };
  });
}

/** Claims on columns and public tensors, and what they must add up to. */
export interface LeafClaims {
  readonly claims: readonly Claim[];
  readonly target: Element;
}

/** kP times the claim on a tree's numerators plus kQ times the one on its denominators. */
export function leafClaims(
  plan: Plan,
  { segments }: LeafTree,
  { alpha, betas, tag }: LookupChallenges,
  claim: FractionClaim,
  kP: Element,
  kQ: Element,
): LeafClaims {
  const eq = eqVector(claim.point);
  const minusQ = subtract(ZERO, kQ);
  const claims: Claim[] = [];
  // What is left for columns once everything known is taken off.
  let target = add(multiply(kP, claim.p), multiply(kQ, claim.q));
  const known = (k: Element, x: Element): void => {
    target = subtract(target, multiply(k, x));
  };
  let leaves = 0;
  for (const { kind, index, cells, at } of segments) {
    const table = kind === 'table' ? index : plan.lookups[index]!.table;
    const weights: Element[] = new Array<Element>(cells.length).fill(ZERO);
    for (const [s, cell] of cells.entries()) weights[cell] = eq[at + s]!;
    leaves += cells.length;
    known(kQ, multiply(sum(weights), subtract(alpha, scale(tag, BigInt(table + 1)))));
    const scaled = (k: Element): Dense => weights.map((w) => multiply(k, w));
    if (kind === 'lookup') {
      const { key, values } = plan.lookups[index]!;
      known(kP, sum(weights));
      const on = claimsOnForm(key, weights, minusQ);
      claims.push(...on.claims);
      known(fromBase(1n), on.constant);
      for (const [j, wire] of values.entries()) claims.push({ wire, covector: scaled(multiply(minusQ, betas[j]!)) });
    } else {
      const { firstKey, rows, values, multiplicity } = plan.tables[index]!;
      claims.push({ wire: multiplicity, covector: scaled(subtract(ZERO, kP)) });
      const keys = Array.from({ length: rows }, (_, i) => modulo(BigInt(firstKey) + BigInt(i)));
      known(minusQ, dotBase(weights, keys));
      for (const [j, column] of values.entries())
        known(multiply(minusQ, betas[j]!), dotBase(weights, Array.from(column, BigInt)));
    }
  }
  // Leaves of padding are 0/1.
  known(kQ, sum(eq.slice(leaves)));
  return { claims, target };
}
