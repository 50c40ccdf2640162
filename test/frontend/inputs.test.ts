// The user's data come in as they were meant: JSON, NumPy and ONNX test data, one set or many samples.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type ExpectedTensor, readSamples, readTensors } from '../../compiler/frontend/inputs.ts';
import { readNpy, readNpz } from '../../compiler/frontend/npy.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { npy, npz } from '../kits/numpy-writer.ts';
import { onnxTensor } from '../kits/onnx-builder.ts';

const folder = mkdtempSync(join(tmpdir(), 'zkmlc-inputs-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

function file(extension: string, content: string | Uint8Array): string {
  const path = join(folder, `${files++}.${extension}`);
  writeFileSync(path, content);
  return path;
}

const image: ExpectedTensor = { name: 'image', shape: [1, 2, 2], dtype: 'float32' };
const mask: ExpectedTensor = { name: 'mask', shape: [2], dtype: 'int64' };
const expectedImage: Tensor = { shape: [1, 2, 2], data: Float32Array.of(1, 2, 3, 0.5) };
const expectedMask: Tensor = { shape: [2], data: Float64Array.of(1, -7) };
const both = new Map([
  ['image', expectedImage],
  ['mask', expectedMask],
]);

describe('one set of tensors', () => {
  test.each<[string, () => string]>([
    ['JSON by name', () => file('json', '{"image": [[[1, 2], [3, 5e-1]]], "mask": [1, -7]}')],
    [
      'JSON in another order, with blanks',
      () => file('json', '\ufeff\n{ "mask" : [ 1 ,\t-7 ] , "image":[[[1,2],[3.0,0.5]]]}\r\n'),
    ],
    ['JSON in order, flat', () => file('json', '{"input_data": [[1, 2, 3, 0.5], [1, -7]]}')],
    [
      'JSON in order, nested, beside other data',
      () =>
        file(
          'json',
          '{"input_shapes": [[4], [2]], "output_data": [["0x1", null]], "input_data": [[[[1, 2], [3, 0.5]]], [1, -7]]}',
        ),
    ],
    [
      'NumPy archive',
      () =>
        file(
          'npz',
          npz({
            mask: { shape: [2], data: [1, -7], dtype: 'int64' },
            image: { shape: [1, 2, 2], data: [1, 2, 3, 0.5] },
          }),
        ),
    ],
    [
      'NumPy archive, other types of number',
      () =>
        file(
          'npz',
          npz({
            mask: { shape: [2], data: [1, -7], dtype: 'int8' },
            image: { shape: [4], data: [1, 2, 3, 0.5], dtype: 'float64' },
          }),
        ),
    ],
    [
      'NumPy archive without names',
      () =>
        file(
          'npz',
          npz({
            arr_1: { shape: [2], data: [1, -7], dtype: 'int64' },
            arr_0: { shape: [1, 2, 2], data: [1, 2, 3, 0.5], dtype: 'float16' },
          }),
        ),
    ],
    ['a folder of ONNX tensors', () => testSet(['image', 'mask'])],
    ['a folder of ONNX tensors in another order', () => testSet(['mask', 'image'])],
    ['a folder of ONNX tensors without names', () => testSet([undefined, undefined])],
  ])('%s', async (_, path) => {
    expect(await readTensors(path(), [image, mask], 'input')).toEqual(both);
  });

  test('single tensors', async () => {
    const only = new Map([['image', expectedImage]]);
    expect(await readTensors(file('npy', npy({ shape: [1, 2, 2], data: [1, 2, 3, 0.5] })), [image], 'input')).toEqual(
      only,
    );
    expect(
      await readTensors(
        file('pb', onnxTensor({ dims: [1, 2, 2], data: [1, 2, 3, 0.5], layout: 'packed' })),
        [image],
        'input',
      ),
    ).toEqual(only);
    expect(await readTensors(file('json', '{"output_data": [[1, 2, 3, 0.5]]}'), [image], 'output')).toEqual(only);
    expect(await readTensors(file('json', '[{"image": [1, 2, 3, 0.5]}]'), [image], 'input')).toEqual(only);
  });

  test('scalars, booleans, empty tensors, dimensions of any size, names from a prototype', async () => {
    const expected: readonly ExpectedTensor[] = [
      { name: '__proto__', shape: [], dtype: 'float64' },
      { name: 'flags', shape: [null], dtype: 'bool' },
      { name: 'none', shape: [0, 2], dtype: 'int32' },
      { name: 'toString', shape: [null, 2], dtype: 'uint8' },
    ];
    const path = file('json', '{"__proto__": 0.1, "flags": [true, false, 1], "none": [], "toString": [1, 2, 3, 255]}');
    expect([...(await readTensors(path, expected, 'input'))]).toEqual([
      ['__proto__', { shape: [], data: Float64Array.of(0.1) }],
      ['flags', { shape: [3], data: Uint8Array.of(1, 0, 1) }],
      ['none', { shape: [0, 2], data: new Int32Array(0) }],
      ['toString', { shape: [2, 2], data: Uint8Array.of(1, 2, 3, 255) }],
    ]);
  });

  test('any numbers in any nesting, through JSON', async () => {
    const shaped = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }).chain((shape) =>
      fc.tuple(
        fc.constant(shape),
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
          minLength: shape.reduce((a, b) => a * b, 1),
          maxLength: shape.reduce((a, b) => a * b, 1),
        }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(shaped, async ([shape, data]) => {
        const nest = (from: number, axis: number): unknown => {
          const size = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
          return axis === shape.length
            ? data[from]
            : Array.from({ length: shape[axis]! }, (_, i) => nest(from + i * size, axis + 1));
        };
        const path = join(folder, 'property.json');
        writeFileSync(path, JSON.stringify({ x: nest(0, 0) }));
        const found = await readTensors(path, [{ name: 'x', shape, dtype: 'float64' }], 'input');
        // JSON has no negative zero of its own: JSON.stringify writes 0.
        expect(found.get('x')).toEqual({ shape, data: Float64Array.from(data, (v) => (v === 0 ? 0 : v)) });
      }),
      { numRuns: 100 },
    );
  });
});

