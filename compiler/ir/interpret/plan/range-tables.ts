// Which range tables to have, and how an interval is proved by them: chosen by modelled cost.
//
// Soundness. u in [0, N) is proved over F_p, by one of four steps; all of them are exact, none accepts another residue:
// - table: u is a row of a table with the rows 0..N-1.
// - twoSided: u and N-1-u are both rows of a table 0..M-1, M > N. The first makes u an integer below M; then N-1-u is an
//   integer of magnitude below M, and a negative one is no row because its residue is at least p - M + N >= M.
// - split, if 2^k divides N: a committed v is proved in [0, N / 2^k) and u - 2^k v in [0, 2^k). So u is congruent to an
//   integer of [0, N), of which there is one per residue, as N <= p. (Limbs: v is split again.)
// - both, for other N: with a C >= N that can be split, u and N-1-u are both proved in [0, C): as in twoSided, exact if
//   p - C + N >= C.
// A scaled top limb alone would not do: 2^(w-u) x in [0, 2^w) has solutions x that are no integers below 2^u.
import { P } from '../../koalabear.ts';

/** How [0, n) is proved; see the head of this file. */
export type RangeProof =
  | { readonly kind: 'table'; readonly rows: number }
  | { readonly kind: 'twoSided'; readonly rows: number }
  | { readonly kind: 'split'; readonly bits: number; readonly high: RangeProof }
  | { readonly kind: 'both'; readonly bound: number; readonly each: RangeProof };

/** The chosen tables by number of rows, and how they prove an interval of n elements (undefined: not at all). */
export interface RangeTables {
  proofOf(n: number): RangeProof | undefined;
}

/** Cost of a lookup; a committed word costs 0.5, a row of a table 1.5 (it is a leaf, has a multiplicity, and is evaluated). */
const WORD = 0.5;
export const ROW = 1.5;

interface Solution {
  readonly cost: number;
  readonly proof: RangeProof | undefined;
}

const IMPOSSIBLE: Solution = { cost: Number.POSITIVE_INFINITY, proof: undefined };

/** Cheapest proofs with the given tables. */
function solver(sizes: ReadonlySet<number>): (n: number) => Solution {
  const known = new Map<number, Solution>();
  const largest = Math.max(...sizes);
  const solve = (n: number): Solution => {
    const have = known.get(n);
    if (have !== undefined) return have;
    let best = IMPOSSIBLE;
    const consider = (cost: number, proof: RangeProof): void => {
      if (cost < best.cost) best = { cost, proof };
    };
    if (sizes.has(n)) consider(1, { kind: 'table', rows: n });
    else if (n < largest) {
      let rows = largest;
      for (const m of sizes) if (m > n && m < rows) rows = m;
      consider(2, { kind: 'twoSided', rows });
    }
    for (const rows of sizes) {
      const bits = exactLog2(rows);
      if (bits === undefined || bits === 0 || n <= rows) continue;
      const parts = Math.ceil(n / rows);
      const bound = parts * rows;
      const high = solve(parts);
      if (high.proof === undefined) continue;
      const split: RangeProof = { kind: 'split', bits, high: high.proof };
      const cost = 1 + WORD + high.cost;
      if (bound === n) consider(cost, split);
      else if (bound <= P && 2 * bound <= P + n) consider(2 * cost, { kind: 'both', bound, each: split });
    }
    known.set(n, best);
    return best;
  };
  return solve;
}

/** k if n = 2^k; by bits, because Math.log2 may differ between machines. */
function exactLog2(n: number): number | undefined {
  return (n & (n - 1)) === 0 ? 31 - Math.clz32(n) : undefined;
}

/** Rows of the tables that a proof looks into. */
function* tablesOf(proof: RangeProof): Generator<number> {
  if (proof.kind === 'table' || proof.kind === 'twoSided') yield proof.rows;
  else if (proof.kind === 'both') yield* tablesOf(proof.each);
  else {
    yield 2 ** proof.bits;
    yield* tablesOf(proof.high);
  }
}

function totalCost(sizes: ReadonlySet<number>, demand: ReadonlyMap<number, number>): number {
  const solve = solver(sizes);
  const used = new Set<number>();
  let cost = 0;
  for (const [n, cells] of demand) {
    const s = solve(n);
    cost += cells * s.cost;
    if (s.proof !== undefined) for (const rows of tablesOf(s.proof)) used.add(rows);
  }
  for (const rows of used) cost += ROW * rows;
  return cost;
}

/** How many of the best single tables a search starts from. */
const STARTS = 3;

/**
 * Chooses tables of at most `maxRows` rows for a demand: cells by number of elements of their interval (2 or more).
 * Greedy from the best powers of two: adds the table that saves most until none saves.
 */
export function chooseRangeTables(demand: ReadonlyMap<number, number>, maxRows: number): RangeTables {
  const powers: number[] = [];
  for (let rows = 2; rows <= maxRows; rows *= 2) powers.push(rows);
  const candidates = [...new Set([...powers, ...[...demand.keys()].filter((n) => n <= maxRows)])].sort((a, b) => a - b);
  let best: { readonly cost: number; readonly sizes: ReadonlySet<number> } | undefined;
  const starts = powers.map((rows) => ({ sizes: new Set([rows]), cost: totalCost(new Set([rows]), demand) }));
  for (const start of starts.sort((a, b) => a.cost - b.cost).slice(0, STARTS)) {
    let sizes: ReadonlySet<number> = start.sizes;
    let { cost } = start;
    for (;;) {
      let better: ReadonlySet<number> | undefined;
      for (const rows of candidates) {
        if (sizes.has(rows)) continue;
        const more = new Set([...sizes, rows]);
        const lower = totalCost(more, demand);
        if (lower < cost) [better, cost] = [more, lower];
      }
      if (better === undefined) break;
      sizes = better;
    }
    if (best === undefined || cost < best.cost) best = { cost, sizes };
  }
  const solve = solver(best?.sizes ?? new Set([2]));
  return { proofOf: (n) => solve(n).proof };
}
