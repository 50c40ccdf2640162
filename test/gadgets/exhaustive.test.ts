// Every gadget on domains small enough to try all committed values: exactly one output per input is accepted.
import { describe, expect, it } from 'vitest';
import type { Wire } from '../../compiler/ir/circuit.ts';
import { BN254, type Capabilities } from '../../compiler/ir/circuit.ts';
import { floorDiv, type Interval, interval } from '../../compiler/ir/interval.ts';
import type { RecordedWire, Recorder } from '../../compiler/ir/recorder.ts';
import {
  applyTable,
  argMax,
  clampTo,
  divideFloor,
  isNegative,
  maximumOf,
  maxTournament,
  requantize,
  shiftFloor,
} from '../../stdlib/gadgets/index.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';
import { checkExhaustively, type ExhaustiveOptions } from '../kits/exhaustive-kit.ts';
import { SMALL_BITS, SMALL_LOOKUPS, SMALL_TARGETS } from './targets.ts';

type Inputs = readonly (readonly [string, readonly number[], Interval])[];

/** Checks a gadget of the given inputs whose only output is given by `f` on the input elements. */
function check(
  target: Capabilities,
  inputs: Inputs,
  build: (b: Recorder, wires: readonly RecordedWire[]) => Wire,
  f: (...elements: readonly (readonly bigint[])[]) => readonly bigint[],
  excursion: ExhaustiveOptions['excursion'] = 1,
): number {
  const c = recordCircuit(target, (b) => {
    const wires = inputs.map(([name, shape, range]) => b.input(name, 'input', 'private', shape, range));
    b.output('y', 'public', build(b, wires) as RecordedWire);
  });
  return checkExhaustively(c, {
    excursion,
    expected: (given) => new Map([['y', f(...inputs.map(([name]) => given.get(name)!))]]),
  });
}

const each = (f: (x: bigint) => bigint) => (xs: readonly bigint[]) => xs.map(f);
const clampOf = (lo: bigint, hi: bigint) => (x: bigint) => (x < lo ? lo : x > hi ? hi : x);
const scalarIn = (lo: number, hi: number): Inputs => [['x', [1], interval(lo, hi)]];
const maxOf = (xs: readonly bigint[]): bigint => xs.reduce((a, b) => (a > b ? a : b));

describe.each(SMALL_TARGETS)('every committed value of $name', (target) => {
  it('shiftFloor', () => {
    for (const s of [0, 1, 2])
      check(
        target,
        scalarIn(-13, 12),
        (b, [x]) => shiftFloor(b, x!, s, 's'),
        each((x) => x >> BigInt(s)),
        'field',
      );
    check(
      target,
      scalarIn(8, 11),
      (b, [x]) => shiftFloor(b, x!, 2, 's'),
      each(() => 2n),
      'field',
    );
  });
  it('isNegative', () => {
    for (const [lo, hi] of [
      [-4, 3],
      [-20, 12],
      [-3, 21],
      [-1, 0],
      [0, 5],
      [-7, -1],
    ] as const)
      check(
        target,
        scalarIn(lo, hi),
        (b, [x]) => isNegative(b, x!, 'n'),
        each((x) => (x < 0n ? 1n : 0n)),
        'field',
      );
  });
  it('clampTo', () => {
    for (const [lo, hi, from, to] of [
      [-20, 19, 0, 7],
      [-20, 19, -5, 30],
      [-3, 20, -4, 9],
      [-4, 3, 0, 2],
      [5, 12, 6, 9],
      [-9, 20, 3, 30],
      [-9, -4, 0, 5],
      [-9, 9, -9, 9],
    ] as const)
      check(
        target,
        scalarIn(lo, hi),
        (b, [x]) => clampTo(b, x!, interval(from, to), 'c'),
        each(clampOf(BigInt(from), BigInt(to))),
        'field',
      );
  });
  it('requantize', () => {
    for (const [lo, hi, m, s, from, to] of [
      [-13, 12, 1n, 1, -2, 3],
      [-6, 9, 3n, 2, 0, 3],
      [-6, 9, -2n, 3, -1, 1],
      [-20, 19, 4n, 2, 0, 7],
      [-13, 12, 1n, 2, -8, 8],
      [-5, 12, 1n, 1, -9, 2],
      [-20, -9, 1n, 1, 0, 3],
    ] as const)
      check(
        target,
        scalarIn(lo, hi),
        (b, [x]) => requantize(b, [[x!, m]], s, interval(from, to), 'q'),
        each((x) => clampOf(BigInt(from), BigInt(to))((m * x + (1n << BigInt(s - 1))) >> BigInt(s))),
      );
  });
  it('requantize of two operands', () => {
    check(
      target,
      [
        ['x', [1], interval(-3, 4)],
        ['y', [1], interval(0, 5)],
      ],
      (b, [x, y]) =>
        requantize(
          b,
          [
            [x!, 3n],
            [y!, -2n],
          ],
          2,
          interval(-2, 2),
          'q',
        ),
      ([x], [y]) => [clampOf(-2n, 2n)((3n * x! - 2n * y! + 2n) >> 2n)],
    );
  });
  it('divideFloor', () => {
    check(
      target,
      [
        ['x', [1], interval(-6, 9)],
        ['d', [1], interval(1, 4)],
      ],
      (b, [x, d]) => divideFloor(b, x!, d!, interval(-6, 9), 'd'),
      ([x], [d]) => [floorDiv(x!, d!)],
    );
    // A promised quotient: the ranges alone would allow more.
    check(
      target,
      [
        ['x', [1], interval(0, 11)],
        ['d', [1], interval(3, 3)],
      ],
      (b, [x, d]) => divideFloor(b, x!, d!, interval(0, 3), 'd'),
      ([x], [d]) => [floorDiv(x!, d!)],
      'field',
    );
  });
  it('applyTable', () => {
    check(
      target,
      scalarIn(-3, 4),
      (b, [x]) => applyTable(b, 'square', x!, (k) => k * k, 't'),
      each((x) => x * x),
    );
  });
  it('maximum of two and of a row', () => {
    check(
      target,
      [
        ['x', [1], interval(-3, 2)],
        ['y', [1], interval(-1, 4)],
      ],
      (b, [x, y]) => maximumOf(b, x!, y!, 'm'),
      ([x], [y]) => [x! > y! ? x! : y!],
      target.lookups ? 1 : 'field',
    );
    check(
      target,
      [['x', [3], interval(-1, 2)]],
      (b, [x]) => maxTournament(b, x!, 'm'),
      (x) => [maxOf(x)],
    );
  });
  it('argMax', () => {
    for (const last of [false, true]) {
      const at = (x: readonly bigint[]): number => (last ? x.lastIndexOf(maxOf(x)) : x.indexOf(maxOf(x)));
      const row: Inputs = [['x', [3], interval(-2, 2)]];
      check(
        target,
        row,
        (b, [x]) => argMax(b, x!, last, 'a').index,
        (x) => [BigInt(at(x))],
      );
      check(
        target,
        row,
        (b, [x]) => argMax(b, x!, last, 'a').max,
        (x) => [maxOf(x)],
      );
      const pair: Inputs = [['x', [2], interval(-2, 2)]];
      check(
        target,
        pair,
        (b, [x]) => argMax(b, x!, last, 'a').hot,
        (x) => [0, 1].map((k) => (k === at(x) ? 1n : 0n)),
        'field',
      );
    }
  });
});

