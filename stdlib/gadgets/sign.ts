// The sign of a number that fits the field.
//
// Soundness: where it is a lookup, the lookup proves that the key lies in the table's domain (the key cannot wrap into it).
// For keys too wide for a table n is a proved boolean, and slack = x - n * (2x + 1) is x for n = 0 and -x - 1 for n = 1
// (lemma `select`). Proving slack >= 0 leaves n = 1 exactly for x < 0.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { BOOLEAN, hull, type Interval, interval, max, powerOfTwoHull, signedHull } from '../../compiler/ir/interval.ts';
import { signTable } from '../../compiler/ir/table.ts';
import { hadamard, splat } from './linear.ts';
import { isProvable, isTableSized } from './target.ts';

/** The domain over which a sign would be a table. */
const domainOf = (b: Builder, x: Interval): Interval => (b.target.lookups ? powerOfTwoHull(x) : signedHull(x, 0n));

/** The slack of the sign whichever it is, and the interval in which it is proved. */
function slackOf({ lo, hi }: Interval): { readonly either: Interval; readonly proved: Interval } {
  return { either: hull({ lo, hi }, interval(-hi - 1n, -lo - 1n)), proved: interval(0n, max(hi, -lo - 1n)) };
}

/** True if {@link narrowSign} is possible for numbers of the interval. */
export function isSignProvable(b: Builder, x: Interval): boolean {
  const { either, proved } = slackOf(x);
  return isTableSized(b, domainOf(b, x)) ? isProvable(b, x, x) : isProvable(b, either, proved);
}

/** 1 where x < 0, else 0. @throws Diagnostic `field-overflow` if x is too wide for the target's field. */
export function narrowSign(b: Builder, x: Wire, label: string): Wire {
  if (x.range.lo >= 0n) return splat(b, 0n, x.shape);
  if (x.range.hi < 0n) return splat(b, 1n, x.shape);
  const domain = domainOf(b, x.range);
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
  const { either, proved } = slackOf(x.range);
  const slack = b.deduce(selected, either, 'select');
  const wide = powerOfTwoHull(proved);
  b.range(slack, isProvable(b, slack.range, wide) ? wide : proved, `${label}.slack`);
  return n;
}
