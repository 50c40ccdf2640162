// What circuits cost as rows: pinned figures, bounds on density, refusals, and counts of large circuits without work per element.
import { describe, expect, test } from 'vitest';
import { BN254, type Circuit, KOALABEAR, type Wire } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { count } from '../../compiler/ir/interpret/count.ts';
import { scalarize } from '../../compiler/ir/interpret/scalarize.ts';
import { type Interval, interval } from '../../compiler/ir/interval.ts';
import { createRecorder, type RecordedWire, type Recorder } from '../../compiler/ir/recorder.ts';
import { dataTable } from '../../compiler/ir/table.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { clampTo, isNegative, maxTournament, requantize } from '../../stdlib/gadgets/index.ts';
import { collectRows, firstViolated, systemOf, undefinedVariables, unnoticed } from './system.ts';

function record(build: (b: Recorder) => void): Circuit {
  const b = createRecorder(BN254);
  build(b);
  return b.finish();
}

/** Rows per element of what `build` makes of a public input: neither port costs more than its output row. */
function rowsOf(range: Interval, build: (b: Recorder, x: RecordedWire) => readonly Wire[]): number {
  const n = 8;
  const c = record((b) => {
    const x = b.input('x', 'input', 'public', [n], range);
    build(b, x);
  });
  const { rows } = count(c).total;
  expect(rows % n).toBe(0);
  expect(collectRows(c).list.length).toBe(rows);
  return rows / n;
}

const accumulator = (bits: number): Interval =>
  interval(-(2 ** (bits - 1)) + 2 ** (bits - 8), 2 ** (bits - 1) - 2 ** (bits - 8));

describe('rows per element', () => {
  test.each([
    // A quotient of b bits and a remainder of s: s + b bits, the flag (3) and the result.
    ['relu of a 29-bit accumulator', accumulator(29), 14, interval(0, 127), 29 + 4],
    ['relu of a 29-bit accumulator, small shift', accumulator(29), 6, interval(0, 127), 29 + 4],
    ['relu of a 20-bit accumulator', accumulator(20), 9, interval(0, 127), 20 + 3],
    // The domain is centred at the lower bound: one bit more than the quotient has.
    ['saturation to int8', accumulator(20), 11, interval(-128, 127), 21 + 2],
    ['relu without saturation', accumulator(16), 8, interval(0, 255), 16 + 1],
    ['saturation above only', interval(-100, 3000), 2, interval(-128, 127), 13 + 1],
    ['no clamp', accumulator(16), 8, interval(-128, 127), 16],
    ['saturation to [-127, 127]', accumulator(20), 11, interval(-127, 127), 21 + 6],
  ])('requantization: %s', (_, range, shift, to, rows) => {
    expect(rowsOf(range, (b, x) => [requantize(b, [[x, 1n]], shift, to, 'r')])).toBe(rows);
  });

  test('the identity of a division costs a row if the dividend is a long sum', () => {
    const rows = (terms: number): number => {
      const c = record((b) => {
        const x = b.input('x', 'input', 'public', [5, terms], interval(0, 7));
        requantize(b, [[b.sum(x, [1]), 1n]], 2, interval(0, 15), 'r');
      });
      expect(collectRows(c).list.length).toBe(count(c).total.rows);
      return count(c).total.rows / 5;
    };
    // One bit of the quotient more from 37 terms on; 32 terms with the rounding constant are too long.
    expect([rows(31), rows(32), rows(36)]).toEqual([2 + 6 + 1 + 1, 2 + 6 + 1 + 1 + 1, 2 + 6 + 1 + 1 + 1]);
  });

  test('the relu of a 29-bit accumulator costs 34 rows at most', () => {
    const terms = 40;
    const most = Math.floor((2 ** 28 - 2 ** 21) / terms);
    const c = record((b) => {
      const x = b.input('x', 'input', 'public', [5, terms], interval(-most, most));
      requantize(b, [[b.sum(x, [1]), 1n]], 13, interval(0, 127), 'r');
    });
    expect(count(c).total.rows).toBe(5 * 34);
    expect(collectRows(c).list.length).toBe(5 * 34);
  });

  test('signs and clamps', () => {
    expect(rowsOf(interval(-128, 127), (b, x) => [isNegative(b, x, 's')])).toBe(8);
    expect(rowsOf(interval(-255, 255), (b, x) => [clampTo(b, x, interval(0, 255), 'relu')])).toBe(10);
  });

  test.each([
    [4, 4 + 4],
    [6, 6 + 11],
    [8, 8 + 26],
    [10, 10 + 57],
    [12, 12 + 120],
  ])('a table of %i bits', (bits, rows) => {
    const table = dataTable('f', interval(0, 2 ** bits - 1), (k) => (k * k) % 251n);
    expect(rowsOf(table.domain, (b, x) => b.lookup(table, x, 't'))).toBe(rows);
  });

  test('the maximum of four 8-bit values', () => {
    const c = record((b) => {
      const x = b.input('x', 'input', 'public', [5, 4], interval(-128, 127));
      maxTournament(b, x, 'm');
    });
    expect(count(c).total.rows).toBe(5 * 3 * 10);
  });

  test.each([
    [interval(-128, 127), 8],
    [interval(-127, 127), 8],
    [interval(0, 1), 1],
    [interval(0, 1000), 10],
  ])('a private input of %o', (range, rows) => {
    const c = record((b) => b.input('x', 'input', 'private', [3], range));
    expect(count(c).total.rows).toBe(3 * rows);
    expect(collectRows(c).list.length).toBe(3 * rows);
  });

  test('a public output costs one row per element, whatever linear layers come before', () => {
    const c = record((b) => {
      const x = b.input('x', 'input', 'public', [6], interval(-8, 7));
      const w = b.constant(
        tensor(
          [6, 6],
          Int8Array.from({ length: 36 }, (_, i) => i - 18),
        ),
      );
      b.output('y', 'public', b.contract({ a: 'i', b: 'ij', out: 'j' }, x, w));
    });
    expect(count(c).total.rows).toBe(6);
  });
});

