// Requantization: the only operator that rounds.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import {
  addIntervals,
  clamp,
  floorDivInterval,
  type Interval,
  interval,
  scaleInterval,
} from '../../compiler/ir/interval.ts';
import { type AttrsOf, defineOp, type OpRegistry } from '../../compiler/ir/op.ts';
import { parseRational, powerOfTwo, type Rational, rational } from '../../compiler/ir/rational.ts';
import { sameShape, type Tensor } from '../../compiler/ir/tensor.ts';
import type { IntType } from '../../compiler/ir/types.ts';
import { requantize } from '../gadgets/requantize.ts';
import { applyTable } from '../gadgets/table.ts';
import { activationNamed, activationTable, tableRange } from '../shared/activation-table.ts';
import { int8, ints } from '../shared/samples.ts';
import { elementwiseTile } from '../shared/tiles.ts';
import { ANY_ELEMENT, badAttribute, intResult, operandsOf, rangeOf, showShape } from '../shared/types.ts';

const attrs = {
  multipliers: { kind: 'ints', doc: 'One whole multiplier per operand.' },
  shift: { kind: 'int', doc: 'Binary digits dropped, rounding half up.' },
  lo: { kind: 'int', doc: 'Least value after the shift; lower ones saturate.' },
  hi: { kind: 'int', doc: 'Largest value after the shift; higher ones saturate.' },
  scale: { kind: 'string', doc: 'Scale of the clamped integer, as 2^k or num/den.' },
  act: { kind: 'string', doc: 'Activation applied to the clamped integer as a table; none if empty.', default: '' },
  params: { kind: 'floats', doc: 'Parameters of the activation.', default: [] },
  out_scale: { kind: 'string', doc: "Scale of the activation's results; required with one.", default: '' },
} as const;

type RequantAttrs = AttrsOf<typeof attrs>;

/** Largest shift accepted: beyond it every 53-bit accumulator times a 53-bit multiplier rounds to 0 or -1. */
const MAX_SHIFT = 128;

function scaleAttribute(field: 'scale' | 'out_scale', text: string): Rational {
  try {
    const r = parseRational(text);
    if (r.num > 0n) return r;
  } catch (e) {
    if (!(e instanceof RangeError)) throw e;
  }
  throw badAttribute('requant', field, 'a positive rational as 2^k or num/den', text);
}

/** Interval of the accumulator sum of M_i * x_i + 2^(shift-1). */
function accumulator(types: readonly IntType[], a: RequantAttrs): Interval {
  const terms = types.map((t, i) => scaleInterval(rangeOf(t), BigInt(a.multipliers[i]!)));
  return addIntervals(terms.reduce(addIntervals), interval(half(a.shift), half(a.shift)));
}

const half = (shift: number): bigint => (shift === 0 ? 0n : 1n << BigInt(shift - 1));

/** Interval of the clamped integer. */
function clampedRange(types: readonly IntType[], a: RequantAttrs): Interval {
  const q = floorDivInterval(accumulator(types, a), 1n << BigInt(a.shift));
  const to = interval(a.lo, a.hi);
  return interval(clamp(to, q.lo), clamp(to, q.hi));
}

function table(a: RequantAttrs, ops: OpRegistry): (key: bigint) => bigint {
  return activationTable(
    activationNamed(ops, a.act),
    a.params,
    scaleAttribute('scale', a.scale),
    scaleAttribute('out_scale', a.out_scale),
  );
}

/** @throws Diagnostic `bad-attribute` or `bad-shape`. */
function check(types: readonly IntType[], a: RequantAttrs): void {
  if (a.multipliers.length !== types.length || !a.multipliers.every(Number.isSafeInteger))
    throw badAttribute('requant', 'multipliers', `${types.length} whole numbers below 2^53`, a.multipliers);
  if (a.shift < 0 || a.shift > MAX_SHIFT) throw badAttribute('requant', 'shift', `0 to ${MAX_SHIFT}`, a.shift);
  if (!Number.isSafeInteger(a.lo) || !Number.isSafeInteger(a.hi) || a.lo > a.hi)
    throw badAttribute('requant', 'lo, hi', 'lo <= hi below 2^53', [a.lo, a.hi]);
  if (a.act === '' && a.out_scale !== '')
    throw badAttribute('requant', 'out_scale', 'nothing without an activation', a.out_scale);
  const { shape } = types[0]!;
  const other = types.find((t) => !sameShape(t.shape, shape));
  if (other !== undefined)
    throw new Diagnostic(
      'bad-shape',
      `requant expects operands of one shape, got ${showShape(shape)} and ${showShape(other.shape)}`,
    );
}

/** clamp(floor((sum of M_i * x_i + 2^(shift-1)) / 2^shift), lo, hi), in floating point while that is exact. */
function rescale(xs: readonly Tensor[], types: readonly IntType[], a: RequantAttrs): Float64Array {
  const n = xs[0]!.data.length;
  const out = new Float64Array(n);
  // Partial sums and the rounding constant stay within the sum of the magnitudes.
  const magnitude = types.reduce(
    (sum, t, i) => sum + BigInt(Math.max(Math.abs(t.lo), Math.abs(t.hi))) * BigInt(Math.abs(a.multipliers[i]!)),
    half(a.shift),
  );
  if (magnitude < 2n ** 53n) {
    const [by, offset] = [2 ** a.shift, Number(half(a.shift))];
    for (let i = 0; i < n; i++) {
      let sum = offset;
      for (let j = 0; j < xs.length; j++) sum += a.multipliers[j]! * xs[j]!.data[i]!;
      out[i] = Math.min(Math.max(Math.floor(sum / by), a.lo), a.hi);
    }
    return out;
  }
  const multipliers = a.multipliers.map(BigInt);
  const to = interval(a.lo, a.hi);
  for (let i = 0; i < n; i++) {
    let sum = half(a.shift);
    for (let j = 0; j < xs.length; j++) sum += multipliers[j]! * BigInt(xs[j]!.data[i]!);
    out[i] = Number(clamp(to, sum >> BigInt(a.shift)));
  }
  return out;
}

