// Limbs of a number that the field cannot hold: a sum of products is computed again from narrower operands.
//
// A wire is an integer; over a field smaller than its interval its residue no longer tells which. Whatever is linear or
// bilinear in narrower wires has limbs all the same: the operands of a contraction are written in digits, so that every
// contraction of digits fits, and affine combinations, views, sums and joins apply to each limb. The wire itself is then
// only what hints are computed from.
//
// Soundness: the sum of w_i * 2^shift_i is x over the integers, because the digits of an operand sum up to it (proved for
// committed digits, see wide.ts; computed for constants) and all else is linear. No wire is narrowed here; what is stated
// of limbs is stated by wide.ts, and the recorder refuses what could wrap around.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { type Contraction, contractionShape, contractionSizes, letters } from '../../compiler/ir/contraction.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type Interval, max, mulIntervals, scaleInterval } from '../../compiler/ir/interval.ts';
import { type Shape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import type { View } from '../../compiler/ir/view.ts';
import { splat } from './linear.ts';
import {
  digitBits,
  digitCount,
  digitsOf,
  isComfortable,
  type Limb,
  merged,
  multipleOf,
  settled,
  type Wide,
  wideOf,
} from './wide.ts';

/** Linear instructions between a wide wire and what it is made of; more come from hostile models only. */
const MAX_DEPTH = 200;

/** What is known of the wires of a circuit under construction, so that a wire asked for twice has one set of limbs. */
const limbsOfWires = new WeakMap<Wire, Wide>();
const digitsOfWires = new WeakMap<Wire, Map<number, readonly Limb[]>>();

/**
 * A wire as limbs of which each fits the field: the wire itself if it does.
 * @throws Diagnostic `field-overflow` if it cannot be made of narrower ones.
 */
export function limbsOf(b: Builder, x: Wire, label: string): Wide {
  return limbsWithin(b, x, label, 0);
}

function limbsWithin(b: Builder, x: Wire, label: string, depth: number): Wide {
  if (isComfortable(b, x.range)) return wideOf(x);
  if (depth > MAX_DEPTH)
    throw tooWide(label, `more than ${MAX_DEPTH} steps lie between a wide number and what it is made of`);
  const have = limbsOfWires.get(x);
  if (have !== undefined) return have;
  const limbs = settled(b, limbsByOrigin(b, x, label, depth + 1), label);
  const wide = { limbs, range: x.range };
  limbsOfWires.set(x, wide);
  return wide;
}

function tooWide(label: string, why: string): Diagnostic {
  return new Diagnostic('field-overflow', `${label}: ${why}; lower the bits or the accumulator width`, {
    field: label,
  });
}

function limbsByOrigin(b: Builder, x: Wire, label: string, depth: number): readonly Limb[] {
  const inner = (w: Wire): readonly Limb[] => limbsWithin(b, w, label, depth).limbs;
  const from = b.origin(x);
  switch (from?.op) {
    case undefined:
      return digitsOf(b, x, label);
    case 'constant':
      return constantLimbs(b, from.value, [], label);
    case 'deduce':
      return inner(from.x);
    case 'view':
      return inner(from.x).map(({ w, shift }) => ({ w: b.view(w, ...from.steps), shift }));
    case 'concat': {
      const parts = from.xs.map(inner);
      const shifts = [...new Set(parts.flatMap((limbs) => limbs.map((l) => l.shift)))];
      return shifts.map((shift) => {
        const at = parts.map((limbs, i) => limbs.find((l) => l.shift === shift)?.w ?? splat(b, 0n, from.xs[i]!.shape));
        return { w: b.concat(at, from.axis), shift };
      });
    }
    case 'sum': {
      const axes = letters(from.x.shape.length);
      const out = [...axes].filter((_, axis) => !from.axes.includes(axis)).join('');
      return contractedLimbs(b, { a: axes, b: '', out }, inner(from.x), wideOf(splat(b, 1n, [])).limbs, label);
    }
    case 'contract':
      return contractedLimbs(b, from.spec, inner(from.x), inner(from.y), label);
    case 'affine':
      return affineLimbs(b, x, from.terms, from.c, label, depth);
  }
}

/** Limbs of sum k*x + c: constants go where the other terms have limbs already. */
function affineLimbs(
  b: Builder,
  x: Wire,
  terms: readonly (readonly [Wire, bigint])[],
  c: bigint,
  label: string,
  depth: number,
): readonly Limb[] {
  const constant = new Float64Array(sizeOf(x.shape)).fill(Number(c));
  let limbs: readonly Limb[] = [];
  let isConstant = c !== 0n;
  for (const [i, [w, k]] of terms.entries()) {
    const from = b.origin(w);
    if (from?.op === 'constant') {
      addMultiple(constant, from.value, k, label);
      isConstant = true;
      continue;
    }
    const wide = multipleOf(b, limbsWithin(b, w, label, depth), k, `${label}.term${i}`);
    limbs = settled(b, [...limbs, ...wide.limbs], label);
  }
  if (!isConstant) return limbs;
  const shifts = limbs.map((l) => l.shift);
  return [...limbs, ...constantLimbs(b, { shape: x.shape, data: constant }, shifts, label)];
}

/** Digits of a constant, nearest to zero, at these shifts and, where it needs more, at further ones. */
function constantLimbs(b: Builder, t: Tensor, shifts: readonly number[], label: string): readonly Limb[] {
  const limbs: Limb[] = [];
  let rest = wholeNumbers(t, label);
  for (let shift = 0; ; ) {
    const at = shift;
    const next = shifts.find((s) => s > at) ?? at + digitBits(b);
    const bits = Math.min(next - at, digitBits(b));
    const isLast = at >= Math.max(0, ...shifts) && rest.every((v) => Math.abs(v) < 2 ** (2 * digitBits(b)));
    const { low, high } = isLast ? { low: rest, high: new Float64Array(0) } : dividedBy(rest, bits);
    if (low.some((v) => v !== 0)) limbs.push({ w: constantOf(b, t.shape, low), shift });
    if (!high.some((v) => v !== 0)) return limbs;
    [rest, shift] = [high, at + bits];
  }
}

function wholeNumbers(t: Tensor, label: string): Float64Array {
  if (!t.data.every((v: number) => Number.isSafeInteger(v))) throw tooWide(label, 'a constant reaches 2^53');
  return Float64Array.from(t.data);
}

/** sum += k * t, exactly. */
function addMultiple(sum: Float64Array, t: Tensor, k: bigint, label: string): void {
  for (const [e, v] of t.data.entries()) {
    const term = Number(k) * v;
    sum[e]! += term;
    if (!Number.isSafeInteger(term) || !Number.isSafeInteger(sum[e])) throw tooWide(label, 'a constant reaches 2^53');
  }
}

/** v = low + 2^bits * high with low nearest to zero, element by element. */
function dividedBy(x: Float64Array, bits: number): { readonly low: Float64Array; readonly high: Float64Array } {
  const by = 2 ** bits;
  const high = x.map((v) => Math.floor((v + by / 2) / by));
  return { low: x.map((v, e) => v - high[e]! * by), high };
}

/** A constant; one value in all cells is stored once. */
function constantOf(b: Builder, shape: Shape, data: Float64Array): Wire {
  if (data.length > 0 && data.every((v) => v === data[0])) return splat(b, BigInt(data[0]!), shape);
  return b.constant({ shape, data });
}

/** The contraction of two numbers given by limbs. */
function contractedLimbs(
  b: Builder,
  spec: Contraction,
  xs: readonly Limb[],
  ys: readonly Limb[],
  label: string,
): readonly Limb[] {
  let limbs: readonly Limb[] = [];
  for (const x of xs)
    for (const y of ys) {
      const products = contractedPair(b, spec, x.w, y.w, label);
      limbs = settled(b, [...limbs, ...products.map((l) => ({ w: l.w, shift: l.shift + x.shift + y.shift }))], label);
    }
  return limbs;
}

/** Into how many digits of how many bits an operand is split; one digit: not at all. */
interface Split {
  readonly x: number;
  readonly y: number;
  readonly bits: number;
}

/** The contraction of two wires that fit the field: of their digits where it does not. */
function contractedPair(b: Builder, spec: Contraction, x: Wire, y: Wire, label: string): readonly Limb[] {
  const terms = summedTerms(spec, x.shape, y.shape);
  if (isComfortable(b, scaleInterval(mulIntervals(x.range, y.range), terms)))
    return [{ w: b.contract(spec, x, y), shift: 0 }];
  const split = cheapestSplit(b, spec, x, y, terms, label);
  const xs = operandDigits(b, x, split.bits, split.x, label);
  const ys = operandDigits(b, y, split.bits, split.y, label);
  const products = xs.flatMap((p) => ys.map((q) => ({ w: b.contract(spec, p.w, q.w), shift: p.shift + q.shift })));
  return merged(b, products);
}

function summedTerms(spec: Contraction, x: Shape, y: Shape): bigint {
  const sizes = contractionSizes(spec, x, y);
  return [...sizes].reduce((n, [l, size]) => (spec.out.includes(l) ? n : n * BigInt(size)), 1n);
}

/**
 * The split with the fewest committed values: digits of operands that are not constant, and two for each limb of each
 * output, which is what a carry costs. Digits of both operands have the same size, so that their products share limbs.
 */
function cheapestSplit(b: Builder, spec: Contraction, x: Wire, y: Wire, terms: bigint, label: string): Split {
  const [most, least] = [digitBits(b) * 2, 1];
  const outputs = contractionShape(spec, x.shape, y.shape).reduce((n, size) => n * size, 1);
  const cost = (s: Split): number => digitCost(b, x, s.x) + digitCost(b, y, s.y) + 2 * outputs * (s.x + s.y - 1);
  // A sixteenth of the field, so that limbs can be added and multiplied by small numbers afterwards.
  const fits = (s: Split): boolean => {
    const size = (w: Wire, n: number): bigint => (n === 1 ? magnitude(w.range) : 1n << BigInt(s.bits));
    const overlap = BigInt(Math.min(s.x, s.y));
    return 16n * terms * overlap * size(x, s.x) * size(y, s.y) < b.target.modulus;
  };
  let best: Split | undefined;
  for (let bits = most; bits >= least; bits--) {
    const [nx, ny] = [digitCount(x.range, bits), digitCount(y.range, bits)];
    for (const s of [
      { x: 1, y: ny, bits },
      { x: nx, y: 1, bits },
      { x: nx, y: ny, bits },
    ])
      if (fits(s) && (best === undefined || cost(s) <= cost(best))) best = s;
  }
  if (best === undefined) throw tooWide(label, `sums of ${terms} products do not fit the field of ${b.target.name}`);
  return best;
}

const magnitude = (r: Interval): bigint => max(r.hi, -r.lo);

/** Views have the digits of what they show. */
function digitCost(b: Builder, w: Wire, n: number): number {
  if (n === 1) return 0;
  const { base } = behindViews(b, w);
  return b.origin(base)?.op === 'constant' ? 0 : n * sizeOf(base.shape);
}

function operandDigits(b: Builder, w: Wire, bits: number, n: number, label: string): readonly Limb[] {
  if (n === 1) return [{ w, shift: 0 }];
  const { base, steps } = behindViews(b, w);
  const cache = digitsOfWires.get(base) ?? new Map<number, readonly Limb[]>();
  digitsOfWires.set(base, cache);
  const digits = cache.get(bits) ?? digitsOfBase(b, base, bits, label);
  cache.set(bits, digits);
  return digits.map((d) => ({ w: b.view(d.w, ...steps), shift: d.shift }));
}

function digitsOfBase(b: Builder, w: Wire, bits: number, label: string): readonly Limb[] {
  const from = b.origin(w);
  if (from?.op !== 'constant') return digitsOf(b, w, `${label}.digits`, bits);
  const limbs: Limb[] = [];
  const n = digitCount(w.range, bits);
  let rest = wholeNumbers(from.value, label);
  for (let i = 0; i < n; i++) {
    const { low, high } = i === n - 1 ? { low: rest, high: rest } : dividedBy(rest, bits);
    limbs.push({ w: constantOf(b, w.shape, low), shift: i * bits });
    rest = high;
  }
  return limbs;
}

/** The wire that views show, and the views in order. */
function behindViews(b: Builder, w: Wire): { readonly base: Wire; readonly steps: readonly View[] } {
  let base = w;
  const steps: View[] = [];
  for (let from = b.origin(base); from?.op === 'view'; from = b.origin(base)) {
    if (sizeOf(from.x.shape) > sizeOf(base.shape)) break;
    steps.unshift(...from.steps);
    base = from.x;
  }
  return { base, steps };
}
