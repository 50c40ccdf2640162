// The WebAssembly kernels of the native prover against the plain vectors, integers and @noble/hashes.
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXT, type Ext, P, rootOfUnity } from '../../runtime/provers/plonk/field.ts';
import { wasmVectors } from '../../runtime/provers/plonk/kernels/wasm-vectors.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import { findNonce } from '../../runtime/provers/plonk/proof-of-work.ts';
import type { Vectors } from '../../runtime/provers/plonk/vectors.ts';

const wasm = wasmVectors();
const plain = plainVectors();

/** Canonical words, with the ends of the range often enough to meet each other. */
const word = fc.oneof(fc.nat(P - 1), fc.constantFrom(0, 1, 2, P - 2, P - 1, 2 ** 24, 2 ** 31 - 2 ** 24));
const ext: fc.Arbitrary<Ext> = fc.tuple(word, word, word, word);
const words = (count: number): fc.Arbitrary<number[]> => fc.array(word, { minLength: count, maxLength: count });
const size = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 13, 16, 32);

/** The same operation on both; results are compared word by word. */
function agree(operation: (v: Vectors, own: (x: readonly number[]) => Uint32Array) => unknown): void {
  const run = (v: Vectors): unknown =>
    operation(v, (x) => {
      const array = v.alloc(x.length);
      array.set(x);
      return array;
    });
  const mark = wasm.mark();
  expect(flat(run(wasm))).toEqual(flat(run(plain)));
  wasm.release(mark);
}

function flat(result: unknown): number[] {
  if (typeof result === 'number') return [result];
  if (result instanceof Uint32Array || result instanceof Uint8Array) return [...result];
  if (typeof result !== 'object' || result === null) throw new TypeError('not a result of an operation');
  return Object.values(result).flatMap(flat);
}

/** Vectors of one length per parameter, then constants. */
function check(
  lengths: (n: number) => readonly number[],
  operation: (v: Vectors, vectors: readonly Uint32Array[], z: Ext) => unknown,
): void {
  const input = size.chain((n) => fc.tuple(fc.tuple(...lengths(n).map(words)), ext));
  fc.assert(
    fc.property(input, ([vectors, z]) => {
      agree((v, own) => operation(v, vectors.map(own), z));
    }),
  );
}

