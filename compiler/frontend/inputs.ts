// The user's data: inputs to prove about, expected outputs, calibration samples; from JSON, NumPy, and ONNX test data.
import { extname, join } from 'node:path';
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import { MAX_ELEMENTS, sizeOf, type Tensor } from '../ir/tensor.ts';
import { conformTensor, type ExpectedTensor, type GivenTensor, splitSamples } from './conform.ts';
import { listUserFolder, readUserFile, userPathKind } from './files.ts';
import { type JsonSample, readJsonTensors } from './json-tensors.ts';
import { MAX_NPY_HEADER_BYTES, type NumpyArray, readNpy, readNpz } from './npy.ts';
import { readTensorProto } from './onnx/read-model.ts';

export type { ExpectedTensor } from './conform.ts';

/** Whether a file describes what goes into a model or what should come out. */
export type Role = 'input' | 'output';

/** Most elements of one tensor in calibration data, all samples together. */
const MAX_SAMPLE_ELEMENTS = 2 ** 26;

/** Most bytes of a JSON file, whatever it describes. */
const MAX_JSON_BYTES = 2 ** 28;

/**
 * Reads one set of tensors: `.json` (`{"name": nested list}` or `{"input_data": [...]}` in the order of `expected`, `output_data` for outputs),
 * `.npz`, `.npy` and `.pb` (for a single tensor), or a folder of `input_<i>.pb` or `output_<i>.pb`. Every expected tensor
 * must be there and no other; elements are finite and of the expected type.
 * @throws Diagnostic naming file and tensor; see {@link conformTensor}, `readJsonTensors`, `readNpy`, `readNpz`, `readTensor`.
 */
export async function readTensors(
  path: string,
  expected: readonly ExpectedTensor[],
  role: Role,
): Promise<Map<string, Tensor>> {
  return inFile(path, () => {
    const [only, ...others] = readSets(path, expected, role, false);
    if (only === undefined || others.length > 0)
      throw new Diagnostic(
        'bad-input',
        `the file holds ${others.length + (only === undefined ? 0 : 1)} sets of tensors; one is expected`,
      );
    return conformAll(only, expected);
  });
}

/**
 * Reads calibration data: several sets of tensors. Beside the forms of {@link readTensors}: arrays with the samples stacked along a leading axis (or
 * along the batch axis where that is 1), a JSON list of objects, a folder of `test_data_set_<k>` folders.
 * @throws Diagnostic as {@link readTensors}, and `bad-input` if the tensors disagree on the number of samples or there is none.
 */
export async function readSamples(path: string, expected: readonly ExpectedTensor[]): Promise<Map<string, Tensor>[]> {
  return inFile(path, () => {
    const samples = readSets(path, expected, 'input', true).flatMap((set) => {
      checkNames(set, expected);
      return splitSamples(set, expected).map((sample) => conformAll(sample, expected));
    });
    if (samples.length === 0) throw new Diagnostic('bad-input', 'there are no samples');
    return samples;
  });
}

type TensorSet = ReadonlyMap<string, GivenTensor>;

function conformAll(given: TensorSet, expected: readonly ExpectedTensor[]): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const e of expected) {
    const found = given.get(e.name);
    if (found === undefined)
      throw new Diagnostic(
        'bad-input',
        `${quote(e.name)} is missing; ${given.size === 0 ? 'nothing' : [...given.keys()].map(quote).join(', ')} is given`,
        {
          field: e.name,
        },
      );
    tensors.set(e.name, conformTensor(found, e));
  }
  checkNames(given, expected);
  return tensors;
}

function checkNames(given: TensorSet, expected: readonly ExpectedTensor[]): void {
  for (const name of given.keys()) if (!expected.some((e) => e.name === name)) throw unknownTensor(name, expected);
}

function readSets(
  path: string,
  expected: readonly ExpectedTensor[],
  role: Role,
  stacked: boolean,
): readonly TensorSet[] {
  if (userPathKind(path) === 'folder') return readFolder(path, expected, role, stacked);
  const limit = (e: ExpectedTensor): number => elementLimit(e, stacked);
  const elements = expected.reduce((sum, e) => sum + limit(e), 0);
  // A generous bound for arrays (varints of ten bytes with their keys, float64 where float32 would do) and their headers.
  const binaryBytes = 16 * elements + expected.length * MAX_NPY_HEADER_BYTES + 2 ** 20;
  switch (extname(path).toLowerCase()) {
    case '.json': {
      const bytes = readUserFile(path, Math.min(MAX_JSON_BYTES, Math.max(2 ** 26, 64 * elements)));
      const names = new Map(expected.map((e) => [e.name, limit(e)]));
      const { isList, samples } = readJsonTensors(bytes, {
        names,
        orderedKey: role === 'input' ? 'input_data' : 'output_data',
      });
      if (isList && !stacked && samples.length !== 1)
        throw new Diagnostic(
          'bad-input',
          `the file holds a list of ${samples.length} sets of tensors; one is expected`,
        );
      return samples.map((sample) => jsonSet(sample, expected));
    }
    case '.npz':
      return [archiveSet(readNpz(readUserFile(path, binaryBytes), binaryBytes), expected)];
    case '.npy': {
      const { dtype, tensor } = readNpy(readUserFile(path, binaryBytes));
      return [new Map([[onlyName(expected, '.npz'), { form: 'array', dtype, tensor }]])];
    }
    case '.pb': {
      const name = onlyName(expected, 'a folder of .pb files');
      return [new Map([protoEntry(path, binaryBytes, name, expected)])];
    }
    default:
      throw new Diagnostic(
        'bad-input',
        'the kind of file is not known; .json, .npz, .npy, .pb and folders of .pb files are read',
      );
  }
}

