// The twin's contractions: how many claims reach each of them, and how one ends in a covector on both operands.
import type { PlanContraction } from '../../compiler/ir/interpret/plan.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';
import { cellsOf, type Dense, letterSizes } from './dense.ts';
import { add, bitsFor, type Element, eqVector, multiply, product, ZERO } from './field.ts';
import type { TwinTerm } from './terms.ts';

/** A vector over letters, row-major. */
interface Weight {
  readonly letters: string;
  readonly values: Dense;
}

/** One operand of an instance: its cells are multiplied with the weights and summed over all letters outside the index. */
interface Side {
  readonly wire: number;
  readonly names: string;
  readonly weights: readonly Weight[];
}

/** A claim <term, result> = value, as a sum of products over the values of the letters of the index. */
export interface TwinInstance {
  readonly sizes: ReadonlyMap<string, number>;
  /** Most significant first, each padded to a power of two. */
  readonly index: string;
  readonly variables: number;
  readonly a: Side;
  readonly b: Side;
}

const pick = (letters: string, keep: (l: string) => boolean): string => [...letters].filter(keep).join('');

/** The instance that a term on the result of a contraction makes. */
export function twinInstance({ spec, a, b }: PlanContraction, shapes: readonly Shape[], term: TwinTerm): TwinInstance {
  const sizes = letterSizes(spec, shapes[a]!, shapes[b]!);
  const kept = (l: string): boolean => spec.out.includes(l);
  const batch = pick(spec.a, (l) => spec.b.includes(l) && kept(l));
  const inner = pick(spec.a, (l) => spec.b.includes(l) && !kept(l));
  const rowsA = pick(spec.a, (l) => kept(l) && !spec.b.includes(l));
  const rowsB = pick(spec.b, (l) => kept(l) && !spec.a.includes(l));
  const bits = (letters: string): number => [...letters].reduce((n, l) => n + bitsFor(sizes.get(l)!), 0);
  const count = (letters: string): number => [...letters].reduce((n, l) => n * sizes.get(l)!, 1);
  const weights = term.factors.map(
    ({ axes, values }): Weight => ({ letters: axes.map((i) => spec.out[i]!).join(''), values }),
  );
  const meets = (w: Weight, letters: string): boolean => [...w.letters].some((l) => letters.includes(l));
  const k: Weight = { letters: '', values: [term.k] };

  if (weights.some((w) => meets(w, rowsA) && meets(w, rowsB))) {
    const isOpenA = bits(rowsA) < bits(rowsB);
    const index = batch + (isOpenA ? rowsA : rowsB) + inner;
    const [all, none] = [[k, ...weights], []];
    return {
      sizes,
      index,
      variables: bits(index),
      a: { wire: a, names: spec.a, weights: isOpenA ? none : all },
      b: { wire: b, names: spec.b, weights: isOpenA ? all : none },
    };
  }
  // The scalar goes to a; vectors over batch letters alone go to the operand with fewer rows, to a where they are equal.
  const isOfA = (w: Weight): boolean => meets(w, rowsA) || (!meets(w, rowsB) && count(rowsA) <= count(rowsB));
  return {
    sizes,
    index: batch + inner,
    variables: bits(batch + inner),
    a: { wire: a, names: spec.a, weights: [k, ...weights.filter(isOfA)] },
    b: { wire: b, names: spec.b, weights: weights.filter((w) => !isOfA(w)) },
  };
}

/** Covector on the cells of an operand whose value is that operand's end of the sumcheck at the point. */
export function endCovector(
  { sizes, index }: TwinInstance,
  { names, weights }: Side,
  point: readonly Element[],
): Dense {
  const eq = eqVector(point);
  const letters = names + pick(index, (l) => !names.includes(l));
  const cells = cellsOf(letters, names, sizes);
  const places = cellsOf(letters, index, sizes, (l) => 2 ** bitsFor(sizes.get(l)!));
  const own = weights.map((w) => cellsOf(letters, w.letters, sizes));
  const out = new Array<Element>([...names].reduce((n, l) => n * sizes.get(l)!, 1)).fill(ZERO);
  for (const [n, cell] of cells.entries()) {
    const weight = product(weights.map((w, i) => w.values[own[i]![n]!]!));
    out[cell] = add(out[cell]!, multiply(weight, eq[places[n]!]!));
  }
  return out;
}
