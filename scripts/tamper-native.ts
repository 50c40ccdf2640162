// Changes every byte of a native proof and every value of its statement: every change must be refused.
// Run with `npx tsx scripts/tamper-native.ts`; exit code 1 if anything is accepted.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCompiler, Diagnostic, readTensors } from '../compiler/index.ts';
import { loadVerifier, prove, readModelPorts, verify, verifyBytes } from '../runtime/index.ts';

const example = fileURLToPath(new URL('../examples/models/digits-linear', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'zkmlc-tamper-'));
let tried = 0;
let accepted = 0;

try {
  const artifact = join(folder, 'model.zkml');
  const { root } = await createCompiler().compile({
    model: join(example, 'model.onnx'),
    calibration: join(example, 'calibration.npz'),
    dims: new Map([['batch', 1]]),
    visibility: { input: 'public' },
    backend: 'plonk',
    output: artifact,
  });
  const inputs = await readTensors(join(example, 'test_data_set_0'), await readModelPorts(artifact, 'input'), 'input');
  const path = join(folder, 'proof.zkp');
  await prove({ artifact, inputs, output: path });
  verify({ verifier: join(artifact, 'verifier'), proof: path, modelRoot: root });

  const verifier = loadVerifier(join(artifact, 'verifier'));
  const proof = Uint8Array.from(readFileSync(path));
  const attempt = (what: string, changed: Uint8Array): void => {
    tried++;
    try {
      verifyBytes(verifier, changed, 'proof.zkp');
    } catch (error) {
      if (error instanceof Diagnostic) return;
      throw error;
    }
    accepted++;
    console.log(`accepted: ${what}`);
  };
  // The file holds the statement's values too: all of its bytes are tried, one bit and all bits.
  for (let i = 0; i < proof.length; i++)
    for (const mask of [1 << (i % 8), 255]) attempt(`byte ${i} xor ${mask}`, proof.with(i, proof[i]! ^ mask));
  for (let length = 0; length < proof.length; length += 97) attempt(`cut to ${length}`, proof.subarray(0, length));
  attempt('a byte more', Uint8Array.of(...proof, 0));
  console.log(`${proof.length} bytes: ${tried} changes tried, ${accepted} accepted`);
  process.exitCode = accepted === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
