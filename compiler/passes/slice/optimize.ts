// From an objective to the best chain found, and whether it is known to be the best there is.
import type { SliceObjective } from '../../ir/slicing.ts';
import { type DownSets, enumerateDownSets, prefixDownSets } from './down-sets.ts';
import { placeLongestFirst, type Schedule } from './makespan.ts';
import { atMost, type CostVector, fits, loadOf, predecessors, type SliceProblem, sliceSum } from './problem.ts';
import { bestChain, type Chain, SEARCH_BUDGET, type SearchOptions } from './search.ts';

/** Largest number of down-sets over which the search is exact. */
export const MOST_DOWN_SETS = 1e6;

/** A chain and what is known about it. */
export interface Optimized {
  readonly slices: readonly (readonly number[])[];
  readonly exact: boolean;
  /** Why it is not exact, in words. */
  readonly because: string;
  /** Down-sets counted; one more than the limit if there are more. */
  readonly downSets: number;
  readonly schedule?: Schedule & { readonly lowerBound: number };
}

/** What is looked for, and how long. */
export interface OptimizeOptions {
  readonly objective: SliceObjective;
  readonly slices?: number | undefined;
  /** Chains that a makespan is compared with; those beyond the limits are left out. */
  readonly candidates?: readonly (readonly (readonly number[])[])[];
  readonly mostDownSets?: number;
  readonly budget?: number;
}

/** Chains of the frontier that are tried for the shortest makespan, on a lattice of little size. */
const MOST_CHAINS = 200;
/** Steps of lattices that all these chains together may walk through. */
const MOST_STEPS = 2e6;

/** Down-sets by the tensors that make them: requests about one model differ in limits and objectives only. */
const countedDownSets = new WeakMap<SliceProblem['tensors'], Map<number, DownSets | undefined>>();

/** All down-sets, counted once for each model; undefined if there are more. */
function downSetsOf(p: SliceProblem, most: number): DownSets | undefined {
  const counted = countedDownSets.get(p.tensors) ?? new Map<number, DownSets | undefined>();
  countedDownSets.set(p.tensors, counted);
  if (!counted.has(most)) counted.set(most, enumerateDownSets(predecessors(p), most));
  return counted.get(most);
}

/** @returns undefined if no chain is within the limits. */
export function optimize(p: SliceProblem, options: OptimizeOptions): Optimized | undefined {
  const { objective, slices, candidates = [], mostDownSets = MOST_DOWN_SETS, budget = SEARCH_BUDGET } = options;
  const prefixes = prefixDownSets(p.groups.length);
  const sets = downSetsOf(p, mostDownSets);
  const search = createSearch(prefixes, sets, budget, candidates);
  if (sets === undefined) search.giveUp(`the graph has more than ${mostDownSets} down-sets`);
  const found = search.run(p, objective, slices);
  if (found === undefined) return undefined;
  const because = search.because();
  return { ...found, exact: because === '', because, downSets: sets?.count ?? mostDownSets + 1 };
}

type Found = Pick<Optimized, 'slices' | 'schedule'>;

interface Search {
  giveUp(why: string): void;
  because(): string;
  run(p: SliceProblem, objective: SliceObjective, slices: number | undefined): Found | undefined;
}

