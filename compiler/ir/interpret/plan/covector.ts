// Terms: products of vectors over groups of axes. Joining factors, re-indexing an axis, sums; what views do to them is in
// covector-views.ts.
import { add, addP, EXT, type Ext, fromBase, mul, mulP, NON_RESIDUE, ONE, ZERO } from '../../koalabear.ts';
import { type Shape, sizeOf } from '../../tensor.ts';
import type { Factor, Term } from './covector-types.ts';

/** out[o] += a[i] b[j]: elements of K by index. */
function addProduct(out: Uint32Array, o: number, a: Uint32Array, i: number, b: Uint32Array, j: number): void {
  const [a0, a1, a2, a3] = [a[EXT * i]!, a[EXT * i + 1]!, a[EXT * i + 2]!, a[EXT * i + 3]!];
  const [b0, b1, b2, b3] = [b[EXT * j]!, b[EXT * j + 1]!, b[EXT * j + 2]!, b[EXT * j + 3]!];
  const at = EXT * o;
  const wrap0 = addP(addP(mulP(a1, b3), mulP(a2, b2)), mulP(a3, b1));
  const wrap1 = addP(mulP(a2, b3), mulP(a3, b2));
  const own2 = addP(addP(mulP(a0, b2), mulP(a1, b1)), mulP(a2, b0));
  const own3 = addP(addP(mulP(a0, b3), mulP(a1, b2)), addP(mulP(a2, b1), mulP(a3, b0)));
  out[at] = addP(out[at]!, addP(mulP(a0, b0), mulP(wrap0, NON_RESIDUE)));
  out[at + 1] = addP(out[at + 1]!, addP(addP(mulP(a0, b1), mulP(a1, b0)), mulP(wrap1, NON_RESIDUE)));
  out[at + 2] = addP(out[at + 2]!, addP(own2, mulP(mulP(a3, b3), NON_RESIDUE)));
  out[at + 3] = addP(out[at + 3]!, own3);
}

/** out[o] += a[i]. */
function addElement(out: Uint32Array, o: number, a: Uint32Array, i: number): void {
  const [to, from] = [EXT * o, EXT * i];
  for (let j = 0; j < EXT; j++) out[to + j] = addP(out[to + j]!, a[from + j]!);
}

const elementAt = (x: Uint32Array, i: number): Ext => [x[EXT * i]!, x[EXT * i + 1]!, x[EXT * i + 2]!, x[EXT * i + 3]!];

/** n ones. */
export function ones(n: number): Uint32Array {
  const out = new Uint32Array(EXT * n);
  for (let i = 0; i < out.length; i += EXT) out[i] = 1;
  return out;
}

/** An outer product of two vectors with every pair added at a place of the result: out[place(i, j)] += a[i] b[j]. */
export function addPairs(
  out: Uint32Array,
  a: Uint32Array,
  b: Uint32Array,
  place: (i: number, j: number) => number,
): void {
  const [m, n] = [a.length / EXT, b.length / EXT];
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) addProduct(out, place(i, j), a, i, b, j);
}

