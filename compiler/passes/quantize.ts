// quantize: a calibrated float module becomes a module of exact integers with proven ranges and exact scales.
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import type { Attrs, Module, Operation, Value } from '../ir/module.ts';
import { createModuleBuilder, inferTypes } from '../ir/module-builder.ts';
import type { AnyOp, OpRegistry } from '../ir/op.ts';
import { definePass } from '../ir/pass.ts';
import { compareRational, mulRational, ONE, powerOfTwo, type Rational, toNumber } from '../ir/rational.ts';
import { roundHalfEven } from '../ir/rounding.ts';
import type { Tensor } from '../ir/tensor.ts';
import { type IntType, intType } from '../ir/types.ts';
import { fitFormat, LEAST_EXPONENT, type NumberFormat, roundToScale } from './number-format.ts';
import {
  bitsOf,
  createQuantized,
  floatOf,
  intOf,
  type Quantized,
  rangeOf,
  requantize,
  type Widths,
} from './quantize-values.ts';
import { scaleClasses } from './scale-classes.ts';

/** Operators that align their operands exactly, so that a constant operand takes the other operand's scale. */
const ALIGNING: ReadonlySet<string> = new Set(['add', 'sub']);

/** Extra fractional bits of a constant that is added to a narrow value, whose own unit is coarse. */
const ADDEND_BITS = 6;

/** Bits kept free below the accumulator width by each weighted operator, so that sums of a few of them still fit. */
const RESERVE_BITS = 2;

/**
 * Quantizes a module whose float values all carry ranges (pass `calibrate`). Contractions read narrow activations and
 * leave wide accumulators; the next operator that needs narrow operands, or an activation, inserts the one requantization.
 * @throws Diagnostic `not-calibrated`, `not-quantizable` or `accumulator-overflow`, naming the node.
 */
export function quantizeModule(m: Module, ops: OpRegistry, widths: Widths): Module {
  const builder = createModuleBuilder(m.name, 'int', ops);
  const q = createQuantized(widths, builder, m.constants, scaleClasses(m, ops));
  for (const v of m.inputs) defineInput(q, v);
  for (const o of m.operations) {
    builder.locate(o.loc);
    try {
      quantizeOperation(q, ops, o);
    } catch (e) {
      throw e instanceof Diagnostic ? e.at({ node: o.loc.node }) : e;
    }
  }
  for (const o of m.outputs)
    builder.output(o.name, q.isConstant(o.value) ? constantOutput(q, o.value) : q.wide(o.value));
  return builder.finish();
}

function defineInput(q: Quantized, v: Value): void {
  const { element, integral, shape } = floatOf(v);
  const range = rangeOf(v);
  if (element !== 'f32' || integral === true) {
    const lo = Math.floor(range[0]);
    q.define(v, q.builder.input(v.name, intType(shape, lo, lo + windowOf(Math.ceil(range[1]) - lo), ONE)), true);
    return;
  }
  const f = fitFormat(range, q.widths.input);
  q.define(v, q.builder.input(v.name, intType(shape, f.lo, f.hi, f.scale)), true);
}

/** Smallest 2^k - 1 that is at least n: such windows are proved by k bits. */
function windowOf(n: number): number {
  return 2 ** Math.ceil(Math.log2(n + 1)) - 1;
}

function constantOutput(q: Quantized, v: Value): Value {
  return q.constant(v, floatOf(v).integral === true ? ONE : fitFormat(rangeOf(v), q.widths.weights).scale);
}

function quantizeOperation(q: Quantized, ops: OpRegistry, o: Operation): void {
  const def = ops.get(o.op)!;
  switch (def.quantization.kind) {
    case 'activation':
      q.define(o.results[0]!, activation(q, def, o));
      return;
    case 'exact':
      exact(q, ops, def, o);
      return;
    case 'none':
      throw new Diagnostic(
        'not-quantizable',
        `operator ${o.op} has no integer meaning; it must be expanded or folded before quantize (pass canonicalize, fold-constants)`,
      );
  }
}

/** A unary function fused into the requantization of its operand. */
function activation(q: Quantized, def: AnyOp, o: Operation): Value {
  const [x, y] = [o.operands[0]!, o.results[0]!];
  const act = def.activation!;
  const params = act.params(o.attrs);
  const clamp = act.clamp?.(params);
  if (clamp !== undefined) {
    if (q.isExact(x) && floatOf(y).integral) return requantize(q, q.wide(x), exactClamp(intOf(q.wide(x)), clamp));
    return requantize(q, q.wide(x), clampedTo(q.format(y), clamp));
  }
  const out = q.format(y);
  const key = fitFormat(
    usefulRange((v) => act.real(params, v), rangeOf(x), toNumber(out.scale) / 4),
    q.widths.key,
    1,
  );
  return requantize(q, q.wide(x), key, { act: def.name, params, outScale: out.scale });
}

