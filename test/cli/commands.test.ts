// The commands one by one: what they print, their exit codes, and that they leave nothing behind.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { standardPasses } from '../../compiler/passes/index.ts';
import { standardOps } from '../../stdlib/index.ts';
import { compileArguments, createWorkplace, filesBelow, leftovers, MODELS, sampleOf } from './command.ts';

const w = createWorkplace('commands');
afterAll(() => w.remove());

const linear = (output: string, ...more: readonly string[]): readonly string[] =>
  compileArguments('digits-linear', output, '--dim', 'batch=1', ...more);
beforeAll(async () => {
  await w.json(linear('linear.zkml'));
});

describe('wrong usage ends with exit code 2', () => {
  const model = join(MODELS, 'digits-linear', 'model.onnx');
  test.each<[string, readonly string[]]>([
    ['an unknown command', ['frobnicate']],
    ['an unknown option', ['compile', model, '-o', 'a.zkml', '--frobnicate']],
    ['an argument too many', ['root', 'linear.zkml', 'more']],
    ['an argument too few', ['verify', 'linear.zkml']],
    ['a required option is missing', ['compile', model]],
    ['a backend that is not there', linear('a.zkml', '--backend', 'snark')],
    ['a number of bits that is no number', linear('a.zkml', '--bits', 'eight')],
    ['a size that is no number', linear('a.zkml', '--dim', 'batch=one')],
    ['a range upside down', linear('a.zkml', '--range', 'input=1,0')],
    ['a range of no input', linear('a.zkml', '--range', 'nobody=0,1')],
    ['a visibility that is none', linear('a.zkml', '--visibility', 'input=secret')],
    ['a plugin that is not there', linear('a.zkml', '--plugin', './nowhere.mjs')],
    ['a pass that is not there', ['opt', '-', '--passes', 'frobnicate']],
    ['an output whose folder is missing', linear(join('missing', 'a.zkml'))],
    ['a proof whose folder is missing', ['prove', 'linear.zkml', '-i', sampleOf('digits-linear'), '-o', 'no/a.zkp']],
  ])('%s', async (_, args) => {
    const before = leftovers(w);
    const { code, stdout, stderr } = await w.run(args);
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr.length).toBeGreaterThan(20);
    expect(leftovers(w)).toEqual(before);
  });

  test('help and version end with 0', async () => {
    expect(await w.run(['--help'])).toMatchObject({ code: 0, stderr: '' });
    expect((await w.run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+/);
    expect((await w.run(['compile', '--help'])).stdout).toContain('--calibrate');
  });
});

describe('what stands at the output path', () => {
  test('anything but an artifact is refused and stays as it is', async () => {
    mkdirSync(w.path('thesis'));
    writeFileSync(w.path('thesis', 'chapter.txt'), 'years of work');
    writeFileSync(w.path('file'), 'more work');
    for (const output of ['thesis', 'file']) {
      const { code, stderr } = await w.run(linear(output));
      expect(code).toBe(2);
      expect(stderr).toContain('not-an-artifact');
    }
    expect(readFileSync(w.path('thesis', 'chapter.txt'), 'utf8')).toBe('years of work');
    expect(readFileSync(w.path('file'), 'utf8')).toBe('more work');
  });

  test('an artifact is replaced by a successful compilation only', async () => {
    await w.json(linear('again.zkml'));
    const before = filesBelow(w.path('again.zkml'));
    const failed = await w.run(['compile', join(MODELS, 'digits-linear', 'model.onnx'), '-o', 'again.zkml']);
    expect(failed.code).toBe(1);
    // The message says how to bind the dynamic dimension.
    expect(failed.stderr).toContain('--dim batch=1');
    expect(filesBelow(w.path('again.zkml'))).toEqual(before);
    const { constraints } = await w.json(linear('again.zkml', '--bits', '6'));
    expect((await w.json(['inspect', 'again.zkml'])).constraints).toBe(constraints);
    expect(filesBelow(w.path('again.zkml')).get('verifier/verifier.json')).not.toEqual(
      before.get('verifier/verifier.json'),
    );
  });

  // The superuser may write everywhere.
  test.skipIf(process.getuid?.() === 0)('a read-only folder is refused', async () => {
    mkdirSync(w.path('locked'));
    chmodSync(w.path('locked'), 0o500);
    const { code, stderr } = await w.run(linear('locked/a.zkml'));
    expect(code).toBe(2);
    expect(stderr).toContain('file-unwritable');
  });

  test('folders that are no artifact, and artifacts of other versions, are refused by name', async () => {
    mkdirSync(w.path('old.zkml'));
    writeFileSync(w.path('old.zkml', 'manifest.json'), '{"format": "zkmlc/artifact", "version": 0}');
    const sample = sampleOf('digits-linear');
    for (const command of [['inspect'], ['evaluate', '-i', sample], ['prove', '-i', sample, '-o', 'a.zkp']]) {
      const missing = await w.run([...command, 'nowhere.zkml']);
      expect(missing.code).toBe(1);
      expect(missing.stderr).toMatch(/bad-artifact: .*nowhere\.zkml/);
      const old = await w.run([...command, 'old.zkml']);
      expect(old.code).toBe(1);
      expect(old.stderr).toMatch(/wrong-version: .*run zkmlc compile again/);
    }
  });
});

