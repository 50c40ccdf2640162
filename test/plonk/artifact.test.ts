// The native prover from model file to verdict: no set-up, the same bytes every time, and refusals as for other backends.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCompiler, evaluateBoth, readTensors } from '../../compiler/index.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { prove, readModelPorts, verify } from '../../runtime/index.ts';

const model = fileURLToPath(new URL('../../examples/models/digits-mlp/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'zkmlc-plonk-'));
const [artifact, proof] = [join(folder, 'model.zkml'), join(folder, 'proof.zkp')];
const options = { model: join(model, 'model.onnx'), calibration: join(model, 'calibration.npz'), backend: 'plonk' };
let root = '';
let inputs: ReadonlyMap<string, Tensor> = new Map();

beforeAll(async () => {
  root = (await createCompiler().compile({ ...options, output: artifact })).root;
  inputs = await readTensors(join(model, 'test_data_set_0'), await readModelPorts(artifact, 'input'), 'input');
  await prove({ artifact, inputs, output: proof });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function code(run: () => unknown): string {
  try {
    run();
    return 'accepted';
  } catch (e) {
    if (e instanceof Diagnostic) return e.code;
    throw e;
  }
}

it('a verdict shows the integers that the model evaluates to, and says that nothing is hidden', async () => {
  const verdict = verify({ verifier: join(artifact, 'verifier'), proof, modelRoot: root, production: true });
  expect(verdict).toMatchObject({ proofSystem: 'plonk-koalabear', zeroKnowledge: false, rootCompared: true });
  expect(verdict.securityBits).toBeGreaterThanOrEqual(100);
  const compiler = createCompiler();
  const expected = evaluateBoth(await compiler.load(options), compiler.registries.ops, inputs).outputs[0]!;
  expect(verdict.ports.find((p) => p.role === 'output')?.integers).toEqual([...expected.integers.data]);
});

it('compiling again gives the same model root: nothing is random', async () => {
  const output = join(folder, 'again.zkml');
  expect((await createCompiler().compile({ ...options, output })).root).toBe(root);
});

it('weights committed to otherwise, and rows changed on disk, are refused, and no proof is written', async () => {
  const copy = join(folder, 'copy.zkml');
  cpSync(artifact, copy, { recursive: true });
  const file = join(copy, 'prover/weights.code');
  const bytes = readFileSync(file);
  const output = join(folder, 'none.zkp');
  const attempt = (): Promise<string> =>
    prove({ artifact: copy, inputs, output }).then(
      () => 'accepted',
      (e: unknown) => (e instanceof Diagnostic ? e.code : String(e)),
    );
  // A hash of a row, and the first word of all rows.
  const hashes = Buffer.from(bytes);
  hashes.writeUInt8(hashes[20]! ^ 1, 20);
  writeFileSync(file, hashes);
  expect(await attempt()).toBe('bad-artifact');
  const [width, rows] = [bytes.readUInt32LE(8), bytes.readUInt32LE(12)];
  const words = Buffer.from(bytes);
  for (let row = 0; row < rows; row++) words[16 + 32 * rows + 4 * width * row]! ^= 1;
  writeFileSync(file, words);
  expect(await attempt()).toBe('bad-artifact');
  rmSync(file);
  expect(await attempt()).toBe('file-missing');
  expect(existsSync(output)).toBe(false);
});

it('changed statements, proofs, keys and roots are refused', () => {
  const bytes = readFileSync(proof);
  const changed = join(folder, 'changed.zkp');
  const withBytes = (edit: (b: Buffer) => void): string => {
    const copy = Buffer.from(bytes);
    edit(copy);
    writeFileSync(changed, copy);
    return code(() => verify({ verifier: join(artifact, 'verifier'), proof: changed }));
  };
  const digit = bytes.indexOf('"signals":["') + 12;
  expect(withBytes((b) => b.writeUInt8(b[digit] === 0x31 ? 0x32 : 0x31, digit))).toBe('proof-refused');
  expect(withBytes((b) => b.writeUInt8(b[b.length - 1]! ^ 1, b.length - 1))).toBe('proof-refused');
  expect(code(() => verify({ verifier: join(artifact, 'verifier'), proof, modelRoot: '0'.repeat(64) }))).toBe(
    'wrong-root',
  );
  const other = join(folder, 'verifier');
  cpSync(join(artifact, 'verifier'), other, { recursive: true });
  const key = readFileSync(join(other, 'verification.key'));
  key.writeUInt8(key[key.length - 1]! ^ 1, key.length - 1);
  writeFileSync(join(other, 'verification.key'), key);
  expect(code(() => verify({ verifier: other, proof }))).toBe('bad-verification-key');
});

/** Signal and progress of an operation that is aborted when it begins something. */
function abortedAt(begin: (stage: string, fraction: number | undefined) => boolean): {
  readonly signal: AbortSignal;
  readonly onProgress: (stage: string, fraction?: number) => void;
  readonly seen: (readonly [string, number | undefined])[];
} {
  const abort = new AbortController();
  const seen: (readonly [string, number | undefined])[] = [];
  const onProgress = (stage: string, fraction?: number): void => {
    seen.push([stage, fraction]);
    if (begin(stage, fraction)) abort.abort(new Diagnostic('interrupted', 'stopped by a test'));
  };
  return { signal: abort.signal, onProgress, seen };
}

it('a proof shows its phases in order, with the memory that it is expected to take before it starts', async () => {
  const { onProgress, seen } = abortedAt(() => false);
  const output = join(folder, 'watched.zkp');
  const onEstimate = ({ proveBytes }: { readonly proveBytes: number }): void => {
    expect(seen.map(([stage]) => stage)).toEqual(['loading the circuit']);
    expect(proveBytes).toBeGreaterThan(1e8);
    expect(proveBytes).toBeLessThan(1e9);
  };
  const report = await prove({ artifact, inputs, output, onProgress, onEstimate });
  expect(report.zeroKnowledge).toBe(false);
  const proving = seen.filter(([stage]) => stage.startsWith('proving: '));
  expect(new Set(proving.map(([stage]) => stage)).size).toBe(6);
  const fractions = proving.map(([, fraction]) => fraction ?? -1);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(fractions[0]).toBe(0);
});

it.each(['computing the witness', 'proving: commit', 'proving: lookups', 'proving: opening', 'verifying the proof'])(
  'a proof interrupted at "%s" leaves nothing behind',
  async (stage) => {
    const before = readdirSync(folder);
    const { signal, onProgress } = abortedAt((s) => s === stage);
    const output = join(folder, 'interrupted.zkp');
    await expect(prove({ artifact, inputs, output, onProgress, signal })).rejects.toThrow('stopped by a test');
    expect(readdirSync(folder)).toEqual(before);
  },
);

it.each([0, 0.2, 0.65])(
  'a compilation interrupted when %f of a registration is done leaves nothing behind',
  async (at) => {
    const before = readdirSync(folder);
    const { signal, onProgress, seen } = abortedAt((s, done) => s === 'registering the weights' && (done ?? 0) >= at);
    const output = join(folder, 'interrupted.zkml');
    await expect(createCompiler().compile({ ...options, output, onProgress, signal })).rejects.toThrow(
      'stopped by a test',
    );
    expect(readdirSync(folder)).toEqual(before);
    // It stops where it is told to, not when the registration is complete.
    expect(seen.at(-1)![1] ?? 0).toBeLessThan(at + 0.2);
  },
);

it('plonk is the backend where none is named', async () => {
  const output = join(folder, 'default.zkml');
  const { backend: _, ...unnamed } = options;
  const report = await createCompiler().compile({ ...unnamed, output });
  expect(report).toMatchObject({ backend: 'plonk', root, zeroKnowledge: false, notShown: ['input'] });
});

it('a field that is too small for a model is refused with the way out', async () => {
  const output = join(folder, 'wide.zkml');
  await expect(createCompiler().compile({ ...options, bits: 16, output })).rejects.toThrow(/try --backend r1cs/);
});
