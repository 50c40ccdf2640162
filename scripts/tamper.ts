// Changes every byte of a Groth16 proof file and of the verifier's files of a compiled model: every change must be refused.
// Run with `npx tsx scripts/tamper.ts` after `npm run build`; exit code 1 if anything is accepted.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCompiler, Diagnostic, readTensors } from '../compiler/index.ts';
import { loadVerifier, prove, readModelPorts, verify, verifyBytes } from '../runtime/index.ts';

const example = fileURLToPath(new URL('../examples/models/digits-linear', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'zkmlc-tamper-'));
let tried = 0;
let accepted = 0;

/** Runs a verification that must be refused. */
function attempt(what: string, run: () => unknown): void {
  tried++;
  try {
    run();
  } catch (error) {
    if (error instanceof Diagnostic) return;
    throw error;
  }
  accepted++;
  console.log(`accepted: ${what}`);
}

/** Copies with one changed byte: each bit flipped, and all bits. */
function* changes(bytes: Uint8Array): Generator<readonly [what: string, changed: Uint8Array]> {
  for (let i = 0; i < bytes.length; i++)
    for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 255])
      yield [`byte ${i} xor ${mask}`, bytes.with(i, bytes[i]! ^ mask)];
}

try {
  const artifact = join(folder, 'model.zkml');
  const { root } = await createCompiler().compile({
    model: join(example, 'model.onnx'),
    calibration: join(example, 'calibration.npz'),
    dims: new Map([['batch', 1]]),
    backend: 'r1cs',
    output: artifact,
  });
  const sample = join(example, 'test_data_set_0');
  const inputs = await readTensors(sample, await readModelPorts(artifact, 'input'), 'input');
  const proofPath = join(folder, 'proof.zkp');
  await prove({ artifact, inputs, output: proofPath });
  const verifierPath = join(artifact, 'verifier');
  verify({ verifier: verifierPath, proof: proofPath, modelRoot: root });

  const verifier = loadVerifier(verifierPath);
  const proof = Uint8Array.from(readFileSync(proofPath));
  for (const [what, changed] of changes(proof))
    attempt(`proof, ${what}`, () => verifyBytes(verifier, changed, 'proof.zkp'));
  for (let length = 0; length < proof.length; length++)
    attempt(`proof cut to ${length} bytes`, () => verifyBytes(verifier, proof.subarray(0, length), 'proof.zkp'));
  attempt('proof with a byte more', () => verifyBytes(verifier, Uint8Array.of(...proof, 0), 'proof.zkp'));

  const other = join(folder, 'verifier');
  mkdirSync(other);
  for (const name of ['verifier.json', 'verification.key']) {
    const files = ['verifier.json', 'verification.key'].map(
      (file) => [file, readFileSync(join(verifierPath, file))] as const,
    );
    for (const [file, bytes] of files) writeFileSync(join(other, file), bytes);
    for (const [what, changed] of changes(Uint8Array.from(readFileSync(join(verifierPath, name))))) {
      writeFileSync(join(other, name), changed);
      // Without a trusted root: the proof itself names the root of its model.
      attempt(`${name}, ${what}`, () => verify({ verifier: other, proof: proofPath }));
    }
  }
  console.log(`${tried} changes tried, ${accepted} accepted`);
  process.exitCode = accepted === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
