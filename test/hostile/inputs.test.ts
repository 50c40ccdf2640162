// Hostile inputs, group F5: files of inputs and expected outputs that are wrong, oversized, or built to break their reader.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { type ExpectedTensor, readSamples, readTensors } from '../../compiler/frontend/inputs.ts';
import type { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { npy, npyWith, npz } from '../kits/numpy-writer.ts';
import { onnxModel, onnxTensor } from '../kits/onnx-builder.ts';
import { concat } from '../kits/protobuf-writer.ts';
import { noise, peakMemory, rejected } from './refused.ts';

const folder = mkdtempSync(join(tmpdir(), 'zkmlc-hostile-inputs-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const x: ExpectedTensor = { name: 'x', shape: [1, 2], dtype: 'float32' };
const n: ExpectedTensor = { name: 'n', shape: [2], dtype: 'int64' };

function file(extension: string, content: string | Uint8Array): string {
  const path = join(folder, `${files++}.${extension}`);
  writeFileSync(path, content);
  return path;
}

/** The file is refused as an input and as calibration data, with the file named. */
async function refusedFile(
  path: string,
  expected: readonly ExpectedTensor[],
  ...codes: readonly string[]
): Promise<Diagnostic> {
  const before = peakMemory();
  await rejected(readSamples(path, expected), ...codes);
  const d = await rejected(readTensors(path, expected, 'input'), ...codes);
  expect(d.where.file?.startsWith(path)).toBe(true);
  expect(peakMemory() - before).toBeLessThan(2 ** 29);
  return d;
}

const json = (
  text: string | Uint8Array,
  expected: readonly ExpectedTensor[],
  ...codes: readonly string[]
): Promise<Diagnostic> => refusedFile(file('json', text), expected, ...codes);

describe('JSON: counts and shapes', () => {
  test.each<[string, string]>([
    ['nothing', '{}'],
    ['another name', '{"y": [[1, 2]]}'],
    ['a name too many', '{"x": [[1, 2]], "y": [1]}'],
    ['one list too many', '{"input_data": [[1, 2], [3, 4]]}'],
    ['no list', '{"input_data": []}'],
    ['both forms', '{"x": [[1, 2]], "input_data": [[1, 2]]}'],
    ['outputs instead of inputs', '{"output_data": [[1, 2]]}'],
    ['ragged', '{"x": [[1, 2], [3]]}'],
    ['ragged in depth', '{"x": [[1], 2]}'],
    ['ragged in depth, empty', '{"x": [[], 2]}'],
    ['ragged in depth, deeper', '{"x": [1, [2]]}'],
  ])('%s', async (_, text) => {
    await json(text, [x], 'bad-input');
  });

  test.each(['[1]', '[[1]]', '[]', '3', '[[1], [2]]', '[[[1, 2]]]', '[[1, 2, 3]]', '[[[[1], [2]]]]'])(
    'x = %s',
    async (value) => {
      const path = file('json', `{"x": ${value}}`);
      await rejected(readTensors(path, [x], 'input'), 'wrong-shape', 'bad-input');
    },
  );

  test('the error names tensor, shape and what was expected', async () => {
    const d = await json('{"x": [[1], [2]]}', [{ ...x, shape: [2, null] }, n], 'bad-input');
    expect(d.message).toContain('"n" is missing');
    const shape = await rejected(readTensors(file('json', '{"x": [[[1], [2]]]}'), [x], 'input'), 'wrong-shape');
    expect(shape.message).toContain('[1, 2, 1]');
    expect(shape.message).toContain('[1, 2] is expected');
    expect(shape.where.field).toBe('x');
  });
});

describe('JSON: values', () => {
  test.each([
    'NaN',
    'Infinity',
    '-Infinity',
    'nan',
    'null',
    '"1"',
    '"0x1"',
    '1e400',
    '-1e400',
    '1e39',
    '{}',
    'undefined',
    '',
  ])('%s', async (value) => {
    const d = await json(`{"x": [[1, ${value}]]}`, [x], 'bad-input', 'bad-json');
    expect(d.where.field).toBe('x');
  });

  test.each(['01', '+1', '.5', '1.', '1e', '0x10', '1_000', '--1', '1 2', '1/2', "'1'"])(
    'not JSON: %s',
    async (value) => {
      await json(`{"x": [[1, ${value}]]}`, [x], 'bad-json', 'bad-input');
    },
  );

  test('integers that cannot be exact, not whole, or out of range', async () => {
    for (const value of ['9007199254740993', '-9007199254740993', '18446744073709551617', '1e300', '0.5', 'true'])
      await json(`{"n": [1, ${value}]}`, [n], 'bad-input', 'wrong-data-type');
    expect(
      (await readTensors(file('json', '{"n": [9007199254740992, -9007199254740992]}'), [n], 'input')).get('n')?.data,
    ).toEqual(Float64Array.of(2 ** 53, -(2 ** 53)));
    for (const [dtype, value] of [
      ['int8', 128],
      ['uint8', -1],
      ['int16', 32768],
      ['uint16', 65536],
      ['int32', 2 ** 31],
      ['uint32', 2 ** 32],
      ['bool', 2],
    ] as const)
      await json(`{"n": [1, ${value}]}`, [{ name: 'n', shape: [2], dtype }], 'bad-input');
    await json('{"x": [[1, true]]}', [x], 'wrong-data-type');
  });

  test('a number of a million digits', async () => {
    await json(`{"n": [1, ${'9'.repeat(1e6)}]}`, [n], 'bad-input');
    await json(`{"x": [1, 0.${'9'.repeat(1e6)}]}`, [x], 'bad-input');
  });
});

describe('JSON: form', () => {
  test.each<[string, string | Uint8Array]>([
    ['empty', ''],
    ['blanks', ' \n\t '],
    ['a number', '3'],
    ['a list of numbers', '[1, 2]'],
    ['a string', '"x"'],
    ['cut off', '{"x": [[1, 2]'],
    ['cut off in a key', '{"x'],
    ['cut off after a backslash', '{"x\\'],
    ['something behind it', '{"x": [[1, 2]]} {}'],
    ['a trailing comma', '{"x": [[1, 2,]]}'],
    ['a trailing comma in the object', '{"x": [[1, 2]],}'],
    ['no colon', '{"x" [[1, 2]]}'],
    ['a comment', '{"x": [[1, 2]] /* no */}'],
    ['UTF-16', Buffer.from('{"x": [[1, 2]]}', 'utf16le')],
    ['broken UTF-8 in a key', concat([Buffer.from('{"'), Uint8Array.of(0xc0, 0xaf), Buffer.from('": [1]}')])],
    ['a line break in a key', '{"x\n": [[1, 2]]}'],
    ['noise', noise(4096, 3)],
    ['zeros', new Uint8Array(4096)],
  ])('%s', async (_, text) => {
    await json(text, [x], 'bad-json', 'bad-input');
  });

  test('keys given twice, also when spelt differently', async () => {
    await json('{"x": [[1, 2]], "x": [[1, 2]]}', [x], 'bad-json');
    await json('{"x": [[1, 2]], "\\u0078": [[1, 2]]}', [x], 'bad-json');
    await json('{"input_data": [[1, 2]], "input_data": [[1, 2]]}', [x], 'bad-json');
  });

  test('__proto__ and its friends are only names', async () => {
    for (const key of ['__proto__', 'constructor', 'toString', '\\u001b[2J'])
      await json(`{"${key}": {"polluted": [1]}, "x": [[1, 2]]}`, [x], 'bad-input');
    expect('polluted' in {}).toBe(false);
  });

  test.each<[string, string]>([
    ['lists', '['],
    ['objects', '{"x":'],
  ])('100,000 nested %s', async (_, open) => {
    await json(open.repeat(1e5), [x], 'bad-json', 'bad-input');
    await json(`{"x": ${open.repeat(1e5)}`, [x], 'bad-json', 'bad-input');
    await json(`{"input_data": ${open.repeat(1e5)}`, [x], 'bad-json', 'bad-input');
    await json(`{"output_data": ${open.repeat(1e5)}`, [x], 'bad-json');
  });

  test('millions of numbers where two are expected', async () => {
    const path = file('json', `{"x": [${'1,'.repeat(5e6)}1]}`);
    const before = peakMemory();
    expect((await rejected(readTensors(path, [x], 'input'), 'bad-input')).message).toContain('expected 2 numbers');
    expect(peakMemory() - before).toBeLessThan(2 ** 28);
  });
});

describe('files', () => {
  test.each(['json', 'npy', 'npz', 'pb'])('a .%s file of 4 GB is refused before it is read', async (extension) => {
    const path = file(extension, '');
    truncateSync(path, 4e9);
    const before = peakMemory();
    await refusedFile(path, [x], 'file-too-large');
    expect(peakMemory() - before).toBeLessThan(2 ** 26);
  });

  test('missing, of another kind, a device, a pipe', async () => {
    for (const name of ['missing.json', 'missing', `${'x'.repeat(5000)}.json`, 'a\0b.json'])
      await rejected(readTensors(join(folder, name), [x], 'input'), 'file-not-found', 'unreadable-file', 'bad-input');
    await refusedFile(file('txt', '1 2'), [x], 'bad-input');
    await rejected(readTensors('/dev/zero', [x], 'input'), 'bad-input', 'unsafe-file');
    const pipe = join(folder, 'pipe.json');
    execFileSync('mkfifo', [pipe]);
    await refusedFile(pipe, [x], 'unsafe-file');
  });

  test('an empty folder, one with a gap, one with too many files', async () => {
    const path = join(folder, `set${files++}`);
    mkdirSync(path);
    await refusedFile(path, [x], 'file-not-found', 'bad-input');
    writeFileSync(join(path, 'input_0.pb'), onnxTensor({ name: 'x', dims: [1, 2], data: [1, 2] }));
    await refusedFile(path, [x, n], 'file-not-found');
    writeFileSync(join(path, 'input_1.pb'), onnxTensor({ name: 'x', dims: [1, 2], data: [1, 2] }));
    await refusedFile(path, [x], 'bad-input');
    await refusedFile(path, [x, n], 'bad-input');
  });
});

describe('ONNX tensors', () => {
  test.each<[string, Uint8Array, string]>([
    ['another name', onnxTensor({ name: 'y', dims: [1, 2], data: [1, 2] }), 'bad-input'],
    ['another type', onnxTensor({ name: 'x', dims: [1, 2], data: [1, 2], dtype: 'float64' }), 'wrong-data-type'],
    ['another shape', onnxTensor({ name: 'x', dims: [2, 1], data: [1, 2] }), 'wrong-shape'],
    ['NaN', onnxTensor({ name: 'x', dims: [1, 2], data: [1, Number.NaN] }), 'bad-input'],
    ['infinity', onnxTensor({ name: 'x', dims: [1, 2], data: [1, Number.NEGATIVE_INFINITY] }), 'bad-input'],
    [
      'external data',
      onnxTensor({ name: 'x', dims: [1, 2], data: [], external: [['location', 'x.bin']] }),
      'bad-external-data',
    ],
    ['short', onnxTensor({ name: 'x', dims: [1, 2], data: [1] }), 'bad-tensor'],
    ['empty', new Uint8Array(0), 'unsupported-data-type'],
    ['a whole model', onnxModel({ inputs: [{ name: 'x', shape: [1, 2] }] }), 'bad-protobuf'],
    ['noise', noise(200, 5), 'bad-protobuf'],
  ])('%s', async (_, bytes, code) => {
    await rejected(readTensors(file('pb', bytes), [x], 'input'), code);
  });

  test('one tensor where two are expected; integers that cannot be exact', async () => {
    await refusedFile(file('pb', onnxTensor({ name: 'x', dims: [1, 2], data: [1, 2] })), [x, n], 'bad-input');
    for (const value of [2n ** 53n + 1n, 2n ** 62n, -(2n ** 63n)])
      await refusedFile(
        file('pb', onnxTensor({ name: 'n', dims: [2], data: [1n, value], dtype: 'int64' })),
        [n],
        'integer-too-large',
        'bad-input',
      );
  });
});

describe('NumPy', () => {
  const good = npy({ shape: [1, 2], data: [1, 2] });
  const header = (descr: string, shape: string, rest = ''): string =>
    `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, ${rest}}`;
  const eight = new Uint8Array(8);
  test.each<[string, Uint8Array]>([
    ['empty', new Uint8Array(0)],
    ['noise', noise(500, 9)],
    ['cut off', good.subarray(0, good.length - 1)],
    ['cut off in the header', good.subarray(0, 40)],
    ['one byte too many', concat([good, Uint8Array.of(0)])],
    ['version 0', concat([good.subarray(0, 6), Uint8Array.of(0), good.subarray(7)])],
    ['version 9', concat([good.subarray(0, 6), Uint8Array.of(9), good.subarray(7)])],
    ['a header of 4 GB', concat([good.subarray(0, 6), Uint8Array.of(2, 0, 255, 255, 255, 255), good.subarray(12)])],
    ['big-endian', npyWith(header("'>f4'", '(1, 2)'), eight)],
    ['pickled objects', npyWith(header("'|O'", '(1,)'), eight)],
    ['complex', npyWith(header("'<c8'", '(1,)'), eight)],
    ['text', npyWith(header("'<U1'", '(2,)'), eight)],
    ['structured', npyWith(header("[('a', '<f4'), ('b', '<f4')]", '(1,)'), eight)],
    ['a negative dimension', npyWith(header("'<f4'", '(-1, -2)'), eight)],
    ['a product that overflows', npyWith(header("'<f4'", '(4294967296, 4294967296)'), eight)],
    ['zero times something huge', npyWith(header("'<f4'", '(0, 999999999999999)'), new Uint8Array(0))],
    ['rank 100', npyWith(header("'<f4'", `(${'1, '.repeat(100)})`), eight)],
    ['code in the shape', npyWith(header("'<f4'", '(__import__("os"), 2)'), eight)],
    ['a key twice', npyWith(header("'<f4'", '(1, 2)', "'shape': (2, 1), "), eight)],
    ['another key', npyWith(header("'<f4'", '(1, 2)', "'x': (2, 1), "), eight)],
    ['no shape', npyWith("{'descr': '<f4', 'fortran_order': False}", eight)],
    ['something behind the header', npyWith(`${header("'<f4'", '(1, 2)')} + x`, eight)],
    ['NaN', npy({ shape: [1, 2], data: [1, Number.NaN] })],
    ['beyond float32', npy({ shape: [1, 2], data: [1, 1e39], dtype: 'float64' })],
    ['booleans', npy({ shape: [1, 2], data: [1, 0], dtype: 'bool' })],
    ['another shape', npy({ shape: [1, 1, 2, 1], data: [1, 2] })],
  ])('%s', async (_, bytes) => {
    await refusedFile(file('npy', bytes), [x]);
    if (bytes.length > 0) await refusedFile(file('npz', zipSync({ 'x.npy': bytes })), [x]);
  });

  test('floats where integers are expected, and integers that cannot be exact', async () => {
    await refusedFile(file('npy', npy({ shape: [2], data: [1, 2], dtype: 'float64' })), [n], 'wrong-data-type');
    for (const value of [2n ** 53n + 1n, 2n ** 62n])
      await refusedFile(file('npy', npy({ shape: [2], data: [1n, value], dtype: 'int64' })), [n], 'integer-too-large');
  });
});

describe('archives', () => {
  const array = npy({ shape: [1, 2], data: [1, 2] });
  test.each<[string, Uint8Array]>([
    ['not a zip', noise(500, 11)],
    ['empty', new Uint8Array(0)],
    ['without entries', zipSync({})],
    ['cut off', zipSync({ 'x.npy': array }).subarray(0, 60)],
    ['another name', npz({ y: { shape: [1, 2], data: [1, 2] } })],
    ['an array too many', npz({ x: { shape: [1, 2], data: [1, 2] }, y: { shape: [1], data: [1] } })],
    ['a path', zipSync({ '../x.npy': array })],
    ['another kind of file', zipSync({ 'x.npy': array, 'run.py': Buffer.from('1') })],
    ['a method that is not known', changed(zipSync({ 'x.npy': array }), [0x50, 0x4b, 1, 2], 10, 99)],
  ])('%s', async (_, bytes) => {
    await refusedFile(file('npz', bytes), [x]);
  });

  test('the same name twice', async () => {
    const twice = zipSync({ 'x.npy': array, 'y.npy': array });
    for (let at = twice.indexOf(0x79); at >= 0; at = twice.indexOf(0x79, at + 1))
      if (twice[at + 1] === 0x2e) twice[at] = 0x78;
    await refusedFile(file('npz', twice), [x], 'bad-npz');
  });

  test('bombs: a claim of 4 GB, and a gigabyte of zeros in a megabyte', async () => {
    await refusedFile(
      file('npz', changed(zipSync({ 'x.npy': array }), [0x50, 0x4b, 1, 2], 24, 255, 255, 255, 255)),
      [x],
      'bad-npz',
    );
    const bomb = zipSync({ 'x.npy': new Uint8Array(2 ** 28) }, { level: 9 });
    const path = file('npz', bomb);
    const before = peakMemory();
    await rejected(readTensors(path, [x], 'input'), 'bad-npz');
    // The archive says that it holds little, and unpacks to much.
    await rejected(
      readTensors(file('npz', changed(bomb, [0x50, 0x4b, 1, 2], 24, 200, 0, 0, 0)), [x], 'input'),
      'bad-npy',
      'bad-npz',
    );
    expect(peakMemory() - before).toBeLessThan(2 ** 27);
  });

  test('samples that disagree in number', async () => {
    const path = file(
      'npz',
      npz({ x: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] }, n: { shape: [2, 2], data: [1, 2, 3, 4], dtype: 'int64' } }),
    );
    await rejected(readSamples(path, [x, n]), 'bad-input');
    await rejected(
      readSamples(
        file(
          'npz',
          npz({ x: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] }, n: { shape: [2], data: [1, 2], dtype: 'int64' } }),
        ),
        [x, n],
      ),
      'bad-input',
    );
    await rejected(readSamples(file('npz', npz({ x: { shape: [0, 2], data: [] } })), [x]), 'bad-input');
    await rejected(readSamples(file('json', '[]'), [x]), 'bad-input');
  });
});

/** A copy with bytes changed at an offset behind the last occurrence of a signature. */
function changed(
  bytes: Uint8Array,
  signature: readonly number[],
  offset: number,
  ...values: readonly number[]
): Uint8Array {
  const at = Buffer.from(bytes).lastIndexOf(Uint8Array.from(signature));
  expect(at).toBeGreaterThanOrEqual(0);
  const copy = Uint8Array.from(bytes);
  copy.set(values, at + offset);
  return copy;
}
