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
import { collectRows, firstViolated, systemOf, unnoticed } from './system.ts';

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
    // A quotient of b bits and a remainder of s: s + b bits, the identity, the flag (3) and the result.
    ['relu of a 29-bit accumulator', accumulator(29), 14, interval(0, 127), 29 + 1 + 4],
    ['relu of a 29-bit accumulator, small shift', accumulator(29), 6, interval(0, 127), 29 + 1 + 4],
    ['relu of a 20-bit accumulator', accumulator(20), 9, interval(0, 127), 20 + 1 + 3],
    // The domain is centred at the lower bound: one bit more than the quotient has.
    ['saturation to int8', accumulator(20), 11, interval(-128, 127), 21 + 1 + 2],
    ['relu without saturation', accumulator(16), 8, interval(0, 255), 16 + 1 + 1],
    ['no clamp', accumulator(16), 8, interval(-128, 127), 16 + 1],
    ['saturation to [-127, 127]', accumulator(20), 11, interval(-127, 127), 21 + 1 + 6],
  ])('requantization: %s', (_, range, shift, to, rows) => {
    expect(rowsOf(range, (b, x) => [requantize(b, [[x, 1n]], shift, to, 'r')])).toBe(rows);
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
    const { list } = collectRows(c);
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

test('a circuit of the size of ResNet-50 is counted without work per element', () => {
  const c = record((b) => {
    let x: Wire = b.input('x', 'input', 'private', [3, 224, 224], interval(-128, 127));
    const layer = (channels: number, stride: number, kernel: number): void => {
      const [inputs, height] = [x.shape[0]!, x.shape[1]!];
      const pad = (kernel - 1) >> 1;
      const padded = [1, 2].map((axis) => ({ kind: 'pad', axis, before: pad, after: pad }) as const);
      const windows = [1, 3].map((axis) => ({ kind: 'window', axis, size: kernel, stride, dilation: 1 }) as const);
      const w = b.constant({
        shape: [channels, inputs, kernel, kernel],
        data: new Int8Array(channels * inputs * kernel * kernel).fill(3),
      });
      const view = b.view(x as RecordedWire, ...padded, ...windows);
      const sums = b.contract({ a: 'cyixj', b: 'ocij', out: 'oyx' }, view, w);
      expect(sums.shape).toEqual([channels, height / stride, height / stride]);
      x = requantize(b, [[sums, 1n]], 8, interval(0, 127), 'r');
    };
    layer(64, 2, 7);
    for (const [channels, blocks] of [
      [256, 3],
      [512, 4],
      [1024, 6],
      [2048, 3],
    ] as const)
      for (let k = 0; k < blocks; k++) {
        layer(channels / 4, 1, 1);
        layer(channels / 4, k === 0 ? 2 : 1, 3);
        layer(channels, 1, 1);
      }
    b.output('y', 'public', x as RecordedWire);
  });
  const before = process.memoryUsage().rss;
  const { total } = count(c);
  expect(total.rows).toBeGreaterThan(1e8);
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
});
