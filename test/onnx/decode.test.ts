// The decoder against an independent one: protobufjs, on random models and on every model of the corpus.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../../compiler/frontend/onnx/decode.ts';
import type { OnnxAttribute, OnnxModel, OnnxTensor, OnnxValueInfo } from '../../compiler/frontend/onnx/model.ts';
import { nodeLabel } from '../../compiler/frontend/onnx/model.ts';
import { attributeTypes, schema } from '../../compiler/frontend/onnx/schema.ts';
import { countVarints } from '../../compiler/frontend/onnx/wire.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { float, onnxAttribute, onnxModel, onnxNode } from '../kits/onnx-builder.ts';
import {
  bytesField,
  concat,
  floatField,
  messageField,
  packedVarints,
  stringField,
  varintField,
} from '../kits/protobuf-writer.ts';

/** The messages of our schema for protobufjs, numbers packed or not. */
function protobufjs(packed: boolean): protobuf.Type {
  const messages = Object.entries(schema).map(([name, fields]) => {
    const described = Object.entries(fields).map(([field, { id, type, repeated }]) => [
      field,
      { id, type, ...(repeated ? { rule: 'repeated', options: { packed } } : {}) },
    ]);
    return [name, { fields: Object.fromEntries(described) }] as const;
  });
  const description = {
    edition: 'proto2',
    nested: Object.fromEntries(messages.map(([name, m]) => [name, { edition: 'proto2', ...m }])),
  };
  return protobuf.Root.fromJSON(description).lookupType('ModelProto');
}

/** What protobufjs' plain objects look like, as far as the tests look at them; 64-bit integers are strings. */
interface Proto {
  readonly [field: string]:
    | Proto
    | readonly Proto[]
    | string
    | number
    | Uint8Array
    | readonly string[]
    | readonly number[]
    | undefined;
}

const list = (value: unknown): readonly Proto[] => (Array.isArray(value) ? value : []);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const text = (value: unknown): string =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value ?? '');

/** The parts of a model that the compiler uses, from protobufjs' view. */
function fromProtobufjs(model: Proto): unknown {
  const [graph] = list([model.graph]);
  return {
    irVersion: Number(model.ir_version ?? 0),
    opsets: list(model.opset_import).map((o) => [o.domain ?? '', Number(o.version ?? 0)]),
    nodes: list(graph?.node).map((n) => [
      n.name ?? '',
      n.op_type ?? '',
      n.domain === 'ai.onnx' ? '' : (n.domain ?? ''),
      list(n.input),
      list(n.output),
      list(n.attribute).map((a) => [a.name, protoAttribute(a)]),
    ]),
    initializers: list(graph?.initializer).map(protoTensor),
    inputs: list(graph?.input).map(protoValue),
    outputs: list(graph?.output).map(protoValue),
    valueInfos: list(graph?.value_info).map(protoValue),
  };
}

function protoAttribute(a: Proto): unknown {
  const type = attributeTypes.find((t) => t.code === a.type);
  switch (type?.kind) {
    case 'float':
      return ['float', a.f ?? 0];
    case 'int':
      return ['int', String(a.i ?? 0)];
    case 'string':
      return ['string', text(a.s)];
    case 'tensor':
      return ['tensor', protoTensor(list([a.t])[0]!)];
    case 'floats':
      return ['floats', list(a.floats)];
    case 'ints':
      return ['ints', list(a.ints).map(String)];
    case 'strings':
      return ['strings', list(a.strings).map(text)];
    case 'tensors':
      return ['tensors', list(a.tensors).map(protoTensor)];
    default:
      return [type?.kind];
  }
}

function protoTensor(t: Proto): unknown {
  const counts = ['float_data', 'int32_data', 'int64_data', 'double_data', 'uint64_data'].map(
    (field) => list(t[field]).length,
  );
  const raw = t.raw_data;
  return [
    t.name ?? '',
    list(t.dims).map(String),
    t.data_type ?? 0,
    raw instanceof Uint8Array ? hex(raw) : '',
    counts,
    t.data_location === 1,
  ];
}

