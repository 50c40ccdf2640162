// The product sumcheck on its own: honest provers are accepted with true end claims, every changed message is refused.
import { expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { add, EXT, type Ext, mul, P, same, ZERO } from '../../runtime/provers/plonk/field.ts';
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
    const owned = instances.map((i) => ({ ...i, a: i.a.slice(), b: i.b.slice() }));
    proveProducts(v, channel, 'p', owned);
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
