// From a TensorProto to numbers: everything is checked against the dimensions before anything is allocated.
import { Diagnostic, quote } from '../../ir/diagnostics.ts';
import { checkShape, MAX_ELEMENTS, type NumericArray, sizeOf, type Tensor } from '../../ir/tensor.ts';
import { decodeElements, elementBytes, exactInteger } from '../elements.ts';
import type { ModelFiles } from '../files.ts';
import { readExternalData } from './external-data.ts';
import type { OnnxTensor } from './model.ts';
import { type DataType, dataTypeLabel, dataTypeOf, dataTypes, type TypedField } from './schema.ts';
import { countVarints, eachVarint, fixedBytes, type Segment } from './wire.ts';

/** A decoded tensor of a model file. NaN and infinities are as in the file: whoever uses them decides. */
export interface TensorValue {
  readonly name: string;
  readonly dtype: DataType;
  readonly tensor: Tensor;
}

const exact = { openEnds: true } as const;

/**
 * The dimensions of a tensor in the file, checked to be a possible shape.
 * @throws Diagnostic `bad-shape`, `tensor-too-large` naming the tensor.
 */
export function tensorShape(t: OnnxTensor): readonly number[] {
  const shape = t.dims.map(Number);
  try {
    checkShape(shape, `tensor ${quote(t.name)}`);
    // A zero among the dimensions makes the product zero, however large the others are.
    const huge = shape.find((d) => d > MAX_ELEMENTS);
    if (huge !== undefined)
      throw new Diagnostic('tensor-too-large', `tensor ${quote(t.name)} has a dimension of ${huge}`);
  } catch (error) {
    throw located(error, t);
  }
  return shape;
}

/**
 * Decodes the elements of a tensor. int64 elements must be at most 2^53 in magnitude, except those of 2^62 and more, which
 * exporters use as open ends (`Slice`) and which become ±2^62.
 * @param files the folder of the model, for external data; `undefined` if the model did not come from a file.
 * @throws Diagnostic `unsupported-data-type`, `bad-shape`, `tensor-too-large`, `bad-tensor` (elements missing, too many, in
 * the wrong field or in two), `integer-too-large`, `bad-bool`, and those of external data; each names tensor and byte.
 */
export function readTensor(t: OnnxTensor, files: ModelFiles | undefined): TensorValue {
  try {
    const dtype = dataTypeOf(t.dataType);
    if (dtype === undefined)
      throw new Diagnostic(
        'unsupported-data-type',
        `tensor ${quote(t.name)} has elements of type ${dataTypeLabel(t.dataType)}, which is not supported`,
      );
    if (t.segmented) throw badTensor(t, 'is one segment of a larger tensor, which is not supported');
    const shape = tensorShape(t);
    return { name: t.name, dtype, tensor: { shape, data: readElements(t, dtype, sizeOf(shape), files) } };
  } catch (error) {
    throw located(error, t);
  }
}

function readElements(t: OnnxTensor, dtype: DataType, count: number, files: ModelFiles | undefined): NumericArray {
  const raw = t.rawData !== undefined && t.rawData.length > 0 ? t.rawData : undefined;
  const fields = [...t.typedData.keys()];
  const sources = [...(t.external ? ['external data'] : []), ...(raw === undefined ? [] : ['raw_data']), ...fields];
  if (t.stringCount > 0) sources.push('string_data');
  if (sources.length > 1) throw badTensor(t, `holds its elements more than once: ${sources.join(' and ')}`);
  if (t.external) return decodeElements(dtype, readExternalData(t, count * elementBytes(dtype), files), exact);
  const [source] = sources;
  if (source === undefined) {
    if (count > 0) throw badTensor(t, `holds no elements, but its shape [${t.dims.join(', ')}] asks for ${count}`);
    return decodeElements(dtype, new Uint8Array(0), exact);
  }
  if (raw !== undefined) {
    const expected = count * elementBytes(dtype);
    if (raw.length !== expected)
      throw badTensor(
        t,
        `holds ${raw.length} bytes of ${dtype}, but its shape [${t.dims.join(', ')}] asks for ${expected}`,
      );
    return decodeElements(dtype, raw, exact);
  }
  const { field } = dataTypes.find((d) => d.name === dtype)!;
  const segments = t.typedData.get(field);
  if (segments === undefined)
    throw badTensor(t, `of type ${dtype} holds its elements in ${source} instead of ${field}`);
  return typedElements(t, dtype, field, segments, count);
}

function typedElements(
  t: OnnxTensor,
  dtype: DataType,
  field: TypedField,
  segments: readonly Segment[],
  count: number,
): NumericArray {
  const { source } = t;
  const expectCount = (found: number): void => {
    if (found !== count)
      throw badTensor(t, `holds ${found} elements in ${field}, but its shape [${t.dims.join(', ')}] asks for ${count}`);
  };
  if (field === 'float_data' || field === 'double_data') {
    const size = field === 'float_data' ? 4 : 8;
    const bytes = fixedBytes(source, segments, size);
    expectCount(bytes.length / size);
    return decodeElements(dtype, bytes, exact);
  }
  expectCount(countVarints(source, segments));
  if (dtype === 'int64' || dtype === 'uint64') {
    const out = new Float64Array(count);
    let index = 0;
    eachVarint(source, segments, (lo, hi) => {
      out[index] = exactInteger(dtype, lo, hi, index, exact);
      index++;
    });
    return out;
  }
  return decodeElements(dtype, narrowElements(t, dtype, segments, count), exact);
}

/** Element types of at most four bytes are stored as varints of 32 bits and more: checks that each fits, and packs them. */
function narrowElements(t: OnnxTensor, dtype: DataType, segments: readonly Segment[], count: number): Uint8Array {
  const size = elementBytes(dtype);
  const signed = dtype === 'int8' || dtype === 'int16' || dtype === 'int32';
  const least = signed ? -(2 ** (8 * size - 1)) : 0;
  const most = signed ? 2 ** (8 * size - 1) - 1 : 2 ** (8 * size) - 1;
  const view = new DataView(new ArrayBuffer(size * count));
  let index = 0;
  eachVarint(t.source, segments, (lo, hi) => {
    // int32 is written sign-extended to 64 bits; some writers stop at 32 bits.
    const value = signed && (hi === 0 || hi === 0xffffffff) ? lo | 0 : hi * 2 ** 32 + lo;
    const truncated = signed && hi === 0xffffffff && lo < 2 ** 31;
    if (value < least || value > most || truncated) throw badTensor(t, `element ${index} does not fit into ${dtype}`);
    if (size === 1) view.setUint8(index, value);
    else if (size === 2) view.setUint16(2 * index, value, true);
    else view.setUint32(4 * index, value, true);
    index++;
  });
  return new Uint8Array(view.buffer);
}

function badTensor(t: OnnxTensor, message: string): Diagnostic {
  return new Diagnostic('bad-tensor', `tensor ${quote(t.name)} ${message}`);
}

function located(error: unknown, t: OnnxTensor): unknown {
  return error instanceof Diagnostic ? error.at({ ...t.source.where, field: t.name, byte: t.byte }) : error;
}
