// Elements that lie in a file beside the model: what the entries may say, and nothing more.
import { Diagnostic, quote } from '../../ir/diagnostics.ts';
import type { ModelFiles } from '../files.ts';
import type { OnnxTensor } from './model.ts';

/** Most entries of `external_data`; the specification knows four. */
const MAX_ENTRIES = 16;

/**
 * The bytes of a tensor whose `data_location` is EXTERNAL (ONNX specification, TensorProto.external_data).
 * @param expected size by shape and element type (bytes); exactly so many are read.
 * @throws Diagnostic `bad-external-data` for entries that are unknown, repeated, missing, or disagree with the shape, and
 * for a model that did not come from a file; the codes of {@link ModelFiles} for the file itself.
 */
export function readExternalData(t: OnnxTensor, expected: number, files: ModelFiles | undefined): Uint8Array {
  const fail = (message: string): never => {
    throw new Diagnostic('bad-external-data', `tensor ${quote(t.name)}: ${message}`);
  };
  if (files === undefined)
    return fail(
      'its elements are in another file, but the model was not read from a folder; open the model by its path',
    );
  if (t.externalData.length > MAX_ENTRIES)
    fail(`external_data has ${t.externalData.length} entries; at most ${MAX_ENTRIES} are accepted`);
  const entries = new Map<string, string>();
  for (const [key, value] of t.externalData) {
    if (!['location', 'offset', 'length', 'checksum'].includes(key))
      fail(`external_data has the unknown entry ${quote(key)}`);
    if (entries.has(key)) fail(`external_data gives ${key} twice`);
    entries.set(key, value);
  }
  const number = (key: string): number | undefined => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(value))
      return fail(`external_data ${key} is ${quote(text)}, not a number of bytes`);
    return value;
  };
  const location = entries.get('location') ?? fail('external_data names no location');
  const offset = number('offset') ?? 0;
  const length = number('length');
  const checksum = entries.get('checksum');
  const available = length ?? files.size(location) - offset;
  if (available !== expected)
    fail(`external_data gives ${available} bytes, but the shape [${t.dims.join(', ')}] asks for ${expected}`);
  if (checksum !== undefined) {
    if (!/^[0-9a-f]{40}$/i.test(checksum))
      fail(`external_data checksum ${quote(checksum)} is not a SHA-1 digest of 40 hexadecimal digits`);
    const actual = files.sha1(location);
    if (actual !== checksum.toLowerCase())
      fail(`${quote(location)} has the SHA-1 digest ${actual}, not ${checksum} as the model says`);
  }
  return files.read(location, offset, expected);
}
