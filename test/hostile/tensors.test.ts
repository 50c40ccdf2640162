// Hostile inputs, group C: tensors and initializers whose dimensions, types and elements disagree.
import { describe, expect, test } from 'vitest';
import { decodeModel } from '../../compiler/frontend/onnx/decode.ts';
import { type DataType, schema } from '../../compiler/frontend/onnx/schema.ts';
import { readTensor, type TensorValue } from '../../compiler/frontend/onnx/tensor.ts';
import { type Layout, onnxGraph, onnxTensor, type TensorSpec } from '../kits/onnx-builder.ts';
import {
  bytesField,
  concat,
  floatBytes,
  messageField,
  packedVarints,
  stringField,
  varintField,
} from '../kits/protobuf-writer.ts';
import { peakMemory, refused } from './refused.ts';

const F = schema.TensorProto;

/** Reads a tensor that is the initializer of a model. */
function read(tensor: Uint8Array): TensorValue {
  const graph = bytesField(schema.GraphProto.initializer.id, tensor);
  const model = decodeModel(messageField(schema.ModelProto.graph.id, graph), { file: 'model.onnx' });
  return readTensor(model.graph.initializers[0]!, undefined);
}

function spec(
  dims: TensorSpec['dims'],
  data: TensorSpec['data'],
  rest: Omit<TensorSpec, 'dims' | 'data'> = {},
): Uint8Array {
  return onnxTensor({ name: 'w', dims, data, ...rest });
}

/** A tensor without elements, of type float32 unless another code is given. */
function header(dims: TensorSpec['dims'], dataType = 1): Uint8Array {
  return concat([packedVarints(F.dims.id, dims), varintField(F.data_type.id, dataType), stringField(F.name.id, 'w')]);
}

const raw = (length: number): Uint8Array => bytesField(F.raw_data.id, new Uint8Array(length));

function refusedTensor(tensor: Uint8Array, ...codes: readonly string[]): void {
  const d = refused(() => read(tensor), ...codes);
  expect(d.where).toMatchObject({ file: 'model.onnx', field: 'w' });
  expect(d.where.byte).toBeTypeOf('number');
}

describe('C1: elements that do not match the shape', () => {
  test.each([0, 23, 25, 20, 28, 4])('raw_data of %d bytes for six float32', (length) => {
    refusedTensor(concat([header([2, 3]), raw(length)]), 'bad-tensor');
  });

  test.each<Layout>(['packed', 'unpacked'])('typed data, %s: short, long, none', (layout) => {
    for (const dtype of ['float32', 'float64', 'int64', 'uint32', 'int8', 'float16'] satisfies DataType[])
      for (const data of [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6, 7], []])
        refusedTensor(spec([2, 3], data, { dtype, layout }), 'bad-tensor');
  });

  test('packed floats that are no whole number of floats', () => {
    refusedTensor(concat([header([2]), bytesField(F.float_data.id, new Uint8Array(7))]), 'bad-tensor', 'bad-protobuf');
  });

  test('elements twice', () => {
    refusedTensor(concat([spec([1], [1]), bytesField(F.float_data.id, floatBytes([1]))]), 'bad-tensor');
    refusedTensor(concat([spec([1], [1], { layout: 'packed' }), packedVarints(F.int64_data.id, [1])]), 'bad-tensor');
    refusedTensor(concat([spec([1], [1]), stringField(F.string_data.id, 'a')]), 'bad-tensor');
  });

  test('elements in the field of another type', () => {
    refusedTensor(concat([header([1]), packedVarints(F.int64_data.id, [1])]), 'bad-tensor');
    refusedTensor(concat([header([1], 7), packedVarints(F.int32_data.id, [1])]), 'bad-tensor');
    refusedTensor(concat([header([1], 12), packedVarints(F.int32_data.id, [1])]), 'bad-tensor');
    refusedTensor(concat([header([1]), stringField(F.string_data.id, 'a')]), 'bad-tensor');
  });

  test('one segment of a larger tensor', () => {
    refusedTensor(
      concat([spec([1], [1]), messageField(F.segment.id, varintField(1, 0), varintField(2, 1))]),
      'bad-tensor',
    );
  });

  test('no elements where none are asked for', () => {
    expect(read(header([0, 3])).tensor).toEqual({ shape: [0, 3], data: new Float32Array(0) });
    expect(read(spec([], [7])).tensor).toEqual({ shape: [], data: Float32Array.of(7) });
  });

  test('a block of numbers in more than 65,536 pieces', () => {
    const piece = concat([bytesField(F.float_data.id, floatBytes([1])), varintField(99, 0)]);
    const before = peakMemory();
    refused(() => read(concat([header([2 ** 17]), ...Array.from({ length: 2 ** 17 }, () => piece)])), 'bad-protobuf');
    expect(peakMemory() - before).toBeLessThan(2 ** 28);
  });
});

describe('C2: dimensions', () => {
  test.each<[string, (number | bigint)[]]>([
    ['negative', [-1, 2]],
    ['-2^63', [-(2n ** 63n)]],
    ['2^62', [2n ** 62n]],
    ['2^63 - 1 twice', [2n ** 63n - 1n, 2n ** 63n - 1n]],
    ['a product of 2^64', [2 ** 32, 2 ** 32]],
    ['a product of 2^64 + 2^33', [2 ** 32 + 2, 2 ** 32]],
    ['2^53 + 1', [2n ** 53n + 1n]],
    ['zero times 2^62', [0, 2n ** 62n]],
    ['2^62 times zero', [2n ** 62n, 0]],
    ['a billion', [1e9]],
    ['rank 65', new Array<number>(65).fill(1)],
    ['rank 17', new Array<number>(17).fill(1)],
    ['rank 10^6', new Array<number>(1e6).fill(1)],
  ])('%s', (_, dims) => {
    const contents = [raw(4), raw(0), bytesField(F.float_data.id, new Uint8Array(4))];
    const tensors = contents.map((content) => concat([header(dims), content]));
    const before = peakMemory();
    for (const tensor of tensors) refusedTensor(tensor, 'bad-shape', 'tensor-too-large', 'bad-tensor');
    expect(peakMemory() - before).toBeLessThan(2 ** 28);
  });
});

