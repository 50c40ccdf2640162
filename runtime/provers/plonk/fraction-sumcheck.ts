// The fraction tree of LogUp and its sumchecks (GKR): a sum of fractions p_i / q_i that must be zero, from the root to its leaves.
import { add, type Ext, inverse, isZero, mul, ONE, same, sub, ZERO } from './field.ts';
import { quadraticAt } from './sumcheck.ts';
import type { ProverChannel, VerifierChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

/** The sum is zero if the multilinear extensions of the leaves' numerators and denominators have these values at the point. */
export interface FractionClaim {
  readonly point: readonly Ext[];
  readonly p: Ext;
  readonly q: Ext;
}

interface Layer {
  readonly p: Uint32Array;
  readonly q: Uint32Array;
}

const first = (x: Uint32Array): Ext => [x[0]!, x[1]!, x[2]!, x[3]!];

/** a + z (b - a). */
const between = (a: Ext, b: Ext, z: Ext): Ext => add(a, mul(z, sub(b, a)));

/** p0 q1 + q0 (p1 + lambda q1): numerator plus lambda times denominator of p0/q0 + p1/q1. */
function combined([p0, p1, q0, q1]: readonly [Ext, Ext, Ext, Ext], lambda: Ext): Ext {
  return add(mul(p0, q1), mul(q0, add(p1, mul(lambda, q1))));
}

/**
 * Proves that the fractions over 2^variables leaves sum to zero (K-vectors p and q, one element per leaf).
 *
 * The root's numerator is 0 and not sent. Each layer is one sumcheck of eq(point, x) times a quadratic g: claims leave the
 * eq prefix out, messages are g(0) and g's leading coefficient, and the two children join by the challenge mu, the least
 * significant coordinate of the next point.
 */
export function proveFractions(v: Vectors, channel: ProverChannel, leaves: Layer): FractionClaim {
  const layers: Layer[] = [leaves];
  for (let top = leaves; top.p.length > first(top.p).length; layers.push(top)) top = v.fractionLayer(top.p, top.q);
  let q = first(layers.at(-1)!.q);
  let p = ZERO;
  let point: readonly Ext[] = [];
  channel.send('fractions.root', [q]);
  for (const layer of layers.slice(0, -1).reverse()) {
    const lambda = channel.challenge('fractions.lambda');
    let [p0, p1] = v.unzip(layer.p);
    let [q0, q1] = v.unzip(layer.q);
    // p1 + lambda q1 takes the place of p1 in all rounds, and eq loses a coordinate per round.
    v.addScaled(p1, q1, lambda);
    let rest = v.eq(point.slice(1), ONE);
    const next: Ext[] = [];
    for (let round = 0; round < point.length; round++) {
      if (round > 0) rest = v.sumHalves(rest);
      channel.send('fractions.round', v.fractionRound(rest, p0, p1, q0, q1, ZERO));
      const z = channel.challenge('fractions.point');
      next.push(z);
      p0 = v.fold(p0, z);
      p1 = v.fold(p1, z);
      q0 = v.fold(q0, z);
      q1 = v.fold(q1, z);
    }
    const ends = [first(p0), sub(first(p1), mul(lambda, first(q1))), first(q0), first(q1)] as const;
    channel.send('fractions.ends', ends);
    const mu = channel.challenge('fractions.mu');
    point = [...next, mu];
    p = between(ends[0], ends[1], mu);
    q = between(ends[2], ends[3], mu);
  }
  return { point, p, q };
}

/** Checks {@link proveFractions}; p and q are claims that are still to be proved. */
export function verifyFractions(channel: VerifierChannel, variables: number): FractionClaim {
  let q = channel.receive('fractions.root', 1)[0]!;
  channel.check(!isZero(q), 'denominators of the lookups');
  let p = ZERO;
  let point: readonly Ext[] = [];
  for (let layer = 0; layer < variables; layer++) {
    const lambda = channel.challenge('fractions.lambda');
    let claim = add(p, mul(lambda, q));
    const next: Ext[] = [];
    for (const r of point) {
      const [g0, leading] = channel.receive('fractions.round', 2);
      // (1 - r) g(0) + r g(1) = claim.
      channel.check(!isZero(r), 'a challenge is zero');
      const g1 = mul(sub(claim, mul(sub(ONE, r), g0!)), inverse(r));
      const z = channel.challenge('fractions.point');
      next.push(z);
      claim = quadraticAt(g0!, leading!, g1, z);
    }
    const [p0, p1, q0, q1] = channel.receive('fractions.ends', 4);
    channel.check(same(claim, combined([p0!, p1!, q0!, q1!], lambda)), 'lookups');
    const mu = channel.challenge('fractions.mu');
    point = [...next, mu];
    p = between(p0!, p1!, mu);
    q = between(q0!, q1!, mu);
  }
  return { point, p, q };
}
