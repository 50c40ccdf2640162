// Contractions: every bilinear map (matrix product, convolution over windows, Hadamard product) as one sum of products.
import { isWorthTiles, type Loop, multiplyTiles } from './contraction-tiles.ts';
import { Diagnostic } from './diagnostics.ts';
import { type Shape, sizeOf, stridesOf, type Tensor } from './tensor.ts';
import { type Strided, strided } from './view.ts';

/**
 * `out[o] = sum a[..] * b[..]` in one-letter axes: letters in `out` are kept, the others summed. No letter twice in one
 * operand (a diagonal is a view), and no letter in `out` that no operand has.
 */
export interface Contraction {
  readonly a: string;
  readonly b: string;
  readonly out: string;
}

/** Letters for the axes of a tensor of the given rank: `abc...`. */
export function letters(rank: number, from = 0): string {
  return 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.slice(from, from + rank);
}

/** Size of every letter. @throws Diagnostic `bad-contraction` if the operands do not fit the letters. */
export function contractionSizes(c: Contraction, a: Shape, b: Shape): ReadonlyMap<string, number> {
  const show = `${c.a}[${a.join(', ')}], ${c.b}[${b.join(', ')}] -> ${c.out}`;
  const sizes = new Map<string, number>();
  for (const [names, shape] of [
    [c.a, a],
    [c.b, b],
  ] as const) {
    if (names.length !== shape.length || new Set(names).size !== names.length)
      throw new Diagnostic('bad-contraction', `contraction ${show}: letters do not match the axes`);
    [...names].forEach((l, i) => {
      const have = sizes.get(l);
      if (have !== undefined && have !== shape[i])
        throw new Diagnostic('bad-contraction', `contraction ${show}: axis ${l} is ${have} and ${shape[i]}`);
      sizes.set(l, shape[i]!);
    });
  }
  if (new Set(c.out).size !== c.out.length || [...c.out].some((l) => !sizes.has(l)))
    throw new Diagnostic('bad-contraction', `contraction ${show}: bad output letters`);
  return sizes;
}

const OPERANDS = ['a', 'b', 'out'] as const;

/** In which of {@link OPERANDS} letters of each kind occur: batches, rows, columns, summed by both. */
const LETTER_KINDS: readonly (readonly [boolean, boolean, boolean])[] = [
  [true, true, true],
  [true, false, true],
  [false, true, true],
  [true, true, false],
];

/** Shape of the result. */
export function contractionShape(c: Contraction, a: Shape, b: Shape): number[] {
  const sizes = contractionSizes(c, a, b);
  return [...c.out].map((l) => sizes.get(l)!);
}

/** Evaluates on dense tensors. Exact while every partial sum stays below 2^53. */
export function contract(c: Contraction, a: Tensor, b: Tensor): { readonly shape: Shape; readonly data: Float64Array } {
  return contractStrided(c, strided(a), strided(b));
}

/**
 * Evaluates on strided operands: as products of tiles where there are enough rows and columns, else with the longest axis
 * innermost.
 */
