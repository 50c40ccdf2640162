// Builds ONNX files from plain data, for tests of the importer and of the command line.
import { attributeTypes, type DataType, dataTypes, schema } from '../../compiler/frontend/onnx/schema.ts';
import {
  type Bytes,
  bytesField,
  concat,
  doubleBytes,
  floatBytes,
  floatField,
  messageField,
  packedVarints,
  stringField,
  tag,
  unpackedVarints,
  varintField,
} from './protobuf-writer.ts';

/** Where a tensor's elements go: `raw_data`, or the field of their type, packed or unpacked. */
export type Layout = 'raw' | 'packed' | 'unpacked';

/** A tensor to be written: elements in row-major order. */
export interface TensorSpec {
  readonly name?: string;
  readonly dims: readonly (number | bigint)[];
  readonly data: Iterable<number | bigint>;
  /** float32 if not given. */
  readonly dtype?: DataType;
  /** `raw` if not given. */
  readonly layout?: Layout;
  /** Written as `external_data` entries instead of elements; the caller writes {@link rawElements} to the file. */
  readonly external?: readonly (readonly [key: string, value: string])[];
}

/** A dimension: a size, a symbol, or `null` for an unknown one. */
export type DimensionSpec = number | bigint | string | null;

/** An input, output or intermediate value; a missing `shape` leaves the rank open. */
export interface ValueSpec {
  readonly name: string;
  readonly shape?: readonly DimensionSpec[];
  /** float32 if not given. */
  readonly dtype?: DataType;
}

/** An attribute with its type spelled out: needed where a whole number means a float. */
export type TypedAttribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number | bigint }
  | { readonly kind: 'string'; readonly value: string | Bytes }
  | { readonly kind: 'tensor'; readonly value: TensorSpec }
  | { readonly kind: 'graph'; readonly value: GraphSpec }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly (number | bigint)[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensors'; readonly value: readonly TensorSpec[] }
  | { readonly kind: 'reference'; readonly value: string };

/**
 * Plain values stand for the obvious type: a whole number or bigint is INT, another number FLOAT, a string STRING, a
 * list of whole numbers INTS, of other numbers FLOATS, of strings STRINGS.
 */
export type AttributeSpec =
  | number
  | bigint
  | string
  | readonly number[]
  | readonly bigint[]
  | readonly string[]
  | TypedAttribute;

export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
}

export interface GraphSpec {
  readonly name?: string;
  readonly inputs?: readonly ValueSpec[];
  readonly outputs?: readonly ValueSpec[];
  readonly valueInfos?: readonly ValueSpec[];
  readonly initializers?: readonly TensorSpec[];
  readonly nodes?: readonly NodeSpec[];
}

export interface ModelSpec extends GraphSpec {
  /** Version of the default domain; 17 if not given. */
  readonly opset?: number;
  /** Every opset import, instead of `opset`. */
  readonly opsets?: readonly { readonly domain: string; readonly version: number | bigint }[];
  /** 8 if not given. */
  readonly irVersion?: number | bigint;
  readonly functions?: readonly { readonly name: string; readonly domain: string }[];
  readonly metadata?: readonly (readonly [key: string, value: string])[];
}

/** A whole number that means a float, as in `{ alpha: float(1) }`. */
export function float(value: number): TypedAttribute {
  return { kind: 'float', value };
}

export function floats(value: readonly number[]): TypedAttribute {
  return { kind: 'floats', value };
}

export function ints(value: readonly (number | bigint)[]): TypedAttribute {
  return { kind: 'ints', value };
}

export function tensorAttribute(value: TensorSpec): TypedAttribute {
  return { kind: 'tensor', value };
}

/** The file's bytes. @example onnxModel({ inputs: [{ name: 'x', shape: [1, 4] }], outputs: [{ name: 'y' }], nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }] }) */
export function onnxModel(spec: ModelSpec): Bytes {
  const F = schema.ModelProto;
  const opsets = spec.opsets ?? [{ domain: '', version: spec.opset ?? 17 }];
  return concat([
    varintField(F.ir_version.id, spec.irVersion ?? 8),
    ...opsets.map((o) =>
      messageField(
        F.opset_import.id,
        stringField(schema.OperatorSetIdProto.domain.id, o.domain),
        varintField(schema.OperatorSetIdProto.version.id, o.version),
      ),
    ),
    stringField(F.producer_name.id, 'zkmlc-test'),
    bytesField(F.graph.id, onnxGraph(spec)),
    ...(spec.metadata ?? []).map((entry) => bytesField(F.metadata_props.id, stringEntry(entry))),
    ...(spec.functions ?? []).map((f) =>
      messageField(
        F.functions.id,
        stringField(schema.FunctionProto.name.id, f.name),
        stringField(schema.FunctionProto.domain.id, f.domain),
      ),
    ),
  ]);
}

