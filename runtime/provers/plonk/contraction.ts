// Claims on contractions: <c, contract(a, b)> = v becomes one product sumcheck that ends in a linear claim on a and one on b.
import type { Contraction } from '../../../compiler/ir/contraction.ts';
import type { Shape } from '../../../compiler/ir/tensor.ts';
import {
  bitsOf,
  countOf,
  type Letters,
  letterStrides,
  paddedStrides,
  positions,
  sortLetters,
} from './contraction-letters.ts';
import { EXT, type Ext, inverse, isZero, mul, ONE, residue, same, ZERO } from './field.ts';
import { elementAt } from './opening-rounds.ts';
import type { Vectors } from './vectors.ts';

/**
 * Which letters the sumcheck runs over, besides those that both operands have:
 * - `product`: none more. The covector is a product of a vector over the kept letters of a and one over those of b, for
 *   every value of the letters that both keep; each operand is folded with its own (Thaler 2013).
 * - `open-a`, `open-b`: the kept letters of that operand too. Any covector; the other operand is folded with it.
 */
export type ContractionForm = 'product' | 'open-a' | 'open-b';

/** One contraction with its form: fixed by the verification key. */
export interface ContractionPlan {
  readonly spec: Contraction;
  readonly a: Shape;
  readonly b: Shape;
  readonly form: ContractionForm;
  readonly letters: Letters;
  /** Variables of its sumcheck. */
  readonly variables: number;
}

/** Plans a contraction; of the two open forms the one with fewer variables. */
export function planContraction(spec: Contraction, a: Shape, b: Shape, isProduct: boolean): ContractionPlan {
  const letters = sortLetters(spec, a, b);
  const { batch, inner, rowsA, rowsB, sizes } = letters;
  const [bitsA, bitsB] = [bitsOf(rowsA, sizes), bitsOf(rowsB, sizes)];
  const form = isProduct ? 'product' : bitsA < bitsB ? 'open-a' : 'open-b';
  const open = form === 'product' ? 0 : Math.min(bitsA, bitsB);
  return { spec, a, b, form, letters, variables: bitsOf(batch + inner, sizes) + open };
}

/** A matrix per value of the batch letters: rows of a by rows of b. */
interface Matrices {
  readonly batches: number;
  readonly rows: number;
  readonly columns: number;
  at(batch: number, row: number, column: number): Ext;
}

function covectorMatrices(p: ContractionPlan, outShape: Shape, c: Uint32Array): Matrices {
  const { batch, rowsA, rowsB, sizes } = p.letters;
  const strides = letterStrides(p.spec.out, outShape);
  const [g, m, n] = [batch, rowsA, rowsB].map((l) => positions(l, sizes, strides));
  return {
    batches: g!.length,
    rows: m!.length,
    columns: n!.length,
    at: (batch_, row, column) => elementAt(c, g![batch_]! + m![row]! + n![column]!),
  };
}

const outShapeOf = (p: ContractionPlan): Shape => [...p.spec.out].map((l) => p.letters.sizes.get(l)!);

/** Factors of a covector that is a product: c[g, m, n] = left[g][m] right[g][n]. */
interface Factors {
  readonly left: readonly (readonly Ext[])[];
  readonly right: readonly (readonly Ext[])[];
}

/** Undefined if some matrix of the covector has a rank above 1. Exact: every element is compared. */
function factor(c: Matrices): Factors | undefined {
  const left: Ext[][] = [];
  const right: Ext[][] = [];
  for (let g = 0; g < c.batches; g++) {
    const pivot = findPivot(c, g);
    if (pivot === undefined) {
      left.push(new Array<Ext>(c.rows).fill(ZERO));
      right.push(new Array<Ext>(c.columns).fill(ZERO));
      continue;
    }
    const [row, column] = pivot;
    const scale = inverse(c.at(g, row, column));
    const u = Array.from({ length: c.rows }, (_, m) => mul(c.at(g, m, column), scale));
    const w = Array.from({ length: c.columns }, (_, n) => c.at(g, row, n));
    for (let m = 0; m < c.rows; m++)
      for (let n = 0; n < c.columns; n++) if (!same(c.at(g, m, n), mul(u[m]!, w[n]!))) return undefined;
    left.push(u);
    right.push(w);
  }
  return { left, right };
}

function findPivot(c: Matrices, g: number): readonly [number, number] | undefined {
  for (let m = 0; m < c.rows; m++) for (let n = 0; n < c.columns; n++) if (!isZero(c.at(g, m, n))) return [m, n];
  return undefined;
}

/** True if the covector (K-vector over the result's cells) is a product, so that form `product` serves it. */
export function isProductCovector(spec: Contraction, a: Shape, b: Shape, c: Uint32Array): boolean {
  const plan = planContraction(spec, a, b, true);
  return factor(covectorMatrices(plan, outShapeOf(plan), c)) !== undefined;
}

/** How one operand meets the sumcheck's index: block of the index += coefficient * row of the operand. */
interface Term {
  readonly block: number;
  readonly row: number;
  readonly coefficient: Ext;
}

/** One operand as rows over the inner letters, in the padded order of the sumcheck. */
interface Side {
  /** Cell of the operand where each row begins. */
  readonly rows: Int32Array;
  /** Offset of each inner index from the row's cell, and its place in a block. */
  readonly inner: Int32Array;
  readonly place: Int32Array;
  readonly blockWords: number;
  readonly terms: readonly Term[];
}