/** The format's window moved to where the clamp's results lie. */
function clampedTo(f: NumberFormat, [lo, hi]: readonly [number, number]): NumberFormat {
  const unit = toNumber(f.scale);
  const least = Math.max(f.lo, roundHalfEven(lo / unit));
  return { ...f, lo: least, hi: Math.min(least + f.hi - f.lo, roundHalfEven(hi / unit)) };
}

/** A clamp of whole numbers that stay whole numbers: no saturation but the function's own. */
function exactClamp(
  t: IntType,
  [lo, hi]: readonly [number, number],
): { readonly scale: Rational; readonly lo: number; readonly hi: number } {
  const least = Math.max(t.lo, lo);
  return { scale: ONE, lo: least, hi: Math.min(hi, least + windowOf(Math.max(0, t.hi - least))) };
}

/** The part of [lo, hi] outside of which f moves by at most `tolerance` from its value at the end: tables saturate there. */
function usefulRange(
  f: (x: number) => number,
  [lo, hi]: readonly [number, number],
  tolerance: number,
): readonly [number, number] {
  const at = (i: number): number => lo + ((hi - lo) * i) / 1024;
  let [first, last] = [0, 1024];
  while (first < last && Math.abs(f(at(first + 1)) - f(lo)) <= tolerance) first++;
  while (last > first && Math.abs(f(at(last - 1)) - f(hi)) <= tolerance) last--;
  return [at(first), at(last)];
}

/**
 * How an operand is read: as computed; at a scale no finer than the sum needs; at activation width; at activation width
 * and its class's scale.
 */
type Reading = 'wide' | 'aligned' | 'narrow' | 'class';

/** An operator that means the same over integers: chooses operands, then lets `infer` state scale and range. */
function exact(q: Quantized, ops: OpRegistry, def: AnyOp, o: Operation): void {
  const { quantization } = def;
  if (quantization.kind !== 'exact') return;
  const { narrow, view } = quantization;
  const readings = o.operands.map((_, i): Reading => {
    if (view === true && o.operands.length > 1) return 'class';
    return narrow === 'all' || (narrow !== 'none' && narrow.includes(i)) ? 'narrow' : 'wide';
  });
  for (;;) {
    const data = o.operands.map((v, i) => (q.isConstant(v) ? undefined : read(q, v, readings[i]!, sumUnit(q, o))));
    const operands = withConstants(q, ops, def, o, data);
    const attrs = attrsInUnits(def, o.attrs, intOf(operands[0]!));
    const bits = resultBits(q, ops, o.op, operands, attrs);
    if (bits <= limitFor(q, o)) {
      const results = q.builder.emitAt(o.loc, o.op, operands, attrs, o.results);
      for (const [i, r] of o.results.entries()) q.define(r, results[i]!);
      return;
    }
    if (!escalate(q, o, data, readings))
      throw new Diagnostic(
        'accumulator-overflow',
        `${o.op} needs ${bits} bits, more than the accumulator's ${q.widths.accumulator}: use fewer bits or a wider accumulator`,
      );
  }
}

function read(q: Quantized, v: Value, reading: Reading, unit: Rational): Value {
  switch (reading) {
    case 'wide':
      return q.wide(v);
    case 'aligned':
      return compareRational(intOf(q.wide(v)).scale, unit) >= 0
        ? q.wide(v)
        : requantize(q, q.wide(v), windowAt(rangeOf(v), unit));
    case 'narrow':
      return q.narrow(v);
    case 'class':
      return q.classed(v);
  }
}

/** Scale below which an addend's digits do not matter: a fraction of the unit that the sum will be rounded to. */
function sumUnit(q: Quantized, o: Operation): Rational {
  return mulRational(q.format(o.results[0]!).scale, powerOfTwo(-ADDEND_BITS));
}

/** The window of 2^k integers that holds a range at a scale. */
function windowAt(
  [lo, hi]: readonly [number, number],
  scale: Rational,
): { readonly scale: Rational; readonly lo: number; readonly hi: number } {
  const unit = toNumber(scale);
  const first = Math.floor(Math.min(0, lo) / unit);
  return { scale, lo: first, hi: first + windowOf(Math.ceil(Math.max(0, hi) / unit) - first) };
}

