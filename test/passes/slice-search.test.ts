// The search for slices against brute force over every chain of down-sets, on thousands of random graphs.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { enumerateDownSets, holds, prefixDownSets } from '../../compiler/passes/slice/down-sets.ts';
import { placeLongestFirst } from '../../compiler/passes/slice/makespan.ts';
import { type Optimized, optimize } from '../../compiler/passes/slice/optimize.ts';
import { loadOf, predecessors, type SliceProblem, sliceSum } from '../../compiler/passes/slice/problem.ts';
import { bestChain } from '../../compiler/passes/slice/search.ts';
import { allChains, anyProblem, naiveDownSets, naiveLoad, onMachines } from './slice-problems.ts';

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const largest = (xs: readonly number[]): number => Math.max(...xs);
const least = (chains: readonly (readonly number[])[], value: (c: readonly number[]) => number): number =>
  chains.reduce((best, c) => Math.min(best, value(c)), Number.POSITIVE_INFINITY);

/** Loads of a chain that was found, after checking that it is one: down-sets, every group once, within the limits. */
function loadsOf(p: SliceProblem, { slices }: Pick<Optimized, 'slices'>): readonly number[] {
  expect(slices.flat().toSorted((a, b) => a - b)).toEqual([...p.groups.keys()]);
  const done = new Set<number>();
  const before = predecessors(p);
  return slices.map((groups) => {
    expect(groups.length).toBeGreaterThan(0);
    for (const g of groups) done.add(g);
    for (const g of groups) for (const x of before[g]!) expect(done.has(x)).toBe(true);
    const load = loadOf(p, sliceSum(p, new Set(groups)));
    expect(load).toBe(
      naiveLoad(
        p,
        groups.reduce((m, g) => m | (1 << g), 0),
      ),
    );
    return load;
  });
}

const problem = fc.oneof(anyProblem(6), anyProblem(6).map(onMachines));
const runs = (numRuns: number) => ({
  numRuns,
  ...(process.env.ZKMLC_SEED && { seed: Number(process.env.ZKMLC_SEED) }),
});

describe('over all down-sets', () => {
  test('down-sets are those that brute force finds, smaller ones first', () => {
    fc.assert(
      fc.property(anyProblem(9), (p) => {
        const sets = enumerateDownSets(predecessors(p), 1000)!;
        const masks = Array.from({ length: sets.count }, (_, s) =>
          p.groups.reduce((m, _c, g) => (holds(sets, s, g) ? m | (1 << g) : m), 0),
        );
        expect(masks.toSorted((a, b) => a - b)).toEqual(naiveDownSets(p));
        expect(masks[0]).toBe(0);
        expect(masks.at(-1)).toBe((1 << p.groups.length) - 1);
        expect(enumerateDownSets(predecessors(p), sets.count)?.count).toBe(sets.count);
        expect(enumerateDownSets(predecessors(p), sets.count - 1)).toBeUndefined();
      }),
      runs(500),
    );
  });

  test('total cost, largest slice and number of slices are the smallest there are', () => {
    fc.assert(
      fc.property(problem, (p) => {
        const chains = allChains(p);
        const total = optimize(p, { objective: { kind: 'total' } });
        if (chains.length === 0) {
          expect(total).toBeUndefined();
          for (const kind of ['largest', 'count'] as const)
            expect(optimize(p, { objective: { kind } })).toBeUndefined();
          return;
        }
        expect(total).toMatchObject({ exact: true, because: '' });
        expect(sum(loadsOf(p, total!))).toBe(least(chains, sum));

        const lowest = least(chains, largest);
        const low = loadsOf(p, optimize(p, { objective: { kind: 'largest' } })!);
        expect(largest(low)).toBe(lowest);
        expect(sum(low)).toBe(
          least(
            chains.filter((c) => largest(c) === lowest),
            sum,
          ),
        );

        const fewest = least(chains, (c) => c.length);
        const few = loadsOf(p, optimize(p, { objective: { kind: 'count' } })!);
        expect(few.length).toBe(fewest);
        expect(sum(few)).toBe(
          least(
            chains.filter((c) => c.length === fewest),
            sum,
          ),
        );
      }),
      runs(1000),
    );
  });

  test('a given number of slices', () => {
    fc.assert(
      fc.property(problem, fc.integer({ min: 1, max: 5 }), (p, slices) => {
        const chains = allChains(p).filter((c) => c.length === slices);
        const low = optimize(p, { objective: { kind: 'largest' }, slices });
        const total = optimize(p, { objective: { kind: 'total' }, slices });
        expect(low === undefined).toBe(chains.length === 0);
        expect(total === undefined).toBe(chains.length === 0);
        if (low === undefined || total === undefined) return;
        const lowest = least(chains, largest);
        expect(largest(loadsOf(p, low))).toBe(lowest);
        expect(sum(loadsOf(p, low))).toBe(
          least(
            chains.filter((c) => largest(c) === lowest),
            sum,
          ),
        );
        expect(sum(loadsOf(p, total))).toBe(least(chains, sum));
        expect([low.slices.length, total.slices.length]).toEqual([slices, slices]);
      }),
      runs(1000),
    );
  });

  test('makespans are what the schedule says, never below the bound, never worse than the cheapest slicing', () => {
    fc.assert(
      fc.property(problem, fc.integer({ min: 1, max: 4 }), (p, provers) => {
        const found = optimize(p, { objective: { kind: 'makespan', provers } });
        const chains = allChains(p);
        expect(found === undefined).toBe(chains.length === 0);
        if (found === undefined) return;
        const loads = loadsOf(p, found);
        const { makespan, placement, lowerBound } = found.schedule!;
        const busy = Array.from({ length: provers }, (_, m) => sum(loads.filter((_l, i) => placement[i] === m)));
        expect(largest(busy)).toBe(makespan);
        expect(sum(busy)).toBe(sum(loads));
        expect(makespan).toBeGreaterThanOrEqual(lowerBound);
        expect(least(chains, (c) => Math.max(sum(c) / provers, largest(c)))).toBeGreaterThanOrEqual(lowerBound);
        const cheapest = loadsOf(p, optimize(p, { objective: { kind: 'total' } })!);
        expect(makespan).toBeLessThanOrEqual(placeLongestFirst(cheapest, provers).makespan);
      }),
      runs(500),
    );
  });
});

