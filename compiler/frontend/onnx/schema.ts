// The ONNX protobuf messages as a table of field numbers and types, written from the ONNX specification (IR version 14).

/** How one field of a message is encoded. `type` is a protobuf scalar or the name of a message of this table. */
export interface FieldDescriptor {
  readonly id: number;
  readonly type: string;
  readonly repeated: boolean;
}

function one(id: number, type: string): FieldDescriptor {
  return { id, type, repeated: false };
}

function many(id: number, type: string): FieldDescriptor {
  return { id, type, repeated: true };
}

/**
 * Messages of the ONNX specification that a model file is made of. Training information, device configurations and
 * quantization annotations are listed by number only (`bytes`): the compiler skips them.
 */
export const schema = {
  ModelProto: {
    ir_version: one(1, 'int64'),
    producer_name: one(2, 'string'),
    producer_version: one(3, 'string'),
    domain: one(4, 'string'),
    model_version: one(5, 'int64'),
    doc_string: one(6, 'string'),
    graph: one(7, 'GraphProto'),
    opset_import: many(8, 'OperatorSetIdProto'),
    metadata_props: many(14, 'StringStringEntryProto'),
    training_info: many(20, 'bytes'),
    functions: many(25, 'FunctionProto'),
    configuration: many(26, 'bytes'),
  },
  OperatorSetIdProto: { domain: one(1, 'string'), version: one(2, 'int64') },
  StringStringEntryProto: { key: one(1, 'string'), value: one(2, 'string') },
  GraphProto: {
    node: many(1, 'NodeProto'),
    name: one(2, 'string'),
    initializer: many(5, 'TensorProto'),
    doc_string: one(10, 'string'),
    input: many(11, 'ValueInfoProto'),
    output: many(12, 'ValueInfoProto'),
    value_info: many(13, 'ValueInfoProto'),
    quantization_annotation: many(14, 'bytes'),
    sparse_initializer: many(15, 'SparseTensorProto'),
    metadata_props: many(16, 'StringStringEntryProto'),
  },
  NodeProto: {
    input: many(1, 'string'),
    output: many(2, 'string'),
    name: one(3, 'string'),
    op_type: one(4, 'string'),
    attribute: many(5, 'AttributeProto'),
    doc_string: one(6, 'string'),
    domain: one(7, 'string'),
    overload: one(8, 'string'),
    metadata_props: many(9, 'StringStringEntryProto'),
    device_configurations: many(10, 'bytes'),
  },
  AttributeProto: {
    name: one(1, 'string'),
    f: one(2, 'float'),
    i: one(3, 'int64'),
    s: one(4, 'bytes'),
    t: one(5, 'TensorProto'),
    g: one(6, 'GraphProto'),
    floats: many(7, 'float'),
    ints: many(8, 'int64'),
    strings: many(9, 'bytes'),
    tensors: many(10, 'TensorProto'),
    graphs: many(11, 'GraphProto'),
    doc_string: one(13, 'string'),
    tp: one(14, 'TypeProto'),
    type_protos: many(15, 'TypeProto'),
    type: one(20, 'int32'),
    ref_attr_name: one(21, 'string'),
    sparse_tensor: one(22, 'SparseTensorProto'),
    sparse_tensors: many(23, 'SparseTensorProto'),
  },
  TensorProto: {
    dims: many(1, 'int64'),
    data_type: one(2, 'int32'),
    segment: one(3, 'bytes'),
    float_data: many(4, 'float'),
    int32_data: many(5, 'int32'),
    string_data: many(6, 'bytes'),
    int64_data: many(7, 'int64'),
    name: one(8, 'string'),
    raw_data: one(9, 'bytes'),
    double_data: many(10, 'double'),
    uint64_data: many(11, 'uint64'),
    doc_string: one(12, 'string'),
    external_data: many(13, 'StringStringEntryProto'),
    data_location: one(14, 'int32'),
    metadata_props: many(16, 'StringStringEntryProto'),
  },
  SparseTensorProto: { values: one(1, 'TensorProto'), indices: one(2, 'TensorProto'), dims: many(3, 'int64') },
  ValueInfoProto: {
    name: one(1, 'string'),
    type: one(2, 'TypeProto'),
    doc_string: one(3, 'string'),
    metadata_props: many(4, 'StringStringEntryProto'),
  },
  TypeProto: {
    tensor_type: one(1, 'TypeProto_Tensor'),
    sequence_type: one(4, 'TypeProto_Element'),
    map_type: one(5, 'bytes'),
    denotation: one(6, 'string'),
    opaque_type: one(7, 'bytes'),
    sparse_tensor_type: one(8, 'TypeProto_Tensor'),
    optional_type: one(9, 'TypeProto_Element'),
  },
  TypeProto_Tensor: { elem_type: one(1, 'int32'), shape: one(2, 'TensorShapeProto') },
  TypeProto_Element: { elem_type: one(1, 'TypeProto') },
  TensorShapeProto: { dim: many(1, 'TensorShapeProto_Dimension') },
  TensorShapeProto_Dimension: {
    dim_value: one(1, 'int64'),
    dim_param: one(2, 'string'),
    denotation: one(3, 'string'),
  },
  FunctionProto: {
    name: one(1, 'string'),
    input: many(4, 'string'),
    output: many(5, 'string'),
    attribute: many(6, 'string'),
    node: many(7, 'NodeProto'),
    doc_string: one(8, 'string'),
    opset_import: many(9, 'OperatorSetIdProto'),
    domain: one(10, 'string'),
    attribute_proto: many(11, 'AttributeProto'),
    value_info: many(12, 'ValueInfoProto'),
    overload: one(13, 'string'),
    metadata_props: many(14, 'StringStringEntryProto'),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, FieldDescriptor>>>>;

/** AttributeProto.AttributeType: the number in the file and the field that holds the value. */
export const attributeTypes = [
  { code: 1, kind: 'float', field: 'f' },
  { code: 2, kind: 'int', field: 'i' },
  { code: 3, kind: 'string', field: 's' },
  { code: 4, kind: 'tensor', field: 't' },
  { code: 5, kind: 'graph', field: 'g' },
  { code: 6, kind: 'floats', field: 'floats' },
  { code: 7, kind: 'ints', field: 'ints' },
  { code: 8, kind: 'strings', field: 'strings' },
  { code: 9, kind: 'tensors', field: 'tensors' },
  { code: 10, kind: 'graphs', field: 'graphs' },
  { code: 11, kind: 'sparse-tensor', field: 'sparse_tensor' },
  { code: 12, kind: 'sparse-tensors', field: 'sparse_tensors' },
  { code: 13, kind: 'type', field: 'tp' },
  { code: 14, kind: 'types', field: 'type_protos' },
] as const;

/** Element types that the compiler reads. */
export type DataType =
  | 'float32'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'bool'
  | 'float16'
  | 'float64'
  | 'uint32'
  | 'uint64'
  | 'bfloat16';

/** The repeated fields of TensorProto that hold elements one by one, as opposed to `raw_data`. */
export type TypedField = 'float_data' | 'int32_data' | 'int64_data' | 'double_data' | 'uint64_data';

/** TensorProto.DataType: code in the file, size of one element in `raw_data` (bytes), and the typed field it may use instead. */
export const dataTypes: readonly {
  readonly name: DataType;
  readonly code: number;
  readonly bytes: number;
  readonly field: TypedField;
}[] = [
  { name: 'float32', code: 1, bytes: 4, field: 'float_data' },
  { name: 'uint8', code: 2, bytes: 1, field: 'int32_data' },
  { name: 'int8', code: 3, bytes: 1, field: 'int32_data' },
  { name: 'uint16', code: 4, bytes: 2, field: 'int32_data' },
  { name: 'int16', code: 5, bytes: 2, field: 'int32_data' },
  { name: 'int32', code: 6, bytes: 4, field: 'int32_data' },
  { name: 'int64', code: 7, bytes: 8, field: 'int64_data' },
  { name: 'bool', code: 9, bytes: 1, field: 'int32_data' },
  { name: 'float16', code: 10, bytes: 2, field: 'int32_data' },
  { name: 'float64', code: 11, bytes: 8, field: 'double_data' },
  { name: 'uint32', code: 12, bytes: 4, field: 'uint64_data' },
  { name: 'uint64', code: 13, bytes: 8, field: 'uint64_data' },
  { name: 'bfloat16', code: 16, bytes: 2, field: 'int32_data' },
];

const otherDataTypes: ReadonlyMap<number, string> = new Map([
  [0, 'undefined'],
  [8, 'string'],
  [14, 'complex64'],
  [15, 'complex128'],
  [17, 'float8e4m3fn'],
  [18, 'float8e4m3fnuz'],
  [19, 'float8e5m2'],
  [20, 'float8e5m2fnuz'],
  [21, 'uint4'],
  [22, 'int4'],
  [23, 'float4e2m1'],
  [24, 'float8e8m0'],
  [25, 'uint2'],
  [26, 'int2'],
  [27, 'float6e2m3'],
  [28, 'float6e3m2'],
]);

/** The element type with this code, `undefined` if the compiler does not read it. */
export function dataTypeOf(code: number): DataType | undefined {
  return dataTypes.find((t) => t.code === code)?.name;
}

/** The specification's name of an element type, for messages; unknown codes are written as `data type 99`. */
export function dataTypeLabel(code: number): string {
  return dataTypeOf(code) ?? otherDataTypes.get(code) ?? `data type ${code}`;
}