describe('density', () => {
  test('consecutive linear layers stay sparse', () => {
    const n = 40;
    const c = record((b) => {
      let x: Wire = b.input('x', 'input', 'public', [n], interval(0, 1));
      for (let layer = 0; layer < 4; layer++) {
        const w = b.constant(
          tensor(
            [n, n],
            Int8Array.from({ length: n * n }, (_, i) => ((i * 7 + layer) % 3) - 1),
          ),
        );
        x = b.contract({ a: 'i', b: 'ij', out: 'j' }, x as RecordedWire, w);
      }
      b.output('y', 'public', x as RecordedWire);
    });
    const s = systemOf(
      c,
      new Map([
        [
          'x',
          tensor(
            [n],
            Array.from({ length: n }, (_, i) => i % 2),
          ),
        ],
      ]),
    );
    const { list } = s;
    expect(firstViolated(list, s.assignment)).toBe(-1);
    expect(undefinedVariables(s, (v) => v > n && v <= 2 * n)).toEqual([]);
    // Three layers are materialised, the last one is bound by the output.
    expect(list.length).toBe(4 * n);
    expect(Math.max(...list.map(([, , sum]) => sum.variables.length))).toBeLessThanOrEqual(n + 1);
  });

  test('linear rows have no coefficients in a and b', () => {
    const { list } = collectRows(
      record((b) => {
        const x = b.input('x', 'input', 'public', [9], interval(0, 1));
        b.output('y', 'public', b.sum(x, [0]));
      }),
    );
    expect(list.map((row) => row.map((x) => x.variables.length))).toEqual([[0, 0, 10]]);
  });

  test('wide coefficients are exact', () => {
    const c = record((b) => {
      const x = b.input('x', 'input', 'private', [2], interval(-1000, 1000));
      const far = b.affine([[x, 2n ** 90n + 1n]], 3n ** 60n);
      const back = b.affine([
        [far, 5n],
        [x, -5n * 2n ** 90n],
      ]);
      const near = b.affine([[back, 1n]], -5n * 3n ** 60n);
      b.output('y', 'public', b.range(near, interval(-5000, 5000), 'near'));
    });
    const s = systemOf(c, new Map([['x', tensor([2], [-1000, 999])]]));
    expect(firstViolated(s.list, s.assignment)).toBe(-1);
    expect(s.list.at(-1)![2].coefficients.map(Number)).toEqual([-1, 5]);
    expect(unnoticed(s, [1n, -1n])).toEqual([]);
  });
});

