// The transpose of linear instructions on terms: from a covector on the result to one on an operand.
import { addP, EXT, type Ext, fromBase, mul } from '../../koalabear.ts';
import { type Shape, sizeOf } from '../../tensor.ts';
import { type View, viewShape } from '../../view.ts';
import { addPairs, addProducts, around, gather, indexIn, joined, moveAxis, ones, renamed, termOf } from './covector.ts';
import type { Factor, Term } from './covector-types.ts';

const scaledBy = (k: Ext, n: number): Ext => (n === 1 ? k : mul(k, fromBase(n)));

/** The term on the operand of one view step, whose shape is `from`. */
export function viewTerm(term: Term, step: View, from: Shape): Term {
  const shape = viewShape(step, from);
  switch (step.kind) {
    case 'reshape':
      return reshapeTerm(term, shape, from);
    case 'transpose':
      return { k: term.k, factors: term.factors.map((f) => renamed(shape, f, (axis) => step.perm[axis]!)) };
    case 'broadcast':
      return broadcastTerm(term, shape, step.axis);
    case 'window':
      return windowTerm(term, shape, step, from[step.axis]!);
    case 'slice':
    case 'gather':
    case 'pad':
    case 'dilate':
      return movedTerm(term, shape, step.axis, sourcesOf(step, shape[step.axis]!), from[step.axis]!, step.kind);
  }
}

/** Cell that each cell along the step's axis reads, or -1. */
function sourcesOf(
  step: Extract<View, { readonly kind: 'slice' | 'gather' | 'pad' | 'dilate' }>,
  n: number,
): Int32Array {
  switch (step.kind) {
    case 'slice':
      return Int32Array.from({ length: n }, (_, i) => step.start + i * step.step);
    case 'gather':
      return step.index;
    case 'pad':
      return Int32Array.from({ length: n }, (_, i) => (i < step.before || i >= n - step.after ? -1 : i - step.before));
    case 'dilate':
      return Int32Array.from({ length: n }, (_, i) => (i % step.by === 0 ? i / step.by : -1));
  }
}

function movedTerm(
  { k, factors }: Term,
  shape: Shape,
  axis: number,
  to: Int32Array,
  n: number,
  kind: 'slice' | 'gather' | 'pad' | 'dilate',
): Term {
  const own = factors.find((f) => f.axes.includes(axis));
  if (own === undefined) {
    // Every cell of the operand is read once.
    if (kind === 'pad' || kind === 'dilate' || (kind === 'slice' && to.length === n)) return { k, factors };
    const counts = moveAxis(shape, { axes: [axis], values: ones(to.length) }, axis, to, n);
    return termOf(k, [...factors, counts]);
  }
  return termOf(
    k,
    factors.map((f) => (f === own ? moveAxis(shape, f, axis, to, n) : f)),
  );
}

function broadcastTerm({ k, factors }: Term, shape: Shape, axis: number): Term {
  const own = factors.find((f) => f.axes.includes(axis));
  const n = shape[axis]!;
  const summed = own && moveAxis(shape, own, axis, new Int32Array(n), 1);
  const kept = factors.map((f) => (f === own ? summed! : f));
  const below = kept.map((f) => renamed(shape, f, (a) => (a > axis ? a - 1 : a)));
  return termOf(own === undefined ? scaledBy(k, n) : k, below);
}

