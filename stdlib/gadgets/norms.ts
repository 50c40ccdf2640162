// Contractions with parameters: an interval of the result that follows from proved norms of the weights, not from the
// extremes of single ones.
//
// Soundness: p = max(w, 0) is looked up for w. Where the sums of p and of p - w over the letters that are
// summed are proved to be at most P and N, every sum of w * x with x in [lo, hi], lo <= 0 <= hi, lies in
// [P * lo - N * hi, P * hi - N * lo]; leaving terms out changes nothing, and letters that only x has repeat it (lemma
// `norm`). P and N are chosen by the weights of the model; other weights that keep the bounds are as good, and weights that
// do not have no proof.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { type Contraction, contractionSizes, signedSums } from '../../compiler/ir/contraction.ts';
import { hull, type Interval, interval, max, scaleInterval } from '../../compiler/ir/interval.ts';
import { clampTable } from '../../compiler/ir/table.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { minus } from './linear.ts';
import { isProvable, isTableSized } from './target.ts';

/** Fewer summed weights are not worth a proof of their norms. */
const LEAST_TERMS = 32;

/** The sums of the positive weights of an output are at most `positive`, those of the negated negative ones `negative`. */
interface Norms {
  readonly positive: bigint;
  readonly negative: bigint;
}

/**
 * `contract`, with narrower bounds where an operand is a parameter of the circuit whose value is known, and where proofs
 * about parameters alone are made once (targets with lookups).
 * @param known value of each operand, if it is a constant of the module
 */
export function contractWithNorms(
  b: Builder,
  spec: Contraction,
  x: Wire,
  y: Wire,
  known: readonly (Tensor | undefined)[],
): Wire {
  const product = b.contract(spec, x, y);
  const side = known[1] !== undefined ? 1 : 0;
  const value = known[side];
  if (value === undefined || !b.target.lookups) return product;
  const [w, other, names] = side === 1 ? [y, x, spec.b] : [x, y, spec.a];
  const sizes = contractionSizes(spec, x.shape, y.shape);
  const summed = [...names].flatMap((l, axis) => (spec.out.includes(l) ? [] : [axis]));
  const terms = summed.reduce((n, axis) => n * w.shape[axis]!, 1);
  if (terms < LEAST_TERMS || [...sizes.values()].includes(0)) return product;
  const repeats = [...sizes].reduce((n, [l, size]) => (spec.out.includes(l) || names.includes(l) ? n : n * size), 1);
  const norms = normsOf(signedSums(names, value, spec.out));
  const bounds = scaleInterval(boundsBy(norms, hull(other.range, interval(0, 0))), BigInt(repeats));
  // A fixed operand is known to the circuit itself: its bounds are exact already. A digit less is worth a proof.
  if (2n * (bounds.hi - bounds.lo) > product.range.hi - product.range.lo) return product;
  if (!proveNorms(b, w, summed, norms)) return product;
  return b.deduce(product, bounds, 'norm');
}

const boundsBy = ({ positive, negative }: Norms, { lo, hi }: Interval): Interval =>
  interval(positive * lo - negative * hi, positive * hi - negative * lo);

function normsOf(sums: { readonly positive: Float64Array; readonly negative: Float64Array }): Norms {
  const positive = sums.positive.reduce((most, s) => Math.max(most, s), 0);
  const negative = sums.negative.reduce((most, s) => Math.max(most, -s), 0);
  return { positive: BigInt(positive), negative: BigInt(negative) };
}

/** States the norms of w, summed over the axes. @returns false, and states nothing, where field or tables are too small. */
function proveNorms(b: Builder, w: Wire, axes: readonly number[], norms: Norms): boolean {
  const [positive, negative] = [interval(0n, norms.positive), interval(0n, norms.negative)];
  const terms = axes.reduce((n, axis) => n * BigInt(w.shape[axis]!), 1n);
  const widest = scaleInterval(hull(w.range, interval(0, 0)), 2n * terms);
  const widestEitherSign = hull(widest, scaleInterval(widest, -1n));
  if (!isTableSized(b, w.range) || !isProvable(b, widestEitherSign, hull(positive, negative))) return false;
  b.scope('norms', () => {
    // A table over the very interval of the weights proves that too.
    const nonNegative = b.lookup(clampTable(w.range, interval(0n, max(w.range.hi, 0n))), w, 'positive')[0]!;
    const sum = b.sum(nonNegative, axes);
    b.range(sum, positive, 'positive.sum');
    b.range(minus(b, sum, b.sum(w, axes)), negative, 'negative.sum');
  });
  return true;
}
