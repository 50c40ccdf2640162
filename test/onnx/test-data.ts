// ONNX test folders: a model and test data sets, as the ONNX project's own operator tests and the corpus have them.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { evaluateModule } from '../../compiler/evaluate.ts';
import { dimensionsFromShapes } from '../../compiler/frontend/graph-ports.ts';
import { type ImportedModel, importModel } from '../../compiler/frontend/import.ts';
import { decodeTensor } from '../../compiler/frontend/onnx/decode-tensor.ts';
import type { OnnxModel, OnnxTensor, OnnxValueInfo } from '../../compiler/frontend/onnx/model.ts';
import { readModelFile, readTensorProto } from '../../compiler/frontend/onnx/read-model.ts';
import { wireSource } from '../../compiler/frontend/onnx/wire.ts';
import { sameShape, type Tensor } from '../../compiler/ir/tensor.ts';
import { standardRegistry } from '../../stdlib/index.ts';

/** The folder of third-party models beside the project, which is not part of it. */
export const corpus = fileURLToPath(new URL('../../../shared/corpus', import.meta.url));

export const corpusExists = existsSync(corpus);

/** What a skipped test says. */
export const withoutCorpus = corpusExists ? '' : ` (skipped: ${corpus} does not exist)`;

/** A `TensorProto` file. */
export function readProto(path: string): { readonly name: string; readonly tensor: Tensor } {
  return readTensorProto(readFileSync(path), path);
}

/** `input_0.pb`, `input_1.pb`, ... or the same for outputs, as far as they exist. */
export function dataFiles(folder: string, role: 'input' | 'output'): readonly string[] {
  const files: string[] = [];
  while (existsSync(`${folder}/${role}_${files.length}.pb`)) files.push(`${folder}/${role}_${files.length}.pb`);
  return files;
}

/** Imports a model with the dimensions that a test set's inputs have. */
export function importFor(path: string, model: OnnxModel, inputs: ReadonlyMap<string, Tensor>): ImportedModel {
  const shapes = new Map([...inputs].map(([name, t]) => [name, t.shape]));
  const dims = dimensionsFromShapes(model, shapes);
  return importModel(model, { ops: standardRegistry, dims, files: readModelFile(path).files, file: path });
}

/** Inputs of a test set by name: files without a name go by their place among the inputs that are not initializers. */
export function testInputs(model: OnnxModel, folder: string): Map<string, Tensor> {
  const initialized = new Set(model.graph.initializers.map((t) => t.name));
  const free = model.graph.inputs.filter((v) => !initialized.has(v.name));
  return new Map(
    dataFiles(folder, 'input').map((file, i) => {
      const { name, tensor } = readProto(file);
      return [free.some((v) => v.name === name) ? name : free[i]!.name, tensor];
    }),
  );
}

/**
 * Runs one operator test: `undefined` if every output is right, else what is wrong.
 * @param bake names of inputs that are shapes or the like, to be fixed as initializers.
 * @throws Diagnostic if the model is refused.
 */
export function runNodeTest(folder: string, bake: readonly string[], rtol: number): string | undefined {
  const path = `${folder}/model.onnx`;
  const { model } = readModelFile(path);
  const set = `${folder}/test_data_set_0`;
  const baked = dataFiles(set, 'input').flatMap((file, i) => {
    const name = model.graph.inputs[i]?.name ?? '';
    return bake.includes(name) ? [{ ...protoAsInitializer(file), name }] : [];
  });
  const probed = withProbe({
    ...model,
    graph: { ...model.graph, initializers: [...model.graph.initializers, ...baked] },
  });
  const inputs = new Map(
    dataFiles(set, 'input').flatMap((file, i) => {
      const name = model.graph.inputs[i]!.name;
      return bake.includes(name) ? [] : [[name, readProto(file).tensor] as const];
    }),
  );
  const { module, outputs } = importFor(path, probed, inputs);
  const found = evaluateModule(
    module,
    standardRegistry,
    new Map([...inputs, [PROBE, { shape: [], data: new Float32Array(1) }]]),
  );
  const expected = dataFiles(set, 'output');
  if (expected.length !== outputs.length - 1) return `${outputs.length - 1} outputs, expected ${expected.length}`;
  for (const [i, file] of expected.entries()) {
    const name = outputs[i]!.name;
    // We compute with reals: a narrow float type is as far off as its own rounding.
    const wrong = difference(
      found.get(name)!,
      readProto(file).tensor,
      Math.max(rtol, precision.get(outputs[i]!.dtype) ?? 0),
    );
    if (wrong !== undefined) return `${name}: ${wrong}`;
  }
  return undefined;
}

/** Relative rounding error of narrow float types. */
const precision: ReadonlyMap<string, number> = new Map([
  ['float16', 2 ** -11],
  ['bfloat16', 2 ** -8],
]);

const PROBE = 'zkmlc_probe';

/** Models whose outputs do not depend on an input are refused; an input that is also an output lets them through. */
function withProbe(model: OnnxModel): OnnxModel {
  const probe: OnnxValueInfo = { name: PROBE, type: { kind: 'tensor', elementType: 1, shape: [] }, byte: 0 };
  const { graph } = model;
  return { ...model, graph: { ...graph, inputs: [...graph.inputs, probe], outputs: [...graph.outputs, probe] } };
}

function protoAsInitializer(file: string): OnnxTensor {
  const bytes = readFileSync(file);
  return decodeTensor(wireSource(bytes, { file }), [{ start: 0, end: bytes.length }]);
}

/** Where two tensors differ by more than the tolerance (relative to the larger magnitude), or undefined. */
export function difference(found: Tensor, expected: Tensor, rtol: number): string | undefined {
  if (!sameShape(found.shape, expected.shape))
    return `shape [${found.shape.join(', ')}], expected [${expected.shape.join(', ')}]`;
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [found.data[i]!, expected.data[i]!];
    if (Object.is(a, b) || a === b) continue;
    if (!(Math.abs(a - b) <= rtol * Math.max(Math.abs(a), Math.abs(b), 1e-2)))
      return `element ${i} is ${a}, expected ${b}`;
  }
  return undefined;
}

/** Largest deviation relative to the largest magnitude of the expected tensor. */
export function relativeError(found: Tensor, expected: Tensor): number {
  let [error, magnitude] = [0, 0];
  for (let i = 0; i < expected.data.length; i++) {
    error = Math.max(error, Math.abs(found.data[i]! - expected.data[i]!));
    magnitude = Math.max(magnitude, Math.abs(expected.data[i]!));
  }
  return error / (magnitude || 1);
}

/** Names of the inputs of a model, in its order. */
export function inputNames(folder: string): readonly string[] {
  return readModelFile(`${folder}/model.onnx`).model.graph.inputs.map((v) => v.name);
}
