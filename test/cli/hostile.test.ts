// Hostile files through the command line: refused with one line that names the place, quickly, in little memory, without traces.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../compiler/frontend/onnx/schema.ts';
import { modelWith, noise } from '../hostile/refused.ts';
import { type ModelSpec, type NodeSpec, onnxModel, type TensorSpec } from '../kits/onnx-builder.ts';
import { bytesField, concat, stringField, tag, varint } from '../kits/protobuf-writer.ts';
import { compileArguments, createWorkplace, leftovers } from './command.ts';

const w = createWorkplace('hostile');
afterAll(() => w.remove());

/** Peak memory of a command that reads nothing. */
let idlePeak = 0;
beforeAll(async () => {
  idlePeak = (await w.run(['--version'], { peak: true })).peak!;
});

/** Runs a command twice, at the same time: both must refuse alike. */
async function refused(args: readonly string[], message: RegExp): Promise<void> {
  const before = leftovers(w);
  const [first, second] = await Promise.all([w.run(args, { peak: true }), w.run(args, { peak: true })]);
  expect(first.stderr).toMatch(message);
  // One line: no stack trace, no control characters, nothing after it.
  expect(first.stderr).toMatch(/^error [a-z0-9-]+: [^\n]{1,1200}\n$/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not appear.
  expect(first.stderr.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  expect(first).toMatchObject({ code: 1, stdout: '' });
  expect({ code: second.code, stderr: second.stderr }).toEqual({ code: 1, stderr: first.stderr });
  expect(leftovers(w)).toEqual(before);
  for (const { seconds, peak } of [first, second]) {
    expect(seconds).toBeLessThan(30);
    expect(peak! - idlePeak).toBeLessThan(2 ** 29);
  }
}

let files = 0;

/** Writes a model and compiles it, which must be refused. */
async function refusedModel(content: Uint8Array | ModelSpec, message: RegExp): Promise<void> {
  const name = `model-${files++}.onnx`;
  writeFileSync(w.path(name), content instanceof Uint8Array ? content : onnxModel(content));
  await refused(['compile', name, '--range', 'x=-1,1', '-o', 'out.zkml'], message);
}

const x = { inputs: [{ name: 'x', shape: [1, 4] }], outputs: [{ name: 'y' }] };
const node = (op: string, inputs: readonly string[], output: string, more: Partial<NodeSpec> = {}): NodeSpec => ({
  op,
  inputs,
  outputs: [output],
  name: `${op}_${output}`,
  ...more,
});
const added = (weight: TensorSpec): ModelSpec => ({
  ...x,
  initializers: [weight],
  nodes: [node('Add', ['x', 'w'], 'y')],
});
const valid = onnxModel({ ...x, nodes: [node('Relu', ['x'], 'y')] });

describe('A: the wire format', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /model-\d+\.onnx/],
    ['noise', noise(1024, 7), /model-\d+\.onnx/],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0), /not-onnx: .*PNG/i],
    ['a gzipped model', gzipSync(valid), /not-onnx: .*gzip/i],
    ['a model cut short', valid.subarray(0, valid.length - 3), /model-\d+\.onnx.*byte \d+/],
    [
      'a field that claims 2^63 - 1 bytes',
      concat([varint(8), varint(8), tag(schema.ModelProto.graph.id, 2), varint(2n ** 63n - 1n)]),
      /byte \d+/,
    ],
    ['graphs in attributes in graphs, 20000 deep', modelWith(nested(20_000)), /model-\d+\.onnx/],
  ])('%s', async (_, bytes, message) => {
    await refusedModel(bytes, message);
  });

  test('names that would drive a terminal are escaped', async () => {
    const evil = '\u001b]0;owned\u0007\n\u202egnp';
    await refusedModel({ ...x, nodes: [node(evil, ['x'], 'y', { name: evil })] }, /\\u\{1b\}/);
  });
});

/** A chain node.attribute.g.node.attribute.g ... */
function nested(depth: number): Uint8Array {
  let graph: Uint8Array = new Uint8Array(0);
  for (let i = 0; i < depth; i++) {
    const attribute = concat([
      stringField(schema.AttributeProto.name.id, 'g'),
      bytesField(schema.AttributeProto.g.id, graph),
    ]);
    graph = bytesField(schema.GraphProto.node.id, bytesField(schema.NodeProto.attribute.id, attribute));
  }
  return graph;
}

