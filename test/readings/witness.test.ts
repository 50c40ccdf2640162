// The witness reading: what it refuses and how it says so, and its agreement with exact arithmetic.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BN254, type Instr, KOALABEAR } from '../../compiler/ir/circuit.ts';
import type { Contraction } from '../../compiler/ir/contraction.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { evaluateHint, type Hint, hintShapes } from '../../compiler/ir/hint.ts';
import { fillHint } from '../../compiler/ir/interpret/hint-values.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { createRecorder, type RecordedWire, type Recorder } from '../../compiler/ir/recorder.ts';
import { clampTable, dataTable } from '../../compiler/ir/table.ts';
import { type Shape, sizeOf, type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import type { View } from '../../compiler/ir/view.ts';
import { requantize, shiftFloor } from '../../stdlib/gadgets/index.ts';
import { checkHonest, recordCircuit } from '../kits/circuit-kit.ts';

function diagnosticOf(body: () => unknown): Diagnostic {
  try {
    body();
  } catch (e) {
    if (e instanceof Diagnostic) return e;
    throw e;
  }
  throw new Error('nothing was thrown');
}

/** A circuit of one input x in [-8, 7] of two elements. */
function circuitOf(build: (b: Recorder, x: RecordedWire) => void, target = KOALABEAR) {
  return recordCircuit(target, (b) => build(b, b.input('x', 'input', 'private', [2], interval(-8, 7))));
}

const given = (...data: readonly number[]): ReadonlyMap<string, Tensor> =>
  new Map([['x', tensor([data.length], data)]]);

describe('what the witness refuses', () => {
  const identity = circuitOf((b, x) => b.output('y', 'public', x));
  it('a missing, unknown or misshapen input', () => {
    expect(diagnosticOf(() => runWitness(identity, new Map())).code).toBe('missing-input');
    expect(diagnosticOf(() => runWitness(identity, given(1, 2, 3))).code).toBe('bad-shape');
    const extra = new Map([...given(1, 2), ['__proto__', tensor([1], [1])] as const]);
    expect(diagnosticOf(() => runWitness(identity, extra))).toMatchObject({
      code: 'unknown-input',
      where: { field: '__proto__' },
    });
  });
  it.each([8, -9, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('an input element of %d, with its index', (v) => {
    const d = diagnosticOf(() => runWitness(identity, given(3, v)));
    expect(d.code).toBe('input-out-of-range');
    expect(d.message).toContain(`input x, element 1: ${v}`);
    expect(d.where.field).toBe('x');
  });
  it('a violated zero test, range, lookup, hint interval and gather, naming the label', () => {
    const violations: ((b: Recorder, x: RecordedWire) => void)[] = [
      (b, x) => b.assertZero(x, 'here'),
      (b, x) => b.range(x, interval(-8, 6), 'here'),
      (b, x) => b.lookup(clampTable(interval(-8, 6), interval(0, 1)), x, 'here'),
      (b, x) =>
        b.lookup(
          dataTable('t', interval(-8, 6), (k) => k),
          x,
          'here',
        ),
      (b, x) => b.hint({ kind: 'isNegative' }, [x], [{ shape: [2], range: interval(1, 1) }], 'here'),
      (b, x) => b.gather(b.constant(tensor([3], [1, 2, 3])), x, 'here'),
    ];
    for (const violation of violations) {
      const c = circuitOf((b, x) => b.scope('node', () => violation(b, x)));
      const d = diagnosticOf(() => runWitness(c, given(0, 7)));
      expect(d.code).toBe('unsatisfied');
      expect(d.message).toContain('node/here');
    }
  });
  it('a false lemma and a false range', () => {
    const c = circuitOf((b, x) => b.output('y', 'public', b.deduce(x, interval(0, 7), 'max')));
    expect(runWitness(c, given(0, 7)).outputs.get('y')!.data[1]).toBe(7);
    expect(diagnosticOf(() => runWitness(c, given(0, -1))).code).toBe('false-lemma');
    // Another value than the one whose range was inferred: x + 1 instead of x.
    const narrow = {
      ...c,
      instrs: c.instrs.map((i): Instr => (i.op === 'deduce' ? { ...i, op: 'affine', in: [i.in], k: [1n], c: 1n } : i)),
    };
    expect(diagnosticOf(() => runWitness(narrow, given(0, 7), { checkRanges: true })).code).toBe('false-range');
  });
});

describe('values', () => {
  it('of freed wires are computed again, and all are kept if asked', () => {
    const c = circuitOf((b, x) => {
      const twice = b.affine([[x, 2n]], 1n);
      const turned = b.view(b.affine([[twice, -1n]], 0n), { kind: 'slice', axis: 0, start: 1, step: -1, size: 2 });
      b.output('y', 'public', shiftFloor(b, b.affine([[turned, 3n]], 0n), 2, 's') as RecordedWire);
    });
    const [sparse, full] = [runWitness(c, given(-8, 5)), runWitness(c, given(-8, 5), { keepAll: true })];
    for (const w of c.wires.keys()) expect([...sparse.value(w).data], `wire ${w}`).toEqual([...full.value(w).data]);
    expect([...sparse.value(1).data]).toEqual([-15, 11]);
  });

  it('beyond 2^53 are exact', () => {
    const c = recordCircuit(BN254, (b) => {
      const x = b.input('x', 'input', 'private', [2], interval(-(2n ** 40n), 2n ** 40n));
      const square = b.contract({ a: 'a', b: 'a', out: 'a' }, x, x);
      const wide = b.affine([[square, 2n ** 30n + 1n]], -1n);
      b.output('low', 'public', shiftFloor(b, wide, 70, 's') as RecordedWire);
    });
    const x = [2 ** 40 - 1, -(2 ** 39) + 12345];
    const witness = runWitness(c, given(...x), { checkRanges: true });
    const wide = x.map((v) => BigInt(v) ** 2n * (2n ** 30n + 1n) - 1n);
    expect(witness.exact(2)).toEqual(wide);
    expect(() => witness.value(2)).toThrow(RangeError);
    expect([...witness.outputs.get('low')!.data].map(BigInt)).toEqual(wide.map((v) => v >> 70n));
  });

  it('hold no negative zero', () => {
    const c = circuitOf((b, x) => {
      const zero = b.affine([[x, -1n]], 0n);
      b.output('a', 'public', zero);
      b.output('b', 'public', b.contract({ a: 'a', b: 'a', out: 'a' }, zero, x));
      b.output('c', 'public', shiftFloor(b, zero, 1, 's') as RecordedWire);
    });
    const { outputs } = runWitness(c, given(-0, 0));
    for (const t of outputs.values()) for (const v of t.data) expect(Object.is(v, 0)).toBe(true);
  });
});

it('hints over numbers are those over bigints', () => {
  const hints: readonly (readonly [Hint, Shape, readonly [number, number], readonly [number, number]])[] = [
    [{ kind: 'divmod', by: 8n }, [4], [-(2 ** 51), 2 ** 51], [1, 1]],
    [{ kind: 'divmod', by: 24301n }, [4], [-(2 ** 51), 2 ** 51], [1, 1]],
    [{ kind: 'divide' }, [4], [-(2 ** 51), 2 ** 51], [0, 2 ** 20]],
    [{ kind: 'digits', bits: 7, n: 3 }, [4], [-(2 ** 30), 2 ** 30], [1, 1]],
    [{ kind: 'isNegative' }, [4], [-3, 3], [1, 1]],
    [{ kind: 'isqrt' }, [4], [-3, 2 ** 51], [1, 1]],
    [{ kind: 'oneHot', n: 3 }, [4], [-1, 3], [1, 1]],
    [{ kind: 'argmax', last: false }, [2, 4], [-2, 2], [1, 1]],
    [{ kind: 'argmax', last: true }, [2, 4], [-2, 2], [1, 1]],
    [{ kind: 'topk', k: 2 }, [2, 4], [-2, 2], [1, 1]],
  ];
  for (const [hint, shape, [lo, hi], [from, to]] of hints) {
    const n = sizeOf(shape);
    const cells = (min: number, max: number): fc.Arbitrary<number[]> =>
      fc
        .array(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(min, max), fc.integer({ min: -5, max: 5 })), {
          minLength: n,
          maxLength: n,
        })
        .map((xs) => xs.map((v) => (v >= min && v <= max ? v : min + (Math.abs(v) % (max - min + 1)))));
    fc.assert(
      fc.property(cells(lo, hi), cells(from, to), (x, d) => {
        const inputs = hint.kind === 'divide' ? [x, d] : [x];
        const shapes = inputs.map(() => shape);
        const exact = evaluateHint(
          hint,
          inputs.map((v) => v.map(BigInt)),
          shapes,
        );
        const outs = hintShapes(hint, shapes).map((s) => new Float64Array(sizeOf(s)));
        fillHint(
          hint,
          inputs.map((v) => Float64Array.from(v)),
          shape.at(-1)!,
          outs,
        );
        expect(outs.map((o) => [...o].map(BigInt))).toEqual(exact);
      }),
      { numRuns: 200 },
    );
  }
});

it('views, contractions, sums and concatenations agree with exact arithmetic', () => {
  const steps: readonly View[] = [
    { kind: 'transpose', perm: [2, 0, 1] },
    { kind: 'reshape', shape: [4, 6] },
    { kind: 'slice', axis: 1, start: 2, step: -1, size: 3 },
    { kind: 'pad', axis: 1, before: 1, after: 2 },
    { kind: 'dilate', axis: 2, by: 3 },
    { kind: 'broadcast', axis: 1, size: 2 },
    { kind: 'window', axis: 2, size: 2, stride: 1, dilation: 2 },
    { kind: 'gather', axis: 0, index: Int32Array.of(1, -1, 0, 1) },
  ];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...steps), { minLength: 0, maxLength: 4 }),
      fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 24, maxLength: 24 }),
      (views, data) => {
        const b = createRecorder(BN254);
        const x = b.input('x', 'input', 'private', [2, 3, 4], interval(-9, 9));
        let v = x;
        for (const step of views) {
          try {
            v = b.view(v, step);
          } catch (e) {
            // A step that does not fit the shape so far: leave it out.
            if (!(e instanceof Diagnostic)) throw e;
          }
        }
        const axes = 'abcdefgh'.slice(0, v.shape.length);
        const spec: Contraction = { a: axes, b: axes, out: axes.slice(1) };
        b.output('view', 'public', v);
        b.output('pairs', 'public', b.contract(spec, v, b.affine([[v, 2n]], 1n)));
        b.output('sum', 'public', b.sum(v, [0]));
        b.output('both', 'public', b.concat([v, b.view(v, { kind: 'slice', axis: 0, start: 0, step: 1, size: 1 })], 0));
        checkHonest(b.finish(), new Map([['x', tensor([2, 3, 4], data)]]), new Map());
      },
    ),
    { numRuns: 150 },
  );
});

