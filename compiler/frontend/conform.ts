// Brings data that a user gave to the shape and element type that a model expects, or says why it does not fit.
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import { type NumericArray, sizeOf, type Tensor } from '../ir/tensor.ts';
import { elementBytes } from './elements.ts';
import type { NestedNumbers } from './json-tensors.ts';
import type { DataType } from './onnx/schema.ts';

/** A tensor of the model's interface; `null` stands for a dimension of any size. */
export interface ExpectedTensor {
  readonly name: string;
  readonly shape: readonly (number | null)[];
  readonly dtype: DataType;
}

/**
 * A tensor as a file gives it. JSON has no element types; NumPy arrays are converted where no value changes its kind (float64 to float32, int
 * to float); an ONNX TensorProto must have exactly the expected type.
 */
export type GivenTensor =
  | { readonly form: 'json'; readonly numbers: NestedNumbers }
  | { readonly form: 'array' | 'proto'; readonly dtype: DataType; readonly tensor: Tensor };

function isFloat(dtype: DataType): boolean {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16';
}

/**
 * The given tensor as the expected one. Its shape must be the expected shape, except that a flat list stands for any shape
 * with as many elements, and the other way round. Reals are rounded to float32 unless float64 is expected.
 * @throws Diagnostic `wrong-shape`, `wrong-data-type`, `bad-input` for elements that are not finite, not whole or out of the type's range; each names
 * the tensor and the first such element.
 */
export function conformTensor(given: GivenTensor, expected: ExpectedTensor): Tensor {
  const { shape, data } = contents(given);
  checkDataType(given, expected);
  const target = resolveShape(shape, expected);
  if (target === undefined)
    throw new Diagnostic(
      'wrong-shape',
      `${quote(expected.name)} has the shape [${shape.join(', ')}], but [${expected.shape.map((d) => d ?? '?').join(', ')}] is expected`,
      { field: expected.name },
    );
  return { shape: target, data: convert(data, expected) };
}

function contents(given: GivenTensor): Tensor {
  return given.form === 'json' ? given.numbers : given.tensor;
}

function checkDataType(given: GivenTensor, { name, dtype }: ExpectedTensor): void {
  const fail = (found: string): never => {
    throw new Diagnostic('wrong-data-type', `${quote(name)} holds ${found}, but ${dtype} is expected`, { field: name });
  };
  if (given.form === 'json') {
    if (given.numbers.booleans && dtype !== 'bool') fail('true or false');
    if (given.numbers.inexactInteger !== undefined && !isFloat(dtype))
      fail(`${given.numbers.inexactInteger}, which exceeds 2^53 and cannot be represented exactly`);
  } else if (given.dtype !== dtype) {
    if (given.form === 'proto') fail(given.dtype);
    if (isFloat(given.dtype) ? !isFloat(dtype) : (given.dtype === 'bool') !== (dtype === 'bool')) fail(given.dtype);
  }
}

/** The shape that the data takes, `undefined` if they do not fit. */
function resolveShape(shape: readonly number[], { shape: expected }: ExpectedTensor): readonly number[] | undefined {
  if (shape.length === expected.length && expected.every((d, i) => d === null || d === shape[i])) return shape;
  if (shape.length > 1 && expected.length > 1) return undefined;
  const known = sizeOf(expected.filter((d) => d !== null));
  const count = sizeOf(shape);
  const open = expected.length - expected.filter((d) => d !== null).length;
  if (open > 1 || (open === 1 && known === 0)) return undefined;
  const resolved = expected.map((d) => d ?? count / known);
  return resolved.every(Number.isInteger) && sizeOf(resolved) === count ? resolved : undefined;
}

