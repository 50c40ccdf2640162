// Audits: draws that follow from commitments and seed, what they are worth, and answers that are none.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { RunSlice } from '../../runtime/artifact/run-description.ts';
import { decodeRunFile, encodeRunFile, type RunStatement } from '../../runtime/artifact/run-file.ts';
import { commitOnly, drawAudit, encodeAudit, proveRun, readPolicy, verifyRun } from '../../runtime/index.ts';
import { type Audit, type AuditMethod, checkAudit, detectionProbability } from '../../runtime/runs/audit.ts';
import { loadRun } from '../../runtime/runs/run-verifier.ts';
import { createRunPlace, inputOf } from './run-kit.ts';

const slices = (n: number): readonly RunSlice[] =>
  Array.from({ length: n }, (_, i) => ({
    name: `s${i}`,
    id: `s${i}`,
    root: 'ab'.repeat(32),
    macs: 1,
    ports: [],
    nodes: [`node${i}`],
  }));
const statement = (i: number): RunStatement => ({
  root: 'cd'.repeat(32),
  tensors: [{ kind: 'commitment', commitment: BigInt(i) }],
});
const seed = (i: number): string => i.toString(16).padStart(32, '0');
const half: AuditMethod = { kind: 'sample', count: 5 };

function refusal(run: () => unknown): string {
  try {
    run();
    return 'accepted';
  } catch (e) {
    if (e instanceof Diagnostic) return e.code;
    throw e;
  }
}

describe('draws', () => {
  test('follow from commitments and seed, and from nothing else', () => {
    const draw = (s: number, r: number): string => drawAudit(statement(s), slices(10), half, seed(r)).slices.join();
    expect(draw(1, 1)).toBe(draw(1, 1));
    expect(new Set([1, 2, 3, 4, 5, 6].map((s) => draw(s, 1))).size).toBeGreaterThan(3);
    expect(new Set([1, 2, 3, 4, 5, 6].map((r) => draw(1, r))).size).toBeGreaterThan(3);
  });

  test('hit cheated slices as often as is stated, and policies at least so often', () => {
    const heavy: AuditMethod = { kind: 'policy', count: 3, weights: [{ node: 'node9', weight: 20 }] };
    const trials = 2000;
    for (const method of [half, heavy])
      for (const cheats of [1, 2]) {
        let caught = 0;
        for (let i = 0; i < trials; i++) {
          const { slices: drawn } = drawAudit(statement(i), slices(10), method, seed(7));
          if (drawn.some((s) => s < cheats)) caught++;
        }
        const stated = detectionProbability(slices(10), method, cheats)!;
        // Four standard deviations at most: the seeds are fixed.
        const slack = 4 * Math.sqrt(0.25 / trials);
        expect(caught / trials).toBeGreaterThan(stated - slack);
        if (method.kind === 'sample') expect(caught / trials).toBeLessThan(stated + slack);
      }
  });

  test('known probabilities', () => {
    const p = (count: number, cheats: number): number | undefined =>
      detectionProbability(slices(10), { kind: 'sample', count }, cheats);
    expect(p(2, 1)).toBeCloseTo(0.2);
    expect(p(2, 2)).toBeCloseTo(1 - (8 * 7) / (10 * 9));
    expect(p(10, 1)).toBe(1);
    expect(p(2, 11)).toBeUndefined();
    expect(detectionProbability(slices(10), { kind: 'slices', slices: [1] }, 1)).toBeUndefined();
  });

  test('a policy that names a layer means every one of its tiles', () => {
    const tiles = slices(4).map((s, i) => (i < 2 ? { ...s, nodes: [`conv[${i + 1}/2]`] } : s));
    const method: AuditMethod = { kind: 'policy', count: 2, weights: [{ node: 'conv', weight: 1_000_000 }] };
    for (let i = 0; i < 20; i++) expect(drawAudit(statement(i), tiles, method, seed(i)).slices).toEqual([0, 1]);
  });

  test('audits that choose nothing, or what is not there, are refused', () => {
    const code = (method: AuditMethod): string => refusal(() => drawAudit(statement(1), slices(3), method, seed(1)));
    expect(code({ kind: 'sample', count: 0 })).toBe('bad-audit');
    expect(code({ kind: 'sample', count: 4 })).toBe('bad-audit');
    expect(code({ kind: 'slices', slices: [3] })).toBe('bad-audit');
    expect(code({ kind: 'slices', slices: [] })).toBe('bad-audit');
    expect(code({ kind: 'policy', count: 1, weights: [{ node: 'elsewhere', weight: 2 }] })).toBe('bad-audit');
  });

  test('a draw that its seed does not give, and one for other commitments', () => {
    const audit = drawAudit(statement(1), slices(10), half, seed(1));
    expect(refusal(() => checkAudit(audit, statement(1), slices(10)))).toBe('accepted');
    const other = audit.slices.includes(0) ? audit.slices.slice(1) : [0, ...audit.slices.slice(1)];
    expect(refusal(() => checkAudit({ ...audit, slices: other }, statement(1), slices(10)))).toBe('wrong-draw');
    expect(refusal(() => checkAudit(audit, statement(2), slices(10)))).toBe('other-commitments');
  });
});

