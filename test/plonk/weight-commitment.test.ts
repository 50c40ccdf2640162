// Commitments to weights on disk: rows come back as they were committed, and a file that was changed anywhere is refused.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { openWeightCommitment, writeWeightCommitment } from '../../runtime/artifact/weight-commitment.ts';
import { commit, openRows, type Root, receiveRows } from '../../runtime/provers/plonk/commitment.ts';
import { wasmVectors } from '../../runtime/provers/plonk/kernels/wasm-vectors.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import { proverChannel, verifierChannel } from '../../runtime/provers/plonk/transcript.ts';
import type { Vectors } from '../../runtime/provers/plonk/vectors.ts';
import { createRandom } from '../kits/random.ts';
import { randomWords } from './reference.ts';

const folder = mkdtempSync(join(tmpdir(), 'zkmlc-weights-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const random = createRandom(77);
const code = { logMessage: 2, logCode: 4 };
const KIND = 'weights';

function committed(v: Vectors, columns: number): ReturnType<typeof commit> {
  const words = v.alloc(columns * 2 ** code.logMessage);
  words.set(randomWords(random, words.length));
  return commit(v, KIND, words, code);
}

function refusal(run: () => unknown): string {
  try {
    run();
    return 'accepted';
  } catch (e) {
    if (e instanceof Diagnostic) return e.code;
    throw e;
  }
}

describe.each<readonly [string, Vectors]>([
  ['plain', plainVectors()],
  ['kernels', wasmVectors()],
])('%s', (name, v) => {
  // 300 words are more than one chunk of BLAKE3.
  test.each([1, 7, 300])('rows of %i words come back, and verify against the root', (columns) => {
    const made = committed(v, columns);
    const path = join(folder, `${name}-${columns}.code`);
    writeWeightCommitment(path, made);
    const stored = openWeightCommitment(v, path, made.tree.shape, made.root);
    const positions = [0, 1, 7, 8, 15];
    expect(stored.rowsAt(positions)).toEqual(made.rowsAt(positions));
    expect(stored.tree.levels.map((level) => [...level])).toEqual(made.tree.levels.map((level) => [...level]));
    expect(statSync(path).mode & 0o777).toBe(0o600);

    const channel = proverChannel('test');
    openRows(channel, 'rows', [stored], positions);
    const root: Root = { kind: KIND, columns, root: made.root };
    const rows = receiveRows(verifierChannel('test', channel.proof()), 'rows', [root], code.logCode, positions);
    expect(rows.map((row) => [...row])).toEqual(positions.map((p) => [...made.rowsAt([p])]));
  });
});

const v = plainVectors();
const made = committed(v, 3);
const good = join(folder, 'good.code');
writeWeightCommitment(good, made);
const bytes = readFileSync(good);

function opened(content: Uint8Array): () => unknown {
  const path = join(folder, 'changed.code');
  writeFileSync(path, content);
  const all = Array.from({ length: 2 ** code.logCode }, (_, i) => i);
  return () => openWeightCommitment(v, path, made.tree.shape, made.root).rowsAt(all);
}

test('every changed byte is refused', () => {
  expect(refusal(opened(bytes))).toBe('accepted');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 1;
    expect(refusal(opened(changed)), `byte ${at}`).toBe(at === 7 ? 'wrong-version' : 'bad-artifact');
  }
});

test('a shorter, longer or missing file is refused', () => {
  for (const length of [0, 7, 8, 15, 16, 100, bytes.length - 1])
    expect(refusal(opened(bytes.subarray(0, length))), `${length} bytes`).toBe('bad-artifact');
  expect(refusal(opened(new Uint8Array([...bytes, 0])))).toBe('bad-artifact');
  expect(refusal(() => openWeightCommitment(v, join(folder, 'none'), made.tree.shape, made.root))).toBe('file-missing');
});

test('another root or shape than the key states is refused, and so is a file that gets shorter while it is open', () => {
  const other = committed(v, 3);
  expect(refusal(() => openWeightCommitment(v, good, made.tree.shape, other.root))).toBe('bad-artifact');
  for (const shape of [
    { ...made.tree.shape, width: 4 },
    { ...made.tree.shape, rows: 8 },
    { ...made.tree.shape, kind: 'advice' },
  ])
    expect(refusal(() => openWeightCommitment(v, good, shape, made.root))).toBe('bad-artifact');
  const path = join(folder, 'shrinking.code');
  writeFileSync(path, bytes);
  const stored = openWeightCommitment(v, path, made.tree.shape, made.root);
  writeFileSync(path, bytes.subarray(0, bytes.length - 1));
  expect(refusal(() => stored.rowsAt([15]))).toBe('bad-artifact');
});

test('a file that is there already is not overwritten', () => {
  expect(() => writeWeightCommitment(good, made)).toThrow('EEXIST');
});