/** A GraphProto. */
export function onnxGraph(spec: GraphSpec): Bytes {
  const F = schema.GraphProto;
  return concat([
    ...(spec.nodes ?? []).map((n) => bytesField(F.node.id, onnxNode(n))),
    stringField(F.name.id, spec.name ?? 'graph'),
    ...(spec.initializers ?? []).map((t) => bytesField(F.initializer.id, onnxTensor(t))),
    ...(spec.inputs ?? []).map((v) => bytesField(F.input.id, onnxValueInfo(v))),
    ...(spec.outputs ?? []).map((v) => bytesField(F.output.id, onnxValueInfo(v))),
    ...(spec.valueInfos ?? []).map((v) => bytesField(F.value_info.id, onnxValueInfo(v))),
  ]);
}

/** A NodeProto. */
export function onnxNode(spec: NodeSpec): Bytes {
  const F = schema.NodeProto;
  return concat([
    ...spec.inputs.map((name) => stringField(F.input.id, name)),
    ...spec.outputs.map((name) => stringField(F.output.id, name)),
    ...(spec.name === undefined ? [] : [stringField(F.name.id, spec.name)]),
    stringField(F.op_type.id, spec.op),
    ...(spec.domain === undefined ? [] : [stringField(F.domain.id, spec.domain)]),
    ...Object.entries(spec.attributes ?? {}).map(([name, value]) =>
      bytesField(F.attribute.id, onnxAttribute(name, value)),
    ),
  ]);
}

/** An AttributeProto. */
export function onnxAttribute(name: string, spec: AttributeSpec): Bytes {
  const F = schema.AttributeProto;
  const typed = typedAttribute(spec);
  const code = attributeTypes.find((t) => t.kind === typed.kind)?.code;
  return concat([
    stringField(F.name.id, name),
    attributeValue(typed),
    ...(code === undefined ? [] : [varintField(F.type.id, code)]),
  ]);
}

function attributeValue(typed: TypedAttribute): Bytes {
  const F = schema.AttributeProto;
  switch (typed.kind) {
    case 'float':
      return floatField(F.f.id, typed.value);
    case 'int':
      return varintField(F.i.id, typed.value);
    case 'string':
      return typeof typed.value === 'string' ? stringField(F.s.id, typed.value) : bytesField(F.s.id, typed.value);
    case 'tensor':
      return bytesField(F.t.id, onnxTensor(typed.value));
    case 'graph':
      return bytesField(F.g.id, onnxGraph(typed.value));
    case 'floats':
      return concat(typed.value.map((v) => floatField(F.floats.id, v)));
    case 'ints':
      return unpackedVarints(F.ints.id, typed.value);
    case 'strings':
      return concat(typed.value.map((v) => stringField(F.strings.id, v)));
    case 'tensors':
      return concat(typed.value.map((v) => bytesField(F.tensors.id, onnxTensor(v))));
    case 'reference':
      return stringField(F.ref_attr_name.id, typed.value);
  }
}

function typedAttribute(spec: AttributeSpec): TypedAttribute {
  if (typeof spec === 'bigint') return { kind: 'int', value: spec };
  if (typeof spec === 'number') return { kind: Number.isInteger(spec) ? 'int' : 'float', value: spec };
  if (typeof spec === 'string') return { kind: 'string', value: spec };
  if ('kind' in spec) return spec;
  const strings = spec.filter((v) => typeof v === 'string');
  if (strings.length > 0) return { kind: 'strings', value: strings };
  const whole = spec.filter((v) => typeof v === 'bigint' || Number.isInteger(v)).map(BigInt);
  if (whole.length === spec.length) return { kind: 'ints', value: whole };
  return { kind: 'floats', value: spec.map(Number) };
}

/** A ValueInfoProto of tensor type. */
export function onnxValueInfo(spec: ValueSpec): Bytes {
  const tensorType = [varintField(schema.TypeProto_Tensor.elem_type.id, typeCode(spec.dtype ?? 'float32'))];
  if (spec.shape !== undefined) {
    const dims = spec.shape.map((d) => messageField(schema.TensorShapeProto.dim.id, dimension(d)));
    tensorType.push(messageField(schema.TypeProto_Tensor.shape.id, ...dims));
  }
  return concat([
    stringField(schema.ValueInfoProto.name.id, spec.name),
    messageField(schema.ValueInfoProto.type.id, messageField(schema.TypeProto.tensor_type.id, ...tensorType)),
  ]);
}

