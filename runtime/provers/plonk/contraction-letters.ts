// Letters of a contraction sorted by where they stand, and where every cell lies in the order that its sumcheck wants.
import { type Contraction, contractionSizes } from '../../../compiler/ir/contraction.ts';
import { offsetsOf, type Shape, sizeOf, stridesOf } from '../../../compiler/ir/tensor.ts';

/**
 * The letters of `a . b -> out`: kept letters that both operands have (`batch`), kept letters of one operand (`rows`),
 * summed letters of both (`inner`), summed letters of one operand (`loose`).
 */
export interface Letters {
  readonly batch: string;
  readonly inner: string;
  readonly rowsA: string;
  readonly rowsB: string;
  readonly looseA: string;
  readonly looseB: string;
  readonly sizes: ReadonlyMap<string, number>;
}

export function sortLetters(spec: Contraction, a: Shape, b: Shape): Letters {
  const sizes = contractionSizes(spec, a, b);
  const pick = (names: string, other: string, kept: boolean, shared: boolean): string =>
    [...names].filter((l) => spec.out.includes(l) === kept && other.includes(l) === shared).join('');
  return {
    batch: pick(spec.a, spec.b, true, true),
    inner: pick(spec.a, spec.b, false, true),
    rowsA: pick(spec.a, spec.b, true, false),
    rowsB: pick(spec.b, spec.a, true, false),
    looseA: pick(spec.a, spec.b, false, false),
    looseB: pick(spec.b, spec.a, false, false),
    sizes,
  };
}

/** Number of values of some letters together. */
export function countOf(letters: string, sizes: ReadonlyMap<string, number>): number {
  return sizeOf([...letters].map((l) => sizes.get(l)!));
}

/** Bits of some letters, each padded to a power of two on its own. */
export function bitsOf(letters: string, sizes: ReadonlyMap<string, number>): number {
  return [...letters].reduce((n, l) => n + ceilLog2(sizes.get(l)!), 0);
}

/** Smallest k with 2^k >= n. */
export function ceilLog2(n: number): number {
  let k = 0;
  while (2 ** k < n) k++;
  return k;
}

/** For every value of the letters (row-major): sum of index times stride; letters without a stride count nothing. */
export function positions(
  letters: string,
  sizes: ReadonlyMap<string, number>,
  strides: ReadonlyMap<string, number>,
): Int32Array {
  const names = [...letters];
  return offsetsOf(
    names.map((l) => sizes.get(l)!),
    names.map((l) => strides.get(l) ?? 0),
  );
}

/** Strides of a tensor's letters. */
export function letterStrides(letters: string, shape: Shape): ReadonlyMap<string, number> {
  const strides = stridesOf(shape);
  return new Map([...letters].map((l, i) => [l, strides[i]!]));
}

/** Strides of letters in the index of a sumcheck: the last letter in the lowest bits, each padded on its own. */
export function paddedStrides(letters: string, sizes: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const strides = new Map<string, number>();
  let bits = 0;
  for (const l of [...letters].reverse()) {
    strides.set(l, 2 ** bits);
    bits += ceilLog2(sizes.get(l)!);
  }
  return strides;
}
