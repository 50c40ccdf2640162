// The file of parameters: every element type comes back, every cut and every wrong field is refused.
import { expect, test } from 'vitest';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { decodeParameters, encodeParameters, type Parameter } from '../runtime/artifact/parameters.ts';

const PARAMETERS: readonly Parameter[] = [
  { name: 'a', values: Float64Array.of(-128, 0, 127) },
  { name: 'b', values: Int16Array.of(0, 255), blinding: 12345678901234567890n },
  { name: 'c', values: Float64Array.of(-32768, 7, 32767) },
  { name: 'd', values: Float64Array.of(-(2 ** 31), 2 ** 31 - 1, 0) },
  { name: 'e', values: Float64Array.of(2 ** 53 - 1, -(2 ** 53 - 1)) },
  { name: 'none', values: Float64Array.of() },
];

const code = (run: () => unknown): string => {
  try {
    run();
    return 'accepted';
  } catch (e) {
    if (e instanceof Diagnostic) return e.code;
    throw e;
  }
};

test('integers of every width come back in the smallest type', () => {
  const read = decodeParameters(encodeParameters(PARAMETERS), 'parameters.bin');
  expect(read.map(({ name, values, blinding }) => ({ name, values: [...values], blinding }))).toEqual(
    PARAMETERS.map(({ name, values, blinding }) => ({ name, values: [...values], blinding })),
  );
  expect(read.map(({ values }) => values.constructor.name)).toEqual([
    'Int8Array',
    'Uint8Array',
    'Int16Array',
    'Int32Array',
    'Float64Array',
    'Int8Array',
  ]);
});

test('a shorter or longer file is refused', () => {
  const bytes = encodeParameters(PARAMETERS);
  for (let n = 0; n < bytes.length; n++)
    expect(
      code(() => decodeParameters(bytes.slice(0, n), 'f')),
      `${n} bytes`,
    ).toBe('bad-artifact');
  expect(code(() => decodeParameters(new Uint8Array([...bytes, 0]), 'f'))).toBe('bad-artifact');
});

/** The file with one text of its header replaced by another of the same length. */
function withText(from: string, to: string): Uint8Array {
  expect(to.length).toBe(from.length);
  const bytes = Buffer.from(encodeParameters(PARAMETERS));
  const at = bytes.indexOf(from);
  expect(at).toBeGreaterThanOrEqual(0);
  bytes.write(to, at, 'latin1');
  return Uint8Array.from(bytes);
}

test.each([
  ['"elements":3,"type":"int8"', '"elements":9,"type":"int8"'],
  ['"elements":3,"type":"int8"', '"elements":-,"type":"int8"'],
  ['"elements":3,"type":"int8"', '"elements":[],"typ":"int8"'],
  ['"type":"int16"', '"type":"int99"'],
  ['12345678901234567890', '1234567890123456789x'],
  ['"name":"a"', '"name":333'],
  ['"parameters"', '"parameterz"'],
])('a wrong field is refused: %s', (from, to) => {
  expect(code(() => decodeParameters(withText(from, to), 'f'))).toBe('bad-artifact');
});

test('another version is told apart, and numbers that are not whole', () => {
  const bytes = Uint8Array.from(encodeParameters(PARAMETERS));
  bytes[7] = '2'.charCodeAt(0);
  expect(code(() => decodeParameters(bytes, 'f'))).toBe('wrong-version');
  const half = Uint8Array.from(encodeParameters([{ name: 'x', values: Float64Array.of(2 ** 40) }]));
  new DataView(half.buffer).setFloat64(half.length - 8, 0.5, true);
  expect(code(() => decodeParameters(half, 'f'))).toBe('bad-artifact');
});