export function contractStrided(
  c: Contraction,
  a: Strided,
  b: Strided,
): { readonly shape: Shape; readonly data: Float64Array } {
  const sizes = contractionSizes(c, a.shape, b.shape);
  const shape = [...c.out].map((l) => sizes.get(l)!);
  const out = new Float64Array(sizeOf(shape));
  const outStrides = stridesOf(shape);
  const strideIn = (names: string, strides: readonly number[], l: string): number => {
    const i = names.indexOf(l);
    return i < 0 ? 0 : strides[i]!;
  };
  const named = [...sizes].map(([l, n]): readonly [string, Loop] => [
    l,
    { n, a: strideIn(c.a, a.strides, l), b: strideIn(c.b, b.strides, l), o: strideIn(c.out, outStrides, l) },
  ]);
  if (named.some(([, { n }]) => n === 0)) return { shape, data: out };
  const [batch, rows, columns, summed] = LETTER_KINDS.map((kind) =>
    named.filter(([l]) => OPERANDS.every((operand, i) => c[operand].includes(l) === kind[i])).map(([, loop]) => loop),
  );
  const tiles = { batch: batch!, rows: rows!, columns: columns!, summed: summed! };
  const all = batch!.length + rows!.length + columns!.length + summed!.length;
  if (all === named.length && isWorthTiles(tiles)) {
    multiplyTiles(tiles, a, b, out);
    return { shape, data: out };
  }
  const loops = named.map(([, loop]) => loop).sort((x, y) => x.n - y.n);
  const inner = loops.pop() ?? { n: 1, a: 0, b: 0, o: 0 };
  const index = new Array<number>(loops.length).fill(0);
  const [da, db] = [a.data, b.data];
  let [pa, pb, po] = [a.offset, b.offset, 0];
  for (;;) {
    if (inner.o === 0) {
      let sum = 0;
      for (let i = 0, p = pa, q = pb; i < inner.n; i++, p += inner.a, q += inner.b) sum += da[p]! * db[q]!;
      out[po]! += sum;
    } else {
      for (let i = 0, p = pa, q = pb, r = po; i < inner.n; i++, p += inner.a, q += inner.b, r += inner.o)
        out[r]! += da[p]! * db[q]!;
    }
    let k = loops.length - 1;
    for (; k >= 0; k--) {
      const l = loops[k]!;
      index[k]!++;
      pa += l.a;
      pb += l.b;
      po += l.o;
      if (index[k]! < l.n) break;
      pa -= l.a * l.n;
      pb -= l.b * l.n;
      po -= l.o * l.n;
      index[k] = 0;
    }
    if (k < 0) return { shape, data: out };
  }
}

/**
 * Bounds of `sum w * x` over all outputs when `w` is known and x in [lo, hi], exact per output. Letters of `w` that are
 * summed add up; summed letters that only x has repeat the bound. NaN if a partial sum could leave the exact integers.
 */
export function boundsWithConstant(
  names: string,
  w: Tensor,
  out: string,
  repeats: number,
  lo: number,
  hi: number,
): readonly [number, number] {
  const largest = Math.max(Math.abs(lo), Math.abs(hi));
  const { positive, negative } = signedSums(names, w, out);
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < positive.length; i++) {
    const [p, n] = [positive[i]!, negative[i]!];
    if (!Number.isSafeInteger((p - n) * largest * repeats)) return [Number.NaN, Number.NaN];
    least = Math.min(least, p * lo + n * hi);
    most = Math.max(most, p * hi + n * lo);
  }
  return [least * repeats, most * repeats];
}

/** Sums of the positive and of the negative elements over the letters that are not in `out`, for each output. */
export function signedSums(
  names: string,
  w: Tensor,
  out: string,
): { readonly positive: Float64Array; readonly negative: Float64Array } {
  const kept = [...names].map((l) => out.includes(l));
  const keptStrides = stridesOf(w.shape.filter((_, i) => kept[i]));
  const strides = kept.map((k, i) => (k ? keptStrides[kept.slice(0, i).filter(Boolean).length]! : 0));
  const outputs = sizeOf(w.shape.filter((_, i) => kept[i]));
  const [positive, negative] = [new Float64Array(outputs), new Float64Array(outputs)];
  const { data } = w;
  const inner = w.shape.at(-1) ?? 1;
  const step = strides.at(-1) ?? 0;
  const index = new Array<number>(Math.max(0, w.shape.length - 1)).fill(0);
  for (let at = 0, place = 0; at < data.length; ) {
    for (let i = 0, p = place; i < inner; i++, p += step, at++) {
      const v = data[at]!;
      if (v > 0) positive[p]! += v;
      else negative[p]! += v;
    }
    for (let k = index.length - 1; k >= 0; k--) {
      place += strides[k]!;
      if (++index[k]! < w.shape[k]!) break;
      place -= strides[k]! * w.shape[k]!;
      index[k] = 0;
    }
  }
  return { positive, negative };
}
