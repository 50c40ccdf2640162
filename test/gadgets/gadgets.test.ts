// Every gadget on the real targets: right on extreme and random operands, and no lie about its hints is accepted.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Capabilities, Wire } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { floorDiv, type Interval, interval } from '../../compiler/ir/interval.ts';
import type { RecordedWire, Recorder } from '../../compiler/ir/recorder.ts';
import { sizeOf, tensor } from '../../compiler/ir/tensor.ts';
import {
  applyTable,
  argMax,
  broadcastTo,
  clampTo,
  divideFloor,
  hadamard,
  isNegative,
  maximumOf,
  maxTournament,
  minus,
  plus,
  requantize,
  scaled,
  shiftFloor,
  splat,
} from '../../stdlib/gadgets/index.ts';
import { checkHonest, checkLies, recordCircuit } from '../kits/circuit-kit.ts';
import { REAL_TARGETS } from './targets.ts';

interface Operand {
  readonly shape: readonly number[];
  readonly range: Interval;
  readonly values: readonly bigint[];
}

/** Integers around which arithmetic goes wrong: small ones, powers of two and their neighbours, of both signs. */
const special = fc.oneof(
  fc.bigInt(-5n, 5n),
  fc.tuple(fc.integer({ min: 0, max: 27 }), fc.bigInt(-1n, 1n), fc.boolean()).map(([k, d, negative]) => {
    const x = (1n << BigInt(k)) + d;
    return negative ? -x : x;
  }),
  fc.bigInt(-(2n ** 27n), 2n ** 27n),
);

const intervals = fc.tuple(special, special).map(([a, b]) => (a <= b ? interval(a, b) : interval(b, a)));

const clampIn = (r: Interval, x: bigint): bigint => (x < r.lo ? r.lo : x > r.hi ? r.hi : x);

/** A tensor of an interval, often with its ends and special values. */
const operand = (shape: readonly number[], ranges: fc.Arbitrary<Interval> = intervals): fc.Arbitrary<Operand> =>
  ranges.chain((range) =>
    fc
      .array(fc.oneof(fc.constantFrom(range.lo, range.hi), special, fc.bigInt(range.lo, range.hi)), {
        minLength: sizeOf(shape),
        maxLength: sizeOf(shape),
      })
      .map((values) => ({ shape, range, values: values.map((v) => clampIn(range, v)) })),
  );

/** Honest outputs are as expected and lies are refused. */
function check(
  target: Capabilities,
  operands: readonly Operand[],
  build: (b: Recorder, wires: readonly RecordedWire[]) => Wire,
  expected: readonly bigint[],
): void {
  let shape: readonly number[] = [];
  const c = recordCircuit(target, (b) => {
    const wires = operands.map((o, i) => b.input(`x${i}`, 'input', 'private', o.shape, o.range));
    const y = build(b, wires) as RecordedWire;
    shape = y.shape;
    b.output('y', 'public', y);
  });
  const inputs = new Map(operands.map((o, i) => [`x${i}`, tensor(o.shape, o.values.map(Number))]));
  checkHonest(c, inputs, new Map([['y', tensor(shape, expected.map(Number))]]));
  checkLies(c, inputs, { sites: 2, pairs: 4 });
}

const RUNS = { numRuns: 60 };
const maxOf = (xs: readonly bigint[]): bigint => xs.reduce((a, b) => (a > b ? a : b));
const rowsOf = (xs: readonly bigint[], n: number): bigint[][] =>
  Array.from({ length: xs.length / n }, (_, r) => xs.slice(r * n, (r + 1) * n));

