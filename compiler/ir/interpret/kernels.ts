// Kernels of the witness reading: arithmetic instructions and lookups on strided typed arrays.

import type { Instr } from '../circuit.ts';
import { contractStrided } from '../contraction.ts';
import type { Interval } from '../interval.ts';
import { type Table, tableValue } from '../table.ts';
import { type NumericArray, type Shape, sizeOf, stridesOf, type Tensor, zeros } from '../tensor.ts';
import { copyInto, dense, type Strided, strided } from '../view.ts';

/** A zero-filled array in the smallest type that holds the interval. */
export function arrayFor(r: Interval, n: number): NumericArray {
  if (r.lo >= -128n && r.hi <= 127n) return new Int8Array(n);
  if (r.lo >= 0n && r.hi <= 255n) return new Uint8Array(n);
  if (r.lo >= -32768n && r.hi <= 32767n) return new Int16Array(n);
  if (r.lo >= 0n && r.hi <= 65535n) return new Uint16Array(n);
  if (r.lo >= -(2n ** 31n) && r.hi < 2n ** 31n) return new Int32Array(n);
  return new Float64Array(n);
}

/** Index of the first element outside the interval, or -1. */
export function outside(x: Strided, to: Interval): number {
  const [lo, hi] = [Number(to.lo), Number(to.hi)];
  const { data } = dense(x);
  for (let e = 0; e < data.length; e++) if (!(data[e]! >= lo && data[e]! <= hi)) return e;
  return -1;
}

/** Float64 storage: one array type in the inner loop of contractions keeps it fast. */
export function inFloat64(x: Strided): Strided {
  return x.data instanceof Float64Array ? x : { ...x, data: new Float64Array(x.data) };
}

/** sum of k * x + c. */
export function affine(i: Extract<Instr, { readonly op: 'affine' }>, operands: readonly Strided[]): Strided {
  const out = new Float64Array(sizeOf(operands[0]!.shape)).fill(Number(i.c));
  for (const [j, x] of operands.entries()) {
    const { data } = dense(x);
    const k = Number(i.k[j]!);
    for (let e = 0; e < out.length; e++) out[e]! += k * data[e]!;
  }
  return strided({ shape: operands[0]!.shape, data: out });
}

/** Operands one after the other along an axis. */
export function concat(shape: Shape, axis: number, operands: readonly Strided[]): Strided {
  const out = zeros(shape);
  const strides = stridesOf(shape);
  let position = 0;
  for (const x of operands) {
    copyInto(x, out.data, position * strides[axis]!, strides);
    position += x.shape[axis]!;
  }
  return strided(out);
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

/** One value column of a table at keys that lie in its domain. */
export function lookUp(t: Table, column: number, keys: Tensor, range: Interval): Tensor {
  const data = arrayFor(range, keys.data.length);
  const lo = t.domain.lo;
  if (t.kind === 'data') {
    const values = t.columns[column]!.data;
    const first = Number(lo);
    for (let e = 0; e < data.length; e++) data[e] = values[keys.data[e]! - first]!;
  } else if (t.kind === 'clamp') {
    const [low, high] = [Number(tableValue(t, 0, lo)), Number(tableValue(t, 0, t.domain.hi))];
    for (let e = 0; e < data.length; e++) {
      const v = keys.data[e]!;
      data[e] = v < low ? low : v > high ? high : v;
    }
  } else {
    for (let e = 0; e < data.length; e++) data[e] = keys.data[e]! < 0 ? 1 : 0;
  }
  return { shape: keys.shape, data };
}
