// Bounded reader of the protobuf wire format: no recursion, no allocation by a claimed length, every error names its byte.
import { Diagnostic, type Where } from '../../ir/diagnostics.ts';

/** Most nodes, tensors, attributes, names and attribute values together that one file may hold. */
export const MAX_OBJECTS = 2 ** 21;

/** Most separate pieces in which one repeated field of numbers may be stored. */
const MAX_SEGMENTS = 2 ** 16;

/** A file being decoded. `objects` counts what has been built from it, against {@link MAX_OBJECTS}. */
export interface WireSource {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly where: Where;
  objects: number;
}

/** Part of the file: [start, end), in bytes. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Position inside one message. {@link nextField} reads a whole field: its number, its wire type, and either `lo` and `hi`
 * (the halves of a varint) or [`valueStart`, `valueEnd`) (anything else). A field that nobody looks at is thereby skipped.
 */
export interface Cursor {
  readonly source: WireSource;
  readonly end: number;
  position: number;
  field: number;
  wireType: number;
  fieldStart: number;
  valueStart: number;
  valueEnd: number;
  lo: number;
  hi: number;
}

export function wireSource(bytes: Uint8Array, where: Where): WireSource {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), where, objects: 0 };
}

export function cursorOver(source: WireSource, range: Range): Cursor {
  const { start, end } = range;
  return {
    source,
    end,
    position: start,
    field: 0,
    wireType: 0,
    fieldStart: start,
    valueStart: start,
    valueEnd: start,
    lo: 0,
    hi: 0,
  };
}

/** A diagnostic that names the byte of the file. */
export function wireError(source: WireSource, byte: number, message: string, code = 'bad-protobuf'): Diagnostic {
  return new Diagnostic(code, message, { ...source.where, byte });
}

/** @throws Diagnostic `too-many-objects` once the file holds more than {@link MAX_OBJECTS} objects. */
export function countObjects(source: WireSource, byte: number, count: number): void {
  source.objects += count;
  if (source.objects > MAX_OBJECTS)
    throw wireError(
      source,
      byte,
      `the file holds more than ${MAX_OBJECTS} nodes, tensors, attributes and names; models of this size are not supported`,
      'too-many-objects',
    );
}

/** Reads a varint of at most ten bytes into `lo` and `hi`; longer than needed is legal, as in every protobuf reader. */
export function readVarint(c: Cursor): void {
  const { bytes } = c.source;
  let lo = 0;
  let hi = 0;
  const start = c.position;
  for (let index = 0; index < 10; index++) {
    if (c.position >= c.end) throw wireError(c.source, start, 'a number is cut off at the end of its message');
    const byte = bytes[c.position++]!;
    const bits = byte & 127;
    if (index < 4) lo |= bits << (7 * index);
    else if (index === 4) {
      lo |= bits << 28;
      hi = bits >>> 4;
    } else if (index < 9) hi |= bits << (7 * index - 32);
    else {
      if (byte > 1) throw wireError(c.source, start, 'a number has more than 64 bits');
      hi |= bits << 31;
    }
    if (byte < 128) {
      c.lo = lo >>> 0;
      c.hi = hi >>> 0;
      return;
    }
  }
  throw wireError(c.source, start, 'a number has more than 64 bits');
}

/**
 * Reads the next field of the message; false at its end.
 * @throws Diagnostic `bad-protobuf` for field number 0, groups and undefined wire types, and values that end after the message.
 */
export function nextField(c: Cursor): boolean {
  if (c.position >= c.end) return false;
  const { source } = c;
  c.fieldStart = c.position;
  readVarint(c);
  if (c.hi !== 0 || c.lo < 8) throw wireError(source, c.fieldStart, 'not a protobuf field number');
  c.field = c.lo >>> 3;
  c.wireType = c.lo & 7;
  c.valueStart = c.position;
  switch (c.wireType) {
    case 0:
      readVarint(c);
      break;
    case 1:
      c.position += 8;
      break;
    case 2:
      readVarint(c);
      c.valueStart = c.position;
      c.position += c.hi * 2 ** 32 + c.lo;
      break;
    case 5:
      c.position += 4;
      break;
    default:
      throw wireError(source, c.fieldStart, `wire type ${c.wireType} is not used by ONNX`);
  }
  if (c.position > c.end)
    throw wireError(source, c.fieldStart, `field ${c.field} claims more bytes than its message has`);
  c.valueEnd = c.position;
  return true;
}

/**
 * Visits every field of a message. A message that is given in several pieces is merged as protobuf prescribes, which is the
 * same as reading the pieces one after the other.
 */
export function eachField(source: WireSource, pieces: readonly Range[], visit: (c: Cursor) => void): void {
  for (const piece of pieces) {
    const c = cursorOver(source, piece);
    while (nextField(c)) visit(c);
  }
}