describe('refusals', () => {
  const refusal = (body: () => unknown): Diagnostic => {
    try {
      body();
    } catch (e) {
      if (e instanceof Diagnostic) return e;
      throw e;
    }
    throw new Error('nothing was refused');
  };
  const sink = { row: () => expect.unreachable('a row was written') };

  test('too many constraints, before any is written', () => {
    const c = record((b) => b.input('x', 'input', 'private', [100], interval(0, 255)));
    const d = refusal(() => scalarize(c, sink, { limits: { rows: 799, nonZeros: 1e6 } }));
    expect(d.code).toBe('r1cs-too-large');
    expect(d.message).toContain('800 constraints');
    expect(refusal(() => scalarize(c, sink, { limits: { rows: 800, nonZeros: 100 } })).code).toBe('r1cs-too-large');
    expect(scalarize(c, { row: () => {} }, { limits: { rows: 800, nonZeros: 1e6 } }).rows).toBe(800);
  });

  test('a circuit for another field', () => {
    const b = createRecorder(KOALABEAR);
    b.input('x', 'input', 'private', [1], interval(0, 1));
    expect(refusal(() => count(b.finish())).code).toBe('wrong-target');
  });

  test('a hint that claims to be proved by a lookup that does not exist', () => {
    const c = record((b) => {
      const x = b.input('x', 'input', 'public', [1], interval(0, 63));
      const outs = ['q', 'r'].map(() => ({ shape: [1], range: interval(0, 7) }));
      b.hint({ kind: 'divmod', by: 8n }, [x], outs, 'd');
    });
    const instrs = c.instrs.map((i) => (i.op === 'hint' ? { ...i, proved: [true, false] } : i));
    expect(refusal(() => count({ ...c, instrs })).code).toBe('unproved-hint');
  });
});

test('a circuit with the activations of ResNet-50 is counted without work per element', () => {
  // Depthwise convolutions: few weights, so that recording them takes no time.
  const c = record((b) => {
    let x: Wire = b.input('x', 'input', 'private', [64, 224, 224], interval(-128, 127));
    const layer = (channels: number, stride: number): void => {
      const padded = [1, 2].map((axis) => ({ kind: 'pad', axis, before: 1, after: 1 }) as const);
      const windows = [1, 3].map((axis) => ({ kind: 'window', axis, size: 3, stride, dilation: 1 }) as const);
      const w = b.constant({ shape: [channels, 3, 3], data: new Int8Array(channels * 9).fill(3) });
      const sums = b.contract(
        { a: 'cyixj', b: 'cij', out: 'cyx' },
        b.view(x as RecordedWire, ...padded, ...windows),
        w,
      );
      x = requantize(b, [[sums, 1n]], 4, interval(0, 127), 'r');
      const [height, width] = [x.shape[1]!, x.shape[2]!];
      if (channels < 2048) x = b.concat([x as RecordedWire, x as RecordedWire], 0);
      expect(x.shape).toEqual([Math.min(2 * channels, 2048), height, width]);
    };
    for (const channels of [64, 128, 256, 512, 1024, 2048]) layer(channels, 2);
    for (let k = 0; k < 44; k++) layer(2048, 1);
    b.output('y', 'public', x as RecordedWire);
  });
  const before = process.memoryUsage().rss;
  const { total } = count(c);
  expect(total.rows).toBeGreaterThan(3e7);
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
});
