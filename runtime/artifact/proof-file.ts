// The proof file `proof.zkp`: magic, statement as JSON, proof. One byte string per proof: any other encoding is refused.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';

/** First bytes of a proof file; the last digit is its format version. */
const MAGIC = 'ZKMLPRF1';
const HEAD_BYTES = MAGIC.length + 4;

/** A proof with the public signals it is for and the root of the model it claims to be of. */
export interface ProofFile {
  /** Model root, 64 hex digits. */
  readonly root: string;
  /** Public signals in order, field elements. */
  readonly signals: readonly bigint[];
  /** Encoded proof (bytes). */
  readonly proof: Uint8Array;
}

/** The bytes of a proof file. */
export function encodeProofFile({ root, signals, proof }: ProofFile): Uint8Array {
  const statement = Buffer.from(JSON.stringify({ root, signals: signals.map(String) }), 'utf8');
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(statement.length, MAGIC.length);
  return Buffer.concat([head, statement, proof]);
}

/** @throws Diagnostic `bad-proof-file` with the byte where the file stops making sense. */
export function decodeProofFile(bytes: Uint8Array): ProofFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (what: string, byte: number): Diagnostic => new Diagnostic('bad-proof-file', what, { byte });
  const magic = buffer.toString('latin1', 0, MAGIC.length);
  if (magic !== MAGIC)
    throw magic.startsWith('ZKMLPRF')
      ? new Diagnostic(
          'wrong-version',
          'the proof has another format version than this zkmlc reads: run zkmlc prove again',
        )
      : fail('not a proof file of zkmlc', 0);
  if (buffer.length < HEAD_BYTES) throw fail('the file ends inside its header', buffer.length);
  const length = buffer.readUInt32LE(MAGIC.length);
  if (length > buffer.length - HEAD_BYTES)
    throw fail(`the statement claims ${length} bytes, more than the file has`, MAGIC.length);
  let json: unknown;
  try {
    json = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(HEAD_BYTES, HEAD_BYTES + length)),
    );
  } catch {
    throw fail('the statement is not valid JSON', HEAD_BYTES);
  }
  const fields = new Map(Object.entries(typeof json === 'object' && json !== null ? json : {}));
  const [root, signals] = [fields.get('root'), fields.get('signals')];
  if (typeof root !== 'string' || !/^[0-9a-f]{64}$/.test(root))
    throw fail('the statement has no model root', HEAD_BYTES);
  if (!Array.isArray(signals) || !signals.every((s) => typeof s === 'string' && /^(0|[1-9]\d{0,77})$/.test(s)))
    throw fail('the statement has no list of public signals', HEAD_BYTES);
  const file = { root, signals: signals.map(BigInt), proof: Uint8Array.from(buffer.subarray(HEAD_BYTES + length)) };
  if (Buffer.compare(Buffer.from(encodeProofFile(file)), buffer) !== 0)
    throw fail('the statement is not in canonical form', HEAD_BYTES);
  return file;
}
