// Bits of the elements of a wire: where their variables are, what the lowest one is, and their values.
import { type Elements, elementOf } from './combinations.ts';
import { type BitForm, weightsOf } from './proofs.ts';
import { constant, type LinearCombination, plus } from './rows.ts';

/**
 * Bits of a wire's elements, `width` variables per element from `first`; one less if the element is tied to them: the
 * lowest bit is then what is left of the element.
 */
export interface Bits extends BitForm {
  readonly first: number;
  readonly tied: boolean;
}

/** Variables per element. */
export function variablesPer(width: number, tied: boolean): number {
  return tied ? Math.max(0, width - 1) : width;
}

/** element - lo - sum of weight * bit over all bits but the lowest. */
export function lowestBit(x: Elements, bits: Bits): (element: number) => LinearCombination {
  const coefficients = weightsOf(bits)
    .slice(1)
    .map((w) => -w);
  return (element) => {
    const base = bits.first + element * coefficients.length;
    const others = { variables: coefficients.map((_, i) => base + i), coefficients };
    return plus(plus(elementOf(x, element), constant(bits.lo), -1n), others);
  };
}

/** Bits of value - lo, the last one set only if needed; nothing sensible for a value outside what the bits can express. */
export function assignBits(
  assign: (variable: number, value: number) => void,
  first: number,
  bits: Bits,
  value: number | bigint,
): void {
  const { lo, width, top, tied } = bits;
  if (width === 0) return;
  const number = BigInt(value) - lo;
  const last = number >> BigInt(width - 1) > 0n ? 1 : 0;
  const digits = BigInt.asUintN(width - 1, last === 1 ? number - top : number);
  const skipped = tied ? 1 : 0;
  for (let i = skipped; i < width; i++) assign(first + i - skipped, i === width - 1 ? last : bitAt(digits, i));
}

export const bitAt = (x: bigint, i: number): number => (((x >> BigInt(i)) & 1n) === 1n ? 1 : 0);
