// kill -9 in the middle of a run of 20 slices: what was proved is used again, checked, and the run verifies.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeRunFile } from '../../runtime/artifact/run-file.ts';
import { createWorkplace } from '../cli/command.ts';
import { chainCuts, chainModel, SIZES } from './run-kit.ts';

const SLICES = 20;
const w = createWorkplace('resume');
afterAll(() => w.remove());

beforeAll(async () => {
  writeFileSync(w.path('chain.onnx'), chainModel(SLICES));
  writeFileSync(w.path('x.json'), JSON.stringify({ x: [Array.from({ length: SIZES.input }, (_, i) => i / 8)] }));
  const model = ['compile', 'chain.onnx', '--range', 'x=-1,1', '--backend', 'plonk', '-o', 'chain.zkml'];
  const { slices } = await w.json([...model, '--slice-at', chainCuts(SLICES).join(',')]);
  expect(slices).toHaveLength(SLICES);
});

const proofsOf = (work: string): readonly string[] => {
  try {
    return readdirSync(w.path(work, 'proofs')).filter((f) => f.endsWith('.proof') && !f.startsWith('.'));
  } catch {
    return [];
  }
};

test('a run that is killed goes on: no slice is proved twice, damaged proofs are found', async () => {
  const prove = ['prove', 'chain.zkml', '-i', 'x.json', '-o', 'run.zkp'];
  const killed = await w.run(prove, {
    onStart: async (kill) => {
      while (proofsOf('run.zkp.work').length < 6) await sleep(10);
      kill('SIGKILL');
    },
  });
  expect(killed.code).toBeNull();
  const kept = proofsOf('run.zkp.work').map((f) => Number(f.replace('.proof', '')));
  expect(kept.length).toBeGreaterThanOrEqual(6);
  expect(kept.length).toBeLessThan(SLICES);
  const bytesOf = new Map(kept.map((s) => [s, readFileSync(w.path('run.zkp.work', 'proofs', `${s}.proof`))]));

  // One of them is damaged: it does not verify any more, and is made again.
  const [damaged, ...whole] = kept;
  const file = w.path('run.zkp.work', 'proofs', `${damaged}.proof`);
  const bytes = readFileSync(file);
  bytes[bytes.length - 100]! ^= 1;
  writeFileSync(file, bytes);

  const report = await w.json(prove);
  expect([...report.reused].sort((a: number, b: number) => a - b)).toEqual([...whole].sort((a, b) => a - b));
  expect(report.coverage).toMatchObject({ complete: true, slices: SLICES });
  const { proofs } = decodeRunFile(readFileSync(w.path('run.zkp')));
  for (const s of kept) expect(Buffer.compare(proofs.get(s)!, bytesOf.get(s)!)).toBe(0);
  expect(await w.json(['verify', 'chain.zkml', 'run.zkp'])).toMatchObject({ accepted: true });
  // What the kept proofs took was kept with them.
  const { slices } = JSON.parse(readFileSync(w.path('run.zkp.measured.json'), 'utf8'));
  expect(slices).toHaveLength(SLICES);
  expect(
    readdirSync(w.folder)
      .filter((f) => f.startsWith('run.zkp'))
      .sort(),
  ).toEqual(['run.zkp', 'run.zkp.measured.json']);
});

test('another input does not go on with what is left of the first', async () => {
  const output = 'other.zkp';
  await w.run(['prove', 'chain.zkml', '-i', 'x.json', '-o', output], {
    onStart: async (kill) => {
      while (proofsOf(`${output}.work`).length < 1) await sleep(10);
      kill('SIGKILL');
    },
  });
  writeFileSync(w.path('y.json'), JSON.stringify({ x: [Array.from({ length: SIZES.input }, () => 0.5)] }));
  const report = await w.json(['prove', 'chain.zkml', '-i', 'y.json', '-o', output, '--slices', 's0']);
  expect(report.reused).toEqual([]);
});