describe('B: the graph', () => {
  test.each<[string, ModelSpec, RegExp]>([
    [
      'a cycle',
      { ...x, nodes: [node('Add', ['x', 'b'], 'a'), node('Add', ['a', 'x'], 'b'), node('Relu', ['b'], 'y')] },
      /Add_[ab]/,
    ],
    ['a tensor that nobody makes', { ...x, nodes: [node('Add', ['x', 'nowhere'], 'y')] }, /"nowhere"/],
    ['a name that is made twice', { ...x, nodes: [node('Relu', ['x'], 'y'), node('Neg', ['x'], 'y')] }, /"y"/],
    [
      'an unknown operator',
      { ...x, nodes: [node('Frobnicate', ['x'], 'y')] },
      /unsupported-operators: .*"Frobnicate".*"Frobnicate_y"/,
    ],
    [
      'an operator set of the future',
      { ...x, opset: 1000, nodes: [node('Relu', ['x'], 'y')] },
      /unsupported-opset: .*1000/,
    ],
    ['no nodes and no way to the output', { ...x, nodes: [] }, /"y"/],
    [
      'a wrong declared shape',
      { ...x, outputs: [{ name: 'y', shape: [7, 7] }], nodes: [node('Relu', ['x'], 'y')] },
      /"y"/,
    ],
  ])('%s', async (_, spec, message) => {
    await refusedModel(spec, message);
  });
});

describe('C: tensors', () => {
  test.each<[string, ModelSpec, RegExp]>([
    ['too few bytes', added({ name: 'w', dims: [5], data: [1, 2, 3, 4] }), /"w"/],
    ['dimensions whose product wraps', added({ name: 'w', dims: [2 ** 32, 2 ** 32], data: [1] }), /"w"/],
    ['a negative dimension', added({ name: 'w', dims: [-4], data: [1, 2, 3, 4] }), /"w"/],
    ['not a number among the weights', added({ name: 'w', dims: [4], data: [1, Number.NaN, 3, 4] }), /"w"/],
    [
      'a constant of 10^12 elements',
      {
        ...x,
        initializers: [{ name: 'shape', dims: [2], data: [1_000_000, 1_000_000], dtype: 'int64' }],
        nodes: [node('ConstantOfShape', ['shape'], 'c'), node('Add', ['x', 'c'], 'y')],
      },
      /ConstantOfShape_c/,
    ],
  ])('%s', async (_, spec, message) => {
    await refusedModel(spec, message);
  });
});

describe('E: external data', () => {
  const external = (...entries: readonly (readonly [string, string])[]): ModelSpec =>
    added({ name: 'w', dims: [4], data: [], external: entries });
  beforeAll(() => {
    mkdirSync(w.path('data'));
    writeFileSync(w.path('data', 'weights.bin'), new Uint8Array(16));
    symlinkSync('data/weights.bin', w.path('link.bin'));
    symlinkSync('data', w.path('linked'));
  });

  test.each<[string, readonly (readonly [string, string])[], RegExp]>([
    ['a path that climbs', [['location', '../../../etc/passwd']], /bad-location/],
    ['a path that climbs later', [['location', 'data/../../etc/passwd']], /bad-location/],
    ['an absolute path', [['location', '/etc/passwd']], /bad-location/],
    ['a symbolic link', [['location', 'link.bin']], /unsafe-file/],
    ['a link on the way', [['location', 'linked/weights.bin']], /unsafe-file/],
    [
      'more bytes than the file has',
      [
        ['location', 'data/weights.bin'],
        ['offset', '4'],
        ['length', '16'],
      ],
      /file-too-short/,
    ],
    [
      'another length than the tensor',
      [
        ['location', 'data/weights.bin'],
        ['length', '12'],
      ],
      /"w"|model-\d+/,
    ],
  ])('%s', async (_, entries, message) => {
    await refusedModel(external(...entries), message);
  });
});

describe('F5: inputs', () => {
  beforeAll(async () => {
    await w.json(compileArguments('digits-linear', 'linear.zkml', '--dim', 'batch=1'));
  });
  const pixels = (first: string): string => `{"input": [[${[first, ...new Array(63).fill('0.5')].join(', ')}]]}`;

  test.each<[string, string, RegExp]>([
    ['not a number', pixels('NaN'), /input-\d+\.json/],
    ['a number beyond float64', pixels('1e400'), /input-\d+\.json/],
    ['a number in quotes', pixels('"0.5"'), /input-\d+\.json/],
    ['too few elements', '{"input": [[1, 2, 3]]}', /"input"/],
    ['another name', '{"inputs": [[1]]}', /"inputs?"/],
    ['a name of the language', '{"__proto__": [[1]]}', /__proto__|"input"/],
    ['a key twice', '{"input": [[1]], "input": [[2]]}', /"input"/],
    ['100000 brackets', `{"input": ${'['.repeat(100_000)}`, /input-\d+\.json/],
  ])('%s', async (_, text, message) => {
    const name = `input-${files++}.json`;
    writeFileSync(w.path(name), text);
    await refused(['prove', 'linear.zkml', '-i', name, '-o', 'out.zkp'], message);
  });

  test('a file that is not there, and a folder without test data', async () => {
    await refused(['prove', 'linear.zkml', '-i', 'nowhere.json', '-o', 'out.zkp'], /nowhere\.json/);
    await refused(['evaluate', 'linear.zkml', '-i', 'data'], /data/);
  });
});
