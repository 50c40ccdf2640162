// Convolution and pooling against loops written from ONNX's formulas, on random geometries.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type Shape, sizeOf, stridesOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { floatType, intType } from '../../compiler/ir/types.ts';
import { weights } from '../../stdlib/shared/samples.ts';
import { evaluate } from './one-operation.ts';

interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

const axisArbitrary: fc.Arbitrary<Axis> = fc.record({
  size: fc.integer({ min: 1, max: 6 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  before: fc.integer({ min: 0, max: 2 }),
  after: fc.integer({ min: 0, max: 2 }),
});

const geometry = fc.array(axisArbitrary, { minLength: 1, maxLength: 2 });

function attributes(axes: readonly Axis[]) {
  return {
    strides: axes.map((a) => a.stride),
    dilations: axes.map((a) => a.dilation),
    pads: [...axes.map((a) => a.before), ...axes.map((a) => a.after)],
  };
}

const room = (a: Axis): number => a.size + a.before + a.after - (a.kernel - 1) * a.dilation - 1;

/** Positions along an axis: ONNX's formula, and no window that begins in the padding at the end. */
function positions(a: Axis, ceil: boolean): number {
  const n = (ceil ? Math.ceil(room(a) / a.stride) : Math.floor(room(a) / a.stride)) + 1;
  return ceil && (n - 1) * a.stride >= a.size + a.before ? n - 1 : n;
}

function* indices(shape: Shape): Generator<readonly number[]> {
  const strides = stridesOf(shape);
  for (let i = 0; i < sizeOf(shape); i++) yield shape.map((d, k) => Math.floor(i / strides[k]!) % d);
}

const at = (t: Tensor, index: readonly number[]): number => {
  const strides = stridesOf(t.shape);
  return t.data[index.reduce((sum, i, k) => sum + i * strides[k]!, 0)]!;
};

/** For a window position: each cell as offsets, its place on the operand, and whether it lies on it or on stated padding. */
function* cells(axes: readonly Axis[], position: readonly number[]) {
  for (const offset of indices(axes.map((a) => a.kernel))) {
    const place = axes.map((a, i) => position[i]! * a.stride + offset[i]! * a.dilation - a.before);
    const inside = place.every((p, i) => p >= 0 && p < axes[i]!.size);
    const stated = place.every((p, i) => p < axes[i]!.size + axes[i]!.after);
    yield { offset, place, inside, stated };
  }
}

function expectEqual(got: Tensor, shape: Shape, expected: readonly number[]): void {
  expect(got.shape).toEqual(shape);
  expect(Array.from(got.data)).toEqual(expected);
}

/** The refusal's code, or the result. */
function attempt(run: () => Tensor): Tensor | string {
  try {
    return run();
  } catch (e) {
    if (e instanceof Diagnostic) return e.code;
    throw e;
  }
}

test('conv: strides, padding, dilation and groups', () => {
  fc.assert(
    fc.property(
      geometry,
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 2 }),
      fc.integer({ min: 1, max: 2 }),
      fc.integer({ min: 1, max: 1000 }),
      (axes, group, perGroup, filtersPerGroup, seed) => {
        const shapeX = [2, group * perGroup, ...axes.map((a) => a.size)];
        const shapeW = [group * filtersPerGroup, perGroup, ...axes.map((a) => a.kernel)];
        const [x, w] = [weights(shapeX, -9, 9, seed), weights(shapeW, -9, 9, seed + 1)];
        const attrs = { ...attributes(axes), group };
        const run = (kind: 'int' | 'float') => {
          const type = (s: Shape) => (kind === 'int' ? intType(s, -9, 9) : floatType(s));
          return attempt(() => evaluate('conv', [type(shapeX), type(shapeW)], [x, w], attrs));
        };
        const got = run('int');
        if (axes.some((a) => room(a) < 0)) {
          expect(got).toBe('bad-shape');
          return;
        }
        if (typeof got === 'string') throw new Error(got);
        const shape = [2, shapeW[0]!, ...axes.map((a) => positions(a, false))];
        const expected = Array.from(indices(shape), ([n, m, ...position]) => {
          let sum = 0;
          for (let c = 0; c < perGroup; c++)
            for (const { offset, place, inside } of cells(axes, position))
              if (inside) {
                const channel = Math.floor(m! / filtersPerGroup) * perGroup + c;
                sum += at(x, [n!, channel, ...place]) * at(w, [m!, c, ...offset]);
              }
          return sum;
        });
        expectEqual(got, shape, expected);
        expect(run('float')).toEqual(got);
      },
    ),
    { numRuns: 300 },
  );
});

