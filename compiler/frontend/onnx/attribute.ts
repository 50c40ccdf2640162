// Decodes one attribute of a node, and checks that its type tag and the one value it holds agree.
import { Diagnostic, quote } from '../../ir/diagnostics.ts';
import { decodeTensor } from './decode-tensor.ts';
import type { OnnxAttribute } from './model.ts';
import { attributeTypes, schema } from './schema.ts';
import {
  addSegment,
  type Cursor,
  countObjects,
  countVarints,
  eachField,
  eachVarint,
  fixedBytes,
  int64,
  int64Of,
  numberOf,
  type Range,
  rangeOf,
  type Segment,
  textOf,
  type WireSource,
  wireError,
} from './wire.ts';

/** How many numbers in an attribute weigh as much as one object in the count of a file's objects. */
const NUMBERS_PER_OBJECT = 16;

type Kind = (typeof attributeTypes)[number]['kind'];

/** What was found in the fields of an AttributeProto, before its type tag is known. */
interface Fields {
  name: string;
  reference: string;
  typeCode: number;
  float: number;
  int: bigint;
  string: string;
  readonly tensor: Range[];
  readonly floats: Segment[];
  readonly ints: Segment[];
  readonly strings: string[];
  readonly tensors: Range[];
  readonly present: Set<Kind>;
}

/**
 * Decodes an AttributeProto. A value left out is the default of its type, as proto3 writers leave zeros out.
 * @throws Diagnostic `bad-attribute` if the name or the type tag is missing, if the tag names another field than the one
 * set, or if several are set.
 */
export function decodeAttribute(
  source: WireSource,
  range: Range,
  node: string,
): { readonly name: string; readonly attribute: OnnxAttribute } {
  countObjects(source, range.start, 1);
  const fields: Fields = {
    name: '',
    reference: '',
    typeCode: 0,
    float: 0,
    int: 0n,
    string: '',
    tensor: [],
    floats: [],
    ints: [],
    strings: [],
    tensors: [],
    present: new Set(),
  };
  try {
    eachField(source, [range], (c) => readField(c, fields));
    return { name: fields.name, attribute: chosenAttribute(source, range, fields) };
  } catch (error) {
    if (error instanceof Diagnostic) throw error.at(fields.name === '' ? { node } : { node, field: fields.name });
    throw error;
  }
}

function readField(c: Cursor, fields: Fields): void {
  const F = schema.AttributeProto;
  const { present } = fields;
  switch (c.field) {
    case F.name.id:
      fields.name = textOf(c, 'attribute name');
      break;
    case F.ref_attr_name.id:
      fields.reference = textOf(c, 'ref_attr_name');
      break;
    case F.type.id:
      fields.typeCode = numberOf(c, 'attribute type');
      break;
    case F.f.id:
      if (c.wireType !== 5) throw wireError(c.source, c.fieldStart, 'f is not a four-byte float');
      fields.float = c.source.view.getFloat32(c.valueStart, true);
      present.add('float');
      break;
    case F.i.id:
      fields.int = int64Of(c, 'i');
      present.add('int');
      break;
    case F.s.id:
      fields.string = textOf(c, 's');
      present.add('string');
      break;
    case F.t.id:
      fields.tensor.push(rangeOf(c, 't'));
      present.add('tensor');
      break;
    case F.floats.id:
      addSegment(fields.floats, c, 5, 'floats');
      if (fields.floats.length > 0) present.add('floats');
      break;
    case F.ints.id:
      addSegment(fields.ints, c, 0, 'ints');
      if (fields.ints.length > 0) present.add('ints');
      break;
    case F.strings.id:
      countObjects(c.source, c.fieldStart, 1);
      fields.strings.push(textOf(c, 'strings'));
      present.add('strings');
      break;
    case F.tensors.id:
      countObjects(c.source, c.fieldStart, 1);
      fields.tensors.push(rangeOf(c, 'tensors'));
      present.add('tensors');
      break;
    default: {
      const type = attributeTypes.find((t) => F[t.field].id === c.field);
      if (type !== undefined) present.add(type.kind);
    }
  }
}

function chosenAttribute(source: WireSource, range: Range, fields: Fields): OnnxAttribute {
  const fail = (message: string): never => {
    throw wireError(source, range.start, message, 'bad-attribute');
  };
  const label = `attribute ${quote(fields.name)}`;
  if (fields.name === '') fail('an attribute has no name');
  const set = [...fields.present];
  if (fields.reference !== '') {
    if (set.length > 0) fail(`${label} refers to ${quote(fields.reference)} and also holds a value`);
    return { kind: 'reference', value: fields.reference };
  }
  const type = attributeTypes.find((t) => t.code === fields.typeCode);
  if (type === undefined)
    return fail(fields.typeCode === 0 ? `${label} has no type` : `${label} has the unknown type ${fields.typeCode}`);
  const others = set.filter((kind) => kind !== type.kind);
  if (others.length > 0) fail(`${label} is declared as ${type.kind} but holds ${others.join(' and ')}`);
  switch (type.kind) {
    case 'float':
      return { kind: 'float', value: fields.float };
    case 'int':
      return { kind: 'int', value: fields.int };
    case 'string':
      return { kind: 'string', value: fields.string };
    case 'tensor':
      if (fields.tensor.length === 0) fail(`${label} is declared as tensor but holds none`);
      return { kind: 'tensor', value: decodeTensor(source, fields.tensor) };
    case 'floats':
      return { kind: 'floats', value: floatsOf(source, fields.floats) };
    case 'ints':
      return { kind: 'ints', value: intsOf(source, fields.ints) };
    case 'strings':
      return { kind: 'strings', value: fields.strings };
    case 'tensors':
      return { kind: 'tensors', value: fields.tensors.map((t) => decodeTensor(source, [t])) };
    default:
      return { kind: type.kind };
  }
}

function floatsOf(source: WireSource, segments: readonly Segment[]): Float32Array {
  const bytes = fixedBytes(source, segments, 4);
  countObjects(source, segments[0]?.start ?? 0, bytes.length / 4 / NUMBERS_PER_OBJECT);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

function intsOf(source: WireSource, segments: readonly Segment[]): BigInt64Array {
  const count = countVarints(source, segments);
  countObjects(source, segments[0]?.start ?? 0, count / NUMBERS_PER_OBJECT);
  const out = new BigInt64Array(count);
  let at = 0;
  eachVarint(source, segments, (lo, hi) => {
    out[at++] = int64(lo, hi);
  });
  return out;
}
