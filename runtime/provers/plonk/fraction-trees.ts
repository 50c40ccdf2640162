// Fraction trees of LogUp and their sumchecks (GKR): sums of fractions that are zero together, from the roots to the leaves.
import { add, EXT, type Ext, inverse, isZero, mul, ONE, same, sub, ZERO } from './field.ts';
import { elementAt } from './opening-rounds.ts';
import { quadraticAt } from './sumcheck.ts';
import type { ProverChannel, VerifierChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

/** The sum is zero if the multilinear extensions of the leaves' numerators and denominators have these values at the point. */
export interface FractionClaim {
  readonly point: readonly Ext[];
  readonly p: Ext;
  readonly q: Ext;
}

/** 2^variables fractions. */
export interface FractionTree {
  readonly variables: number;
  /** Numerators (base words) and denominators (K-vector), computed anew by each call: the proof overwrites them. */
  leaves(): { readonly p: Uint32Array; readonly q: Uint32Array };
}

interface Layer {
  readonly p: Uint32Array;
  readonly q: Uint32Array;
}

/** A layer's claim: values of numerators and denominators at a point. */
interface Fraction {
  readonly p: Ext;
  readonly q: Ext;
}

/** Children of both halves of a layer at one point: p0, p1, q0, q1. */
type Ends = readonly [Ext, Ext, Ext, Ext];

/** Trees of fewer variables are lifted to K: the last layer's rounds on base words are two at least. */
const LEAST_BASE_VARIABLES = 3;

/** a + z (b - a). */
const between = (a: Ext, b: Ext, z: Ext): Ext => add(a, mul(z, sub(b, a)));

/** p0 q1 + q0 (p1 + lambda q1): numerator plus lambda times denominator of p0/q0 + p1/q1. */
function combined([p0, p1, q0, q1]: Ends, lambda: Ext): Ext {
  return add(mul(p0, q1), mul(q0, add(p1, mul(lambda, q1))));
}

/** The first half of a vector. */
const half = (x: Uint32Array): Uint32Array => x.subarray(0, x.length / 2);

/** Leaves of a tree that has at least one layer above them, and all these layers; numerators of leaves are base words. */
function layersOf(v: Vectors, { variables, leaves }: FractionTree): readonly Layer[] {
  const { p, q } = leaves();
  if (p.length !== 2 ** variables || q.length !== EXT * p.length)
    throw new RangeError(`${p.length} numerators for 2^${variables} leaves`);
  const layers: Layer[] = [{ p, q }];
  if (variables < LEAST_BASE_VARIABLES) {
    const lifted = v.alloc(q.length);
    v.addScaledBase(lifted, p, ONE);
    layers[0] = { p: lifted, q };
  } else layers.push(v.fractionLayerBase(p, q));
  for (let top = layers.at(-1)!; top.q.length > EXT; layers.push(top)) top = v.fractionLayer(top.p, top.q);
  return layers;
}

const rootOf = ({ p, q }: Layer): Fraction => ({ p: elementAt(p, 0), q: elementAt(q, 0) });

/**
 * Proves that the fractions of all trees together sum to zero.
 *
 * One tree: its root's numerator is 0 and not sent. Several: all roots are sent first (PROVER-RULES.md, 7), then one tree
 * after the other is proved, each built again for that, so that memory is that of one.
 */
export function proveFractions(v: Vectors, channel: ProverChannel, trees: readonly FractionTree[]): FractionClaim[] {
  const scoped = <T>(step: () => T): T => {
    const mark = v.mark();
    try {
      return step();
    } finally {
      v.release(mark);
    }
  };
  const [only] = trees;
  if (only === undefined) return [];
  if (trees.length === 1)
    return scoped(() => {
      const layers = layersOf(v, only);
      const { q } = rootOf(layers.at(-1)!);
      channel.send('fractions.root', [q]);
      return [proveTree(v, channel, layers, { p: ZERO, q })];
    });
  const roots = trees.map((tree) => scoped(() => rootOf(layersOf(v, tree).at(-1)!)));
  channel.send(
    'fractions.root',
    roots.flatMap(({ p, q }) => [p, q]),
  );
  return trees.map((tree, i) => scoped(() => proveTree(v, channel, layersOf(v, tree), roots[i]!)));
}

/**
 * From a root to its leaves. Each layer is one sumcheck of eq(point, x) times a quadratic g: claims leave the eq prefix out,
 * messages are g(0) and g's leading coefficient, and the two children join by the challenge mu, the least significant
 * coordinate of the next point. Layers are overwritten.
 */
function proveTree(v: Vectors, channel: ProverChannel, layers: readonly Layer[], root: Fraction): FractionClaim {
  let claim: FractionClaim = { point: [], ...root };
  for (const layer of layers.slice(0, -1).reverse()) {
    const mark = v.mark();
    const lambda = channel.challenge('fractions.lambda');
    const { point, ends } = proveLayer(v, channel, layer, claim.point, lambda);
    channel.send('fractions.ends', ends);
    claim = joined(ends, point, channel.challenge('fractions.mu'));
    v.release(mark);
  }
  return claim;
}

function joined([p0, p1, q0, q1]: Ends, point: readonly Ext[], mu: Ext): FractionClaim {
  return { point: [...point, mu], p: between(p0, p1, mu), q: between(q0, q1, mu) };
}

/** The rounds of one layer. Numerators p1 + lambda q1 take the place of p1 in all of them. */
function proveLayer(
  v: Vectors,
  channel: ProverChannel,
  { p: numerators, q: denominators }: Layer,
  at: readonly Ext[],
  lambda: Ext,
): { readonly point: readonly Ext[]; readonly ends: Ends } {
  const endsOf = (p: Uint32Array, q: Uint32Array, p1: Ext): Ends => [
    elementAt(p, 0),
    p1,
    elementAt(q, 0),
    elementAt(q, 1),
  ];
  if (at.length === 0) return { point: [], ends: endsOf(numerators, denominators, elementAt(numerators, 1)) };
  const point: Ext[] = [];
  const round = (message: readonly [Ext, Ext]): Ext => {
    channel.send('fractions.round', message);
    const z = channel.challenge('fractions.point');
    point.push(z);
    return z;
  };
  const isBase = numerators.length < denominators.length;
  let [p, q] = [numerators, denominators];
  // Weights of the coordinates after the one that a round binds: one coordinate less per round.
  let e = v.eq(at.slice(1), ONE);
  let z = round(isBase ? v.fractionStartBase(e, p, q, lambda) : v.fractionStart(e, p, q, lambda));
  for (let i = 1; i < at.length; i++) {
    if (i === 1 && isBase) {
      const bound = v.fractionStepBase(e, p, q, lambda, z);
      ({ p } = bound);
      z = round(bound.message);
    } else {
      z = round(v.fractionStep(e, p, q, z));
      p = half(p);
    }
    [e, q] = [half(e), half(q)];
  }
  [p, q] = [v.foldInPlace(p, z), v.foldInPlace(q, z)];
  return { point, ends: endsOf(p, q, sub(elementAt(p, 1), mul(lambda, elementAt(q, 1)))) };
}

/** Checks {@link proveFractions} for trees of so many variables; p and q are claims that are still to be proved. */
export function verifyFractions(channel: VerifierChannel, variables: readonly number[]): FractionClaim[] {
  if (variables.length === 0) return [];
  const sent = channel.receive('fractions.root', variables.length === 1 ? 1 : 2 * variables.length);
  const roots: readonly Fraction[] =
    variables.length === 1
      ? [{ p: ZERO, q: sent[0]! }]
      : variables.map((_, i) => ({ p: sent[2 * i]!, q: sent[2 * i + 1]! }));
  for (const { q } of roots) channel.check(!isZero(q), 'denominators of the lookups');
  const sum = roots.reduce((a, b) => ({ p: add(mul(a.p, b.q), mul(b.p, a.q)), q: mul(a.q, b.q) }));
  channel.check(isZero(sum.p), 'sum of the lookups');
  return variables.map((count, i) => verifyTree(channel, count, roots[i]!));
}

function verifyTree(channel: VerifierChannel, variables: number, root: Fraction): FractionClaim {
  let claim: FractionClaim = { point: [], ...root };
  for (let layer = 0; layer < variables; layer++) {
    const lambda = channel.challenge('fractions.lambda');
    let value = add(claim.p, mul(lambda, claim.q));
    const point: Ext[] = [];
    for (const r of claim.point) {
      const [g0, leading] = channel.receive('fractions.round', 2);
      // (1 - r) g(0) + r g(1) = value.
      channel.check(!isZero(r), 'a challenge is zero');
      const g1 = mul(sub(value, mul(sub(ONE, r), g0!)), inverse(r));
      const z = channel.challenge('fractions.point');
      point.push(z);
      value = quadraticAt(g0!, leading!, g1, z);
    }
    const [p0, p1, q0, q1] = channel.receive('fractions.ends', 4);
    const ends: Ends = [p0!, p1!, q0!, q1!];
    channel.check(same(value, combined(ends, lambda)), 'lookups');
    claim = joined(ends, point, channel.challenge('fractions.mu'));
  }
  return claim;
}
