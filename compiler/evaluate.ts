// The float and the integer model side by side: what quantization costs on given inputs.
import { Diagnostic } from './ir/diagnostics.ts';
import { evaluateModule } from './ir/evaluate.ts';
import type { Module, Operation, Value } from './ir/module.ts';
import type { OpRegistry } from './ir/op.ts';
import { toNumber } from './ir/rational.ts';
import { roundHalfEven } from './ir/rounding.ts';
import type { Tensor } from './ir/tensor.ts';

export { evaluateModule } from './ir/evaluate.ts';

/** One output of both models. */
export interface OutputComparison {
  readonly name: string;
  /** Integers of the integer model, exactly those that a proof shows. */
  readonly integers: Tensor;
  /** The same as reals: scale times integer. */
  readonly quantized: Tensor;
  /** The float model's output. */
  readonly float: Tensor;
}

/** A requantization that met values outside its window. */
export interface Saturation {
  readonly node: string;
  /** Elements that the clamp changed, and elements in all. */
  readonly saturated: number;
  readonly elements: number;
}

/** The float and the integer model side by side on one set of inputs. */
export interface Evaluation {
  readonly outputs: readonly OutputComparison[];
  readonly saturations: readonly Saturation[];
}

/** The scale of a quantized value as a float64. */
function unitOf(v: Value): number {
  if (v.type.kind !== 'int') throw new Diagnostic('not-quantized', `${v.name} is not quantized`);
  return toNumber(v.type.scale);
}

/**
 * Integers of a module's inputs, rounded half to even and held inside the declared ranges. Proofs refuse what lies
 * outside; an evaluation shows what the integer model makes of it.
 */
export function quantizeInputs(int: Module, reals: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  return new Map(
    int.inputs.map((v) => {
      const t = reals.get(v.name);
      if (t === undefined || v.type.kind !== 'int')
        throw new Diagnostic('missing-input', `no value is given for input ${v.name}`, { field: v.name });
      const { lo, hi } = v.type;
      const unit = unitOf(v);
      return [
        v.name,
        { shape: t.shape, data: Float64Array.from(t.data, (x) => Math.min(hi, Math.max(lo, roundHalfEven(x / unit)))) },
      ];
    }),
  );
}

/** Evaluates both models on the same reals. */
export function evaluateBoth(
  models: { readonly float: Module; readonly int: Module },
  ops: OpRegistry,
  reals: ReadonlyMap<string, Tensor>,
): Evaluation {
  const float = evaluateModule(models.float, ops, reals);
  const requants = new Map(models.int.operations.filter((o) => o.op === 'requant').map((o) => [o.results[0]!, o]));
  const operands = new Map<Value, Tensor>();
  for (const o of requants.values())
    for (const v of o.operands) operands.set(v, { shape: [], data: new Float64Array() });
  const saturations: Saturation[] = [];
  const integers = evaluateModule(models.int, ops, quantizeInputs(models.int, reals), (v, t) => {
    if (operands.has(v)) operands.set(v, t);
    const o = requants.get(v);
    if (o !== undefined)
      saturations.push(
        saturation(
          o,
          o.operands.map((x) => operands.get(x)!),
        ),
      );
  });
  const outputs = models.int.outputs.map(({ name, value }): OutputComparison => {
    const ints = integers.get(name)!;
    const unit = unitOf(value);
    return {
      name,
      integers: ints,
      quantized: { shape: ints.shape, data: Float64Array.from(ints.data, (n) => n * unit) },
      float: float.get(name)!,
    };
  });
  return { outputs, saturations: saturations.filter((x) => x.saturated > 0) };
}

/**
 * Elements that a requantization's window changed. Bounds that are the function's own (zero of a Relu, the ends of a Clip)
 * do not count: the window is what has 2^k integers.
 */
function saturation(o: Operation, operands: readonly Tensor[]): Saturation {
  const { multipliers, shift, lo, hi } = o.attrs as {
    multipliers: readonly number[];
    shift: number;
    lo: number;
    hi: number;
  };
  const isWindow = Number.isInteger(Math.log2(hi - lo + 1));
  const elements = operands[0]!.data.length;
  let saturated = 0;
  for (let e = 0; e < elements; e++) {
    const sum = operands.reduce((n, t, i) => n + multipliers[i]! * t.data[e]!, 0);
    const rounded = Math.floor(sum / 2 ** shift + (shift > 0 ? 0.5 : 0));
    if (isWindow && (rounded > hi || (rounded < lo && lo < 0))) saturated++;
  }
  return { node: o.loc.node, saturated, elements };
}

/** Largest absolute difference and largest absolute value of the reference. */
export function distance(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): { readonly difference: number; readonly largest: number } {
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return { difference, largest };
}

/** Index of the first largest element. */
export function argmax(data: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < data.length; i++) if (data[i]! > data[best]!) best = i;
  return best;
}