function protoValue(v: Proto): unknown {
  const [type] = list([v.type]);
  const [tensor] = list([type?.tensor_type]);
  if (tensor === undefined) return [v.name, 'other'];
  const [shape] = list([tensor.shape]);
  const dims =
    shape === undefined
      ? 'open'
      : list(shape.dim).map((d) => (d.dim_value !== undefined ? Number(d.dim_value) : d.dim_param || '?'));
  return [v.name, tensor.elem_type ?? 0, dims];
}

/** The same parts from our view. */
function fromOurs({ irVersion, opsetImports, graph }: OnnxModel): unknown {
  return {
    irVersion,
    opsets: opsetImports.map((o) => [o.domain, o.version]),
    nodes: graph.nodes.map((n) => [
      n.name,
      n.opType,
      n.domain,
      n.inputs,
      n.outputs,
      [...n.attributes].map(([name, a]) => [name, ourAttribute(a)]),
    ]),
    initializers: graph.initializers.map(ourTensor),
    inputs: graph.inputs.map(ourValue),
    outputs: graph.outputs.map(ourValue),
    valueInfos: graph.valueInfos.map(ourValue),
  };
}

function ourAttribute(a: OnnxAttribute): unknown {
  switch (a.kind) {
    case 'int':
      return ['int', String(a.value)];
    case 'ints':
      return ['ints', Array.from(a.value, String)];
    case 'floats':
      return ['floats', Array.from(a.value)];
    case 'tensor':
      return ['tensor', ourTensor(a.value)];
    case 'tensors':
      return ['tensors', a.value.map(ourTensor)];
    case 'float':
    case 'string':
    case 'strings':
    case 'reference':
      return [a.kind, a.value];
    default:
      return [a.kind];
  }
}

function ourTensor(t: OnnxTensor): unknown {
  const counts = (['float_data', 'int32_data', 'int64_data', 'double_data', 'uint64_data'] as const).map((field) => {
    const segments = t.typedData.get(field) ?? [];
    const size = field === 'float_data' ? 4 : field === 'double_data' ? 8 : undefined;
    if (size === undefined) return countVarints(t.source, segments);
    return segments.reduce((n, s) => n + (s.packed ? (s.end - s.start) / size : countVarints(t.source, [s])), 0);
  });
  return [t.name, t.dims.map(String), t.dataType, t.rawData === undefined ? '' : hex(t.rawData), counts, t.external];
}

function ourValue(v: OnnxValueInfo): unknown {
  if (v.type.kind !== 'tensor') return [v.name, 'other'];
  const dims = v.type.shape?.map((d) => (d.kind === 'value' ? d.value : d.kind === 'parameter' ? d.name : '?'));
  return [v.name, v.type.elementType, dims ?? 'open'];
}

const roots = [protobufjs(true), protobufjs(false)] as const;

function plain(bytes: Uint8Array): Proto {
  const [root] = roots;
  const object: Proto = root.toObject(root.decode(bytes), { longs: String, arrays: false });
  return object;
}

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const name = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.constantFrom('__proto__', 'x', 'constructor', 'a\u0000b'),
);
const float32 = fc.float();
const tensor = fc.record(
  {
    name,
    dims: fc.array(int64, { maxLength: 5 }),
    data_type: fc.integer({ min: 0, max: 30 }),
    raw_data: fc.uint8Array({ maxLength: 40 }),
    float_data: fc.array(float32, { maxLength: 5 }),
    int32_data: fc.array(fc.integer(), { maxLength: 5 }),
    int64_data: fc.array(int64, { maxLength: 5 }),
    double_data: fc.array(fc.double(), { maxLength: 5 }),
    data_location: fc.integer({ min: 0, max: 1 }),
  },
  { requiredKeys: ['name'] },
);
const attributeValue = fc.oneof(
  fc.record({ type: fc.constant(1), f: float32 }),
  fc.record({ type: fc.constant(2), i: int64 }),
  fc.record({ type: fc.constant(3), s: fc.string({ unit: 'grapheme' }).map((s) => new TextEncoder().encode(s)) }),
  fc.record({ type: fc.constant(4), t: tensor }),
  fc.record({ type: fc.constant(6), floats: fc.array(float32) }),
  fc.record({ type: fc.constant(7), ints: fc.array(int64) }),
  fc.record({
    type: fc.constant(8),
    strings: fc.array(fc.string({ unit: 'grapheme' }).map((s) => new TextEncoder().encode(s))),
  }),
  fc.record({ type: fc.constant(9), tensors: fc.array(tensor, { maxLength: 3 }) }),
);
const attributes = fc
  .uniqueArray(name, { maxLength: 4 })
  .chain((names) => fc.tuple(...names.map((n) => attributeValue.map((value) => ({ name: n, ...value })))));
