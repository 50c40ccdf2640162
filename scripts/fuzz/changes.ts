// Random changes of native proofs, of their statements and of proof files, each with a name for reports.
import { Buffer } from 'node:buffer';
import { P } from '../../compiler/ir/koalabear.ts';
import { decodeProofFile, encodeProofFile } from '../../runtime/index.ts';
import type { RunStatement } from '../../runtime/provers/plonk/index.ts';
import type { Random } from '../../test/kits/random.ts';
import { isWords, type ProofField } from '../../test/plonk/proof-fields.ts';

/** Something changed, and how. */
export interface Changed<T> {
  readonly what: string;
  readonly value: T;
}

/** A proof, and what may be mixed into it. */
export interface Donors {
  readonly proof: Uint8Array;
  /** Where its fields stand; none are known of a file. */
  readonly fields: readonly ProofField[];
  /** Proofs of other inputs, other circuits and other files. */
  readonly others: readonly Uint8Array[];
}

/** Words that decoders get wrong: ends of the field, of signed and of unsigned words. */
const SPECIAL_WORDS = [0, 1, P - 1, P, P + 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1] as const;

/** One to three changes, one after the other. */
export function changedProof(donors: Donors, random: Random): Changed<Uint8Array> {
  const whats: string[] = [];
  let proof = donors.proof;
  for (let n = 1 + (random.below(4) === 0 ? random.below(3) : 0); n > 0; n--) {
    const { what, value } = random.pick(PROOF_CHANGES)({ ...donors, proof }, random);
    proof = value;
    whats.push(what);
  }
  return { what: whats.join(', then '), value: proof };
}

type ProofChange = (donors: Donors, random: Random) => Changed<Uint8Array>;

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
const randomBytes = (n: number, random: Random): Uint8Array => Uint8Array.from({ length: n }, () => random.below(256));

/** A place of at least so many bytes in a proof that may be shorter. */
const placeIn = (proof: Uint8Array, random: Random): number => random.below(Math.max(1, proof.length));

function withWord(proof: Uint8Array, at: number, change: (word: number) => number): Uint8Array {
  if (at + 4 > proof.length) return proof;
  const changed = proof.slice();
  const view = new DataView(changed.buffer);
  view.setUint32(at, change(view.getUint32(at, true)) >>> 0, true);
  return changed;
}

/** Fields most of all: what is left of a proof after them is checked by what they say. */
const PROOF_CHANGES: readonly ProofChange[] = [
  fieldWord,
  fieldWord,
  fieldWord,
  fieldFilled,
  fieldsExchanged,
  (donors, random) => {
    const bit = random.below(8 * donors.proof.length || 1);
    const value = donors.proof.slice();
    if (value.length > 0) value[bit >> 3]! ^= 1 << (bit & 7);
    return { what: `bit ${bit} flipped`, value };
  },
  ({ proof }, random) => {
    const [at, n] = [placeIn(proof, random), 1 + random.below(64)];
    const value = proof.slice();
    value.set(randomBytes(n, random).subarray(0, proof.length - at), at);
    return { what: `${n} random bytes at ${at}`, value };
  },
  ({ proof }, random) => {
    const end = random.below(4) === 0 ? Math.max(0, proof.length - 1 - random.below(40)) : placeIn(proof, random);
    return { what: `cut to ${end} bytes`, value: proof.subarray(0, end) };
  },
  ({ proof }, random) => {
    const more = random.pick([Uint8Array.of(0), new Uint8Array(32), randomBytes(1 + random.below(100), random), proof]);
    return { what: `${more.length} bytes more`, value: joined(proof, more) };
  },
  ({ proof }, random) => {
    const [at, n] = [placeIn(proof, random), 4 * (1 + random.below(8))];
    return random.below(2) === 0
      ? { what: `${n} bytes left out at ${at}`, value: joined(proof.subarray(0, at), proof.subarray(at + n)) }
      : {
          what: `${n} bytes put in at ${at}`,
          value: joined(proof.subarray(0, at), proof.subarray(at, at + n), proof.subarray(at)),
        };
  },
  ({ proof, fields, others }, random) => {
    if (others.length === 0) return { what: 'nothing', value: proof };
    const [i, at] = [random.below(others.length), fieldOrWord(proof, fields, random)];
    return { what: `spliced with proof ${i} at ${at}`, value: joined(proof.subarray(0, at), others[i]!.subarray(at)) };
  },
  ({ proof, others }, random) => {
    const i = random.below(others.length || 1);
    return { what: `proof ${i} in its place`, value: others[i] ?? proof };
  },
];

const fieldOrWord = (proof: Uint8Array, fields: readonly ProofField[], random: Random): number =>
  fields.length > 0 ? random.pick(fields).at : 4 * random.below(Math.floor(proof.length / 4) + 1);

/** A word of a field: another value, a special one, or the same residue in another word. */
function fieldWord({ proof, fields }: Donors, random: Random): Changed<Uint8Array> {
  const field = fields.length > 0 ? random.pick(fields) : undefined;
  const at = field === undefined ? fieldOrWord(proof, fields, random) : field.at + 4 * random.below(field.length / 4);
  const [kind, change] = random.pick([
    ['random', () => random.below(P)],
    ['moved by one', (x: number) => (x + (random.below(2) === 0 ? 1 : P - 1)) % P],
    ['special', () => random.pick(SPECIAL_WORDS)],
    ['plus the modulus', (x: number) => x + P],
    ['negated', (x: number) => (P - x) % P],
  ] as const);
  return { what: `${field?.label ?? 'word'} at ${at}: ${kind}`, value: withWord(proof, at, change) };
}

