// Claims on contractions: <term, contract(a, b)> = value becomes a product sumcheck that ends in a term on a and one on b.
import type { Contraction } from '../../../compiler/ir/contraction.ts';
import type { Factor, Term } from '../../../compiler/ir/interpret/plan/covector-types.ts';
import type { Shape } from '../../../compiler/ir/tensor.ts';
import {
  bitsOf,
  ceilLog2,
  countOf,
  type Letters,
  paddedStrides,
  positions,
  sortLetters,
} from './contraction-letters.ts';
import { add, EXT, type Ext, mul, ONE, ZERO } from './field.ts';
import { elementAt } from './opening-rounds.ts';
import type { StridedWords } from './operands.ts';
import type { Vectors } from './vectors.ts';

/**
 * Which letters the sumcheck runs over, besides those that both operands have:
 * - `product`: none more. No factor of the term has kept letters of both operands, so that each operand is folded with the
 *   factors over its own letters (Thaler, "Time-optimal interactive proofs for circuit evaluation", 2013, section 4).
 * - `open-a`, `open-b`: the kept letters of that operand too; the other operand is folded with the whole term.
 */
export type ContractionForm = 'product' | 'open-a' | 'open-b';

/** A contraction and the shapes of its operands. */
export interface ContractionOperands {
  readonly spec: Contraction;
  readonly a: Shape;
  readonly b: Shape;
}

/** A vector over letters (K-vector, row-major in their order). */
interface LetterFactor {
  readonly letters: string;
  readonly values: Uint32Array;
}

/** How one operand enters the sumcheck: k times the product of the factors, summed over what is not in the index. */
interface Side {
  /** Letters of the operand's axes. */
  readonly names: string;
  readonly k: Ext;
  readonly factors: readonly LetterFactor[];
}

/** One claim on a contraction's result. Form and variables follow from shapes and the term's axes alone. */
export interface ContractionInstance {
  readonly form: ContractionForm;
  /** Variables of its sumcheck. */
  readonly variables: number;
  readonly letters: Letters;
  /** Letters of the sumcheck's index, the most significant first; each is padded to a power of two on its own. */
  readonly index: string;
  readonly a: Side;
  readonly b: Side;
}

/** One claim on a contraction of a plan. */
export interface PlannedInstance {
  /** Index in the plan's contractions. */
  readonly contraction: number;
  readonly instance: ContractionInstance;
}

/** The instance for a term over the axes of the result. @throws Diagnostic `bad-contraction` */
export function instanceOf({ spec, a, b }: ContractionOperands, term: Term): ContractionInstance {
  const letters = sortLetters(spec, a, b);
  const { batch, inner, rowsA, rowsB, sizes } = letters;
  const factors = term.factors.map(({ axes, values }) => ({ letters: axes.map((i) => spec.out[i]!).join(''), values }));
  const has = (f: LetterFactor, some: string): boolean => [...f.letters].some((l) => some.includes(l));
  const isJoint = factors.some((f) => has(f, rowsA) && has(f, rowsB));
  const form = !isJoint ? 'product' : bitsOf(rowsA, sizes) < bitsOf(rowsB, sizes) ? 'open-a' : 'open-b';
  const index = batch + (form === 'product' ? '' : form === 'open-a' ? rowsA : rowsB) + inner;
  // Factors over letters that both keep: to the operand with fewer rows, where every row must be multiplied anew for them.
  const isLeft = (f: LetterFactor): boolean =>
    form === 'product'
      ? has(f, rowsA) || (!has(f, rowsB) && countOf(rowsA, sizes) <= countOf(rowsB, sizes))
      : form === 'open-b';
  const kLeft = form !== 'open-a';
  return {
    form,
    variables: bitsOf(index, sizes),
    letters,
    index,
    a: { names: spec.a, k: kLeft ? term.k : ONE, factors: factors.filter(isLeft) },
    b: { names: spec.b, k: kLeft ? ONE : term.k, factors: factors.filter((f) => !isLeft(f)) },
  };
}

/** The K-vectors of the sumcheck (2^variables elements each) from the operands. */
export function instanceVectors(
  v: Vectors,
  instance: ContractionInstance,
  a: StridedWords,
  b: StridedWords,
): readonly [Uint32Array, Uint32Array] {
  return [foldSide(v, instance, instance.a, a), foldSide(v, instance, instance.b, b)];
}

/**
 * The covectors on a and b whose values are the ends of the sumcheck at the point (of `variables` coordinates), as terms
 * over the operands' axes: one factor per letter of the index, joint with those rows that the term joins to it.
 */