const dimension = fc.oneof(
  fc.record({ dim_value: fc.integer().map(String) }),
  fc.record({ dim_param: name }),
  fc.record({ denotation: name }),
);
const valueInfo = fc.record({
  name,
  type: fc.record({
    tensor_type: fc.record({
      elem_type: fc.integer({ min: 0, max: 30 }),
      shape: fc.record({ dim: fc.array(dimension, { maxLength: 5 }) }),
    }),
  }),
});
const node = fc.record(
  {
    op_type: name,
    input: fc.array(fc.string()),
    output: fc.array(fc.string()),
    name,
    domain: fc.string(),
    attribute: attributes,
    doc_string: fc.string(),
  },
  { requiredKeys: ['op_type'] },
);
const model = fc.record(
  {
    ir_version: fc.integer({ min: 0, max: 20 }),
    opset_import: fc.array(fc.record({ domain: fc.string(), version: fc.integer({ min: 0, max: 30 }) }), {
      maxLength: 3,
    }),
    producer_name: fc.string(),
    metadata_props: fc.array(fc.record({ key: fc.string(), value: fc.string() }), { maxLength: 2 }),
    graph: fc.record({
      name: fc.string(),
      node: fc.array(node, { maxLength: 5 }),
      initializer: fc.array(tensor, { maxLength: 4 }),
      input: fc.array(valueInfo, { maxLength: 3 }),
      output: fc.array(valueInfo, { maxLength: 3 }),
      value_info: fc.array(valueInfo, { maxLength: 3 }),
    }),
  },
  { requiredKeys: ['graph'] },
);

