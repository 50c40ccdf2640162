// Sliced runs from model to verdict: the same integers as the unsliced model, linked by commitments.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadRun } from '../../runtime/runs/run-verifier.ts';
import { createRunPlace, roundTrip } from './run-kit.ts';

const place = createRunPlace();
afterAll(() => place.remove());
beforeAll(() => place.compile('plain.zkml').then(() => {}));

test('a run of three slices proves the integers of the unsliced model; two boundaries are committed', async () => {
  await roundTrip(place, 'plain');
  const { description } = loadRun(place.path('plain.zkml', 'verifier'));
  expect(description.slices.map((s) => s.nodes)).toEqual([['gemm1', 'relu1'], ['gemm2'], ['add', 'relu2', 'gemm3']]);
  expect(description.tensors.map((t) => [t.visibility, t.producer, t.consumers])).toEqual([
    ['private', -1, [0]],
    ['committed', 0, [1, 2]],
    ['committed', 1, [2]],
    ['public', 2, []],
  ]);
});

test('nothing but the run, and what it took, is left behind', () => {
  expect(readdirSync(place.folder).filter((f) => f.startsWith('plain.zkp'))).toEqual([
    'plain.zkp',
    'plain.zkp.measured.json',
  ]);
});

test('committed inputs and weights: bound in every slice, opened beside the run', async () => {
  await place.compile('committed.zkml', { visibility: { input: 'committed', weights: 'committed' } });
  const { ports } = await roundTrip(place, 'committed');
  const openings = place.path('committed.zkp.opening.json');
  expect(statSync(openings).mode & 0o777).toBe(0o600);
  const [opening] = JSON.parse(readFileSync(openings, 'utf8')).ports;
  expect(opening).toMatchObject({ name: 'x', role: 'input', commitment: ports[0]!.commitment });
});

test('private weights: intervals of circuits are wider than those of types, on both sides of a boundary', async () => {
  await place.compile('private.zkml', { visibility: { weights: 'private' } });
  await roundTrip(place, 'private');
});

test('public weights are refused before anything is made', async () => {
  await expect(place.compile('none.zkml', { visibility: { weights: 'public' } })).rejects.toMatchObject({
    code: 'public-weights',
  });
  expect(readdirSync(place.folder).filter((f) => f.includes('none'))).toEqual([]);
});