function testSet(names: readonly (string | undefined)[], path = join(folder, `set${files++}`)): string {
  mkdirSync(path, { recursive: true });
  names.forEach((name, i) => {
    const isImage = name === 'image' || (name === undefined && i === 0);
    const tensor = isImage
      ? { dims: [1, 2, 2], data: [1, 2, 3, 0.5] }
      : { dims: [2], data: [1n, -7n], dtype: 'int64' as const };
    writeFileSync(join(path, `input_${i}.pb`), onnxTensor({ ...tensor, ...(name === undefined ? {} : { name }) }));
  });
  return path;
}

describe('samples', () => {
  const x: ExpectedTensor = { name: 'x', shape: [1, 2], dtype: 'float32' };
  const k: ExpectedTensor = { name: 'k', shape: [], dtype: 'int32' };
  const sample = (a: number, b: number): Map<string, Tensor> =>
    new Map([['x', { shape: [1, 2], data: Float32Array.of(a, b) }]]);

  test.each<[string, () => string]>([
    ['a new leading axis', () => file('npz', npz({ x: { shape: [3, 1, 2], data: [1, 2, 3, 4, 5, 6] } }))],
    ['the batch axis', () => file('npz', npz({ x: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] } }))],
    ['a single array', () => file('npy', npy({ shape: [3, 2], data: [1, 2, 3, 4, 5, 6], dtype: 'float64' }))],
    ['column-major', () => file('npy', npy({ shape: [3, 2], data: [1, 3, 5, 2, 4, 6], fortran: true }))],
    ['a JSON list', () => file('json', '[{"x": [[1, 2]]}, {"input_data": [[3, 4]]}, {"x": [5, 6]}]')],
    ['JSON with a leading axis', () => file('json', '{"x": [[[1, 2]], [[3, 4]], [[5, 6]]]}')],
    [
      'a folder of test sets',
      () =>
        sampleFolder([
          [1, 2],
          [3, 4],
          [5, 6],
        ]),
    ],
  ])('%s', async (_, path) => {
    expect(await readSamples(path(), [x])).toEqual([sample(1, 2), sample(3, 4), sample(5, 6)]);
  });

  function sampleFolder(samples: readonly (readonly number[])[]): string {
    const path = join(folder, `sets${files++}`);
    samples.forEach((data, i) => {
      // Ten comes after nine: the number counts, not the spelling.
      const set = join(path, `test_data_set_${i + 8}`);
      mkdirSync(set, { recursive: true });
      writeFileSync(join(set, 'input_0.pb'), onnxTensor({ name: 'x', dims: [1, 2], data }));
    });
    return path;
  }

  test('one sample, in every form', async () => {
    for (const path of [
      file('npz', npz({ x: { shape: [1, 2], data: [1, 2] } })),
      file('npz', npz({ x: { shape: [2], data: [1, 2] } })),
      file('json', '{"x": [[1, 2]]}'),
      join(sampleFolder([[1, 2]]), 'test_data_set_8'),
    ])
      expect(await readSamples(path, [x])).toEqual([sample(1, 2)]);
  });

  test('several tensors, scalars among them', async () => {
    const path = file(
      'npz',
      npz({ x: { shape: [2, 2], data: [1, 2, 3, 4] }, k: { shape: [2], data: [7, 8], dtype: 'int16' } }),
    );
    const samples = await readSamples(path, [x, k]);
    expect(samples.map((s) => Array.from(s.get('k')?.data ?? []))).toEqual([[7], [8]]);
    expect(samples.map((s) => s.get('k')?.shape)).toEqual([[], []]);
  });
});