/** A whole field at once. */
function fieldFilled({ proof, fields }: Donors, random: Random): Changed<Uint8Array> {
  if (fields.length === 0) return fieldWord({ proof, fields, others: [] }, random);
  const field = random.pick(fields);
  const value = proof.slice();
  const special = random.pick(SPECIAL_WORDS);
  const content = isWords(field)
    ? new Uint8Array(Uint32Array.from({ length: field.length / 4 }, () => special).buffer)
    : randomBytes(field.length, random);
  value.set(content.subarray(0, Math.max(0, value.length - field.at)), Math.min(field.at, value.length));
  return { what: `${field.label} at ${field.at}: filled`, value };
}

/** Two fields of one kind and length in each other's place. */
function fieldsExchanged({ proof, fields }: Donors, random: Random): Changed<Uint8Array> {
  if (fields.length === 0) return fieldWord({ proof, fields, others: [] }, random);
  const a = random.pick(fields);
  const b = random.pick(fields.filter((f) => f.kind === a.kind && f.length === a.length));
  if (Math.max(a.at, b.at) + a.length > proof.length) return { what: 'nothing', value: proof };
  const value = proof.slice();
  value.set(proof.subarray(b.at, b.at + b.length), a.at);
  value.set(proof.subarray(a.at, a.at + a.length), b.at);
  return { what: `${a.label} at ${a.at} and ${b.label} at ${b.at} exchanged`, value };
}

/** One number changed, or the form of the statement; `other` is a statement of the same circuit. */
export function changedStatement(s: RunStatement, other: RunStatement, random: Random): Changed<RunStatement> {
  const role = random.below(3) === 0 ? 'inputs' : 'outputs';
  const tensors = s[role].map((x) => Array.from(x));
  const put = (what: string, changed: readonly (readonly number[])[]): Changed<RunStatement> => ({
    what: `${role}: ${what}`,
    value: { ...s, [role]: changed },
  });
  if (tensors.length === 0) return put('a tensor more', [[0]]);
  const t = random.below(tensors.length);
  const tensor = tensors[t]!;
  const e = random.below(tensor.length || 1);
  switch (random.below(8)) {
    case 0:
      return { what: 'the statement of another run', value: other };
    case 1:
      return put('a tensor less', tensors.slice(1));
    case 2:
      return put('a tensor more', [...tensors, [0]]);
    case 3:
      return put('an element more', tensors.with(t, [...tensor, 0]));
    default: {
      if (tensor.length === 0) return put('a tensor more', [...tensors, []]);
      const x = tensor[e]!;
      const y = random.pick([
        x + 1,
        x - 1,
        -x,
        x + P,
        x - P,
        x + 2 ** 32,
        x + 0.5,
        Number.NaN,
        Infinity,
        2 ** 53,
        1e300,
      ]);
      return put(`${t}[${e}] is ${y}`, tensors.with(t, tensor.with(e, y)));
    }
  }
}

/** True if both say the same integers. */
export function sameStatement(a: RunStatement, b: RunStatement): boolean {
  const same = (xs: readonly ArrayLike<number>[], ys: readonly ArrayLike<number>[]): boolean =>
    xs.length === ys.length &&
    xs.every((x, i) => x.length === ys[i]!.length && Array.from(x).every((value, e) => value === ys[i]![e]));
  return same(a.inputs, b.inputs) && same(a.outputs, b.outputs);
}

/** A proof file with another header: root, signals, their number, the length that it claims, or the text itself. */
export function changedHeader(bytes: Uint8Array, random: Random): Changed<Uint8Array> {
  const file = decodeProofFile(bytes);
  const { signals, root } = file;
  const i = random.below(signals.length);
  const at = (signal: bigint): Uint8Array => encodeProofFile({ ...file, signals: signals.with(i, signal) });
  const head = Buffer.from(bytes);
  const length = head.readUInt32LE(8);
  switch (random.below(7)) {
    case 0:
      return { what: `signal ${i} one more`, value: at(signals[i]! + 1n) };
    case 1: {
      const by = random.pick([BigInt(P), 2n ** 32n, 2n ** 64n, 2n ** 200n]);
      return { what: `signal ${i} plus ${by}`, value: at(signals[i]! + by) };
    }
    case 2:
      return { what: 'a signal less', value: encodeProofFile({ ...file, signals: signals.toSpliced(i, 1) }) };
    case 3:
      return {
        what: 'a signal twice',
        value: encodeProofFile({ ...file, signals: signals.toSpliced(i, 0, signals[i]!) }),
      };
    case 4: {
      const digit = random.below(root.length);
      const other = ((Number.parseInt(root[digit]!, 16) + 1) % 16).toString(16);
      return {
        what: `digit ${digit} of the root`,
        value: encodeProofFile({ ...file, root: root.slice(0, digit) + other + root.slice(digit + 1) }),
      };
    }
    case 5: {
      const claimed = random.pick([0, length - 1, length + 1, bytes.length, 2 ** 31, 2 ** 32 - 1]);
      head.writeUInt32LE(claimed, 8);
      return { what: `a header of ${claimed} bytes`, value: Uint8Array.from(head) };
    }
    default: {
      const byte = 12 + random.below(length);
      const character = random.pick([...' "[]{},0123456789abf\\-.e\n\0\u00ff']);
      head.writeUInt8(character.charCodeAt(0), byte);
      return { what: `byte ${byte} of the header is ${JSON.stringify(character)}`, value: Uint8Array.from(head) };
    }
  }
}
