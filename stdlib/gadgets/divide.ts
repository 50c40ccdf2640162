// Division by a positive wire, rounded down.
//
// Soundness: x = q * d + u over the integers (by limbs where the identity could wrap, see limbs.ts, wide.ts), u >= 0 and
// d - 1 - u >= 0 are proved, and d >= 1 by its proven range. Quotient and remainder are unique, so q = floor(x / d)
// whatever wider interval q was proved in; where that interval is only widened to a power of two, q lies in the quotients of the ranges
// (lemma `mean`). A quotient interval that the ranges do not imply is proved as it stands. Floors compose, so that the
// powers of two in a constant divisor of a number too wide for the field are shifted out first.
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
import { limbsOf } from './limbs.ts';
import { hadamard, minus, scaled, splat } from './linear.ts';
import { isZeroTestable } from './target.ts';
import {
  addWide,
  isCarried,
  isComfortable,
  mulWide,
  negateWide,
  scaleWide,
  shiftWide,
  wideOf,
  zeroWide,
} from './wide.ts';

/** How often two divides a positive integer. */
function factorsOfTwo(n: bigint): number {
  let k = 0;
  while ((n >> BigInt(k)) % 2n === 0n) k++;
  return k;
}

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
  const constant = d.range.lo === d.range.hi ? d.range.lo : undefined;
  const twos = constant === undefined || isComfortable(b, x.range) ? 0 : factorsOfTwo(constant);
  if (constant !== undefined && twos > 0) {
    const halved = shiftWide(b, limbsOf(b, x, `${label}.limbs`), twos, `${label}.shift`);
    return divideFloor(b, halved, splat(b, constant >> BigInt(twos), d.shape), quotient, label);
  }
  if (constant === 1n) return containsInterval(quotient, x.range) ? x : b.range(x, quotient, label);
  const divisor = constant === undefined ? d : splat(b, constant, d.shape);
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
    const name = `${label}.product`;
    const product =
      constant === undefined ? negateWide(b, mulWide(b, q, divisor, name)) : scaleWide(b, q, -constant, name);
    const rest = minus(b, x, u);
    const limbs = isCarried(b, rest.range)
      ? wideOf(rest)
      : addWide(b, limbsOf(b, x, `${label}.limbs`), wideOf(scaled(b, u, -1n)));
    zeroWide(b, addWide(b, limbs, product), `${label}.identity`);
  }
  return b.deduce(q, exact, 'mean');
}