export function endTerms(v: Vectors, instance: ContractionInstance, point: readonly Ext[]): readonly [Term, Term] {
  const { sizes } = instance.letters;
  const mark = v.mark();
  const weights = new Map<string, Uint32Array>();
  let next = 0;
  for (const l of instance.index) {
    const [n, bits] = [sizes.get(l)!, ceilLog2(sizes.get(l)!)];
    weights.set(l, v.eq(point.slice(next, next + bits), ONE).slice(0, EXT * n));
    next += bits;
  }
  const ends = [instance.a, instance.b].map((side) => endTerm(v, instance, side, weights));
  v.release(mark);
  return [ends[0]!, ends[1]!];
}

const without = (letters: string, others: string): string => [...letters].filter((l) => !others.includes(l)).join('');
const among = (letters: string, others: string): string => [...letters].filter((l) => others.includes(l)).join('');

function foldSide(v: Vectors, { letters, index, variables }: ContractionInstance, side: Side, x: StridedWords) {
  const { sizes } = letters;
  const { names } = side;
  const { groups, rows, coefficients } = coefficientsOf(v, side, index, sizes);
  const strides = new Map([...names].map((l, i) => [l, x.strides[i]!]));
  const run = runOf(without(among(index, names), groups), sizes, strides);
  const outer = groups + without(index, groups + run);
  const starts = positions(outer, sizes, strides);
  for (let i = 0; i < starts.length; i++) starts[i]! += x.offset;
  const length = countOf(run, sizes);
  const folded = v.foldRows(x.data, starts, positions(rows, sizes, strides), coefficients, length);
  return placed(v, folded, positions(outer + run, sizes, paddedStrides(index, sizes)), 2 ** variables);
}

/** Coefficients of an operand's cells: a row-major vector over two lists of letters. */
interface Coefficients {
  /** Letters of the index on which coefficients depend. */
  readonly groups: string;
  /** Letters that are summed. */
  readonly rows: string;
  readonly coefficients: Uint32Array;
}

/** Product of a side's factors over the letters of the index that they have and all letters that are summed. */
function coefficientsOf(v: Vectors, side: Side, index: string, sizes: ReadonlyMap<string, number>): Coefficients {
  const outer = (a: Uint32Array, b: Uint32Array): Uint32Array => {
    if (isOne(a) || isOne(b)) return isOne(a) ? b : a;
    const out = v.alloc((a.length * b.length) / EXT);
    v.addOuter(out, a, b);
    return out;
  };
  const start = v.held(Uint32Array.from(side.k));
  // Factors over the index alone, factors over rows alone, and what mixes them: each group in front of its rows.
  let [groups, rows] = ['', ''];
  let [pure, mixed, tail] = [start, v.held(Uint32Array.from(ONE)), v.held(Uint32Array.from(ONE))];
  let [mixedGroups, mixedRows] = ['', ''];
  for (const f of side.factors) {
    const [own, summed] = [among(f.letters, index), without(f.letters, index)];
    const values = v.held(arranged(f, own + summed, sizes).values);
    if (summed === '') {
      pure = outer(pure, values);
      groups += own;
    } else if (own === '') {
      tail = outer(tail, values);
      rows += summed;
    } else {
      mixed = outerInGroups(v, mixed, values, countOf(mixedRows, sizes), countOf(summed, sizes));
      mixedGroups += own;
      mixedRows += summed;
    }
  }
  const free = without(side.names, index + rows + mixedRows);
  const ones = v.alloc(EXT * countOf(free, sizes));
  for (let i = 0; i < ones.length; i += EXT) ones[i] = 1;
  return {
    groups: groups + mixedGroups,
    rows: mixedRows + rows + free,
    coefficients: outer(pure, outer(mixed, outer(tail, ones))),
  };
}

const isOne = (x: Uint32Array): boolean => x.length === EXT && x[0] === 1 && x[1] === 0 && x[2] === 0 && x[3] === 0;

/** (g, m) and (h, n) to (g, h, m, n): the product of two vectors of groups of `m` and `n` elements. */
function outerInGroups(v: Vectors, a: Uint32Array, b: Uint32Array, m: number, n: number): Uint32Array {
  if (isOne(a)) return b;
  const out = v.alloc((a.length * b.length) / EXT);
  let at = 0;
  for (let i = 0; i < a.length; i += EXT * m)
    for (let j = 0; j < b.length; j += EXT * n) {
      const end = at + EXT * m * n;
      v.addOuter(out.subarray(at, end), a.subarray(i, i + EXT * m), b.subarray(j, j + EXT * n));
      at = end;
    }
  return out;
}