function convert(data: NumericArray, { name, dtype }: ExpectedTensor): NumericArray {
  const float = isFloat(dtype);
  const out = float
    ? dtype === 'float64'
      ? new Float64Array(data.length)
      : new Float32Array(data.length)
    : integerArray(dtype, data.length);
  const bits = 8 * elementBytes(dtype);
  const unsigned = dtype === 'bool' || dtype.startsWith('u');
  const most = dtype === 'bool' ? 1 : Math.min(2 ** 53, 2 ** (unsigned ? bits : bits - 1) - 1);
  const least = unsigned ? 0 : Math.max(-(2 ** 53), -(2 ** (bits - 1)));
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    out[i] = value;
    const fits = float ? Number.isFinite(out[i]!) : Number.isInteger(value) && value >= least && value <= most;
    if (!fits)
      throw new Diagnostic(
        'bad-input',
        `element ${i} of ${quote(name)} is ${value}, which is not a finite value of type ${dtype}`,
        { field: name },
      );
  }
  return out;
}

function integerArray(dtype: DataType, length: number): NumericArray {
  switch (dtype) {
    case 'int8':
      return new Int8Array(length);
    case 'uint8':
    case 'bool':
      return new Uint8Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'uint16':
      return new Uint16Array(length);
    case 'int32':
      return new Int32Array(length);
    default:
      return new Float64Array(length);
  }
}

/**
 * Splits tensors that hold several samples: stacked along a new leading axis, or along the first axis where the model
 * expects 1 there. Tensors of exactly the expected shape are one sample.
 * @throws Diagnostic `bad-input` if the tensors disagree on the number of samples.
 */
export function splitSamples(
  given: ReadonlyMap<string, GivenTensor>,
  expected: readonly ExpectedTensor[],
): ReadonlyMap<string, GivenTensor>[] {
  const stacks = expected.flatMap((e) => {
    const found = given.get(e.name);
    const samples = found === undefined ? undefined : stackedSamples(contents(found).shape, e);
    return samples === undefined ? [] : [{ name: e.name, samples }];
  });
  const [first] = stacks;
  if (first === undefined) return [given];
  const other = stacks.find((s) => s.samples !== first.samples);
  if (other !== undefined)
    throw new Diagnostic(
      'bad-input',
      `${quote(first.name)} holds ${first.samples} samples, but ${quote(other.name)} ${other.samples}`,
      { field: other.name },
    );
  if (stacks.length < given.size)
    throw new Diagnostic(
      'bad-input',
      `${quote(first.name)} holds ${first.samples} samples, but not every tensor does`,
      { field: first.name },
    );
  return Array.from({ length: first.samples }, (_, index) => {
    const sample = new Map<string, GivenTensor>();
    for (const e of expected) {
      const found = given.get(e.name);
      if (found !== undefined) sample.set(e.name, sampleOf(found, e, index, first.samples));
    }
    return sample;
  });
}

/** Number of samples that a shape holds, `undefined` if it is not a stack. */
function stackedSamples(shape: readonly number[], { shape: expected }: ExpectedTensor): number | undefined {
  const matches = (dims: readonly number[], against: readonly (number | null)[]): boolean =>
    dims.length === against.length && against.every((d, i) => d === null || d === dims[i]);
  const [leading, ...rest] = shape;
  if (leading === undefined || matches(shape, expected)) return undefined;
  if (matches(rest, expected)) return leading;
  return expected[0] === 1 && matches(rest, expected.slice(1)) ? leading : undefined;
}

function sampleOf(
  given: GivenTensor,
  { shape: expected }: ExpectedTensor,
  index: number,
  samples: number,
): GivenTensor {
  const { shape, data } = contents(given);
  const size = data.length / samples;
  const rest = shape.slice(1);
  const target = rest.length === expected.length ? rest : [1, ...rest];
  if (given.form === 'json')
    return {
      form: 'json',
      numbers: { ...given.numbers, shape: target, data: given.numbers.data.subarray(index * size, (index + 1) * size) },
    };
  return { ...given, tensor: { shape: target, data: data.subarray(index * size, (index + 1) * size) } };
}