function dimension(d: DimensionSpec): Bytes {
  if (d === null) return new Uint8Array(0);
  if (typeof d === 'string') return stringField(schema.TensorShapeProto_Dimension.dim_param.id, d);
  return varintField(schema.TensorShapeProto_Dimension.dim_value.id, d);
}

/** A TensorProto; also the contents of a `.pb` file of test data. */
export function onnxTensor(spec: TensorSpec): Bytes {
  const F = schema.TensorProto;
  const dtype = spec.dtype ?? 'float32';
  const parts = [packedVarints(F.dims.id, spec.dims), varintField(F.data_type.id, typeCode(dtype))];
  if (spec.name !== undefined) parts.push(stringField(F.name.id, spec.name));
  if (spec.external !== undefined) {
    for (const entry of spec.external) parts.push(bytesField(F.external_data.id, stringEntry(entry)));
    parts.push(varintField(F.data_location.id, 1));
  } else if (spec.layout === undefined || spec.layout === 'raw') {
    parts.push(bytesField(F.raw_data.id, rawElements(dtype, spec.data)));
  } else {
    parts.push(typedElements(dtype, spec.data, spec.layout === 'packed'));
  }
  return concat(parts);
}

function typedElements(dtype: DataType, data: Iterable<number | bigint>, packed: boolean): Bytes {
  const field = dataTypes.find((t) => t.name === dtype)?.field ?? 'float_data';
  const id = schema.TensorProto[field].id;
  if (field === 'float_data' || field === 'double_data') {
    const encode = field === 'float_data' ? floatBytes : doubleBytes;
    const values = Array.from(data, Number);
    if (packed) return bytesField(id, encode(values));
    return concat(values.map((v) => concat([tag(id, field === 'float_data' ? 5 : 1), encode([v])])));
  }
  const codes =
    dtype === 'float16' || dtype === 'bfloat16' ? Array.from(data, (v) => sixteenBits(dtype, Number(v))) : data;
  return packed ? packedVarints(id, codes) : unpackedVarints(id, codes);
}

/** Elements as `raw_data` and external files hold them: little-endian, no padding. */
export function rawElements(dtype: DataType, data: Iterable<number | bigint>): Bytes {
  const list = Array.from(data);
  const bytes = dataTypes.find((t) => t.name === dtype)?.bytes ?? 1;
  const view = new DataView(new ArrayBuffer(bytes * list.length));
  list.forEach((value, i) => {
    if (dtype === 'float32') view.setFloat32(4 * i, Number(value), true);
    else if (dtype === 'float64') view.setFloat64(8 * i, Number(value), true);
    else if (dtype === 'float16' || dtype === 'bfloat16')
      view.setUint16(2 * i, sixteenBits(dtype, Number(value)), true);
    else if (bytes === 8) view.setBigInt64(8 * i, BigInt.asIntN(64, BigInt(value)), true);
    else if (bytes === 4) view.setInt32(4 * i, Number(value), true);
    else if (bytes === 2) view.setInt16(2 * i, Number(value), true);
    else view.setInt8(i, Number(value));
  });
  return new Uint8Array(view.buffer);
}

/** The bit pattern of the nearest float16 or bfloat16 (ties to even). */
function sixteenBits(dtype: 'float16' | 'bfloat16', value: number): number {
  const bits = new DataView(floatBytes([value]).buffer).getUint32(0, true);
  if (Number.isNaN(value)) return dtype === 'float16' ? 0x7e00 : 0x7fc0;
  if (dtype === 'bfloat16') return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
  const scaled = magnitude / 2 ** (exponent - 10);
  const floor = Math.floor(scaled);
  const rounded = scaled - floor > 0.5 || (scaled - floor === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  return sign | ((exponent + 14) * 1024 + rounded);
}

function typeCode(dtype: DataType): number {
  const found = dataTypes.find((t) => t.name === dtype);
  if (found === undefined) throw new RangeError(`no such data type: ${dtype}`);
  return found.code;
}

function stringEntry([key, value]: readonly [string, string]): Bytes {
  const F = schema.StringStringEntryProto;
  return concat([stringField(F.key.id, key), stringField(F.value.id, value)]);
}
