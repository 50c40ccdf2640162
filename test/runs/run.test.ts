// Sliced runs from model to verdict: the same integers as the unsliced model, linked by commitments.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCompiler, evaluateModule, readModuleText, type Tensor } from '../../compiler/index.ts';
import { encodeInputs, proveRun, type RunVerdict, verifyRun } from '../../runtime/index.ts';
import { loadRun } from '../../runtime/runs/run-verifier.ts';
import { inputPorts } from '../../runtime/runs/verify-run.ts';
import { createRunPlace, inputOf } from './run-kit.ts';

const place = createRunPlace();
afterAll(() => place.remove());
beforeAll(() => place.compile('plain.zkml').then(() => {}));

/** Integers of the unsliced model. */
async function unsliced(artifact: string, inputs: ReadonlyMap<string, Tensor>): Promise<readonly number[]> {
  const { ops } = createCompiler().registries;
  const m = await readModuleText(readFileSync(place.path(artifact, 'prover', 'int.zk'), 'utf8'), ops, {
    file: artifact,
  });
  const { tensors } = loadRun(place.path(artifact, 'verifier')).description;
  return [...evaluateModule(m, ops, encodeInputs(inputPorts(tensors), inputs).integers).get('y')!.data];
}

async function roundTrip(name: string): Promise<RunVerdict> {
  const artifact = place.path(`${name}.zkml`);
  const output = place.path(`${name}.zkp`);
  const report = await proveRun({ artifact, inputs: inputOf(), output });
  expect(report.coverage.complete).toBe(true);
  const verdict = verifyRun({ verifier: place.path(`${name}.zkml`, 'verifier'), run: output, modelRoot: report.root });
  expect(verdict).toMatchObject({ root: report.root, rootCompared: true, coverage: report.coverage, links: 2 });
  expect(verdict.ports.find((p) => p.role === 'output')!.integers).toEqual(await unsliced(`${name}.zkml`, inputOf()));
  return verdict;
}

test('a run of three slices proves the integers of the unsliced model; two boundaries are committed', async () => {
  await roundTrip('plain');
  const { description } = loadRun(place.path('plain.zkml', 'verifier'));
  expect(description.slices.map((s) => s.nodes)).toEqual([['gemm1', 'relu1'], ['gemm2'], ['add', 'relu2', 'gemm3']]);
  expect(description.tensors.map((t) => [t.visibility, t.producer, t.consumers])).toEqual([
    ['private', -1, [0]],
    ['committed', 0, [1, 2]],
    ['committed', 1, [2]],
    ['public', 2, []],
  ]);
});

test('nothing but the run is left behind', () => {
  expect(readdirSync(place.folder).filter((f) => f.startsWith('plain.zkp'))).toEqual(['plain.zkp']);
});

test('committed inputs and weights: bound in every slice, opened beside the run', async () => {
  await place.compile('committed.zkml', { visibility: { input: 'committed', weights: 'committed' } });
  const { ports } = await roundTrip('committed');
  const openings = place.path('committed.zkp.opening.json');
  expect(statSync(openings).mode & 0o777).toBe(0o600);
  const [opening] = JSON.parse(readFileSync(openings, 'utf8')).ports;
  expect(opening).toMatchObject({ name: 'x', role: 'input', commitment: ports[0]!.commitment });
});

test('private weights: intervals of circuits are wider than those of types, on both sides of a boundary', async () => {
  await place.compile('private.zkml', { visibility: { weights: 'private' } });
  await roundTrip('private');
});

test('through Circom, the same integers', async () => {
  await place.compile('circom.zkml', { backend: 'circom' });
  await roundTrip('circom');
});

test('public weights, and a proof system that does not commit to boundaries, are refused before anything is made', async () => {
  await expect(place.compile('none.zkml', { visibility: { weights: 'public' } })).rejects.toMatchObject({
    code: 'public-weights',
  });
  await expect(place.compile('none.zkml', { backend: 'plonk' })).rejects.toMatchObject({ code: 'no-slices' });
  expect(readdirSync(place.folder).filter((f) => f.includes('none'))).toEqual([]);
});
