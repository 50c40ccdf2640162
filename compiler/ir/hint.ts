// Hints: values the prover computes outside the circuit. A closed union of data, so that they travel to Circom and files.
import { floorDiv, isqrt } from './interval.ts';
import { type Shape, sizeOf } from './tensor.ts';

/** Complete. Floors round to minus infinity; "last axis" hints act row by row; all arithmetic is over the integers. */
export type Hint =
  /** x -> floor(x/by), x - by*floor(x/by) */
  | { readonly kind: 'divmod'; readonly by: bigint }
  /** x, d >= 1 -> floor(x/d), remainder */
  | { readonly kind: 'divide' }
  /** x -> n digits base 2^bits, low first; the last keeps the sign */
  | { readonly kind: 'digits'; readonly bits: number; readonly n: number }
  /** x -> 1 if x < 0 else 0 */
  | { readonly kind: 'isNegative' }
  /** x >= 0 -> floor(sqrt x) */
  | { readonly kind: 'isqrt' }
  /** i -> unit vector of length n, a new last axis */
  | { readonly kind: 'oneHot'; readonly n: number }
  /** last axis -> unit vector of the first (or last) maximum */
  | { readonly kind: 'argmax'; readonly last: boolean }
  /** last axis -> k unit vectors by falling value, ties: lower index first; axes [..., k, n] */
  | { readonly kind: 'topk'; readonly k: number };

/** Shapes of a hint's outputs from the shapes of its inputs. */
export function hintShapes(h: Hint, inputs: readonly Shape[]): readonly Shape[] {
  const x = inputs[0]!;
  switch (h.kind) {
    case 'divmod':
    case 'divide':
      return [x, x];
    case 'digits':
      return Array.from({ length: h.n }, () => x);
    case 'isNegative':
    case 'isqrt':
    case 'argmax':
      return [x];
    case 'oneHot':
      return [[...x, h.n]];
    case 'topk':
      return [[...x.slice(0, -1), h.k, x[x.length - 1]!]];
  }
}

/**
 * Honest values of a hint over integers, one array per output. Total: an input outside the hint's domain (a zero divisor,
 * a negative root) gives zeros, which the constraints then refuse.
 */
export function evaluateHint(h: Hint, inputs: readonly (readonly bigint[])[], shapes: readonly Shape[]): bigint[][] {
  const x = inputs[0]!;
  const each = (n: number, f: (v: bigint, i: number) => readonly bigint[]): bigint[][] => {
    const values = x.map(f);
    return Array.from({ length: n }, (_, j) => values.map((v) => v[j]!));
  };
  const rows = (length: number, f: (row: readonly bigint[]) => readonly bigint[]): bigint[][] => {
    const out: bigint[] = [];
    for (let r = 0; r < x.length; r += length) for (const v of f(x.slice(r, r + length))) out.push(v);
    return [out];
  };
  const last = shapes[0]?.at(-1) ?? 1;
  switch (h.kind) {
    case 'divmod':
      return each(2, (v) => divmod(v, h.by));
    case 'divide':
      return each(2, (v, i) => divmod(v, inputs[1]![i]!));
    case 'digits':
      return each(h.n, (v) => {
        const digits: bigint[] = [];
        let rest = v;
        for (let i = 0; i < h.n - 1; i++) {
          const [q, r] = divmod(rest, 1n << BigInt(h.bits));
          digits.push(r);
          rest = q;
        }
        return [...digits, rest];
      });
    case 'isNegative':
      return each(1, (v) => [v < 0n ? 1n : 0n]);
    case 'isqrt':
      return each(1, (v) => [v < 0n ? 0n : isqrt(v)]);
    case 'oneHot':
      return [x.flatMap((v) => unit(h.n, v >= 0n && v < BigInt(h.n) ? Number(v) : -1))];
    case 'argmax':
      return rows(last, (row) => unit(row.length, order(row, h.last)[0] ?? -1));
    case 'topk':
      return rows(last, (row) =>
        order(row, false)
          .slice(0, h.k)
          .flatMap((i) => unit(row.length, i)),
      );
  }
}

function divmod(x: bigint, by: bigint): readonly [bigint, bigint] {
  if (by === 0n) return [0n, 0n];
  const q = floorDiv(x, by);
  return [q, x - q * by];
}

function unit(n: number, at: number): bigint[] {
  const row = new Array<bigint>(n).fill(0n);
  if (at >= 0) row[at] = 1n;
  return row;
}

/** Indices by falling value; among equals the lower (or, if `last`, the higher) index first. */
function order(row: readonly bigint[], last: boolean): number[] {
  const sign = last ? -1 : 1;
  return row.map((_, i) => i).sort((a, b) => (row[a] === row[b] ? sign * (a - b) : row[a]! > row[b]! ? -1 : 1));
}

/** Number of elements of each output. */
export function hintSizes(h: Hint, inputs: readonly Shape[]): number[] {
  return hintShapes(h, inputs).map(sizeOf);
}