function expectWireType(c: Cursor, wireType: number, label: string): void {
  if (c.wireType !== wireType)
    throw wireError(c.source, c.fieldStart, `${label}: wire type ${c.wireType} where ${wireType} was expected`);
}

/** The bytes of a length-delimited field. */
export function rangeOf(c: Cursor, label: string): Range {
  expectWireType(c, 2, label);
  return { start: c.valueStart, end: c.valueEnd };
}

export function bytesOf(c: Cursor, label: string): Uint8Array {
  expectWireType(c, 2, label);
  return c.source.bytes.subarray(c.valueStart, c.valueEnd);
}

/** @throws Diagnostic `bad-utf8` if the bytes are not UTF-8 (overlong forms and surrogates included). */
export function textOf(c: Cursor, label: string): string {
  const bytes = bytesOf(c, label);
  if (bytes.length === 0) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw wireError(c.source, c.valueStart, `${label} is not valid UTF-8`, 'bad-utf8');
  }
}

/** A varint as a signed 64-bit integer. */
export function int64Of(c: Cursor, label: string): bigint {
  expectWireType(c, 0, label);
  return int64(c.lo, c.hi);
}

export function int64(lo: number, hi: number): bigint {
  return BigInt.asIntN(64, (BigInt(hi) << 32n) | BigInt(lo));
}

/** A varint as a number. @throws Diagnostic `integer-too-large` if its magnitude exceeds 2^53. */
export function numberOf(c: Cursor, label: string): number {
  const value = int64Of(c, label);
  if (value < -(2n ** 53n) || value > 2n ** 53n)
    throw wireError(
      c.source,
      c.valueStart,
      `${label} = ${value} is larger than 2^53 in magnitude`,
      'integer-too-large',
    );
  return Number(value);
}

/** Part of a repeated field of numbers: one packed block, or a run of adjacent single values with their keys. */
export interface Segment extends Range {
  readonly packed: boolean;
  end: number;
}

/** Notes where the values of a repeated field lie, packed or not; `elementType` is the wire type of a single value. */
export function addSegment(segments: Segment[], c: Cursor, elementType: 0 | 1 | 5, label: string): void {
  if (c.wireType === 2) {
    if (c.valueEnd > c.valueStart) segments.push({ packed: true, start: c.valueStart, end: c.valueEnd });
  } else {
    expectWireType(c, elementType, label);
    const last = segments.at(-1);
    if (last !== undefined && !last.packed && last.end === c.fieldStart) last.end = c.position;
    else segments.push({ packed: false, start: c.fieldStart, end: c.position });
  }
  if (segments.length > MAX_SEGMENTS)
    throw wireError(c.source, c.fieldStart, `${label} is stored in more than ${MAX_SEGMENTS} pieces`);
}

/** Number of varints in a repeated field, found without building them. */
export function countVarints(source: WireSource, segments: readonly Segment[]): number {
  let count = 0;
  for (const segment of segments) {
    if (segment.packed) {
      for (let i = segment.start; i < segment.end; i++) if (source.bytes[i]! < 128) count++;
    } else {
      const c = cursorOver(source, segment);
      while (nextField(c)) count++;
    }
  }
  return count;
}

/** Visits the varints of a repeated field in order, as 32-bit halves. */
export function eachVarint(
  source: WireSource,
  segments: readonly Segment[],
  visit: (lo: number, hi: number) => void,
): void {
  for (const segment of segments) {
    const c = cursorOver(source, segment);
    if (segment.packed) {
      while (c.position < c.end) {
        readVarint(c);
        visit(c.lo, c.hi);
      }
    } else while (nextField(c)) visit(c.lo, c.hi);
  }
}

/** The values of a repeated field of fixed-size numbers as little-endian bytes: a view of the file where they are in one block. */
export function fixedBytes(source: WireSource, segments: readonly Segment[], size: 4 | 8): Uint8Array {
  let length = 0;
  for (const segment of segments) {
    const bytes = segment.end - segment.start;
    if (segment.packed && bytes % size !== 0)
      throw wireError(source, segment.start, `${bytes} bytes are not a whole number of ${size}-byte values`);
    length += segment.packed ? bytes : countVarints(source, [segment]) * size;
  }
  const [first] = segments;
  if (first?.packed && segments.length === 1) return source.bytes.subarray(first.start, first.end);
  const out = new Uint8Array(length);
  let at = 0;
  for (const segment of segments) {
    if (segment.packed) {
      out.set(source.bytes.subarray(segment.start, segment.end), at);
      at += segment.end - segment.start;
    } else {
      const c = cursorOver(source, segment);
      while (nextField(c)) {
        out.set(source.bytes.subarray(c.valueStart, c.valueEnd), at);
        at += size;
      }
    }
  }
  return out;
}
