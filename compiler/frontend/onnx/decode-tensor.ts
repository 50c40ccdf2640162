// Decodes a TensorProto up to its elements, which stay in the file until `readTensor` has checked that they fit.
import { quote } from '../../ir/diagnostics.ts';
import type { OnnxTensor } from './model.ts';
import { schema, type TypedField } from './schema.ts';
import {
  addSegment,
  bytesOf,
  type Cursor,
  countObjects,
  countVarints,
  eachField,
  eachVarint,
  int64,
  numberOf,
  type Range,
  rangeOf,
  type Segment,
  textOf,
  type WireSource,
  wireError,
} from './wire.ts';

/** How many objects of the count of a file's objects one tensor weighs, by the memory it takes. */
const OBJECTS_PER_TENSOR = 8;

/** Most dimensions of a tensor; NumPy's limit is 64 and no model comes near it. */
const MAX_RANK = 64;

const typedFields: readonly { readonly name: TypedField; readonly wireType: 0 | 1 | 5 }[] = [
  { name: 'float_data', wireType: 5 },
  { name: 'int32_data', wireType: 0 },
  { name: 'int64_data', wireType: 0 },
  { name: 'double_data', wireType: 1 },
  { name: 'uint64_data', wireType: 0 },
];

/**
 * Decodes a TensorProto given in one or more pieces (which merge).
 * @throws Diagnostic `bad-tensor` for a rank above 64 or an undefined `data_location`, and whatever the wire reader finds.
 */
export function decodeTensor(source: WireSource, pieces: readonly Range[]): OnnxTensor {
  const F = schema.TensorProto;
  const start = pieces[0]?.start ?? 0;
  countObjects(source, start, OBJECTS_PER_TENSOR);
  let name = '';
  let dataType = 0;
  let rawData: Uint8Array | undefined;
  let stringCount = 0;
  let location = 0;
  let segmented = false;
  const dimensions: Segment[] = [];
  const typedData = new Map<TypedField, Segment[]>();
  const externalData: (readonly [string, string])[] = [];
  eachField(source, pieces, (c) => {
    switch (c.field) {
      case F.name.id:
        name = textOf(c, 'tensor name');
        break;
      case F.data_type.id:
        dataType = numberOf(c, 'data_type');
        break;
      case F.dims.id:
        addSegment(dimensions, c, 0, 'dims');
        break;
      case F.raw_data.id:
        rawData = bytesOf(c, 'raw_data');
        break;
      case F.segment.id:
        segmented = true;
        break;
      case F.string_data.id:
        stringCount++;
        break;
      case F.data_location.id:
        location = numberOf(c, 'data_location');
        break;
      case F.external_data.id:
        countObjects(source, c.fieldStart, 1);
        externalData.push(decodeEntry(source, rangeOf(c, 'external_data')));
        break;
      default:
        readTypedData(c, typedData);
    }
  });
  const fail = (message: string): never => {
    throw wireError(source, start, message, 'bad-tensor').at({ field: name });
  };
  const rank = countVarints(source, dimensions);
  if (rank > MAX_RANK) fail(`tensor ${quote(name)} has ${rank} dimensions; at most ${MAX_RANK} are possible`);
  if (location !== 0 && location !== 1) fail(`tensor ${quote(name)} has the unknown data_location ${location}`);
  const dims: bigint[] = [];
  eachVarint(source, dimensions, (lo, hi) => dims.push(int64(lo, hi)));
  const external = location === 1;
  return {
    name,
    dims,
    dataType,
    rawData,
    typedData,
    stringCount,
    external,
    externalData,
    segmented,
    source,
    byte: start,
  };
}

function readTypedData(c: Cursor, typedData: Map<TypedField, Segment[]>): void {
  const field = typedFields.find((t) => schema.TensorProto[t.name].id === c.field);
  if (field === undefined) return;
  const segments = typedData.get(field.name) ?? [];
  addSegment(segments, c, field.wireType, field.name);
  if (segments.length > 0) typedData.set(field.name, segments);
}

function decodeEntry(source: WireSource, range: Range): readonly [string, string] {
  const F = schema.StringStringEntryProto;
  let key = '';
  let value = '';
  eachField(source, [range], (c) => {
    if (c.field === F.key.id) key = textOf(c, 'external_data key');
    if (c.field === F.value.id) value = textOf(c, 'external_data value');
  });
  return [key, value];
}
