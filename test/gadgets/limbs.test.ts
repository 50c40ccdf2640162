// Sums too wide for the field: limbs of contractions, affine combinations, views, sums and joins, and what gadgets make of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BN254, type Capabilities, type Circuit, KOALABEAR, type Wire } from '../../compiler/ir/circuit.ts';
import { floorDiv, type Interval, interval } from '../../compiler/ir/interval.ts';
import type { RecordedWire, Recorder } from '../../compiler/ir/recorder.ts';
import { sizeOf, tensor } from '../../compiler/ir/tensor.ts';
import { clampTo, divideFloor, hadamard, isNegative, requantize, splat } from '../../stdlib/gadgets/index.ts';
import { limbsOf } from '../../stdlib/gadgets/limbs.ts';
import { zeroWide } from '../../stdlib/gadgets/wide.ts';
import { checkHonest, checkLies, recordCircuit } from '../kits/circuit-kit.ts';
import { checkExhaustively } from '../kits/exhaustive-kit.ts';
import { NINE_BITS } from './targets.ts';

type Build = (b: Recorder, wires: readonly RecordedWire[]) => Wire;

/** Twelve bits: small enough to try every value of the field, large enough for sums of products of digits. */
const TWELVE_BITS: Capabilities = { name: 'twelve-bits', modulus: 4093n, lookups: false, tableBits: 4, gather: false };

interface Input {
  readonly shape: readonly number[];
  readonly range: Interval;
  readonly role?: 'input' | 'param';
}

function circuitOf(target: Capabilities, inputs: readonly Input[], build: Build): Circuit {
  return recordCircuit(target, (b) => {
    const wires = inputs.map((i, k) => b.input(`x${k}`, i.role ?? 'input', 'private', i.shape, i.range));
    b.output('y', 'public', build(b, wires) as RecordedWire);
  });
}

const hints = (c: Circuit): string[] => c.instrs.flatMap((i) => (i.op === 'hint' ? [i.hint.kind] : []));
const scalarIn = (lo: number, hi: number): Input => ({ shape: [1], range: interval(lo, hi) });
const sum = (xs: readonly bigint[]): bigint => xs.reduce((a, b) => a + b, 0n);
const clampIn = (lo: bigint, hi: bigint, x: bigint): bigint => (x < lo ? lo : x > hi ? hi : x);

describe('every committed value over a small field', () => {
  const exhaust = (
    inputs: readonly Input[],
    build: Build,
    f: (...xs: readonly (readonly bigint[])[]) => bigint,
    target = TWELVE_BITS,
  ) => {
    const c = circuitOf(target, inputs, build);
    checkExhaustively(c, {
      limit: Number.POSITIVE_INFINITY,
      expected: (given) => new Map([['y', [f(...inputs.map((_, k) => given.get(`x${k}`)!))]]]),
    });
    return c;
  };
  const dot = (b: Recorder, x: Wire, w: readonly number[]): Wire =>
    b.contract(
      { a: 'ri', b: 'i', out: 'r' },
      b.view(x as RecordedWire, { kind: 'reshape', shape: [1, w.length] }),
      b.constant(tensor([w.length], w)),
    );

  it('requantization of a sum of products with constants', () => {
    const c = exhaust(
      [{ shape: [2], range: interval(-4, 3) }],
      (b, [x]) => requantize(b, [[dot(b, x!, [611, -1003]), 1n]], 9, interval(-7, 6), 'q'),
      (x) => clampIn(-7n, 6n, (611n * x![0]! - 1003n * x![1]! + 256n) >> 9n),
    );
    expect(hints(c)).not.toContain('digits');
  });
  it('the sign of such a sum, with a constant added', () => {
    exhaust(
      [{ shape: [2], range: interval(-4, 3) }],
      (b, [x]) => isNegative(b, b.affine([[dot(b, x!, [611, -1003]) as RecordedWire, 3n]], -1234n), 'n'),
      (x) => (3n * (611n * x![0]! - 1003n * x![1]!) - 1234n < 0n ? 1n : 0n),
    );
  });
  it('quotients of such a sum by constants', () => {
    for (const d of [96, 512])
      exhaust(
        [scalarIn(-2, 1)],
        (b, [x]) => divideFloor(b, dot(b, x!, [2503]), splat(b, BigInt(d), [1]), interval(-3000, 3000), 'd'),
        (x) => floorDiv(2503n * x![0]!, BigInt(d)),
      );
    // Odd divisors leave every quotient and remainder to the carries: over a smaller field.
    exhaust(
      [scalarIn(-2, 1)],
      (b, [x]) => divideFloor(b, dot(b, x!, [150]), splat(b, 17n, [1]), interval(-30, 30), 'd'),
      (x) => floorDiv(150n * x![0]!, 17n),
      NINE_BITS,
    );
  });
  it('a quotient interval that is promised is proved', () => {
    const c = circuitOf(TWELVE_BITS, [scalarIn(-9, 9)], (b, [x]) =>
      divideFloor(b, dot(b, x!, [1999]), splat(b, 512n, [1]), interval(-20, 20), 'd'),
    );
    const run = (x: number) => checkHonest(c, new Map([['x0', tensor([1], [x])]]), new Map());
    run(5);
    expect(() => run(6)).toThrow(/d/);
  });
  it('a product of two private numbers', () => {
    const c = exhaust(
      [scalarIn(0, 1), scalarIn(0, 1)],
      (b, [x, y]) => {
        const product = hadamard(b, b.affine([[x!, 130n]], -67n), b.affine([[y!, 144n]], -71n));
        return requantize(b, [[product, 1n]], 8, interval(-30, 30), 'q');
      },
      (x, y) => ((130n * x![0]! - 67n) * (144n * y![0]! - 71n) + 128n) >> 8n,
    );
    expect(hints(c)).toContain('digits');
  });
  it('a clamp to an interval that fits', () => {
    exhaust(
      [scalarIn(-2, 2)],
      (b, [x]) => clampTo(b, b.affine([[dot(b, x!, [3301]) as RecordedWire, 1n]], 17n), interval(-500, 400), 'c'),
      (x) => clampIn(-500n, 400n, 3301n * x![0]! + 17n),
    );
  });
  it('zero, and what is zero modulo the field only', () => {
    const c = circuitOf(TWELVE_BITS, [scalarIn(-6, 6), scalarIn(-10, 10)], (b, [x, y]) => {
      const difference = b.affine([
        [dot(b, x!, [4093]) as RecordedWire, 1n],
        [y!, 1n],
      ]);
      zeroWide(b, limbsOf(b, difference, 'l'), 'zero');
      return x!;
    });
    const run = (x: number, y: number) =>
      checkHonest(c, new Map([x, y].map((v, k) => [`x${k}`, tensor([1], [v])] as const)), new Map());
    run(0, 0);
    for (const [x, y] of [
      [1, 0],
      [-6, 0],
      [0, 1],
    ] as const)
      expect(() => run(x, y), `4093 * ${x} + ${y}`).toThrow(/zero/);
  });
});