/** Bits of the results; infinite if they leave the exact integers. */
function resultBits(q: Quantized, ops: OpRegistry, op: string, operands: readonly Value[], attrs: Attrs): number {
  try {
    const { types } = inferTypes(ops, op, operands, attrs, constantsOf(q, operands));
    return Math.max(...types.map((t) => (t.kind === 'int' ? bitsOf(t) : 0)));
  } catch (e) {
    if (e instanceof Diagnostic && e.code === 'accumulator-too-wide') return Number.POSITIVE_INFINITY;
    throw e;
  }
}

/** Reads more narrowly: sums first drop digits that do not matter, then the widest accumulator is requantized. */
function escalate(q: Quantized, o: Operation, data: readonly (Value | undefined)[], readings: Reading[]): boolean {
  if (ALIGNING.has(o.op) && readings.includes('wide')) {
    for (const [i, r] of readings.entries()) if (r === 'wide') readings[i] = 'aligned';
    return true;
  }
  const widest = widestOperand(data, readings, o.operands, q);
  if (widest === undefined) return false;
  readings[widest] = 'narrow';
  return true;
}

/** Attributes that are real data (the value of a padding) become integers at the operand's scale. */
function attrsInUnits(def: AnyOp, attrs: Attrs, operand: IntType): Attrs {
  if (def.quantization.kind !== 'exact' || def.quantization.reals === undefined) return attrs;
  const unit = toNumber(operand.scale);
  return {
    ...attrs,
    ...Object.fromEntries(def.quantization.reals.map((name) => [name, roundHalfEven(Number(attrs[name]) / unit)])),
  };
}

/** Whole numbers are exact up to 2^52: they are never rounded while they fit. */
function limitFor(q: Quantized, o: Operation): number {
  return o.operands.every((v) => q.isConstant(v) || q.isExact(v)) ? 53 : q.widths.accumulator;
}

/** The widest operand that is still an accumulator, as an index. */
function widestOperand(
  data: readonly (Value | undefined)[],
  readings: readonly Reading[],
  operands: readonly Value[],
  q: Quantized,
): number | undefined {
  let widest: number | undefined;
  for (const [i, v] of data.entries()) {
    const wide = readings[i] === 'wide' || readings[i] === 'aligned';
    if (v === undefined || !wide || q.narrow(operands[i]!) === v) continue;
    if (widest === undefined || bitsOf(intOf(v)) > bitsOf(intOf(data[widest]!))) widest = i;
  }
  return widest;
}

function constantsOf(q: Quantized, operands: readonly Value[]): ReadonlyMap<Value, Tensor> {
  return new Map(
    operands.flatMap((v) => {
      const t = q.builder.constantOf(v);
      return t === undefined ? [] : [[v, t] as const];
    }),
  );
}

/** Fills in the constants: weights at the finest scale that the accumulator allows, addends at the scale of the sum. */
function withConstants(
  q: Quantized,
  ops: OpRegistry,
  def: AnyOp,
  o: Operation,
  data: readonly (Value | undefined)[],
): readonly Value[] {
  const at = data.indexOf(undefined);
  if (at < 0) return data as readonly Value[];
  const others = data.filter((v) => v !== undefined);
  if (others.length === 0)
    throw new Diagnostic('constant-operand', `${o.op} has constant operands only: fold constants before quantizing`);
  const scaleOfClass = (): Rational => intOf(others[0]!).scale;
  const fill = (scale: (v: Value) => Rational): readonly Value[] =>
    data.map((x, i) => {
      const v = o.operands[i]!;
      return x ?? q.constant(v, floatOf(v).element === 'f32' ? scale(v) : ONE);
    });
  const integral =
    o.operands.every((v) => floatOf(v).integral === true) && others.every((v) => toNumber(intOf(v).scale) === 1);
  if (integral) return fill(() => ONE);
  if (def.quantization.kind === 'exact' && def.quantization.view === true) return fill(scaleOfClass);
  if (ALIGNING.has(o.op)) return fill((v) => addendScale(q, v, intOf(others[0]!), sumUnit(q, o)));
  return weighted(q, ops, o, data, at);
}