describe("NumPy's own files", () => {
  const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64');
  test('format version 1, column-major', () => {
    const array =
      'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAAAAAAAAAAhAAAAAAAAA8D8AAAAAAAAQQAAAAAAAAABAAAAAAAAAFEA=';
    expect(readNpy(bytes(array))).toEqual({
      dtype: 'float64',
      tensor: { shape: [2, 3], data: Float64Array.of(0, 1, 2, 3, 4, 5) },
    });
  });
  test('format versions 2 and 3', () => {
    const v2 =
      'k05VTVBZAgB0AAAAeydkZXNjcic6ICc8aTInLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMywpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAEAAgA=';
    const v3 =
      'k05VTVBZAwB0AAAAeydkZXNjcic6ICc8ZjQnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAACBA';
    expect(readNpy(bytes(v2)).tensor).toEqual({ shape: [3], data: Int16Array.of(0, 1, 2) });
    expect(readNpy(bytes(v3)).tensor).toEqual({ shape: [], data: Float32Array.of(2.5) });
  });
  test('a compressed archive', () => {
    const archive =
      'UEsDBC0AAAAIAAAAIQDiUng9//////////8FABQAeC5ucHkBABAAoAAAAAAAAABRAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GoY6CiaaOgq1CmQDLgYoYITSTFCaGUoDAFBLAwQtAAAACAAAACEA7hm7Xf//////////BQAUAHkubnB5AQAQAIIAAAAAAAAARgAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBek2SorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFAAuRgYAUEsBAi0DLQAAAAgAAAAhAOJSeD1RAAAAoAAAAAUAAAAAAAAAAAAAAIABAAAAAHgubnB5UEsBAi0DLQAAAAgAAAAhAO4Zu11GAAAAggAAAAUAAAAAAAAAAAAAAIABiAAAAHkubnB5UEsFBgAAAAACAAIAZgAAAAUBAAAAAA==';
    expect([...readNpz(bytes(archive), 1000)]).toEqual([
      ['x', { dtype: 'int64', tensor: { shape: [1, 4], data: Float64Array.of(0, 1, 2, 3) } }],
      ['y', { dtype: 'bool', tensor: { shape: [2], data: Uint8Array.of(1, 0) } }],
    ]);
  });
  test('any order of axes', () => {
    const shape = [2, 3, 4];
    const rowMajor = Float32Array.from({ length: 24 }, (_, i) => i);
    const columnMajor = Float32Array.from(
      { length: 24 },
      (_, i) => (i % 2) * 12 + (Math.floor(i / 2) % 3) * 4 + Math.floor(i / 6),
    );
    expect(readNpy(npy({ shape, data: columnMajor, fortran: true })).tensor).toEqual({ shape, data: rowMajor });
    expect(readNpy(npy({ shape, data: rowMajor })).tensor).toEqual({ shape, data: rowMajor });
  });
});
