// Products of factors written out over some axes of a tensor, in any order of these axes.
import type { Factor } from '../../../compiler/ir/interpret/plan.ts';
import { type Shape, sizeOf } from '../../../compiler/ir/tensor.ts';
import { EXT, type Ext } from './field.ts';
import { elementAt, owned } from './opening-rounds.ts';
import type { Vectors } from './vectors.ts';

/**
 * k times the product of the factors for every index of the axes, row-major in the order given (K-vector). The factors'
 * axes are among them; along the others the product is constant.
 */
export function denseFactors(
  v: Vectors,
  shape: Shape,
  order: readonly number[],
  factors: readonly Factor[],
  k: Ext,
): Uint32Array {
  let out = owned(v, Uint32Array.from(k));
  for (const run of runsOf(v, shape, order, factors)) {
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
      runs.push(owned(v, factor.values));
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
  let out = constantOne(v, sizeOf(order.map((axis) => shape[axis]!)));
  for (const factor of factors) {
    if (!order.includes(factor.axes[0]!)) continue;
    const spread = v.alloc(out.length);
    const index = positionsIn(shape, order, factor.axes);
    for (let e = 0; e < index.length; e++) {
      const from = EXT * index[e]!;
      for (let j = 0; j < EXT; j++) spread[EXT * e + j] = factor.values[from + j]!;
    }
    out = multiplied(v, out, spread);
  }
  return out;
}

/** For every index of `order` (row-major) the index of the factor's axes. */
function positionsIn(shape: Shape, order: readonly number[], axes: readonly number[]): Int32Array {
  const strides = new Map<number, number>();
  let step = 1;
  for (const axis of axes.toReversed()) {
    strides.set(axis, step);
    step *= shape[axis]!;
  }
  let out = Int32Array.of(0);
  for (const axis of order) {
    const [n, stride, before] = [shape[axis]!, strides.get(axis) ?? 0, out];
    out = new Int32Array(before.length * n);
    for (let i = 0, at = 0; i < before.length; i++) for (let j = 0; j < n; j++) out[at++] = before[i]! + j * stride;
  }
  return out;
}

/** Element by element. */
function multiplied(v: Vectors, a: Uint32Array, b: Uint32Array): Uint32Array {
  const out = v.alloc(a.length);
  for (let e = 0; e < a.length; e += EXT)
    v.addScaled(out.subarray(e, e + EXT), b.subarray(e, e + EXT), elementAt(a, e / EXT));
  return out;
}

/** True if the factor has only axes of the list. */
export const liesIn = (factor: Factor, axes: readonly number[]): boolean => factor.axes.every((a) => axes.includes(a));
