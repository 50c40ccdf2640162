// The twin's first claims: identities and public outputs at random points, and the terms in which they reach contractions.
import type { Instr } from '../../compiler/ir/circuit.ts';
import type { LinearForm, Plan } from '../../compiler/ir/interpret/plan.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';
import { type Claim, claimsOnForm, type Dense, type fixedWires, letterSizes } from './dense.ts';
import {
  bitsFor,
  dotBase,
  type Element,
  eqVector,
  fromBase,
  modulo,
  multiply,
  ONE,
  powers,
  scale,
  sum,
} from './field.ts';
import {
  denseOf,
  mergeTerm,
  type TwinFactor,
  type TwinTerm,
  termThroughConcat,
  termThroughProduct,
  termThroughSum,
  termThroughViews,
} from './terms.ts';
import type { Reader } from './transcript.ts';

/** Claims on wires whose values must add up to `target` less `constant`. */
export interface ConstraintClaims {
  /** As terms, in the order of the plan. */
  readonly terms: readonly { readonly wire: number; readonly term: TwinTerm }[];
  readonly dense: readonly Claim[];
  readonly constant: Element;
  readonly target: Element;
}

/** Draws theta and the points, and states all identities and outputs at them. */
export function constraintClaims(
  reader: Reader,
  plan: Plan,
  outputs: readonly (readonly bigint[])[],
): ConstraintClaims {
  const theta = reader.challenge('constraints.theta');
  const weights = new Map<string, readonly TwinFactor[]>();
  for (const { shape } of [...plan.identities, ...plan.outputs])
    if (!weights.has(shape.join())) weights.set(shape.join(), drawWeights(reader, shape));
  const factors = powers(theta, plan.identities.length + plan.outputs.length);

  const terms: { wire: number; term: TwinTerm }[] = [];
  const dense: Claim[] = [];
  let constant = fromBase(0n);
  let target = fromBase(0n);
  const state = (form: LinearForm, shape: Shape, k: Element): Dense => {
    const own = weights.get(shape.join())!;
    const cells = denseOf({ k: ONE, factors: own }, shape);
    const on = claimsOnForm(form, cells, k);
    dense.push(...on.claims);
    constant = sum([constant, on.constant]);
    for (const t of form.terms) terms.push({ wire: t.wire, term: { k: scale(k, BigInt(t.k)), factors: own } });
    return cells;
  };
  for (const [i, { form, shape }] of plan.identities.entries()) state(form, shape, factors[i]!);
  for (const [j, { wire, shape }] of plan.outputs.entries()) {
    const k = factors[plan.identities.length + j]!;
    const cells = state({ terms: [{ wire, k: 1 }], constant: 0 }, shape, k);
    target = sum([target, multiply(k, dotBase(cells, outputs[j]!))]);
  }
  return { terms, dense, constant, target };
}

/** eq of a point of the shape: a vector per axis of more than one cell, cut to the cells that are there. */
function drawWeights(reader: Reader, shape: Shape): readonly TwinFactor[] {
  const bits = shape.map(bitsFor);
  const point = reader.challenges(
    'constraints.point',
    bits.reduce((n, b) => n + b, 0),
  );
  let at = 0;
  return shape.flatMap((n, axis) => {
    const own = point.slice(at, at + bits[axis]!);
    at += bits[axis]!;
    return n === 1 ? [] : [{ axes: [axis], values: eqVector(own).slice(0, n) }];
  });
}

/** For each contraction of the plan the terms in which claims reach its result, in the order in which they arrive. */
export function contractionTerms(
  plan: Plan,
  fixed: ReturnType<typeof fixedWires>,
  claims: ConstraintClaims['terms'],
): readonly (readonly TwinTerm[])[] {
  const { circuit: c, shapes } = plan;
  const leaves = new Set([...plan.columns, ...plan.inputs].map(({ wire }) => wire));
  const results = new Map(plan.contractions.map(({ wire }, i) => [wire, i]));
  const definitionOf = new Map([...plan.definitions].map(([definition, w]) => [w, definition]));
  const found = plan.contractions.map((): readonly TwinTerm[] => []);
  const lists = new Map<number, TwinTerm[]>();
  const isEmpty = (wire: number): boolean => shapes[wire]!.includes(0);
  const put = (wire: number, term: () => TwinTerm): void => {
    if (isEmpty(wire)) return;
    const list = lists.get(wire) ?? [];
    lists.set(wire, list);
    mergeTerm(list, term());
  };
  for (const { wire, term } of claims) put(wire, () => term);

  const carry = (i: Instr, t: TwinTerm): void => {
    switch (i.op) {
      case 'affine':
        for (const [j, w] of i.in.entries()) put(w, () => ({ k: scale(t.k, modulo(i.k[j]!)), factors: t.factors }));
        return;
      case 'view':
        put(i.in, () => termThroughViews(t, i.steps, shapes[i.in]!));
        return;
      case 'concat': {
        let start = 0;
        for (const w of i.in) {
          const [at, size] = [start, shapes[w]![i.axis]!];
          put(w, () => termThroughConcat(t, shapes[i.out]!, i.axis, at, size));
          start += size;
        }
        return;
      }
      case 'sum':
        put(i.in, () => termThroughSum(t, i.axes, shapes[i.in]!));
        return;
      case 'deduce':
      case 'range':
        put(i.in, () => t);
        return;
      case 'contract': {
        const [a, b] = i.in;
        if (isEmpty(a) || isEmpty(b)) return;
        const sizes = letterSizes(i.spec, shapes[a]!, shapes[b]!);
        const [x, other, names, letters] =
          fixed[b] === undefined ? [b, fixed[a], i.spec.b, i.spec.a] : [a, fixed[b], i.spec.a, i.spec.b];
        if (other === undefined) throw new Error('a claim reaches a product that the plan does not have');
        put(x, () => termThroughProduct(t, { out: i.spec.out, x: names, fixed: letters, sizes, values: other }));
        return;
      }
      default:
        throw new Error(`a claim reaches a result of ${i.op}, which is no column`);
    }
  };

  for (const i of [...c.instrs].reverse())
    for (const w of 'out' in i ? [i.out].flat() : []) {
      const definition = definitionOf.get(w);
      if (definition === undefined && leaves.has(w)) continue;
      const list = lists.get(definition ?? w);
      if (list === undefined) continue;
      lists.delete(definition ?? w);
      const substitution = plan.substitutions.get(w);
      const result = results.get(w);
      if (substitution !== undefined)
        for (const t of list)
          for (const { wire, k } of substitution.terms)
            put(wire, () => ({ k: scale(t.k, BigInt(k)), factors: t.factors }));
      else if (result !== undefined) found[result] = list;
      else if (fixed[w] === undefined) for (const t of list) carry(i, t);
    }
  return found;
}
