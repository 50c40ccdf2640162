// What the model root stands for: changes of a model file that leave the root alone, and changes that do not, as documented
// in docs/statement.md. The root is a digest of the quantized module, the constraint system, the ports and the key.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importModel } from '../compiler/frontend/index.ts';
import { readModelFile } from '../compiler/frontend/onnx/read-model.ts';
import { BN254 } from '../compiler/ir/circuit.ts';
import { lowerModule } from '../compiler/ir/lower.ts';
import { serializeCircuit } from '../compiler/ir/serialize.ts';
import { printModule } from '../compiler/ir/text/index.ts';
import { quantizeModel } from '../compiler/pipeline.ts';
import { standardRegistry } from '../stdlib/index.ts';
import { type ModelSpec, type NodeSpec, onnxModel, type TensorSpec } from './kits/onnx-builder.ts';

const w: TensorSpec = { name: 'w', dims: [3, 2], data: [0.5, -0.25, 0, 1, 0.125, -1] };
const b: TensorSpec = { name: 'b', dims: [2], data: [0.5, 0.25] };
const matmul: NodeSpec = { op: 'MatMul', name: 'mm', inputs: ['x', 'w'], outputs: ['h'] };
const add: NodeSpec = { op: 'Add', name: 'ad', inputs: ['h', 'b'], outputs: ['s'] };
const relu: NodeSpec = { op: 'Relu', name: 're', inputs: ['s'], outputs: ['y'] };
const dead: NodeSpec = { op: 'Neg', name: 'dead', inputs: ['x'], outputs: ['unused'] };
const original: ModelSpec = {
  name: 'g',
  inputs: [{ name: 'x', shape: [1, 3] }],
  outputs: [{ name: 'y', shape: [1, 2] }],
  initializers: [w, b],
  nodes: [matmul, add, relu],
};

const SAME: Readonly<Record<string, ModelSpec>> = {
  'metadata of the file': { ...original, metadata: [['author', 'someone']] },
  'another opset with the same meaning': { ...original, opset: 13 },
  'order of the initializers': { ...original, initializers: [b, w] },
  'an initializer that nothing reads': { ...original, initializers: [w, b, { name: 'z', dims: [1], data: [3] }] },
  'a dead node after all others': { ...original, nodes: [matmul, add, relu, dead] },
  '-0 instead of 0': { ...original, initializers: [{ ...w, data: [0.5, -0.25, -0, 1, 0.125, -1] }, b] },
  'a weight changed by less than its rounding': {
    ...original,
    initializers: [{ ...w, data: [0.5000001, -0.25, 0, 1, 0.125, -1] }, b],
  },
};

const OTHER: Readonly<Record<string, ModelSpec>> = {
  'a weight changed by a unit': { ...original, initializers: [{ ...w, data: [0.501, -0.25, 0, 1, 0.125, -1] }, b] },
  'a dead node before others: positions of nodes are part of the module': {
    ...original,
    nodes: [dead, matmul, add, relu],
  },
  'an Identity that does nothing': {
    ...original,
    nodes: [matmul, add, { op: 'Identity', name: 'id', inputs: ['s'], outputs: ['t'] }, { ...relu, inputs: ['t'] }],
  },
  'the name of the graph': { ...original, name: 'other' },
  'the name of a node': { ...original, nodes: [{ ...matmul, name: 'other' }, add, relu] },
  'the name of an initializer': {
    ...original,
    initializers: [{ ...w, name: 'v' }, b],
    nodes: [{ ...matmul, inputs: ['x', 'v'] }, add, relu],
  },
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zkmlc-root-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the root is a digest of, except for the key. */
function committed(spec: ModelSpec): { readonly module: string; readonly circuit: string } {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, onnxModel(spec));
  const { model, files } = readModelFile(path);
  const { module } = importModel(model, { ops: standardRegistry, dims: new Map(), files, file: path });
  const ranges = new Map([['x', [-1, 1] as const]]);
  const { int } = quantizeModel(module, standardRegistry, { samples: [], ranges });
  const circuit = Buffer.from(serializeCircuit(lowerModule(int, standardRegistry, BN254))).toString('base64');
  return { module: printModule(int), circuit };
}

test.each(Object.entries(SAME))('the same root: %s', (_, spec) => {
  expect(committed(spec)).toEqual(committed(original));
});

test.each(Object.entries(OTHER))('another root: %s', (_, spec) => {
  expect(committed(spec).module).not.toBe(committed(original).module);
});
