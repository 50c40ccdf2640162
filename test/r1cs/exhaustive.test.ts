// Small circuits over a small prime field: every solution of their rows is found by search, and there is exactly the right one.
import { describe, expect, test } from 'vitest';
import { BN254, type Builder, type Wire } from '../../compiler/ir/circuit.ts';
import { clamp, floorDiv, type Interval, interval } from '../../compiler/ir/interval.ts';
import { createRecorder, type RecordedWire } from '../../compiler/ir/recorder.ts';
import { clampTable, dataTable, signTable } from '../../compiler/ir/table.ts';
import { clampTo, divideFloor, isNegative, maximumOf, requantize } from '../../stdlib/gadgets/index.ts';
import { solutions } from './solver.ts';
import { collectRows } from './system.ts';

/** Larger than twice every integer that the circuits below compare. */
const P = 521;

interface Case {
  readonly name: string;
  readonly inputs: readonly Interval[];
  readonly build: (b: Builder, xs: readonly Wire[]) => readonly Wire[];
  readonly expected: (xs: readonly bigint[]) => readonly bigint[];
  /** Some interval is no power of two and proved by weights that overlap. */
  readonly overlapping?: true;
}

const requantized = (x: bigint, shift: bigint, to: Interval): bigint =>
  clamp(to, floorDiv(x + (1n << (shift - 1n)), 1n << shift));
const toRelu = interval(0, 3);
const toOdd = interval(-2, 3);

const cases: readonly Case[] = [
  {
    name: 'requantized relu',
    inputs: [interval(-60, 60)],
    build: (b, [x]) => [requantize(b, [[x!, 1n]], 2, toRelu, 'r')],
    expected: ([x]) => [requantized(x!, 2n, toRelu)],
  },
  {
    name: 'requantized relu, many bits above the maximum',
    inputs: [interval(-60, 60)],
    build: (b, [x]) => [requantize(b, [[x!, 1n]], 1, interval(0, 1), 'r')],
    expected: ([x]) => [requantized(x!, 1n, interval(0, 1))],
  },
  {
    name: 'requantization to an interval that is no power of two',
    inputs: [interval(-60, 60)],
    build: (b, [x]) => [requantize(b, [[x!, 1n]], 2, toOdd, 'r')],
    expected: ([x]) => [requantized(x!, 2n, toOdd)],
  },
  {
    name: 'requantization that saturates above only',
    inputs: [interval(-9, 60)],
    build: (b, [x]) => [requantize(b, [[x!, 1n]], 2, interval(-8, 5), 'r')],
    expected: ([x]) => [requantized(x!, 2n, interval(-8, 5))],
  },
  {
    name: 'requantization without saturation',
    inputs: [interval(-60, 60)],
    build: (b, [x]) => [requantize(b, [[x!, 1n]], 3, interval(-8, 8), 'r')],
    expected: ([x]) => [requantized(x!, 3n, interval(-8, 8))],
  },
  {
    name: 'clamp of a proved key',
    inputs: [interval(-20, 37)],
    build: (b, [x]) => [clampTo(b, x!, interval(-3, 9), 'c')],
    expected: ([x]) => [clamp(interval(-3, 9), x!)],
  },
  {
    name: 'clamp above of a proved key',
    inputs: [interval(4, 60)],
    build: (b, [x]) => [clampTo(b, x!, interval(0, 12), 'c')],
    expected: ([x]) => [clamp(interval(0, 12), x!)],
  },
  {
    name: 'clamp above by the highest bit',
    inputs: [interval(4, 60)],
    build: (b, [x]) => b.lookup(clampTable(interval(0, 100), interval(0, 12)), x!, 'c'),
    expected: ([x]) => [clamp(interval(0, 12), x!)],
  },
  {
    name: 'clamp over a domain that is no hull, proved by the lookup',
    inputs: [interval(-100, 100)],
    build: (b, [x]) => b.lookup(clampTable(interval(-11, 21), interval(-4, 6)), x!, 'c'),
    expected: ([x]) => (x! < -11n || x! > 21n ? [] : [clamp(interval(-4, 6), x!)]),
  },
  {
    name: 'sign',
    inputs: [interval(-50, 77)],
    build: (b, [x]) => [isNegative(b, x!, 's')],
    expected: ([x]) => [x! < 0n ? 1n : 0n],
  },
  {
    name: 'sign over a domain that is no hull, proved by the lookup',
    inputs: [interval(-100, 100)],
    build: (b, [x]) => b.lookup(signTable(interval(-9, 22)), x!, 's'),
    expected: ([x]) => (x! < -9n || x! > 22n ? [] : [x! < 0n ? 1n : 0n]),
  },
  {
    name: 'table of two columns over a domain that is no power of two, proved by the lookup',
    inputs: [interval(-40, 60)],
    build: (b, [x]) => b.lookup(squares, x!, 't'),
    expected: ([x]) => (x! < -5n || x! > 20n ? [] : [(x! * x!) % 100n, x! * 3n]),
  },
  {
    name: 'table of a proved key',
    inputs: [interval(-5, 8)],
    build: (b, [x]) => b.lookup(squares, x!, 't'),
    expected: ([x]) => [(x! * x!) % 100n, x! * 3n],
  },
  {
    name: 'clamp, sign and table of one key',
    inputs: [interval(-16, 15)],
    build: (b, [x]) => [clampTo(b, x!, interval(0, 5), 'c'), isNegative(b, x!, 's'), b.lookup(parity, x!, 't')[0]!],
    expected: ([x]) => [clamp(interval(0, 5), x!), x! < 0n ? 1n : 0n, x! & 1n],
  },
  {
    name: 'range from both sides, from below and from above',
    inputs: [interval(-60, 60)],
    build: (b, [x]) => {
      const low = b.range(x!, interval(-20, 100), 'low');
      const high = b.range(low, interval(-50, 33), 'high');
      return [b.range(high, interval(-9, 13), 'both')];
    },
    expected: ([x]) => (x! < -9n || x! > 13n ? [] : [x!]),
    overlapping: true,
  },
  {
    name: 'range of an element whose bits exist',
    inputs: [interval(-30, 150)],
    build: (b, [x]) => {
      const byte = b.range(x!, interval(0, 127), 'byte');
      return [b.range(byte, interval(0, 31), 'low')];
    },
    expected: ([x]) => (x! < 0n || x! > 31n ? [] : [x!]),
  },
  {
    name: 'maximum',
    inputs: [interval(-6, 6), interval(-8, 5)],
    build: (b, [x, y]) => [maximumOf(b, x!, y!, 'm')],
    expected: ([x, y]) => [x! > y! ? x! : y!],
  },
  {
    name: 'product',
    inputs: [interval(-6, 6), interval(-8, 5)],
    build: (b, [x, y]) => [b.contract({ a: '', b: '', out: '' }, x!, y!)],
    expected: ([x, y]) => [x! * y!],
  },
  {
    name: 'division',
    inputs: [interval(-8, 15), interval(1, 4)],
    build: (b, [x, y]) => [divideFloor(b, x!, y!, interval(-8, 15), 'd')],
    expected: ([x, y]) => [floorDiv(x!, y!)],
  },
];

