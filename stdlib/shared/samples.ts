// Operand types and constants for the samples of operators: small, fixed, covering both signs.
import { powerOfTwo, type Rational } from '../../compiler/ir/rational.ts';
import { type Shape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { type FloatType, floatType, type IntType, intType } from '../../compiler/ir/types.ts';

/** Signed 8-bit integers of the given scale. */
export function int8(shape: Shape, scale: Rational = powerOfTwo(-7)): IntType {
  return intType(shape, -128, 127, scale);
}

/** Integers of a stated range. */
export function ints(shape: Shape, lo: number, hi: number, scale: Rational = powerOfTwo(-7)): IntType {
  return intType(shape, lo, hi, scale);
}

/** Reals of a stated range. */
export function reals(shape: Shape, lo = -4, hi = 4): FloatType {
  return floatType(shape, 'f32', [lo, hi]);
}

/**
 * Integers of [lo, hi] that look random and never change: a multiplicative congruential generator (Park and Miller,
 * Communications of the ACM 31, 1988), so that counts of rows can be pinned.
 */
export function weights(shape: Shape, lo = -127, hi = 127, seed = 1): Tensor {
  let state = seed;
  const data = Int32Array.from({ length: sizeOf(shape) }, () => {
    state = (state * 48271) % 2147483647;
    return lo + (state % (hi - lo + 1));
  });
  return { shape, data };
}