describe('operations on vectors', () => {
  test('eq', () => {
    fc.assert(
      fc.property(fc.array(ext, { maxLength: 7 }), ext, (point, factor) => {
        agree((v) => v.eq(point, factor));
      }),
    );
  });
  test('fold in place', () =>
    check(
      (n) => [8 * n],
      (v, [x], z) => {
        const out = v.foldInPlace(x!, z);
        return [out, x!.subarray(0, out.length)];
      },
    ));
  test('inner products of pieces', () => {
    const input = fc.tuple(size, fc.constantFrom(1, 2, 4, 12, 64)).chain(([n, piece]) => {
      return fc.tuple(words(n * piece), words(EXT * piece));
    });
    fc.assert(
      fc.property(input, ([x, weights]) => {
        agree((v, own) => v.dotPieces(own(x), own(weights)));
      }),
    );
  });
  test('inner product', () =>
    check(
      (n) => [4 * n, 4 * n],
      (v, [a, b]) => v.dot(a!, b!),
    ));
  test('inner product with base words', () =>
    check(
      (n) => [4 * n, n],
      (v, [a, b]) => v.dotBase(a!, b!),
    ));
  test('adding a multiple', () =>
    check(
      (n) => [4 * n, 4 * n],
      (v, [into, a], z) => {
        v.addScaled(into!, a!, z);
        return into;
      },
    ));
  test('adding a multiple of base words', () =>
    check(
      (n) => [4 * n, n],
      (v, [into, a], z) => {
        v.addScaledBase(into!, a!, z);
        return into;
      },
    ));
  test('adding an outer product', () => {
    const input = fc.tuple(size, size).chain(([n, m]) => fc.tuple(...[4 * n * m, 4 * n, 4 * m].map(words)));
    fc.assert(
      fc.property(input, ([into, a, b]) => {
        agree((v, own) => {
          const out = own(into!);
          v.addOuter(out, own(a!), own(b!));
          return out;
        });
      }),
    );
  });
  test('sums of multiples of rows', () => {
    const input = fc.tuple(size, size).chain(([n, m]) => fc.tuple(...[4 * m, 4 * n * m, 4 * n].map(words)));
    fc.assert(
      fc.property(input, ([into, rows, k]) => {
        agree((v, own) => {
          const out = own(into!);
          v.addRows(out, own(rows!), own(k!));
          return out;
        });
      }),
    );
  });
  test('product round', () =>
    check(
      (n) => [8 * n, 8 * n],
      (v, [a, b]) => v.productRound(a!, b!),
    ));
  test('steps of a product sumcheck', () =>
    check(
      (n) => [16 * n, 16 * n],
      (v, [a, b], z) => [v.productStep(a!, b!, z), ...[a, b].map((x) => x!.subarray(0, x!.length / 2))],
    ));
  test('layer of fractions', () =>
    check(
      (n) => [8 * n, 8 * n],
      (v, [p, q]) => v.fractionLayer(p!, q!),
    ));
  test('layer of fractions with numerators of words', () =>
    check(
      (n) => [2 * n, 8 * n],
      (v, [p, q]) => v.fractionLayerBase(p!, q!),
    ));
  test('first round of fractions', () =>
    check(
      (n) => [4 * n, 16 * n, 16 * n],
      (v, [e, p, q], z) => [v.fractionStart(e!, p!, q!, z), e, p, q],
    ));
  test('later rounds of fractions', () =>
    check(
      (n) => [8 * n, 32 * n, 32 * n],
      (v, [e, p, q], z) => [v.fractionStep(e!, p!, q!, z), ...[e, p, q].map((x) => x!.subarray(0, x!.length / 2))],
    ));
  test('first rounds of fractions with numerators of words', () =>
    check(
      (n) => [8 * n, 8 * n, 32 * n, 4],
      (v, [e, p, q, lambda], z) => {
        const factor = [lambda![0]!, lambda![1]!, lambda![2]!, lambda![3]!] as const;
        const first = v.fractionStartBase(e!, p!, q!, factor);
        const second = v.fractionStepBase(e!, p!, q!, factor, z);
        return [first, second, ...[e, q].map((x) => x!.subarray(0, x!.length / 2))];
      },
    ));
  test('sums of extreme words do not overflow', () => {
    const extreme = (count: number): number[] => new Array<number>(count).fill(P - 1);
    agree((v, own) => {
      const [a, b, c, base] = [own(extreme(4096)), own(extreme(4096)), own(extreme(2048)), own(extreme(1024))];
      const [e, p, q] = [own(extreme(1024)), own(extreme(1024)), own(extreme(4096))];
      const z: Ext = [P - 1, P - 1, P - 1, P - 1];
      const starts = [v.fractionStartBase(e, p, q, z), v.fractionStart(e, a, b, z)];
      const steps = [v.fractionStepBase(e, p, q, z, z), v.fractionStep(c.subarray(0, 1024), a, b, z)];
      const products = [v.productRound(a, b), v.productStep(a, b, z)];
      return [v.dot(a, b), v.dotBase(a, base), v.dotPieces(base, a.subarray(0, 2048)), starts, steps, products];
    });
  });

  test('a long inner product is that of integers', () => {
    const count = 5000;
    const [a, b] = [wasm.alloc(EXT * count), wasm.alloc(EXT * count)];
    for (let i = 0; i < a.length; i++) [a[i], b[i]] = [P - 1 - (i % 7), (i * 2654435761) % P];
    const sum = [0n, 0n, 0n, 0n];
    for (let k = 0; k < count; k++)
      for (let i = 0; i < EXT; i++)
        for (let j = 0; j < EXT; j++)
          sum[(i + j) % EXT]! += BigInt(a[EXT * k + i]!) * BigInt(b[EXT * k + j]!) * (i + j >= EXT ? 3n : 1n);
    expect(wasm.dot(a, b)).toEqual(sum.map((s) => Number(s % BigInt(P))));
  });
});

describe('encoding', () => {
  test('agrees with the plain one for all small sizes', () => {
    const shapes = [0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((log) => [0, 1, 2, 3].map((more) => [log, log + more] as const));
    for (const [logMessage, logCode] of shapes)
      for (const width of [1, 3, 4, 6, 16, 18, 37]) {
        const column = Array.from({ length: width * 2 ** logMessage }, (_, i) => (i * 2654435761 + 977 * i * i) % P);
        agree((v, own) => v.encode(own(column), logMessage, logCode));
      }
  });

  test('agrees for random words', () => {
    const shape = fc.tuple(
      fc.integer({ min: 0, max: 5 }),
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 1, max: 21 }),
    );
    const input = shape.chain(([log, more, width]) =>
      fc.tuple(fc.constant([log, log + more]), words(width * 2 ** log)),
    );
    fc.assert(
      fc.property(input, ([[logMessage, logCode], columns]) => {
        agree((v, own) => v.encode(own(columns), logMessage!, logCode!));
      }),
    );
  });

  test('gives the values at 3 w^j', () => {
    const [logMessage, logCode, width] = [11, 13, 5];
    const columns = wasm.alloc(width * 2 ** logMessage);
    for (let i = 0; i < columns.length; i++) columns[i] = (i * 48271 + 11) % P;
    const rows = wasm.encode(columns, logMessage, logCode);
    const [p, root] = [BigInt(P), BigInt(rootOfUnity(logCode))];
    for (const position of [0, 1, 2, 4095, 4096, 8190, 8191]) {
      let point = 3n;
      for (let i = 0; i < position; i++) point = (point * root) % p;
      for (let column = 0; column < width; column++) {
        let value = 0n;
        for (let i = 2 ** logMessage - 1; i >= 0; i--)
          value = (value * point + BigInt(columns[column * 2 ** logMessage + i]!)) % p;
        expect(rows[position * width + column]).toBe(Number(value));
      }
    }
  });

  test('refuses codes that the field does not have', () => {
    expect(() => wasm.encode(wasm.alloc(16), 4, 25)).toThrow(RangeError);
    expect(() => wasm.encode(wasm.alloc(16), 4, 3)).toThrow(RangeError);
  });
});

