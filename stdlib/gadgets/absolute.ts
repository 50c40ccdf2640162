// Absolute value.
//
// Soundness: |x| = 2 * max(x, 0) - x, and max(x, 0) is a clamp, a function of x (see compare.ts). The result is the larger
// of x and -x and lies in the absolute values of x's range (lemma `max`).
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { interval, max } from '../../compiler/ir/interval.ts';
import { clampTo } from './compare.ts';
import { scaled } from './linear.ts';

/** |x|: one clamp per element where the sign is open. */
export function absolute(b: Builder, x: Wire, label: string): Wire {
  if (x.range.lo >= 0n) return x;
  if (x.range.hi <= 0n) return scaled(b, x, -1n);
  const positive = clampTo(b, x, interval(0n, x.range.hi), label);
  const twice = b.affine([
    [positive, 2n],
    [x, -1n],
  ]);
  return b.deduce(twice, interval(0n, max(x.range.hi, -x.range.lo)), 'max');
}