function createSearch(
  prefixes: DownSets,
  sets: DownSets | undefined,
  budget: number,
  candidates: NonNullable<OptimizeOptions['candidates']>,
): Search {
  let why = '';
  const supply = { left: budget };
  /** Over intervals first: what that finds bounds the search over all down-sets. */
  const solve = (p: SliceProblem, o: SearchOptions): Chain | undefined => {
    const first = bestChain(p, prefixes, { ...o, budget: { left: Number.POSITIVE_INFINITY } });
    const simple = first === 'gave-up' ? undefined : first;
    if (sets === undefined || why !== '') return simple;
    const best = bestChain(p, sets, { ...o, budget: supply, known: simple?.value });
    if (best !== 'gave-up') return best ?? simple;
    why = `the search over ${sets.count} down-sets took more than ${budget} steps`;
    return simple;
  };
  const largest = (p: SliceProblem, slices: number | undefined): Chain | undefined => {
    const best = solve(p, { combine: 'max', slices });
    return best && (solve(p, { combine: 'sum', slices, threshold: best.value }) ?? best);
  };
  const run: Search['run'] = (p, objective, slices) => {
    switch (objective.kind) {
      case 'total':
        return solve(p, { combine: 'sum', slices });
      case 'largest':
        return largest(p, slices);
      case 'count': {
        const fewest = solve(countingSlices(p), { combine: 'sum', slices });
        return fewest && (solve(p, { combine: 'sum', slices: fewest.slices.length }) ?? fewest);
      }
      case 'makespan':
        return shortest(p, objective.provers, slices);
    }
  };
  /**
   * Two families of chains, jobs placed longest first: smallest total for ever smaller largest slices (a better makespan
   * needs a largest slice below the best one so far; none is possible once total / provers reaches it), and the smallest
   * largest slice for numbers of slices from `provers` on, which are alike in size.
   */
  const shortest = (p: SliceProblem, provers: number, slices: number | undefined): Found | undefined => {
    const cheapest = solve(p, { combine: 'sum', slices });
    if (cheapest === undefined) return undefined;
    const low = largest(p, slices) ?? cheapest;
    const known = why === '' ? { total: cheapest.value, largest: largestLoad(p, low) } : undefined;
    const simple = boundOf(p, provers, known);
    const refined =
      known === undefined || slices !== undefined
        ? 0
        : boundByCount(p, provers, known.largest, { prefixes, sets, budget });
    const lowerBound = Math.max(simple, refined);
    let best = schedule(p, cheapest, provers);
    const consider = (chain: Pick<Chain, 'slices'>): void => {
      const found = schedule(p, chain, provers);
      if (found.schedule.makespan < best.schedule.makespan) best = found;
    };
    consider(low);
    for (const chain of candidates)
      if ((slices === undefined || chain.length === slices) && chain.every((s) => fits(p, sliceSum(p, new Set(s)))))
        consider({ slices: chain });
    const steps = (sets ?? prefixes).added.length;
    const most = Math.max(8, Math.min(MOST_CHAINS, Math.floor(MOST_STEPS / steps)));
    let threshold = Number.POSITIVE_INFINITY;
    for (let tried = 1, chain: Chain | undefined = cheapest; chain !== undefined && tried < most; tried++) {
      const goal = best.schedule.makespan;
      if (chain.value / provers >= goal || atMost(goal, lowerBound)) break;
      const below = Math.min(goal, threshold, largestLoad(p, chain)) * (1 - 1e-9);
      // Far into a large frontier: chains further apart.
      threshold = tried < most / 2 ? below : below * 0.97;
      chain = solve(p, { combine: 'sum', slices, threshold });
      if (chain !== undefined) consider(chain);
    }
    if (slices === undefined)
      for (const n of candidateCounts(provers, p.groups.length)) {
        if (atMost(best.schedule.makespan, lowerBound) || n * steps > MOST_STEPS / 10) break;
        const chain = largest(p, n);
        if (chain !== undefined) consider(chain);
      }
    const { makespan } = best.schedule;
    const raised =
      slices !== undefined || why !== ''
        ? lowerBound
        : boundByThreshold(p, provers, [lowerBound, makespan], { sets, budget });
    // Sums in another order differ in their last bits.
    const bound = atMost(raised, makespan) ? Math.min(raised, makespan) : raised;
    return { slices: best.slices, schedule: { ...best.schedule, lowerBound: bound } };
  };
  return {
    giveUp: (because) => {
      why = because;
    },
    because: () => why,
    run,
  };
}

/** Numbers of slices that are looked at one by one for a lower bound of the makespan. */
const COUNTED_SLICES = 4;

/**
 * A lower bound of the makespan that knows what cutting costs: n slices on at least as many machines take as long as the
 * largest of them; more slices than are counted here cost together at least what one more costs, since joining two slices
 * never costs more where there are no limits.
 * @returns 0 where the search would take too long, or where prices say nothing about parts
 */
function boundByCount(
  p: SliceProblem,
  provers: number,
  largest: number,
  {
    prefixes,
    sets,
    budget,
  }: { readonly prefixes: DownSets; readonly sets: DownSets | undefined; readonly budget: number },
): number {
  if (p.price !== undefined || sets === undefined) return 0;
  const supply = { left: budget / 10 };
  const best = (q: SliceProblem, combine: 'sum' | 'max', slices: number): number | 'gave-up' => {
    const simple = bestChain(q, prefixes, { combine, slices, budget: { left: Number.POSITIVE_INFINITY } });
    const known = simple === 'gave-up' ? undefined : simple?.value;
    const found = bestChain(q, sets, { combine, slices, budget: supply, known });
    return found === 'gave-up' ? found : (found?.value ?? known ?? Number.POSITIVE_INFINITY);
  };
  const few = Math.min(provers, COUNTED_SLICES);
  const free = { ...p, limits: p.limits.map(() => Number.POSITIVE_INFINITY) };
  const more = best(free, 'sum', few + 1);
  if (more === 'gave-up') return 0;
  let least = Math.max(more / provers, largest);
  for (let n = 1; n <= few; n++) {
    const slices = best(p, 'max', n);
    if (slices === 'gave-up') return 0;
    least = Math.min(least, slices);
  }
  return least;
}

