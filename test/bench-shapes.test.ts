// The benchmark's models: the same bytes on every machine, values of a sensible size, classes that survive quantization.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { median } from '../bench/native/measurement.ts';
import { showTable } from '../bench/native/report.ts';
import { INPUT_RANGE, noiseInput, SHAPES } from '../bench/shapes/index.ts';
import { NOISE_BOUND, normalNoise, uniformSource } from '../bench/shapes/noise.ts';
import { importModel } from '../compiler/frontend/import.ts';
import { decodeModel } from '../compiler/frontend/onnx/decode.ts';
import { argmax, createCompiler, evaluateBoth, quantizeModel } from '../compiler/index.ts';

const { ops } = createCompiler().registries;

test('noise is nearly normal, bounded, and another for every seed', () => {
  const x = normalNoise(uniformSource(3), 20_000, 2);
  const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
  const deviation = Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length);
  expect(Math.abs(mean)).toBeLessThan(0.05);
  expect(Math.abs(deviation - 2)).toBeLessThan(0.05);
  expect(Math.max(...x.map(Math.abs))).toBeLessThanOrEqual(2 * NOISE_BOUND);
  expect(normalNoise(uniformSource(4), 4, 1)).not.toEqual(normalNoise(uniformSource(5), 4, 1));
});

test.each(SHAPES.slice(0, 2).map((s) => [s.name, s] as const))('%s: values neither vanish nor explode', (_, shape) => {
  const { bytes, parameters } = shape.build();
  expect(Buffer.from(bytes).equals(shape.build().bytes)).toBe(true);
  expect(parameters).toBeGreaterThan(0);
  const { module } = importModel(decodeModel(bytes, {}), { ops, dims: new Map() });
  const sample = (seed: number) => new Map([[shape.input.name, noiseInput(shape.input.shape, seed)]]);
  const calibration = { samples: [100, 101, 102, 103].map(sample), ranges: new Map([[shape.input.name, INPUT_RANGE]]) };
  const models = quantizeModel(module, ops, calibration, { bits: 8 });
  for (let seed = 0; seed < 4; seed++) {
    const [output] = evaluateBoth(models, ops, sample(seed)).outputs;
    const { float, quantized } = output!;
    const size = Math.sqrt(Float64Array.from(float.data).reduce((sum, x) => sum + x * x, 0) / float.data.length);
    expect(size).toBeGreaterThan(0.3);
    expect(size).toBeLessThan(10);
    expect(argmax(quantized.data)).toBe(argmax(float.data));
  }
});

test('the bytes of LeNet-5 are those of every machine', () => {
  const digest = createHash('sha256').update(SHAPES[0]!.build().bytes).digest('hex');
  expect(digest).toMatchInlineSnapshot(`"5bb6d1b0f01b448247f173a88dc7aed2ddd393cd425bb5b9137f81d14937f1f7"`);
});

test('results are medians, with the goal beside what misses it, and reasons of failures', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  const run = (prove: number) => ({
    witness: 0.001,
    prove,
    verify: 0.02,
    processor: 0.1,
    proofBytes: 1000,
    phases: [],
  });
  const table = showTable([
    {
      name: 'a',
      title: 'A',
      goal: { prove: 0.05, verify: 0.03, proof: 2000, memory: 1e9 },
      compile: { compile: 1, registration: 2, keyBytes: 3000, weightBytes: 4000, memory: 0 },
      prove: { load: 0.1, runs: [run(0.06), run(0.07), run(9)], securityBits: 100.26, memory: 2e8 },
    },
    { name: 'b', title: 'B', failure: 'field-overflow | at\nnode x' },
  ]).split('\n');
  expect(table[2]).toBe(
    '| A | 1.00 s | 2.00 s | 3 KB | 4 KB | 100 ms | 1.0 ms | **70 ms** (goal 50 ms) | 20 ms | 1 KB | 200 MB | 100.3 bits |',
  );
  expect(table[3]).toMatch(/^\| B \| field-overflow \/ at node x \|( {2}\|)+$/);
});
