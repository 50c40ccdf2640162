// Two threads on one memory against the plain vectors.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ext, P } from '../../runtime/provers/plonk/field.ts';
import { wasmVectors } from '../../runtime/provers/plonk/kernels/wasm-vectors.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import { findNonce } from '../../runtime/provers/plonk/proof-of-work.ts';
import type { Vectors } from '../../runtime/provers/plonk/vectors.ts';

const plain = plainVectors();

function flat(result: unknown): number[] {
  if (typeof result === 'number') return [result];
  if (result instanceof Uint32Array || result instanceof Uint8Array) return [...result];
  if (typeof result !== 'object' || result === null) throw new TypeError('not a result of an operation');
  return Object.values(result).flatMap(flat);
}

describe('two threads', () => {
  const two = wasmVectors({ threads: 2 });
  const seed = Uint8Array.from({ length: 32 }, (_, i) => i);
  /** Words without a pattern, the ends of the range among them. */
  const fill = (v: Vectors, count: number, start: number): Uint32Array => {
    const out = v.alloc(count);
    for (let i = 0; i < count; i++) out[i] = i % 97 === 0 ? P - 1 : ((i + start) * 2654435761) % P;
    return out;
  };
  beforeAll(() => {
    // The thread needs nothing of this one to start.
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    while (two.present() < 2) Atomics.wait(sleeper, 0, 0, 5);
  });
  afterAll(() => two.close());

  const operations: Readonly<Record<string, (v: Vectors) => unknown>> = {
    eq: (v) =>
      v.eq(
        Array.from({ length: 14 }, (_, i): Ext => [i, 5 * i, P - 1 - i, 7]),
        [1, 2, 3, P - 1],
      ),
    dotPieces: (v) => v.dotPieces(fill(v, 64 * 5002, 1), fill(v, 4 * 64, 2)),
    dot: (v) => v.dot(fill(v, 4 * 10007, 1), fill(v, 4 * 10007, 2)),
    dotBase: (v) => v.dotBase(fill(v, 4 * 10007, 1), fill(v, 10007, 2)),
    addScaled: (v) => {
      const into = fill(v, 4 * 6000, 1);
      v.addScaled(into, fill(v, 4 * 6000, 2), [9, P - 1, 8, 7]);
      return into;
    },
    addScaledBase: (v) => {
      const into = fill(v, 4 * 6000, 1);
      v.addScaledBase(into, fill(v, 6000, 2), [9, P - 1, 8, 7]);
      return into;
    },
    foldInPlace: (v) => v.foldInPlace(fill(v, 8 * 5001, 1), [P - 1, 2, 3, 4]),
    addOuter: (v) =>
      [
        [3, 2001],
        [2001, 3],
        [6001, 1],
        [1, 6001],
        [71, 71],
      ].map(([n, m]) => {
        const into = fill(v, 4 * n! * m!, 1);
        v.addOuter(into, fill(v, 4 * n!, 2), fill(v, 4 * m!, 3));
        return into;
      }),
    productRound: (v) => v.productRound(fill(v, 8 * 5001, 1), fill(v, 8 * 5001, 2)),
    productStep: (v) => {
      const vectors = [fill(v, 16 * 5001, 1), fill(v, 16 * 5001, 2)] as const;
      return [v.productStep(...vectors, [P - 1, 2, 3, 4]), ...vectors.map((x) => x.subarray(0, x.length / 2))];
    },
    fractionLayer: (v) => v.fractionLayer(fill(v, 8 * 5001, 1), fill(v, 8 * 5001, 2)),
    fractionLayerBase: (v) => v.fractionLayerBase(fill(v, 2 * 5001, 1), fill(v, 8 * 5001, 2)),
    fractionStart: (v) => {
      const [e, p, q] = [fill(v, 4 * 3001, 1), fill(v, 16 * 3001, 2), fill(v, 16 * 3001, 3)];
      return [v.fractionStart(e, p, q, [P - 1, 1, 2, 3]), p];
    },
    fractionStep: (v) => {
      const vectors = [fill(v, 8 * 3001, 1), fill(v, 32 * 3001, 2), fill(v, 32 * 3001, 3)] as const;
      return [v.fractionStep(...vectors, [P - 1, 1, 2, 3]), ...vectors.map((x) => x.subarray(0, x.length / 2))];
    },
    'fraction rounds with numerators of words': (v) => {
      const [e, p, q] = [fill(v, 8 * 3001, 1), fill(v, 8 * 3001, 2), fill(v, 32 * 3001, 3)];
      const first = v.fractionStartBase(e, p, q, [P - 1, 1, 2, 3]);
      return [first, v.fractionStepBase(e, p, q, [P - 1, 1, 2, 3], [4, 5, 6, P - 1]), q.subarray(0, q.length / 2)];
    },
    'encode few panels': (v) => v.encode(fill(v, 5 * 2 ** 10, 1), 10, 12),
    'encode little': (v) => v.encode(fill(v, 5 * 2 ** 6, 1), 6, 8),
    'encode many panels': (v) => v.encode(fill(v, 70 * 2 ** 6, 1), 6, 8),
    hashRows: (v) => v.hashRows(fill(v, 1024 * 20, 1), 20, seed),
    hashPairs: (v) => v.hashPairs(v.hashRows(fill(v, 4096, 1), 1, seed), seed, 3),
  };
  test.each(Object.entries(operations))('agree on %s', (_, operation) => {
    const expected = flat(operation(plain));
    for (let again = 0; again < 5; again++) {
      const mark = two.mark();
      expect(flat(operation(two))).toEqual(expected);
      two.release(mark);
    }
  });

  test('find the smallest nonce', () => {
    for (const bits of [0, 3, 9, 13]) expect(two.findNonce(seed, bits)).toBe(findNonce(seed, bits));
  });

  test('work alone after the other has gone', () => {
    const v = wasmVectors({ threads: 2 });
    v.close();
    expect(flat(v.dot(fill(v, 4 * 10007, 1), fill(v, 4 * 10007, 2)))).toEqual(flat(operations.dot!(plain)));
  });

  test('are at most eight', () => {
    expect(() => wasmVectors({ threads: 9 })).toThrow(RangeError);
    expect(() => wasmVectors({ threads: 0 })).toThrow(RangeError);
  });
});
