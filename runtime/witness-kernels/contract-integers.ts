// Integer contractions in WebAssembly: any letters as products of matrices of int16, exact as long as results fit int32.
import type { Contraction } from '../../compiler/ir/contraction.ts';
import type { ContractionRanges } from '../../compiler/ir/interpret/kernels.ts';
import type { Interval } from '../../compiler/ir/interval.ts';
import { type Shape, sizeOf, stridesOf, type Tensor } from '../../compiler/ir/tensor.ts';
import type { Strided } from '../../compiler/ir/view.ts';
import { countOf, type Letters, positions, sortLetters } from '../provers/plonk/contraction-letters.ts';
import { TILE_COLUMNS } from './contraction-code.ts';
import { type MatrixProduct, multiplyMatrices, type Operand } from './matrix-product.ts';

/** Products in all, and in each batch, from which on the kernel is faster than a plain loop. */
const LEAST_PRODUCTS = 2 ** 11;
const LEAST_BATCH = 2 ** 8;

const fits = (r: Interval, bits: bigint): boolean => r.lo >= -(1n << (bits - 1n)) && r.hi < 1n << (bits - 1n);

/**
 * Evaluates a contraction exactly where this kernel applies and is faster than a plain loop; undefined elsewhere.
 */
export function contractIntegers(
  spec: Contraction,
  a: Strided,
  b: Strided,
  ranges: ContractionRanges,
): Tensor | undefined {
  const { sizes, batch, inner, rowsA, rowsB } = sortLetters(spec, a.shape, b.shape);
  const [rows, columns] = [countOf(rowsA, sizes), countOf(rowsB, sizes)];
  const products = rows * columns * countOf(inner, sizes);
  if (products < LEAST_BATCH || products * countOf(batch, sizes) < LEAST_PRODUCTS) return undefined;
  return Math.max(rows, columns) < TILE_COLUMNS ? undefined : multiplyIntegers(spec, a, b, ranges);
}

/**
 * Evaluates a contraction exactly, or returns undefined where this kernel does not apply: elements beyond int16, results
 * beyond int32, letters that one operand alone sums over. Should elements leave their intervals nevertheless, they count
 * modulo 2^16, and results modulo 2^32.
 */
export function multiplyIntegers(
  spec: Contraction,
  a: Strided,
  b: Strided,
  ranges: ContractionRanges,
): Tensor | undefined {
  if (!fits(ranges.a, 16n) || !fits(ranges.b, 16n) || !fits(ranges.out, 32n)) return undefined;
  const letters = sortLetters(spec, a.shape, b.shape);
  const { sizes, batch, rowsA, rowsB, looseA, looseB } = letters;
  if (looseA !== '' || looseB !== '') return undefined;
  const [m, n] = [countOf(rowsA, sizes), countOf(rowsB, sizes)];
  // Columns are neighbours in the result, unless they are too few for a tile.
  const last = spec.out.at(-1) ?? '';
  const swapped = rowsA.includes(last) ? m >= TILE_COLUMNS : n < TILE_COLUMNS;
  const shape: Shape = [...spec.out].map((l) => sizes.get(l)!);
  const data = new Int32Array(sizeOf(shape));
  const [rows, columns] = swapped ? [rowsB, rowsA] : [rowsA, rowsB];
  const places = (names: string): Int32Array => offsets(names, sizes, spec.out, stridesOf(shape));
  const product: MatrixProduct = {
    rows: swapped ? operand(spec.b, b, letters, rows) : operand(spec.a, a, letters, rows),
    columns: swapped ? operand(spec.a, a, letters, columns) : operand(spec.b, b, letters, columns),
    batchPlaces: places(batch),
    rowPlaces: places(rows),
    columnPlaces: places(columns),
  };
  if (data.length > 0 && countOf(letters.inner, sizes) > 0) multiplyMatrices(product, data);
  return { shape, data };
}

function offsets(names: string, sizes: Letters['sizes'], of: string, strides: readonly number[]): Int32Array {
  return positions(names, sizes, new Map([...of].map((l, i) => [l, strides[i]!])));
}

/** The part of the storage that an operand reads, and the offsets in it. */
function operand(
  names: string,
  { shape, strides, offset, data }: Strided,
  { sizes, batch, inner }: Letters,
  lines: string,
): Operand {
  let [first, last] = [offset, offset];
  for (const [axis, n] of shape.entries()) {
    const reach = strides[axis]! * (n - 1);
    if (reach < 0) first += reach;
    else last += reach;
  }
  return {
    elements: data.subarray(first, last + 1),
    start: offset - first,
    batch: offsets(batch, sizes, names, strides),
    lines: offsets(lines, sizes, names, strides),
    summands: offsets(inner, sizes, names, strides),
  };
}
