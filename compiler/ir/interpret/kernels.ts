// Kernels of the witness reading: arithmetic instructions and lookups on strided typed arrays.

import type { Instr } from '../circuit.ts';
import { type Contraction, contractStrided } from '../contraction.ts';
import { containsInterval, type Interval, interval } from '../interval.ts';
import { type Table, tableValue } from '../table.ts';
import { type Shape, sizeOf, stridesOf, type Tensor } from '../tensor.ts';
import { copyInto, dense, type Strided, strided } from '../view.ts';
import {
  affineRange,
  affineWords,
  asWords,
  clampWords,
  fitsWord,
  lookUpWords,
  outsideIntegers,
  outsideWords,
  productWords,
  signWords,
} from './word-kernels.ts';

/** A zero-filled array that holds the integers of the interval: 32 bits if they suffice. */
export function arrayFor(r: Interval, n: number): Int32Array | Float64Array {
  return fitsWord(r) ? new Int32Array(n) : new Float64Array(n);
}

/** The tensor in the storage of {@link arrayFor}; its elements lie in the interval. */
export function stored(r: Interval, t: Tensor): Strided {
  return fitsWord(r) ? asWords(strided(t)) : strided(t);
}

/** Row-major number of the first element outside the interval, or -1. */
export function outside(x: Strided, to: Interval): number {
  if (x.data instanceof Int32Array) return outsideWords({ ...x, data: x.data }, to);
  const { data } = dense(x);
  if (!(data instanceof Float64Array || data instanceof Float32Array)) return outsideIntegers(data, to);
  const [lo, hi] = [Number(to.lo), Number(to.hi)];
  for (let e = 0; e < data.length; e++) if (!(data[e]! >= lo && data[e]! <= hi)) return e;
  return -1;
}

/** Float64 storage: one array type in the inner loop of contractions keeps it fast. */
function inFloat64(x: Strided): Strided {
  return x.data instanceof Float64Array ? x : { ...x, data: new Float64Array(x.data) };
}

/** sum of k * x + c; `ranges` of the operands tell whether 32 bits suffice. */
export function affine(
  i: Extract<Instr, { readonly op: 'affine' }>,
  operands: readonly Strided[],
  ranges: readonly Interval[] = [],
): Strided {
  const { shape } = operands[0]!;
  const isNarrow = ranges.length > 0 && ranges.every(fitsWord) && fitsWord(affineRange(ranges, i.k, i.c));
  if (isNarrow) return strided({ shape, data: affineWords(shape, operands.map(asWords), i.k, i.c) });
  const out = new Float64Array(sizeOf(shape)).fill(Number(i.c));
  for (const [j, x] of operands.entries()) {
    const { data } = dense(x);
    const k = Number(i.k[j]!);
    for (let e = 0; e < out.length; e++) out[e]! += k * data[e]!;
  }
  return strided({ shape, data: out });
}

/** Intervals of the elements of the operands and of the result of a contraction. */
export interface ContractionRanges {
  readonly a: Interval;
  readonly b: Interval;
  readonly out: Interval;
}

/** Sums of products of elements that lie in these intervals. */
export function contracted(spec: Contraction, a: Strided, b: Strided, ranges: ContractionRanges): Strided {
  const areWords = [ranges.a, ranges.b, ranges.out].every(fitsWord);
  const product = areWords ? productWords(spec, asWords(a), asWords(b)) : undefined;
  return product ?? stored(ranges.out, contractStrided(spec, inFloat64(a), inFloat64(b)));
}

/** Operands one after the other along an axis. */
export function concat(shape: Shape, axis: number, operands: readonly Strided[]): Strided {
  const size = sizeOf(shape);
  const data = operands.every((x) => x.data instanceof Int32Array) ? new Int32Array(size) : new Float64Array(size);
  const strides = stridesOf(shape);
  let position = 0;
  for (const x of operands) {
    copyInto(x, data, position * strides[axis]!, strides);
    position += x.shape[axis]!;
  }
  return strided({ shape, data });
}

/** Sum over the axes, which disappear. */
export function sum(x: Strided, axes: readonly number[]): Strided {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  const names = x.shape.map((_, axis) => String.fromCodePoint(0x61 + axis));
  const one: Strided = { shape: [], data: Float64Array.of(1), offset: 0, strides: [] };
  const out = names.filter((_, axis) => !axes.includes(axis)).join('');
  const spec = { a: names.join(''), b: '', out };
  return strided({ shape, data: contractStrided(spec, inFloat64(x), one).data });
}

/** Integers whose differences 32 bits hold. */
const HALF_WORDS = interval(1n - 2n ** 30n, 2n ** 30n - 1n);

/** Columns of tables in 32-bit integers. */
const tableWords = new WeakMap<Tensor, Int32Array>();

function wordsOfColumn(column: Tensor): Int32Array {
  const have = tableWords.get(column);
  if (have !== undefined) return have;
  const made = new Int32Array(column.data);
  tableWords.set(column, made);
  return made;
}

/** One value column, whose interval is given, of a table at keys that lie in its domain. */
export function lookUp(t: Table, column: number, keys: Tensor, range: Interval): Tensor {
  const { shape } = keys;
  const isNarrow = keys.data instanceof Int32Array && fitsWord(range) && fitsWord(t.domain);
  const words = isNarrow ? asWords(strided(keys)).data : undefined;
  const first = Number(t.domain.lo);
  if (t.kind === 'data') {
    const values = t.columns[column]!;
    if (words !== undefined) return { shape, data: lookUpWords(words, wordsOfColumn(values), first) };
    const data = arrayFor(range, keys.data.length);
    for (let e = 0; e < data.length; e++) data[e] = values.data[keys.data[e]! - first]!;
    return { shape, data };
  }
  if (t.kind === 'clamp') {
    const [low, high] = [Number(tableValue(t, 0, t.domain.lo)), Number(tableValue(t, 0, t.domain.hi))];
    const isSmall = [t.domain, range].every((r) => containsInterval(HALF_WORDS, r));
    if (words !== undefined && isSmall) return { shape, data: clampWords(words, low, high) };
    const data = arrayFor(range, keys.data.length);
    for (let e = 0; e < data.length; e++) data[e] = Math.min(Math.max(keys.data[e]!, low), high);
    return { shape, data };
  }
  if (words !== undefined) return { shape, data: signWords(words) };
  return { shape, data: Int32Array.from(keys.data, (v) => (v < 0 ? 1 : 0)) };
}
