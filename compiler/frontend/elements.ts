// Elements of tensors from little-endian bytes: the same rules for ONNX files, external data and NumPy files.
import { Diagnostic } from '../ir/diagnostics.ts';
import type { NumericArray } from '../ir/tensor.ts';
import { type DataType, dataTypes } from './onnx/schema.ts';

/** Values that int64 elements of this magnitude or more become: exporters write the ends of the int64 range for "open end". */
export const OPEN_END = 2 ** 62;

/** How an element type reads int64 values beyond 2^53: refused, or, from 2^62 on, taken as ±{@link OPEN_END}. */
export interface ElementOptions {
  readonly openEnds: boolean;
}

/** Whether this machine stores numbers as the files do, so that aligned bytes can be viewed instead of copied. */
const littleEndianHost = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Bytes of one element. */
export function elementBytes(dtype: DataType): number {
  return dataTypes.find((t) => t.name === dtype)!.bytes;
}

/**
 * Decodes `bytes` (a whole number of elements, little-endian, no padding) into the narrowest container that holds the type
 * exactly: float16 and bfloat16 become Float32Array, 32-bit unsigned and 64-bit integers Float64Array. Aligned bytes are viewed, not copied.
 * @throws Diagnostic `integer-too-large` for 64-bit integers beyond 2^53 (see {@link ElementOptions}), `bad-bool` for
 * boolean bytes other than 0 and 1.
 */
export function decodeElements(dtype: DataType, bytes: Uint8Array, options: ElementOptions): NumericArray {
  const count = bytes.length / elementBytes(dtype);
  switch (dtype) {
    case 'float32': {
      const b = nativeBytes(bytes, 4);
      return new Float32Array(b.buffer, b.byteOffset, count);
    }
    case 'float64': {
      const b = nativeBytes(bytes, 8);
      return new Float64Array(b.buffer, b.byteOffset, count);
    }
    case 'int8':
      return new Int8Array(bytes.buffer, bytes.byteOffset, count);
    case 'uint8':
      return bytes;
    case 'bool':
      return checkedBools(bytes);
    case 'int16': {
      const b = nativeBytes(bytes, 2);
      return new Int16Array(b.buffer, b.byteOffset, count);
    }
    case 'uint16': {
      const b = nativeBytes(bytes, 2);
      return new Uint16Array(b.buffer, b.byteOffset, count);
    }
    case 'int32': {
      const b = nativeBytes(bytes, 4);
      return new Int32Array(b.buffer, b.byteOffset, count);
    }
    default:
      return widenedElements(dtype, bytes, count, options);
  }
}

function widenedElements(
  dtype: 'float16' | 'bfloat16' | 'uint32' | 'int64' | 'uint64',
  bytes: Uint8Array,
  count: number,
  options: ElementOptions,
): NumericArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dtype === 'float16' || dtype === 'bfloat16') {
    const decode = dtype === 'float16' ? float16 : bfloat16;
    const out = new Float32Array(count);
    for (let i = 0; i < count; i++) out[i] = decode(view.getUint16(2 * i, true));
    return out;
  }
  const out = new Float64Array(count);
  if (dtype === 'uint32') for (let i = 0; i < count; i++) out[i] = view.getUint32(4 * i, true);
  else
    for (let i = 0; i < count; i++)
      out[i] = exactInteger(dtype, view.getUint32(8 * i, true), view.getUint32(8 * i + 4, true), i, options);
  return out;
}

/**
 * A 64-bit integer from its halves (each 0..2^32-1) as an exact number.
 * @throws Diagnostic `integer-too-large` naming element `index`.
 */
export function exactInteger(
  dtype: 'int64' | 'uint64',
  lo: number,
  hi: number,
  index: number,
  options: ElementOptions,
): number {
  const top = dtype === 'int64' ? hi | 0 : hi;
  const value = top * 2 ** 32 + lo;
  if ((top >= -(2 ** 21) && top < 2 ** 21) || (top === 2 ** 21 && lo === 0)) return value;
  if (dtype === 'int64' && options.openEnds) {
    if (top >= 2 ** 30) return OPEN_END;
    if (top < -(2 ** 30) || (top === -(2 ** 30) && lo === 0)) return -OPEN_END;
  }
  const exact = (BigInt(top) << 32n) + BigInt(lo);
  throw new Diagnostic(
    'integer-too-large',
    `element ${index} is ${exact}: integers beyond 2^53 cannot be represented exactly`,
  );
}

/** The value of an IEEE 754 binary16 bit pattern, exactly. */
export function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

const bits32 = new DataView(new ArrayBuffer(4));

/** The value of a bfloat16 bit pattern (the upper half of a binary32), exactly. */
export function bfloat16(bits: number): number {
  bits32.setUint32(0, bits * 2 ** 16);
  return bits32.getFloat32(0);
}

function checkedBools(bytes: Uint8Array): Uint8Array {
  const at = bytes.findIndex((b) => b > 1);
  if (at >= 0) throw new Diagnostic('bad-bool', `element ${at} of a boolean tensor is ${bytes[at]}, neither 0 nor 1`);
  return bytes;
}

/** Bytes that a typed array of `size`-byte elements can view: these if they are aligned, else a copy. */
function nativeBytes(bytes: Uint8Array, size: number): Uint8Array {
  if (littleEndianHost) return bytes.byteOffset % size === 0 ? bytes : Uint8Array.from(bytes);
  const swapped = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) swapped[i] = bytes[i - (i % size) + (size - 1 - (i % size))]!;
  return swapped;
}
