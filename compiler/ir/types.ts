// Types of graph values: reals before quantization, integers with a proven range and an exact scale after it.
import { showNumber } from './number-text.ts';
import { ONE, type Rational, sameRational, showRational } from './rational.ts';
import { type Shape, sameShape } from './tensor.ts';

/** Element of a float-stage tensor. `i64` and `bool` hold ONNX's integer and boolean tensors (shapes, indices, masks). */
export type Element = 'f32' | 'i64' | 'bool';

/**
 * A tensor of reals; `range` [lo, hi] is known after calibration (from data or stated by the user). `integral` says that
 * calibration found whole numbers only: quantization then keeps them as they are.
 */
export interface FloatType {
  readonly kind: 'float';
  readonly element: Element;
  readonly shape: Shape;
  readonly range?: readonly [number, number];
  readonly integral?: true;
}

/**
 * A tensor of integers: real value = scale x integer, no zero point. `lo` and `hi` are proven bounds, |bound| < 2^53,
 * so that float64 arithmetic on it is exact.
 */
export interface IntType {
  readonly kind: 'int';
  readonly shape: Shape;
  readonly lo: number;
  readonly hi: number;
  readonly scale: Rational;
}

/** Type of a value: reals before quantization, exact integers after. */
export type TensorType = FloatType | IntType;

/** A type of the float stage. */
export function floatType(shape: Shape, element: Element = 'f32', range?: readonly [number, number]): FloatType {
  return range === undefined ? { kind: 'float', element, shape } : { kind: 'float', element, shape, range };
}

/** @throws RangeError if the range is empty, not whole, or reaches 2^53. */
export function intType(shape: Shape, lo: number, hi: number, scale: Rational = ONE): IntType {
  if (!Number.isSafeInteger(lo) || !Number.isSafeInteger(hi) || lo > hi)
    throw new RangeError(`int type: expected whole numbers lo <= hi below 2^53, got [${lo}, ${hi}]`);
  if (scale.num <= 0n) throw new RangeError(`int type: expected a positive scale, got ${showRational(scale)}`);
  return { kind: 'int', shape, lo: lo + 0, hi: hi + 0, scale };
}

/** Equality of types. What calibration adds to a float type is an annotation and does not take part. */
export function sameType(a: TensorType, b: TensorType): boolean {
  if (!sameShape(a.shape, b.shape)) return false;
  if (a.kind === 'float' || b.kind === 'float')
    return a.kind === 'float' && b.kind === 'float' && a.element === b.element;
  return a.lo === b.lo && a.hi === b.hi && sameRational(a.scale, b.scale);
}

/**
 * `f32<1x4>`, `f32<1x4, [-1, 2.5]>`, `f32<1x4, [0, 9], integral>`, `int<1x4, [-128, 127], 2^-7>`; a scalar's shape prints as
 * nothing: `f32<>`.
 */
export function showType(t: TensorType): string {
  const parts = t.shape.length === 0 ? [] : [t.shape.join('x')];
  if (t.kind === 'int') return `int<${[...parts, `[${t.lo}, ${t.hi}]`, showRational(t.scale)].join(', ')}>`;
  if (t.range !== undefined) parts.push(`[${showNumber(t.range[0])}, ${showNumber(t.range[1])}]`);
  if (t.integral) parts.push('integral');
  return `${t.element}<${parts.join(', ')}>`;
}