describe.each(REAL_TARGETS)('on $name', (target) => {
  it('shiftFloor', () => {
    fc.assert(
      fc.property(operand([2]), fc.integer({ min: 0, max: 20 }), (x, s) =>
        check(
          target,
          [x],
          (b, [w]) => shiftFloor(b, w!, s, 's'),
          x.values.map((v) => v >> BigInt(s)),
        ),
      ),
      RUNS,
    );
  });

  it('isNegative', () => {
    fc.assert(
      fc.property(operand([2]), (x) =>
        check(
          target,
          [x],
          (b, [w]) => isNegative(b, w!, 'n'),
          x.values.map((v) => (v < 0n ? 1n : 0n)),
        ),
      ),
      RUNS,
    );
  });

  it('clampTo', () => {
    fc.assert(
      fc.property(operand([2]), intervals, (x, to) =>
        check(
          target,
          [x],
          (b, [w]) => clampTo(b, w!, to, 'c'),
          x.values.map((v) => clampIn(to, v)),
        ),
      ),
      RUNS,
    );
  });

  it('requantize', () => {
    const eight = fc.constantFrom(interval(-128, 127), interval(0, 127), interval(0, 255), interval(-3, 90));
    fc.assert(
      fc.property(
        operand([2]),
        operand([2], fc.constant(interval(-255, 200))),
        fc.constantFrom(1n, -1n, 2n, 5n),
        fc.constantFrom(1n, 4n, -100n, 511n),
        fc.integer({ min: 0, max: 12 }),
        eight,
        (x, y, m, n, s, to) => {
          const half = s === 0 ? 0n : 1n << BigInt(s - 1);
          const expected = x.values.map((v, e) => clampIn(to, (m * v + n * y.values[e]! + half) >> BigInt(s)));
          check(
            target,
            [x, y],
            (b, [u, v]) =>
              requantize(
                b,
                [
                  [u!, m],
                  [v!, n],
                ],
                s,
                to,
                'q',
              ),
            expected,
          );
        },
      ),
      RUNS,
    );
  });

  it('divideFloor', () => {
    const divisors = fc.tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 0, max: 90 }));
    fc.assert(
      fc.property(
        operand([2], fc.constantFrom(interval(-200000, 300000), interval(0, 65535), interval(-7, -3))),
        divisors.chain(([lo, more]) => operand([2], fc.constant(interval(lo, lo + more)))),
        (x, d) => {
          const expected = x.values.map((v, e) => floorDiv(v, d.values[e]!));
          check(target, [x, d], (b, [u, v]) => divideFloor(b, u!, v!, interval(-200000, 300000), 'd'), expected);
        },
      ),
      RUNS,
    );
  });

  it('applyTable', () => {
    const small = fc.constantFrom(interval(-128, 127), interval(0, 9), interval(-77, -70), interval(3, 3));
    fc.assert(
      fc.property(operand([3], small), (x) =>
        check(
          target,
          [x],
          (b, [w]) => applyTable(b, 'cube', w!, (k) => k * k * k, 't'),
          x.values.map((v) => v ** 3n),
        ),
      ),
      RUNS,
    );
  });

  it('maxima: of two, of a row, and the position', () => {
    const rows = fc
      .tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 5 }))
      .chain((shape) => operand(shape, fc.oneof(intervals, fc.constant(interval(-2, 1)))));
    fc.assert(
      fc.property(operand([2]), operand([2]), (x, y) =>
        check(
          target,
          [x, y],
          (b, [u, v]) => maximumOf(b, u!, v!, 'm'),
          x.values.map((v, e) => maxOf([v, y.values[e]!])),
        ),
      ),
      RUNS,
    );
    fc.assert(
      fc.property(rows, fc.boolean(), (x, last) => {
        const parts = rowsOf(x.values, x.shape.at(-1)!);
        check(target, [x], (b, [w]) => maxTournament(b, w!, 'm'), parts.map(maxOf));
        check(target, [x], (b, [w]) => argMax(b, w!, last, 'a').max, parts.map(maxOf));
        const positions = parts.map((r) => BigInt(last ? r.lastIndexOf(maxOf(r)) : r.indexOf(maxOf(r))));
        check(target, [x], (b, [w]) => argMax(b, w!, last, 'a').index, positions);
      }),
      RUNS,
    );
  });

  it('linear forms', () => {
    const x = { shape: [2, 1], range: interval(-9, 9), values: [4n, -7n] };
    const y = { shape: [3], range: interval(0, 9), values: [1n, 2n, 9n] };
    const whole = (b: Recorder, w: Wire): Wire => broadcastTo(b, w, [2, 3]);
    const sums = [4n, -7n].flatMap((a) => [1n, 2n, 9n].map((c) => [a, c] as const));
    check(
      target,
      [x, y],
      (b, [u, v]) => plus(b, whole(b, u!), whole(b, v!)),
      sums.map(([a, c]) => a + c),
    );
    check(
      target,
      [x, y],
      (b, [u, v]) => minus(b, whole(b, u!), whole(b, v!)),
      sums.map(([a, c]) => a - c),
    );
    check(
      target,
      [x, y],
      (b, [u, v]) => hadamard(b, whole(b, u!), whole(b, v!)),
      sums.map(([a, c]) => a * c),
    );
    check(target, [x], (b, [u]) => scaled(b, u!, -3n), [-12n, 21n]);
    check(target, [x], (b, [u]) => plus(b, u!, splat(b, 5n, [2, 1])), [9n, -2n]);
  });
});

it.each(REAL_TARGETS)('a quotient by one has the promised interval or is refused: $name', (target) => {
  const circuit = recordCircuit(target, (b) => {
    const x = b.input('x', 'input', 'private', [1], interval(-20, 20));
    b.output('q', 'public', divideFloor(b, x, splat(b, 1n, [1]), interval(-10, 10), 'q') as RecordedWire);
  });
  for (let x = -20; x <= 20; x++) {
    const run = (): unknown => runWitness(circuit, new Map([['x', tensor([1], Int32Array.of(x))]]));
    if (Math.abs(x) <= 10) expect(run).not.toThrow();
    else expect(run, String(x)).toThrow(Diagnostic);
  }
});

it('broadcastTo refuses shapes that do not broadcast', () => {
  recordCircuit(REAL_TARGETS[0]!, (b) => {
    const x = b.input('x', 'input', 'private', [2, 3], interval(0, 1));
    expect(() => broadcastTo(b, x, [3, 2])).toThrow(/does not broadcast/);
    expect(() => broadcastTo(b, x, [3])).toThrow(/does not broadcast/);
  });
});

it('refuses operands that a gadget cannot treat, naming the label', () => {
  recordCircuit(REAL_TARGETS[1]!, (b) => {
    const x = b.input('x', 'input', 'private', [2], interval(-(2n ** 40n), 2n ** 40n));
    const d = b.input('d', 'input', 'private', [2], interval(0, 4));
    expect(() => divideFloor(b, d, d, interval(0, 4), 'ratio')).toThrow(/ratio: the divisor has range \[0, 4\]/);
    expect(() => clampTo(b, x, interval(0, 1), 'narrow')).toThrow(/narrow.*does not fit the field of koalabear/);
    expect(() => applyTable(b, 'f', x, (k) => k, 'wide')).toThrow(/more than 2\^16 rows/);
    const none = b.view(d, { kind: 'slice', axis: 0, start: 0, step: 1, size: 0 });
    expect(() => maxTournament(b, none, 'empty')).toThrow(/empty: the maximum/);
  });
});
