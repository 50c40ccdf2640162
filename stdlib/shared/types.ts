// What operators ask of their operand types, and the types of results: one stage, one element, proven integer bounds.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type Interval, interval, showInterval } from '../../compiler/ir/interval.ts';
import { type Rational, sameRational, showRational } from '../../compiler/ir/rational.ts';
import { checkShape, type Shape } from '../../compiler/ir/tensor.ts';
import { type Element, type FloatType, type IntType, intType, type TensorType } from '../../compiler/ir/types.ts';

/** Operand types, all of one stage; in the float stage all of one element. */
export type Operands =
  | { readonly kind: 'float'; readonly element: Element; readonly types: readonly FloatType[] }
  | { readonly kind: 'int'; readonly types: readonly IntType[] };

const isInt = (t: TensorType): t is IntType => t.kind === 'int';
const isFloat = (t: TensorType): t is FloatType => t.kind === 'float';

export const ANY_ELEMENT: readonly Element[] = ['f32', 'i64', 'bool'];
export const NUMBERS: readonly Element[] = ['f32', 'i64'];
export const REALS: readonly Element[] = ['f32'];

/** @throws Diagnostic `mixed-types` if stages or elements differ, `bad-element` if the element is not one of `allowed`. */
export function operandsOf(op: string, types: readonly TensorType[], allowed: readonly Element[]): Operands {
  if (types.length > 0 && types.every(isInt)) return { kind: 'int', types };
  if (!types.every(isFloat))
    throw new Diagnostic('mixed-types', `${op} expects operands of one stage, got float and int together`);
  const element = types[0]?.element ?? 'f32';
  if (types.some((t) => t.element !== element))
    throw new Diagnostic(
      'mixed-types',
      `${op} expects operands of one element type, got ${types.map((t) => t.element).join(', ')}`,
    );
  if (!allowed.includes(element))
    throw new Diagnostic('bad-element', `${op} expects elements ${allowed.join(' or ')}, got ${element}`);
  return { kind: 'float', element, types };
}

/** @throws Diagnostic `not-integer` for an integer type: the operator exists before quantization only. */
export function floatOnly(op: string, types: readonly TensorType[], allowed: readonly Element[]): readonly FloatType[] {
  const operands = operandsOf(op, types, allowed);
  if (operands.kind === 'int')
    throw new Diagnostic('not-integer', `${op} has no integer meaning of its own; quantize replaces it`);
  return operands.types;
}

/** A float type without annotations. @throws Diagnostic `bad-shape` or `tensor-too-large`. */
export function floatResult(op: string, shape: Shape, element: Element): FloatType {
  checkShape(shape, op);
  return { kind: 'float', element, shape };
}

/** The same elements, range and scale in another shape. @throws Diagnostic `bad-shape` or `tensor-too-large`. */
export function withShape(op: string, t: TensorType, shape: Shape): TensorType {
  checkShape(shape, op);
  return { ...t, shape };
}

/** @throws Diagnostic `accumulator-too-wide` if a bound reaches 2^53, `bad-shape` or `tensor-too-large`. */
export function intResult(op: string, shape: Shape, range: Interval, scale: Rational): IntType {
  checkShape(shape, op);
  const [lo, hi] = [Number(range.lo), Number(range.hi)];
  if (!Number.isSafeInteger(lo) || !Number.isSafeInteger(hi))
    throw new Diagnostic(
      'accumulator-too-wide',
      `${op}: the result has range ${showInterval(range)}, expected magnitudes below 2^53; lower the bits`,
    );
  return intType(shape, lo, hi, scale);
}

/** Proven interval of an integer type. */
export function rangeOf(t: IntType): Interval {
  return interval(t.lo, t.hi);
}

/** The scale that all operands share. @throws Diagnostic `scale-mismatch` naming two that differ. */
export function commonScale(op: string, types: readonly IntType[]): Rational {
  const { scale } = types[0]!;
  const other = types.find((t) => !sameRational(t.scale, scale));
  if (other !== undefined)
    throw new Diagnostic(
      'scale-mismatch',
      `${op} expects operands of one scale, got ${showRational(scale)} and ${showRational(other.scale)}; requantize one of them`,
    );
  return scale;
}

/** `[1, 2, 3]` */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** @throws Diagnostic `bad-attribute`: what was expected of the attribute and what it is. */
export function badAttribute(op: string, field: string, expected: string, got: unknown): Diagnostic {
  return new Diagnostic('bad-attribute', `${op}: ${field} expects ${expected}, got ${JSON.stringify(got)}`, { field });
}
