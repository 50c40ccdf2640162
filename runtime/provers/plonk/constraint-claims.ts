// The claims that all identities and public outputs of a run reduce to: one linear functional at random points.
import type { Factor, Plan, PullBack, PulledBack, Term } from '../../../compiler/ir/interpret/plan.ts';
import type { Shape } from '../../../compiler/ir/tensor.ts';
import { ceilLog2 } from './contraction-letters.ts';
import { denseFactors } from './dense-factors.ts';
import { add, EXT, type Ext, mul, ONE, powers, ZERO } from './field.ts';
import type { Transcript } from './transcript.ts';
import type { Vectors } from './vectors.ts';

/** Integers of public tensors, in the order of the plan, as canonical residues. */
export interface PublicWords {
  readonly inputs: readonly Uint32Array[];
  readonly outputs: readonly Uint32Array[];
}

/**
 * Constraints are weighted by powers of theta; all of one shape share one point, drawn axis by axis (each axis padded to a
 * power of two), so that a matrix product keeps the product form of its covector.
 */
export interface ConstraintChallenges {
  readonly theta: Ext;
  /** Points by {@link shapeKey}. */
  readonly points: ReadonlyMap<string, readonly Ext[]>;
}

const shapeKey = (shape: Shape): string => shape.join(',');
const pointBits = (shape: Shape): number => shape.reduce((n, d) => n + ceilLog2(d), 0);

/** Distinct shapes of constraints, in the order of the plan. */
function constraintShapes(plan: Plan): ReadonlyMap<string, Shape> {
  return new Map([...plan.identities, ...plan.outputs].map(({ shape }) => [shapeKey(shape), shape]));
}

/** Coordinates of all points together: a term of the soundness error. */
export function constraintPointBits(plan: Plan): number {
  return [...constraintShapes(plan).values()].reduce((n, shape) => n + pointBits(shape), 0);
}

/** Identities and public outputs: the degree in theta. */
export function constraintCount(plan: Plan): number {
  return plan.identities.length + plan.outputs.length;
}

export function drawConstraintChallenges(channel: Transcript, plan: Plan): ConstraintChallenges {
  const theta = channel.challenge('constraints.theta');
  const points = new Map<string, readonly Ext[]>();
  for (const [key, shape] of constraintShapes(plan))
    points.set(key, channel.challenges('constraints.point', pointBits(shape)));
  return { theta, points };
}

/** Challenges of the right number that stand for any. */
export function dryConstraintChallenges(plan: Plan): ConstraintChallenges {
  const points = new Map([...constraintShapes(plan)].map(([k, s]) => [k, new Array<Ext>(pointBits(s)).fill(ZERO)]));
  return { theta: ONE, points };
}

/** The product over the axes of eq(coordinates of the axis, index), for every true cell. */
function cellWeights(v: Vectors, shape: Shape, point: readonly Ext[]): Term {
  const factors: Factor[] = [];
  let rest = point;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const n = shape[axis]!;
    const bits = ceilLog2(n);
    if (bits === 0) continue;
    const values = v.eq(rest.slice(rest.length - bits), ONE).subarray(0, EXT * n);
    rest = rest.slice(0, rest.length - bits);
    factors.unshift({ axes: [axis], values });
  }
  return { k: ONE, factors };
}

/**
 * sum_i theta^i <weights, identity_i> + sum_j theta^j <weights, output wire_j - stated output_j> = 0, pulled back: what
 * columns, contractions and public inputs contribute, and what their sum must be.
 */
export function pullConstraints(
  v: Vectors,
  plan: Plan,
  pull: PullBack,
  { theta, points }: ConstraintChallenges,
  outputs: readonly Uint32Array[],
): { readonly pulled: PulledBack; readonly target: Ext } {
  const weights = new Map([...constraintShapes(plan)].map(([k, shape]) => [k, cellWeights(v, shape, points.get(k)!)]));
  const factors = powers(theta, constraintCount(plan));
  for (const [i, { shape, form }] of plan.identities.entries())
    pull.addForm(form, weights.get(shapeKey(shape))!, factors[i]!);
  let target = ZERO;
  for (const [j, { shape, wire }] of plan.outputs.entries()) {
    const own = weights.get(shapeKey(shape))!;
    const factor = factors[plan.identities.length + j]!;
    pull.add(wire, own, factor);
    target = add(target, mul(factor, termValue(v, shape, own, outputs[j]!)));
  }
  return { pulled: pull.finish(), target };
}

/** What the verifier evaluates itself: public inputs and the constant. */
export function publicPart(v: Vectors, plan: Plan, pulled: PulledBack, inputs: readonly Uint32Array[]): Ext {
  let total = pulled.constant;
  for (const [i, terms] of pulled.inputs.entries())
    for (const term of terms) total = add(total, termValue(v, plan.inputs[i]!.shape, term, inputs[i]!));
  return total;
}

/** <term, cells> of row-major cells. */
function termValue(v: Vectors, shape: Shape, term: Term, cells: Uint32Array): Ext {
  const axes = [...shape.keys()];
  return mul(term.k, v.dotBase(denseFactors(v, shape, axes, term.factors), v.held(cells)));
}