/** A contraction's claim on one covector: how both operands enter the sumcheck. */
export interface ContractionInstance {
  readonly plan: ContractionPlan;
  readonly a: Side;
  readonly b: Side;
}

/**
 * Prepares both sides for a covector over the result's cells. Undefined if the plan's form is `product` and the covector
 * is none: the verifier refuses then.
 */
export function contractionInstance(plan: ContractionPlan, c: Uint32Array): ContractionInstance | undefined {
  const matrices = covectorMatrices(plan, outShapeOf(plan), c);
  const { form } = plan;
  if (form !== 'product') {
    const dense = (g: number, row: number, column: number): Ext =>
      form === 'open-b' ? matrices.at(g, row, column) : matrices.at(g, column, row);
    const [a, b] =
      form === 'open-b'
        ? [side(plan, 'a', 'folded', dense), side(plan, 'b', 'open')]
        : [side(plan, 'a', 'open'), side(plan, 'b', 'folded', dense)];
    return { plan, a, b };
  }
  const factors = factor(matrices);
  if (factors === undefined) return undefined;
  return {
    plan,
    a: side(plan, 'a', 'folded', (g, row) => factors.left[g]![row]!),
    b: side(plan, 'b', 'folded', (g, row) => factors.right[g]![row]!),
  };
}

/**
 * An open operand keeps its rows as blocks of the index; a folded one adds its rows to the blocks of the other's open
 * rows (one block per batch if none is open), each times its coefficient.
 */
function side(
  plan: ContractionPlan,
  which: 'a' | 'b',
  role: 'open' | 'folded',
  coefficient: (batch: number, row: number, column: number) => Ext = () => ONE,
): Side {
  const { spec, letters, form } = plan;
  const { batch, inner, sizes } = letters;
  const [names, shape] = which === 'a' ? [spec.a, plan.a] : [spec.b, plan.b];
  const [own, loose] = which === 'a' ? [letters.rowsA, letters.looseA] : [letters.rowsB, letters.looseB];
  const open = form === 'product' ? '' : form === 'open-a' ? letters.rowsA : letters.rowsB;
  const strides = letterStrides(names, shape);
  const blocks = paddedStrides(batch + open, sizes);
  const [batchBlocks, openBlocks] = [positions(batch, sizes, blocks), positions(open, sizes, blocks)];
  const [owns, looses] = [countOf(own, sizes), countOf(loose, sizes)];
  const terms: Term[] = [];
  for (let g = 0, row = 0; g < batchBlocks.length; g++)
    for (let m = 0; m < owns; m++)
      for (let s = 0; s < looses; s++, row++) {
        if (role === 'open') terms.push({ block: batchBlocks[g]! + openBlocks[m]!, row, coefficient: ONE });
        else
          for (let n = 0; n < openBlocks.length; n++)
            terms.push({ block: batchBlocks[g]! + openBlocks[n]!, row, coefficient: coefficient(g, m, n) });
      }
  return {
    rows: positions(batch + own + loose, sizes, strides),
    inner: positions(inner, sizes, strides),
    place: positions(inner, sizes, paddedStrides(inner, sizes)),
    blockWords: 2 ** bitsOf(inner, sizes),
    terms,
  };
}

/** The K-vectors of the sumcheck from the operands' values (integers, row-major). */
export function instanceVectors(
  v: Vectors,
  instance: ContractionInstance,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): readonly [Uint32Array, Uint32Array] {
  const { variables } = instance.plan;
  return [foldSide(v, instance.a, variables, a), foldSide(v, instance.b, variables, b)];
}

function foldSide(v: Vectors, s: Side, variables: number, values: ArrayLike<number>): Uint32Array {
  const words = s.blockWords;
  const rows = v.alloc(s.rows.length * words);
  for (let r = 0; r < s.rows.length; r++)
    for (let k = 0; k < s.inner.length; k++) rows[r * words + s.place[k]!] = residue(values[s.rows[r]! + s.inner[k]!]!);
  const out = v.alloc(EXT * 2 ** variables);
  for (const { block, row, coefficient } of s.terms)
    v.addScaledBase(blockOf(out, block, words), rows.subarray(row * words, (row + 1) * words), coefficient);
  return out;
}

const blockOf = (x: Uint32Array, block: number, words: number): Uint32Array =>
  x.subarray(EXT * block * words, EXT * (block + 1) * words);

/** Covectors over the cells of a and b whose values are the ends of the sumcheck at the point (K-vectors). */
export function endCovectors(
  v: Vectors,
  instance: ContractionInstance,
  point: readonly Ext[],
): readonly [Uint32Array, Uint32Array] {
  const weights = v.eq(point, ONE);
  return [spread(v, instance.a, weights), spread(v, instance.b, weights)];
}

/** The transpose of {@link foldSide}. */
function spread(v: Vectors, s: Side, weights: Uint32Array): Uint32Array {
  const words = s.blockWords;
  const rows = v.alloc(EXT * s.rows.length * words);
  for (const { block, row, coefficient } of s.terms)
    v.addScaled(blockOf(rows, row, words), blockOf(weights, block, words), coefficient);
  const out = v.alloc(EXT * s.rows.length * s.inner.length);
  for (let r = 0; r < s.rows.length; r++)
    for (let k = 0; k < s.inner.length; k++) {
      const from = EXT * (r * words + s.place[k]!);
      out.set(rows.subarray(from, from + EXT), EXT * (s.rows[r]! + s.inner[k]!));
    }
  return out;
}
