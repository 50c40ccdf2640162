// Fraction trees, one and several: true claims at the leaves, sums that are not zero and changed messages refused, same bytes from both kinds of vectors.
import { expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { add, EXT, type Ext, inverse, mul, P, same, scale, sub, ZERO } from '../../runtime/provers/plonk/field.ts';
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
 * Leaves whose fractions sum to zero over all trees: three different denominators, 1 over one of them in all leaves but the
 * last three, and -m over a denominator that occurs m times in these.
 */
function balanced(random: Random, variables: readonly number[]): Leaves[] {
  const keys = Array.from(
    { length: 3 },
    (): Ext => [random.below(P), random.below(P), random.below(P), random.below(P)],
  );
  const counts = keys.map(() => 0);
  const total = variables.reduce((sum, n) => sum + 2 ** n, 0);
  let done = 0;
  return variables.map((n) => {
    const [p, q] = [new Uint32Array(2 ** n), new Uint32Array(EXT * 2 ** n)];
    for (let i = 0; i < p.length; i++, done++) {
      // The last leaves of all are the table's: one row for each key.
      const row = keys.length - (total - done);
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
  proveFractions(v, channel, trees(v, leaves));
  return channel.proof();
}

function verify(proof: Uint8Array, leaves: readonly Leaves[]): FractionClaim[] {
  const channel = verifierChannel('test', proof);
  channel.chain(1);
  const claims = verifyFractions(
    channel,
    leaves.map((l) => l.variables),
  );
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

const SHAPES = [[2], [3], [4], [7], [2, 2], [3, 5, 1], [0, 6], [4, 4, 2, 0]];

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
  const claims = proveFractions(plain, channel, trees(plain, leaves));
  expect(verify(channel.proof(), leaves)).toEqual(claims);
});

test('no tree needs no message', () => {
  expect(prove(plain, [])).toHaveLength(0);
  expect(verify(new Uint8Array(0), [])).toEqual([]);
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
      const reason = shape.length === 1 ? 'lookups' : 'sum of the lookups';
      expect(refusal(prove(plain, leaves), leaves), `${shape}`).toContain(reason);
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

test('roots that sum to zero but are not the roots are refused', () => {
  const leaves = balanced(createRandom(6), [4, 3]);
  // Both fractions doubled: still zero together, with other numerators.
  const doubled = lying('fractions.root', 0, ([p0, q0, p1, q1]) => [scale(p0!, 2), q0!, scale(p1!, 2), q1!]);
  expect(refusal(prove(plain, leaves, doubled), leaves)).toContain('lookups');
  // The same fractions, expanded: p and q of one tree times a factor.
  const factor: Ext = [3, 1, 4, 1];
  const expanded = lying('fractions.root', 0, ([p0, q0, ...rest]) => [mul(p0!, factor), mul(q0!, factor), ...rest]);
  expect(refusal(prove(plain, leaves, expanded), leaves)).toContain('lookups');
});

test('a sum that is not zero cannot be hidden in the roots', () => {
  const leaves = balanced(createRandom(7), [4, 3]);
  leaves[0]!.p[3] = 7;
  // The second root's numerator is chosen such that both sum to zero.
  const hidden = lying('fractions.root', 0, ([p0, q0, , q1]) => [
    p0!,
    q0!,
    sub(ZERO, mul(p0!, mul(q1!, inverse(q0!)))),
    q1!,
  ]);
  expect(refusal(prove(plain, leaves, hidden), leaves)).toMatch(/: lookups/);
});

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
  expect(() => proveFractions(plain, channel, [{ ...tree!, variables: 4 }])).toThrow(RangeError);
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
  expect(() => verifyFractions(zero(channel), [3])).toThrow('a challenge is zero');
});
