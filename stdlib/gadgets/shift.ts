// Division by a power of two, rounded down.
//
// Soundness: x = 2^s * h + r over the integers (the identity cannot wrap: the recorder checks it), and r is proved to lie in
// [0, 2^s - 1]. Quotient and remainder of a division by 2^s are unique, so h = floor(x / 2^s) whatever wider interval h was
// proved in; hence h also lies in floor(range of x / 2^s) (lemma `mean`: quotient of a bounded value).
// Where the only quotients are 0 and -1, the floor is minus the sign bit of x.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import {
  addIntervals,
  floorDivInterval,
  type Interval,
  interval,
  powerOfTwoHull,
  scaleInterval,
} from '../../compiler/ir/interval.ts';
import { scaled, splat } from './linear.ts';
import { narrowSign } from './sign.ts';
import { isZeroTestable } from './target.ts';

/** True if x - 2^s * h - r stays below the modulus for every x and h of the given intervals. */
export function shiftFits(b: Builder, x: Interval, s: number, h: Interval): boolean {
  const by = 1n << BigInt(s);
  const identity = addIntervals(addIntervals(x, scaleInterval(h, -by)), interval(1n - by, 0n));
  return isZeroTestable(b, identity);
}

/**
 * The committed quotient floor(x / 2^s), proved in the interval that the caller names: it must contain the quotients of
 * x's range, and may be wider where that makes the proof cheaper or a lookup does it.
 */
export function shiftInto(b: Builder, x: Wire, s: number, quotient: Interval, label: string): Wire {
  const by = 1n << BigInt(s);
  const outs = b.hint(
    { kind: 'divmod', by },
    [x],
    [
      { shape: x.shape, range: quotient },
      { shape: x.shape, range: interval(0n, by - 1n) },
    ],
    label,
  );
  const h = outs[0]!;
  const r = outs[1]!;
  b.assertZero(
    b.affine([
      [x, 1n],
      [h, -by],
      [r, -1n],
    ]),
    `${label}.identity`,
  );
  return h;
}

/** floor(x / 2^s). @throws Diagnostic `field-overflow` if x is too wide for the target's field. */
export function shiftFloor(b: Builder, x: Wire, s: number, label: string): Wire {
  if (s === 0) return x;
  const exact = floorDivInterval(x.range, 1n << BigInt(s));
  if (exact.lo === exact.hi) return splat(b, exact.lo, x.shape);
  // All bits but the sign go.
  if (exact.lo === -1n && exact.hi === 0n) return scaled(b, narrowSign(b, x, label), -1n);
  const hull = powerOfTwoHull(exact);
  return b.deduce(shiftInto(b, x, s, shiftFits(b, x.range, s, hull) ? hull : exact, label), exact, 'mean');
}