describe('hashing', () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 1);
  /** The tree's key with level and index in its last two words. */
  const keyAt = (level: number, index: number): Uint8Array => {
    const own = key.slice();
    const view = new DataView(own.buffer);
    view.setUint32(24, (view.getUint32(24, true) ^ level) >>> 0, true);
    view.setUint32(28, (view.getUint32(28, true) ^ index) >>> 0, true);
    return own;
  };
  const fill = (count: number): Uint32Array => {
    const rows = wasm.alloc(count);
    for (let i = 0; i < count; i++) rows[i] = (i * 2654435761 + 12345) % P;
    return rows;
  };

  test.each([1, 2, 15, 16, 17, 31, 33, 255, 256, 257, 511, 512, 513, 769, 1024, 1280, 1793, 4096])(
    'rows of %i words are those of @noble/hashes',
    (width) => {
      for (const count of [1, 2, 4, 8]) {
        const rows = fill(width * count);
        const hashes = wasm.hashRows(rows, width, key);
        expect(hashes).toHaveLength(32 * count);
        for (let i = 0; i < count; i++) {
          const bytes = new Uint8Array(rows.slice(i * width, (i + 1) * width).buffer);
          expect(hashes.slice(32 * i, 32 * i + 32)).toEqual(blake3(bytes, { key: keyAt(0, i) }));
        }
      }
    },
  );

  test('pairs are those of @noble/hashes', () => {
    for (const count of [1, 2, 4, 32]) {
      const nodes = wasm.hashRows(fill(2 * count), 1, key);
      const hashes = wasm.hashPairs(nodes, key, 5);
      for (let i = 0; i < count; i++)
        expect(hashes.slice(32 * i, 32 * i + 32)).toEqual(
          blake3(nodes.slice(64 * i, 64 * i + 64), { key: keyAt(5, i) }),
        );
    }
  });

  test('agrees with the plain one for random rows', () => {
    const input = fc.integer({ min: 1, max: 40 }).chain((width) => fc.tuple(fc.constant(width), words(8 * width)));
    fc.assert(
      fc.property(input, ([width, rows]) => {
        agree((v, own) => v.hashRows(own(rows), width, key));
      }),
    );
  });
});

describe('proof of work', () => {
  test('finds the smallest nonce', () => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seed, fc.integer({ min: 0, max: 8 }), (bytes, bits) => {
        expect(wasm.findNonce(bytes, bits)).toBe(findNonce(bytes, bits));
      }),
    );
    // A long search: more than one call of the kernel.
    const bytes = new Uint8Array(32).fill(10);
    expect(wasm.findNonce(bytes, 16)).toBe(200799);
    expect(findNonce(bytes, 16)).toBe(200799);
  });
});

describe('memory', () => {
  test('is zero when allocated, whatever was there before', () => {
    const mark = wasm.mark();
    wasm.alloc(1000).fill(7);
    wasm.release(mark);
    expect(wasm.alloc(1000).every((x) => x === 0)).toBe(true);
  });

  test('keeps views and values while it grows', () => {
    const v = wasmVectors();
    const first = v.alloc(EXT).fill(3);
    const later = v.alloc(2 ** 24);
    later[2 ** 24 - 1] = 9;
    expect(later.buffer).not.toBe(first.buffer);
    first[0] = 5;
    expect(v.dotBase(first, v.alloc(1).fill(1))).toEqual([5, 3, 3, 3]);
    expect(v.foldInPlace(later.subarray(0, 2 * EXT), [1, 0, 0, 0])).toHaveLength(EXT);
  });

  test('ends where it was told to', () => {
    const v = wasmVectors({ maximumBytes: 2 ** 27 });
    expect(() => v.alloc(2 ** 24)).toThrow(RangeError);
    expect(v.alloc(2 ** 20)).toHaveLength(2 ** 20);
  });

  test('is not mixed with other memories', () => {
    expect(() => wasm.foldInPlace(new Uint32Array(8), [1, 0, 0, 0])).toThrow(RangeError);
    expect(() => wasm.foldInPlace(wasmVectors().alloc(8), [1, 0, 0, 0])).toThrow(RangeError);
  });

  test('refuses vectors of different lengths and marks that are none', () => {
    expect(() => wasm.dot(wasm.alloc(8), wasm.alloc(4))).toThrow(RangeError);
    expect(() => wasm.addScaledBase(wasm.alloc(8), wasm.alloc(8), [1, 0, 0, 0])).toThrow(RangeError);
    expect(() => wasm.dotPieces(wasm.alloc(10), wasm.alloc(16))).toThrow(RangeError);
    expect(() => wasm.release(0)).toThrow(RangeError);
    expect(() => wasm.release(wasm.mark() + 64)).toThrow(RangeError);
  });
});
