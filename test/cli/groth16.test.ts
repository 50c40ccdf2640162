// Groth16 through the command line: development keys, secrets that stay secret, commitments, the same integers from Circom.
import { readFileSync, rmSync, statSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { interval } from '../../compiler/ir/interval.ts';
import { commitPort, portPacking } from '../../compiler/ir/poseidon.ts';
import { compileArguments, createWorkplace, filesBelow, type Json, sampleOf } from './command.ts';

const w = createWorkplace('groth16');
afterAll(() => w.remove());

const compileLinear = (output: string, ...more: readonly string[]): readonly string[] =>
  compileArguments('digits-linear', output, '--dim', 'batch=1', ...more);
const linear = (output: string, ...more: readonly string[]): readonly string[] =>
  compileLinear(output, '--backend', 'r1cs', ...more);
const proveLinear = (name: string): readonly string[] => [
  'prove',
  `${name}.zkml`,
  '-i',
  sampleOf('digits-linear'),
  '-o',
  `${name}.zkp`,
];

let compiled: Json;
beforeAll(async () => {
  compiled = await w.json(linear('linear.zkml'));
  await w.json(proveLinear('linear'));
});
const verifyArguments = ['verify', 'linear.zkml/verifier', 'linear.zkp'];

test('a verdict names the set-up and hides the input; nobody is warned of secrets that are safe', async () => {
  const { stdout } = await w.run(verifyArguments);
  expect(stdout).toContain('input input [1, 64] private\n');
  expect(stdout).toMatch(/about 100 bits, zero-knowledge\)/);
  expect(stdout).toContain('development set-up: whoever made it can forge');
  expect(await w.json(verifyArguments)).toMatchObject({
    accepted: true,
    proofSystem: 'groth16-bn254',
    backend: 'r1cs',
    constraints: compiled.constraints,
    setup: 'development set-up: whoever made it can forge',
    production: false,
    zeroKnowledge: true,
  });
  for (const args of [linear('asked.zkml', '--visibility', 'input=private'), proveLinear('asked')])
    expect((await w.run(args)).stdout).not.toContain('not zero-knowledge');
});

test('production refuses development keys', async () => {
  const { code, stderr } = await w.run([...verifyArguments, '--production']);
  expect(code).toBe(1);
  expect(stderr).toContain('development-setup');
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
  const { constraints } = await w.json(compileLinear('circom.zkml', '--backend', 'circom'));
  await w.json(proveLinear('circom'));
  const verdict = await w.json(['verify', 'circom.zkml', 'circom.zkp']);
  expect(verdict).toMatchObject({ accepted: true, backend: 'circom', constraints });
  const { outputs } = await w.json(['evaluate', 'first.zkml', '-i', sampleOf('digits-linear')]);
  expect(verdict.ports[1].integers).toEqual(outputs[0].integers);
});
