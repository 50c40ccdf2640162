// Fits the coefficients of the plonk cost model to measured proofs: least squares of relative errors, none negative.
import { type Coefficients, PLONK_FIGURES, type PlonkCounts, type PlonkFigure, predict } from './plonk.ts';

/** One measured proof: what it consisted of, and a figure that is to be predicted (seconds or bytes, above 0). */
export interface Observation {
  readonly counts: PlonkCounts;
  readonly measured: number;
}

/** A fit, with what it predicts for each observation. */
export interface Fit {
  readonly coefficients: Coefficients;
  readonly predicted: readonly number[];
}

/**
 * Weight of the pull to what is known of other machines, against the square of a relative error: it decides only what few
 * measurements leave open.
 */
const PULL = 0.003;
const SWEEPS = 20_000;
const SETTLED = 1e-12;

/**
 * The non-negative coefficients with the least squares of relative errors. Where measurements cannot tell figures apart,
 * they stay in the proportion of `known`, scaled to this machine. Figures without a coefficient in `known` get none.
 * @throws RangeError without observations, or for one that is not above 0.
 */
export function fitCoefficients(observations: readonly Observation[], known: Coefficients): Fit {
  if (observations.length === 0) throw new RangeError('nothing was measured');
  if (!observations.every((o) => o.measured > 0 && Number.isFinite(o.measured)))
    throw new RangeError('a measured figure is not above 0');
  const names = (['fixed', ...PLONK_FIGURES] as const).filter((name) => (known[name] ?? 0) > 0);
  const ratios = observations.map((o) => o.measured / (known.fixed + predict(known, o.counts)));
  const scale = middle(ratios);
  // Unknowns are multiples of the known coefficients, scaled: all of them near 1.
  const unit = names.map((name) => scale * known[name]!);
  const matrix = observations.map((o) => names.map((name, j) => (amount(name, o.counts) * unit[j]!) / o.measured));
  const y = nonNegativeLeastSquares(matrix);
  const coefficients: { -readonly [K in keyof Coefficients]: Coefficients[K] } = { fixed: 0 };
  for (const [j, name] of names.entries()) coefficients[name] = y[j]! * unit[j]!;
  return { coefficients, predicted: observations.map((o) => coefficients.fixed + predict(coefficients, o.counts)) };
}

const amount = (name: 'fixed' | PlonkFigure, counts: PlonkCounts): number => (name === 'fixed' ? 1 : counts[name]);

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/**
 * y >= 0 with the least sum of (row . y - 1)^2 over the rows of a matrix plus PULL * (y_j - 1)^2: coordinate descent, which
 * converges since the pull makes the problem strictly convex.
 */
function nonNegativeLeastSquares(matrix: readonly (readonly number[])[]): readonly number[] {
  const n = matrix[0]!.length;
  const indices = Array.from({ length: n }, (_, j) => j);
  const gram = indices.map((i) =>
    indices.map((j) => matrix.reduce((sum, row) => sum + row[i]! * row[j]!, i === j ? PULL : 0)),
  );
  const target = indices.map((j) => matrix.reduce((sum, row) => sum + row[j]!, PULL));
  const y = new Array<number>(n).fill(1);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let change = 0;
    for (const j of indices) {
      const others = indices.reduce((sum, k) => (k === j ? sum : sum + gram[j]![k]! * y[k]!), 0);
      const next = Math.max(0, (target[j]! - others) / gram[j]![j]!);
      change = Math.max(change, Math.abs(next - y[j]!));
      y[j] = next;
    }
    if (change < SETTLED) break;
  }
  return y;
}