/** Most elements that a file may give for a tensor. */
function elementLimit(e: ExpectedTensor, stacked: boolean): number {
  if (stacked) return MAX_SAMPLE_ELEMENTS;
  const known = e.shape.filter((d) => d !== null);
  return known.length < e.shape.length ? MAX_SAMPLE_ELEMENTS : Math.min(MAX_ELEMENTS, sizeOf(known));
}

function onlyName(expected: readonly ExpectedTensor[], alternative: string): string {
  const [first, ...others] = expected;
  if (first === undefined || others.length > 0)
    throw new Diagnostic(
      'bad-input',
      `the file holds one tensor, but ${expected.length} are expected; use ${alternative} or .json`,
    );
  return first.name;
}

function unknownTensor(name: string, expected: readonly ExpectedTensor[]): Diagnostic {
  return new Diagnostic(
    'bad-input',
    `the model has no tensor ${quote(name)} here; it has ${expected.map((e) => quote(e.name)).join(', ')}`,
    { field: name },
  );
}

function jsonSet(sample: JsonSample, expected: readonly ExpectedTensor[]): TensorSet {
  const given = new Map<string, GivenTensor>();
  if (sample.kind === 'named') for (const [name, numbers] of sample.values) given.set(name, { form: 'json', numbers });
  else {
    if (sample.values.length !== expected.length)
      throw new Diagnostic(
        'bad-input',
        `${sample.values.length} tensors are given in order; ${expected.length} are expected`,
      );
    sample.values.forEach((numbers, i) => {
      given.set(expected[i]!.name, { form: 'json', numbers });
    });
  }
  return given;
}

/** Arrays by name; `arr_0`, `arr_1`, ... (NumPy's names for arrays saved without one) stand for the order. */
function archiveSet(arrays: ReadonlyMap<string, NumpyArray>, expected: readonly ExpectedTensor[]): TensorSet {
  const unnamed =
    expected.length === arrays.size && expected.every((e, i) => arrays.has(`arr_${i}`) && !arrays.has(e.name));
  const given = new Map<string, GivenTensor>();
  for (const [name, { dtype, tensor }] of arrays) {
    const target = unnamed ? expected[Number(name.slice('arr_'.length))]!.name : name;
    given.set(target, { form: 'array', dtype, tensor });
  }
  return given;
}

function readFolder(
  path: string,
  expected: readonly ExpectedTensor[],
  role: Role,
  stacked: boolean,
): readonly TensorSet[] {
  if (!stacked || userPathKind(join(path, `${role}_0.pb`)) === 'file') return [readTestSet(path, expected, role)];
  const sets = listUserFolder(path)
    .map((name) => /^test_data_set_([0-9]{1,9})$/.exec(name))
    .filter((match) => match !== null)
    .sort((a, b) => Number(a[1]) - Number(b[1]));
  if (sets.length === 0)
    throw new Diagnostic(
      'bad-input',
      `the folder holds neither ${role}_0.pb nor folders test_data_set_0, test_data_set_1, ...`,
    );
  return sets.map(([name]) => inFile(join(path, name), () => readTestSet(join(path, name), expected, role)));
}

/** `input_0.pb`, `input_1.pb`, ...: tensors with a name are matched by it, the others by their place. */
function readTestSet(path: string, expected: readonly ExpectedTensor[], role: Role): TensorSet {
  const given = new Map<string, GivenTensor>();
  expected.forEach((e, i) => {
    const file = join(path, `${role}_${i}.pb`);
    const bytes = Math.max(...expected.map((each) => 16 * elementLimit(each, false))) + 2 ** 20;
    const [name, tensor] = inFile(file, () => protoEntry(file, bytes, e.name, expected));
    if (given.has(name)) throw new Diagnostic('bad-input', `${quote(name)} is given twice`, { file, field: name });
    given.set(name, tensor);
  });
  if (userPathKind(join(path, `${role}_${expected.length}.pb`)) !== 'missing')
    throw new Diagnostic('bad-input', `the folder holds more than the ${expected.length} expected ${role} files`, {
      file: path,
    });
  return given;
}

function protoEntry(
  path: string,
  maxBytes: number,
  place: string,
  expected: readonly ExpectedTensor[],
): readonly [string, GivenTensor] {
  const { name, dtype, tensor } = readTensorProto(readUserFile(path, maxBytes), path);
  if (name !== '' && !expected.some((e) => e.name === name)) throw unknownTensor(name, expected);
  return [name === '' ? place : name, { form: 'proto', dtype, tensor }];
}

function inFile<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof Diagnostic ? error.at({ file }) : error;
  }
}
