// Folds of rows: the kernel against the plain loop and against integers.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXT, P } from '../../runtime/provers/plonk/field.ts';
import { wasmVectors } from '../../runtime/provers/plonk/kernels/wasm-vectors.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import type { Vectors } from '../../runtime/provers/plonk/vectors.ts';
import { mod } from './reference.ts';

const wasm = wasmVectors();
const plain = plainVectors();

interface Fold {
  readonly words: number;
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  readonly groups: number;
  readonly length: number;
}

/** Words without a pattern, the ends of the range among them. */
function fill(v: Vectors, count: number, start: number): Uint32Array {
  const out = v.alloc(count);
  for (let i = 0; i < count; i++) out[i] = i % 13 === 0 ? P - 1 : ((i + start) * 2654435761) % P;
  return out;
}

function fold(v: Vectors, { words, starts, rows, groups, length }: Fold): number[] {
  const mark = v.mark();
  const out = v.foldRows(fill(v, words, 3), starts, rows, fill(v, EXT * groups * rows.length, 5), length);
  const copy = [...out];
  v.release(mark);
  return copy;
}

const folds: fc.Arbitrary<Fold> = fc
  .record({
    groups: fc.integer({ min: 1, max: 3 }),
    each: fc.integer({ min: 1, max: 4 }),
    rows: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(100)),
    length: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(255, 256, 257, 600)),
  })
  .chain(({ groups, each, rows, length }) => {
    const offsets = (count: number): fc.Arbitrary<Int32Array> =>
      fc.array(fc.nat(500), { minLength: count, maxLength: count }).map((x) => Int32Array.from(x));
    return fc.record({
      words: fc.constant(1000 + length),
      starts: offsets(groups * each),
      rows: offsets(rows),
      groups: fc.constant(groups),
      length: fc.constant(length),
    });
  });

describe('folds of rows', () => {
  test('the kernel agrees with the plain loop', () => {
    fc.assert(
      fc.property(folds, (f) => {
        expect(fold(wasm, f)).toEqual(fold(plain, f));
      }),
    );
  });

  test.each([1, 5])('a long fold of runs of %i of extreme words is that of integers', (length) => {
    const rows = 5003;
    const [x, coefficients] = [wasm.alloc(rows + length).fill(P - 1), wasm.alloc(EXT * rows).fill(P - 1)];
    for (let i = 0; i < 40; i++) [x[i], coefficients[i]] = [i, P - 1 - i];
    const out = wasm.foldRows(
      x,
      Int32Array.of(0),
      Int32Array.from({ length: rows }, (_, r) => r),
      coefficients,
      length,
    );
    for (let i = 0; i < length; i++)
      for (let k = 0; k < EXT; k++) {
        let sum = 0n;
        for (let r = 0; r < rows; r++) sum += BigInt(x[r + i]!) * BigInt(coefficients[EXT * r + k]!);
        expect(out[EXT * i + k]).toBe(Number(mod(sum)));
      }
  });

  test('rows may lie before the start', () => {
    const f = { words: 30, starts: Int32Array.of(20, 24), rows: Int32Array.of(0, -7, -20), groups: 1, length: 5 };
    expect(fold(wasm, f)).toEqual(fold(plain, f));
  });

  test('nothing comes of no starts, and zero of no rows', () => {
    const none = Int32Array.of();
    expect(wasm.foldRows(wasm.alloc(4), none, Int32Array.of(0), wasm.alloc(EXT), 2)).toHaveLength(0);
    expect([...wasm.foldRows(wasm.alloc(4), Int32Array.of(1), none, wasm.alloc(0), 1)]).toEqual([0, 0, 0, 0]);
  });

  test('reads outside the words are refused', () => {
    const at = (start: number, length: number): unknown =>
      wasm.foldRows(wasm.alloc(8), Int32Array.of(start), Int32Array.of(0, 2), wasm.alloc(2 * EXT), length);
    expect(at(2, 4)).toHaveLength(4 * EXT);
    expect(() => at(3, 4)).toThrow(RangeError);
    expect(() => at(-1, 4)).toThrow(RangeError);
    expect(() =>
      wasm.foldRows(wasm.alloc(8), Int32Array.of(0, 1, 2), Int32Array.of(0), wasm.alloc(2 * EXT), 1),
    ).toThrow(RangeError);
  });

  describe('on two threads', () => {
    const two = wasmVectors({ threads: 2 });
    beforeAll(() => {
      // The thread needs nothing of this one to start.
      const sleeper = new Int32Array(new SharedArrayBuffer(4));
      while (two.present() < 2) Atomics.wait(sleeper, 0, 0, 5);
    });
    afterAll(() => two.close());
    const steps = (count: number, step: number): Int32Array => Int32Array.from({ length: count }, (_, i) => step * i);
    test.each([
      ['many starts of long runs', { starts: steps(30, 17), rows: steps(60, 5), groups: 10, length: 40 }],
      ['one start of a very long run', { starts: steps(1, 0), rows: steps(40, 9), groups: 1, length: 1500 }],
      ['few starts of very long runs', { starts: steps(3, 11), rows: steps(40, 9), groups: 3, length: 700 }],
      ['short runs', { starts: steps(123, 3), rows: steps(301, 2), groups: 3, length: 3 }],
      ['cells', { starts: steps(3000, 1), rows: steps(10, 2), groups: 3000, length: 1 }],
    ])('%s', (_, shape) => {
      const words = 3020 + 17 * 30 + 1500 + 400;
      const expected = fold(plain, { ...shape, words });
      for (let again = 0; again < 5; again++) expect(fold(two, { ...shape, words })).toEqual(expected);
    });
  });
});
