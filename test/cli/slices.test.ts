// Slices through the command line: compile, prove, verify; commit, audit, answer; what is partial is never called a proof.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CUTS, residualModel, SIZES } from '../runs/run-kit.ts';
import { createWorkplace, type Json } from './command.ts';

const w = createWorkplace('slices');
afterAll(() => w.remove());

let compiled: Json;
beforeAll(async () => {
  writeFileSync(w.path('tiny.onnx'), residualModel());
  const x = Array.from({ length: SIZES.input }, (_, i) => i / 8 - 0.25);
  writeFileSync(w.path('x.json'), JSON.stringify({ x: [x] }));
  const model = ['compile', 'tiny.onnx', '--range', 'x=-1,1', '--bits', '4', '--backend', 'r1cs', '-o', 'model.zkml'];
  compiled = await w.json([...model, '--slice-at', CUTS.join(',')]);
});

test('a sliced model proves and verifies as a whole, with the integers of the unsliced one', async () => {
  const proved = await w.run(['prove', 'model.zkml', '-i', 'x.json', '-o', 'run.zkp']);
  expect(proved.stderr).toBe('');
  expect(proved.stdout).toContain('all 3 slices are proved');
  const { stdout } = await w.run(['verify', 'model.zkml/verifier', 'run.zkp', '--model-root', compiled.root]);
  expect(stdout).toMatch(/^accepted: the whole run of tiny, 3 slices and 2 links between them \(groth16-bn254/);
  expect(stdout).toContain(`model root ${compiled.root} (the one you gave)`);
  const verdict = await w.json(['verify', 'model.zkml', 'run.zkp']);
  expect(verdict).toMatchObject({ accepted: true, root: compiled.root, coverage: { complete: true } });
  const { outputs } = await w.json(['evaluate', 'model.zkml', '-i', 'x.json']);
  expect(verdict.ports.find((p: Json) => p.role === 'output').integers).toEqual(outputs[0].integers);
  expect((await w.run(['root', 'model.zkml'])).stdout.trim()).toBe(compiled.root);
  const inspected = await w.json(['inspect', 'model.zkml']);
  expect(inspected.slices.map((s: Json) => s.name)).toEqual(['s0', 's1', 's2']);
  const refused = await w.run(['verify', 'model.zkml', 'run.zkp', '--production']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('development-setup');
});

test('a run with proofs of some slices is refused, or accepted in part where that is asked for', async () => {
  await w.json(['prove', 'model.zkml', '-i', 'x.json', '-o', 'part.zkp', '--slices', 's0,s2']);
  const refused = await w.run(['verify', 'model.zkml', 'part.zkp']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('incomplete-run');
  const { code, stdout } = await w.run(['verify', 'model.zkml', 'part.zkp', '--partial']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^accepted in part: 2 of 3 slices are proved \(s0, s2\), 66\.6 % of 27 multiply-accumulates/);
  expect(stdout).toContain('this is no proof of the whole run');
  expect(stdout).not.toContain('accepted:');
  expect(await w.json(['verify', 'model.zkml', 'part.zkp', '--partial'])).toMatchObject({ accepted: false });
});

test('commitments first, then an audit, then its answer', async () => {
  const committed = await w.json(['prove', 'model.zkml', '-i', 'x.json', '--commit-only', '-o', 'run.zkc']);
  expect(statSync(w.path(committed.work)).mode & 0o777).toBe(0o700);
  const seed = 'ab'.repeat(32);
  const audit = await w.json(['audit', 'model.zkml', 'run.zkc', '--sample', '60%', '--seed', seed, '-o', 'audit.json']);
  expect(audit.slices).toHaveLength(2);
  expect(audit.commitments).toBe(committed.commitments);
  const answered = await w.run([
    'prove',
    'model.zkml',
    '--run',
    'run.zkc',
    '--audit',
    'audit.json',
    '-o',
    'answer.zkp',
  ]);
  expect(answered.stdout).toMatch(
    /kept for further audits \(secret\): run\.zkc\.work, .*; zkmlc forget run\.zkc removes it/,
  );
  const { code, stdout } = await w.run(['verify', 'model.zkml', 'answer.zkp', '--audit', 'audit.json']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^accepted in part: 2 of 3 slices/);
  expect(stdout).toContain('in 1 slice: 66.7 %, in 2 slices: 100.0 %, in 3 slices: 100.0 %');
  expect(existsSync(w.path('run.zkc.work'))).toBe(true);
  // Nothing is proved by commitments alone.
  const bare = await w.run(['verify', 'model.zkml', 'run.zkc', '--audit', 'audit.json']);
  expect(bare.code).toBe(1);
  expect(bare.stderr).toContain('wrong-slices');
});

test('what is kept for audits answers another one, and is removed when that is asked for', async () => {
  const second = ['prove', 'model.zkml', '--run', 'run.zkc', '--slices', 's0,s1,s2', '-o', 'second.zkp'];
  const { reused, kept } = await w.json(second);
  expect(reused).toHaveLength(2);
  // Something that no prover made, and the work of another run, stay.
  writeFileSync(w.path('run.zkc.work', 'thesis.txt'), 'mine');
  const foreign = await w.run(['forget', 'run.zkc']);
  expect(foreign.code).toBe(2);
  expect(foreign.stderr).toContain('a prover did not make "thesis.txt"');
  rmSync(w.path('run.zkc.work', 'thesis.txt'));
  await w.json(['prove', 'model.zkml', '-i', 'x.json', '--commit-only', '-o', 'other.zkc']);
  cpSync(w.path('other.zkc'), w.path('mixed.zkc'));
  cpSync(w.path('run.zkc.work'), w.path('mixed.zkc.work'), { recursive: true });
  const mixed = await w.run(['forget', 'mixed.zkc']);
  expect(mixed.code).toBe(1);
  expect(mixed.stderr).toContain('other-commitments');
  expect(existsSync(w.path('mixed.zkc.work'))).toBe(true);

  const forgotten = await w.json(['forget', 'run.zkc']);
  expect(forgotten).toEqual({ work: 'run.zkc.work', bytes: kept.bytes });
  expect(existsSync(w.path('run.zkc.work'))).toBe(false);
  expect(existsSync(w.path('run.zkc'))).toBe(true);
  const late = await w.run(second);
  expect(late.code).toBe(2);
  expect(late.stderr).toContain('missing-work');
  expect((await w.run(['forget', 'run.zkc'])).stderr).toContain('missing-work');
  expect((await w.run(['forget', 'model.zkml'])).code).toBe(2);
});

test('options that make no sense are refused as usage', async () => {
  const cases: readonly (readonly [args: readonly string[], says: string])[] = [
    [['prove', 'model.zkml', '-o', 'none.zkp'], '--input or --run'],
    [['prove', 'model.zkml', '-i', 'x.json', '--run', 'run.zkc', '-o', 'none.zkp'], '--input or --run'],
    [['prove', 'model.zkml', '-i', 'x.json', '--slices', 'q', '-o', 'none.zkp'], 'no slice is called "q"'],
    [['prove', 'model.zkml', '-i', 'x.json', '--audit', 'audit.json', '-o', 'none.zkp'], 'give --run'],
    [['prove', 'model.zkml', '-i', 'x.json', '--parallel', '0', '-o', 'none.zkp'], 'from 1 to 256'],
    [['prove', 'model.zkml', '-i', 'x.json', '--slice-timeout', '0', '-o', 'none.zkp'], 'seconds, more than 0'],
    [['audit', 'model.zkml', 'run.zkc', '-o', 'none.json'], 'one of --sample'],
    [['audit', 'model.zkml', 'run.zkc', '--sample', '0%', '-o', 'none.json'], 'such as 20%'],
    [['audit', 'model.zkml', 'run.zkc', '--sample', '20%', '--seed', 'xyz', '-o', 'none.json'], 'hex digits'],
  ];
  for (const [args, says] of cases) {
    const { code, stderr } = await w.run(args);
    expect(stderr).toContain(says);
    expect(code).toBe(2);
  }
  expect(readdirSync(w.folder).filter((f) => f.startsWith('none'))).toEqual([]);
  expect(readFileSync(w.path('x.json'), 'utf8')).toContain('x');
});