/** The result has positions at `axis` and offsets behind them; the operand has n cells there. */
function windowTerm(
  { k, factors }: Term,
  shape: Shape,
  { axis, stride, dilation }: Extract<View, { readonly kind: 'window' }>,
  n: number,
): Term {
  const [positions, offsets] = [shape[axis]!, shape[axis + 1]!];
  const rename = (f: Factor): Factor => renamed(shape, f, (a) => (a > axis ? a - 1 : a));
  const own = (a: number): Factor | undefined => factors.find((f) => f.axes.includes(a));
  const [p, o] = [own(axis), own(axis + 1)];
  const alone = (f: Factor | undefined): boolean => f === undefined || f.axes.length === 1;
  if (alone(p) && alone(o)) {
    const values = new Uint32Array(EXT * n);
    addPairs(values, p?.values ?? ones(positions), o?.values ?? ones(offsets), (t, i) => t * stride + i * dilation);
    const others = factors.filter((f) => f !== p && f !== o).map(rename);
    return termOf(k, [...others, { axes: n === 1 ? [] : [axis], values }]);
  }
  if (p !== undefined && alone(o)) {
    const others = factors.filter((f) => f !== p && f !== o);
    return termOf(k, [...others, windowFactor(shape, p, o, { axis, stride, dilation }, n)].map(rename));
  }
  const { factor, others } = gather(shape, factors, [axis, axis + 1]);
  const [outer, inner] = around(shape, factor!.axes, axis, axis + 1);
  const values = new Uint32Array(EXT * outer * n * inner);
  for (let a = 0, from = 0; a < outer; a++)
    for (let t = 0; t < positions; t++)
      for (let i = 0; i < offsets; i++) {
        const at = EXT * (a * n + t * stride + i * dilation) * inner;
        addBlock(values, at, factor!.values, from, EXT * inner);
        from += EXT * inner;
      }
  const rest = factor!.axes.filter((x) => x !== axis && x !== axis + 1);
  const axes = (n === 1 ? rest : [...rest, axis]).map((x) => (x > axis ? x - 1 : x)).sort((x, y) => x - y);
  return termOf(k, [...others.map(rename), { axes, values }]);
}

/**
 * Factor p, whose positions are tied to other axes, times factor o of the offsets alone (ones if undefined), over the operand's
 * n cells: products over positions and offsets are never written out.
 */
function windowFactor(
  shape: Shape,
  p: Factor,
  o: Factor | undefined,
  { axis, stride, dilation }: { readonly axis: number; readonly stride: number; readonly dilation: number },
  n: number,
): Factor {
  const [positions, offsets] = [shape[axis]!, shape[axis + 1]!];
  const [outer, inner] = around(shape, p.axes, axis, axis);
  const values = new Uint32Array(EXT * outer * n * inner);
  for (let a = 0; a < outer; a++)
    for (let t = 0; t < positions; t++)
      for (let i = 0; i < offsets; i++) {
        const to = (a * n + t * stride + i * dilation) * inner;
        const from = (a * positions + t) * inner;
        if (o === undefined) addBlock(values, EXT * to, p.values, EXT * from, EXT * inner);
        else addProducts(values, to, p.values, from, inner, o.values, i);
      }
  return { axes: n === 1 ? p.axes.filter((x) => x !== axis) : p.axes, values };
}

/** into[at + e] += from[start + e], words. */
function addBlock(into: Uint32Array, at: number, from: Uint32Array, start: number, words: number): void {
  for (let e = 0; e < words; e++) into[at + e] = addP(into[at + e]!, from[start + e]!);
}

/** Axes of both shapes that hold the same cells, in the least groups; axes of one cell left out. */
function matchingAxes(from: Shape, shape: Shape): { readonly operand: number[]; readonly result: number[] }[] {
  const wide = (s: Shape): number[] => [...s.keys()].filter((axis) => s[axis] !== 1);
  const [a, b] = [wide(from), wide(shape)];
  const groups: { readonly operand: number[]; readonly result: number[] }[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const group = { operand: [a[i]!], result: [b[j]!] };
    let [x, y] = [from[a[i++]!]!, shape[b[j++]!]!];
    while (x !== y) {
      if (x < y) {
        group.operand.push(a[i]!);
        x *= from[a[i++]!]!;
      } else {
        group.result.push(b[j]!);
        y *= shape[b[j++]!]!;
      }
    }
    groups.push(group);
  }
  return groups;
}

