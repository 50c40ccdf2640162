// Lookups split into trees: each tree proves its own lookups into its own copies of tables, so that memory is that of one.
import type { PlanLookup } from './types.ts';

/** Leaves of a tree: lookups and rows of tables; a single lookup of more cells has a tree of its own. */
const MOST_LEAVES = 2 ** 20;
/** From here on a second, smaller tree costs less than padding. */
const WORTH_SPLITTING = 2 ** 16;

export interface Trees {
  /** Tables in use: index among all tables, and tree. */
  readonly tables: readonly { readonly table: number; readonly tree: number }[];
  /** For each lookup its index in `tables`. */
  readonly tableOf: readonly number[];
}

/** Leaves that a tree for so many should have: a power of two not much above them. */
function capacityFor(leaves: number): number {
  if (leaves >= MOST_LEAVES) return MOST_LEAVES;
  let whole = 1;
  while (whole < leaves) whole *= 2;
  return leaves > WORTH_SPLITTING && leaves <= 0.75 * whole ? whole / 2 : whole;
}

/** First fit, the largest lookups first; a tree may exceed its capacity by nothing but its first lookup. */
export function splitIntoTrees(lookups: readonly PlanLookup[], tables: readonly { readonly rows: number }[]): Trees {
  const pending = [...lookups.keys()].sort((a, b) => lookups[b]!.size - lookups[a]!.size);
  const placed: { readonly table: number; readonly tree: number }[] = [];
  const tableOf = new Array<number>(lookups.length).fill(-1);
  for (let tree = 0, rest = pending; rest.length > 0; tree++) {
    const left: number[] = [];
    const present = new Map<number, number>();
    let leaves = 0;
    const capacity = capacityFor(totalLeaves(rest, lookups, tables));
    for (const i of rest) {
      const { table, size } = lookups[i]!;
      const more = size + (present.has(table) ? 0 : tables[table]!.rows);
      if (leaves > 0 && leaves + more > capacity) {
        left.push(i);
        continue;
      }
      leaves += more;
      const at = present.get(table) ?? placed.push({ table, tree }) - 1;
      present.set(table, at);
      tableOf[i] = at;
    }
    rest = left;
  }
  return { tables: placed, tableOf };
}

function totalLeaves(
  which: readonly number[],
  lookups: readonly PlanLookup[],
  tables: readonly { readonly rows: number }[],
): number {
  const used = new Set(which.map((i) => lookups[i]!.table));
  return which.reduce((n, i) => n + lookups[i]!.size, 0) + [...used].reduce((n, t) => n + tables[t]!.rows, 0);
}