describe('the same as protobufjs', () => {
  test('which really writes numbers packed and unpacked', () => {
    const object = { graph: { initializer: [{ name: 'w', dims: [1, 2, 3] }] } };
    const [packed, unpacked] = roots.map((root) => hex(root.encode(root.fromObject(object)).finish()));
    expect(packed).toContain('0a03010203');
    expect(unpacked).toContain('080108020803');
  });

  test('on random models, packed and unpacked', () => {
    fc.assert(
      fc.property(model, fc.constantFrom(...roots), (object, root) => {
        const bytes = root.encode(root.fromObject(object)).finish();
        expect(fromOurs(decodeModel(bytes, { file: 'random' }))).toEqual(fromProtobufjs(plain(bytes)));
      }),
      { numRuns: 300 },
    );
  });

  test('on the corpus', () => {
    const corpus = '../shared/corpus';
    if (!existsSync(corpus)) return console.warn('skipped: ../shared/corpus is not here');
    let decoded = 0;
    for (const folder of [corpus, `${corpus}/onnx-node`, `${corpus}/onnx-pytorch`])
      for (const entry of readdirSync(folder)) {
        const path = `${folder}/${entry}/model.onnx`;
        // The one file whose attributes have no type tag: it is refused, and nothing else is.
        if (!existsSync(path) || entry === '_reject_foreign_ops') continue;
        const bytes = readFileSync(path);
        expect(fromOurs(decodeModel(bytes, { file: path })), path).toEqual(fromProtobufjs(plain(bytes)));
        decoded++;
      }
    expect(decoded).toBeGreaterThan(1000);
  });

  test('random bytes never do anything but fail or decode', () => {
    const valid = onnxModel({
      nodes: [{ op: 'Gemm', inputs: ['x'], outputs: ['y'], attributes: { alpha: float(1), perm: [1, 0], s: 'text' } }],
    });
    const changes = fc.array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(changes, (edits) => {
        const bytes = Uint8Array.from(valid);
        for (const [at, value] of edits) bytes[at] = value;
        try {
          decodeModel(bytes, { file: 'changed' });
        } catch (error) {
          expect(error).toBeInstanceOf(Diagnostic);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('attributes', () => {
  const F = schema.AttributeProto;
  const decodeOne = (...fields: readonly Uint8Array[]): OnnxAttribute | undefined => {
    const withAttribute = concat([
      onnxNode({ op: 'Op', name: 'n', inputs: [], outputs: [] }),
      messageField(schema.NodeProto.attribute.id, stringField(1, 'a'), ...fields),
    ]);
    const graph = bytesField(schema.GraphProto.node.id, withAttribute);
    return decodeModel(messageField(schema.ModelProto.graph.id, graph), { file: 'm' }).graph.nodes[0]?.attributes.get(
      'a',
    );
  };
  const type = (code: number): Uint8Array => varintField(F.type.id, code);

  test('a value left out is the default of its type', () => {
    expect(decodeOne(type(1))).toEqual({ kind: 'float', value: 0 });
    expect(decodeOne(type(2))).toEqual({ kind: 'int', value: 0n });
    expect(decodeOne(type(3))).toEqual({ kind: 'string', value: '' });
    expect(decodeOne(type(7))).toEqual({ kind: 'ints', value: new BigInt64Array(0) });
    expect(decodeOne(type(7), packedVarints(F.ints.id, []))).toEqual({ kind: 'ints', value: new BigInt64Array(0) });
    expect(decodeOne(stringField(F.ref_attr_name.id, 'outer'), type(2))).toEqual({ kind: 'reference', value: 'outer' });
  });

  test.each<[string, readonly Uint8Array[]]>([
    ['int, but a float is set', [type(2), floatField(F.f.id, 1)]],
    ['int, but a float is set too', [type(2), varintField(F.i.id, 1), floatField(F.f.id, 1)]],
    ['ints, but an int is set', [type(7), varintField(F.i.id, 1)]],
    ['int, but a graph is set too', [type(2), varintField(F.i.id, 1), messageField(F.g.id)]],
    ['no type', [varintField(F.i.id, 1)]],
    ['an unknown type', [type(15), varintField(F.i.id, 1)]],
    ['a negative type', [type(-2), varintField(F.i.id, 1)]],
    ['a tensor without one', [type(4)]],
    ['a reference with a value', [type(2), varintField(F.i.id, 1), stringField(F.ref_attr_name.id, 'outer')]],
  ])('%s', (_, fields) => {
    expect(() => decodeOne(...fields)).toThrow(
      expect.objectContaining({ code: 'bad-attribute', where: expect.objectContaining({ node: 'n', field: 'a' }) }),
    );
  });

  test('without a name, or twice', () => {
    expect(() => decodeOne(stringField(1, ''), type(2))).toThrow(expect.objectContaining({ code: 'bad-attribute' }));
    const twice = concat([
      onnxNode({ op: 'Op', inputs: [], outputs: [] }),
      ...[1, 2].map((i) => bytesField(schema.NodeProto.attribute.id, onnxAttribute('a', i))),
    ]);
    const graph = bytesField(schema.GraphProto.node.id, twice);
    expect(() => decodeModel(messageField(schema.ModelProto.graph.id, graph), { file: 'm' })).toThrow(
      expect.objectContaining({
        code: 'duplicate-attribute',
        where: expect.objectContaining({ node: 'Op#0', field: 'a' }),
      }),
    );
  });
});

test('functions are named, the default domain has one spelling, nodes have labels', () => {
  const { functions, graph } = decodeModel(
    onnxModel({
      functions: [{ name: 'f', domain: 'local' }],
      nodes: [{ op: 'Relu', domain: 'ai.onnx', inputs: ['x', ''], outputs: ['y'] }],
    }),
    { file: 'm' },
  );
  expect(functions).toEqual([{ name: 'f', domain: 'local' }]);
  expect(graph.nodes[0]).toMatchObject({ domain: '', inputs: ['x', ''], index: 0 });
  expect(nodeLabel(graph.nodes[0]!)).toBe('Relu#0');
});
