// Hostile model files as such: what is opened, how much of it is read, and that a model cannot make anything else be opened.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readModelFile } from '../../compiler/frontend/onnx/read-model.ts';
import { onnxModel } from '../kits/onnx-builder.ts';
import { peakMemory, refused } from './refused.ts';

const parent = mkdtempSync(join(tmpdir(), 'zkmlc-model-file-'));
const folder = join(parent, 'model');
mkdirSync(folder);
afterAll(() => rmSync(parent, { recursive: true }));

describe('the model file itself', () => {
  test.each<[string, () => string, string]>([
    ['a missing file', () => join(folder, 'missing.onnx'), 'file-not-found'],
    ['a folder', () => folder, 'unsafe-file'],
    ['a device', () => '/dev/zero', 'unsafe-file'],
    ['a path that is too long', () => join(folder, 'x'.repeat(5000)), 'unreadable-file'],
    ['a path with NUL', () => `${folder}/a\0b`, 'unreadable-file'],
  ])('%s', (_, path, code) => {
    expect(refused(() => readModelFile(path()), code).where.file).toBe(path());
  });

  test('larger than allowed: refused before it is read', () => {
    const path = join(folder, 'large.onnx');
    writeFileSync(path, onnxModel({}));
    truncateSync(path, 5e9);
    const before = peakMemory();
    refused(() => readModelFile(path), 'file-too-large');
    truncateSync(path, 3e9);
    writeFileSync(path, new Uint8Array(8), { flag: 'r+' });
    refused(() => readModelFile(path), 'not-onnx');
    expect(peakMemory() - before).toBeLessThan(2 ** 28);
  });
});

test('the system calls confirm it: nothing outside the folder is opened', () => {
  const locations = ['weights.bin', '../secret.bin', `${parent}/secret.bin`, 'a/../../secret.bin', '/etc/hostname'];
  writeFileSync(join(parent, 'secret.bin'), new Uint8Array(16));
  writeFileSync(join(folder, 'weights.bin'), new Uint8Array(16));
  const path = join(folder, 'traced.onnx');
  const initializers = locations.map((location, i) => ({
    name: `w${i}`,
    dims: [4],
    data: [],
    external: [['location', location]] as const,
  }));
  writeFileSync(path, onnxModel({ initializers }));
  const script = `
    const { readModelFile } = await import('./compiler/frontend/onnx/read-model.ts');
    const { readTensor } = await import('./compiler/frontend/onnx/tensor.ts');
    const { model, files } = readModelFile(process.argv[1]);
    const read = (t) => { try { readTensor(t, files); return 'read'; } catch (error) { return error.code; } };
    console.log(model.graph.initializers.map(read).join(' '));`;
  const trace = join(parent, 'trace.txt');
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script, path];
  const run = spawnSync('strace', ['-f', '-e', 'trace=open,openat,openat2', '-o', trace, ...node], {
    encoding: 'utf8',
  });
  if (run.error !== undefined || run.stderr.includes('ptrace')) return console.warn('skipped: strace cannot run here');
  expect(run.stdout.trim()).toBe('read bad-location bad-location bad-location bad-location');
  const opened = readFileSync(trace, 'utf8');
  expect(opened).toContain('weights.bin');
  expect(opened).not.toMatch(/secret\.bin|etc\/hostname/);
});
