// KoalaBear on numbers and the plain vectors against their definitions on bigints, and BLAKE3 against @noble/hashes.
import { blake3 } from '@noble/hashes/blake3.js';
import { describe, expect, test } from 'vitest';
import { hashBytes, keyOfBytes } from '../../runtime/provers/plonk/blake3.ts';
import {
  add,
  addP,
  type Ext,
  inverse,
  inverseP,
  inverses,
  mul,
  mulP,
  neg,
  ONE,
  P,
  powers,
  powP,
  rootOfUnity,
  scale,
  sub,
  subP,
} from '../../runtime/provers/plonk/field.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import { createRandom } from '../kits/random.ts';
import {
  type BigExt,
  bigAdd,
  bigCodeword,
  bigElements,
  bigMul,
  bigOf,
  bigScale,
  bigSub,
  bigSum,
  mod,
  ONE_EXT,
  PRIME,
  power,
  randomExt,
  randomWord,
  randomWords,
  wordsOf,
  ZERO_EXT,
} from './reference.ts';

const v = plainVectors();
const random = createRandom(20);
const owned = (words: Uint32Array): Uint32Array => {
  const out = v.alloc(words.length);
  out.set(words);
  return out;
};
/** A K-vector of so many elements, with its elements. */
function vector(count: number): { readonly words: Uint32Array; readonly elements: readonly BigExt[] } {
  const words = owned(randomWords(random, 4 * count));
  return { words, elements: bigElements(words) };
}
const numbers = (x: Ext): readonly number[] => [...x];

describe('the field', () => {
  const edges = [0, 1, 2, 3, 65535, 65536, 2 ** 24 - 1, 2 ** 24, (P - 1) / 2, (P + 1) / 2, P - 2, P - 1];

  test('words', () => {
    const pairs = [
      ...edges.flatMap((a) => edges.map((b): readonly [number, number] => [a, b])),
      ...Array.from({ length: 20_000 }, () => [randomWord(random), random.below(P)] as const),
    ];
    for (const [a, b] of pairs) {
      expect(mulP(a, b)).toBe(Number(mod(BigInt(a) * BigInt(b))));
      expect(addP(a, b)).toBe(Number(mod(BigInt(a + b))));
      expect(subP(a, b)).toBe(Number(mod(BigInt(a - b))));
    }
  });

  test('extension', () => {
    for (let i = 0; i < 500; i++) {
      const [a, b] = [randomExt(random), randomExt(random)];
      const k = randomWord(random);
      expect(mul(a, b).map(BigInt)).toEqual(bigMul(bigOf(a), bigOf(b)));
      expect(add(a, b).map(BigInt)).toEqual(bigAdd(bigOf(a), bigOf(b)));
      expect(sub(a, b).map(BigInt)).toEqual(bigSub(bigOf(a), bigOf(b)));
      expect(add(a, neg(a))).toEqual([0, 0, 0, 0]);
      expect(scale(a, k).map(BigInt)).toEqual(bigScale(bigOf(a), BigInt(k)));
      if (a.some((word) => word !== 0)) expect(mul(a, inverse(a))).toEqual(ONE);
    }
  });

  test('powers, inverses, roots of unity', () => {
    for (const e of [0, 1, 2, 127, P - 2, P - 1]) expect(powP(12345, e)).toBe(Number(power(12345n, BigInt(e))));
    expect(mulP(inverseP(98765), 98765)).toBe(1);
    expect(() => inverseP(0)).toThrow(RangeError);
    expect(() => inverse([0, 0, 0, 0])).toThrow(RangeError);
    for (const k of [1, 2, 16, 24]) {
      expect(powP(rootOfUnity(k), 2 ** k)).toBe(1);
      expect(powP(rootOfUnity(k), 2 ** (k - 1))).toBe(P - 1);
    }
    const some = Array.from({ length: 5 }, () => randomExt(random));
    for (const n of [0, 1, 5]) expect(inverses(some.slice(0, n))).toEqual(some.slice(0, n).map(inverse));
    expect(() => inverses([ONE, [0, 0, 0, 0], ONE])).toThrow(RangeError);
    const x = randomExt(random);
    expect(powers(x, 4)).toEqual([ONE, x, mul(x, x), mul(mul(x, x), x)]);
  });

  test('x^4 - 3 has no factor: 3 generates the multiplicative group', () => {
    for (const factor of [2n, 127n]) expect(power(3n, (PRIME - 1n) / factor)).not.toBe(1n);
  });
});

