// The demo: the whole road on a shipped model, three forgeries refused, nothing left behind unless asked for.
import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { createWorkplace, leftovers } from './command.ts';

const w = createWorkplace('demo');
afterAll(() => w.remove());

test('shows model, accuracy, a digit, its proof and three refusals', async () => {
  const { code, stdout, stderr } = await w.run(['demo']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('model     digits-mlp');
  expect(stdout).toMatch(/accuracy {2}integer model 9\d\.\d % .* float model 9\d\.\d %/);
  expect(stdout).toMatch(/compiled {2}\d+ constraints in .* keys in/);
  expect(stdout.match(/\|[ .:\-=+*#%@]{16}\|/g)).toHaveLength(8);
  const [, proven, label] = /secret picture is a (\d) \(its label: (\d)\)/.exec(stdout)!;
  expect(proven).toBe(label);
  expect(stdout.match(/refused: [a-z-]+: /g)).toHaveLength(3);
  expect(leftovers(w)).toEqual([]);
});

test('keeps its files where it is told to, and reports for machines', async () => {
  const report = await w.json(['demo', '--keep', 'kept']);
  expect(report.samples).toBe(360);
  expect(report.accuracy.integer).toBeGreaterThan(0.95);
  expect(Math.abs(report.accuracy.integer - report.accuracy.float)).toBeLessThanOrEqual(0.005);
  expect(report.proven).toBe(report.label);
  expect(report.refusals.map((r: { code: string }) => r.code)).toEqual(['proof-refused', 'bad-proof', 'proof-refused']);
  for (const name of ['model.zkml', 'input.json', 'proof.zkp', 'forged-witness.zkp'])
    expect(existsSync(w.path('kept', name))).toBe(true);
  expect(existsSync(w.path('kept', 'changed.wtns'))).toBe(false);
  expect((await w.run(['verify', 'kept/model.zkml', 'kept/proof.zkp'])).code).toBe(0);
  expect((await w.run(['verify', 'kept/model.zkml', 'kept/forged-witness.zkp'])).code).toBe(1);
  const evaluation = await w.json(['evaluate', 'kept/model.zkml', '-i', 'kept/input.json']);
  expect(evaluation.outputs[0].top1.integer).toEqual([report.proven]);

  writeFileSync(w.path('file'), '');
  expect((await w.run(['demo', '--keep', 'kept'])).code).toBe(2);
  expect((await w.run(['demo', '--keep', 'file'])).code).toBe(2);
});
