// Hostile inputs, group A: the protobuf wire level of model files.
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../../compiler/frontend/onnx/decode.ts';
import type { OnnxModel } from '../../compiler/frontend/onnx/model.ts';
import { schema } from '../../compiler/frontend/onnx/schema.ts';
import { readTensor } from '../../compiler/frontend/onnx/tensor.ts';
import { formatDiagnostic } from '../../compiler/ir/diagnostics.ts';
import { float, onnxAttribute, onnxModel, onnxNode, onnxTensor } from '../kits/onnx-builder.ts';
import {
  bytesField,
  concat,
  messageField,
  packedVarints,
  stringField,
  tag,
  unpackedVarints,
  varint,
  varintField,
} from '../kits/protobuf-writer.ts';
import { modelWith, noise, peakMemory, refused } from './refused.ts';

const where = { file: 'model.onnx' };
const decode = (bytes: Uint8Array): OnnxModel => decodeModel(bytes, where);
const { ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto, TypeProto } = schema;

const valid = onnxModel({
  inputs: [{ name: 'x', shape: [1, 2] }],
  outputs: [{ name: 'y', shape: [1, 2] }],
  initializers: [{ name: 'w', dims: [2, 2], data: [1, 2, 3, 4] }],
  nodes: [
    { op: 'MatMul', inputs: ['x', 'w'], outputs: ['m'] },
    { op: 'LeakyRelu', name: 'act', inputs: ['m'], outputs: ['y'], attributes: { alpha: float(1) } },
  ],
});

/** Everything of a model but its bookkeeping, as text. */
function contents(model: OnnxModel): string {
  return JSON.stringify(model, (key, value: unknown) => {
    if (key === 'source' || key === 'byte') return undefined;
    if (value instanceof Map) return [...value];
    if (typeof value === 'bigint') return `${value}n`;
    return ArrayBuffer.isView(value)
      ? Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
      : value;
  });
}

describe('A1: files of another kind', () => {
  test.each<[string, Uint8Array]>([
    ['an empty file', new Uint8Array(0)],
    ['one zero byte', Uint8Array.of(0)],
    ['one byte of a tag', Uint8Array.of(0x3a)],
    ['1 KB of zeros', new Uint8Array(1024)],
    ['a PNG', concat([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), noise(500, 1)])],
    ['a zip', concat([Uint8Array.of(0x50, 0x4b, 3, 4), noise(500, 2)])],
    ['a gzip of a model', gzipSync(valid)],
    ['a model behind a byte order mark', concat([Uint8Array.of(0xef, 0xbb, 0xbf), valid])],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n')],
    ['JSON', Buffer.from('{"graph": {}}')],
    ['a model of an opset import only', concat([varintField(1, 8), messageField(8, varintField(2, 17))])],
  ])('%s', (_, bytes) => {
    expect(refused(() => decode(bytes), 'not-onnx', 'bad-protobuf').where.file).toBe('model.onnx');
  });

  test('1 KB of noise, fifty times', () => {
    for (let seed = 0; seed < 50; seed++) refused(() => decode(noise(1024, seed)));
  });
});

describe('A2: truncation', () => {
  const files: readonly (readonly [string, Uint8Array | undefined])[] = [
    ['a small model', valid],
    ...['iris_mlp', 'mnist_atmega14', 'treeens_classifier_onnx2c', 'lstm_relu_onnx2c'].map((name) => {
      const path = `../shared/corpus/${name}/model.onnx`;
      return [name, existsSync(path) ? readFileSync(path) : undefined] as const;
    }),
  ];
  test.each(files)('%s', (name, bytes) => {
    if (bytes === undefined) return console.warn(`skipped: ${name} is not in ../shared/corpus`);
    const graph = JSON.stringify(
      contents({ ...decode(bytes), opsetImports: [], functions: [], producer: '', irVersion: 0 }),
    );
    const random = noise(800, 7);
    const offsets = new Set(Array.from({ length: Math.min(4096, bytes.length) }, (_, i) => i));
    for (let i = 0; i < 200; i++)
      offsets.add((random[4 * i]! * 2 ** 16 + random[4 * i + 1]! * 256 + random[4 * i + 2]!) % bytes.length);
    for (const end of offsets) {
      let model: OnnxModel;
      try {
        model = decode(bytes.subarray(0, end));
      } catch (error) {
        refused(() => {
          throw error;
        });
        continue;
      }
      // What is accepted was cut behind the graph: all of it is there.
      expect(JSON.stringify(contents({ ...model, opsetImports: [], functions: [], producer: '', irVersion: 0 }))).toBe(
        graph,
      );
    }
  });
});

