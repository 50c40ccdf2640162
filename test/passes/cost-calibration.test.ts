// Coefficients of the plonk cost model: how they are fitted, what is kept of them, and what the synthetic models consist of.
import { describe, expect, test } from 'vitest';
import { NO_STATS } from '../../compiler/ir/cost-model.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { intType } from '../../compiler/ir/types.ts';
import { calibrationCounts, calibrationModels } from '../../compiler/passes/cost/calibration-circuits.ts';
import { type Calibration, decodeCalibration, encodeCalibration } from '../../compiler/passes/cost/calibration-file.ts';
import { fitCoefficients } from '../../compiler/passes/cost/fit.ts';
import { measureBoundary } from '../../compiler/passes/cost/measure.ts';
import {
  PLONK_COEFFICIENTS,
  PLONK_FIGURES,
  type PlonkCounts,
  PORT_ROWS,
  plonk,
  plonkCounts,
  plonkProofBytes,
  portCounts,
  predict,
} from '../../compiler/passes/cost/plonk.ts';
import { columnCounts } from '../../runtime/provers/plonk/parameters.ts';
import { standardRegistry as ops } from '../../stdlib/index.ts';
import { createRandom } from '../kits/random.ts';

const NONE = plonkCounts(NO_STATS);

/** Figures of proofs that tell all coefficients apart. */
function manyCounts(seed: number): readonly PlonkCounts[] {
  const random = createRandom(seed);
  const most: PlonkCounts = {
    cells: 1e6,
    weightCells: 4e6,
    lookups: 1e6,
    tableRows: 2e5,
    macs: 1e9,
    rounds: 500,
    portCells: 1e6,
    ports: 20,
  };
  return Array.from({ length: 40 }, () => {
    const shares = new Map(PLONK_FIGURES.map((key) => [key, random.below(1001) / 1000] as const));
    return { ...NONE, ...Object.fromEntries([...shares].map(([key, x]) => [key, Math.round(most[key] * x ** 3)])) };
  });
}

describe('fit', () => {
  test('exact measurements give back the coefficients they were made with', () => {
    const known = PLONK_COEFFICIENTS.seconds;
    const slow = { ...known, fixed: 3 * known.fixed };
    for (const [i, key] of PLONK_FIGURES.entries()) slow[key] = known[key]! * [0.4, 2.5, 1, 3][i % 4]!;
    const observations = manyCounts(1).map((counts) => ({ counts, measured: slow.fixed + predict(slow, counts) }));
    const { predicted } = fitCoefficients(observations, known);
    for (const [i, { measured }] of observations.entries())
      expect(Math.abs(predicted[i]! / measured - 1)).toBeLessThan(0.03);
  });

  test('a machine that is twice as slow in everything has twice the coefficients, whatever was measured', () => {
    const known = PLONK_COEFFICIENTS.seconds;
    const counts = manyCounts(2).slice(0, 2);
    const observations = counts.map((c) => ({ counts: c, measured: 2 * (known.fixed + predict(known, c)) }));
    const { coefficients } = fitCoefficients(observations, known);
    for (const key of ['fixed', ...PLONK_FIGURES] as const)
      expect(coefficients[key]! / known[key]!, key).toBeCloseTo(2, 6);
  });

  test('nothing is negative, although measurements would have it so', () => {
    const counts = { ...NONE, cells: 1e6 };
    const observations = [
      { counts: NONE, measured: 1 },
      { counts, measured: 0.2 },
      { counts: { ...counts, cells: 2e6 }, measured: 0.1 },
    ];
    const { coefficients } = fitCoefficients(observations, PLONK_COEFFICIENTS.seconds);
    for (const value of Object.values(coefficients)) expect(value).toBeGreaterThanOrEqual(0);
    expect(coefficients.cells).toBe(0);
  });

  test('figures that are no measurement are refused', () => {
    for (const measured of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => fitCoefficients([{ counts: NONE, measured }], PLONK_COEFFICIENTS.bytes)).toThrow(RangeError);
    expect(() => fitCoefficients([], PLONK_COEFFICIENTS.bytes)).toThrow(RangeError);
  });
});