/** Index of `axes` (row-major) for every index of `order` (row-major); axes of `order` that are not among them do not count. */
export function indexIn(shape: Shape, order: readonly number[], axes: readonly number[]): Int32Array {
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

/** A factor over exactly these axes (ascending, each of size above 1): the product of all given ones, whose axes they have. */
export function joined(shape: Shape, factors: readonly Factor[], axes: readonly number[]): Factor {
  const [first, ...rest] = factors;
  if (first !== undefined && rest.length === 0 && first.axes.length === axes.length)
    return { axes, values: first.values };
  const size = sizeOf(axes.map((axis) => shape[axis]!));
  let values = first === undefined ? ones(size) : spread(first.values, indexIn(shape, axes, first.axes));
  for (const f of rest) {
    const index = indexIn(shape, axes, f.axes);
    const product = new Uint32Array(values.length);
    for (let e = 0; e < size; e++) addProduct(product, e, values, e, f.values, index[e]!);
    values = product;
  }
  return { axes, values };
}

function spread(values: Uint32Array, index: Int32Array): Uint32Array {
  const out = new Uint32Array(EXT * index.length);
  for (let e = 0; e < index.length; e++) for (let j = 0; j < EXT; j++) out[EXT * e + j] = values[EXT * index[e]! + j]!;
  return out;
}

/**
 * Splits factors into those that touch some of the axes, joined into one that has all of them (those of size 1 left out),
 * and the others. Undefined if none touches them: all ones.
 */
export function gather(
  shape: Shape,
  factors: readonly Factor[],
  axes: readonly number[],
): { readonly factor: Factor | undefined; readonly others: readonly Factor[] } {
  const touching = factors.filter((f) => f.axes.some((axis) => axes.includes(axis)));
  if (touching.length === 0) return { factor: undefined, others: factors };
  const wide = axes.filter((axis) => shape[axis] !== 1);
  const all = [...new Set([...wide, ...touching.flatMap((f) => f.axes)])].sort((x, y) => x - y);
  return { factor: joined(shape, touching, all), others: factors.filter((f) => !touching.includes(f)) };
}

/** Cells before and behind some neighbouring axes of a factor. */
export function around(shape: Shape, axes: readonly number[], from: number, to: number): readonly [number, number] {
  const size = (some: readonly number[]): number => sizeOf(some.map((axis) => shape[axis]!));
  return [size(axes.filter((axis) => axis < from)), size(axes.filter((axis) => axis > to))];
}

/** A term whose factors may have lost all axes: such a factor is one element and goes into k. */
export function termOf(k: Ext, factors: readonly Factor[]): Term {
  let scalar = k;
  for (const f of factors) if (f.axes.length === 0) scalar = mul(scalar, elementAt(f.values, 0));
  return { k: scalar, factors: factors.filter((f) => f.axes.length > 0) };
}

/**
 * Re-indexes one axis of a factor: element i of the axis is added to element to[i] of the new one, of size n (or dropped,
 * if to[i] < 0). An axis of size 1 disappears.
 */
export function moveAxis(shape: Shape, factor: Factor, axis: number, to: Int32Array, n: number): Factor {
  const [outer, inner] = around(shape, factor.axes, axis, axis);
  const values = new Uint32Array(EXT * outer * n * inner);
  for (let a = 0; a < outer; a++)
    for (let i = 0; i < to.length; i++) {
      if (to[i]! < 0) continue;
      for (let b = 0; b < inner; b++)
        addElement(values, (a * n + to[i]!) * inner + b, factor.values, (a * to.length + i) * inner + b);
    }
  return { axes: n === 1 ? factor.axes.filter((x) => x !== axis) : factor.axes, values };
}

/** Axes under other numbers; the values follow where the order of the axes changes. */
export function renamed(shape: Shape, { axes, values }: Factor, name: (axis: number) => number): Factor {
  const named = axes.map((axis) => ({ axis, to: name(axis) }));
  const sorted = named.toSorted((a, b) => a.to - b.to);
  const to = sorted.map((x) => x.to);
  if (sorted.every((x, i) => x.axis === axes[i])) return { axes: to, values };
  return {
    axes: to,
    values: spread(
      values,
      indexIn(
        shape,
        sorted.map((x) => x.axis),
        axes,
      ),
    ),
  };
}

/** Sum over all cells of the shape. */
export function totalOf({ k, factors }: Term, shape: Shape): Ext {
  let total = k;
  let rest = sizeOf(shape);
  for (const { axes, values } of factors) {
    let sum = ZERO;
    for (let i = 0; i < values.length / EXT; i++) sum = add(sum, elementAt(values, i));
    total = mul(total, sum);
    rest /= sizeOf(axes.map((axis) => shape[axis]!));
  }
  return mul(total, fromBase(rest));
}

/** All cells, row-major (K-vector): for small tensors. */
export function expandTerm({ k, factors }: Term, shape: Shape): Uint32Array {
  const axes = [...shape.keys()].filter((axis) => shape[axis] !== 1);
  const { values } = joined(shape, factors, axes);
  const out = new Uint32Array(values.length);
  const scalar = Uint32Array.from(k);
  for (let e = 0; e < values.length / EXT; e++) addProduct(out, e, values, e, scalar, 0);
  return out;
}

/** <term, cells> for row-major base words. */
export function dotTerm(term: Term, shape: Shape, cells: Uint32Array): Ext {
  const values = expandTerm(term, shape);
  const sums = [0, 0, 0, 0];
  for (let e = 0; e < cells.length; e++)
    for (let j = 0; j < EXT; j++) sums[j] = addP(sums[j]!, mulP(values[EXT * e + j]!, cells[e]!));
  return [sums[0]!, sums[1]!, sums[2]!, sums[3]!];
}

const sameAxes = (a: Factor, b: Factor): boolean =>
  a.axes.length === b.axes.length && a.axes.every((x, i) => x === b.axes[i]);

/** Adds a term to a list: to one with the very same factors, or all but one of them, if there is one. */
export function addTerm(list: Term[], term: Term): void {
  for (const [at, have] of list.entries()) {
    if (have.factors.length !== term.factors.length) continue;
    const partner = (f: Factor): Factor | undefined => have.factors.find((g) => sameAxes(f, g));
    const pairs = term.factors.map((f) => [f, partner(f)] as const);
    if (pairs.some(([, g]) => g === undefined)) continue;
    const different = pairs.filter(([f, g]) => f.values !== g!.values);
    if (different.length > 1) continue;
    if (different.length === 0) {
      list[at] = { k: add(have.k, term.k), factors: have.factors };
      return;
    }
    const [f, g] = different[0]!;
    const values = new Uint32Array(f.values.length);
    const scalars = [Uint32Array.from(term.k), Uint32Array.from(have.k)] as const;
    for (let e = 0; e < values.length / EXT; e++) {
      addProduct(values, e, f.values, e, scalars[0], 0);
      addProduct(values, e, g!.values, e, scalars[1], 0);
    }
    list[at] = { k: ONE, factors: have.factors.map((x) => (x === g ? { axes: g.axes, values } : x)) };
    return;
  }
  list.push(term);
}
