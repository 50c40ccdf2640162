// Hostile inputs, groups A7 and A13: recursion through known fields, and millions of small messages.
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../../compiler/frontend/onnx/decode.ts';
import type { OnnxModel } from '../../compiler/frontend/onnx/model.ts';
import { schema } from '../../compiler/frontend/onnx/schema.ts';
import { bytesField, concat, messageField, stringField, tag, varint, varintField } from '../kits/protobuf-writer.ts';
import { modelWith, peakMemory, refused } from './refused.ts';

const { GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto, TypeProto } = schema;
const decode = (bytes: Uint8Array): OnnxModel => decodeModel(bytes, { file: 'model.onnx' });

/** Messages nested through the given fields, over and over; built from the inside out in linear time. */
function nested(fields: readonly number[], depth: number): Uint8Array {
  const headers: Uint8Array[] = [];
  let size = 0;
  for (let level = 0; level < depth; level++) {
    const header = concat([tag(fields[level % fields.length]!, 2), varint(size)]);
    size += header.length;
    headers.push(header);
  }
  return concat(headers.reverse());
}

describe('A7: recursion through known fields', () => {
  const throughGraphs = (field: number): readonly number[] => [field, NodeProto.attribute.id, GraphProto.node.id];
  const attributes: readonly (readonly [string, readonly number[], number])[] = [
    ['graph', throughGraphs(AttributeProto.g.id), 5],
    ['graphs', throughGraphs(AttributeProto.graphs.id), 10],
    ['type', [AttributeProto.tp.id, TypeProto.sequence_type.id, 1], 13],
    ['types', [AttributeProto.type_protos.id, TypeProto.optional_type.id, 1], 14],
    ['sparse-tensor', [AttributeProto.sparse_tensor.id, 1, 13], 11],
  ];
  for (const depth of [100, 1000, 99_999])
    test.each(attributes)(`%s, ${depth} deep`, (kind, fields, code) => {
      const rotated = [...fields.slice(1).reverse(), fields[0]!];
      const attribute = concat([
        stringField(1, 'body'),
        nested(rotated, depth - (depth % fields.length)),
        varintField(AttributeProto.type.id, code),
      ]);
      const node = concat([stringField(NodeProto.op_type.id, 'If'), bytesField(NodeProto.attribute.id, attribute)]);
      const model = decode(modelWith(bytesField(GraphProto.node.id, node)));
      expect(model.graph.nodes[0]?.attributes.get('body')?.kind).toBe(kind);
    });

  test.each([100, 1000, 100_000])('sequence types, %d deep', (depth) => {
    const type = nested([1, TypeProto.sequence_type.id], depth - (depth % 2));
    const value = concat([stringField(1, 'x'), bytesField(ValueInfoProto.type.id, type)]);
    expect(decode(modelWith(bytesField(GraphProto.input.id, value))).graph.inputs[0]?.type.kind).toBe('sequence');
  });
});

describe('A13: millions of small messages', () => {
  const count = 10_000_000;
  const repeated = (message: Uint8Array): Uint8Array => {
    const graph = new Uint8Array(count * message.length);
    graph.set(message);
    for (let filled = message.length; filled < graph.length; filled *= 2)
      graph.copyWithin(filled, 0, Math.min(filled, graph.length - filled));
    return modelWith(graph);
  };
  test.each<[string, Uint8Array, string]>([
    ['empty nodes', messageField(GraphProto.node.id), 'bad-node'],
    [
      'nodes of one letter',
      messageField(GraphProto.node.id, stringField(NodeProto.op_type.id, 'A')),
      'too-many-objects',
    ],
    ['empty values', messageField(GraphProto.value_info.id), 'bad-value-info'],
    ['values of one letter', messageField(GraphProto.value_info.id, stringField(1, 'a')), 'too-many-objects'],
    ['empty tensors', messageField(GraphProto.initializer.id), 'bad-tensor'],
    [
      'tensors of one letter',
      messageField(GraphProto.initializer.id, stringField(TensorProto.name.id, 'a')),
      'too-many-objects',
    ],
    ['unknown fields', varintField(99, 1), 'too-many-objects'],
  ])('10 million %s', (_, message, code) => {
    const bytes = repeated(message);
    const before = peakMemory();
    refused(() => decode(bytes), code);
    expect(peakMemory() - before).toBeLessThan(2 ** 29);
  });
});
