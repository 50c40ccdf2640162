// A small protobuf writer: enough to build ONNX files, well-formed or deliberately broken, byte by byte.

/** Pieces of a message, concatenated by {@link concat}. */
export type Bytes = Uint8Array;

export function concat(parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A varint; negative numbers take ten bytes, as protobuf writes int32 and int64. */
export function varint(value: number | bigint): Bytes {
  let rest = BigInt.asUintN(64, BigInt(value));
  const out: number[] = [];
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

/** The key in front of a field's value; wire types: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
export function tag(field: number, wireType: number): Bytes {
  return varint(BigInt(field) * 8n + BigInt(wireType));
}

export function varintField(field: number, value: number | bigint): Bytes {
  return concat([tag(field, 0), varint(value)]);
}

export function bytesField(field: number, value: Bytes): Bytes {
  return concat([tag(field, 2), varint(value.length), value]);
}

export function stringField(field: number, value: string): Bytes {
  return bytesField(field, new TextEncoder().encode(value));
}

/** A message field from the parts of the message. */
export function messageField(field: number, ...parts: readonly Bytes[]): Bytes {
  return bytesField(field, concat(parts));
}

export function floatBytes(values: Iterable<number>): Bytes {
  const list = Float32Array.from(values);
  const out = new DataView(new ArrayBuffer(4 * list.length));
  list.forEach((v, i) => {
    out.setFloat32(4 * i, v, true);
  });
  return new Uint8Array(out.buffer);
}

export function doubleBytes(values: Iterable<number>): Bytes {
  const list = Float64Array.from(values);
  const out = new DataView(new ArrayBuffer(8 * list.length));
  list.forEach((v, i) => {
    out.setFloat64(8 * i, v, true);
  });
  return new Uint8Array(out.buffer);
}

export function floatField(field: number, value: number): Bytes {
  return concat([tag(field, 5), floatBytes([value])]);
}

export function packedVarints(field: number, values: Iterable<number | bigint>): Bytes {
  return bytesField(field, concat(Array.from(values, varint)));
}

export function unpackedVarints(field: number, values: Iterable<number | bigint>): Bytes {
  return concat(Array.from(values, (v) => varintField(field, v)));
}
