// Division by a positive whole number, rounded toward zero: casts of reals to integers and division of integers.
//
// Soundness: with D = denominator * divisor, trunc(x / D) = floor((x + n * (D - 1)) / D), n = 1 where x < 0, else 0. The
// sign and the quotient are the gadgets'; the sum is affine in both.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type Interval, interval } from '../../compiler/ir/interval.ts';
import { type AttrsOf, defineOp } from '../../compiler/ir/op.ts';
import { ONE, type Rational, rational } from '../../compiler/ir/rational.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { type IntType, intType, type TensorType } from '../../compiler/ir/types.ts';
import { isNegative } from '../gadgets/compare.ts';
import { divideFloor } from '../gadgets/divide.ts';
import { scaled, splat } from '../gadgets/linear.ts';
import { int8, ints } from '../shared/samples.ts';
import { elementwiseTile } from '../shared/tiles.ts';
import { badAttribute, floatResult, NUMBERS, operandsOf } from '../shared/types.ts';

const attrs = {
  divisor: { kind: 'int', default: 1, doc: 'Positive whole number to divide by.' },
  lo: { kind: 'int', default: Number.MIN_SAFE_INTEGER, doc: 'Least value the result may have.' },
  hi: { kind: 'int', default: Number.MAX_SAFE_INTEGER, doc: 'Greatest value the result may have.' },
} as const;

/** The integer x stands for x * num / den; the result is its quotient by the divisor, scale 1. */
function quotient(scale: Rational, divisor: number): { readonly num: bigint; readonly den: bigint } {
  return rational(scale.num, scale.den * BigInt(divisor));
}

function intQuotient(x: IntType, cx: AttrsOf<typeof attrs>): TensorType {
  const { num, den } = quotient(x.scale, cx.divisor);
  const [lo, hi] = [BigInt(x.lo) * num, BigInt(x.hi) * num];
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  if (-lo > limit || hi > limit || den > limit)
    throw new Diagnostic('accumulator-too-wide', 'truncate: the dividend or the divisor reaches 2^53; lower the bits');
  const [least, most] = [Number(lo / den), Number(hi / den)];
  if (least < cx.lo || most > cx.hi)
    throw new Diagnostic(
      'integer-wrap',
      `the result may be anything in [${least}, ${most}], but the model stores it as an integer of [${cx.lo}, ${cx.hi}], where it would wrap around`,
    );
  return intType(x.shape, least, most, ONE);
}

/** @throws Diagnostic `integer-wrap` for an element outside [lo, hi] or NaN. */
function truncated(x: Tensor, divide: (v: number) => number, cx: AttrsOf<typeof attrs>): Tensor {
  const data = Float64Array.from(x.data, (v) => Math.trunc(divide(v)) + 0);
  const bad = data.findIndex((v) => !(v >= cx.lo && v <= cx.hi));
  if (bad >= 0)
    throw new Diagnostic(
      'integer-wrap',
      `element ${bad} is ${data[bad]}, which an integer of [${cx.lo}, ${cx.hi}] cannot hold`,
    );
  return { shape: x.shape, data };
}

function recordQuotient(b: Builder, x: Wire, scale: Rational, divisor: number, to: Interval): Wire {
  const { num, den } = quotient(scale, divisor);
  const dividend = num === 1n ? x : scaled(b, x, num);
  if (den === 1n) return dividend;
  const lifted =
    dividend.range.lo >= 0n
      ? dividend
      : b.affine([
          [dividend, 1n],
          [isNegative(b, dividend, 'truncate.sign'), den - 1n],
        ]);
  return divideFloor(b, lifted, splat(b, den, x.shape), to, 'truncate');
}

/** trunc(x / divisor), which must lie in [lo, hi]. ONNX Cast to integer types, Div of integers. */
export const truncate = defineOp({
  name: 'truncate',
  doc: 'The quotient by a positive whole number, rounded toward zero. A result outside [lo, hi] is refused, since it would wrap around in the integer type of the model.',
  operands: ['x'],
  results: ['quotient'],
  attrs,
  quantization: { kind: 'exact', narrow: 'none' },
  infer(types, cx) {
    if (cx.attrs.divisor < 1) throw badAttribute('truncate', 'divisor', 'a positive whole number', cx.attrs.divisor);
    const operands = operandsOf('truncate', types, NUMBERS);
    if (operands.kind === 'float') return [floatResult('truncate', types[0]!.shape, 'i64')];
    return operands.types.map((t) => intQuotient(t, cx.attrs));
  },
  evalFloat: ([x], { attrs: a }) => [truncated(x!, (v) => v / a.divisor, a)],
  evalInt([x], cx) {
    // Dividend and divisor are below 2^53, so that the rounding of the division cannot reach the next integer.
    const { num, den } = quotient(cx.operands[0]!.scale, cx.attrs.divisor);
    return [truncated(x!, (v) => (v * Number(num)) / Number(den), cx.attrs)];
  },
  lower(b, [x], cx) {
    const to = cx.results[0]!;
    return [recordQuotient(b, x!, cx.operands[0]!.scale, cx.attrs.divisor, interval(to.lo, to.hi))];
  },
  tile: elementwiseTile,
  samples: [
    { name: 'whole numbers', operands: [int8([2, 3], ONE)] },
    { name: 'fractions', operands: [int8([5])] },
    { name: 'fractions above zero', operands: [ints([5], 0, 1000)] },
    { name: 'odd divisor', attrs: { divisor: 7 }, operands: [int8([5], ONE)] },
    { name: 'multiples', attrs: { divisor: 4 }, operands: [int8([4], rational(6))] },
    { name: 'stored in a byte', attrs: { divisor: 3, lo: 0, hi: 255 }, operands: [ints([4], 0, 765, ONE)] },
  ],
});
