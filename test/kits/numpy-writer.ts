// Writes NumPy's `.npy` and `.npz` files, for tests.
import { zipSync } from 'fflate';
import type { DataType } from '../../compiler/frontend/onnx/schema.ts';
import { rawElements } from './onnx-builder.ts';
import { concat } from './protobuf-writer.ts';

/** An array to be written; `data` in the order of the file, which is column-major if `fortran`. */
export interface NumpySpec {
  readonly shape: readonly number[];
  readonly data: Iterable<number | bigint>;
  /** float32 if not given. */
  readonly dtype?: Exclude<DataType, 'bfloat16'>;
  readonly fortran?: boolean;
  /** Format version, 1 if not given. */
  readonly version?: 1 | 2 | 3;
}

const descriptions: Readonly<Record<Exclude<DataType, 'bfloat16'>, string>> = {
  float16: '<f2',
  float32: '<f4',
  float64: '<f8',
  int8: '|i1',
  int16: '<i2',
  int32: '<i4',
  int64: '<i8',
  uint8: '|u1',
  uint16: '<u2',
  uint32: '<u4',
  uint64: '<u8',
  bool: '|b1',
};

/** A `.npy` file. */
export function npy(spec: NumpySpec): Uint8Array {
  const { dtype = 'float32', fortran = false, shape, version = 1 } = spec;
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${descriptions[dtype]}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${dims}), }`;
  return npyWith(header, rawElements(dtype, spec.data), version);
}

/** A `.npy` file with any header and any content. */
export function npyWith(header: string, content: Uint8Array, version = 1): Uint8Array {
  const start = version === 1 ? 10 : 12;
  const text = new TextEncoder().encode(
    `${header.padEnd(Math.ceil((start + header.length + 1) / 64) * 64 - start - 1)}\n`,
  );
  const length = new DataView(new ArrayBuffer(version === 1 ? 2 : 4));
  if (version === 1) length.setUint16(0, text.length, true);
  else length.setUint32(0, text.length, true);
  return concat([
    Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0),
    new Uint8Array(length.buffer),
    text,
    content,
  ]);
}

/** A `.npz` archive of these arrays. */
export function npz(arrays: Readonly<Record<string, NumpySpec>>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(arrays).map(([name, spec]) => [`${name}.npy`, npy(spec)])));
}