describe('A3 and A4: lengths and numbers', () => {
  test.each([2n ** 31n - 1n, 2n ** 32n - 1n, 2n ** 63n - 1n, 2n ** 64n - 1n])('a claim of %d bytes', (claim) => {
    const before = peakMemory();
    for (const field of [ModelProto.graph.id, ModelProto.producer_name.id, 99]) {
      const d = refused(
        () => decode(concat([varintField(1, 8), tag(field, 2), varint(claim), new Uint8Array(40)])),
        'bad-protobuf',
      );
      expect(d.where.byte).toBe(2);
    }
    const claimed = concat([tag(TensorProto.raw_data.id, 2), varint(claim)]);
    refused(() => decode(modelWith(messageField(GraphProto.initializer.id, claimed))), 'bad-protobuf');
    expect(peakMemory() - before).toBeLessThan(2 ** 28);
  });

  test('numbers of eleven bytes, of more than 64 bits, and cut off', () => {
    const eleven = concat([new Uint8Array(10).fill(0x80), Uint8Array.of(1)]);
    const wide = concat([new Uint8Array(9).fill(0xff), Uint8Array.of(2)]);
    for (const bytes of [eleven, wide, Uint8Array.of(0x80)])
      refused(() => decode(concat([tag(1, 0), bytes])), 'bad-protobuf');
    refused(() => decode(eleven), 'bad-protobuf');
  });

  test('packed numbers whose last one is cut off', () => {
    const attribute = concat([
      stringField(1, 'axes'),
      bytesField(AttributeProto.ints.id, Uint8Array.of(1, 0x81)),
      varintField(AttributeProto.type.id, 7),
    ]);
    const node = concat([
      onnxNode({ op: 'Squeeze', inputs: [], outputs: [] }),
      bytesField(NodeProto.attribute.id, attribute),
    ]);
    refused(() => decode(modelWith(bytesField(GraphProto.node.id, node))), 'bad-protobuf');
    refused(
      () =>
        decode(
          modelWith(
            messageField(
              GraphProto.initializer.id,
              stringField(8, 'w'),
              bytesField(TensorProto.dims.id, Uint8Array.of(0x81)),
            ),
          ),
        ),
      'bad-protobuf',
    );
  });

  test('a length of -1', () => {
    refused(() => decode(concat([tag(7, 2), varint(-1)])), 'bad-protobuf');
  });

  test('a number longer than it needs to be is what it is', () => {
    const overlong = concat([tag(1, 0), Uint8Array.of(0x88, 0x80, 0x80, 0x00)]);
    expect(decode(concat([overlong, messageField(7)])).irVersion).toBe(8);
  });

  test('a negative dimension in ten bytes', () => {
    const [w] = decode(
      modelWith(bytesField(GraphProto.initializer.id, onnxTensor({ name: 'w', dims: [-1, 2], data: [1, 2] }))),
    ).graph.initializers;
    expect(w?.dims).toEqual([-1n, 2n]);
    expect(refused(() => readTensor(w!, undefined), 'bad-shape').where.field).toBe('w');
  });
});