/** Rescales, rounds half up, saturates, and optionally applies an activation as a table. */
export const requant = defineOp({
  name: 'requant',
  doc: 'clamp(floor((sum of multiplier * x + 2^(shift-1)) / 2^shift), lo, hi), then the activation as a table of the clamped integer. Saturation is part of the function.',
  operands: ['x...'],
  results: ['y'],
  attrs,
  quantization: { kind: 'exact', narrow: 'none' },
  infer(types, cx) {
    if (types.length === 0) throw new Diagnostic('bad-operands', 'requant expects at least one integer operand');
    const operands = operandsOf('requant', types, ANY_ELEMENT);
    if (operands.kind === 'float')
      throw new Diagnostic('bad-operands', `requant expects integer operands, got ${operands.element}`);
    check(operands.types, cx.attrs);
    const range = clampedRange(operands.types, cx.attrs);
    const scale = scaleAttribute('scale', cx.attrs.scale);
    const { shape } = types[0]!;
    if (cx.attrs.act === '') return [intResult('requant', shape, range, scale)];
    const image = tableRange(cx.attrs.act, table(cx.attrs, cx.ops), range);
    return [intResult('requant', shape, image, scaleAttribute('out_scale', cx.attrs.out_scale))];
  },
  evalInt(xs, cx) {
    const h = rescale(xs, cx.operands, cx.attrs);
    const { shape } = xs[0]!;
    if (cx.attrs.act === '') return [{ shape, data: h }];
    const f = table(cx.attrs, cx.ops);
    const { lo, hi } = clampedRange(cx.operands, cx.attrs);
    const values = Float64Array.from({ length: Number(hi - lo) + 1 }, (_, i) => Number(f(lo + BigInt(i))));
    return [{ shape, data: h.map((v) => values[v - Number(lo)]!) }];
  },
  lower(b, xs, cx) {
    const a = cx.attrs;
    const terms = xs.map((x, i) => [x, BigInt(a.multipliers[i]!)] as const);
    const h = requantize(b, terms, a.shift, interval(a.lo, a.hi), 'requant');
    if (a.act === '') return [h];
    return [applyTable(b, a.act, h, table(a, cx.ops), a.act)];
  },
  tile: elementwiseTile,
  samples: [
    {
      name: 'shift',
      attrs: { multipliers: [1], shift: 7, lo: -128, hi: 127, scale: '2^-7' },
      operands: [ints([2, 3], -40000, 40000, powerOfTwo(-14))],
    },
    {
      name: 'relu',
      attrs: { multipliers: [1], shift: 9, lo: 0, hi: 127, scale: '2^-5' },
      operands: [ints([1, 4], -300000, 300000, powerOfTwo(-14))],
    },
    {
      name: 'no saturation possible',
      attrs: { multipliers: [1], shift: 9, lo: -128, hi: 127, scale: '2^-5' },
      operands: [ints([4], -60000, 60000, powerOfTwo(-14))],
    },
    {
      name: 'no shift',
      attrs: { multipliers: [1], shift: 0, lo: 0, hi: 100, scale: '2^-7' },
      operands: [int8([5])],
    },
    {
      name: 'residual sum',
      attrs: { multipliers: [23170, 9001], shift: 15, lo: -128, hi: 127, scale: '2^-4' },
      operands: [int8([6]), int8([6], powerOfTwo(-5))],
    },
    {
      name: 'mantissa of a float32 multiplier',
      attrs: { multipliers: [11744051], shift: 36, lo: -120, hi: 135, scale: '1/50' },
      operands: [ints([4], -500000, 500000, powerOfTwo(-14))],
    },
    {
      name: 'negative multiplier',
      attrs: { multipliers: [-3], shift: 2, lo: -100, hi: 100, scale: '2^-5' },
      operands: [int8([5])],
    },
    {
      name: 'sigmoid',
      attrs: { multipliers: [1], shift: 8, lo: -64, hi: 63, scale: '2^-3', act: 'sigmoid', out_scale: '2^-7' },
      operands: [ints([4], -30000, 30000, powerOfTwo(-11))],
    },
    {
      name: 'leaky relu',
      attrs: {
        multipliers: [1],
        shift: 6,
        lo: -32,
        hi: 31,
        scale: '2^-3',
        act: 'leaky_relu',
        params: [0.25],
        out_scale: '2^-3',
      },
      operands: [ints([5], -3000, 3000, powerOfTwo(-9))],
    },
    {
      name: 'tanh without shift',
      attrs: { multipliers: [1], shift: 0, lo: -20, hi: 20, scale: '1/10', act: 'tanh', out_scale: '1/100' },
      operands: [ints([3], -20, 20, rational(1, 10))],
    },
    {
      name: 'constant result',
      attrs: { multipliers: [1], shift: 3, lo: 40, hi: 60, scale: '2^-4' },
      operands: [int8([3])],
    },
  ],
});
