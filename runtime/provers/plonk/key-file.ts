// The verification key as bytes: circuit, parameters, root and registration proof of the weights.
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import { HASH_BYTES } from './merkle.ts';
import type { Queried } from './opening-rounds.ts';
import type { ProofParameters } from './parameters.ts';

/** First bytes of a key; the last digit is its version. */
const MAGIC = 'ZKMLPLK2';
const HEAD_BYTES = MAGIC.length + 4;

/** What a key holds. Everything else follows from it. */
export interface KeyFile {
  /** A serialized circuit for KoalaBear; weights are parameter ports. */
  readonly circuit: Uint8Array;
  readonly parameters: ProofParameters;
  /** Absent if the circuit has no weights. */
  readonly weights?: RegisteredWeights | undefined;
}

/** Weights, committed once, with a proof that they lie in their intervals. */
export interface RegisteredWeights {
  readonly root: Uint8Array;
  readonly parameters: ProofParameters;
  readonly proof: Uint8Array;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Parameters with a fixed order of keys. */
function parametersJson({ opening: { code, tail, powBits }, chainSteps }: ProofParameters): unknown {
  const queried = ({ logMessage, logCode, queries }: Queried): readonly number[] => [logMessage, logCode, queries];
  return { code: queried(code), tail: tail === undefined ? null : queried(tail), powBits, chainSteps };
}

/** One text per choice of parameters. */
export function parametersText(p: ProofParameters): string {
  return JSON.stringify(parametersJson(p));
}

/** One byte string per key. */
export function encodeKeyFile({ circuit, parameters, weights }: KeyFile): Uint8Array {
  const json = {
    circuitBytes: circuit.length,
    parameters: parametersJson(parameters),
    weights:
      weights === undefined
        ? null
        : {
            root: hex(weights.root),
            parameters: parametersJson(weights.parameters),
            proofBytes: weights.proof.length,
          },
  };
  const text = Buffer.from(JSON.stringify(json), 'utf8');
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(text.length, MAGIC.length);
  return Buffer.concat([head, text, circuit, weights?.proof ?? new Uint8Array(0)]);
}

/** True if the bytes begin as a key of this prover, of any version. */
export function isKeyFile(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 7)).toString('latin1') === MAGIC.slice(0, 7);
}

/** @throws Diagnostic `bad-verification-key` unless the bytes are those that encoding gives back, `wrong-version`. */
export function decodeKeyFile(bytes: Uint8Array): KeyFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw isKeyFile(bytes)
      ? new Diagnostic('wrong-version', 'the key has another version than this zkmlc reads: run zkmlc compile again')
      : bad('not a key of this prover');
  if (buffer.length < HEAD_BYTES) throw bad('it ends inside its header');
  const length = buffer.readUInt32LE(MAGIC.length);
  if (length > buffer.length - HEAD_BYTES) throw bad('its header claims more bytes than it has');
  let json: unknown;
  try {
    json = JSON.parse(buffer.toString('utf8', HEAD_BYTES, HEAD_BYTES + length));
  } catch {
    throw bad('its header is not JSON');
  }
  const top = record(json);
  const rest = Uint8Array.from(buffer.subarray(HEAD_BYTES + length));
  const circuitBytes = whole(top.get('circuitBytes'));
  if (circuitBytes > rest.length) throw bad('its circuit ends early');
  const weights = top.get('weights');
  const file: KeyFile = {
    circuit: rest.slice(0, circuitBytes),
    parameters: parameters(top.get('parameters')),
    ...(weights !== null && { weights: registered(record(weights), rest.slice(circuitBytes)) }),
  };
  // Nothing may be written in two ways, and nothing may follow.
  if (!buffer.equals(encodeKeyFile(file))) throw bad('it is not in canonical form');
  return file;
}

const bad = (what: string): Diagnostic => new Diagnostic('bad-verification-key', `verification key: ${what}`);

function record(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad('expected an object');
  return new Map(Object.entries(value));
}

function whole(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 2 ** 31 - 1)
    throw bad('expected a whole number');
  return value;
}

function queried(value: unknown): Queried {
  if (!Array.isArray(value) || value.length !== 3) throw bad('expected the three numbers of a code');
  const [logMessage, logCode, queries] = value.map(whole);
  return { logMessage: logMessage!, logCode: logCode!, queries: queries! };
}

function parameters(value: unknown): ProofParameters {
  const fields = record(value);
  const tail = fields.get('tail');
  return {
    opening: {
      code: queried(fields.get('code')),
      ...(tail !== null && { tail: queried(tail) }),
      powBits: whole(fields.get('powBits')),
    },
    chainSteps: whole(fields.get('chainSteps')),
  };
}

function registered(fields: ReadonlyMap<string, unknown>, proof: Uint8Array): RegisteredWeights {
  const root = fields.get('root');
  if (typeof root !== 'string' || !/^[0-9a-f]+$/.test(root) || root.length !== 2 * HASH_BYTES)
    throw bad('root of the weights');
  return { root: Uint8Array.from(Buffer.from(root, 'hex')), parameters: parameters(fields.get('parameters')), proof };
}
