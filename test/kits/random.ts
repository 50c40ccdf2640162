// Reproducible random choices for conformance kits: the seed is printed with every failure.
import { type Interval, max, min } from '../../compiler/ir/interval.ts';
import { type Shape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';

/** A seeded source of random numbers. */
export interface Random {
  /** A whole number in [0, n - 1]. */
  below(n: number): number;
  /** One of the elements. */
  pick<T>(xs: readonly T[]): T;
  /** An integer of the interval, often a special one: an end, near zero, near a power of two. */
  integer(r: Interval): bigint;
}

/** Mulberry32 (T. Ettinger, 2017): 32 bits of state, enough to vary tests. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const random: Random = {
    below: (n) => Math.floor((next() / 2 ** 32) * n),
    pick: (xs) => xs[random.below(xs.length)]!,
    integer(r) {
      const width = r.hi - r.lo + 1n;
      const uniform = r.lo + (((BigInt(next()) << 32n) | BigInt(next())) % width);
      const power = (1n << BigInt(random.below(40))) * (next() % 2 === 0 ? 1n : -1n);
      const near = BigInt(random.below(11) - 5);
      const special = random.pick([
        uniform,
        uniform,
        uniform,
        r.lo,
        r.hi,
        near,
        power,
        power + near,
        r.lo + 1n,
        r.hi - 1n,
      ]);
      return min(max(special, r.lo), r.hi);
    },
  };
  return random;
}

/** Integers of the interval: `0`: all at the low end, `1`: all at the high end, `2`: nearest to zero, `3`: ends in turn, else random. */
export function integerTensor(shape: Shape, r: Interval, variant: number, random: Random): Tensor {
  const zero = min(max(0n, r.lo), r.hi);
  const fixed = [
    (): bigint => r.lo,
    (): bigint => r.hi,
    (): bigint => zero,
    (e: number) => (e % 2 === 0 ? r.lo : r.hi),
  ];
  const cell = fixed[variant] ?? ((): bigint => random.integer(r));
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, e) => Number(cell(e))) };
}
