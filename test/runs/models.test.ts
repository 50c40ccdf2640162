// The project's own models in slices: every one gives exactly the integers of the unsliced model, and its run verifies.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createCompiler, evaluateModule, readTensors, sliceModule } from '../../compiler/index.ts';
import { plonk } from '../../compiler/passes/cost/plonk.ts';
import { encodeInputs, proveRun, readModelDescription, verifyRun } from '../../runtime/index.ts';
import { ROOT } from '../laws/source-files.ts';

const models = join(ROOT, 'examples', 'models');
const names = readdirSync(models).filter((name) => existsSync(join(models, name, 'model.onnx')));
/** Models with a dynamic batch. */
const DYNAMIC: readonly string[] = ['digits-linear', 'sensor-regression'];
const folder = mkdtempSync(join(tmpdir(), 'zkmlc-models-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('there are models', () => {
  expect(names.length).toBeGreaterThan(3);
});

test.each(names)('%s', async (name) => {
  const from = join(models, name);
  const [artifact, output] = [join(folder, `${name}.zkml`), join(folder, `${name}.zkp`)];
  const compiler = createCompiler();
  const { ops } = compiler.registries;
  const source = {
    model: join(from, 'model.onnx'),
    calibration: join(from, 'calibration.npz'),
    ...(DYNAMIC.includes(name) && { dims: new Map([['batch', 1]]) }),
  };
  const { slicing, root } = await compiler.compile({
    ...source,
    output: artifact,
    slice: (int) =>
      sliceModule(
        int,
        { objective: { kind: 'largest' }, limits: { slices: name === 'digits-resnet' ? 5 : 2 } },
        { ops, costModel: plonk },
      ),
  });
  expect(slicing!.slices.length).toBeGreaterThan(1);
  const { ports } = await readModelDescription(artifact);
  const inputs = await readTensors(
    join(from, 'test_data_set_0'),
    ports.filter((p) => p.role === 'input').map(({ name, shape, dtype = 'float32' }) => ({ name, shape, dtype })),
    'input',
  );
  await proveRun({ artifact, inputs, output });
  const verdict = verifyRun({ verifier: join(artifact, 'verifier'), run: output, modelRoot: root });
  expect(verdict.coverage.complete).toBe(true);
  const { int } = await compiler.load(source);
  const expected = evaluateModule(int, ops, encodeInputs(ports, inputs).integers);
  for (const o of verdict.ports.filter((p) => p.role === 'output'))
    expect(o.integers).toEqual([...expected.get(o.name)!.data]);
});
