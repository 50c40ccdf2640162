// Fraction trees of LogUp and their sumchecks (GKR): a sum of fractions that is zero, from the root to the leaves.
import { add, EXT, type Ext, inverses, isZero, mul, ONE, same, sub, ZERO } from './field.ts';
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
  /** Numerators (base words) and denominators (K-vector), in fresh memory: the proof overwrites them. */
  leaves(): { readonly p: Uint32Array; readonly q: Uint32Array };
}

interface Layer {
  readonly p: Uint32Array;
  readonly q: Uint32Array;
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

/**
 * Proves that the fractions of a tree sum to zero: its root's numerator is 0 and not sent. A proof has one tree after the
 * other, each of which sums to zero by itself, so that memory is that of one.
 */
export function proveFractions(v: Vectors, channel: ProverChannel, tree: FractionTree): FractionClaim {
  const mark = v.mark();
  try {
    const layers = layersOf(v, tree);
    const q = elementAt(layers.at(-1)!.q, 0);
    channel.send('fractions.root', [q]);
    return proveTree(v, channel, layers, q);
  } finally {
    v.release(mark);
  }
}

/**
 * From a root to its leaves. Each layer is one sumcheck of eq(point, x) times a quadratic g: claims leave the eq prefix out,
 * messages are g(0) and g's leading coefficient, and the two children join by the challenge mu, the least significant
 * coordinate of the next point. Layers are overwritten.
 */
function proveTree(v: Vectors, channel: ProverChannel, layers: readonly Layer[], root: Ext): FractionClaim {
  let claim: FractionClaim = { point: [], p: ZERO, q: root };
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

/** Checks {@link proveFractions} for a tree of so many variables; p and q are claims that are still to be proved. */
export function verifyFractions(channel: VerifierChannel, variables: number): FractionClaim {
  const [root] = channel.receive('fractions.root', 1);
  channel.check(!isZero(root!), 'denominators of the lookups');
  let claim: FractionClaim = { point: [], p: ZERO, q: root! };
  for (let layer = 0; layer < variables; layer++) {
    const lambda = channel.challenge('fractions.lambda');
    let value = add(claim.p, mul(lambda, claim.q));
    const point: Ext[] = [];
    for (const r of claim.point) channel.check(!isZero(r), 'a challenge is zero');
    const inverted = inverses(claim.point);
    for (const [i, r] of claim.point.entries()) {
      const [g0, leading] = channel.receive('fractions.round', 2);
      // (1 - r) g(0) + r g(1) = value.
      const g1 = mul(sub(value, mul(sub(ONE, r), g0!)), inverted[i]!);
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
