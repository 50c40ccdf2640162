// Norms of parameters: bounds hold for every input, and weights beyond the norms are refused.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BN254, type Circuit, KOALABEAR } from '../../compiler/ir/circuit.ts';
import type { Contraction } from '../../compiler/ir/contraction.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { type Interval, interval } from '../../compiler/ir/interval.ts';
import type { RecordedWire } from '../../compiler/ir/recorder.ts';
import { type Shape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { contractWithNorms } from '../../stdlib/gadgets/norms.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';

const LAYERS: readonly { readonly spec: Contraction; readonly x: Shape; readonly w: Shape }[] = [
  { spec: { a: 'mk', b: 'kn', out: 'mn' }, x: [2, 40], w: [40, 3] },
  { spec: { a: 'mk', b: 'kn', out: 'nm' }, x: [1, 33], w: [33, 2] },
  { spec: { a: 'ngcx', b: 'goc', out: 'ngox' }, x: [1, 2, 32, 2], w: [2, 2, 32] },
  // A letter that only x has is summed too: it repeats the weights.
  { spec: { a: 'mkr', b: 'kn', out: 'mn' }, x: [1, 36, 3], w: [36, 2] },
  { spec: { a: 'ncxi', b: 'oci', out: 'nox' }, x: [1, 12, 2, 3], w: [2, 12, 3] },
];
const INTERVALS: readonly Interval[] = [interval(0, 127), interval(-127, 127), interval(-128, 0), interval(3, 90)];
const WEIGHTS = interval(-127, 127);

function circuitOf({ spec, x, w }: (typeof LAYERS)[number], range: Interval, weights: Tensor, target = KOALABEAR) {
  return recordCircuit(target, (b) => {
    const operands = [b.input('x', 'input', 'public', x, range), b.input('w', 'param', 'private', w, WEIGHTS)] as const;
    b.output('y', 'public', contractWithNorms(b, spec, ...operands, [undefined, weights]) as RecordedWire);
  });
}

const layer = fc
  .record({
    layer: fc.constantFrom(...LAYERS),
    range: fc.constantFrom(...INTERVALS),
    largest: fc.integer({ min: 0, max: 60 }),
  })
  .chain(({ layer: l, range, largest }) =>
    fc.record({
      layer: fc.constant(l),
      range: fc.constant(range),
      weights: fc.array(fc.integer({ min: -largest, max: largest }), {
        minLength: sizeOf(l.w),
        maxLength: sizeOf(l.w),
      }),
      // Extremes of the interval, where bounds are reached.
      input: fc.array(fc.boolean(), { minLength: sizeOf(l.x), maxLength: sizeOf(l.x) }),
    }),
  );

it('the interval holds whatever the input, and is narrower than that of any weights', () => {
  fc.assert(
    fc.property(layer, ({ layer: l, range, weights, input }) => {
      const w = { shape: l.w, data: Int32Array.from(weights) };
      const x = { shape: l.x, data: Int32Array.from(input, (high) => Number(high ? range.hi : range.lo)) };
      const circuit = circuitOf(l, range, w);
      // A false interval is an error here.
      runWitness(
        circuit,
        new Map([
          ['x', x],
          ['w', w],
        ]),
        { checkRanges: true },
      );
      expect(circuit.instrs.some((i) => i.op === 'deduce' && i.lemma === 'norm')).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it('the same norms admit other weights, larger ones are refused', () => {
  const l = LAYERS[0]!;
  const weights = Int32Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? 5 : i % 3 === 1 ? -7 : i % 2));
  const circuit = circuitOf(l, interval(0, 127), { shape: l.w, data: weights });
  const x = { shape: l.x, data: new Int32Array(80).fill(127) };
  const run = (data: Int32Array) =>
    runWitness(
      circuit,
      new Map([
        ['x', x],
        ['w', { shape: l.w, data }],
      ]),
    );
  run(weights.toReversed());
  run(new Int32Array(120));
  expect(() => run(weights.with(0, 6))).toThrow(/norms\/positive\.sum/);
  expect(() => run(weights.with(1, -8))).toThrow(/norms\/negative\.sum/);
});

it('nothing is proved for short sums, wide weights or targets without lookups', () => {
  const isProved = (c: Circuit) => c.instrs.some((i) => i.op === 'lookup');
  const l = LAYERS[0]!;
  const light = { shape: l.w, data: new Int32Array(120).fill(1) };
  const heavy = { shape: l.w, data: new Int32Array(120).fill(-127) };
  expect(isProved(circuitOf(l, interval(0, 127), light))).toBe(true);
  expect(isProved(circuitOf(l, interval(-127, 127), heavy))).toBe(false);
  expect(circuitOf(l, interval(0, 127), light, BN254).instrs).toHaveLength(3);
  const short = { spec: l.spec, x: [2, 31], w: [31, 3] };
  expect(isProved(circuitOf(short, interval(0, 127), { shape: [31, 3], data: new Int32Array(93).fill(1) }))).toBe(
    false,
  );
});
