// Which integers stand for which reals: power-of-two scales and the window of 2^bits integers that a tensor uses.

import { powerOfTwo, type Rational, toNumber } from '../ir/rational.ts';
import { roundHalfEven } from '../ir/rounding.ts';

/** real = 2^exponent * integer, integers in [lo, hi]. */
export interface NumberFormat {
  readonly exponent: number;
  readonly scale: Rational;
  readonly lo: number;
  readonly hi: number;
}

/** No scale is finer than 2^this: denormal numbers become zero instead of scales that nothing can be aligned with. */
export const LEAST_EXPONENT = -60;

/**
 * The finest power-of-two scale at which the reals [lo, hi], zero included, fit 2^bits consecutive integers. The window
 * starts at zero for reals that are never negative and is centred on the range otherwise. `excess` integers (0 or 1) at the
 * upper end may be missing: reals there saturate by that many units, in exchange for a scale twice as fine.
 */
export function fitFormat(range: readonly [number, number], bits: number, excess: 0 | 1 = 0): NumberFormat {
  const lo = Math.min(0, range[0]);
  const hi = Math.max(0, range[1]);
  const width = 2 ** bits - 1;
  if (hi === lo) return { exponent: 0, scale: powerOfTwo(0), lo: 0, hi: width };
  let exponent = Math.max(LEAST_EXPONENT, Math.ceil(Math.log2((hi - lo) / (width + 1))) - 1);
  for (; ; exponent++) {
    const unit = 2 ** exponent;
    const [first, last] = [Math.round(lo / unit), Math.round(hi / unit)];
    if (last - first > width + excess) continue;
    const start = lo < 0 ? first - Math.max(0, Math.floor((width - (last - first)) / 2)) : 0;
    return { exponent, scale: powerOfTwo(exponent), lo: Math.min(0, start), hi: Math.min(0, start) + width };
  }
}

/** Nearest integers of reals at a scale, ties to even, held inside [lo, hi]. */
export function roundToScale(data: ArrayLike<number>, scale: Rational, lo = -Infinity, hi = Infinity): Float64Array {
  const unit = toNumber(scale);
  const out = new Float64Array(data.length);
  for (let i = 0; i < out.length; i++) out[i] = Math.min(hi, Math.max(lo, roundHalfEven(data[i]! / unit)));
  return out;
}