describe('errors for machines', () => {
  test('are one JSON document on standard error', async () => {
    const { code, stdout, stderr } = await w.run(['verify', 'linear.zkml', 'nowhere.zkp', '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'file-missing', where: { file: 'nowhere.zkp' } } });
  });
});

test('inspect of Groth16 adds up: constraints of all nodes and ports, sizes of all files', async () => {
  await w.json(linear('rows.zkml', '--backend', 'r1cs'));
  const report = await w.json(['inspect', 'rows.zkml']);
  const nodes = report.nodes.reduce((n: number, node: { cost: { rows: number } }) => n + node.cost.rows, 0);
  expect(nodes + report.portCost.rows).toBe(report.constraints);
  expect(report.total.rows).toBe(report.constraints);
  expect(report.nodes.map((n: { op: string }) => n.op)).toEqual(['matmul', 'add']);
  expect(report.nodes[0].types[0]).toMatch(/^int<1x10, \[-\d+, \d+\], 2\^-\d+>$/);
  expect(report.nodes[0].weightBytes).toBe(2 * 640);
  const files = filesBelow(w.path('rows.zkml'));
  for (const { path, bytes } of report.files) expect(files.get(path)).toHaveLength(bytes);
  expect(report.files).toHaveLength(files.size - 1);
  const { stdout } = await w.run(['inspect', 'rows.zkml']);
  expect(stdout).toContain('development set-up');
  expect(stdout).toMatch(/total +\d+/);
});

test('inspect of the native prover shows parameters, soundness part by part, sizes and the statement', async () => {
  const report = await w.json(['inspect', 'linear.zkml']);
  const { soundness, proofBytes, proveBytes, weightCells, code } = report.figures;
  const error = soundness.reduce((sum: number, part: { bits: number }) => sum + 2 ** -part.bits, 0);
  expect(Math.floor(-Math.log2(error))).toBe(report.securityBits);
  expect(soundness.map((part: { name: string }) => part.name)).toEqual(
    expect.arrayContaining(['lookups', 'sumchecks', 'registration']),
  );
  expect(weightCells).toBe(650);
  expect(proveBytes).toBeGreaterThan(1e8);
  const sample = sampleOf('digits-linear');
  const { bytes } = await w.json(['prove', 'linear.zkml', '-i', sample, '-o', 'sized.zkp']);
  expect(proofBytes / bytes).toBeGreaterThan(0.75);
  expect(proofBytes / bytes).toBeLessThan(1.35);
  const files = filesBelow(w.path('linear.zkml'));
  for (const file of report.files) expect(files.get(file.path)).toHaveLength(file.bytes);
  const { stdout } = await w.run(['inspect', 'linear.zkml']);
  expect(stdout).toContain('a proof states: with its weights, the integer model maps input input (not shown)');
  expect(stdout).toMatch(/about 1\d\d bits, not zero-knowledge\n/);
  expect(stdout).toContain(`2^${code.logMessage} in 2^${code.logCode}, ${code.queries} rows opened`);
  // 40 rows of a code with messages of 16 words.
  expect(stdout).toContain('the opened rows determine every committed cell');
});

describe('opt', () => {
  const mlp = join(MODELS, 'digits-mlp', 'model.onnx');
  const pipeline = 'canonicalize,fold-constants,fuse,dead-code,calibrate,quantize{bits=6}';

  test('runs passes on ONNX, and on its own output from standard input', async () => {
    const data = join(MODELS, 'digits-mlp', 'calibration.npz');
    const first = await w.run(['opt', mlp, '--passes', 'canonicalize,fold-constants,fuse,dead-code']);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const second = await w.run(['opt', '-', '-p', 'calibrate,quantize{bits=6}', '--calibrate', data], {
      input: first.stdout,
    });
    expect(second).toMatchObject({ code: 0, stderr: '' });
    const whole = await w.run(['opt', mlp, '-p', pipeline, '--calibrate', data]);
    expect(whole.stdout).toBe(second.stdout);
    expect(whole.stdout).toContain('{stage = "int"}');
    expect((await w.run(['opt'], { input: whole.stdout })).stdout).toBe(whole.stdout);
  });

  test('names line and column of what is wrong in a text', async () => {
    writeFileSync(
      w.path('bad.zk'),
      'module @m {stage = "float"} {\n  graph(%x: f32<4>) {\n    return %y as "y"\n  }\n}\n',
    );
    const { code, stderr } = await w.run(['opt', 'bad.zk']);
    expect(code).toBe(1);
    expect(stderr).toContain('bad.zk:3:12');
  });

  test('refuses a pass that needs another stage, and uncalibrated models', async () => {
    expect((await w.run(['opt', mlp, '-p', 'quantize,fuse'])).code).toBe(2);
    expect((await w.run(['opt', mlp, '-p', 'calibrate'])).stderr).toContain('not-calibrated');
  });
});

test('ops and passes list everything, in every form', async () => {
  const ops = await w.json(['ops']);
  expect(ops.map((o: { name: string }) => o.name)).toEqual(standardOps.map((o) => o.name).sort());
  for (const o of ops) expect(o.doc.length).toBeGreaterThan(10);
  const passes = await w.json(['passes']);
  expect(passes.map((p: { name: string }) => p.name)).toEqual(standardPasses.map((p) => p.name).sort());
  const lists: readonly (readonly [string, readonly { readonly name: string }[]])[] = [
    ['ops', ops],
    ['passes', passes],
  ];
  for (const [command, list] of lists) {
    const { stdout } = await w.run([command, '--markdown']);
    expect(stdout.split('\n').filter((line) => line.startsWith('## '))).toEqual(list.map(({ name }) => `## ${name}`));
  }
  expect((await w.run(['ops'])).stdout).toContain('ONNX Conv (opset 6 to 28)');
});

test('doctor finds this machine fit, and leaves nothing behind', async () => {
  const { ok, checks } = await w.json(['doctor'], { env: { ZKMLC_CACHE: w.path('a', 'b') } });
  expect(ok).toBe(true);
  expect(checks.length).toBeGreaterThan(6);
  expect(existsSync(w.path('a'))).toBe(false);
  const broken = await w.run(['doctor'], { env: { TMPDIR: w.path('linear.zkml', 'manifest.json') } });
  expect(broken.code).toBe(1);
  expect(broken.stdout).toMatch(/problem +temporary folder: .*set TMPDIR/);
});

describe('interruption', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s during a compilation leaves nothing behind', async (signal) => {
    const before = leftovers(w);
    // Making Groth16 keys takes seconds: time enough for a signal to come before the end.
    const args = compileArguments('digits-resnet', 'stopped.zkml', '--backend', 'r1cs');
    const { code, stdout, stderr } = await w.run(args, {
      env: { ZKMLC_CACHE: w.path('stopped-cache') },
      onStart: async (kill) => {
        // The temporary folder stands beside the output: the work has begun.
        while (leftovers(w).length === before.length) await setTimeout(20);
        await setTimeout(300);
        kill(signal);
      },
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error interrupted: [^\n]*\n$/);
    expect(leftovers(w)).toEqual(before);
  });

  test('during a proof too', async () => {
    await w.json(linear('slow.zkml', '--backend', 'r1cs'));
    const before = leftovers(w);
    const { code, stderr } = await w.run(['prove', 'slow.zkml', '-i', sampleOf('digits-linear'), '-o', 'stopped.zkp'], {
      onStart: async (kill) => {
        // The folder of the witness.
        while (leftovers(w).length === before.length) await setTimeout(5);
        kill('SIGINT');
      },
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error interrupted: [^\n]*\n$/);
    expect(leftovers(w)).toEqual(before);
  });
});
