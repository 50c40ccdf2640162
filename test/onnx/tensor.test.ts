// Tensors of every element type and layout come back as they were written.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bfloat16, float16 } from '../../compiler/frontend/elements.ts';
import { decodeModel } from '../../compiler/frontend/onnx/decode.ts';
import { type DataType, dataTypes } from '../../compiler/frontend/onnx/schema.ts';
import { readTensor, type TensorValue } from '../../compiler/frontend/onnx/tensor.ts';
import { type Layout, onnxModel, rawElements, type TensorSpec } from '../kits/onnx-builder.ts';

function roundTrip(spec: TensorSpec, alignment = 0): TensorValue {
  const bytes = onnxModel({ initializers: [spec] });
  // The same file at another place in memory: elements that are aligned in one are not in the other.
  const moved = new Uint8Array(bytes.length + alignment).subarray(alignment);
  moved.set(bytes);
  return readTensor(decodeModel(moved, { file: 'model.onnx' }).graph.initializers[0]!, undefined);
}

const values: Readonly<Record<DataType, fc.Arbitrary<number>>> = {
  float32: fc.float(),
  float64: fc.double(),
  float16: fc.integer({ min: 0, max: 0xffff }).map(float16),
  bfloat16: fc.integer({ min: 0, max: 0xffff }).map(bfloat16),
  int8: fc.integer({ min: -128, max: 127 }),
  uint8: fc.integer({ min: 0, max: 255 }),
  int16: fc.integer({ min: -32768, max: 32767 }),
  uint16: fc.integer({ min: 0, max: 65535 }),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int64: fc.maxSafeInteger(),
  uint64: fc.maxSafeNat(),
  bool: fc.constantFrom(0, 1),
};

describe.each(dataTypes.map((t) => t.name))('%s', (dtype) => {
  test.each<Layout>(['raw', 'packed', 'unpacked'])('%s', (layout) => {
    fc.assert(
      fc.property(fc.array(values[dtype], { maxLength: 12 }), fc.nat({ max: 7 }), (data, alignment) => {
        const {
          name,
          dtype: found,
          tensor,
        } = roundTrip({ name: 'w', dims: [data.length], data, dtype, layout }, alignment);
        expect({ name, found, shape: tensor.shape }).toEqual({ name: 'w', found: dtype, shape: [data.length] });
        expect(Array.from(tensor.data)).toEqual(data);
      }),
      { numRuns: 50 },
    );
  });
});

test('every float16 and bfloat16 bit pattern has the value that IEEE 754 gives it', () => {
  const half = new DataView(new ArrayBuffer(4));
  for (let bits = 0; bits < 65536; bits++) {
    half.setUint16(0, bits);
    half.setUint16(2, 0);
    expect(Object.is(bfloat16(bits), half.getFloat32(0))).toBe(true);
    const value = float16(bits);
    const encoded = rawElements('float16', [value]);
    if (!Number.isNaN(value)) expect(encoded[0]! + 256 * encoded[1]!).toBe(bits);
  }
  // Spot values of the standard.
  expect([0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x3555].map(float16)).toEqual([
    1,
    -2,
    65504,
    2 ** -14,
    2 ** -24,
    0.333251953125,
  ]);
  expect([0x7c00, 0xfc00].map(float16)).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  expect(Number.isNaN(float16(0x7e01))).toBe(true);
});

test('aligned elements are viewed, not copied', () => {
  const bytes = onnxModel({ initializers: [{ name: 'w', dims: [256], data: new Float32Array(256) }] });
  let views = 0;
  for (let alignment = 0; alignment < 4; alignment++) {
    const moved = new Uint8Array(bytes.length + alignment).subarray(alignment);
    moved.set(bytes);
    const { tensor } = readTensor(decodeModel(moved, { file: 'm' }).graph.initializers[0]!, undefined);
    if (tensor.data.buffer === moved.buffer) views++;
  }
  expect(views).toBe(1);
});
