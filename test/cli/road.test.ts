// The whole road through the command line: compile, evaluate, prove, verify; and proofs that must be refused.
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeProofFile, encodeProofFile } from '../../runtime/index.ts';
import { compileArguments, createWorkplace, filesBelow, type Json, leftovers, sampleOf } from './command.ts';

const w = createWorkplace('road');
afterAll(() => w.remove());

let compiled: Json;
beforeAll(async () => {
  compiled = await w.json(compileArguments('digits-mlp', 'mlp.zkml'));
  await w.json(['prove', 'mlp.zkml', '-i', sampleOf('digits-mlp'), '-o', 'mlp.zkp']);
});

const verifyArguments = ['verify', 'mlp.zkml/verifier', 'mlp.zkp'];

/** A copy of the proof with some bytes changed. */
function tampered(name: string, change: (bytes: Buffer) => Uint8Array): string {
  writeFileSync(w.path(name), change(readFileSync(w.path('mlp.zkp'))));
  return name;
}

describe('an accepted proof', () => {
  test('the verdict for people names model, statement, set-up, and that the root was not compared', async () => {
    const { code, stdout } = await w.run(verifyArguments);
    expect(code).toBe(0);
    expect(stdout).toContain('accepted: digits-mlp');
    expect(stdout).toContain('input input [1, 64] not shown, but not hidden: the proof can reveal it');
    expect(stdout).toContain('not zero-knowledge');
    expect(stdout).toMatch(/output logits \[1, 10\] = -?\d/);
    expect(stdout).toContain('set-up: none: nothing about the key is secret');
    expect(stdout).toContain(`model root ${compiled.root} (not compared`);
  });

  test('the statement for machines holds the integers of the integer model, bit for bit', async () => {
    const verdict = await w.json(verifyArguments);
    const evaluation = await w.json(['evaluate', 'mlp.zkml', '-i', sampleOf('digits-mlp')]);
    expect(verdict).toMatchObject({
      accepted: true,
      model: 'digits-mlp',
      root: compiled.root,
      rootCompared: false,
      proofSystem: 'plonk-koalabear',
      backend: 'plonk',
      constraints: compiled.constraints,
      setup: 'none: nothing about the key is secret',
      production: true,
      zeroKnowledge: false,
    });
    expect(verdict.securityBits).toBeGreaterThanOrEqual(100);
    const [input, output] = verdict.ports;
    expect(input).toEqual({ name: 'input', role: 'input', visibility: 'private', shape: [1, 64], scale: input.scale });
    expect(output).toMatchObject({ name: 'logits', role: 'output', visibility: 'public', shape: [1, 10] });
    expect(output.integers).toEqual(evaluation.outputs[0].integers);
    expect(output.reals).toEqual(evaluation.outputs[0].quantized);
  });

  test('evaluate compares with the expected outputs', async () => {
    const sample = sampleOf('digits-mlp');
    const { outputs, saturations, inputsOutsideRange } = await w.json([
      'evaluate',
      'mlp.zkml',
      '-i',
      sample,
      '--expect',
      sample,
    ]);
    const [logits] = outputs;
    expect(logits.expected.integer.relative).toBeLessThan(0.05);
    expect(logits.expected.float.relative).toBeLessThan(1e-5);
    expect(logits.top1.integer).toEqual(logits.top1.expected);
    expect(inputsOutsideRange).toBe(0);
    expect(saturations).toEqual([]);
  });

  test("the verifier's folder and the proof are enough, anywhere", async () => {
    const other = createWorkplace('verifier');
    try {
      cpSync(w.path('mlp.zkml', 'verifier'), other.path('verifier'), { recursive: true });
      cpSync(w.path('mlp.zkp'), other.path('proof.zkp'));
      expect(await other.json(['verify', 'verifier', 'proof.zkp', '--model-root', compiled.root])).toMatchObject({
        accepted: true,
        rootCompared: true,
      });
    } finally {
      other.remove();
    }
    cpSync(w.path('mlp.zkml'), w.path('bare.zkml'), { recursive: true });
    rmSync(w.path('bare.zkml', 'prover'), { recursive: true });
    expect(await w.json(['verify', 'bare.zkml', 'mlp.zkp'])).toMatchObject({ accepted: true });
  });

  test('leaves nothing but the proof', () => {
    expect(leftovers(w).map((path) => path.slice(w.folder.length + 1))).toEqual(
      expect.arrayContaining(['mlp.zkml', 'mlp.zkp']),
    );
    expect(leftovers(w).filter((path) => path.includes('zkmlc-') && !path.startsWith(w.folder))).toEqual([]);
  });
});

