// The state of one quantization: for each float value its integer counterpart, wide as computed or narrow as consumed.
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import type { Value } from '../ir/module.ts';
import type { ModuleBuilder } from '../ir/module-builder.ts';
import { divRational, log2Exact, ONE, type Rational, sameRational, showRational, toNumber } from '../ir/rational.ts';
import type { Tensor } from '../ir/tensor.ts';
import { type FloatType, type IntType, intType } from '../ir/types.ts';
import { fitFormat, type NumberFormat, roundToScale } from './number-format.ts';
import type { ClassRange } from './scale-classes.ts';

/** Bit widths of a quantization. */
export interface Widths {
  /** Activations (bits). */
  readonly bits: number;
  /** Inputs of the model (bits). */
  readonly input: number;
  /** Weights, at most (bits, sign included). */
  readonly weights: number;
  /** Accumulators: every intermediate value fits this many bits, sign included. */
  readonly accumulator: number;
  /** Keys of activation tables (bits). */
  readonly key: number;
}

/** Integers of an int type as a count of bits, sign included. */
export function bitsOf(t: { readonly lo: number; readonly hi: number }): number {
  return Math.ceil(Math.log2(Math.max(t.hi + 1, -t.lo, 1))) + 1;
}

/** Narrowed type of an integer value. */
export function intOf(v: Value): IntType {
  if (v.type.kind !== 'int') throw new TypeError(`value ${v.name} is not quantized`);
  return v.type;
}

export function floatOf(v: Value): FloatType {
  if (v.type.kind !== 'float') throw new TypeError(`value ${v.name} is quantized already`);
  return v.type;
}

/** Range of a float value. @throws Diagnostic `not-calibrated` without one. */
export function rangeOf(v: Value): readonly [number, number] {
  const { range } = floatOf(v);
  if (range === undefined)
    throw new Diagnostic('not-calibrated', `${quote(v.name)} has no range: run the calibrate pass before quantize`);
  return range;
}

/** `M / 2^shift` for a change of scale: exact for powers of two, else M of at most `bits` bits, rounded. */
export function multiplier(from: Rational, to: Rational, bits: number): { readonly m: number; readonly shift: number } {
  const ratio = divRational(from, to);
  const k = log2Exact(ratio);
  if (k !== undefined) return k <= 0 ? { m: 1, shift: -k } : { m: 2 ** k, shift: 0 };
  const r = toNumber(ratio);
  const shift = Math.max(0, bits - 1 - Math.floor(Math.log2(r)));
  const m = Math.round(r * 2 ** shift);
  // Rounding may have carried into one more bit; an even multiplier is a smaller shift.
  return shift > 0 && m % 2 === 0 ? { m: m / 2, shift: shift - 1 } : { m, shift };
}

export interface Quantized {
  readonly widths: Widths;
  readonly builder: ModuleBuilder;
  readonly classRange: ClassRange;
  /** Records the integers of a float value, as an operator produced them; `asIs`: never requantized where they are read. */
  define(v: Value, int: Value, asIs?: boolean): void;
  /** The integers of a float value: possibly a wide accumulator. @throws Diagnostic `constant-operand` for a constant. */
  wide(v: Value): Value;
  /** The integers of a float value, requantized to activation width unless they are narrow or exact whole numbers. */
  narrow(v: Value): Value;
  /** The integers of a float value at the scale of its class. */
  classed(v: Value): Value;
  /** True if the value is exactly its integers: scale one, whole by construction. */
  isExact(v: Value): boolean;
  isConstant(v: Value): boolean;
  constantOf(v: Value): Tensor;
  /** A constant at a given scale. */
  constant(v: Value, scale: Rational): Value;
  /** Format of a value when narrow. */
  format(v: Value): NumberFormat;
}

export function createQuantized(
  widths: Widths,
  builder: ModuleBuilder,
  constants: ReadonlyMap<Value, Tensor>,
  classRange: ClassRange,
): Quantized {
  const ints = new Map<Value, Value>();
  const narrowed = new Map<Value, Value>();
  const aligned = new Map<Value, Value>();

  const state: Quantized = {
    widths,
    builder,
    classRange,
    define(v, int, asIs = false) {
      ints.set(v, int);
      if (asIs) narrowed.set(v, int);
    },
    wide(v) {
      const int = ints.get(v);
      if (int === undefined)
        throw new Diagnostic(
          'constant-operand',
          `${quote(v.name)} is a constant where the model's data is expected: fold constants before quantizing`,
        );
      return int;
    },
    isExact: (v) => floatOf(v).integral === true && sameRational(intOf(state.wide(v)).scale, ONE),
    isConstant: (v) => constants.has(v),
    constantOf: (v) => constants.get(v)!,
    format: (v) => fitFormat(classRange(v), widths.bits, 1),
    narrow(v) {
      const done = narrowed.get(v);
      if (done !== undefined) return done;
      const int = state.wide(v);
      const t = intOf(int);
      if (state.isExact(v) || t.hi - t.lo < 2 ** widths.bits) return int;
      const result = requantize(state, int, state.format(v));
      narrowed.set(v, result);
      return result;
    },
    classed(v) {
      const int = state.narrow(v);
      const format = state.format(v);
      if (sameRational(intOf(int).scale, format.scale) || state.isExact(v)) return int;
      const done = aligned.get(v) ?? requantize(state, state.wide(v), format);
      aligned.set(v, done);
      return done;
    },
    constant(v, scale) {
      const t = constants.get(v)!;
      const data = roundToScale(t.data, scale);
      let [lo, hi] = [data[0] ?? 0, data[0] ?? 0];
      for (const x of data) {
        if (x < lo) lo = x;
        if (x > hi) hi = x;
      }
      return builder.constantOfType(v.name, { shape: t.shape, data }, intType(t.shape, lo, hi, scale));
    },
  };
  return state;
}

/** Options of a fused activation. */
export interface FusedActivation {
  readonly act: string;
  readonly params: readonly number[];
  readonly outScale: Rational;
}

/** Emits clamp(round(x * x.scale / to.scale), to.lo, to.hi), then the activation's table if there is one. */
export function requantize(
  q: Quantized,
  x: Value,
  to: { readonly scale: Rational; readonly lo: number; readonly hi: number },
  fused?: FusedActivation,
): Value {
  const t = intOf(x);
  const { m, shift } = multiplier(t.scale, to.scale, Math.max(2, Math.min(24, q.widths.accumulator - bitsOf(t))));
  return q.builder.emit('requant', [x], {
    multipliers: [m],
    shift,
    lo: to.lo,
    hi: to.hi,
    scale: showRational(to.scale),
    act: fused?.act ?? '',
    params: fused?.params ?? [],
    out_scale: fused === undefined ? '' : showRational(fused.outScale),
  })[0]!;
}