test('policies are read strictly', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-policy-'));
  const read = (policy: unknown): unknown => {
    writeFileSync(join(folder, 'risk.json'), JSON.stringify(policy));
    return readPolicy(join(folder, 'risk.json'));
  };
  expect(read({ sample: 0.2, weights: { conv1: 5 } })).toEqual({
    sample: 0.2,
    weights: [{ node: 'conv1', weight: 5 }],
  });
  for (const bad of [[], { sample: 2 }, { sample: 0.5, weights: { a: 0 } }, { sample: 0.5, weight: {} }])
    expect(refusal(() => read(bad))).toBe('bad-policy');
  rmSync(folder, { recursive: true });
});

describe('answers', () => {
  const place = createRunPlace();
  afterAll(() => place.remove());
  const [zkc, zkp, file] = [place.path('run.zkc'), place.path('run.zkp'), place.path('audit.json')];
  const artifact = place.path('model.zkml');
  const verifier = place.path('model.zkml', 'verifier');
  let audit: Audit;
  const write = (a: Audit): void => writeFileSync(file, encodeAudit(a));
  const judged = (run = zkp): string => refusal(() => verifyRun({ verifier, run, audit: file }));

  beforeAll(async () => {
    await place.compile('model.zkml');
    await commitOnly({ artifact, inputs: inputOf(), output: zkc });
    const all = loadRun(verifier).description.slices;
    audit = drawAudit(decodeRunFile(readFileSync(zkc)).statement, all, { kind: 'sample', count: 2 }, seed(3));
    write(audit);
    await proveRun({ artifact, committed: zkc, audit: file, output: zkp });
  });

  test('the drawn slices, no more and no fewer', async () => {
    const verdict = verifyRun({ verifier, run: zkp, audit: file });
    expect(verdict.coverage).toMatchObject({ proved: audit.slices, complete: false });
    expect(verdict.audit).toEqual({ method: 'sample', detection: [expect.closeTo(2 / 3), 1, 1] });
    const { statement: stated, proofs } = decodeRunFile(readFileSync(zkp));
    const forged = place.path('forged.zkp');
    const fewer = new Map([...proofs].slice(1));
    writeFileSync(forged, encodeRunFile({ statement: stated, proofs: fewer }));
    expect(judged(forged)).toBe('wrong-slices');
  });

  test('other slices than those drawn', async () => {
    const undrawn = [0, 1, 2].find((s) => !audit.slices.includes(s))!;
    const names = [audit.slices[0]!, undrawn].map((s) => `s${s}`);
    const output = place.path('other.zkp');
    await proveRun({ artifact, committed: zkc, slices: names, output });
    expect(judged(output)).toBe('wrong-slices');
  });

  test('another run, committed to after the seed was known', async () => {
    const again = place.path('again.zkc');
    await commitOnly({ artifact, inputs: inputOf(), output: again });
    const output = place.path('again.zkp');
    const names = audit.slices.map((s) => `s${s}`);
    await proveRun({ artifact, committed: again, slices: names, output });
    expect(judged(output)).toBe('other-commitments');
    await expect(proveRun({ artifact, committed: again, audit: file, output })).rejects.toMatchObject({
      code: 'other-commitments',
    });
  });

  test('an audit file that was changed', () => {
    write({ ...audit, slices: [...audit.slices].reverse() });
    expect(judged()).toBe('wrong-draw');
    writeFileSync(file, '{}');
    expect(judged()).toBe('bad-audit');
    write(audit);
    expect(judged()).toBe('accepted');
  });

  test('without the work folder nobody can answer', async () => {
    const copy = place.path('copy.zkc');
    writeFileSync(copy, readFileSync(zkc));
    await expect(proveRun({ artifact, committed: copy, audit: file, output: zkp })).rejects.toMatchObject({
      code: 'missing-work',
    });
  });
});