it('clamps and signs of keys whose power-of-two domain would wrap around', () => {
  // 40 - (-67) and 63 + 40 exceed the field: the tables are those of the keys' own range.
  for (const [from, to] of [
    [-3, 5],
    [-50, 5],
    [-3, 50],
  ] as const)
    check(
      SMALL_BITS,
      scalarIn(-40, 40),
      (b, [x]) => clampTo(b, x!, interval(from, to), 'c'),
      each(clampOf(BigInt(from), BigInt(to))),
      'field',
    );
  check(
    SMALL_BITS,
    scalarIn(-40, 40),
    (b, [x]) => isNegative(b, x!, 'n'),
    each((x) => (x < 0n ? 1n : 0n)),
    'field',
  );
});

it('shift and clamp on a real field, with values just outside the intervals', () => {
  const clamped = each((x) => clampOf(0n, 5n)((x + 4n) >> 3n));
  const tried = check(
    BN254,
    scalarIn(-60, 60),
    (b, [x]) => requantize(b, [[x!, 1n]], 3, interval(0, 5), 'q'),
    clamped,
    2,
  );
  expect(tried).toBeGreaterThan(10_000);
});

it('finds a missing constraint', () => {
  const c = recordCircuit(SMALL_LOOKUPS, (b) => {
    const x = b.input('x', 'input', 'private', [1], interval(0, 7));
    const outs = [interval(0, 3), interval(0, 1)].map((range) => ({ shape: [1], range }));
    b.output('y', 'public', b.hint({ kind: 'divmod', by: 2n }, [x], outs, 'h')[0]!);
  });
  const expected: ExhaustiveOptions['expected'] = (given) => new Map([['y', given.get('x')!.map((x) => x / 2n)]]);
  expect(() => checkExhaustively(c, { expected })).toThrow(/accepted y = \[1\] instead of \[0\]/);
});

it('finds wrap-around: the same constraints over a field that the recorder would have refused', () => {
  const build = (b: Recorder): void => {
    const x = b.input('x', 'input', 'private', [1], interval(-40, 60));
    b.output('y', 'public', shiftFloor(b, x, 5, 's') as RecordedWire);
  };
  expect(() => recordCircuit(SMALL_BITS, build)).toThrow(/does not fit the field/);
  const wrapped = { ...recordCircuit(BN254, build), target: SMALL_BITS };
  const expected: ExhaustiveOptions['expected'] = (given) => new Map([['y', given.get('x')!.map((x) => x >> 5n)]]);
  expect(() => checkExhaustively(wrapped, { expected })).toThrow(/accepted/);
});