describe('C3: element types', () => {
  test.each([0, 8, 14, 15, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 99, -1, 2 ** 40])('code %d', (code) => {
    const d = refused(() => read(concat([header([3], code), raw(12)])), 'unsupported-data-type');
    expect(d.where.field).toBe('w');
    if (code === 22) expect(d.message).toContain('int4');
  });

  test.each([2, 3, 255])('a boolean of %d', (value) => {
    refusedTensor(concat([header([2], 9), bytesField(F.raw_data.id, Uint8Array.of(1, value))]), 'bad-bool');
    refusedTensor(concat([header([2], 9), packedVarints(F.int32_data.id, [1, value])]), 'bad-bool');
  });

  test.each<[DataType, readonly (number | bigint)[]]>([
    ['int8', [-129, 128, 2 ** 31, -(2 ** 31)]],
    ['uint8', [-1, 256, 2 ** 32]],
    ['int16', [-32769, 32768]],
    ['uint16', [-1, 65536]],
    ['int32', [2n ** 32n, 2n ** 33n + 1n, -(2n ** 31n) - 1n, 2n ** 63n - 1n]],
    ['uint32', [-1, 2 ** 32, 2n ** 63n]],
    ['bool', [-1, 256]],
  ])('%s out of range in typed data', (dtype, values) => {
    for (const value of values)
      for (const layout of ['packed', 'unpacked'] as const)
        refused(() => read(spec([1], [value], { dtype, layout })), 'bad-tensor', 'bad-bool');
  });

  test('float16 bit patterns beyond 16 bits', () => {
    refusedTensor(concat([header([1], 10), packedVarints(F.int32_data.id, [65536])]), 'bad-tensor');
    refusedTensor(concat([header([1], 16), packedVarints(F.int32_data.id, [-1])]), 'bad-tensor');
  });
});

describe('C4: extreme values are what they are', () => {
  const floats = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    1.401298464324817e-45,
    -0,
    3.4028234663852886e38,
  ];
  test.each<Layout>(['raw', 'packed', 'unpacked'])('floats, %s', (layout) => {
    expect(read(spec([6], floats, { layout })).tensor.data).toEqual(Float32Array.from(floats));
    expect(read(spec([6], floats, { layout, dtype: 'float64' })).tensor.data).toEqual(Float64Array.from(floats));
    expect(
      read(spec([4], [Number.NaN, Number.NEGATIVE_INFINITY, 2 ** -24, -0], { layout, dtype: 'float16' })).tensor.data,
    ).toEqual(Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY, 2 ** -24, -0));
  });

  test.each<Layout>(['raw', 'packed', 'unpacked'])('64-bit integers, %s', (layout) => {
    const exact = [2n ** 53n, -(2n ** 53n), 0n, -1n];
    expect(Array.from(read(spec([4], exact, { layout, dtype: 'int64' })).tensor.data, BigInt)).toEqual(exact);
    const open = [2n ** 62n, 2n ** 63n - 1n, -(2n ** 62n), -(2n ** 63n)];
    expect(Array.from(read(spec([4], open, { layout, dtype: 'int64' })).tensor.data)).toEqual([
      2 ** 62,
      2 ** 62,
      -(2 ** 62),
      -(2 ** 62),
    ]);
    for (const value of [2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 62n - 1n, -(2n ** 62n) + 1n])
      refusedTensor(spec([2], [0n, value], { layout, dtype: 'int64' }), 'integer-too-large');
    for (const value of [2n ** 53n + 1n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n])
      refusedTensor(spec([2], [0n, value], { layout, dtype: 'uint64' }), 'integer-too-large');
  });
});

describe('C5 and C6: what the importer needs to see', () => {
  test('an initializer that is also an input appears as both', () => {
    const graph = onnxGraph({
      inputs: [{ name: 'w', shape: [1] }],
      initializers: [{ name: 'w', dims: [1], data: [1] }],
    });
    const model = decodeModel(messageField(schema.ModelProto.graph.id, graph), { file: 'model.onnx' });
    expect(model.graph.inputs.map((v) => v.name)).toEqual(model.graph.initializers.map((v) => v.name));
  });

  test('sparse initializers are named, whatever their indices', () => {
    const S = schema.SparseTensorProto;
    for (const indices of [[3, 1], [1, 1], [9], [-1], [0, 1, 2, 3, 4]]) {
      const sparse = concat([
        bytesField(S.values.id, onnxTensor({ name: 's', dims: [indices.length], data: indices })),
        bytesField(S.indices.id, onnxTensor({ dims: [indices.length], data: indices, dtype: 'int64' })),
        packedVarints(S.dims.id, [2, 2]),
      ]);
      const model = decodeModel(
        messageField(schema.ModelProto.graph.id, bytesField(schema.GraphProto.sparse_initializer.id, sparse)),
        { file: 'm' },
      );
      expect(model.graph.sparseInitializers).toEqual(['s']);
      expect(model.graph.initializers).toEqual([]);
    }
  });
});
