// Which input signals of a Circom circuit take which ports: written beside the circuit, read by the prover.
import { Diagnostic } from '../diagnostics.ts';

/** A signal that the witness calculator must be given. */
export interface CircomInput {
  /** Name of the port. */
  readonly port: string;
  /** The port's elements, or the blinding element of its commitment. */
  readonly kind: 'elements' | 'blinding';
  /** Name of the signal in the main template. */
  readonly signal: string;
  /** Number of elements, row-major. */
  readonly count: number;
}

const FORMAT = 'zkmlc-circom-inputs';
export const CIRCOM_INPUTS_VERSION = 1;

/** JSON text. */
export function encodeCircomInputs(inputs: readonly CircomInput[]): string {
  return `${JSON.stringify({ format: FORMAT, version: CIRCOM_INPUTS_VERSION, inputs }, null, 2)}\n`;
}

/** @throws Diagnostic `bad-circom-inputs` if the text is not what {@link encodeCircomInputs} writes. */
export function decodeCircomInputs(text: string, file: string): readonly CircomInput[] {
  const refuse = (message: string): Diagnostic => new Diagnostic('bad-circom-inputs', message, { file });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw refuse(`the file is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const field = (of: unknown, name: string): unknown =>
    typeof of === 'object' && of !== null && Object.hasOwn(of, name) ? Reflect.get(of, name) : undefined;
  if (field(parsed, 'format') !== FORMAT) throw refuse(`the file does not say that its format is ${FORMAT}`);
  const version = field(parsed, 'version');
  if (version !== CIRCOM_INPUTS_VERSION)
    throw refuse(`format version ${String(version)} is not the supported ${CIRCOM_INPUTS_VERSION}: compile again`);
  const list = field(parsed, 'inputs');
  if (!Array.isArray(list)) throw refuse('the list of inputs is missing');
  return list.map((item: unknown, k): CircomInput => {
    const [port, kind, signal, count] = ['port', 'kind', 'signal', 'count'].map((name) => field(item, name));
    if (
      typeof port !== 'string' ||
      typeof signal !== 'string' ||
      (kind !== 'elements' && kind !== 'blinding') ||
      typeof count !== 'number' ||
      !Number.isSafeInteger(count) ||
      count < 0
    )
      throw refuse(`input ${k} does not have a port, a kind, a signal and a count`);
    return { port, kind, signal, count };
  });
}

/**
 * Values by signal, for the witness calculator.
 * @param elements integers by port, row-major
 * @param blindings blinding elements by committed port
 * @throws Diagnostic `missing-input` or `bad-shape` naming the port.
 */
export function circomSignals(
  inputs: readonly CircomInput[],
  elements: ReadonlyMap<string, ArrayLike<number | bigint>>,
  blindings: ReadonlyMap<string, bigint> = new Map(),
): ReadonlyMap<string, readonly (number | bigint)[]> {
  const signals = new Map<string, readonly (number | bigint)[]>();
  for (const { port, kind, signal, count } of inputs) {
    const blinding = blindings.get(port);
    const values = kind === 'elements' ? elements.get(port) : blinding === undefined ? undefined : [blinding];
    if (values === undefined)
      throw new Diagnostic(
        'missing-input',
        `port ${port} has no ${kind === 'elements' ? 'value' : 'blinding element'}`,
        {
          field: port,
        },
      );
    if (values.length !== count)
      throw new Diagnostic('bad-shape', `port ${port} has ${count} elements, got ${values.length}`, { field: port });
    signals.set(signal, Array.from(values));
  }
  return signals;
}