const squares = dataTable(
  'squares',
  interval(-5, 20),
  (k) => (k * k) % 100n,
  (k) => k * 3n,
);
const parity = dataTable('parity', interval(-16, 15), (k) => k & 1n);

/** All integers of the interval, or -- for products of two -- a sample that holds both ends. */
function elementsOf(r: Interval, every: number): bigint[] {
  const all: bigint[] = [];
  for (let x = r.lo; x <= r.hi; x += BigInt(every)) all.push(x);
  return all.at(-1) === r.hi ? all : [...all, r.hi];
}

const residue = (x: bigint): number => Number(((x % BigInt(P)) + BigInt(P)) % BigInt(P));

describe('every solution of the rows', () => {
  for (const { name, inputs, build, expected, overlapping } of cases)
    test(name, () => {
      const b = createRecorder(BN254);
      const xs = inputs.map((range, i) => b.input(`x${i}`, 'input', 'public', [], range));
      const ys = build(b, xs);
      // Every wire was made by this recorder.
      for (const [i, y] of ys.entries()) b.output(`y${i}`, 'public', y as RecordedWire);
      const { list, result } = collectRows(b.finish());
      expect(result.publicOutputs).toBe(ys.length);
      let accepted = 0;
      for (const x of elementsOf(inputs[0]!, 1))
        for (const y of inputs[1] === undefined ? [0n] : elementsOf(inputs[1], 3)) {
          const values = inputs.length === 1 ? [x] : [x, y];
          const given = new Map(values.map((v, i) => [1 + ys.length + i, residue(v)]));
          const found = solutions(list, result.variables, given, P);
          const outputs = new Set(found.map((s) => s.slice(1, 1 + ys.length).join()));
          const wanted = expected(values);
          expect([...outputs], `inputs ${values.join()}`).toEqual(
            wanted.length === 0 ? [] : [wanted.map(residue).join()],
          );
          // Nothing is left to the prover but what overlapping weights express twice.
          expect(found.length, `inputs ${values.join()}`).toBeLessThanOrEqual(overlapping ? 8 : 1);
          accepted += wanted.length === 0 ? 0 : 1;
        }
      expect(accepted).toBeGreaterThan(10);
    });
});

describe('private inputs', () => {
  for (const range of [
    interval(-4, 3),
    interval(0, 1),
    interval(-3, 3),
    interval(5, 23),
    interval(7, 7),
    interval(0, 36),
  ])
    test(`are proved to lie in [${range.lo}, ${range.hi}]`, () => {
      const b = createRecorder(BN254);
      b.input('x', 'input', 'private', [], range);
      const { list, result } = collectRows(b.finish());
      for (let x = 0; x < P; x++) {
        const inside = Array.from({ length: P }, (_, k) => k).some(
          (k) => BigInt(k) >= 0n && range.lo + BigInt(k) <= range.hi && residue(range.lo + BigInt(k)) === x,
        );
        const found = solutions(list, result.variables, new Map([[1, x]]), P);
        expect(found.length > 0, `value ${x}`).toBe(inside);
      }
    });
});
