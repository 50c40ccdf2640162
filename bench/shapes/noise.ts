// Reproducible noise of a bell-shaped distribution: weights and inputs of the benchmarks' models.

/** Uniform numbers in [0, 1), the same on every machine: xorshift128 (G. Marsaglia, "Xorshift RNGs", 2003). */
export function uniformSource(seed: number): () => number {
  let [x, y, z, w] = [seed | 0, 362436069, 521288629, 88675123];
  const next = (): number => {
    const t = x ^ (x << 11);
    [x, y, z] = [y, z, w];
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return (w >>> 0) / 2 ** 32;
  };
  // Neighbouring seeds begin alike.
  for (let i = 0; i < 16; i++) next();
  return next;
}

/** Largest absolute value of {@link normalNoise} at deviation 1. */
export const NOISE_BOUND = Math.sqrt(12);

/**
 * `count` numbers with mean 0 and the given standard deviation: sums of four uniform numbers, nearly normal, within
 * {@link NOISE_BOUND} deviations, and free of functions whose last bits differ between machines.
 */
export function normalNoise(uniform: () => number, count: number, deviation: number): Float32Array {
  const scale = deviation * Math.sqrt(3);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) out[i] = scale * (uniform() + uniform() + uniform() + uniform() - 2);
  return out;
}
