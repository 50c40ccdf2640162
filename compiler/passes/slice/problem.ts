// Slicing without tensors: indivisible groups with costs, and what it costs when a tensor between them crosses a cut.

/** A cost by dimension; dimension 0 is what the objective looks at. All figures are non-negative. */
export type CostVector = readonly number[];

/** A tensor that groups share, or that enters or leaves the model. */
export interface ProblemTensor {
  /** Group that computes it; -1 if it enters from outside. */
  readonly producer: number;
  /** Groups that read it, the producer left out, each once. */
  readonly consumers: readonly number[];
  /** Whether it leaves the model: its producer's slice writes it wherever the cuts are. */
  readonly output: boolean;
  /** For a slice that reads it from outside, and for the one that writes it. */
  readonly read: CostVector;
  readonly write: CostVector;
}

/**
 * Groups 0 to n-1 in an order in which each comes after those that it depends on. The cost of a slice is `fixed` + its
 * groups + the tensors that it reads from outside + those it computes that are outputs or are read outside.
 */
export interface SliceProblem {
  readonly groups: readonly CostVector[];
  readonly tensors: readonly ProblemTensor[];
  readonly fixed: CostVector;
  /** By dimension; Infinity where there is none. */
  readonly limits: CostVector;
  /** Dimension 0 of a whole slice from the sum of its parts; monotone in every dimension. */
  readonly price?: ((sum: CostVector) => number) | undefined;
}

/** Relative slack of comparisons: sums in another order differ in their last bits. */
export const SLACK = 1e-12;

/** a <= b up to rounding. */
export function atMost(a: number, b: number): boolean {
  return a <= b || a - b <= SLACK * Math.abs(b);
}

/** Dimension 0 of a whole slice. */
export function loadOf(p: Pick<SliceProblem, 'price'>, sum: CostVector): number {
  return p.price === undefined ? sum[0]! : p.price(sum);
}

/** True if a slice with this sum is within all limits. */
export function fits(p: SliceProblem, sum: CostVector): boolean {
  return sum.every((x, d) => x < Number.POSITIVE_INFINITY && (d === 0 || atMost(x, p.limits[d]!))) && fitsLoad(p, sum);
}

function fitsLoad(p: SliceProblem, sum: CostVector): boolean {
  const load = loadOf(p, sum);
  return load < Number.POSITIVE_INFINITY && atMost(load, p.limits[0]!);
}

/** Adds up the parts of a slice, given as a set of groups. */
export function sliceSum(p: SliceProblem, slice: ReadonlySet<number>): CostVector {
  const sum = [...p.fixed];
  const add = (c: CostVector): void => {
    for (const [d, x] of c.entries()) sum[d]! += x;
  };
  for (const g of slice) add(p.groups[g]!);
  for (const { producer, consumers, output, read, write } of p.tensors) {
    if (!slice.has(producer)) {
      if (consumers.some((g) => slice.has(g))) add(read);
    } else if (output || consumers.some((g) => !slice.has(g))) add(write);
  }
  return sum;
}

/** Groups that each group reads from. */
export function predecessors(p: SliceProblem): readonly (readonly number[])[] {
  const before = p.groups.map(() => new Set<number>());
  for (const { producer, consumers } of p.tensors)
    if (producer >= 0) for (const g of consumers) before[g]!.add(producer);
  return before.map((set) => [...set]);
}
