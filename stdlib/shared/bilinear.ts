// Bilinear operators: views of two operands, one contraction, views of the result. Written once for types, values and wires.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import {
  boundsWithConstant,
  type Contraction,
  contractionShape,
  contractionSizes,
  contractStrided,
} from '../../compiler/ir/contraction.ts';
import { hull, type Interval, interval, mulIntervals, scaleInterval } from '../../compiler/ir/interval.ts';
import { mulRational } from '../../compiler/ir/rational.ts';
import type { Shape, Tensor } from '../../compiler/ir/tensor.ts';
import type { TensorType } from '../../compiler/ir/types.ts';
import { applyViews, strided, type View, viewReadsZero, viewShape, viewStrided } from '../../compiler/ir/view.ts';
import { contractWithNorms } from '../gadgets/norms.ts';
import { floatResult, intResult, NUMBERS, operandsOf, rangeOf } from './types.ts';

/** How to compute a bilinear operator: `result(contract(spec, a(x), b(y)))`. */
export interface Bilinear {
  readonly a: readonly View[];
  readonly b: readonly View[];
  readonly spec: Contraction;
  readonly result: readonly View[];
}

/** Meaning over reals and, exactly, over integers. */
export function evaluateBilinear(p: Bilinear, x: Tensor, y: Tensor): Tensor {
  return applyViews(
    contractStrided(p.spec, p.a.reduce(viewStrided, strided(x)), p.b.reduce(viewStrided, strided(y))),
    ...p.result,
  );
}

/** Records the same on wires; bounds follow from constants, where these are parameters of the circuit by proved norms. */
export function recordBilinear(
  b: Builder,
  p: Bilinear,
  [x, y]: readonly Wire[],
  { constant }: { readonly constant: (i: number) => Tensor | undefined },
): Wire {
  const known = [p.a, p.b].map((steps, i) => {
    const value = constant(i);
    return value === undefined ? undefined : applyViews(value, ...steps);
  });
  return b.view(contractWithNorms(b, p.spec, b.view(x!, ...p.a), b.view(y!, ...p.b), known), ...p.result);
}

const shapeAfter = (steps: readonly View[], shape: Shape): Shape =>
  steps.reduce<Shape>((s, v) => viewShape(v, s), shape);

function rangeAfter(steps: readonly View[], range: Interval): Interval {
  return steps.some(viewReadsZero) ? hull(range, interval(0, 0)) : range;
}

/**
 * Type of the result: scales multiply; the range is exact per output where an operand is constant.
 * @throws Diagnostic `accumulator-too-wide` if the range reaches 2^53.
 */
export function bilinearType(
  op: string,
  p: Bilinear,
  types: readonly TensorType[],
  constant: (i: number) => Tensor | undefined,
): TensorType {
  const operands = operandsOf(op, types, NUMBERS);
  const [x, y] = [types[0]!, types[1]!];
  const [a, b] = [shapeAfter(p.a, x.shape), shapeAfter(p.b, y.shape)];
  const shape = shapeAfter(p.result, contractionShape(p.spec, a, b));
  if (operands.kind === 'float') return floatResult(op, shape, operands.element);
  const [xi, yi] = [operands.types[0]!, operands.types[1]!];
  const ranges = [rangeAfter(p.a, rangeOf(xi)), rangeAfter(p.b, rangeOf(yi))] as const;
  const sizes = contractionSizes(p.spec, a, b);
  const summed = [...sizes.keys()].filter((l) => !p.spec.out.includes(l));
  const range =
    exactRange(p, ranges, summed, sizes, constant) ??
    scaleInterval(mulIntervals(...ranges), BigInt(summed.reduce((n, l) => n * sizes.get(l)!, 1)));
  return intResult(op, shape, range, mulRational(xi.scale, yi.scale));
}

/** Exact bounds per output if one operand is constant and no partial sum can leave the exact integers. */
function exactRange(
  p: Bilinear,
  ranges: readonly [Interval, Interval],
  summed: readonly string[],
  sizes: ReadonlyMap<string, number>,
  constant: (i: number) => Tensor | undefined,
): Interval | undefined {
  const side = constant(1) !== undefined ? 1 : 0;
  const known = constant(side);
  if (known === undefined) return undefined;
  const [names, steps, other] = side === 1 ? [p.spec.b, p.b, ranges[0]] : [p.spec.a, p.a, ranges[1]];
  const repeats = summed.filter((l) => !names.includes(l)).reduce((n, l) => n * sizes.get(l)!, 1);
  const seen = applyViews(known, ...steps);
  if ([...sizes.values()].includes(0)) return interval(0, 0);
  const [lo, hi] = boundsWithConstant(names, seen, p.spec.out, repeats, Number(other.lo), Number(other.hi));
  return Number.isSafeInteger(lo) && Number.isSafeInteger(hi) ? interval(lo, hi) : undefined;
}