describe('over the intervals of one order', () => {
  test('the best of all compositions of the order', () => {
    fc.assert(
      fc.property(anyProblem(7), (p) => {
        const n = p.groups.length;
        let [total, low] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
        for (let cuts = 0; cuts < 1 << (n - 1); cuts++) {
          const slices: number[] = [0];
          for (let g = 0; g < n; g++) {
            slices[slices.length - 1]! |= 1 << g;
            if (g < n - 1 && (cuts >> g) & 1) slices.push(0);
          }
          const loads = slices.map((s) => naiveLoad(p, s));
          total = Math.min(total, sum(loads));
          low = Math.min(low, largest(loads));
        }
        const value = (combine: 'sum' | 'max'): number => {
          const chain = bestChain(p, prefixDownSets(n), { combine });
          return typeof chain === 'object' ? chain.value : Number.POSITIVE_INFINITY;
        };
        expect([value('sum'), value('max')]).toEqual([total, low]);
      }),
      runs(1000),
    );
  });

  test('are used, and said to be, where there are too many down-sets or the search takes too long', () => {
    const wide: SliceProblem = {
      groups: Array.from({ length: 12 }, (_, g) => [1 + (g % 3), 1]),
      tensors: [],
      fixed: [1, 0],
      limits: [Number.POSITIVE_INFINITY, 3],
    };
    const objective = { kind: 'largest' } as const;
    const many = optimize(wide, { objective, mostDownSets: 4095 })!;
    expect(many).toMatchObject({ exact: false, downSets: 4096 });
    expect(many.because).toContain('more than 4095 down-sets');
    expect(optimize(wide, { objective, mostDownSets: 4096 })).toMatchObject({ exact: true, downSets: 4096 });
    const short = optimize(wide, { objective, budget: 10 })!;
    expect(short).toMatchObject({ exact: false, downSets: 4096 });
    expect(short.because).toContain('more than 10 steps');
    for (const o of [many, short]) loadsOf(wide, o);
  });
});

test('a graph of a thousand down-sets is searched exactly', () => {
  // Three chains of nine groups between a first and a last group: 10^3 + 2 down-sets.
  const chains = 3;
  const length = 9;
  const at = (c: number, i: number): number => 1 + c * length + i;
  const last = 1 + chains * length;
  const tensors = Array.from({ length: chains }, (_, c) =>
    Array.from({ length: length + 1 }, (_, i) => ({
      producer: i === 0 ? 0 : at(c, i - 1),
      consumers: [i === length ? last : at(c, i)],
      output: false,
      read: [1 + ((c + i) % 3), 0],
      write: [1, 0],
    })),
  ).flat();
  const p: SliceProblem = {
    groups: Array.from({ length: last + 1 }, (_, g) => [5 + ((g * 7) % 11), 1]),
    tensors,
    fixed: [2, 0],
    limits: [Number.POSITIVE_INFINITY, 12],
  };
  const found = optimize(p, { objective: { kind: 'total' } })!;
  expect(found).toMatchObject({ exact: true, downSets: 1e3 + 2 });
  expect(sum(loadsOfLarge(p, found))).toBeLessThanOrEqual(
    sum(loadsOfLarge(p, optimize(p, { objective: { kind: 'total' }, mostDownSets: 10 })!)),
  );
});

function loadsOfLarge(p: SliceProblem, { slices }: Optimized): readonly number[] {
  return slices.map((s) => loadOf(p, sliceSum(p, new Set(s))));
}
