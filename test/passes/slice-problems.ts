// Random slicing problems, and the best chains of small ones by trying all: an oracle that shares nothing with the search.
import fc from 'fast-check';
import type { ProblemTensor, SliceProblem } from '../../compiler/passes/slice/problem.ts';

const INFINITY = Number.POSITIVE_INFINITY;
const cost = (max: number): fc.Arbitrary<readonly [number, number]> =>
  fc.tuple(fc.integer({ min: 0, max }), fc.integer({ min: 0, max }));

/** Problems of up to `most` groups with two dimensions, whole numbers, residual edges, outputs in the middle. */
export function anyProblem(most: number): fc.Arbitrary<SliceProblem> {
  return fc.integer({ min: 1, max: most }).chain((n) => {
    const tensor = fc
      .tuple(
        fc.integer({ min: -1, max: n - 1 }),
        fc.array(fc.nat({ max: n - 1 }), { maxLength: 3 }),
        fc.boolean(),
        cost(6),
        cost(6),
      )
      .map(([producer, readers, output, read, write]): ProblemTensor => {
        const consumers = [...new Set(readers)].filter((g) => g > producer);
        return { producer, consumers, output: output && consumers.length % 2 === 0, read, write };
      });
    return fc.record({
      groups: fc.array(cost(12), { minLength: n, maxLength: n }),
      tensors: fc.array(tensor, { maxLength: n + 2 }),
      fixed: cost(4),
      limits: fc.tuple(fc.constant(INFINITY), fc.oneof(fc.constant(INFINITY), fc.integer({ min: 8, max: 60 }))),
    });
  });
}

/** Machines: the first that is large enough, at its price. */
export function onMachines(p: SliceProblem): SliceProblem {
  return {
    ...p,
    price: ([work = 0, memory = 0]) => (memory <= 20 ? 1 + work : memory <= 40 ? 2 + 3 * work : INFINITY),
  };
}

/** Sum of one slice, by definition. */
export function naiveSum(p: SliceProblem, slice: number): readonly number[] {
  const has = (g: number): boolean => g >= 0 && ((slice >> g) & 1) === 1;
  return p.fixed.map((f, d) => {
    let sum = f;
    p.groups.forEach((c, g) => {
      if (has(g)) sum += c[d]!;
    });
    for (const t of p.tensors) {
      const readInside = t.consumers.some(has);
      const readOutside = t.consumers.some((g) => !has(g));
      if (!has(t.producer) && readInside) sum += t.read[d]!;
      if (has(t.producer) && (t.output || readOutside)) sum += t.write[d]!;
    }
    return sum;
  });
}

/** Dimension 0 of a slice, Infinity beyond a limit. */
export function naiveLoad(p: SliceProblem, slice: number): number {
  const sum = naiveSum(p, slice);
  if (sum.some((x, d) => x > p.limits[d]!)) return INFINITY;
  return p.price === undefined ? sum[0]! : p.price(sum);
}

/** Down-sets as bit masks, by checking every subset. */
export function naiveDownSets(p: SliceProblem): readonly number[] {
  const sets: number[] = [];
  for (let s = 0; s < 1 << p.groups.length; s++) {
    const closed = p.tensors.every(
      (t) => t.producer < 0 || (s >> t.producer) & 1 || t.consumers.every((g) => !((s >> g) & 1)),
    );
    if (closed) sets.push(s);
  }
  return sets;
}

/** Every chain of down-sets from nothing to everything whose slices are all within the limits, as lists of loads. */
export function allChains(p: SliceProblem): readonly (readonly number[])[] {
  const sets = naiveDownSets(p);
  const full = (1 << p.groups.length) - 1;
  const chains: number[][] = [];
  const walk = (at: number, loads: readonly number[]): void => {
    if (at === full) {
      chains.push([...loads]);
      return;
    }
    for (const next of sets) {
      if (next === at || (next & at) !== at) continue;
      const load = naiveLoad(p, next & ~at);
      if (load < INFINITY) walk(next, [...loads, load]);
    }
  };
  walk(0, []);
  return chains;
}