it('a gather by private indices reads whole rows', () => {
  const c = recordCircuit(KOALABEAR, (b) => {
    const i = b.input('i', 'input', 'private', [2], interval(0, 2));
    b.output('y', 'public', b.gather(b.constant(tensor([3, 2], [1, 2, 3, 4, 5, 6])), i, 'g'));
  });
  checkHonest(c, new Map([['i', tensor([2], [2, 0])]]), new Map([['y', tensor([2, 2], [5, 6, 1, 2])]]));
});

it('parameters are given by the name of their port', () => {
  const c = recordCircuit(BN254, (b) => {
    const x = b.input('x', 'input', 'private', [2], interval(-8, 7));
    const w = b.input('w', 'param', 'private', [2], interval(-3, 3));
    b.output(
      'y',
      'public',
      requantize(b, [[b.contract({ a: 'a', b: 'a', out: '' }, x, w), 1n]], 1, interval(0, 9), 'q') as RecordedWire,
    );
  });
  expect(diagnosticOf(() => runWitness(c, given(1, 2)))).toMatchObject({
    code: 'missing-input',
    where: { field: 'w' },
  });
  checkHonest(c, new Map([...given(7, 2), ['w', tensor([2], [2, -1])]]), new Map([['y', tensor([], [6])]]));
});