describe('A5 and A6: wire types and unknown fields', () => {
  test.each([3, 4, 6, 7])('wire type %d', (wireType) => {
    for (const field of [7, 99]) refused(() => decode(concat([valid, tag(field, wireType)])), 'bad-protobuf');
    refused(() => decode(modelWith(tag(2, wireType))), 'bad-protobuf');
  });

  test('field numbers 0 and 2^29', () => {
    refused(() => decode(concat([valid, Uint8Array.of(0, 1)])), 'bad-protobuf');
    refused(() => decode(concat([valid, varint(2n ** 32n), Uint8Array.of(1)])), 'bad-protobuf');
  });

  test('unknown fields are skipped, at every level', () => {
    const unknown = concat([
      varintField(500, 2n ** 63n),
      stringField(501, 'x'),
      tag(502, 1),
      new Uint8Array(8),
      tag(503, 5),
      new Uint8Array(4),
    ]);
    const node = concat([onnxNode({ op: 'Relu', inputs: ['x'], outputs: ['y'] }), unknown]);
    const model = decode(concat([unknown, modelWith(unknown, bytesField(GraphProto.node.id, node)), unknown]));
    expect(model.graph.nodes.map((n) => n.opType)).toEqual(['Relu']);
  });

  test('10,000 nested unknown groups', () => {
    const open = concat(Array.from({ length: 10_000 }, () => tag(600, 3)));
    const close = concat(Array.from({ length: 10_000 }, () => tag(600, 4)));
    refused(() => decode(concat([open, close, valid])), 'bad-protobuf');
  });

  test('a known field of the wrong wire type', () => {
    refused(() => decode(varintField(7, 3)), 'bad-protobuf');
    refused(
      () => decode(modelWith(bytesField(GraphProto.node.id, varintField(NodeProto.op_type.id, 3)))),
      'bad-protobuf',
    );
  });
});

describe('A8 and A9: repetition', () => {
  test('messages merge and scalars are replaced, as protobuf prescribes', () => {
    const half = messageField(
      ModelProto.graph.id,
      stringField(GraphProto.name.id, 'first'),
      bytesField(1, onnxNode({ op: 'Relu', inputs: ['x'], outputs: ['a'] })),
    );
    const other = messageField(
      ModelProto.graph.id,
      stringField(GraphProto.name.id, 'second'),
      bytesField(1, onnxNode({ op: 'Neg', inputs: ['a'], outputs: ['y'] })),
    );
    const model = decode(concat([varintField(1, 3), half, varintField(1, 8), other]));
    expect(model.irVersion).toBe(8);
    expect(model.graph.name).toBe('second');
    expect(model.graph.nodes.map((n) => n.opType)).toEqual(['Relu', 'Neg']);
  });

  test('the last raw_data counts', () => {
    const twice = concat([
      onnxTensor({ name: 'w', dims: [1], data: [1] }),
      bytesField(TensorProto.raw_data.id, Uint8Array.of(0, 0, 0, 64)),
    ]);
    const [w] = decode(modelWith(bytesField(GraphProto.initializer.id, twice))).graph.initializers;
    expect(readTensor(w!, undefined).tensor.data).toEqual(Float32Array.of(2));
  });

  test('the last member of a oneof counts', () => {
    const tensorType = messageField(TypeProto.tensor_type.id, varintField(1, 1));
    const elementType = messageField(TypeProto.tensor_type.id, varintField(1, 7));
    const sequence = messageField(TypeProto.sequence_type.id);
    const typeOf = (...members: readonly Uint8Array[]): unknown => {
      const value = concat([stringField(1, 'x'), ...members.map((m) => bytesField(ValueInfoProto.type.id, m))]);
      return decode(modelWith(bytesField(GraphProto.input.id, value))).graph.inputs[0]?.type;
    };
    expect(typeOf(tensorType, sequence)).toEqual({ kind: 'sequence' });
    expect(typeOf(sequence, tensorType)).toEqual({ kind: 'tensor', elementType: 1, shape: undefined });
    expect(typeOf(tensorType, elementType)).toEqual({ kind: 'tensor', elementType: 7, shape: undefined });
  });

  test('packed and unpacked numbers in one field', () => {
    const F = AttributeProto;
    const attribute = concat([
      stringField(1, 'axes'),
      packedVarints(F.ints.id, [1, -2]),
      unpackedVarints(F.ints.id, [3]),
      varintField(F.type.id, 7),
      packedVarints(F.ints.id, [4]),
    ]);
    const node = concat([
      onnxNode({ op: 'Squeeze', inputs: ['x'], outputs: ['y'] }),
      bytesField(NodeProto.attribute.id, attribute),
    ]);
    const tensor = concat([
      unpackedVarints(TensorProto.dims.id, [2]),
      packedVarints(TensorProto.dims.id, [1, 3]),
      onnxTensor({ name: 'w', dims: [], data: [1, 2, 3, 4, 5, 6] }),
    ]);
    const { graph } = decode(
      modelWith(bytesField(GraphProto.node.id, node), bytesField(GraphProto.initializer.id, tensor)),
    );
    expect(graph.nodes[0]?.attributes.get('axes')).toEqual({ kind: 'ints', value: BigInt64Array.of(1n, -2n, 3n, 4n) });
    expect(graph.initializers[0]?.dims).toEqual([2n, 1n, 3n]);
  });
});

