// The sumcheck engines on their own: honest provers are accepted with true end claims, every changed message is refused.
import { expect, test } from 'vitest';
import { type Contraction, contract } from '../../compiler/ir/contraction.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { sizeOf } from '../../compiler/ir/tensor.ts';
import {
  contractionInstance,
  endCovectors,
  instanceVectors,
  isProductCovector,
  planContraction,
} from '../../runtime/provers/plonk/contraction.ts';
import {
  add,
  addP,
  EXT,
  type Ext,
  inverse,
  mul,
  P,
  residue,
  same,
  sub,
  ZERO,
} from '../../runtime/provers/plonk/field.ts';
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

const CONTRACTIONS: readonly (readonly [Contraction, ReadonlyMap<string, number>])[] = [
  [{ a: 'mk', b: 'kn', out: 'mn' }, new Map(Object.entries({ m: 3, k: 5, n: 2 }))],
  [{ a: 'mk', b: 'kn', out: 'nm' }, new Map(Object.entries({ m: 1, k: 4, n: 3 }))],
  [{ a: 'bmk', b: 'kbn', out: 'bnm' }, new Map(Object.entries({ b: 3, m: 2, k: 3, n: 5 }))],
  [{ a: 'ab', b: 'ab', out: 'ab' }, new Map(Object.entries({ a: 3, b: 2 }))],
  [{ a: 'cykxl', b: 'ockl', out: 'oyx' }, new Map(Object.entries({ c: 2, y: 3, k: 3, x: 2, l: 2, o: 3 }))],
  [{ a: 'abs', b: 'bct', out: 'ca' }, new Map(Object.entries({ a: 2, b: 3, c: 2, s: 3, t: 2 }))],
  [{ a: 'a', b: 'b', out: '' }, new Map(Object.entries({ a: 2, b: 3 }))],
  [{ a: '', b: '', out: '' }, new Map()],
];

test('covectors on contractions end in covectors on their operands', () => {
  const random = createRandom(5);
  const tensorOf = (letters: string, sizes: ReadonlyMap<string, number>) => {
    const shape = [...letters].map((l) => sizes.get(l)!);
    return { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => random.below(4001) - 2000) };
  };
  for (const [spec, sizes] of CONTRACTIONS) {
    const [a, b] = [tensorOf(spec.a, sizes), tensorOf(spec.b, sizes)];
    const result = contract(spec, a, b);
    const words = Uint32Array.from(result.data, residue);
    const [wordsA, wordsB] = [a, b].map((t) => Uint32Array.from(t.data, residue));
    // A product: rows of a times rows of b; a general one has full rank.
    const general = elements(random, words.length);
    const axes = [...spec.out].map((l) => elements(random, sizes.get(l)!));
    const product = result.shape.length === 0 ? general : outer(axes);
    expect(isProductCovector(spec, a.shape, b.shape, product)).toBe(true);
    for (const covector of [general, product])
      for (const form of [false, isProductCovector(spec, a.shape, b.shape, covector)]) {
        const plan = planContraction(spec, a.shape, b.shape, form);
        const instance = contractionInstance(plan, covector)!;
        const [x, y] = instanceVectors(v, instance, a.data, b.data);
        const value = v.dotBase(covector, words);
        const what = `${spec.a},${spec.b}->${spec.out} ${plan.form}`;
        expect(dot(x, y), what).toEqual(value);
        const proved = { variables: plan.variables, a: x, b: y, value };
        const channel = open();
        proveProducts(v, channel, 'c', [proved]);
        const { point, ends } = verifyProducts(reader(channel.proof()), 'c', [proved]);
        const [onA, onB] = endCovectors(v, instance, point);
        expect(v.dotBase(onA, wordsA!), `${what}, a`).toEqual(ends[0]![0]);
        expect(v.dotBase(onB, wordsB!), `${what}, b`).toEqual(ends[0]![1]);
      }
  }
});

function outer(axes: readonly Uint32Array[]): Uint32Array {
  let out = Uint32Array.of(1, 0, 0, 0);
  for (const axis of axes) {
    const next: Ext[] = [];
    for (let i = 0; i < out.length / EXT; i++)
      for (let j = 0; j < axis.length / EXT; j++) next.push(mul(at(out, i), at(axis, j)));
    out = Uint32Array.from(next.flat());
  }
  return out;
}

test('a covector that is no product is refused where the plan says it is one', () => {
  const random = createRandom(6);
  const plan = planContraction({ a: 'mk', b: 'kn', out: 'mn' }, [2, 3], [3, 2], true);
  expect(contractionInstance(plan, elements(random, 4))).toBeUndefined();
});
