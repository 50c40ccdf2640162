// A model cut into slices that are proved one by one and linked by commitments; then an audit of two of them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createCompiler,
  evaluateModule,
  evaluateSlices,
  findCostModel,
  readTensors,
  sliceModule,
  sliceModules,
} from 'zkmlc';
import {
  commitOnly,
  drawAudit,
  encodeAudit,
  encodeInputs,
  freshSeed,
  loadRun,
  proveRun,
  readModelDescription,
  readRun,
  verifyRun,
} from 'zkmlc/runtime';

const model = join(import.meta.dirname, '..', 'models', 'digits-resnet');
const folder = mkdtempSync(join(tmpdir(), 'zkmlc-slices-'));
const [artifact, run, verifier] = ['model.zkml', 'run.zkp', 'model.zkml/verifier'].map((name) => join(folder, name));
try {
  // The pipeline: front end and passes, then cuts of our own choice: four slices, the largest as small as possible.
  const compiler = createCompiler();
  const { ops, costModels } = compiler.registries;
  const request = { objective: { kind: 'largest' }, limits: { slices: 4 } };
  const slice = (int) => sliceModule(int, request, { ops, costModel: findCostModel(costModels, 'plonk') });
  const source = { model: join(model, 'model.onnx'), calibration: join(model, 'calibration.npz') };
  const { int } = await compiler.load(source);
  const slicing = slice(int);
  await compiler.compile({ ...source, output: artifact, visibility: { input: 'public' }, slice });

  // Slice by slice the model computes what it computes as a whole.
  const { ports } = await readModelDescription(artifact);
  const inputs = await readTensors(
    join(model, 'test_data_set_0'),
    ports.filter((p) => p.role === 'input'),
    'input',
  );
  const { integers } = encodeInputs(ports, inputs);
  const whole = evaluateModule(int, ops, integers).get('logits').data;
  const parts = evaluateSlices(sliceModules(int, slicing), slicing, ops, integers).get('logits').data;
  console.log(
    `slices: ${slicing.slices.map((s) => s.nodes.length).join(' + ')} nodes, same integers: ${String(whole) === String(parts)}`,
  );

  await proveRun({ artifact, inputs, output: run });
  const proved = verifyRun({ verifier, run });
  console.log(`proved: ${proved.coverage.complete ? 'the whole run' : 'a part'}, ${proved.links} links between slices`);

  // An audit: commitments first, then the slices to prove are drawn.
  const [committed, audit, answer] = ['run.zkc', 'audit.json', 'answer.zkp'].map((name) => join(folder, name));
  await commitOnly({ artifact, inputs, output: committed });
  const { slices } = loadRun(verifier).description;
  const drawn = drawAudit(readRun(committed).statement, slices, { kind: 'sample', count: 2 }, freshSeed());
  writeFileSync(audit, encodeAudit(drawn));
  await proveRun({ artifact, committed, audit, output: answer });
  const [caught] = verifyRun({ verifier, run: answer, audit }).audit.detection;
  console.log(
    `audited: ${drawn.slices.length} of ${slices.length} slices; cheating in one is caught with probability ${caught.toFixed(2)}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