it('a number that residues cannot tell apart and that is not made of narrower ones is refused', () => {
  expect(() =>
    circuitOf(KOALABEAR, [{ shape: [1], range: interval(0, 2 ** 40) }], (b, [x]) =>
      requantize(b, [[x!, 1n]], 30, interval(0, 100), 'q'),
    ),
  ).toThrow(/q.*does not fit the field/);
  let chain: Build = (_, [x]) => x!;
  for (let k = 0; k < 300; k++) {
    const before = chain;
    chain = (b, xs) => b.view(before(b, xs) as RecordedWire, { kind: 'reshape', shape: k % 2 === 0 ? [1, 1] : [1] });
  }
  expect(() =>
    circuitOf(KOALABEAR, [{ shape: [1], range: interval(0, 2 ** 40) }], (b, xs) =>
      requantize(b, [[chain(b, xs), 1n]], 30, interval(0, 100), 'q'),
    ),
  ).toThrow(/more than 200 steps/);
});

describe.each([KOALABEAR, BN254])('on $name', (target) => {
  const values = (n: number, lo: number, hi: number) =>
    fc.array(fc.oneof(fc.constantFrom(lo, hi, 0), fc.integer({ min: lo, max: hi })), { minLength: n, maxLength: n });

  /** Honest outputs are as expected, no lie is accepted. */
  const check = (
    inputs: readonly (Input & { readonly values: readonly number[] })[],
    build: Build,
    expected: readonly bigint[],
  ) => {
    let shape: readonly number[] = [];
    const c = circuitOf(target, inputs, (b, wires) => {
      const y = build(b, wires);
      shape = y.shape;
      return y;
    });
    const given = new Map(inputs.map((i, k) => [`x${k}`, tensor(i.shape, i.values)] as const));
    checkHonest(c, given, new Map([['y', tensor(shape, expected.map(Number))]]));
    checkLies(c, given, { sites: 2, pairs: 4 });
    return c;
  };

  // Activations of ten bits, weights of eighteen: sums of three products of 31 bits, times 57.
  const LAYER = { rows: 2, terms: 6, out: 2 };
  const layer = (b: Recorder, x: RecordedWire, w: RecordedWire, bias: number): Wire => {
    const product = b.contract({ a: 'ri', b: 'io', out: 'ro' }, x, w);
    return b.affine([[product, 57n]], BigInt(bias));
  };
  const expectedSums = (x: readonly number[], w: readonly number[], bias: number): bigint[] =>
    Array.from({ length: LAYER.rows * LAYER.out }, (_, k) => {
      const [r, o] = [Math.floor(k / LAYER.out), k % LAYER.out];
      const terms = Array.from(
        { length: LAYER.terms },
        (_, i) => BigInt(x[r * LAYER.terms + i]!) * BigInt(w[i * LAYER.out + o]!),
      );
      return 57n * sum(terms) + BigInt(bias);
    });
  const drawn = fc.record({
    x: values(LAYER.rows * LAYER.terms, -511, 511),
    w: values(LAYER.terms * LAYER.out, -(2 ** 17), 2 ** 17),
    bias: fc.integer({ min: -(2 ** 37), max: 2 ** 37 }),
    by: fc.constantFrom(2 ** 24, 2 ** 23 - 1, 3 * 2 ** 20, 10007),
    isConstant: fc.boolean(),
  });

  it('sums of products with fixed and with private weights: divided, rounded, their signs', () => {
    fc.assert(
      fc.property(drawn, ({ x, w, bias, by, isConstant }) => {
        const inputs = [
          { shape: [LAYER.rows, LAYER.terms], range: interval(-511, 511), values: x },
          ...(isConstant
            ? []
            : [
                {
                  shape: [LAYER.terms, LAYER.out],
                  range: interval(-(2 ** 17), 2 ** 17),
                  role: 'param' as const,
                  values: w,
                },
              ]),
        ];
        const build: Build = (b, [input, param]) => {
          const weights = param ?? b.constant(tensor([LAYER.terms, LAYER.out], w));
          const y = layer(b, input!, weights, bias);
          const quotient = divideFloor(b, y, splat(b, BigInt(by), y.shape), interval(-(2 ** 27), 2 ** 27), 'd');
          const rounded = requantize(b, [[y, 13n]], 24, interval(-128, 127), 'q');
          return b.concat(
            [quotient, rounded, isNegative(b, y, 'n')].map((v) => v as RecordedWire),
            0,
          );
        };
        const sums = expectedSums(x, w, bias);
        check(inputs, build, [
          ...sums.map((v) => floorDiv(v, BigInt(by))),
          ...sums.map((v) => clampIn(-128n, 127n, (13n * v + 2n ** 23n) >> 24n)),
          ...sums.map((v) => (v < 0n ? 1n : 0n)),
        ]);
      }),
      { numRuns: 25 },
    );
  });

  it('views, joins and sums of wide numbers', () => {
    fc.assert(
      fc.property(
        values(4, -30000, 30000),
        values(4, -30000, 30000),
        fc.integer({ min: 0, max: 2 ** 33 }),
        (x, y, c) => {
          const range = interval(-30000, 30000);
          const inputs = [x, y].map((v) => ({ shape: [4], range, values: v }));
          const build: Build = (b, [u, v]) => {
            const product = hadamard(b, u!, v!) as RecordedWire;
            const reversed = b.view(product, { kind: 'slice', axis: 0, start: 3, step: -1, size: 4 });
            const joined = b.concat([reversed, b.affine([[u!, 1n]])], 0);
            const padded = b.view(joined, { kind: 'pad', axis: 0, before: 0, after: 1 });
            const total = b.sum(b.view(padded, { kind: 'reshape', shape: [3, 3] }), [0]);
            const shifted = b.affine([
              [total, -3n],
              [b.constant(tensor([3], [c, 0, -c])), 1n],
            ]);
            return requantize(b, [[shifted, 1n]], 12, interval(-(2 ** 27), 2 ** 27), 'q');
          };
          const products = x.map((v, e) => BigInt(v) * BigInt(y[e]!));
          const joined = [...products.toReversed(), ...x.map(BigInt), 0n];
          const totals = [0, 1, 2].map((k) => joined[k]! + joined[3 + k]! + joined[6 + k]!);
          const expected = totals.map((t, k) => (-3n * t + [BigInt(c), 0n, -BigInt(c)][k]! + 2048n) >> 12n);
          check(inputs, build, expected);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('only a field that is too small needs limbs', () => {
    const x = { shape: [LAYER.rows, LAYER.terms], range: interval(-511, 511) };
    const w = Array.from({ length: LAYER.terms * LAYER.out }, (_, i) => (i % 2 === 0 ? 130_000 : -77_777) + i);
    const c = circuitOf(target, [x], (b, [input]) =>
      requantize(
        b,
        [[layer(b, input!, b.constant(tensor([LAYER.terms, LAYER.out], w)), 5), 1n]],
        20,
        interval(-128, 127),
        'q',
      ),
    );
    const carries = c.instrs.filter((i) => i.op === 'hint' && i.label.includes('carry')).length;
    expect(carries > 0).toBe(target === KOALABEAR);
    expect(c.constants.size).toBeGreaterThanOrEqual(target === KOALABEAR ? 3 : 1);
    expect(sizeOf(c.wires.at(-1)!.shape)).toBe(LAYER.rows * LAYER.out);
  });
});
