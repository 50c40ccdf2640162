// Products of factors written out over some axes of a tensor, in any order of these axes.
import { type Factor, indexIn, joined } from '../../../compiler/ir/interpret/plan.ts';
import type { Shape } from '../../../compiler/ir/tensor.ts';
import { EXT } from './field.ts';
import type { Vectors } from './vectors.ts';

/**
 * The product of the factors for every index of the axes, row-major in the order given (K-vector): not to be changed, as it
 * may be a factor's own vector. The factors' axes are among them; along the others the product is constant.
 */
export function denseFactors(
  v: Vectors,
  shape: Shape,
  order: readonly number[],
  factors: readonly Factor[],
): Uint32Array {
  const [first, ...rest] = runsOf(v, shape, order, factors);
  let out = first ?? constantOne(v, 1);
  for (const run of rest) {
    const wider = v.alloc((out.length / EXT) * run.length);
    v.addOuter(wider, out, run);
    out = wider;
  }
  return out;
}

/** The factors as vectors whose outer product, one after the other, is the whole. */
function runsOf(v: Vectors, shape: Shape, order: readonly number[], factors: readonly Factor[]): Uint32Array[] {
  const runs: Uint32Array[] = [];
  for (let at = 0; at < order.length; ) {
    const axis = order[at]!;
    const factor = factors.find((f) => f.axes.includes(axis));
    if (factor === undefined) {
      runs.push(constantOne(v, shape[axis]!));
      at++;
    } else if (factor.axes.every((a, i) => order[at + i] === a)) {
      runs.push(v.held(factor.values));
      at += factor.axes.length;
    } else {
      // Factors whose axes are apart, or in another order: all that is left, cell by cell.
      runs.push(scattered(v, shape, order.slice(at), factors));
      return runs;
    }
  }
  return runs;
}

function constantOne(v: Vectors, n: number): Uint32Array {
  const out = v.alloc(EXT * n);
  for (let i = 0; i < out.length; i += EXT) out[i] = 1;
  return out;
}

/** The product over the axes of `order` of all factors that have some of them; each has all of its axes there. */
function scattered(v: Vectors, shape: Shape, order: readonly number[], factors: readonly Factor[]): Uint32Array {
  const axes = order.toSorted((a, b) => a - b);
  const own = factors.filter((f) => order.includes(f.axes[0]!));
  const { values } = joined(shape, own, axes);
  const index = indexIn(shape, order, axes);
  const out = v.alloc(values.length);
  for (let e = 0; e < index.length; e++) {
    const [to, from] = [EXT * e, EXT * index[e]!];
    out[to] = values[from]!;
    out[to + 1] = values[from + 1]!;
    out[to + 2] = values[from + 2]!;
    out[to + 3] = values[from + 3]!;
  }
  return out;
}

/** True if the factor has only axes of the list. */
export const liesIn = (factor: Factor, axes: readonly number[]): boolean => factor.axes.every((a) => axes.includes(a));
