// Terms: products of vectors over groups of axes. Joining factors, re-indexing an axis, sums; what views do to them is in
// covector-views.ts.
import {
  add,
  addP,
  EXT,
  type Ext,
  fromBase,
  mul,
  mulP,
  NON_RESIDUE,
  ONE,
  P,
  same,
  scale,
  ZERO,
} from '../../koalabear.ts';
import { offsetsOf, type Shape, sizeOf, stridesOf } from '../../tensor.ts';
import type { Factor, Term } from './covector-types.ts';

/** A little less than 1 / P: quotients of whole numbers below 2^53 come out right or one less. */
const BELOW_INVERSE = (1 - 2 ** -50) / P;

/** Canonical word of high * 2^16 + low, both whole, >= 0 and below 2^51. */
function combine(high: number, low: number): number {
  const x = (high - Math.floor(high * BELOW_INVERSE) * P) * 2 ** 16 + low;
  const r = x - Math.floor(x * BELOW_INVERSE) * P;
  return r >= P ? r - P : r;
}

/**
 * out[o] += a[i] b[j]: elements of K by index. b is split into halves, so that the products of a coefficient add up in
 * floating point before they are reduced: ten times 2^31 * 2^16 stays below 2^51.
 */
export function addProduct(out: Uint32Array, o: number, a: Uint32Array, i: number, b: Uint32Array, j: number): void {
  addProducts(out, o, a, i, 1, b, j);
}

/** out[o + n] += a[i + n] b[j] for n < count: elements of K by index. */
export function addProducts(
  out: Uint32Array,
  o: number,
  a: Uint32Array,
  i: number,
  count: number,
  b: Uint32Array,
  j: number,
): void {
  const q = EXT * j;
  const [b0, b1, b2, b3] = [b[q]!, b[q + 1]!, b[q + 2]!, b[q + 3]!];
  const [h0, h1, h2, h3] = [b0 >>> 16, b1 >>> 16, b2 >>> 16, b3 >>> 16];
  const [l0, l1, l2, l3] = [b0 & 0xffff, b1 & 0xffff, b2 & 0xffff, b3 & 0xffff];
  for (let n = 0, p = EXT * i, at = EXT * o; n < count; n++, p += EXT, at += EXT) {
    const [a0, a1, a2, a3] = [a[p]!, a[p + 1]!, a[p + 2]!, a[p + 3]!];
    const [t1, t2, t3] = [NON_RESIDUE * a1, NON_RESIDUE * a2, NON_RESIDUE * a3];
    const [c0, c1, c2, c3] = [out[at]!, out[at + 1]!, out[at + 2]!, out[at + 3]!];
    out[at] = combine(a0 * h0 + t1 * h3 + t2 * h2 + t3 * h1, a0 * l0 + t1 * l3 + t2 * l2 + t3 * l1 + c0);
    out[at + 1] = combine(a0 * h1 + a1 * h0 + t2 * h3 + t3 * h2, a0 * l1 + a1 * l0 + t2 * l3 + t3 * l2 + c1);
    out[at + 2] = combine(a0 * h2 + a1 * h1 + a2 * h0 + t3 * h3, a0 * l2 + a1 * l1 + a2 * l0 + t3 * l3 + c2);
    out[at + 3] = combine(a0 * h3 + a1 * h2 + a2 * h1 + a3 * h0, a0 * l3 + a1 * l2 + a2 * l1 + a3 * l0 + c3);
  }
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
  const own = stridesOf(axes.map((axis) => shape[axis]!));
  return offsetsOf(
    order.map((axis) => shape[axis]!),
    order.map((axis) => own[axes.indexOf(axis)] ?? 0),
  );
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
    total = mul(total, sumOf(values));
    rest /= sizeOf(axes.map((axis) => shape[axis]!));
  }
  return mul(total, fromBase(rest));
}

