// The whole road through the command line: compile, evaluate, prove, verify; and proofs that must be refused.
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { interval } from '../../compiler/ir/interval.ts';
import { commitPort, portPacking } from '../../compiler/ir/poseidon.ts';
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
    expect(stdout).toContain('input input [1, 64] private');
    expect(stdout).toMatch(/output logits \[1, 10\] = -?\d/);
    expect(stdout).toContain('development set-up: whoever made it can forge');
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
      proofSystem: 'groth16-bn254',
      backend: 'r1cs',
      constraints: compiled.constraints,
      setup: 'development set-up: whoever made it can forge',
      production: false,
      zeroKnowledge: true,
    });
    expect(verdict.securityBits).toBeGreaterThan(80);
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

  test('production refuses development keys', async () => {
    const { code, stderr } = await w.run([...verifyArguments, '--production']);
    expect(code).toBe(1);
    expect(stderr).toContain('development-setup');
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
    ['a bit of a public signal', flip((n) => n - 256 - 10)],
    ['the first bit of the proof', flip((n) => n - 256)],
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

  test('committed inputs are bound by a commitment that the opening opens', async () => {
    await w.json(linear('committed.zkml', '--visibility', 'input=committed'));
    const { openings } = await w.json(proveLinear('committed'));
    expect(statSync(w.path(openings)).mode & 0o777).toBe(0o600);
    const verdict = await w.json(['verify', 'committed.zkml', 'committed.zkp']);
    const opening = JSON.parse(readFileSync(w.path(openings), 'utf8'));
    expect(opening.root).toBe(verdict.root);
    const [port] = opening.ports;
    const { lo, hi } = JSON.parse(readFileSync(w.path('committed.zkml', 'verifier', 'verifier.json'), 'utf8')).ports[0];
    const packing = portPacking(port.shape, interval(lo, hi));
    const commitment = commitPort(port.integers, packing, BigInt(port.blinding)).toString();
    expect(commitment).toBe(verdict.ports[0].commitment);
    expect(verdict.ports[0].integers).toBeUndefined();
    // Another proof of the same input shows another commitment: nothing links the two.
    const again = await w.json(proveLinear('committed'));
    expect(again.ports[0].commitment).not.toBe(commitment);
  });

  test('compile gives the same bytes on every run, except for secrets of the set-up', async () => {
    await w.json(linear('first.zkml'));
    await w.json(linear('second.zkml'));
    await w.json(linear('third.zkml'), { env: { ZKMLC_CACHE: w.path('other-cache') } });
    const [first, second, third] = ['first', 'second', 'third'].map((name) => filesBelow(w.path(`${name}.zkml`)));
    expect(first!.size).toBeGreaterThan(5);
    expect(second).toEqual(first);
    expect([...third!.keys()]).toEqual([...first!.keys()]);
    const differing = [...first!].filter(([path, bytes]) => !bytes.equals(third!.get(path)!)).map(([path]) => path);
    expect(differing).toEqual(['manifest.json', 'prover/proving.zkey', 'verifier/verification.key']);
    const [a, b] = [first!, third!].map((files) => JSON.parse(files.get('manifest.json')!.toString()));
    const secret = ['prover/proving.zkey', 'verifier/verification.key'];
    for (const m of [a, b]) for (const path of secret) delete m.files[path];
    expect(b).toEqual(a);
    rmSync(w.path('other-cache'), { recursive: true });
  });

  test('the Circom backend proves the same integers', async () => {
    const { constraints } = await w.json(linear('circom.zkml', '--backend', 'circom'));
    await w.json(proveLinear('circom'));
    const verdict = await w.json(['verify', 'circom.zkml', 'circom.zkp']);
    expect(verdict).toMatchObject({ accepted: true, backend: 'circom', constraints });
    const { outputs } = await w.json(['evaluate', 'first.zkml', '-i', sampleOf('digits-linear')]);
    expect(verdict.ports[1].integers).toEqual(outputs[0].integers);
  });
});
