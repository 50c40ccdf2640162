// Compiles model.onnx, which uses the plugin's operator, and compares the integer model with the float one.
import { join } from 'node:path';
import { createCompiler, distance, evaluateBoth } from 'zkmlc';
import { tensor } from 'zkmlc/ir';
import plugin from './index.mjs';

const compiler = createCompiler([plugin]);
const model = await compiler.load({
  model: join(import.meta.dirname, 'model.onnx'),
  ranges: new Map([['x', [-1, 1]]]),
});
console.log(`operators of the integer model: ${model.int.operations.map((o) => o.attrs.act || o.op).join(', ')}`);

const x = tensor([1, 4], [0.9, -0.4, 0.2, -1]);
const [y] = evaluateBoth(model, compiler.registries.ops, new Map([['x', x]])).outputs;
const { difference, largest } = distance(y.quantized.data, y.float.data);
console.log(`float model   ${Array.from(y.float.data, (v) => v.toFixed(4)).join(' ')}`);
console.log(`integer model ${Array.from(y.quantized.data, (v) => v.toFixed(4)).join(' ')}`);
console.log(`distance      ${((100 * difference) / largest).toFixed(2)} %`);
