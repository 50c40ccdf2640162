// calibrate: the range of every value of a float module, from samples of the model's input or from stated input ranges.
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import { evaluateModule } from '../ir/evaluate.ts';
import type { Module, Operation, Value } from '../ir/module.ts';
import type { OpRegistry } from '../ir/op.ts';
import { type CalibrationData, definePass } from '../ir/pass.ts';
import { sizeOf, type Tensor } from '../ir/tensor.ts';
import type { FloatType, TensorType } from '../ir/types.ts';

interface Seen {
  lo: number;
  hi: number;
  integral: boolean;
  /** Elements seen, over all samples. */
  count: number;
}

/** Samples drawn from the stated ranges when the user gives none. */
const DRAWN_SAMPLES = 16;

/** From this many samples on, calibration trusts that they have met the extremes. */
const MANY_SAMPLES = 64;

/**
 * Annotates every float type with the range it needs: observed, widened by `margin` (a fraction of its width, more where
 * there are few samples), except that results of activations are bounded by the function itself.
 * @throws Diagnostic `not-calibrated` if an input has neither samples nor a stated range.
 */
export function calibrateModule(m: Module, ops: OpRegistry, data: CalibrationData, margin: number): Module {
  const samples = data.samples.length > 0 ? data.samples : drawSamples(m, data.ranges);
  const seen = new Map<Value, Seen>();
  for (const sample of samples)
    evaluateModule(m, ops, sample, (v, t) => {
      if (!m.constants.has(v)) observe(seen, v, t);
    });

  const types = new Map<Value, TensorType>();
  const widened = (v: Value): readonly [number, number] => widen(seen.get(v), margin);
  for (const v of m.inputs) {
    const s = seen.get(v);
    const stated = data.ranges.get(v.name);
    types.set(v, annotated(v.type, stated ?? keepSign(s, widened(v)), s?.integral === true));
  }
  for (const [v, t] of m.constants) {
    const exact = new Map<Value, Seen>();
    observe(exact, v, t);
    const { lo, hi, integral } = exact.get(v) ?? { lo: 0, hi: 0, integral: true };
    types.set(v, annotated(v.type, [lo, hi], integral));
  }
  for (const o of m.operations) {
    const bound = activationRange(o, ops, types) ?? viewRange(o, ops, types);
    for (const v of o.results)
      types.set(
        v,
        annotated(v.type, bound ?? widened(v), seen.get(v)?.integral === true && integralOperands(o, types)),
      );
  }
  return retyped(m, types);
}

function observe(seen: Map<Value, Seen>, v: Value, t: Tensor): void {
  const s = seen.get(v) ?? { lo: Number.POSITIVE_INFINITY, hi: Number.NEGATIVE_INFINITY, integral: true, count: 0 };
  for (const x of t.data) {
    if (Number.isNaN(x))
      throw new Diagnostic('not-a-number', `${quote(v.name)} becomes NaN during calibration`, { field: v.name });
    if (x < s.lo) s.lo = x;
    if (x > s.hi) s.hi = x;
    if (s.integral && !Number.isInteger(x)) s.integral = false;
  }
  s.count += t.data.length;
  if (t.data.length > 0) seen.set(v, s);
}

/** Whole results count as integral only if the operands are: a coincidence on the samples proves nothing. */
function integralOperands(o: Operation, types: ReadonlyMap<Value, TensorType>): boolean {
  return o.operands.every((v) => {
    const t = types.get(v);
    return t?.kind === 'float' && t.integral === true;
  });
}

function widen(s: Seen | undefined, margin: number): readonly [number, number] {
  if (s === undefined) return [0, 0];
  const largest = Math.max(Math.abs(s.lo), Math.abs(s.hi));
  // Few elements say little about a distribution: up to twice the largest is added for a single one.
  const unseen = 2 * largest * Math.max(0, 1 - s.count / MANY_SAMPLES) ** 2;
  const by = (s.hi - s.lo) * margin + unseen;
  return s.integral ? [Math.floor(s.lo - by), Math.ceil(s.hi + by)] : coarse(s.lo - by, s.hi + by);
}

/** Inputs that were never negative (or positive) are taken not to be: pixels, counts, probabilities. */
function keepSign(s: Seen | undefined, [lo, hi]: readonly [number, number]): readonly [number, number] {
  return [s !== undefined && s.lo >= 0 ? Math.max(0, lo) : lo, s !== undefined && s.hi <= 0 ? Math.min(0, hi) : hi];
}

/**
 * The interval rounded outward to 12 significant bits. The last bits of Math.exp and the like differ between machines;
 * without this, the same model could compile to different integers.
 */
