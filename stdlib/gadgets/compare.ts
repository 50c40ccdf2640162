// Signs and clamps: the two questions about the order of integers that everything else is made of.
//
// Soundness: a clamp or sign is a function of its key. Where it is a lookup, the lookup proves that the key lies in the
// table's domain (the key cannot wrap into it) and the result is the table's. The domain is only ever wider than the key's
// range, and a table of this kind is right on its whole domain, so the result is that of the key; its interval is then the
// image of the key's range (lemma `clamp`).
//
// Keys too wide for the tables of a lookup target: a clamp is two selections by a sign (see sign.ts): lo + d - n * d is
// max(x, lo) for d = x - lo, and likewise for hi (lemma `clamp`). The sign of a number is that of its floor after division
// by any power of two, so that of a number wider than the field is found at its last limb.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import {
  clamp,
  containsInterval,
  type Interval,
  interval,
  max,
  powerOfTwoHull,
  signedHull,
  unsignedHull,
} from '../../compiler/ir/interval.ts';
import { clampTable, type Table } from '../../compiler/ir/table.ts';
import { limbsOf } from './limbs.ts';
import { hadamard, splat } from './linear.ts';
import { isSignProvable, narrowSign } from './sign.ts';
import { isProvable, isTableSized } from './target.ts';
import { shiftWide } from './wide.ts';

/** The image of an interval under a clamp. */
export function clampedInterval(x: Interval, to: Interval): Interval {
  return { lo: clamp(to, x.lo), hi: clamp(to, x.hi) };
}

/**
 * The table that clamps keys of the given range: on targets without lookups over a domain that bits prove directly,
 * [to.lo - 2^n, to.lo + 2^n - 1] or, if keys exceed the interval only, [to.hi + 1 - 2^n, to.hi + 2^n], and saturating only
 * on the sides where a key can lie.
 */
export function clampTableFor(b: Builder, key: Interval, to: Interval): Table {
  if (b.target.lookups) return clampTable(powerOfTwoHull(key), to);
  const [below, above] = [key.lo < to.lo, key.hi > to.hi];
  // The highest bit tells on which side of the bound a key lies that can leave the interval on one side only.
  const pivot = below ? to.lo : to.hi + 1n;
  const domain = below || above ? signedHull(key, pivot) : unsignedHull(key, key.lo);
  return clampTable(domain, interval(below ? to.lo : domain.lo, above ? to.hi : domain.hi));
}

/** min(max(x, to.lo), to.hi). @throws Diagnostic `field-overflow` if x is too wide for the target's field. */
export function clampTo(b: Builder, x: Wire, to: Interval, label: string): Wire {
  if (containsInterval(to, x.range)) return x;
  const image = clampedInterval(x.range, to);
  if (image.lo === image.hi) return splat(b, image.lo, x.shape);
  const table = clampTableFor(b, x.range, to);
  if (isTableSized(b, table.domain) && isProvable(b, x.range, x.range)) {
    const usable = isProvable(b, x.range, table.domain) ? table : clampTable(x.range, to);
    return b.deduce(b.lookup(usable, x, label)[0]!, image, 'clamp');
  }
  let y = x;
  if (y.range.lo < to.lo) {
    const d = b.affine([[y, 1n]], -to.lo);
    const negative = hadamard(b, isNegative(b, d, `${label}.lo`), d);
    const raised = b.affine(
      [
        [y, 1n],
        [negative, -1n],
      ],
      0n,
    );
    y = b.deduce(raised, clampedInterval(y.range, interval(to.lo, max(to.lo, y.range.hi))), 'clamp');
  }
  if (y.range.hi > to.hi) {
    const d = b.affine([[y, -1n]], to.hi);
    const negative = hadamard(b, isNegative(b, d, `${label}.hi`), d);
    const lowered = b.affine([
      [y, 1n],
      [negative, 1n],
    ]);
    y = b.deduce(lowered, image, 'clamp');
  }
  return y;
}

/**
 * 1 where x < 0, else 0. The sign of a number that does not fit the field is that of its floor at the last of its limbs.
 * @throws Diagnostic `field-overflow` if x is too wide even for limbs.
 */
export function isNegative(b: Builder, x: Wire, label: string): Wire {
  if (x.range.lo >= 0n || x.range.hi < 0n || isSignProvable(b, x.range)) return narrowSign(b, x, label);
  const wide = limbsOf(b, x, `${label}.limbs`);
  return narrowSign(b, shiftWide(b, wide, wide.limbs.at(-1)!.shift, `${label}.top`), label);
}
