// NumPy's `.npy` (format versions 1 to 3) and `.npz` files, little-endian, without pickled objects.
import { type UnzipFileInfo, unzipSync } from 'fflate';
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import { checkShape, MAX_ELEMENTS, type NumericArray, sizeOf, type Tensor } from '../ir/tensor.ts';
import { decodeElements, elementBytes } from './elements.ts';
import type { DataType } from './onnx/schema.ts';

/** An array of a NumPy file. */
export interface NumpyArray {
  readonly dtype: DataType;
  readonly tensor: Tensor;
}

/** Most bytes of a header; NumPy itself refuses headers beyond 10,000 characters. */
export const MAX_NPY_HEADER_BYTES = 65536;

/** Most arrays of an archive. */
const MAX_ENTRIES = 4096;

const dtypes: ReadonlyMap<string, DataType> = new Map([
  ['<f2', 'float16'],
  ['<f4', 'float32'],
  ['<f8', 'float64'],
  ['|i1', 'int8'],
  ['<i2', 'int16'],
  ['<i4', 'int32'],
  ['<i8', 'int64'],
  ['|u1', 'uint8'],
  ['<u2', 'uint16'],
  ['<u4', 'uint32'],
  ['<u8', 'uint64'],
  ['|b1', 'bool'],
]);

const fieldPattern =
  /\s*'(descr|fortran_order|shape)'\s*:\s*(?:'([^']*)'|(True|False)|\(([0-9,\s]*)\))\s*(?:,|(?=\}))/y;

/**
 * Decodes a `.npy` file (NumPy Enhancement Proposal 1).
 * @throws Diagnostic `bad-npy` for a broken or truncated file, `unsupported-data-type` for big-endian, complex, structured and
 * pickled elements, `bad-shape`, `tensor-too-large`, `integer-too-large`, `bad-bool`.
 */
export function readNpy(bytes: Uint8Array): NumpyArray {
  const fail = (message: string, byte = 0): never => {
    throw new Diagnostic('bad-npy', message, { byte });
  };
  const start = String.fromCharCode(...bytes.subarray(0, 6));
  if (start !== '\x93NUMPY' || bytes.length < 12) fail('this is not a NumPy array');
  const version = bytes[6]!;
  if (version < 1 || version > 3) fail(`NumPy format version ${version} is not known`, 6);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerStart = version === 1 ? 10 : 12;
  const headerBytes = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = headerStart + headerBytes;
  if (headerBytes > MAX_NPY_HEADER_BYTES || dataStart > bytes.length) fail(`the header claims ${headerBytes} bytes`, 8);
  const header = parseHeader(String.fromCharCode(...bytes.subarray(headerStart, dataStart)));
  if (header === undefined)
    return fail('the header is not a dictionary of descr, fortran_order and shape', headerStart);
  const dtype = dtypes.get(header.descr);
  if (dtype === undefined)
    throw new Diagnostic(
      'unsupported-data-type',
      `NumPy elements of type ${quote(header.descr)} are not supported; convert to little-endian numbers`,
      {
        byte: headerStart,
      },
    );
  const { shape } = header;
  checkShape(shape, 'the array');
  const expected = sizeOf(shape) * elementBytes(dtype);
  if (bytes.length - dataStart !== expected || shape.some((d) => d > MAX_ELEMENTS))
    fail(
      `the file holds ${bytes.length - dataStart} bytes of elements, but ${dtype} of shape [${shape.join(', ')}] asks for ${expected}`,
      dataStart,
    );
  const data = decodeElements(dtype, bytes.subarray(dataStart), { openEnds: false });
  return { dtype, tensor: { shape, data: header.fortranOrder && shape.length > 1 ? rowMajor(shape, data) : data } };
}

interface Header {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

function parseHeader(text: string): Header | undefined {
  const open = /^\s*\{/.exec(text);
  if (open === null) return undefined;
  const fields = new Map<string, string>();
  fieldPattern.lastIndex = open[0].length;
  let end = fieldPattern.lastIndex;
  for (let match = fieldPattern.exec(text); match !== null; match = fieldPattern.exec(text)) {
    const [, key, descr, order, shape] = match;
    const value = key === 'descr' ? descr : key === 'shape' ? shape : order;
    if (key === undefined || value === undefined || fields.has(key)) return undefined;
    fields.set(key, value);
    end = fieldPattern.lastIndex;
  }
  const [descr, order, dims] = [fields.get('descr'), fields.get('fortran_order'), fields.get('shape')];
  if (descr === undefined || order === undefined || dims === undefined || !/^\s*\}\s*$/.test(text.slice(end)))
    return undefined;
  const parts = dims.split(',').map((d) => d.trim());
  if (parts.at(-1) === '') parts.pop();
  if (!parts.every((d) => /^[0-9]{1,15}$/.test(d))) return undefined;
  return { descr, fortranOrder: order === 'True', shape: parts.map(Number) };
}

function rowMajor(shape: readonly number[], columnMajor: NumericArray): NumericArray {
  const out = columnMajor.slice();
  const index = new Array<number>(shape.length).fill(0);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  let at = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = columnMajor[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/**
 * Decodes an `.npz` archive. Nothing is written to disk, and no entry is unpacked beyond its claimed size.
 * @param maxBytes the most bytes of all unpacked entries together.
 * @throws Diagnostic `bad-npz` for a broken archive, other files in it, repeated names, or more than `maxBytes`; those of {@link readNpy}.
 */
export function readNpz(bytes: Uint8Array, maxBytes: number): ReadonlyMap<string, NumpyArray> {
  const sizes = new Map<string, number>();
  let total = 0;
  const accept = (entry: UnzipFileInfo): boolean => {
    const fail = (message: string): never => {
      throw new Diagnostic('bad-npz', message, { field: entry.name });
    };
    if (!entry.name.endsWith('.npy')) fail(`the archive contains ${quote(entry.name)}, which is not a NumPy array`);
    if (sizes.has(entry.name)) fail(`the archive contains ${quote(entry.name)} twice`);
    total += entry.originalSize;
    if (!(total <= maxBytes))
      fail(`the archive unpacks to more than the ${maxBytes} bytes that these tensors can take`);
    sizes.set(entry.name, entry.originalSize);
    if (sizes.size > MAX_ENTRIES) fail(`the archive contains more than ${MAX_ENTRIES} entries`);
    return true;
  };
  const arrays = new Map<string, NumpyArray>();
  for (const [name, unpacked] of unzipped(bytes, accept)) {
    const field = name.slice(0, -'.npy'.length);
    if (unpacked.length !== sizes.get(name)) throw new Diagnostic('bad-npz', `${quote(name)} is truncated`, { field });
    try {
      arrays.set(field, readNpy(unpacked));
    } catch (error) {
      throw error instanceof Diagnostic ? error.at({ field }) : error;
    }
  }
  if (arrays.size !== sizes.size) throw new Diagnostic('bad-npz', 'the archive is damaged');
  return arrays;
}

function unzipped(
  bytes: Uint8Array,
  filter: (entry: UnzipFileInfo) => boolean,
): readonly (readonly [string, Uint8Array])[] {
  try {
    return Object.entries(unzipSync(bytes, { filter }));
  } catch (error) {
    if (error instanceof Diagnostic) throw error;
    throw new Diagnostic(
      'bad-npz',
      `this is not a readable zip archive (${error instanceof Error ? error.message : 'unknown error'})`,
    );
  }
}
