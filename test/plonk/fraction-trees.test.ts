// Fraction trees: true claims at the leaves, sums that are not zero and changed messages refused, same bytes from both kinds of vectors.
import { expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { add, EXT, type Ext, P, same, sub, ZERO } from '../../runtime/provers/plonk/field.ts';
import {
  type FractionClaim,
  type FractionTree,
  proveFractions,
  verifyFractions,
} from '../../runtime/provers/plonk/fraction-trees.ts';
import { wasmVectors } from '../../runtime/provers/plonk/kernels/wasm-vectors.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import { type ProverChannel, proverChannel, verifierChannel } from '../../runtime/provers/plonk/transcript.ts';
import type { Vectors } from '../../runtime/provers/plonk/vectors.ts';
import { createRandom, type Random } from '../kits/random.ts';

const plain = plainVectors();
const wasm = wasmVectors();

/** Numerators (words) and denominators (K) of one tree. */
interface Leaves {
  readonly variables: number;
  readonly p: Uint32Array;
  readonly q: Uint32Array;
}

/**
 * Leaves whose fractions sum to zero in every tree: three different denominators, 1 over one of them in all leaves but the
 * last three, and -m over a denominator that occurs m times in these.
 */
function balanced(random: Random, variables: readonly number[]): Leaves[] {
  return variables.map((n) => {
    const keys = Array.from(
      { length: 3 },
      (): Ext => [random.below(P), random.below(P), random.below(P), random.below(P)],
    );
    const counts = keys.map(() => 0);
    const [p, q] = [new Uint32Array(2 ** n), new Uint32Array(EXT * 2 ** n)];
    for (let i = 0; i < p.length; i++) {
      const row = keys.length - (p.length - i);
      const key = row >= 0 ? row : random.below(keys.length);
      q.set(keys[key]!, EXT * i);
      p[i] = row >= 0 ? (P - counts[key]!) % P : 1;
      if (row < 0) counts[key]!++;
    }
    return { variables: n, p, q };
  });
}

const trees = (v: Vectors, leaves: readonly Leaves[]): FractionTree[] =>
  leaves.map(({ variables, p, q }) => ({
    variables,
    leaves: () => {
      const [ownP, ownQ] = [v.alloc(p.length), v.alloc(q.length)];
      ownP.set(p);
      ownQ.set(q);
      return { p: ownP, q: ownQ };
    },
  }));

function prove(v: Vectors, leaves: readonly Leaves[], channel = proverChannel('test')): Uint8Array {
  channel.chain(1);
  for (const tree of trees(v, leaves)) proveFractions(v, channel, tree);
  return channel.proof();
}

function verify(proof: Uint8Array, leaves: readonly Leaves[]): FractionClaim[] {
  const channel = verifierChannel('test', proof);
  channel.chain(1);
  const claims = leaves.map((l) => verifyFractions(channel, l.variables));
  channel.end();
  return claims;
}

/** Whether claims hold for the leaves: multilinear extensions by their definition. */
function hold(claims: readonly FractionClaim[], leaves: readonly Leaves[]): boolean {
  return leaves.every(({ p, q }, i) => {
    const { point, ...claim } = claims[i]!;
    const weights = plain.eq(point, [1, 0, 0, 0]);
    return same(claim.p, plain.dotBase(weights, p)) && same(claim.q, plain.dot(weights, q));
  });
}

/** The reason of a refusal; undefined where the proof is accepted and its claims are true. */
function refusal(proof: Uint8Array, leaves: readonly Leaves[]): string | undefined {
  try {
    return hold(verify(proof, leaves), leaves) ? undefined : 'claims';
  } catch (error) {
    if (error instanceof Diagnostic && error.code === 'proof-refused') return error.message;
    throw error;
  }
}

const SHAPES = [[2], [3], [4], [7], [2, 2], [3, 5, 2]];

test.each(SHAPES.map((shape) => [shape]))('trees of %j variables', (shape) => {
  const leaves = balanced(createRandom(1), shape);
  const proof = prove(plain, leaves);
  expect(refusal(proof, leaves)).toBeUndefined();
  const mark = wasm.mark();
  expect(prove(wasm, leaves)).toEqual(proof);
  expect(wasm.mark()).toBe(mark);
});

test('prover and verifier have the same claims', () => {
  const leaves = balanced(createRandom(2), [5, 4]);
  const channel = proverChannel('test');
  channel.chain(1);
  const claims = trees(plain, leaves).map((tree) => proveFractions(plain, channel, tree));
  expect(verify(channel.proof(), leaves)).toEqual(claims);
});

test.each(SHAPES.map((shape) => [shape]))('every changed word is refused, trees of %j variables', (shape) => {
  const leaves = balanced(createRandom(3), shape);
  const proof = prove(plain, leaves);
  for (let i = 0; i < proof.length; i += 4) {
    const changed = proof.slice();
    changed[i]! ^= 1;
    expect(refusal(changed, leaves), `byte ${i}`).toBeDefined();
  }
});

test('a sum that is not zero is refused', () => {
  for (const shape of SHAPES) {
    const leaves = balanced(createRandom(4), shape);
    for (const { p } of leaves) {
      const value = p[0]!;
      p[0] = (value + 1) % P;
      expect(refusal(prove(plain, leaves), leaves), `${shape}`).toContain('lookups');
      p[0] = value;
    }
  }
});

test('a denominator that is zero is refused', () => {
  for (const shape of SHAPES)
    for (let tree = 0; tree < shape.length; tree++) {
      const leaves = balanced(createRandom(5), shape);
      leaves[tree]!.q.fill(0, 0, EXT);
      expect(refusal(prove(plain, leaves), leaves), `${shape}`).toContain('denominators');
    }
});

/** A channel whose message of one label, counted from 0, is another one. */
function lying(label: string, index: number, change: (values: readonly Ext[]) => readonly Ext[]): ProverChannel {
  const inner = proverChannel('test');
  let seen = 0;
  return {
    ...inner,
    send: (name, values) => inner.send(name, name === label && seen++ === index ? change(values) : values),
  };
}

test('ends with the same value are refused by the next layer', () => {
  const leaves = balanced(createRandom(8), [4]);
  // p0 q1 + q0 (p1 + lambda q1) stays: p0 grows by q0, p1 shrinks by q1.
  const shifted = lying('fractions.ends', 1, ([p0, p1, q0, q1]) => [add(p0!, q0!), sub(p1!, q1!), q0!, q1!]);
  expect(refusal(prove(plain, leaves, shifted), leaves)).toContain('lookups');
});

test('trees are given as many leaves as they say', () => {
  const [tree] = trees(plain, balanced(createRandom(9), [3]));
  const channel = proverChannel('test');
  channel.chain(1);
  expect(() => proveFractions(plain, channel, { ...tree!, variables: 4 })).toThrow(RangeError);
});

test('a challenge that is zero is refused', () => {
  const leaves = balanced(createRandom(10), [3]);
  const zero = <T extends { challenge(label: string): Ext }>(channel: T): T => ({
    ...channel,
    challenge(label: string) {
      const z = channel.challenge(label);
      return label === 'fractions.mu' ? ZERO : z;
    },
  });
  const proof = prove(plain, leaves, zero(proverChannel('test')));
  const channel = verifierChannel('test', proof);
  channel.chain(1);
  expect(() => verifyFractions(zero(channel), 3)).toThrow('a challenge is zero');
});