describe('A10 to A12: names and large integers', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'x'.repeat(2 ** 20)];
  test.each(names.map((name) => [name.slice(0, 20), name]))('%s as a name', (_, name) => {
    const attributes = new Map([[name, 3]]);
    const node = concat([
      onnxNode({ op: 'Relu', name, inputs: [name], outputs: ['y'] }),
      ...[...attributes].map(([key, value]) => bytesField(NodeProto.attribute.id, onnxAttribute(key, value))),
    ]);
    const { graph } = decode(
      modelWith(
        bytesField(GraphProto.node.id, node),
        bytesField(GraphProto.initializer.id, onnxTensor({ name, dims: [], data: [1] })),
      ),
    );
    expect(graph.nodes[0]?.inputs).toEqual([name]);
    expect(graph.nodes[0]?.attributes.get(name)).toEqual({ kind: 'int', value: 3n });
    expect(graph.initializers[0]?.name).toBe(name);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    const twice = concat([node, bytesField(NodeProto.attribute.id, onnxAttribute(name, 4))]);
    refused(() => decode(modelWith(bytesField(GraphProto.node.id, twice))), 'duplicate-attribute');
  });

  test.each<[string, readonly number[]]>([
    ['a stray continuation', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['cut off', [0xe2, 0x82]],
  ])('UTF-8: %s', (_, bytes) => {
    const name = bytesField(NodeProto.name.id, Uint8Array.from(bytes));
    refused(
      () => decode(modelWith(messageField(GraphProto.node.id, stringField(NodeProto.op_type.id, 'Relu'), name))),
      'bad-utf8',
    );
  });

  test('escape sequences in names are escaped in errors', () => {
    const name = '\u0000\u001b]0;owned\u0007\n\u202e\u2066x';
    const node = concat([
      onnxNode({ op: 'Relu', name, inputs: [], outputs: [] }),
      messageField(NodeProto.attribute.id, stringField(1, name)),
    ]);
    const d = refused(() => decode(modelWith(bytesField(GraphProto.node.id, node))), 'bad-attribute');
    expect(formatDiagnostic(d)).toContain('\\u{1b}]0;owned');
  });

  test('2^53 + 1 does not become 2^53', () => {
    const large = 2n ** 53n + 1n;
    const node = onnxNode({ op: 'Op', inputs: [], outputs: [], attributes: { i: large, is: [large, -large] } });
    const { graph } = decode(
      modelWith(
        bytesField(GraphProto.node.id, node),
        bytesField(GraphProto.initializer.id, onnxTensor({ name: 'w', dims: [large], data: [] })),
      ),
    );
    expect(graph.nodes[0]?.attributes.get('i')).toEqual({ kind: 'int', value: large });
    expect(graph.nodes[0]?.attributes.get('is')).toEqual({ kind: 'ints', value: BigInt64Array.of(large, -large) });
    expect(graph.initializers[0]?.dims).toEqual([large]);
    const shape = messageField(2, messageField(1, varintField(1, large)));
    const value = concat([stringField(1, 'x'), messageField(2, messageField(1, varintField(1, 1), shape))]);
    refused(() => decode(modelWith(bytesField(GraphProto.input.id, value))), 'integer-too-large');
    refused(() => decode(concat([varintField(1, large), valid])), 'integer-too-large');
  });
});
