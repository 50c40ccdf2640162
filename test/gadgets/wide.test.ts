// Wide numbers: exact multipliers, quotients and shifts of integers that do not fit the field.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BN254, type Capabilities, type Circuit, KOALABEAR, type Wire } from '../../compiler/ir/circuit.ts';
import { floorDiv, type Interval, interval } from '../../compiler/ir/interval.ts';
import type { RecordedWire, Recorder } from '../../compiler/ir/recorder.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { divideFloor, requantize } from '../../stdlib/gadgets/index.ts';
import {
  addPowerOfTwo,
  addWide,
  mulWide,
  negateWide,
  scaleWide,
  shiftWide,
  wideOf,
  zeroWide,
} from '../../stdlib/gadgets/wide.ts';
import { checkHonest, checkLies, recordCircuit } from '../kits/circuit-kit.ts';
import { checkExhaustively } from '../kits/exhaustive-kit.ts';
import { NINE_BITS } from './targets.ts';

type Build = (b: Recorder, wires: readonly RecordedWire[]) => Wire;

function circuitOf(target: Capabilities, ranges: readonly Interval[], build: Build): Circuit {
  return recordCircuit(target, (b) => {
    const wires = ranges.map((r, i) => b.input(`x${i}`, 'input', 'private', [1], r));
    b.output('y', 'public', build(b, wires) as RecordedWire);
  });
}

const kinds = (c: Circuit): string[] => c.instrs.flatMap((i) => (i.op === 'hint' ? [i.hint.kind] : []));

function exhaust(ranges: readonly Interval[], build: Build, f: (...xs: readonly bigint[]) => bigint): Circuit {
  const c = circuitOf(NINE_BITS, ranges, build);
  checkExhaustively(c, {
    limit: Number.POSITIVE_INFINITY,
    expected: (given) => new Map([['y', [f(...ranges.map((_, i) => given.get(`x${i}`)![0]!))]]]),
  });
  return c;
}

describe('every committed value over a field of nine bits', () => {
  it('requantization by a multiplier that does not fit', () => {
    const c = exhaust(
      [interval(-8, 7)],
      (b, [x]) => requantize(b, [[x!, 37n]], 5, interval(-9, 6), 'q'),
      (x) => {
        const q = (37n * x + 16n) >> 5n;
        return q < -9n ? -9n : q > 6n ? 6n : q;
      },
    );
    expect(kinds(c)).toContain('digits');
  });
  it('two terms, one negative', () => {
    exhaust(
      [interval(-3, 4), interval(0, 3)],
      (b, [x, y]) =>
        requantize(
          b,
          [
            [x!, 45n],
            [y!, -33n],
          ],
          6,
          interval(-4, 3),
          'q',
        ),
      (x, y) => {
        const q = (45n * x - 33n * y + 32n) >> 6n;
        return q < -4n ? -4n : q > 3n ? 3n : q;
      },
    );
  });
  it('the shift of a product, also by less than its lowest limb', () => {
    exhaust(
      [interval(-7, 6), interval(9, 11)],
      (b, [x, y]) => shiftWide(b, mulWide(b, x!, y!, 'm'), 3, 's'),
      (x, y) => (x * y) >> 3n,
    );
    const low: Build = (b, [x]) => shiftWide(b, scaleWide(b, x!, 64n, 'm'), 2, 's');
    exhaust([interval(-5, 5)], low, (x) => 16n * x);
  });
  it('a quotient whose product with the divisor does not fit', () => {
    // Dividends 0 and 195, divisors 10 and 14.
    const c = exhaust(
      [interval(0, 1), interval(0, 1)],
      (b, [x, d]) => divideFloor(b, b.affine([[x!, 195n]]), b.affine([[d!, 4n]], 10n), interval(0, 20), 'd'),
      (x, d) => (195n * x) / (10n + 4n * d),
    );
    expect(kinds(c)).toContain('digits');
  });
});

it('the zero test accepts zero only', () => {
  const range = interval(0, 40);
  const c = circuitOf(NINE_BITS, [range, range, range], (b, [x, y, z]) => {
    const product = mulWide(b, x!, y!, 'm');
    zeroWide(b, addWide(b, product, negateWide(b, wideOf(z!))), 'zero');
    return x!;
  });
  const given = (x: number, y: number, z: number) =>
    new Map([x, y, z].map((v, i) => [`x${i}`, tensor([1], [v])] as const));
  checkHonest(c, given(5, 8, 40), new Map());
  checkLies(c, given(5, 8, 40));
  // 40 * 7 = 280 = 257 + 23: zero modulo p, not zero.
  for (const [x, y, z] of [
    [40, 7, 23],
    [5, 8, 39],
    [32, 8, 0],
    [0, 0, 1],
  ] as const)
    expect(() => checkHonest(c, given(x, y, z), new Map()), `${x} * ${y} = ${z}`).toThrow(/zero/);
});

describe.each([KOALABEAR, BN254])('on $name', (target) => {
  const accumulators = fc.oneof(
    fc.bigInt(-(2n ** 29n), 2n ** 29n),
    fc.constantFrom(-(2n ** 29n), 2n ** 29n, 0n, -1n, 1n),
  );
  it('requantization by 24-bit mantissas', () => {
    const wide = interval(-(2n ** 29n), 2n ** 29n);
    fc.assert(
      fc.property(
        fc.tuple(accumulators, accumulators),
        fc.tuple(fc.bigInt(2n ** 23n, 2n ** 24n - 1n), fc.bigInt(-(2n ** 24n), 2n ** 24n)),
        fc.integer({ min: 26, max: 60 }),
        ([x, y], [m, n], s) => {
          const c = circuitOf(target, [wide, wide], (b, [u, v]) =>
            requantize(
              b,
              [
                [u!, m],
                [v!, n],
              ],
              s,
              interval(-128, 127),
              'q',
            ),
          );
          const q = (m * x + n * y + (1n << BigInt(s - 1))) >> BigInt(s);
          const expected = q < -128n ? -128n : q > 127n ? 127n : q;
          const inputs = new Map([x, y].map((v, i) => [`x${i}`, tensor([1], [Number(v)])] as const));
          checkHonest(c, inputs, new Map([['y', tensor([1], [Number(expected)])]]));
          checkLies(c, inputs, { pairs: 6 });
        },
      ),
      { numRuns: 60 },
    );
  });
  it('quotients of wide products', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 30n), fc.bigInt(2n ** 10n, 2n ** 20n), (x, d) => {
        const ranges = [interval(0n, 2n ** 30n), interval(2n ** 10n, 2n ** 20n)];
        const c = circuitOf(target, ranges, (b, [u, v]) => divideFloor(b, u!, v!, interval(0n, 2n ** 20n), 'd'));
        const inputs = new Map([x, d].map((v, i) => [`x${i}`, tensor([1], [Number(v)])] as const));
        checkHonest(c, inputs, new Map([['y', tensor([1], [Number(floorDiv(x, d))])]]));
        checkLies(c, inputs, { pairs: 6 });
      }),
      { numRuns: 60 },
    );
  });
  it('adds a power of two beyond the highest limb', () => {
    const c = circuitOf(target, [interval(-9, 9)], (b, [x]) => shiftWide(b, addPowerOfTwo(b, wideOf(x!), 45), 40, 's'));
    for (const [x, y] of [
      [-9, 31],
      [0, 32],
      [9, 32],
    ] as const)
      checkHonest(c, new Map([['x0', tensor([1], [x])]]), new Map([['y', tensor([1], [y])]]));
  });
});