describe('plain vectors', () => {
  test('eq lists the most significant bit first', () => {
    const point = [randomExt(random), randomExt(random), randomExt(random)];
    const factor = randomExt(random);
    const expected = Array.from({ length: 8 }, (_, i) =>
      point.reduce(
        (value, z, k) => bigMul(value, (i >> (2 - k)) & 1 ? bigOf(z) : bigSub(ONE_EXT, bigOf(z))),
        bigOf(factor),
      ),
    );
    expect([...v.eq(point, factor)]).toEqual(wordsOf(expected));
    expect([...v.eq([], factor)]).toEqual(numbers(factor));
  });

  test('fold', () => {
    const z = randomExt(random);
    const { words, elements } = vector(8);
    const expected = (xs: readonly BigExt[]): BigExt[] =>
      xs.slice(0, xs.length / 2).map((lo, i) => bigAdd(lo, bigMul(bigOf(z), bigSub(xs[i + xs.length / 2]!, lo))));
    expect([...v.foldInPlace(words, z)]).toEqual(wordsOf(expected(elements)));
  });

  test('inner products and multiples', () => {
    const [a, b] = [vector(7), vector(7)];
    const base = owned(randomWords(random, 7));
    const k = randomExt(random);
    expect(bigOf(v.dot(a.words, b.words))).toEqual(bigSum(a.elements.map((x, i) => bigMul(x, b.elements[i]!))));
    expect(bigOf(v.dotBase(a.words, base))).toEqual(bigSum(a.elements.map((x, i) => bigScale(x, BigInt(base[i]!)))));
    const pieces = owned(Uint32Array.from([...base, ...base.toReversed()]));
    const both = [v.dotBase(a.words, base), v.dotBase(a.words, owned(base.toReversed()))];
    expect([...v.dotPieces(pieces, a.words)]).toEqual(both.flat());
    const sum = owned(b.words);
    v.addScaled(sum, a.words, k);
    expect([...sum]).toEqual(wordsOf(b.elements.map((x, i) => bigAdd(x, bigMul(a.elements[i]!, bigOf(k))))));
    const baseSum = owned(b.words);
    v.addScaledBase(baseSum, base, k);
    expect([...baseSum]).toEqual(wordsOf(b.elements.map((x, i) => bigAdd(x, bigScale(bigOf(k), BigInt(base[i]!))))));
  });

  test('product round: value at 0 and leading coefficient', () => {
    const [a, b] = [vector(8), vector(8)];
    const at = (xs: readonly BigExt[], z: BigExt): BigExt[] =>
      xs.slice(0, 4).map((lo, i) => bigAdd(lo, bigMul(z, bigSub(xs[i + 4]!, lo))));
    const value = (z: bigint): BigExt => {
      const [x, y] = [at(a.elements, [z, 0n, 0n, 0n]), at(b.elements, [z, 0n, 0n, 0n])];
      return bigSum(x.map((left, i) => bigMul(left, y[i]!)));
    };
    const [s0, leading] = v.productRound(a.words, b.words);
    expect(bigOf(s0)).toEqual(value(0n));
    // s(1) and s(-1) determine the quadratic: 2 leading = s(1) + s(-1) - 2 s(0).
    const second = bigSub(bigAdd(value(1n), value(PRIME - 1n)), bigScale(value(0n), 2n));
    expect(bigScale(bigOf(leading), 2n)).toEqual(second);
  });

  test('fraction tree', () => {
    const [p, q] = [vector(8), vector(8)];
    const above = v.fractionLayer(p.words, q.words);
    const pairs = [0, 1, 2, 3].map((i) => {
      const [p0, p1, q0, q1] = [p.elements[2 * i]!, p.elements[2 * i + 1]!, q.elements[2 * i]!, q.elements[2 * i + 1]!];
      return [bigAdd(bigMul(p0, q1), bigMul(p1, q0)), bigMul(q0, q1)] as const;
    });
    expect([...above.p]).toEqual(wordsOf(pairs.map(([x]) => x)));
    expect([...above.q]).toEqual(wordsOf(pairs.map(([, y]) => y)));
  });

  test('fraction rounds: value at 0 and leading coefficient', () => {
    const [lambda, z] = [randomExt(random), randomExt(random)];
    const e = vector(4);
    const [p, q] = [vector(16), vector(16)];
    const weighted = p.elements.map((x, i) => (i % 2 === 1 ? bigAdd(x, bigMul(bigOf(lambda), q.elements[i]!)) : x));
    const fold = (x: readonly BigExt[], by: BigExt): BigExt[] =>
      x.slice(0, x.length / 2).map((lo, i) => bigAdd(lo, bigMul(by, bigSub(x[i + x.length / 2]!, lo))));
    const check = (
      weights: readonly BigExt[],
      pairs: readonly (readonly BigExt[])[],
      [g0, leading]: readonly [Ext, Ext],
    ): void => {
      const value = (by: bigint): BigExt => {
        const [a, b] = pairs.map((x) => fold(x, [by, 0n, 0n, 0n]));
        const at = (i: number): BigExt => bigAdd(bigMul(a![i]!, b![i + 1]!), bigMul(a![i + 1]!, b![i]!));
        return bigSum(weights.map((weight, i) => bigMul(weight, at(2 * i))));
      };
      expect(bigOf(g0)).toEqual(value(0n));
      const second = bigSub(bigAdd(value(1n), value(PRIME - 1n)), bigScale(value(0n), 2n));
      expect(bigScale(bigOf(leading), 2n)).toEqual(second);
    };
    check(e.elements, [weighted, q.elements], v.fractionStart(e.words, p.words, q.words, lambda));
    expect([...p.words]).toEqual(wordsOf(weighted));
    const rest = [0, 1].map((i) => bigAdd(e.elements[i]!, e.elements[i + 2]!));
    const bound = [weighted, q.elements].map((x) => fold(x, bigOf(z)));
    check(rest, bound, v.fractionStep(e.words, p.words, q.words, z));
    expect([...q.words.subarray(0, q.words.length / 2)]).toEqual(wordsOf(bound[1]!));
  });

  test('encoding: row j holds the values at 3 w^j', () => {
    for (const [logMessage, logCode, width] of [
      [0, 0, 1],
      [0, 2, 3],
      [3, 3, 2],
      [3, 5, 3],
      [4, 7, 1],
    ] as const) {
      const length = 2 ** logMessage;
      const columns = owned(randomWords(random, width * length));
      const rows = v.encode(columns, logMessage, logCode);
      expect(rows.length).toBe(width * 2 ** logCode);
      for (let j = 0; j < 2 ** logCode; j++)
        for (let c = 0; c < width; c++) {
          const message = [...columns.subarray(c * length, (c + 1) * length)].map(BigInt);
          expect(BigInt(rows[j * width + c]!)).toBe(bigCodeword(message, logCode, j));
        }
    }
  });

  test('a long encoding, at sampled positions', () => {
    const columns = owned(randomWords(random, 2 ** 14));
    const rows = v.encode(columns, 14, 16);
    for (const j of [0, 1, 2 ** 15, 2 ** 16 - 1, 31337])
      expect(BigInt(rows[j]!)).toBe(bigCodeword([...columns].map(BigInt), 16, j));
  });

  test('sums of nothing', () => {
    expect(bigOf(v.dot(v.alloc(0), v.alloc(0)))).toEqual(ZERO_EXT);
    expect(bigOf(v.dotBase(v.alloc(0), v.alloc(0)))).toEqual(ZERO_EXT);
  });
});

