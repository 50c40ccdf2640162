// Signs and clamps: the two questions about the order of integers that everything else is made of.
//
// Soundness: a clamp or sign is a function of its key. Where it is a lookup, the lookup proves that the key lies in the
// table's domain (the key cannot wrap into it) and the result is the table's. The domain is only ever wider than the key's
// range, and a table of this kind is right on its whole domain, so the result is that of the key; its interval is then the
// image of the key's range (lemma `clamp`).
//
// Keys too wide for the tables of a lookup target: n is a proved boolean, and slack = d - n * (2d + 1) is d for n = 0 and
// -d - 1 for n = 1 (lemma `select`). Proving slack >= 0 leaves n = 1 exactly for d < 0. A clamp is then two selections by
// such a sign: lo + d - n * d is max(x, lo) for d = x - lo, and likewise for hi (lemma `clamp`).
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import {
  BOOLEAN,
  clamp,
  containsInterval,
  hull,
  type Interval,
  interval,
  max,
  powerOfTwoHull,
  signedHull,
  unsignedHull,
} from '../../compiler/ir/interval.ts';
import { clampTable, signTable, type Table } from '../../compiler/ir/table.ts';
import { hadamard, splat } from './linear.ts';
import { isProvable, isTableSized } from './target.ts';

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
  if (isTableSized(b, table.domain)) {
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

/** 1 where x < 0, else 0. @throws Diagnostic `field-overflow` if x is too wide for the target's field. */
export function isNegative(b: Builder, x: Wire, label: string): Wire {
  if (x.range.lo >= 0n) return splat(b, 0n, x.shape);
  if (x.range.hi < 0n) return splat(b, 1n, x.shape);
  const domain = b.target.lookups ? powerOfTwoHull(x.range) : signedHull(x.range, 0n);
  if (isTableSized(b, domain))
    return b.lookup(signTable(isProvable(b, x.range, domain) ? domain : x.range), x, label)[0]!;
  const n = b.hint({ kind: 'isNegative' }, [x], [{ shape: x.shape, range: BOOLEAN }], label)[0]!;
  const selected = b.affine(
    [
      [x, 1n],
      [hadamard(b, n, x), -2n],
      [n, -1n],
    ],
    0n,
  );
  const slack = b.deduce(selected, hull(x.range, interval(-x.range.hi - 1n, -x.range.lo - 1n)), 'select');
  const bound = interval(0n, max(x.range.hi, -x.range.lo - 1n));
  const wide = powerOfTwoHull(bound);
  b.range(slack, isProvable(b, slack.range, wide) ? wide : bound, `${label}.slack`);
  return n;
}
