// Inputs with noise: each element moves by up to a fraction of the input's largest magnitude, the same on every machine.
import type { Tensor } from '../../compiler/ir/tensor.ts';

/** Uniform noise in [-fraction, fraction] times the largest magnitude; stays within the input's own extremes. */
export function perturbed(inputs: ReadonlyMap<string, Tensor>, fraction: number, seed: number): Map<string, Tensor> {
  let state = (seed * 2654435761 + 1) >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return new Map(
    [...inputs].map(([name, t]) => {
      let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const x of t.data) [lo, hi] = [Math.min(lo, x), Math.max(hi, x)];
      const amplitude = fraction * Math.max(Math.abs(lo), Math.abs(hi));
      return [
        name,
        {
          shape: t.shape,
          data: Float64Array.from(t.data, (x) => Math.min(hi, Math.max(lo, x + amplitude * (2 * next() - 1)))),
        },
      ];
    }),
  );
}
