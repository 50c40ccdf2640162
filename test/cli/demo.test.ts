// The demo: the whole road on a shipped model, forgeries refused, nothing left behind unless asked for.
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { createWorkplace, leftovers } from './command.ts';

const w = createWorkplace('demo');
afterAll(() => w.remove());

test('shows model, accuracy, a digit, its proof and the refusal of each forgery', async () => {
  const { code, stdout, stderr } = await w.run(['demo']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('model     digits-mlp');
  expect(stdout).toMatch(/accuracy {2}integer model 9\d\.\d % .* float model 9\d\.\d %/);
  expect(stdout).toMatch(/compiled {2}in [\d.]+ s, weights registered in [\d.]+ s, no set-up needed/);
  expect(stdout.match(/\|[ .:\-=+*#%@]{16}\|/g)).toHaveLength(8);
  const [, proven, label] = /picture is a (\d) \(its label: (\d)\)/.exec(stdout)!;
  expect(proven).toBe(label);
  expect(stdout.match(/refused: [a-z-]+: /g)).toHaveLength(5);
  expect(stdout).toMatch(/not zero-knowledge: to keep inputs secret, compile with --backend r1cs/);
  expect(leftovers(w)).toEqual([]);
});

test('keeps its files where it is told to, and reports for machines', async () => {
  const report = await w.json(['demo', '--keep', 'kept']);
  expect(report.samples).toBe(360);
  expect(report.accuracy.integer).toBeGreaterThan(0.95);
  expect(Math.abs(report.accuracy.integer - report.accuracy.float)).toBeLessThanOrEqual(0.005);
  expect(report.proven).toBe(report.label);
  expect(report.refusals.map((r: { code: string }) => r.code)).toEqual([
    ...Array.from({ length: 4 }, () => 'proof-refused'),
    'wrong-root',
  ]);
  expect(report.zeroKnowledge).toBe(false);
  expect(report.proofBytes).toBe(statSync(w.path('kept', 'proof.zkp')).size);
  for (const name of ['model.zkml', 'input.json', 'forged-output.zkp', 'forged-input.zkp', 'forged-byte.zkp'])
    expect(existsSync(w.path('kept', name))).toBe(true);
  expect((await w.run(['verify', 'kept/model.zkml', 'kept/proof.zkp'])).code).toBe(0);
  expect((await w.run(['verify', 'kept/model.zkml', 'kept/forged-weights.zkp'])).code).toBe(1);
  const evaluation = await w.json(['evaluate', 'kept/model.zkml', '-i', 'kept/input.json']);
  expect(evaluation.outputs[0].top1.integer).toEqual([report.proven]);

  writeFileSync(w.path('file'), '');
  expect((await w.run(['demo', '--keep', 'kept'])).code).toBe(2);
  expect((await w.run(['demo', '--keep', 'file'])).code).toBe(2);
});