describe('boundary tensors', () => {
  test('columns and salt are counted as the prover commits them', () => {
    for (const cells of [1, PORT_ROWS, PORT_ROWS + 1, 1e6]) {
      const size = { adviceCells: 1, weightCells: 0, portCells: [cells] };
      const sizes = {
        ...size,
        trees: [],
        sumchecks: [],
        pointCoordinates: 0,
        constraints: 0,
        claims: 0,
        cellTerms: 0,
        depth: 0,
      };
      const code = { logMessage: Math.log2(PORT_ROWS), logCode: 16 };
      expect(portCounts([cells])).toEqual({ ports: 1, portCells: columnCounts(sizes, code)[1]! * PORT_ROWS });
    }
  });

  test('reading proves the interval, writing only commits; both cost more for larger tensors', () => {
    const cost = (size: number, side: 'reads' | 'writes') =>
      plonk.boundary(measureBoundary(intType([size], 0, 255), side, plonk.target), side);
    expect(measureBoundary(intType([100], 0, 255), 'writes', plonk.target)).toEqual({
      ...NO_STATS,
      boundaryCells: 100,
    });
    expect(measureBoundary(intType([100], 0, 255), 'reads', plonk.target).lookups).toBeGreaterThanOrEqual(100);
    for (const key of ['seconds', 'bytes'] as const) {
      expect(cost(1000, 'reads')[key]).toBeGreaterThan(cost(1000, 'writes')[key]);
      expect(cost(1, 'writes')[key]).toBeGreaterThan(0);
      for (const side of ['reads', 'writes'] as const)
        expect(cost(10 * PORT_ROWS, side)[key]).toBeGreaterThan(cost(PORT_ROWS, side)[key]);
    }
    expect(plonkProofBytes(NO_STATS, [100, 100])).toBeGreaterThan(plonkProofBytes(NO_STATS, [100]) + 1e4);
  });
});

test('synthetic models differ in what they are made of, and every figure of the model occurs', () => {
  const all = calibrationModels.map((m) => calibrationCounts(m.build(ops), 2 ** 12));
  expect(new Set(calibrationModels.map((m) => m.name)).size).toBe(calibrationModels.length);
  for (const key of PLONK_FIGURES) expect(Math.max(...all.map((c) => c[key])), key).toBeGreaterThan(0);
  // Wide tables are there, whole: their readers were not dropped.
  expect(Math.max(...all.map((c) => c.tableRows))).toBeGreaterThan(3 * 2 ** 16);
  // More models than unknowns.
  expect(all.length).toBeGreaterThan(PLONK_FIGURES.length + 1);
  for (const { cells, weightCells } of all) expect(cells + weightCells).toBeLessThan(2 ** 23);
});

describe('the file', () => {
  const calibration: Calibration = {
    measured: '2030-12-31',
    machine: { processor: 'Some "Processor" @ 3 GHz', cores: 8, zkmlc: '0.1.0' },
    coefficients: { seconds: PLONK_COEFFICIENTS.seconds, bytes: PLONK_COEFFICIENTS.bytes },
  };
  const text = encodeCalibration(calibration);

  test('what is written is read', () => {
    expect(decodeCalibration(text)).toEqual(calibration);
    expect(encodeCalibration(decodeCalibration(text))).toBe(text);
  });

  const changed = (change: (json: ReturnType<typeof JSON.parse>) => void): string => {
    const json = JSON.parse(text);
    change(json);
    return JSON.stringify(json);
  };
  test.each<[string, string, string]>([
    ['nothing', '', ''],
    ['a part', text.slice(0, 200), ''],
    ['a list', '[]', ''],
    ['too much', `${text}${' '.repeat(2 ** 14)}`, ''],
    ['another format', changed((j) => (j.format = 'zkmlc/verifier')), 'format'],
    ['another version', changed((j) => (j.version = 2)), 'version'],
    ['no date', changed((j) => (j.measured = '\u001b[31mtoday')), 'measured'],
    ['a field too many', changed((j) => (j.more = 1)), ''],
    ['a machine without cores', changed((j) => delete j.machine.cores), 'machine'],
    ['half a core', changed((j) => (j.machine.cores = 1.5)), 'machine.cores'],
    ['no core', changed((j) => (j.machine.cores = 0)), 'machine.cores'],
    ['a processor of a megabyte', changed((j) => (j.machine.processor = 'x'.repeat(201))), 'machine.processor'],
    ['a negative coefficient', changed((j) => (j.seconds.cells = -1e-9)), 'seconds.cells'],
    ['one beyond any machine', changed((j) => (j.bytes.cells = 1e300)), 'bytes.cells'],
    ['one beyond all numbers', text.replace(/"cells": [^,]*/, '"cells": 1e999'), 'seconds.cells'],
    ['one that is no number', changed((j) => (j.seconds.fixed = '1')), 'seconds.fixed'],
    ['none for the fixed part', changed((j) => delete j.bytes.fixed), 'bytes'],
    ['one for nothing known', changed((j) => (j.bytes.__proto__x = 1)), 'bytes'],
    ['coefficients as a list', changed((j) => (j.bytes = [1])), 'bytes'],
  ])('%s is refused', (_, damaged, field) => {
    const refused = (): Diagnostic => {
      try {
        decodeCalibration(damaged);
      } catch (e) {
        if (e instanceof Diagnostic) return e;
      }
      throw new Error('accepted');
    };
    expect(refused()).toMatchObject({ code: 'bad-calibration', ...(field !== '' && { where: { field } }) });
    expect(refused().message).toContain('run zkmlc calibrate-cost again');
  });
});
