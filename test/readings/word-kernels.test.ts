// Kernels over 32-bit integers against their definitions: any strides, ends of the integers, every hint.
import { describe, expect, it } from 'vitest';
import type { Contraction } from '../../compiler/ir/contraction.ts';
import { evaluateHint, type Hint, hintShapes } from '../../compiler/ir/hint.ts';
import { fillHint, hintFitsWords } from '../../compiler/ir/interpret/hint-values.ts';
import { lookUp } from '../../compiler/ir/interpret/kernels.ts';
import {
  affineRange,
  affineWords,
  clampWords,
  outsideIntegers,
  outsideWords,
  productWords,
  type Words,
} from '../../compiler/ir/interpret/word-kernels.ts';
import { type Interval, interval } from '../../compiler/ir/interval.ts';
import { clampTable, columnRange, dataTable, signTable, tableValue } from '../../compiler/ir/table.ts';
import { type Shape, sizeOf, tensor } from '../../compiler/ir/tensor.ts';
import { dense, type View, viewStrided } from '../../compiler/ir/view.ts';
import { createRandom, type Random } from '../kits/random.ts';
import { elements, randomStrided } from './random-strided.ts';

const WORD = interval(-(2n ** 31n), 2n ** 31n - 1n);
const wrap = (x: bigint): number => Number(BigInt.asIntN(32, x));

/** Values at the ends, near zero and between. */
const words = (random: Random, n: number, range: Interval = WORD): Int32Array =>
  Int32Array.from({ length: n }, () => Number(random.integer(range)));

const randomShape = (random: Random): number[] => Array.from({ length: random.below(5) }, () => 1 + random.below(5));
const randomWords = (random: Random, shape: Shape): Words => randomStrided(random, shape, (n) => words(random, n));

describe('over views of any strides', () => {
  it('sums of multiples are right modulo 2^32', () => {
    const random = createRandom(1);
    for (let run = 0; run < 1500; run++) {
      const shape = randomShape(random);
      const xs = Array.from({ length: 1 + random.below(5) }, () => randomWords(random, shape));
      const ks = xs.map(() => random.integer(interval(-(2n ** 40n), 2n ** 40n)));
      const c = random.integer(interval(-(2n ** 40n), 2n ** 40n));
      const cells = xs.map(elements);
      const expected = Array.from({ length: sizeOf(shape) }, (_, e) =>
        wrap(ks.reduce((sum, k, j) => sum + k * BigInt(cells[j]![e]!), c)),
      );
      expect([...affineWords(shape, xs, ks, c)], `run ${run}`).toEqual(expected);
    }
  });

  it('products are right modulo 2^32', () => {
    const random = createRandom(2);
    const specs: readonly (readonly [Contraction, Shape, Shape])[] = [
      [{ a: 'abc', b: 'abc', out: 'abc' }, [3, 4, 5], [3, 4, 5]],
      [{ a: 'abc', b: 'cab', out: 'bca' }, [3, 4, 5], [5, 3, 4]],
      [{ a: 'ab', b: 'c', out: 'cab' }, [3, 4], [6]],
      [{ a: '', b: 'ab', out: 'ba' }, [], [2, 7]],
      [{ a: 'a', b: 'a', out: 'a' }, [0], [0]],
    ];
    for (const [spec, shapeA, shapeB] of specs)
      for (let run = 0; run < 30; run++) {
        const [a, b] = [randomWords(random, shapeA), randomWords(random, shapeB)];
        const found = productWords(spec, a, b)!;
        const at = (x: Words, names: string, index: ReadonlyMap<string, number>): bigint =>
          BigInt(x.data[[...names].reduce((p, l, i) => p + index.get(l)! * x.strides[i]!, x.offset)]!);
        const expected = Array.from({ length: sizeOf(found.shape) }, (_, cell) => {
          const index = new Map<string, number>();
          let rest = cell;
          for (let i = spec.out.length - 1; i >= 0; i--) {
            index.set(spec.out[i]!, rest % found.shape[i]!);
            rest = Math.floor(rest / found.shape[i]!);
          }
          return wrap(at(a, spec.a, index) * at(b, spec.b, index));
        });
        expect(elements(found)).toEqual(expected);
      }
    const x = randomWords(random, [3, 4]);
    expect(productWords({ a: 'ab', b: 'ab', out: 'a' }, x, x)).toBeUndefined();
  });

  it('the first element outside an interval is found', () => {
    const random = createRandom(3);
    const ends = interval(-(2n ** 33n), 2n ** 33n);
    for (let run = 0; run < 3000; run++) {
      const x = randomWords(random, randomShape(random));
      const [a, b] = [random.integer(ends), random.integer(ends)];
      const to = interval(a < b ? a : b, a < b ? b : a);
      const expected = elements(x).findIndex((v) => BigInt(v) < to.lo || BigInt(v) > to.hi);
      expect(outsideWords(x, to), `run ${run}`).toBe(expected);
    }
    for (const n of [0, 1, 4095, 4096, 4097, 9000])
      for (const at of [0, 4095, 4096, n - 1].filter((i) => i >= 0 && i < n)) {
        const data = new Uint16Array(n).fill(3);
        expect(outsideIntegers(data, interval(3, 3))).toBe(-1);
        data[at] = 65535;
        expect(outsideIntegers(data, interval(0, 65534))).toBe(at);
        expect(outsideIntegers(data, interval(3, 65535))).toBe(-1);
      }
  });

  it('copies of 32-bit integers are those of float64, and stay 32-bit integers', () => {
    const random = createRandom(4);
    const steps: readonly View[] = [
      { kind: 'reshape', shape: [6, 4] },
      { kind: 'pad', axis: 1, before: 2, after: 1 },
      { kind: 'dilate', axis: 2, by: 2 },
      { kind: 'gather', axis: 1, index: Int32Array.of(2, -1, 0, 0) },
    ];
    for (const step of steps)
      for (let run = 0; run < 40; run++) {
        const x = randomWords(random, [2, 3, 4]);
        const seen = viewStrided(x, step);
        const expected = viewStrided({ ...x, data: Float64Array.from(x.data) }, step);
        expect(dense(seen).data).toBeInstanceOf(Int32Array);
        expect(elements(seen)).toEqual(elements(expected));
        expect([...dense(x).data]).toEqual(elements(x));
      }
  });
});