/** A bound is raised until this fraction of it is open. */
const BOUND_PRECISION = 0.005;

/**
 * A lower bound of the makespan between two: in a time m slices cost at most m each and `provers` * m together, so that no
 * chain is done in m if even the cheapest of slices up to m costs more.
 */
function boundByThreshold(
  p: SliceProblem,
  provers: number,
  [bound, makespan]: readonly [number, number],
  { sets, budget }: { readonly sets: DownSets | undefined; readonly budget: number },
): number {
  if (sets === undefined) return bound;
  const supply = { left: budget / 10 };
  let [low, high] = [bound, makespan];
  while (high - low > BOUND_PRECISION * low) {
    const m = (low + high) / 2;
    const most = provers * m * (1 + 1e-9);
    const cheapest = bestChain(p, sets, { combine: 'sum', threshold: m, known: most, budget: supply });
    if (cheapest === 'gave-up') break;
    if (cheapest === undefined || cheapest.value > most) low = m;
    else high = m;
  }
  return low;
}

/** The same limits, but every slice costs 1. */
function countingSlices(p: SliceProblem): SliceProblem {
  const { price } = p;
  if (price !== undefined)
    return { ...p, price: (sum) => (price(sum) === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : 1) };
  const free = (c: CostVector): CostVector => [c[0] === Number.POSITIVE_INFINITY ? c[0] : 0, ...c.slice(1)];
  return {
    ...p,
    groups: p.groups.map(free),
    tensors: p.tensors.map((t) => ({ ...t, read: free(t.read), write: free(t.write) })),
    fixed: [1, ...p.fixed.slice(1)],
  };
}

interface Scheduled {
  readonly slices: Chain['slices'];
  readonly schedule: Schedule;
}

const loadsOf = (p: SliceProblem, { slices }: Pick<Chain, 'slices'>): readonly number[] =>
  slices.map((s) => loadOf(p, sliceSum(p, new Set(s))));

const largestLoad = (p: SliceProblem, chain: Chain): number => Math.max(...loadsOf(p, chain));

function schedule(p: SliceProblem, chain: Pick<Chain, 'slices'>, provers: number): Scheduled {
  return { slices: chain.slices, schedule: placeLongestFirst(loadsOf(p, chain), provers) };
}

/** Numbers of slices that can be spread evenly: some at `provers`, some at its multiples. */
function candidateCounts(provers: number, groups: number): readonly number[] {
  const near = Array.from({ length: 6 }, (_, i) => provers + i);
  const counts = [...near, 2 * provers, 2 * provers + 1, 3 * provers, 4 * provers].filter((n) => n >= 2 && n <= groups);
  return [...new Set(counts)].sort((a, b) => a - b);
}

/**
 * A makespan that no slicing is below: max(smallest total / provers, smallest largest slice) where both are known; otherwise
 * with the groups in place of slices.
 */
function boundOf(
  p: SliceProblem,
  provers: number,
  known: { readonly total: number; readonly largest: number } | undefined,
): number {
  if (known !== undefined) return Math.max(known.total / provers, known.largest);
  const bounds = groupBounds(p);
  // Prices of parts need not add up to the price of the whole.
  const total = p.price === undefined ? bounds.reduce((n, c) => n + c[0]!, p.fixed[0]!) : 0;
  return Math.max(
    total / provers,
    ...bounds.map((c) =>
      loadOf(
        p,
        c.map((x, d) => x + p.fixed[d]!),
      ),
    ),
  );
}

/** Each group with the outputs of the model that it writes: part of the slice that holds it wherever the cuts are. */
export function groupBounds(p: SliceProblem): readonly CostVector[] {
  const bounds = p.groups.map((c) => [...c]);
  for (const { producer, output, write } of p.tensors)
    if (output && producer >= 0) for (const [d, x] of write.entries()) bounds[producer]![d]! += x;
  return bounds;
}
