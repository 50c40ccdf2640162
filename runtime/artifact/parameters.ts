// Weights that are ports of the circuit (`prover/parameters.bin`): their integers, and what hides their commitments. Secret.
//
// Magic, length of the header (4 bytes), header as JSON, then the elements of each tensor, little-endian, in the smallest
// type that holds them. Every part begins at a multiple of 8 bytes, so that tensors are read where they lie.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { SCALAR_FIELD } from '../../compiler/ir/iden3/index.ts';
import { compact, MAX_ELEMENTS, type NumericArray } from '../../compiler/ir/tensor.ts';

/** One parameter port. */
export interface Parameter {
  readonly name: string;
  /** Integers, row-major. */
  readonly values: NumericArray;
  /** Blinding element of a committed port: the same in every proof, because every proof shows the same commitment. */
  readonly blinding?: bigint;
}

/** Largest file that is read (bytes). */
export const MAX_PARAMETER_BYTES = 2 ** 31;

/** First bytes of the file; the last digit is its format version. */
const MAGIC = 'ZKMLPAR1';
const HEAD_BYTES = MAGIC.length + 4;
const ALIGNMENT = 8;

type ElementType = 'int8' | 'uint8' | 'int16' | 'int32' | 'float64';

/** Views of elements where they lie in the file. */
const VIEWS: ReadonlyMap<string, { readonly bytes: number; readonly view: (b: Uint8Array) => NumericArray }> = new Map<
  ElementType,
  { readonly bytes: number; readonly view: (b: Uint8Array) => NumericArray }
>([
  ['int8', { bytes: 1, view: (b) => new Int8Array(b.buffer, b.byteOffset, b.length) }],
  ['uint8', { bytes: 1, view: (b) => new Uint8Array(b.buffer, b.byteOffset, b.length) }],
  ['int16', { bytes: 2, view: (b) => new Int16Array(b.buffer, b.byteOffset, b.length / 2) }],
  ['int32', { bytes: 4, view: (b) => new Int32Array(b.buffer, b.byteOffset, b.length / 4) }],
  ['float64', { bytes: 8, view: (b) => new Float64Array(b.buffer, b.byteOffset, b.length / 8) }],
]);

function elementType(values: NumericArray): ElementType {
  if (values instanceof Int8Array) return 'int8';
  if (values instanceof Uint8Array) return 'uint8';
  if (values instanceof Int16Array) return 'int16';
  if (values instanceof Int32Array) return 'int32';
  return 'float64';
}

const aligned = (at: number): number => ALIGNMENT * Math.ceil(at / ALIGNMENT);

export function encodeParameters(parameters: readonly Parameter[]): Uint8Array {
  const tensors = parameters.map(({ values }) => compact({ shape: [values.length], data: values }).data);
  const header = parameters.map(({ name, blinding }, i) => ({
    name,
    elements: tensors[i]!.length,
    type: elementType(tensors[i]!),
    ...(blinding !== undefined && { blinding: blinding.toString() }),
  }));
  const head = Buffer.from(JSON.stringify({ parameters: header }), 'utf8');
  const starts: number[] = [];
  let size = aligned(HEAD_BYTES + head.length);
  for (const t of tensors) {
    starts.push(size);
    size = aligned(size + t.byteLength);
  }
  const out = Buffer.alloc(size);
  out.write(MAGIC, 'latin1');
  out.writeUInt32LE(head.length, MAGIC.length);
  out.set(head, HEAD_BYTES);
  for (const [i, t] of tensors.entries()) out.set(new Uint8Array(t.buffer, t.byteOffset, t.byteLength), starts[i]!);
  return out;
}

/**
 * Tensors are views of `bytes`, which begin at a multiple of 8 in their buffer.
 * @throws Diagnostic `bad-artifact`, or `wrong-version` with the command that rebuilds the file.
 */
export function decodeParameters(bytes: Uint8Array, file: string): readonly Parameter[] {
  const bad = (what: string): Diagnostic =>
    new Diagnostic('bad-artifact', `${what}: compile the model again`, { file });
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = buffer.toString('latin1', 0, MAGIC.length);
  if (magic !== MAGIC)
    throw magic.length === MAGIC.length && magic.startsWith('ZKMLPAR')
      ? new Diagnostic('wrong-version', 'the parameters have another format version: run zkmlc compile again', { file })
      : bad('this is no file of parameters');
  const length = buffer.length < HEAD_BYTES ? Number.POSITIVE_INFINITY : buffer.readUInt32LE(MAGIC.length);
  if (length > buffer.length - HEAD_BYTES) throw bad('the file of parameters ends inside its header');
  let json: unknown;
  try {
    json = JSON.parse(buffer.toString('utf8', HEAD_BYTES, HEAD_BYTES + length));
  } catch {
    throw bad('the header of the parameters is not JSON');
  }
  const list = fields(json).get('parameters');
  if (!Array.isArray(list)) throw bad('there is no list of parameters');
  let at = aligned(HEAD_BYTES + length);
  const parameters = list.map((entry: unknown): Parameter => {
    const parameter = fields(entry);
    const [name, elements, type, blinding] = ['name', 'elements', 'type', 'blinding'].map((k) => parameter.get(k));
    const storage = typeof type === 'string' ? VIEWS.get(type) : undefined;
    if (typeof name !== 'string' || storage === undefined || !isCount(elements))
      throw bad('a parameter has no name or no elements');
    const end = at + elements * storage.bytes;
    if (end > bytes.length) throw bad(`the file ends inside the parameter ${name}`);
    const values = storage.view(bytes.subarray(at, end));
    at = aligned(end);
    if (values instanceof Float64Array && !values.every(Number.isSafeInteger))
      throw bad(`the parameter ${name} has other than whole numbers`);
    if (blinding === undefined) return { name, values };
    if (typeof blinding !== 'string' || !/^\d{1,78}$/.test(blinding) || BigInt(blinding) >= SCALAR_FIELD)
      throw bad('a blinding element is not a field element');
    return { name, values, blinding: BigInt(blinding) };
  });
  if (at !== bytes.length) throw bad('the file of parameters is longer than its tensors');
  return parameters;
}

const isCount = (n: unknown): n is number =>
  typeof n === 'number' && Number.isInteger(n) && n >= 0 && n <= MAX_ELEMENTS;

function fields(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(typeof value === 'object' && value !== null ? value : {}));
}