describe('what a verifier trusts', () => {
  test('the model root is compared, in either case', async () => {
    const right = await w.run([...verifyArguments, '--model-root', compiled.root.toUpperCase()]);
    expect(right.code).toBe(0);
    expect(right.stdout).toContain('(the one you gave)');
    const wrong = await w.run([...verifyArguments, '--model-root', `${'0'.repeat(63)}1`]);
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain('wrong-root');
    expect((await w.run([...verifyArguments, '--model-root', 'abc'])).code).toBe(2);
    expect((await w.run(['root', 'mlp.zkml'])).stdout.trim()).toBe(compiled.root);
  });

  test('production is satisfied: there is no set-up whose maker could forge', async () => {
    expect((await w.run([...verifyArguments, '--production'])).code).toBe(0);
  });

  test('an artifact of another model has another root, and refuses the proof', async () => {
    await w.json(compileArguments('digits-mlp', 'narrow.zkml', '--bits', '6'));
    const { code, stderr } = await w.run(['verify', 'narrow.zkml/verifier', 'mlp.zkp']);
    expect(code).toBe(1);
    expect(stderr).toContain('wrong-root');
    // The same after the forger writes the right root into the proof.
    const { root } = await w.json(['root', 'narrow.zkml']);
    tampered('rooted.zkp', (bytes) => encodeProofFile({ ...decodeProofFile(bytes), root }));
    const forged = await w.run(['verify', 'narrow.zkml/verifier', 'rooted.zkp']);
    expect(forged.code).toBe(1);
    expect(forged.stderr).toMatch(/proof-refused/);
  });
});

describe('changed proofs', () => {
  const flip = (at: (length: number) => number) => (bytes: Buffer) => {
    const i = at(bytes.length);
    return bytes.with(i, bytes[i]! ^ 1);
  };
  test.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['a bit of the magic', flip(() => 0)],
    ['a bit of the length', flip(() => 8)],
    ['a bit of the root', flip(() => 25)],
    ['a bit of a public signal', (bytes) => flip(() => bytes.indexOf('"signals":["') + 12)(bytes)],
    ['the first bit of the proof', (bytes) => flip((n) => n - decodeProofFile(bytes).proof.length)(bytes)],
    ['the last bit of the proof', flip((n) => n - 1)],
    ['cut short', (bytes) => bytes.subarray(0, -1)],
    ['a byte more', (bytes) => Buffer.concat([bytes, Buffer.of(0)])],
    ['nothing', () => Buffer.of()],
    [
      'one output by one',
      (bytes) => {
        const file = decodeProofFile(bytes);
        return encodeProofFile({ ...file, signals: file.signals.with(0, file.signals[0]! + 1n) });
      },
    ],
  ])('%s', async (_, change) => {
    const { code, stdout, stderr } = await w.run(['verify', 'mlp.zkml/verifier', tampered('changed.zkp', change)]);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error [a-z-]+: .*changed\.zkp.*\n$/);
  });

  test("a changed verifier's key refuses the honest proof", async () => {
    cpSync(w.path('mlp.zkml', 'verifier'), w.path('other'), { recursive: true });
    const path = w.path('other', 'verification.key');
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1));
    const { code, stdout, stderr } = await w.run(['verify', 'other', 'mlp.zkp']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error [a-z-]+: .*\n$/);
  });

  test('a changed file of the prover is found before it is used', async () => {
    cpSync(w.path('mlp.zkml'), w.path('damaged.zkml'), { recursive: true });
    const path = join('prover', 'circuit.bin');
    const bytes = readFileSync(w.path('damaged.zkml', path));
    writeFileSync(w.path('damaged.zkml', path), bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1));
    const prove = ['prove', 'damaged.zkml', '-i', sampleOf('digits-mlp'), '-o', 'damaged.zkp'];
    const { code, stderr } = await w.run(prove);
    expect(code).toBe(1);
    expect(stderr).toMatch(/bad-artifact: .*circuit\.bin/);
    expect(leftovers(w).filter((p) => p.includes('damaged.zkp'))).toEqual([]);
  });
});