function addendScale(q: Quantized, v: Value, other: IntType, unit: Rational): Rational {
  const [lo, hi] = rangeOf(v);
  const isNarrow = other.hi - other.lo < 2 ** q.widths.input;
  let scale = isNarrow ? mulRational(other.scale, powerOfTwo(-ADDEND_BITS)) : other.scale;
  // Far below the sum's own unit, digits would only widen the accumulator.
  while (isNarrow && compareRational(scale, unit) < 0) scale = mulRational(scale, powerOfTwo(1));
  while (Math.max(-lo, hi) / toNumber(scale) >= 2 ** (q.widths.accumulator - RESERVE_BITS))
    scale = mulRational(scale, powerOfTwo(1));
  return scale;
}

/** Weights: the finest power-of-two scale within the weight width at which the result fits the accumulator. */
function weighted(
  q: Quantized,
  ops: OpRegistry,
  o: Operation,
  data: readonly (Value | undefined)[],
  at: number,
): readonly Value[] {
  const v = o.operands[at]!;
  const t = q.constantOf(v);
  const [lo, hi] = rangeOf(v);
  const largest = Math.max(-lo, hi);
  const finest =
    LEAST_EXPONENT -
    20 -
    Math.floor(Math.log2(Math.max(...data.map((x) => (x === undefined ? 0 : toNumber(intOf(x).scale))))));
  const wanted = largest === 0 ? 0 : Math.ceil(Math.log2(largest)) - (q.widths.weights - 1);
  let exponent = Math.max(LEAST_EXPONENT, finest, wanted);
  for (;;) {
    const scale = powerOfTwo(exponent);
    const ints = roundToScale(t.data, scale);
    const [least, most] = extremes(ints);
    const type = intType(t.shape, Math.min(0, least), Math.max(0, most), scale);
    const weights: Value = { name: v.name, type };
    const operands = data.map((x, i) => (i === at ? weights : x!));
    const known = new Map<Value, Tensor>([
      ...constantsOf(
        q,
        operands.filter((x) => x !== weights),
      ),
      [weights, { shape: t.shape, data: ints }],
    ]);
    const { types } = inferTypes(ops, o.op, operands, o.attrs, known);
    const excess =
      Math.max(...types.map((r) => (r.kind === 'int' ? bitsOf(r) : 0))) - (q.widths.accumulator - RESERVE_BITS);
    if (excess <= 0) return data.map((x, i) => (i === at ? q.constant(v, scale) : x!));
    if (exponent > 1000)
      throw new Diagnostic('accumulator-overflow', `${o.op}: no scale of ${quote(v.name)} fits the accumulator`);
    exponent += excess;
  }
}

function extremes(data: Float64Array): readonly [number, number] {
  let [lo, hi] = [Infinity, -Infinity];
  for (const x of data) {
    if (x < lo) lo = x;
    if (x > hi) hi = x;
  }
  return [lo, hi];
}

export const quantize = definePass({
  name: 'quantize',
  doc: 'Turns a calibrated float module into exact integers: power-of-two scales, one requantization per layer.',
  options: {
    bits: { kind: 'int', doc: 'width of activations (bits), 2 to 16', default: 8 },
    input_bits: { kind: 'int', doc: 'width of inputs (bits); 0: bits + 1, at most 16', default: 0 },
    weight_bits: { kind: 'int', doc: 'largest width of weights (bits, signed); 0: bits + 4, at most 20', default: 0 },
    accumulator: { kind: 'int', doc: 'width of accumulators (bits, signed); 0: 2 * bits + 13', default: 0 },
  },
  needs: 'float',
  gives: 'int',
  run: (m, options, cx) => quantizeModule(m, cx.ops, widthsOf(options)),
});

/** @throws Diagnostic `bad-option` for widths outside what exact float64 integers and tables allow. */
function widthsOf(o: {
  readonly bits: number;
  readonly input_bits: number;
  readonly weight_bits: number;
  readonly accumulator: number;
}): Widths {
  const check = (name: string, value: number, lo: number, hi: number): number => {
    if (value >= lo && value <= hi) return value;
    throw new Diagnostic(
      'bad-option',
      `quantize: ${name} must lie in [${lo}, ${hi}], got ${value}`,
      { field: name },
      { kind: 'usage' },
    );
  };
  const bits = check('bits', o.bits, 2, 16);
  return {
    bits,
    input: check('input_bits', o.input_bits === 0 ? Math.min(bits + 1, 16) : o.input_bits, 2, 24),
    weights: check('weight_bits', o.weight_bits === 0 ? Math.min(bits + 4, 20) : o.weight_bits, 2, 24),
    accumulator: check('accumulator', o.accumulator === 0 ? 2 * bits + 13 : o.accumulator, 8, 50),
    key: Math.min(bits + 2, 16),
  };
}
