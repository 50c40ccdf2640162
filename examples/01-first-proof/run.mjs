// Compiles a model, proves its output for one input, and verifies the proof as somebody else would.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argmax, createCompiler, readTensors } from 'zkmlc';
import { prove, readModelPorts, verify } from 'zkmlc/runtime';

const model = join(import.meta.dirname, '..', 'models', 'digits-mlp');
const folder = mkdtempSync(join(tmpdir(), 'zkmlc-example-'));
const artifact = join(folder, 'digits.zkml');
const proof = join(folder, 'proof.zkp');
try {
  // Once per model: constraints and registered weights. The picture is part of the statement; to keep it secret, say
  // backend: 'r1cs' and leave the visibility out.
  const report = await createCompiler().compile({
    model: join(model, 'model.onnx'),
    calibration: join(model, 'calibration.npz'),
    visibility: { input: 'public' },
    output: artifact,
  });
  console.log(`compiled: ${report.constraints} constraints, root ${report.root.slice(0, 16)}…`);

  // Once per input: needs the whole artifact.
  const inputs = await readTensors(join(model, 'test_data_set_0'), await readModelPorts(artifact, 'input'), 'input');
  const { bytes } = await prove({ artifact, inputs, output: proof });
  console.log(`proved: ${bytes} bytes`);

  // Anyone, with the verifier's folder, the proof, and the root that they trust.
  const verdict = verify({ verifier: join(artifact, 'verifier'), proof, modelRoot: report.root });
  const logits = verdict.ports.find((p) => p.role === 'output');
  console.log(
    `verified: the digit is a ${argmax(logits.reals)}; ${verdict.securityBits} bits, set-up: ${verdict.setup}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
