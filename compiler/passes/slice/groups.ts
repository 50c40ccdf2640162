// Indivisible groups of operations: what no cut may separate, in an order in which groups can be computed one by one.

import { Diagnostic } from '../../ir/diagnostics.ts';
import type { Module, Value } from '../../ir/module.ts';
import type { IntType } from '../../ir/types.ts';

/** Widest values that cross a cut (bits): the accumulator budget. */
const ACCUMULATOR_BITS = 29;
/** Values that are wider than activations stay with the requantization that reads them (bits). */
const ACTIVATION_BITS = 16;

/** @throws Diagnostic `not-quantized`. */
export function integerType(v: Value): IntType {
  if (v.type.kind === 'int') return v.type;
  throw new Diagnostic('not-quantized', `value ${v.name} is not quantized: run the quantize pass before slicing`);
}

/** Groups as ascending indices of operations. Every group comes after those that it depends on. */
export function indivisibleGroups(m: Module): readonly (readonly number[])[] {
  const readers = new Map<Value, number[]>();
  for (const [i, o] of m.operations.entries())
    for (const v of new Set(o.operands)) readers.set(v, [...(readers.get(v) ?? []), i]);
  const parent = m.operations.map((_, i) => i);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root]!;
    for (let at = i; at !== root; ) [at, parent[at]] = [parent[at]!, root];
    return root;
  };
  const joined = accumulators(m, readers);
  for (const [i, o] of m.operations.entries())
    for (const v of o.results)
      for (const r of isWide(v, ACCUMULATOR_BITS) ? (readers.get(v) ?? []) : (joined.get(v) ?? []))
        parent[find(r)] = find(i);
  return inOrder(
    m,
    readers,
    m.operations.map((_, i) => find(i)),
  );
}

function isWide(v: Value, bits: number): boolean {
  const { lo, hi } = integerType(v);
  return hi - lo >= 2 ** bits;
}

/**
 * Values wider than activations that a requantization reads, at once or after sums and the like, with the readers on the
 * way there.
 */
function accumulators(
  m: Module,
  readers: ReadonlyMap<Value, readonly number[]>,
): ReadonlyMap<Value, readonly number[]> {
  const found = new Map<Value, readonly number[]>();
  for (const o of m.operations.toReversed())
    for (const v of o.results) {
      if (!isWide(v, ACTIVATION_BITS)) continue;
      const on = (readers.get(v) ?? []).filter((r) => {
        const { op, results } = m.operations[r]!;
        return op === 'requant' || results.some((x) => found.has(x));
      });
      if (on.length > 0) found.set(v, on);
    }
  return found;
}

/** Groups by their representatives: those in a cycle become one, then they are ordered by their first operation. */
function inOrder(
  m: Module,
  readers: ReadonlyMap<Value, readonly number[]>,
  groupOf: readonly number[],
): readonly (readonly number[])[] {
  const after = new Map<number, Set<number>>();
  for (const g of groupOf) after.set(g, new Set());
  for (const [i, o] of m.operations.entries())
    for (const v of o.results)
      for (const r of readers.get(v) ?? []) if (groupOf[r] !== groupOf[i]) after.get(groupOf[i]!)!.add(groupOf[r]!);
  const component = components(after);
  const members = new Map<number, number[]>();
  for (const [i, g] of groupOf.entries()) {
    const c = component.get(g)!;
    members.set(c, [...(members.get(c) ?? []), i]);
  }
  const next = new Map([...members.keys()].map((c) => [c, new Set<number>()]));
  for (const [g, c] of component) for (const x of after.get(g)!) next.get(c)!.add(component.get(x)!);
  for (const [c, set] of next) set.delete(c);
  return topological(members, next);
}

/** Strongly connected components (Tarjan 1972, without recursion): a number for each vertex. */
function components(after: ReadonlyMap<number, ReadonlySet<number>>): ReadonlyMap<number, number> {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const component = new Map<number, number>();
  const stack: number[] = [];
  for (const root of after.keys()) {
    if (index.has(root)) continue;
    const open = [{ v: root, next: [...after.get(root)!] }];
    index.set(root, index.size);
    low.set(root, index.get(root)!);
    stack.push(root);
    while (open.length > 0) {
      const { v, next } = open.at(-1)!;
      const w = next.pop();
      if (w === undefined) {
        open.pop();
        const above = open.at(-1);
        if (above !== undefined) low.set(above.v, Math.min(low.get(above.v)!, low.get(v)!));
        if (low.get(v) !== index.get(v)) continue;
        for (let x = stack.pop()!; ; x = stack.pop()!) {
          component.set(x, v);
          if (x === v) break;
        }
      } else if (!index.has(w)) {
        index.set(w, index.size);
        low.set(w, index.get(w)!);
        stack.push(w);
        open.push({ v: w, next: [...after.get(w)!] });
      } else if (!component.has(w)) low.set(v, Math.min(low.get(v)!, index.get(w)!));
    }
  }
  return component;
}

/** Groups so that each comes after those it depends on; of those that may be next, the one with the first operation. */
function topological(
  members: ReadonlyMap<number, readonly number[]>,
  next: ReadonlyMap<number, ReadonlySet<number>>,
): readonly (readonly number[])[] {
  const missing = new Map([...members.keys()].map((g) => [g, 0]));
  for (const set of next.values()) for (const g of set) missing.set(g, missing.get(g)! + 1);
  const ready = [...members.keys()].filter((g) => missing.get(g) === 0);
  const order: (readonly number[])[] = [];
  while (ready.length > 0) {
    let best = 0;
    for (let i = 1; i < ready.length; i++) if (members.get(ready[i]!)![0]! < members.get(ready[best]!)![0]!) best = i;
    const [g] = ready.splice(best, 1);
    order.push(members.get(g!)!);
    for (const x of next.get(g!)!) {
      missing.set(x, missing.get(x)! - 1);
      if (missing.get(x) === 0) ready.push(x);
    }
  }
  return order;
}