/** Those of the letters, the outermost first, whose cells follow each other in memory without gaps. */
function runOf(letters: string, sizes: ReadonlyMap<string, number>, strides: ReadonlyMap<string, number>): string {
  let run = '';
  for (let step = 1; ; ) {
    const next = [...letters].find((l) => !run.includes(l) && sizes.get(l)! > 1 && strides.get(l) === step);
    if (next === undefined) return run;
    run = next + run;
    step *= sizes.get(next)!;
  }
}

/** Elements at their places in a vector that is zero elsewhere. */
function placed(v: Vectors, elements: Uint32Array, places: Int32Array, size: number): Uint32Array {
  if (places.length === size && places.every((place, i) => place === i)) return elements;
  const out = v.alloc(EXT * size);
  for (let i = 0, from = 0; i < places.length; i++)
    for (let k = 0, to = EXT * places[i]!; k < EXT; k++) out[to++] = elements[from++]!;
  return out;
}

/** The transpose of {@link foldSide}, for the product of the weights of the letters of the index. */
function endTerm(
  v: Vectors,
  { letters, index }: ContractionInstance,
  { names, k, factors }: Side,
  weights: ReadonlyMap<string, Uint32Array>,
): Term {
  const { sizes } = letters;
  let scalar = k;
  const kept: LetterFactor[] = [];
  const keep = (f: LetterFactor): void => {
    if (f.letters === '') scalar = mul(scalar, elementAt(f.values, 0));
    else kept.push(f);
  };
  for (const f of factors) keep(weighted(v, f, among(f.letters, index), weights, names, sizes));
  for (const l of without(index, factors.map((f) => f.letters).join(''))) {
    const values = weights.get(l)!;
    if (!names.includes(l)) scalar = mul(scalar, total(values));
    else if (sizes.get(l) === 1) scalar = mul(scalar, elementAt(values, 0));
    else kept.push({ letters: l, values });
  }
  const onAxes = kept.map((f): Factor => {
    const ordered = among(names, f.letters);
    return { axes: [...ordered].map((l) => names.indexOf(l)), values: arranged(f, ordered, sizes).values };
  });
  return { k: scalar, factors: onAxes.sort((f, g) => f.axes[0]! - g.axes[0]!) };
}

/** A factor times the weights of some of its letters; summed over those that the operand does not have. */
function weighted(
  v: Vectors,
  factor: LetterFactor,
  some: string,
  weights: ReadonlyMap<string, Uint32Array>,
  names: string,
  sizes: ReadonlyMap<string, number>,
): LetterFactor {
  if (factor.letters === some && some.length === 1 && names.includes(some)) {
    const [x, y] = [factor.values, weights.get(some)!];
    const values = new Uint32Array(x.length);
    for (let i = 0; i < x.length / EXT; i++) values.set(mul(elementAt(x, i), elementAt(y, i)), EXT * i);
    return { letters: some, values };
  }
  let f = factor;
  for (const l of some) {
    // The letter first, so that each of its weights multiplies one piece.
    const from = arranged(f, l + without(f.letters, l), sizes).values;
    const values = v.held(from);
    const words = from.length / sizes.get(l)!;
    const isSummed = !names.includes(l);
    const out = v.alloc(isSummed ? words : from.length);
    for (let i = 0, at = 0; at < from.length; i++, at += words)
      v.addScaled(
        isSummed ? out : out.subarray(at, at + words),
        values.subarray(at, at + words),
        elementAt(weights.get(l)!, i),
      );
    f = { letters: (isSummed ? '' : l) + without(f.letters, l), values: out };
  }
  return some === '' ? f : { letters: f.letters, values: f.values.slice() };
}

function total(x: Uint32Array): Ext {
  let sum = ZERO;
  for (let i = 0; i < x.length / EXT; i++) sum = add(sum, elementAt(x, i));
  return sum;
}

/** The same factor with its letters in another order. */
function arranged(f: LetterFactor, order: string, sizes: ReadonlyMap<string, number>): LetterFactor {
  if (f.letters === order) return f;
  const strides = new Map([...f.letters].map((l, i) => [l, countOf(f.letters.slice(i + 1), sizes)]));
  const values = new Uint32Array(f.values.length);
  let to = 0;
  for (const position of positions(order, sizes, strides))
    for (let k = 0, from = EXT * position; k < EXT; k++) values[to++] = f.values[from++]!;
  return { letters: order, values };
}
