// How many bits does a model need? Accuracy of the integer model on digits that it has never seen, next to the float model.
import { join } from 'node:path';
import { argmax, createCompiler, evaluateBoth, readSamples } from 'zkmlc';

const folder = join(import.meta.dirname, '..', 'models', 'digits-mlp');
const compiler = createCompiler();
for (const bits of [3, 4, 6, 8]) {
  const model = await compiler.load({
    model: join(folder, 'model.onnx'),
    calibration: join(folder, 'calibration.npz'),
    bits,
  });
  const label = { name: 'label', shape: [1], dtype: 'int64' };
  const samples = await readSamples(join(folder, 'heldout.npz'), [...model.inputs, label]);
  let [integer, float] = [0, 0];
  for (const sample of samples) {
    const [logits] = evaluateBoth(model, compiler.registries.ops, sample).outputs;
    if (argmax(logits.integers.data) === sample.get('label').data[0]) integer++;
    if (argmax(logits.float.data) === sample.get('label').data[0]) float++;
  }
  console.log(`${bits} bits: ${integer} of ${samples.length} right (float model: ${float})`);
}
