// Batched product sumcheck: sums of products of two multilinear polynomials, instances of different sizes in one batch.
import { add, type Ext, fromBase, mul, powers, same, sub, ZERO } from './field.ts';
import type { ProverChannel, VerifierChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

/** sum_x a(x) b(x) = value over 2^variables points; vectors belong to the prover alone. */
export interface ProductInstance {
  readonly variables: number;
  readonly value: Ext;
}

/** An instance with its K-vectors of 2^variables elements, which the proof overwrites. */
export interface ProvedInstance extends ProductInstance {
  readonly a: Uint32Array;
  readonly b: Uint32Array;
}

/** What is left of a batch: a(suffix) and b(suffix) of every instance, at the last coordinates of one shared point. */
export interface ProductEnds {
  readonly point: readonly Ext[];
  readonly ends: readonly (readonly [Ext, Ext])[];
}

/** 2^k as an element of the base field, k small. */
const twoTo = (k: number): Ext => fromBase(2 ** k);

/** s(z) of the polynomial with s(0), leading coefficient of degree 2, and s(0) + s(1) = claim. */
export function quadraticAt(s0: Ext, leading: Ext, s1: Ext, z: Ext): Ext {
  const linear = sub(sub(s1, s0), leading);
  return add(s0, mul(z, add(linear, mul(leading, z))));
}

/** Suffix of the shared point that belongs to an instance. */
export function suffixFor(point: readonly Ext[], variables: number): readonly Ext[] {
  return point.slice(point.length - variables);
}

/**
 * Rounds of sum_l weight_l (instance l). Small instances have dummy variables first, so that the last coordinates of the shared
 * point are theirs; a dummy doubles an instance's sum. Messages: s(0) and the leading coefficient. Nothing is sent at the end.
 */
export function proveBatch(
  v: Vectors,
  channel: ProverChannel,
  label: string,
  instances: readonly ProvedInstance[],
  weights: readonly Ext[],
): ProductEnds {
  const rounds = Math.max(0, ...instances.map((i) => i.variables));
  const vectors = instances.map(({ a, b }): [Uint32Array, Uint32Array] => [a, b]);
  const point: Ext[] = [];
  for (let round = 0; round < rounds; round++) {
    let [s0, leading] = [ZERO, ZERO];
    for (const [l, { variables, value }] of instances.entries()) {
      const dormant = rounds - variables;
      if (round < dormant) {
        s0 = add(s0, mul(weights[l]!, mul(value, twoTo(dormant - round - 1))));
        continue;
      }
      const [a, b] = vectors[l]!;
      const [at0, top] = round === dormant ? v.productRound(a, b) : v.productStep(a, b, point.at(-1)!);
      if (round > dormant) vectors[l] = [half(a), half(b)];
      s0 = add(s0, mul(weights[l]!, at0));
      leading = add(leading, mul(weights[l]!, top));
    }
    channel.send(`${label}.round`, [s0, leading]);
    point.push(channel.challenge(`${label}.point`));
  }
  for (const [l, { variables }] of instances.entries()) {
    const [a, b] = vectors[l]!;
    const z = point.at(-1);
    if (variables > 0 && z !== undefined) vectors[l] = [v.foldInPlace(a, z), v.foldInPlace(b, z)];
  }
  return { point, ends: vectors.map(([a, b]): readonly [Ext, Ext] => [first(a), first(b)]) };
}

const half = (x: Uint32Array): Uint32Array => x.subarray(0, x.length / 2);
const first = (x: Uint32Array): Ext => [x[0]!, x[1]!, x[2]!, x[3]!];

/** Checks rounds of messages s(0) and leading coefficient: the claim that is left, at the point. */
export function verifyRounds(
  channel: VerifierChannel,
  label: string,
  target: Ext,
  rounds: number,
): { readonly claim: Ext; readonly point: readonly Ext[] } {
  let claim = target;
  const point: Ext[] = [];
  for (let round = 0; round < rounds; round++) {
    const [s0, leading] = channel.receive(`${label}.round`, 2);
    const z = channel.challenge(`${label}.point`);
    point.push(z);
    claim = quadraticAt(s0!, leading!, sub(claim, s0!), z);
  }
  return { claim, point };
}

/** Proves the values of all instances: sum_l lambda^l (instance l), by {@link proveBatch}; then all ends are sent. */
export function proveProducts(
  v: Vectors,
  channel: ProverChannel,
  label: string,
  instances: readonly ProvedInstance[],
): ProductEnds {
  const lambda = powers(channel.challenge(`${label}.lambda`), instances.length);
  const proved = proveBatch(v, channel, label, instances, lambda);
  channel.send(`${label}.ends`, proved.ends.flat());
  return proved;
}

/** Checks a batch of {@link proveProducts}; the ends are claims that are still to be proved. */
export function verifyProducts(
  channel: VerifierChannel,
  label: string,
  instances: readonly ProductInstance[],
): ProductEnds {
  const rounds = Math.max(0, ...instances.map((i) => i.variables));
  const lambda = powers(channel.challenge(`${label}.lambda`), instances.length);
  let sum = ZERO;
  for (const [l, { variables, value }] of instances.entries())
    sum = add(sum, mul(lambda[l]!, mul(value, twoTo(rounds - variables))));
  const { claim, point } = verifyRounds(channel, label, sum, rounds);
  const flat = channel.receive(`${label}.ends`, 2 * instances.length);
  const ends = instances.map((_, l): readonly [Ext, Ext] => [flat[2 * l]!, flat[2 * l + 1]!]);
  let total = ZERO;
  for (const [l, [a, b]] of ends.entries()) total = add(total, mul(lambda[l]!, mul(a, b)));
  channel.check(same(claim, total), 'contraction sumcheck');
  return { point, ends };
}