function reshapeTerm({ k, factors }: Term, shape: Shape, from: Shape): Term {
  const groups = matchingAxes(from, shape);
  let list: readonly Factor[] = factors;
  for (const { operand, result } of groups) {
    if (operand.length === 1 && result.length === 1) continue;
    const { factor, others } = gather(shape, list, result);
    if (factor !== undefined) list = [...others, factor];
  }
  const named = new Map(groups.map(({ operand, result }) => [result[0]!, operand]));
  return {
    k,
    factors: list.map(({ axes, values }) => ({ axes: axes.flatMap((axis) => named.get(axis) ?? []), values })),
  };
}

/** The term on an operand that fills `size` cells of an axis from `start` on; the others of the concatenation are zero there. */
export function concatTerm({ k, factors }: Term, shape: Shape, axis: number, start: number, size: number): Term {
  const to = Int32Array.from({ length: shape[axis]! }, (_, i) => (i < start || i >= start + size ? -1 : i - start));
  return termOf(
    k,
    factors.map((f) => (f.axes.includes(axis) ? moveAxis(shape, f, axis, to, size) : f)),
  );
}

/** The term on the operand of a sum: constant along the axes that disappear. */
export function sumTerm({ k, factors }: Term, axes: readonly number[], from: Shape): Term {
  const kept = [...from.keys()].filter((axis) => !axes.includes(axis));
  return { k, factors: factors.map((f) => ({ axes: f.axes.map((axis) => kept[axis]!), values: f.values })) };
}

/**
 * The term on operand x of a contraction whose other operand is fixed: `names` are the letters of x, `fixed` those of the
 * other with its residues.
 */
export function contractTerm(
  term: Term,
  out: string,
  names: string,
  fixed: { readonly names: string; readonly cells: Uint32Array },
  sizes: ReadonlyMap<string, number>,
): Term {
  // Letters as axes of one tensor: those of the result, then the others.
  const all = [...new Set([...out, ...names, ...fixed.names])];
  const shape = all.map((l) => sizes.get(l)!);
  const axisOf = (l: string): number => all.indexOf(l);
  const wide = (letters: string): number[] => [...letters].map(axisOf).filter((axis) => shape[axis] !== 1);
  const other = fixedFactor(shape, [...fixed.names].map(axisOf), fixed.cells);
  const axes = wide(fixed.names);
  let { k } = term;
  let factors = term.factors;
  if (other === undefined) k = mul(k, fromBase(fixed.cells[0]!));
  else {
    const touching = factors.filter((f) => f.axes.some((axis) => axes.includes(axis)));
    const union = [...new Set([...axes, ...touching.flatMap((f) => f.axes)])].sort((x, y) => x - y);
    factors = [...factors.filter((f) => !touching.includes(f)), joined(shape, [...touching, other], union)];
  }
  // Letters that x does not have are summed.
  for (const l of all) {
    if (names.includes(l)) continue;
    const [axis, n] = [axisOf(l), sizes.get(l)!];
    const own = factors.find((f) => f.axes.includes(axis));
    if (own === undefined) k = scaledBy(k, n);
    else factors = factors.map((f) => (f === own ? moveAxis(shape, f, axis, new Int32Array(n), 1) : f));
  }
  return termOf(
    k,
    factors.map((f) => renamed(shape, f, (axis) => names.indexOf(all[axis]!))),
  );
}

/** Fixed cells as a factor; undefined if all are equal. `order`: the axis of each of its own axes. */
function fixedFactor(shape: Shape, order: readonly number[], cells: Uint32Array): Factor | undefined {
  if (cells.every((x) => x === cells[0])) return undefined;
  const wide = order.filter((axis) => shape[axis] !== 1);
  const axes = wide.toSorted((a, b) => a - b);
  const index = indexIn(shape, axes, wide);
  const values = new Uint32Array(EXT * sizeOf(axes.map((axis) => shape[axis]!)));
  for (let e = 0; e < index.length; e++) values[EXT * e] = cells[index[e]!]!;
  return { axes, values };
}
