// calibrate-cost as users have it: what it prints and stores, that slicing uses it on this machine only, and interruption.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorkplace, type Json, leftovers, MODELS } from './command.ts';

const w = createWorkplace('calibrate');
afterAll(() => w.remove());

const cache = w.path('..', 'cache');
const file = join(cache, 'cost-plonk.json');
const model = join(MODELS, 'digits-mlp');
const inspected = (): Promise<Json> =>
  w.json(['inspect', join(model, 'model.onnx'), '--calibrate', join(model, 'calibration.npz'), '--slice', '2']);

let defaults: Json;
let measured: Json;
beforeAll(async () => {
  defaults = await inspected();
  measured = await w.json(['calibrate-cost', '--runs', '1']);
});

test('without a measurement the defaults count, and reports say so', async () => {
  expect(defaults.coefficients).toEqual({ kind: 'defaults' });
  expect(defaults.report).toMatchObject({ costModel: 'plonk', unit: 'seconds' });
});

test('it reports what was measured and what the fit makes of it, and stores the coefficients', () => {
  expect(measured.path).toBe(file);
  expect(measured.samples.length).toBeGreaterThan(9);
  for (const { figures, predicted } of measured.samples) {
    expect(figures.seconds).toBeGreaterThan(0);
    // Memory hardly depends on what else the machine does.
    expect(Math.abs(predicted.bytes / figures.bytes - 1)).toBeLessThan(0.5);
    expect(figures.proofBytes).toBeGreaterThan(1000);
  }
  const { seconds, bytes } = JSON.parse(readFileSync(file, 'utf8'));
  expect({ seconds, bytes }).toEqual(measured.coefficients);
  for (const value of [...Object.values(seconds), ...Object.values(bytes)]) expect(value).toBeGreaterThanOrEqual(0);
  // Nothing half-written beside it.
  expect(readdirSync(cache)).toEqual(['cost-plonk.json']);
});

test('slicing uses them from then on', async () => {
  const { coefficients, report } = await inspected();
  expect(coefficients).toEqual({ kind: 'measured', measured: measured.measured });
  expect(report.unsliced).not.toBe(defaults.report.unsliced);
  const { stdout } = await w.run([
    'inspect',
    ...[join(model, 'model.onnx'), '--calibrate', join(model, 'calibration.npz'), '--slice', '2'],
  ]);
  expect(stdout).toMatch(/^coefficients: measured on \d{4}-\d{2}-\d{2}$/m);
  const rows = ['inspect', join(model, 'model.onnx'), '--calibrate', join(model, 'calibration.npz')];
  expect(await w.json([...rows, '--slice', '2', '--cost-model', 'rows'])).not.toHaveProperty('coefficients');
});

describe('what does not count gives the defaults, with the reason', () => {
  const replaced = async (text: string): Promise<Json> => {
    const kept = readFileSync(file);
    writeFileSync(file, text);
    try {
      return await inspected();
    } finally {
      writeFileSync(file, kept);
    }
  };
  const on = (machine: object): string => {
    const json = JSON.parse(readFileSync(file, 'utf8'));
    return JSON.stringify({ ...json, machine: { ...json.machine, ...machine } });
  };

  test.each<[string, () => string, RegExp]>([
    ['another processor', () => on({ processor: 'abacus' }), /another processor.*run zkmlc calibrate-cost/],
    ['other cores', () => on({ cores: 1000 }), /other cores/],
    ['another zkmlc', () => on({ zkmlc: '0.0.1' }), /another zkmlc/],
    ['a damaged file', () => readFileSync(file, 'utf8').slice(0, 100), /cannot be read.*is not JSON/],
    ['a file of a megabyte', () => ' '.repeat(2 ** 20), /cannot be read.*at most/],
  ])('%s', async (_, text, because) => {
    const { coefficients, report } = await replaced(text());
    expect(coefficients).toMatchObject({ kind: 'defaults' });
    expect(coefficients.because).toMatch(because);
    expect(report.unsliced).toBe(defaults.report.unsliced);
  });
});

test('a number of runs that makes no sense is refused', async () => {
  for (const runs of ['0', '101', 'many']) expect((await w.run(['calibrate-cost', '--runs', runs])).code).toBe(2);
});

test('a cache that cannot be written is an error that says so', async () => {
  writeFileSync(w.path('no-folder'), '');
  // Found out before anything is measured.
  const { code, stderr } = await w.run(['calibrate-cost'], { env: { ZKMLC_CACHE: w.path('no-folder') } });
  expect(code).toBe(1);
  expect(stderr).toContain('file-unwritable');
  rmSync(w.path('no-folder'));
});

test('an interruption leaves nothing behind: no file, no folder, no process that goes on', async () => {
  const before = leftovers(w);
  const stopped = w.path('stopped-cache');
  const { code, stdout, stderr } = await w.run(['calibrate-cost'], {
    env: { ZKMLC_CACHE: stopped },
    onStart: async (kill) => {
      while (!leftovers(w).some((path) => !before.includes(path) && path !== stopped)) await setTimeout(20);
      await setTimeout(1500);
      kill('SIGINT');
    },
  });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^error interrupted: [^\n]*\n$/);
  expect(existsSync(join(stopped, 'cost-plonk.json'))).toBe(false);
  rmSync(stopped, { recursive: true, force: true });
  expect(leftovers(w)).toEqual(before);
});
