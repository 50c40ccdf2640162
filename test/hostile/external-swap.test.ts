// Hostile inputs, E2: a path that is changed between the check and the opening, at exactly the wrong moments.
import { linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { openModelFiles } from '../../compiler/frontend/files.ts';
import { refused } from './refused.ts';

const swaps = vi.hoisted(() => ({ beforeOpen: () => {}, afterOpen: () => {} }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    openSync: (path: string, flags: number) => {
      swaps.beforeOpen();
      const fd = fs.openSync(path, flags);
      swaps.afterOpen();
      return fd;
    },
  };
});

const parent = mkdtempSync(join(tmpdir(), 'zkmlc-swap-'));
const model = join(parent, 'model');
const outside = join(parent, 'outside');
afterAll(() => rmSync(parent, { recursive: true }));

beforeEach(() => {
  swaps.beforeOpen = () => {};
  swaps.afterOpen = () => {};
  for (const folder of [model, outside]) rmSync(folder, { recursive: true, force: true });
  for (const folder of [join(model, 'sub'), outside]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(model, 'sub', 'weights.bin'), 'weights');
  writeFileSync(join(outside, 'weights.bin'), 'secrets');
});

const read = (): string =>
  new TextDecoder().decode(openModelFiles(join(model, 'model.onnx')).read('sub/weights.bin', 0, 7));

function folderBecomesLink(): void {
  renameSync(join(model, 'sub'), join(model, 'kept'));
  symlinkSync(outside, join(model, 'sub'));
}

function folderComesBack(): void {
  rmSync(join(model, 'sub'));
  renameSync(join(model, 'kept'), join(model, 'sub'));
}

test('nothing changes', () => {
  expect(read()).toBe('weights');
});

test('a folder on the way becomes a link, and stays one', () => {
  swaps.beforeOpen = folderBecomesLink;
  refused(read, 'unsafe-file');
});

test('a folder on the way becomes a link and is put back', () => {
  swaps.beforeOpen = folderBecomesLink;
  swaps.afterOpen = folderComesBack;
  refused(read, 'unsafe-file');
});

test('the file becomes a symbolic link', () => {
  swaps.beforeOpen = () => {
    rmSync(join(model, 'sub', 'weights.bin'));
    symlinkSync(join(outside, 'weights.bin'), join(model, 'sub', 'weights.bin'));
  };
  refused(read, 'unreadable-file');
});

test('the file becomes a hard link', () => {
  swaps.beforeOpen = () => {
    rmSync(join(model, 'sub', 'weights.bin'));
    linkSync(join(outside, 'weights.bin'), join(model, 'sub', 'weights.bin'));
  };
  refused(read, 'unsafe-file');
});

test('the file becomes a folder', () => {
  swaps.beforeOpen = () => {
    rmSync(join(model, 'sub', 'weights.bin'));
    mkdirSync(join(model, 'sub', 'weights.bin'));
  };
  refused(read, 'unsafe-file');
});
