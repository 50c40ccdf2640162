// Circuits that hold every instruction, hint, view and form of table, with inputs that cover small domains.
import { BN254 } from '../../compiler/ir/circuit.ts';
import { type Interval, interval } from '../../compiler/ir/interval.ts';
import type { RecordedWire, Recorder } from '../../compiler/ir/recorder.ts';
import { clampTable, dataTable, signTable, type Table } from '../../compiler/ir/table.ts';
import { type Shape, type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';
import { createRandom, integerTensor } from '../kits/random.ts';

const whole = (lo: number, hi: number): Tensor =>
  tensor(
    [hi - lo + 1],
    Array.from({ length: hi - lo + 1 }, (_, k) => lo + k),
  );

/** Records cases with inputs of their own; returns the circuit and its inputs. */
function cases(
  build: (b: Recorder, given: (t: Tensor, r: Interval) => RecordedWire, out: (x: RecordedWire) => void) => void,
) {
  const inputs = new Map<string, Tensor>();
  let outputs = 0;
  const circuit = recordCircuit(BN254, (b) =>
    build(
      b,
      (t, r) => {
        const name = `in${inputs.size}`;
        inputs.set(name, t);
        return b.input(name, 'input', 'private', t.shape, r);
      },
      (x) => b.output(`out${outputs++}`, 'public', x),
    ),
  );
  return { circuit, inputs };
}

const random = createRandom(7);
const any = (shape: Shape, r: Interval): Tensor => integerTensor(shape, r, 4, random);

/** Keys of tables: all of the domain. */
const TABLES: readonly Table[] = [
  clampTable(interval(0, 31), interval(0, 31)),
  clampTable(interval(0, 31), interval(0, 15)),
  clampTable(interval(0, 31), interval(0, 7)),
  clampTable(interval(0, 31), interval(0, 3)),
  clampTable(interval(0, 31), interval(0, 1)),
  clampTable(interval(-16, 15), interval(0, 15)),
  clampTable(interval(-16, 15), interval(0, 7)),
  clampTable(interval(-16, 15), interval(0, 5)),
  clampTable(interval(-16, 15), interval(0, 12)),
  clampTable(interval(-35, 28), interval(-3, 4)),
  clampTable(interval(-20, 11), interval(-4, 11)),
  clampTable(interval(-5, 26), interval(-5, 20)),
  clampTable(interval(-6, 9), interval(0, 7)),
  clampTable(interval(-1, 0), interval(0, 0)),
  clampTable(interval(3, 21), interval(5, 9)),
  clampTable(interval(3, 9), interval(-5, 6)),
  clampTable(interval(3, 9), interval(20, 30)),
  clampTable(interval(3, 9), interval(-20, -10)),
  clampTable(interval(-70, 60), interval(-1, 10)),
  signTable(interval(-8, 7)),
  signTable(interval(-3, 12)),
  signTable(interval(0, 5)),
  signTable(interval(-5, -1)),
  dataTable('cube', interval(-8, 7), (k) => k * k * k),
  dataTable('one row', interval(4, 4), (k) => k),
  dataTable('two rows', interval(4, 5), (k) => 100n - k),
  dataTable(
    'pair "*/',
    interval(-3, 9),
    (k) => (k * 5n) % 7n,
    (k) => k * k,
  ),
  dataTable('uneven', interval(0, 32), (k) => (k * 37n) % 101n),
];

/** Circuits with inputs, by what they are about. */
export const GROUPS = {
  tables: () =>
    cases((b, given, out) => {
      for (const t of TABLES) {
        const [lo, hi] = [Number(t.domain.lo), Number(t.domain.hi)];
        const key = given(whole(lo, hi), interval(lo - 1, hi + 2));
        for (const y of b.lookup(t, key, `lookup ${t.name}`)) out(y);
      }
    }),
  'hints and ranges': () =>
    cases((b, given, out) => {
      const x = given(whole(-20, 20), interval(-100, 100));
      const like = (r: Interval): { shape: Shape; range: Interval } => ({ shape: x.shape, range: r });
      const d = given(any([41], interval(1, 9)), interval(1, 9));
      const hints = [
        b.hint({ kind: 'divmod', by: 7n }, [x], [like(interval(-20, 20)), like(interval(0, 6))], 'divmod'),
        b.hint({ kind: 'divide' }, [x, d], [like(interval(-100, 100)), like(interval(0, 8))], 'divide'),
        b.hint(
          { kind: 'digits', bits: 3, n: 3 },
          [x],
          [0, 1, 2].map((k) => like(k < 2 ? interval(0, 7) : interval(-4, 3))),
          'digits',
        ),
        b.hint({ kind: 'isNegative' }, [x], [like(interval(0, 1))], 'sign'),
      ];
      for (const outs of hints) for (const y of outs) out(y);
      const y = given(whole(0, 40), interval(0, 1000));
      out(b.hint({ kind: 'isqrt' }, [y], [{ shape: y.shape, range: interval(0, 40) }], 'root')[0]!);
      const i = given(tensor([2, 2], [0, 3, 1, 2]), interval(0, 3));
      out(b.hint({ kind: 'oneHot', n: 4 }, [i], [{ shape: [2, 2, 4], range: interval(0, 1) }], 'hot')[0]!);
      const rows = given(tensor([3, 4], [5, -2, 5, 1, 0, 0, 0, 0, -9, -8, -9, -8]), interval(-10, 10));
      for (const last of [false, true])
        out(b.hint({ kind: 'argmax', last }, [rows], [{ shape: [3, 4], range: interval(0, 1) }], 'best')[0]!);
      out(b.hint({ kind: 'topk', k: 3 }, [rows], [{ shape: [3, 3, 4], range: interval(0, 1) }], 'top')[0]!);
      out(
        b.hint(
          { kind: 'topk', k: 1 },
          [given(tensor([1], [3]), interval(0, 3))],
          [{ shape: [1, 1], range: interval(1, 1) }],
          'one',
        )[0]!,
      );
      for (const r of [interval(-20, 20), interval(-20, 43), interval(-50, 21), interval(-21, 20)])
        out(b.range(x, r, 'range'));
      const shifted = b.affine([[x, 3n]], 5n);
      out(b.range(shifted, interval(-55, 65), 'linear'));
      b.assertZero(
        b.affine(
          [
            [shifted, 1n],
            [x, -3n],
          ],
          -5n,
        ),
        'zero',
      );
    }),
  'linear and bilinear': () =>
    cases((b, given, out) => {
      const r = interval(-9, 9);
      const x = given(any([2, 3, 4], r), r);
      const y = given(any([2, 3, 4], r), r);
      const s = given(any([], r), r);
      out(
        b.affine(
          [
            [x, 2n],
            [y, -3n],
            [x, 1n],
          ],
          -7n,
        ),
      );
      out(b.affine([[s, -1n]]));
      out(b.sum(x, [0]));
      out(b.sum(x, [2, 0]));
      out(b.sum(x, [0, 1, 2]));
      out(b.sum(b.view(x, { kind: 'broadcast', axis: 1, size: 9 }), [0, 1, 3]));
      out(b.concat([x, b.view(y, { kind: 'pad', axis: 1, before: 1, after: 0 }), x], 1));
      out(b.contract({ a: 'abc', b: 'abc', out: 'abc' }, x, y));
      out(b.contract({ a: 'abc', b: 'adc', out: 'bd' }, x, y));
      out(b.contract({ a: 'abc', b: 'abc', out: '' }, x, x));
      out(b.contract({ a: 'abc', b: '', out: 'cab' }, x, s));
      const big = b.constant(any([3, 5], interval(-1000, 1000)));
      out(b.contract({ a: 'abc', b: 'bd', out: 'adc' }, x, big));
      const dense = b.contract({ a: 'abc', b: 'bd', out: 'acd' }, x, big);
      // Read often: kept as a signal instead of being repeated.
      out(b.contract({ a: 'acd', b: 'acd', out: 'ad' }, dense, dense));
      const longRow = given(any([50], r), r);
      out(b.contract({ a: 'a', b: 'ba', out: 'b' }, longRow, b.constant(any([3, 50], r))));
      out(b.contract({ a: 'a', b: 'a', out: '' }, longRow, longRow));
      // Constants that are computed from constants.
      const c = b.constant(tensor([2, 2], [1, 2, 3, 4]));
      const fixed = b.affine(
        [
          [b.sum(b.contract({ a: 'ab', b: 'bc', out: 'ac' }, c, c), [0]), 2n],
          [b.sum(c, [1]), 1n],
        ],
        3n,
      );
      out(
        b.affine([
          [fixed, 1n],
          [b.view(s, { kind: 'broadcast', axis: 0, size: 2 }), 1n],
        ]),
      );
      out(b.view(fixed, { kind: 'pad', axis: 0, before: 1, after: 1 }));
      out(x);
      out(x);
      out(b.deduce(b.affine([[s, 1n]], 1n), interval(-8, 10), 'mean'));
    }),
  views: () =>
    cases((b, given, out) => {
      const r = interval(-99, 99);
      const x = given(any([4, 6], r), r);
      const c = b.constant(any([4, 6], r));
      const steps = [
        [{ kind: 'reshape', shape: [2, 2, 3, 2] }],
        [{ kind: 'reshape', shape: [3, 8] }],
        [
          { kind: 'reshape', shape: [1, 24, 1] },
          { kind: 'transpose', perm: [2, 1, 0] },
        ],
        [
          { kind: 'transpose', perm: [1, 0] },
          { kind: 'reshape', shape: [24] },
        ],
        [
          { kind: 'transpose', perm: [1, 0] },
          { kind: 'reshape', shape: [2, 3, 4] },
          { kind: 'transpose', perm: [1, 2, 0] },
        ],
        [
          { kind: 'slice', axis: 1, start: 5, step: -2, size: 3 },
          { kind: 'reshape', shape: [12] },
        ],
        [
          { kind: 'pad', axis: 0, before: 1, after: 2 },
          { kind: 'reshape', shape: [42] },
        ],
        [
          { kind: 'pad', axis: 1, before: 0, after: 1 },
          { kind: 'pad', axis: 1, before: 2, after: 0 },
        ],
        [
          { kind: 'dilate', axis: 0, by: 3 },
          { kind: 'pad', axis: 0, before: 1, after: 0 },
        ],
        [
          { kind: 'dilate', axis: 1, by: 2 },
          { kind: 'slice', axis: 1, start: 0, step: 2, size: 6 },
        ],
        [
          { kind: 'window', axis: 1, size: 3, stride: 2, dilation: 1 },
          { kind: 'window', axis: 0, size: 2, stride: 1, dilation: 2 },
        ],
        [
          { kind: 'pad', axis: 1, before: 1, after: 1 },
          { kind: 'window', axis: 1, size: 3, stride: 1, dilation: 2 },
          { kind: 'transpose', perm: [0, 2, 1] },
        ],
        [
          { kind: 'broadcast', axis: 2, size: 2 },
          { kind: 'reshape', shape: [4, 12] },
        ],
        [{ kind: 'gather', axis: 0, index: Int32Array.of(3, -1, 0, 0) }],
        [{ kind: 'gather', axis: 1, index: Int32Array.of(1, 3, 5) }],
        [
          { kind: 'gather', axis: 1, index: Int32Array.of(5, 0, 2) },
          { kind: 'pad', axis: 1, before: 1, after: 0 },
        ],
        [
          { kind: 'gather', axis: 1, index: Int32Array.of(2, -1) },
          { kind: 'pad', axis: 1, before: 1, after: 0 },
        ],
        [
          { kind: 'reshape', shape: [24] },
          { kind: 'slice', axis: 0, start: 3, step: 4, size: 5 },
        ],
      ] as const;
      for (const list of steps) {
        const [seen, fixed] = [b.view(x, ...list), b.view(c, ...list)];
        out(seen);
        // In the middle of expressions, with a constant seen the same way.
        out(
          b.affine(
            [
              [seen, 2n],
              [fixed, 1n],
            ],
            1n,
          ),
        );
        const axes = 'abcd'.slice(0, seen.shape.length);
        out(b.contract({ a: axes, b: axes, out: axes.slice(1) }, seen, fixed));
        out(b.contract({ a: axes, b: axes, out: axes.slice(0, 1) }, seen, seen));
      }
    }),
};
