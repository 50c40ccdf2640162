// Large constants beside the text: named by the digest of shape and values, stored as base64 of a typed array.
import { tensorDigest } from '../digest.ts';
import { compact, type NumericArray, type Shape, sizeOf, type Tensor } from '../tensor.ts';

interface ArrayKind {
  readonly bytes: number;
  view(buffer: ArrayBuffer): NumericArray;
}

/** The typed arrays a resource may hold, little-endian. */
const ARRAYS: ReadonlyMap<string, ArrayKind> = new Map<string, ArrayKind>([
  ['int8', { bytes: 1, view: (b) => new Int8Array(b) }],
  ['uint8', { bytes: 1, view: (b) => new Uint8Array(b) }],
  ['int16', { bytes: 2, view: (b) => new Int16Array(b) }],
  ['uint16', { bytes: 2, view: (b) => new Uint16Array(b) }],
  ['int32', { bytes: 4, view: (b) => new Int32Array(b) }],
  ['float32', { bytes: 4, view: (b) => new Float32Array(b) }],
  ['float64', { bytes: 8, view: (b) => new Float64Array(b) }],
]);

function arrayName(data: NumericArray): string {
  return data.constructor.name.replace('Array', '').toLowerCase();
}

/** Name of the resource that holds a tensor: `sha256:` and 64 hex digits. */
export function resourceName(t: Tensor): string {
  return `sha256:${tensorDigest(t)}`;
}

/** A tensor as `int8 base64 "..."`, in the smallest array that holds it. */
export function showResource(t: Tensor): string {
  const { data } = compact(t);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return `${arrayName(data)} base64 "${bytes.toString('base64')}"`;
}

/**
 * The tensor of a resource, checked against its name.
 * @throws RangeError if the array kind is unknown, the length is not the shape's, or the digest differs.
 */
export function readResource(name: string, array: string, base64: string, shape: Shape): Tensor {
  const kind = ARRAYS.get(array);
  if (kind === undefined) throw new RangeError(`expected one of ${[...ARRAYS.keys()].join(', ')}, got ${array}`);
  const expected = sizeOf(shape) * kind.bytes;
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== expected)
    throw new RangeError(`expected ${expected} bytes for shape [${shape.join(', ')}] of ${array}, got ${bytes.length}`);
  const aligned = new ArrayBuffer(expected);
  new Uint8Array(aligned).set(bytes);
  const t = { shape, data: kind.view(aligned) };
  if (resourceName(t) !== name) throw new RangeError(`the data does not have the digest ${name}`);
  return t;
}
