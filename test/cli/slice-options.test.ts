// --slice and --slice-at: what their texts mean, and that every mistake is a usage error that says what is possible.
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { parseBytes, parseSlice } from '../../cli/slice-options.ts';
import { thrown } from '../thrown.ts';
import { createWorkplace, MODELS, type Outcome } from './command.ts';

describe('texts', () => {
  test.each([
    ['3', { objective: { kind: 'largest' }, limits: { slices: 3 } }],
    ['auto', { objective: { kind: 'total' }, limits: { memory: 1e9 } }],
    ['memory=1GB,provers=8', { objective: { kind: 'makespan', provers: 8 }, limits: { memory: 1e9 } }],
    ['memory=1.5GiB', { objective: { kind: 'total' }, limits: { memory: 1.5 * 2 ** 30 } }],
    ['constraints=1000, seconds=0.5', { objective: { kind: 'total' }, limits: { constraints: 1000, seconds: 0.5 } }],
    ['slices=4', { objective: { kind: 'largest' }, limits: { slices: 4 } }],
    ['slices=4,objective=total', { objective: { kind: 'total' }, limits: { slices: 4 } }],
    ['objective=count,memory=800MB', { objective: { kind: 'count' }, limits: { memory: 8e8 } }],
  ] as const)('%s', (text, expected) => expect(parseSlice(text, undefined)).toEqual(expected));

  test('nodes to cut at, and nothing', () => {
    const at = ['/a/Add', 'b', 'c d'];
    expect(parseSlice(undefined, ['/a/Add, b', 'c d'])).toEqual({ objective: { kind: 'total' }, limits: {}, at });
    expect(parseSlice(undefined, undefined)).toBeUndefined();
  });

  test.each([
    ['0', 'whole number from 1'],
    ['', 'a number of slices, auto'],
    ['many', 'a number of slices, auto'],
    ['-1', 'a number of slices, auto'],
    ['99999', 'whole number from 1'],
    ['memory', 'got "memory"'],
    ['memory=', 'such as 1GB'],
    ['memory=0GB', 'such as 1GB'],
    ['memory=1gb', 'such as 1GB'],
    ['memory=1GB,memory=2GB', 'memory twice'],
    ['provers=0', 'from 1 to'],
    ['provers=2,objective=total', 'an objective of its own'],
    ['objective=best', 'total, largest or count'],
    ['seconds=-1', 'above 0'],
    ['seconds=0', 'above 0'],
    ['constraints=1e3', 'whole number'],
    ['speed=1', 'does not know "speed"'],
    ['__proto__=1', 'a number of slices, auto'],
    ['3,auto', 'got "3"'],
  ])('%s is refused', (text, part) => {
    const e = thrown(() => parseSlice(text, undefined));
    expect(e).toMatchObject({ code: 'usage', kind: 'usage' });
    expect(e.message).toContain(part);
  });

  test('both, or cuts without names, are refused', () => {
    expect(thrown(() => parseSlice('3', ['a'])).message).toContain('one of the two');
    for (const at of ['', 'a,', ',a'])
      expect(thrown(() => parseSlice(undefined, [at])).message).toContain('names of nodes');
  });

  test('any text is a request or a usage error', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'memorypvs=,1.0GBi ') }), (text) => {
        try {
          const { memory = 1 } = parseSlice(text, undefined)!.limits;
          expect(memory).toBeGreaterThan(0);
        } catch (e) {
          expect(e).toMatchObject({ code: 'usage' });
        }
      }),
    );
    expect(parseBytes('12', 'x')).toBe(12);
  });
});

const w = createWorkplace('slices');
afterAll(() => w.remove());
const model = join(MODELS, 'digits-resnet');
const inspect = (...args: readonly string[]): Promise<Outcome> =>
  w.run(['inspect', join(model, 'model.onnx'), '--calibrate', join(model, 'calibration.npz'), ...args]);

describe('inspect', () => {
  test('prints slices, boundaries and the report', async () => {
    const { code, stdout } = await inspect('--slice', '3', '--cost-model', 'plonk');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^slice +nodes +reads +writes/);
    expect(stdout).toMatch(/cost model plonk; \d+ indivisible groups; exact: the best over all \d+ down-sets/);
  });

  test('as JSON: the slicing with keys', async () => {
    const { code, stdout } = await inspect('--slice', 'provers=2', '--json');
    expect(code).toBe(0);
    const { slices, report, keys } = JSON.parse(stdout) as Record<string, { length: number; makespan?: unknown }>;
    expect(keys!.length).toBe(slices!.length);
    expect(report!.makespan).toMatchObject({ provers: 2 });
  });

  test('exit codes: 1 for a layer beyond a limit, 2 for wrong usage', async () => {
    const large = await inspect('--slice', 'constraints=100');
    expect(large.code).toBe(1);
    expect(large.stderr).toMatch(/layer-too-large: by itself this layer needs constraints \d+.*node "/);
    for (const args of [['--slice', 'x'], [], ['--slice', '3', '--cost-model', 'free'], ['--slice-at', '/nope']])
      expect((await inspect(...args)).code, args.join(' ')).toBe(2);
    const artifact = await w.run(['inspect', model, '--slice', '3']);
    expect(artifact.code).toBe(2);
    expect(artifact.stderr).toContain('for models (.onnx)');
  });
});