describe.each([false, true])('rounding positions up: %s', (ceil) => {
  test('max_pool: padding never wins', () => {
    fc.assert(
      fc.property(geometry, fc.integer({ min: 1, max: 1000 }), (axes, seed) => {
        const shapeX = [1, 2, ...axes.map((a) => a.size)];
        const x = weights(shapeX, -20, -3, seed);
        const attrs = { ...attributes(axes), kernel: axes.map((a) => a.kernel), ceil };
        const got = attempt(() => evaluate('max_pool', [intType(shapeX, -20, -3)], [x], attrs));
        if (axes.some((a) => room(a) < 0)) {
          expect(got).toBe('bad-shape');
          return;
        }
        const shape = [1, 2, ...axes.map((a) => positions(a, ceil))];
        const expected = Array.from(indices(shape), ([n, c, ...position]) => {
          const inside = [...cells(axes, position)].filter((cell) => cell.inside);
          return Math.max(...inside.map(({ place }) => at(x, [n!, c!, ...place])));
        });
        if (expected.includes(Number.NEGATIVE_INFINITY)) {
          expect(got).toBe('empty-window');
          return;
        }
        if (typeof got === 'string') throw new Error(got);
        expectEqual(got, shape, expected);
      }),
      { numRuns: 300 },
    );
  });

  test.each([false, true])('average_pool, padding counts: %s', (include) => {
    fc.assert(
      fc.property(geometry, fc.integer({ min: 1, max: 1000 }), (axes, seed) => {
        const shapeX = [1, 2, ...axes.map((a) => a.size)];
        const x = weights(shapeX, -20, 30, seed);
        const attrs = { ...attributes(axes), kernel: axes.map((a) => a.kernel), ceil, include_pad: include };
        const got = attempt(() => evaluate('average_pool', [floatType(shapeX)], [x], attrs));
        if (axes.some((a) => room(a) < 0)) {
          expect(got).toBe('bad-shape');
          return;
        }
        const shape = [1, 2, ...axes.map((a) => positions(a, ceil))];
        const windows = Array.from(indices(shape), ([n, c, ...position]) => {
          const all = [...cells(axes, position)];
          const sum = all.reduce((s, { place, inside }) => s + (inside ? at(x, [n!, c!, ...place]) : 0), 0);
          return { sum, count: all.filter((cell) => (include ? cell.stated : cell.inside)).length };
        });
        if (windows.some((w) => w.count === 0)) {
          expect(got).toBe('empty-window');
          return;
        }
        if (typeof got === 'string') throw new Error(got);
        const means = windows.map((w) => w.sum / w.count);
        expect(got.shape).toEqual(shape);
        means.forEach((mean, i) => {
          expect(got.data[i]).toBeCloseTo(mean, 9);
        });
        // Integers: the sum where all windows count equally many cells, else rounded half up.
        const exact = evaluate('average_pool', [intType(shapeX, -20, 30)], [x], attrs);
        const uniform = windows.every((w) => w.count === windows[0]!.count);
        expectEqual(
          exact,
          shape,
          windows.map((w) => (uniform ? w.sum : Math.floor(w.sum / w.count + 0.5))),
        );
      }),
      { numRuns: 200 },
    );
  });
});
