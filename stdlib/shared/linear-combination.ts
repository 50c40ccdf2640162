// Addition and subtraction: whole multiples of two broadcast operands on a common scale.

import { addIntervals, type Interval, interval, scaleInterval } from '../../compiler/ir/interval.ts';
import type { OpContext, OpDef } from '../../compiler/ir/op.ts';
import { divRational, gcdRational, type Rational } from '../../compiler/ir/rational.ts';
import { broadcastShapes, type Shape, type Tensor } from '../../compiler/ir/tensor.ts';
import type { IntType } from '../../compiler/ir/types.ts';
import { applyViews } from '../../compiler/ir/view.ts';
import { broadcastSteps, broadcastTo } from '../gadgets/linear.ts';
import { floatResult, intResult, NUMBERS, operandsOf, rangeOf } from './types.ts';

type Meaning = Required<
  Pick<OpDef<Record<never, never>>, 'attrs' | 'infer' | 'evalFloat' | 'evalInt' | 'lower' | 'quantization'>
>;

/** x + sign * y with NumPy broadcasting. Over integers: k1 * x + sign * k2 * y on the largest scale that divides both. */
export function linearCombination(op: string, sign: 1 | -1): Meaning {
  return {
    attrs: {},
    quantization: { kind: 'exact', narrow: 'none' },
    infer(types, cx) {
      const operands = operandsOf(op, types, NUMBERS);
      const shape = broadcastShapes(...types.map((t) => t.shape));
      if (operands.kind === 'float') return [floatResult(op, shape, operands.element)];
      const { scale, k } = coefficients(operands.types, sign);
      const ranges = operands.types.map((t, i) => scaleInterval(valuesOf(t, cx.constant(i)), k[i]!));
      return [intResult(op, shape, ranges.reduce(addIntervals), scale)];
    },
    evalFloat: ([x, y], cx) => [combine(x!, 1, y!, sign, cx.results[0]!.shape)],
    evalInt([x, y], cx) {
      const [a, b] = wholeCoefficients(cx, sign);
      return [combine(x!, Number(a), y!, Number(b), cx.results[0]!.shape)];
    },
    lower(b, [x, y], cx) {
      const [kx, ky] = wholeCoefficients(cx, sign);
      const { shape } = cx.results[0]!;
      return [
        b.affine([
          [broadcastTo(b, x!, shape), kx],
          [broadcastTo(b, y!, shape), ky],
        ]),
      ];
    },
  };
}

function coefficients(
  types: readonly IntType[],
  sign: 1 | -1,
): { readonly scale: Rational; readonly k: readonly bigint[] } {
  const scale = gcdRational(...types.map((t) => t.scale));
  return { scale, k: types.map((t, i) => divRational(t.scale, scale).num * (i === 0 ? 1n : BigInt(sign))) };
}

/** An operand that is always zero has no coefficient, however far apart the scales are. */
function wholeCoefficients(cx: OpContext<Record<never, never>, IntType>, sign: 1 | -1): readonly [bigint, bigint] {
  const { k } = coefficients(cx.operands, sign);
  const [a, b] = cx.operands.map((t, i) => (t.lo === 0 && t.hi === 0 ? 0n : k[i]!));
  return [a!, b!];
}

/** Interval of the values of a constant, else that of the type. */
function valuesOf(t: IntType, constant: Tensor | undefined): Interval {
  if (constant === undefined || constant.data.length === 0) return rangeOf(t);
  let [lo, hi] = [constant.data[0]!, constant.data[0]!];
  for (const v of constant.data) {
    if (v < lo) lo = v;
    if (v > hi) hi = v;
  }
  return interval(lo, hi);
}

/** a * x + b * y, broadcast to the shape. */
function combine(x: Tensor, a: number, y: Tensor, b: number, shape: Shape): Tensor {
  const xs = applyViews(x, ...broadcastSteps(x.shape, shape)).data;
  const ys = applyViews(y, ...broadcastSteps(y.shape, shape)).data;
  const data = new Float64Array(xs.length);
  for (let i = 0; i < data.length; i++) data[i] = a * xs[i]! + b * ys[i]!;
  return { shape, data };
}
