// The questions gadgets ask about the target: what fits its field, what fits its tables. Nothing else in stdlib reads `target`.
import type { Builder } from '../../compiler/ir/circuit.ts';
import { type Interval, widthOf } from '../../compiler/ir/interval.ts';

/** True if a value of the interval is zero over the field only if it is zero over the integers. */
export function isZeroTestable(b: Builder, x: Interval): boolean {
  return x.hi < b.target.modulus && -x.lo < b.target.modulus;
}

/** True if a value of range x can be proved to lie in the interval: no element of x wraps into it. */
export function isProvable(b: Builder, x: Interval, to: Interval): boolean {
  return x.hi - to.lo < b.target.modulus && to.hi - x.lo < b.target.modulus;
}

/** True if the target has a cheap realisation of a clamp or sign over the domain: any, where these are done by bits. */
export function isTableSized(b: Builder, domain: Interval): boolean {
  return !b.target.lookups || widthOf(domain) <= b.target.tableBits;
}