it('intervals of sums of multiples are exact', () => {
  expect(affineRange([interval(-3, 5), interval(0, 7)], [2n, -3n], 10n)).toEqual(interval(10 - 6 - 21, 10 + 10));
  expect(affineRange([], [], -4n)).toEqual(interval(-4, -4));
});

describe('tables', () => {
  it('clamp without branches', () => {
    const x = Int32Array.of(1 - 2 ** 30, -6, -5, -4, 0, 6, 7, 8, 2 ** 30 - 1);
    expect([...clampWords(x, -5, 7)]).toEqual([-5, -5, -5, -4, 0, 6, 7, 7, 7]);
    expect(clampWords(x, 3, 3)).toEqual(new Int32Array(9).fill(3));
    const [lo, hi] = [1 - 2 ** 30, 2 ** 30 - 1];
    expect([...clampWords(x, lo, hi)]).toEqual([...x]);
  });

  it.each([
    ['data', dataTable('square', interval(-9, 20), (k) => k * k)],
    ['clamp', clampTable(interval(-1000, 1000), interval(-17, 300))],
    ['wide clamp', clampTable(WORD, interval(-17, 300))],
    ['clamp to the far end', clampTable(interval(-9, 20), interval(2 ** 31 - 5, 2 ** 31 - 1))],
    ['sign', signTable(WORD)],
  ])('give the same with any storage: %s', (_, table) => {
    const random = createRandom(6);
    const keys = words(random, 300, table.domain);
    const range = columnRange(table, 0);
    const expected = Array.from(keys, (k) => Number(tableValue(table, 0, BigInt(k))));
    for (const data of [keys, Float64Array.from(keys)])
      expect([...lookUp(table, 0, tensor([300], data), range).data]).toEqual(expected);
  });
});

describe('hints', () => {
  const small = interval(0, 40);
  const cases: readonly (readonly [Hint, readonly Interval[]])[] = [
    [{ kind: 'divmod', by: 1n }, [WORD]],
    [{ kind: 'divmod', by: 2n ** 15n }, [WORD]],
    [{ kind: 'divmod', by: 2n ** 31n }, [WORD]],
    [{ kind: 'divmod', by: 24301n }, [WORD]],
    [{ kind: 'divide' }, [WORD, interval(0, 2 ** 31 - 1)]],
    [{ kind: 'digits', bits: 7, n: 3 }, [WORD]],
    [{ kind: 'digits', bits: 31, n: 2 }, [WORD]],
    [{ kind: 'digits', bits: 5, n: 1 }, [WORD]],
    [{ kind: 'isNegative' }, [WORD]],
    [{ kind: 'isqrt' }, [WORD]],
    [{ kind: 'oneHot', n: 30 }, [small]],
    [{ kind: 'argmax', last: false }, [small]],
    [{ kind: 'argmax', last: true }, [small]],
    [{ kind: 'topk', k: 2 }, [small]],
  ];
  it.each(cases)('in 32 bits are those over bigints: %o', (hint, ranges) => {
    expect(hintFitsWords(hint, ranges)).toBe(true);
    const random = createRandom(7);
    const shape = [3, 5];
    for (let run = 0; run < 100; run++) {
      const inputs = ranges.map((r) => words(random, 15, r));
      const shapes = ranges.map(() => shape);
      const exact = evaluateHint(
        hint,
        inputs.map((x) => Array.from(x, BigInt)),
        shapes,
      );
      const outs = hintShapes(hint, shapes).map((s) => new Int32Array(sizeOf(s)));
      fillHint(hint, inputs, 5, outs);
      expect(outs.map((o) => Array.from(o, BigInt))).toEqual(exact);
    }
  });

  it('that may leave 32 bits are told apart', () => {
    const refused: readonly (readonly [Hint, readonly Interval[]])[] = [
      [{ kind: 'divmod', by: 2n ** 31n + 1n }, [WORD]],
      [{ kind: 'divmod', by: 0n }, [WORD]],
      [{ kind: 'digits', bits: 32, n: 2 }, [WORD]],
      [{ kind: 'divide' }, [WORD, interval(-1, 5)]],
      [{ kind: 'isNegative' }, [interval(0, 2 ** 31)]],
    ];
    for (const [hint, ranges] of refused) expect(hintFitsWords(hint, ranges)).toBe(false);
  });
});