/** Sum of the elements of a K-vector: words add up below 2^53 before they are reduced. */
function sumOf(values: Uint32Array): Ext {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const stretch = EXT * 2 ** 20;
  for (let start = 0; start < values.length; start += stretch) {
    for (let i = start; i < Math.min(start + stretch, values.length); i += EXT) {
      s0 += values[i]!;
      s1 += values[i + 1]!;
      s2 += values[i + 2]!;
      s3 += values[i + 3]!;
    }
    [s0, s1, s2, s3] = [s0 % P, s1 % P, s2 % P, s3 % P];
  }
  return [s0, s1, s2, s3];
}

/** All cells, row-major (K-vector): for small tensors. */
export function expandTerm({ k, factors }: Term, shape: Shape): Uint32Array {
  const axes = [...shape.keys()].filter((axis) => shape[axis] !== 1);
  const { values } = joined(shape, factors, axes);
  const out = new Uint32Array(values.length);
  const scalar = Uint32Array.from(k);
  addProducts(out, 0, values, 0, values.length / EXT, scalar, 0);
  return out;
}

/** <term, cells> for row-major base words: axes without a factor first, then the largest factor first. */
export function dotTerm({ k, factors }: Term, shape: Shape, cells: Uint32Array): Ext {
  if (cells.length === 0) return ZERO;
  const all = [...shape.keys()];
  const has = (f: Factor, axis: number): boolean => f.axes.includes(axis);
  let axes = all.filter((axis) => factors.some((f) => has(f, axis)));
  const strides = stridesOf(shape);
  const offsets = (some: readonly number[], steps: (axis: number) => number): Int32Array =>
    some.reduce((before, axis) => {
      const [n, step] = [shape[axis]!, steps(axis)];
      return Int32Array.from({ length: before.length * n }, (_, e) => before[Math.floor(e / n)]! + (e % n) * step);
    }, Int32Array.of(0));
  const [kept, summed] = [axes, all.filter((axis) => !axes.includes(axis))].map((some) =>
    offsets(some, (x) => strides[x]!),
  );
  const words = Uint32Array.from(kept!, (from) => {
    let sum = 0;
    for (const s of summed!) sum = addP(sum, cells[from + s]!);
    return sum;
  });
  let elements: Uint32Array | undefined;
  for (const f of factors.toSorted((x, y) => y.values.length - x.values.length)) {
    const own = stridesOf(axes.map((axis) => shape[axis]!));
    const stride = new Map(axes.map((axis, i) => [axis, own[i]!]));
    const rest = axes.filter((axis) => !has(f, axis));
    const [outer, inner] = [rest, f.axes].map((some) => offsets(some, (axis) => stride.get(axis)!));
    const next = new Uint32Array(EXT * outer!.length);
    for (let o = 0; o < outer!.length; o++)
      for (let e = 0; e < inner!.length; e++)
        if (elements === undefined) addScaled(next, o, f.values, e, words[outer![o]! + inner![e]!]!);
        else addProduct(next, o, f.values, e, elements, outer![o]! + inner![e]!);
    [elements, axes] = [next, rest];
  }
  return elements === undefined ? scale(k, words[0]!) : mul(k, elementAt(elements, 0));
}

/** out[o] += k a[i], k a word. */
function addScaled(out: Uint32Array, o: number, a: Uint32Array, i: number, k: number): void {
  const [to, from] = [EXT * o, EXT * i];
  for (let j = 0; j < EXT; j++) out[to + j] = addP(out[to + j]!, mulP(a[from + j]!, k));
}

/** out += k a (K-vectors). */
function addMultiple(out: Uint32Array, a: Uint32Array, k: Ext): void {
  if (same(k, ONE)) for (let i = 0; i < out.length; i++) out[i] = addP(out[i]!, a[i]!);
  else {
    const scalar = Uint32Array.from(k);
    addProducts(out, 0, a, 0, out.length / EXT, scalar, 0);
  }
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
    addMultiple(values, f.values, term.k);
    addMultiple(values, g!.values, have.k);
    list[at] = { k: ONE, factors: have.factors.map((x) => (x === g ? { axes: g.axes, values } : x)) };
    return;
  }
  list.push(term);
}