describe('inputs outside the declared range', () => {
  const pixels = Array.from({ length: 64 }, (_, i) => (i === 5 ? 9.5 : i / 64));

  test('are refused with name, index and value', async () => {
    writeFileSync(w.path('bright.json'), JSON.stringify({ input: [pixels] }));
    const { code, stderr } = await w.run(['prove', 'mlp.zkml', '-i', 'bright.json', '-o', 'bright.zkp']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/input-out-of-range: input "input"\[5\] is 9\.5/);
  });

  test('are saturated and counted where the user asks for it', async () => {
    writeFileSync(w.path('flat.json'), JSON.stringify({ input_data: [pixels] }));
    const report = await w.json(['prove', 'mlp.zkml', '-i', 'flat.json', '-o', 'flat.zkp', '--clamp-input']);
    expect(report.clamped).toBe(1);
    const evaluation = await w.json(['evaluate', 'mlp.zkml', '-i', 'flat.json']);
    expect(evaluation.inputsOutsideRange).toBe(1);
    const { ports } = await w.json(['verify', 'mlp.zkml', 'flat.zkp']);
    expect(ports[1].integers).toEqual(evaluation.outputs[0].integers);
  });
});

describe('visibility', () => {
  const linear = (output: string, ...more: readonly string[]): readonly string[] =>
    compileArguments('digits-linear', output, '--dim', 'batch=1', ...more);
  const proveLinear = (name: string): readonly string[] => [
    'prove',
    `${name}.zkml`,
    '-i',
    sampleOf('digits-linear'),
    '-o',
    `${name}.zkp`,
  ];

  test('public inputs are part of the statement', async () => {
    await w.json(linear('public.zkml', '--visibility', 'input=public'));
    await w.json(proveLinear('public'));
    const [input] = (await w.json(['verify', 'public.zkml', 'public.zkp'])).ports;
    expect(input.visibility).toBe('public');
    expect(input.integers).toHaveLength(64);
    const numerator = (k: number): number => Math.round(input.reals[k] * 16);
    for (let k = 0; k < 64; k++) expect(input.reals[k]).toBe(numerator(k) / 16);
  });

  test('compile gives the same bytes on every run: nothing is random', async () => {
    await w.json(linear('first.zkml'));
    await w.json(linear('second.zkml'), { env: { ZKMLC_CACHE: w.path('other-cache') } });
    const [first, second] = ['first', 'second'].map((name) => filesBelow(w.path(`${name}.zkml`)));
    expect(first!.size).toBeGreaterThan(5);
    expect(second).toEqual(first);
    expect(existsSync(w.path('other-cache'))).toBe(false);
  });

  test.each([
    ['input=private', /not-zero-knowledge: input=private .*leave it out if the input need not be hidden/],
    ['output=private', /not-zero-knowledge: output=private /],
    ['weights=private', /not-zero-knowledge: weights=private /],
    ['input=committed', /unsupported-visibility: input=committed/],
    ['output=committed', /unsupported-visibility: output=committed/],
    ['weights=committed', /unsupported-visibility: weights=committed/],
  ])('%s is refused, because these proofs hide nothing, and the way out is named', async (visibility, message) => {
    const { code, stderr } = await w.run(linear('secret.zkml', '--visibility', visibility));
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('--backend r1cs');
    expect(existsSync(w.path('secret.zkml'))).toBe(false);
  });

  test('a ceremony without a set-up is a misunderstanding', async () => {
    const { code, stderr } = await w.run(linear('ceremony.zkml', '--ptau', 'powers.ptau'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/no-setup: .*--backend r1cs/);
  });

  test('compile, prove and inspect warn where an input is not shown, and only there', async () => {
    const warning = 'not zero-knowledge: a proof can reveal input; to keep that secret, compile with --backend r1cs';
    expect((await w.run(linear('unshown.zkml'))).stdout).toContain(warning);
    expect((await w.run(proveLinear('unshown'))).stdout).toContain(warning);
    expect((await w.run(['inspect', 'unshown.zkml'])).stdout).toContain(warning);
    expect((await w.run(proveLinear('public'))).stdout).toMatch(/\nnot zero-knowledge\n$/);
  });
});