describe('BLAKE3', () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => 3 * i + 1);
  const lengths = [
    0, 1, 3, 4, 63, 64, 65, 127, 128, 1023, 1024, 1025, 2048, 2049, 3072, 3073, 4096, 5000, 8193, 20_000,
  ];

  test.each(lengths)('%i bytes', (length) => {
    const message = Uint8Array.from({ length }, (_, i) => i % 251);
    expect(hashBytes(message)).toEqual(blake3(message));
    expect(hashBytes(message, keyOfBytes(key))).toEqual(blake3(message, { key }));
  });

  /** The tree's key with level and index added to its last words, as merkle.ts says it. */
  function keyAt(tree: Uint8Array, level: number, index: number): Uint8Array {
    const own = tree.slice();
    const view = new DataView(own.buffer);
    view.setUint32(24, view.getUint32(24, true) ^ level, true);
    view.setUint32(28, view.getUint32(28, true) ^ index, true);
    return own;
  }

  test.each([1, 3, 16, 17, 300])('hashes of rows of %i words', (width) => {
    const rows = owned(randomWords(random, 8 * width));
    const hashes = v.hashRows(rows, width, key);
    expect(hashes.length).toBe(8 * 32);
    for (let i = 0; i < 8; i++) {
      const bytes = new Uint8Array(4 * width);
      const view = new DataView(bytes.buffer);
      for (let k = 0; k < width; k++) view.setUint32(4 * k, rows[i * width + k]!, true);
      expect(hashes.subarray(32 * i, 32 * i + 32)).toEqual(blake3(bytes, { key: keyAt(key, 0, i) }));
    }
  });

  test('hashes of pairs', () => {
    const nodes = v.hashRows(owned(randomWords(random, 16)), 2, key);
    const above = v.hashPairs(nodes, key, 3);
    expect(above.length).toBe(4 * 32);
    for (let i = 0; i < 4; i++)
      expect(above.subarray(32 * i, 32 * i + 32)).toEqual(
        blake3(nodes.subarray(64 * i, 64 * i + 64), { key: keyAt(key, 3, i) }),
      );
  });
});
