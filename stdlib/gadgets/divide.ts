// Division by a positive wire, rounded down.
//
// Soundness: x = q * d + u over the integers (by limbs where the identity could wrap, see wide.ts), u >= 0 and d - 1 - u >= 0
// are proved, and d >= 1 by its proven range. Quotient and remainder are unique, so q = floor(x / d) whatever wider
// interval q was proved in; where that interval is only widened to a power of two, q lies in the quotients of the ranges
// (lemma `mean`). A quotient interval that the ranges do not imply is proved as it stands.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import {
  addIntervals,
  containsInterval,
  floorDivInterval,
  hull,
  type Interval,
  interval,
  mulIntervals,
  powerOfTwoHull,
  scaleInterval,
  showInterval,
} from '../../compiler/ir/interval.ts';
import { hadamard, minus, splat } from './linear.ts';
import { isZeroTestable } from './target.ts';
import { addWide, mulWide, negateWide, wideOf, zeroWide } from './wide.ts';

/**
 * floor(x / d), equal shapes, d >= 1 by its range. `quotient` is the interval promised to the consumer; an honest run
 * whose quotient leaves it is refused.
 * @throws Diagnostic `bad-divisor` if the range of d contains values below 1.
 */
export function divideFloor(b: Builder, x: Wire, d: Wire, quotient: Interval, label: string): Wire {
  if (d.range.lo < 1n)
    throw new Diagnostic(
      'bad-divisor',
      `${label}: the divisor has range ${showInterval(d.range)}; it must be at least 1`,
    );
  const divisor = d.range.lo === d.range.hi ? splat(b, d.range.lo, d.shape) : d;
  const implied = hull(floorDivInterval(x.range, d.range.lo), floorDivInterval(x.range, d.range.hi));
  const exact = containsInterval(quotient, implied) ? implied : quotient;
  const remainder = powerOfTwoHull(interval(0n, d.range.hi - 1n));
  const fits = (q: Interval): boolean => {
    const product = scaleInterval(mulIntervals(q, d.range), -1n);
    const identity = addIntervals(addIntervals(x.range, product), scaleInterval(remainder, -1n));
    return isZeroTestable(b, identity);
  };
  const wide = powerOfTwoHull(exact);
  const outs = b.hint(
    { kind: 'divide' },
    [x, divisor],
    [
      { shape: x.shape, range: exact === implied && fits(wide) ? wide : exact },
      { shape: x.shape, range: remainder },
    ],
    label,
  );
  const q = outs[0]!;
  const u = outs[1]!;
  const above = b.affine(
    [
      [divisor, 1n],
      [u, -1n],
    ],
    -1n,
  );
  b.range(above, remainder, `${label}.below`);
  if (fits(q.range)) {
    const identity = b.affine([
      [x, 1n],
      [hadamard(b, q, divisor), -1n],
      [u, -1n],
    ]);
    b.assertZero(identity, `${label}.identity`);
  } else {
    const product = negateWide(b, mulWide(b, q, divisor, `${label}.product`));
    zeroWide(b, addWide(b, wideOf(minus(b, x, u)), product), `${label}.identity`);
  }
  return b.deduce(q, exact, 'mean');
}
