// The sumcheck engines on their own: honest provers are accepted with true end claims, every changed message is refused.
import { expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { add, addP, EXT, type Ext, inverse, mul, P, same, sub, ZERO } from '../../runtime/provers/plonk/field.ts';
import { proveFractions, verifyFractions } from '../../runtime/provers/plonk/fraction-sumcheck.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import { type ProvedInstance, proveProducts, suffixFor, verifyProducts } from '../../runtime/provers/plonk/sumcheck.ts';
import { type ProverChannel, proverChannel, verifierChannel } from '../../runtime/provers/plonk/transcript.ts';
import { createRandom, type Random } from '../kits/random.ts';

const v = plainVectors();
const elements = (random: Random, n: number): Uint32Array =>
  Uint32Array.from({ length: EXT * n }, () => random.below(P));
const at = (x: Uint32Array, i: number): Ext => [x[4 * i]!, x[4 * i + 1]!, x[4 * i + 2]!, x[4 * i + 3]!];
const dot = (a: Uint32Array, b: Uint32Array): Ext => {
  let sum = ZERO;
  for (let i = 0; i < a.length / EXT; i++) sum = add(sum, mul(at(a, i), at(b, i)));
  return sum;
};
/** Multilinear extension by its definition. */
const extension = (x: Uint32Array, point: readonly Ext[]): Ext => dot(x, v.eq(point, [1, 0, 0, 0]));

function open(): ProverChannel {
  const channel = proverChannel('test');
  channel.chain(1);
  return channel;
}
function reader(proof: Uint8Array): ReturnType<typeof verifierChannel> {
  const channel = verifierChannel('test', proof);
  channel.chain(1);
  return channel;
}

/** Every word of a proof, changed alone, must be noticed: by a check, or by end claims that are false. */
function refusesChangedWords(proof: Uint8Array, isAccepted: (changed: Uint8Array) => boolean): void {
  expect(isAccepted(proof)).toBe(true);
  for (let i = 0; i < proof.length; i += 4) {
    const changed = proof.slice();
    changed[i]! ^= 1;
    let accepted: boolean;
    try {
      accepted = isAccepted(changed);
    } catch (e) {
      if (!(e instanceof Diagnostic)) throw e;
      accepted = false;
    }
    expect(accepted, `byte ${i}`).toBe(false);
  }
}

test('products of different sizes in one batch', () => {
  const random = createRandom(1);
  for (const sizes of [[0], [3], [2, 0, 4, 4, 1]]) {
    const instances = sizes.map((variables): ProvedInstance => {
      const [a, b] = [elements(random, 2 ** variables), elements(random, 2 ** variables)];
      return { variables, a, b, value: dot(a, b) };
    });
    const channel = open();
    proveProducts(v, channel, 'p', instances);
    refusesChangedWords(channel.proof(), (proof) => {
      const verifier = reader(proof);
      const { point, ends } = verifyProducts(verifier, 'p', instances);
      verifier.end();
      return instances.every(({ a, b, variables }, l) => {
        const own = suffixFor(point, variables);
        return same(ends[l]![0], extension(a, own)) && same(ends[l]![1], extension(b, own));
      });
    });
  }
});

test('a product with a false value is refused', () => {
  const random = createRandom(2);
  const [a, b] = [elements(random, 8), elements(random, 8)];
  const instance = { variables: 3, a, b, value: add(dot(a, b), [0, 1, 0, 0]) };
  const channel = open();
  proveProducts(v, channel, 'p', [instance]);
  expect(() => verifyProducts(reader(channel.proof()), 'p', [instance])).toThrow('contraction sumcheck');
});

/** Leaves whose fractions add up to zero. */
function balancedLeaves(random: Random, variables: number): { readonly p: Uint32Array; readonly q: Uint32Array } {
  const n = 2 ** variables;
  const [p, q] = [elements(random, n), elements(random, n)];
  let sum = ZERO;
  for (let i = 0; i < n - 1; i++) sum = add(sum, mul(at(p, i), inverse(at(q, i))));
  p.set(mul(sub(ZERO, sum), at(q, n - 1)), EXT * (n - 1));
  return { p, q };
}

test('fractions that add up to zero', () => {
  const random = createRandom(3);
  for (const variables of [1, 2, 5]) {
    const leaves = balancedLeaves(random, variables);
    const channel = open();
    proveFractions(v, channel, leaves);
    refusesChangedWords(channel.proof(), (proof) => {
      const verifier = reader(proof);
      const { point, p, q } = verifyFractions(verifier, variables);
      verifier.end();
      return same(p, extension(leaves.p, point)) && same(q, extension(leaves.q, point));
    });
  }
});

test('fractions that do not add up to zero, and a denominator that is zero, are refused', () => {
  const random = createRandom(4);
  const accepted = (leaves: { readonly p: Uint32Array; readonly q: Uint32Array }): boolean => {
    const channel = open();
    proveFractions(v, channel, leaves);
    const { point, p, q } = verifyFractions(reader(channel.proof()), 3);
    return same(p, extension(leaves.p, point)) && same(q, extension(leaves.q, point));
  };
  const wrong = balancedLeaves(random, 3);
  wrong.p[5] = addP(wrong.p[5]!, 1);
  expect(() => accepted(wrong)).toThrow('lookups');
  const zero = balancedLeaves(random, 3);
  zero.q.fill(0, 8, 12);
  expect(() => accepted(zero)).toThrow('denominators');
});