function coarse(lo: number, hi: number): readonly [number, number] {
  const unit = 2 ** (Math.ceil(Math.log2(Math.max(Math.abs(lo), Math.abs(hi), 2 ** -100))) - 12);
  return [Math.floor(lo / unit) * unit, Math.ceil(hi / unit) * unit];
}

/** Views and selections show elements of their operands: their range follows without a margin of its own. */
function viewRange(
  o: Operation,
  ops: OpRegistry,
  types: ReadonlyMap<Value, TensorType>,
): readonly [number, number] | undefined {
  const quantization = ops.get(o.op)?.quantization;
  if (quantization?.kind !== 'exact' || quantization.view !== true) return undefined;
  const ranges = o.operands.flatMap((v) => {
    const t = types.get(v);
    return t?.kind === 'float' && t.range !== undefined ? [t.range] : [];
  });
  return [Math.min(...ranges.map((r) => r[0])), Math.max(...ranges.map((r) => r[1]))];
}

/** Image of an activation over its operand's range, from 4096 points: the functions are smooth and the ends are exact. */
function activationRange(
  o: Operation,
  ops: OpRegistry,
  types: ReadonlyMap<Value, TensorType>,
): readonly [number, number] | undefined {
  const activation = ops.get(o.op)?.activation;
  const operand = types.get(o.operands[0]!);
  if (activation === undefined || operand?.kind !== 'float' || operand.range === undefined) return undefined;
  const [lo, hi] = operand.range;
  const params = activation.params(o.attrs);
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i <= 4096; i++) {
    const y = activation.real(params, lo + ((hi - lo) * i) / 4096);
    least = Math.min(least, y);
    most = Math.max(most, y);
  }
  return coarse(least, most);
}

function annotated(t: TensorType, range: readonly [number, number], integral: boolean): TensorType {
  if (t.kind !== 'float') return t;
  const plain: FloatType = { kind: 'float', element: t.element, shape: t.shape, range };
  return integral ? { ...plain, integral: true } : plain;
}

/** The same module with other types of its values. */
function retyped(m: Module, types: ReadonlyMap<Value, TensorType>): Module {
  const map = new Map<Value, Value>();
  for (const [v, type] of types) map.set(v, { name: v.name, type });
  const of = (v: Value): Value => map.get(v)!;
  return {
    ...m,
    inputs: m.inputs.map(of),
    outputs: m.outputs.map((o) => ({ name: o.name, value: of(o.value) })),
    constants: new Map([...m.constants].map(([v, t]) => [of(v), t])),
    operations: m.operations.map((o) => ({ ...o, operands: o.operands.map(of), results: o.results.map(of) })),
  };
}

/** Uniform samples inside the stated ranges, the same on every machine. */
function drawSamples(m: Module, ranges: CalibrationData['ranges']): ReadonlyMap<string, Tensor>[] {
  const missing = m.inputs.filter((v) => !ranges.has(v.name));
  if (missing.length > 0)
    throw new Diagnostic(
      'not-calibrated',
      `no calibration data: give samples of the model's input (--calibrate data.npz) or state the range of ${missing.map((v) => quote(v.name)).join(', ')} (--range name=lo,hi)`,
    );
  const next = uniform(1);
  return Array.from(
    { length: DRAWN_SAMPLES },
    () =>
      new Map(
        m.inputs.map((v) => {
          const [lo, hi] = ranges.get(v.name)!;
          const whole = v.type.kind === 'float' && v.type.element !== 'f32';
          const draw = (): number => (whole ? Math.floor(lo + (hi - lo + 1) * next()) : lo + (hi - lo) * next());
          return [
            v.name,
            { shape: v.type.shape, data: Float64Array.from({ length: sizeOf(v.type.shape) }, draw) },
          ] as const;
        }),
      ),
  );
}

/** mulberry32: a 32-bit generator whose every step is exact integer arithmetic. Returns numbers in [0, 1). */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fractions of the observed range by which it is widened: few samples have not seen the extremes. */
const MARGIN_MANY = 0.05;
const MARGIN_FEW = 0.25;

export const calibrate = definePass({
  name: 'calibrate',
  doc: 'Annotates every value with its range, from samples of the input or from stated input ranges.',
  options: {
    margin: {
      kind: 'float',
      doc: 'fraction by which observed ranges are widened; negative: 0.05 from 64 samples on, 0.25 below',
      default: -1,
    },
  },
  needs: 'float',
  gives: 'float',
  run(m, options, cx) {
    const data = cx.calibration ?? { samples: [], ranges: new Map() };
    const auto = data.samples.length >= MANY_SAMPLES ? MARGIN_MANY : MARGIN_FEW;
    return calibrateModule(m, cx.ops, data, options.margin < 0 ? auto : options.margin);
  },
});
