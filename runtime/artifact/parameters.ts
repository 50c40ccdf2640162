// Weights that are ports of the circuit (`prover/parameters.json`): their integers, and what hides their commitments. Secret.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { SCALAR_FIELD } from '../../compiler/ir/iden3/index.ts';
import { ARTIFACT_VERSION } from './description.ts';

/** One parameter port. */
export interface Parameter {
  readonly name: string;
  /** Integers, row-major. */
  readonly values: ArrayLike<number>;
  /** Blinding element of a committed port: the same in every proof, because every proof shows the same commitment. */
  readonly blinding?: bigint;
}

/** Largest file that is read (bytes). */
export const MAX_PARAMETER_BYTES = 2 ** 28;

export function encodeParameters(parameters: readonly Parameter[]): Uint8Array {
  const list = parameters.map(({ name, values, blinding }) => ({
    name,
    values: Array.from(values),
    ...(blinding !== undefined && { blinding: blinding.toString() }),
  }));
  return Buffer.from(
    `${JSON.stringify({ format: 'zkmlc/parameters', version: ARTIFACT_VERSION, parameters: list })}\n`,
    'utf8',
  );
}

/** @throws Diagnostic `bad-artifact`, or `wrong-version` with the command that rebuilds the file. */
export function decodeParameters(bytes: Uint8Array, file: string): readonly Parameter[] {
  const bad = (what: string): Diagnostic =>
    new Diagnostic('bad-artifact', `${what}: compile the model again`, { file });
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    throw bad('the file of parameters is not JSON');
  }
  const top = fields(json);
  if (top.get('format') !== 'zkmlc/parameters') throw bad('this is no file of parameters');
  if (top.get('version') !== ARTIFACT_VERSION)
    throw new Diagnostic('wrong-version', 'the parameters have another format version: run zkmlc compile again', {
      file,
    });
  const list: unknown = top.get('parameters');
  if (!Array.isArray(list)) throw bad('there is no list of parameters');
  return list.map((entry: unknown): Parameter => {
    const parameter = fields(entry);
    const [name, values, blinding] = ['name', 'values', 'blinding'].map((key) => parameter.get(key));
    if (typeof name !== 'string' || !Array.isArray(values) || !values.every(Number.isSafeInteger))
      throw bad('a parameter has no name or no whole numbers');
    if (blinding === undefined) return { name, values };
    if (typeof blinding !== 'string' || !/^\d{1,78}$/.test(blinding) || BigInt(blinding) >= SCALAR_FIELD)
      throw bad('a blinding element is not a field element');
    return { name, values, blinding: BigInt(blinding) };
  });
}

function fields(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(typeof value === 'object' && value !== null ? value : {}));
}
