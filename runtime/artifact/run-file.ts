// The file of a sliced run, `run.zkp`: magic, statement as JSON, proofs of slices. One byte string per run.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { digest } from '../../compiler/ir/digest.ts';

/** First bytes of a run; the last digit is its format version. */
const MAGIC = 'ZKMLRUN1';
const HEAD_BYTES = MAGIC.length + 4;
const PROOF_HEAD_BYTES = 8;

/** What a run says about one tensor: its integers, the commitment to them, or nothing. */
export type TensorStatement =
  | { readonly kind: 'integers'; readonly integers: readonly number[] }
  | { readonly kind: 'commitment'; readonly commitment: bigint }
  | { readonly kind: 'private' };

/** What a run states. */
export interface RunStatement {
  /** Model root of the sliced model, 64 hex digits. */
  readonly root: string;
  /** In the order of the tensors in `run.json`. */
  readonly tensors: readonly TensorStatement[];
}

/** A run: its statement, and a proof for each slice that has been proved. */
export interface RunFile {
  readonly statement: RunStatement;
  /** Encoded proofs by slice, ascending. */
  readonly proofs: ReadonlyMap<number, Uint8Array>;
}

/** True if a file begins as a run does, of any version. */
export function isRunFile(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MAGIC.length - 1)).toString('latin1') === MAGIC.slice(0, -1);
}

/** The statement as the bytes that are written and hashed. */
export function encodeRunStatement({ root, tensors }: RunStatement): Uint8Array {
  const shown = tensors.map((t) => {
    if (t.kind === 'private') return null;
    return t.kind === 'integers' ? { integers: t.integers } : { commitment: t.commitment.toString() };
  });
  return Buffer.from(JSON.stringify({ root, tensors: shown }), 'utf8');
}

/** What audits are drawn for: everything that a prover was committed to before the draw. */
export function commitmentsDigest(statement: RunStatement): string {
  return digest('zkmlc/run-commitments', encodeRunStatement(statement));
}

/** The bytes of a run. */
export function encodeRunFile({ statement, proofs }: RunFile): Uint8Array {
  const text = encodeRunStatement(statement);
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(text.length, MAGIC.length);
  const parts: Uint8Array[] = [head, text];
  for (const [slice, proof] of [...proofs].sort(([a], [b]) => a - b)) {
    const of = Buffer.alloc(PROOF_HEAD_BYTES);
    of.writeUInt32LE(slice, 0);
    of.writeUInt32LE(proof.length, 4);
    parts.push(of, proof);
  }
  return Buffer.concat(parts);
}

/** @throws Diagnostic `bad-run-file` with the byte where the file stops making sense, `wrong-version`. */
export function decodeRunFile(bytes: Uint8Array): RunFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fail = (what: string, byte: number): Diagnostic => new Diagnostic('bad-run-file', what, { byte });
  const magic = buffer.toString('latin1', 0, MAGIC.length);
  if (magic !== MAGIC)
    throw magic.length === MAGIC.length && isRunFile(bytes)
      ? new Diagnostic(
          'wrong-version',
          'the run has another format version than this zkmlc reads: run zkmlc prove again',
        )
      : fail('not a run of zkmlc', 0);
  if (buffer.length < HEAD_BYTES) throw fail('the file ends inside its header', buffer.length);
  const length = buffer.readUInt32LE(MAGIC.length);
  if (length > buffer.length - HEAD_BYTES)
    throw fail(`the statement claims ${length} bytes, more than the file has`, MAGIC.length);
  const text = buffer.subarray(HEAD_BYTES, HEAD_BYTES + length);
  const statement = decodeStatement(text, (what) => fail(what, HEAD_BYTES));
  if (Buffer.compare(Buffer.from(encodeRunStatement(statement)), text) !== 0)
    throw fail('the statement is not in canonical form', HEAD_BYTES);
  const proofs = new Map<number, Uint8Array>();
  let last = -1;
  for (let at = HEAD_BYTES + length; at < buffer.length; ) {
    if (buffer.length - at < PROOF_HEAD_BYTES) throw fail('the file ends inside the head of a proof', at);
    const [slice, size] = [buffer.readUInt32LE(at), buffer.readUInt32LE(at + 4)];
    if (slice === last) throw fail(`there are two proofs of slice ${slice}`, at);
    if (slice < last) throw fail(`the proof of slice ${slice} comes after that of slice ${last}: out of order`, at);
    at += PROOF_HEAD_BYTES;
    if (size > buffer.length - at) throw fail(`a proof claims ${size} bytes, more than the file has`, at - 4);
    // A copy that begins where a word may begin: decoders of proofs read words.
    proofs.set(slice, Uint8Array.from(buffer.subarray(at, at + size)));
    last = slice;
    at += size;
  }
  return { statement, proofs };
}

function decodeStatement(text: Uint8Array, fail: (what: string) => Diagnostic): RunStatement {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    throw fail('the statement is not valid JSON');
  }
  const fields = new Map(Object.entries(typeof json === 'object' && json !== null ? json : {}));
  const [root, tensors] = [fields.get('root'), fields.get('tensors')];
  if (typeof root !== 'string' || !/^[0-9a-f]{64}$/.test(root)) throw fail('the statement has no model root');
  if (!Array.isArray(tensors)) throw fail('the statement has no list of tensors');
  return { root, tensors: tensors.map((t) => decodeTensor(t, fail)) };
}

function decodeTensor(value: unknown, fail: (what: string) => Diagnostic): TensorStatement {
  if (value === null) return { kind: 'private' };
  const fields = new Map(Object.entries(typeof value === 'object' ? value : {}));
  const [integers, commitment] = [fields.get('integers'), fields.get('commitment')];
  if (Array.isArray(integers) && integers.every((n): n is number => Number.isSafeInteger(n)))
    return { kind: 'integers', integers };
  if (typeof commitment === 'string' && /^(0|[1-9]\d{0,77})$/.test(commitment))
    return { kind: 'commitment', commitment: BigInt(commitment) };
  throw fail('a tensor of the statement is neither integers nor a commitment nor null');
}
