// Where the fields of a proof stand: every element, opened row, hash and nonce, as its verifier reads them.
import { HASH_BYTES } from '../../runtime/provers/plonk/merkle.ts';
import { PROTOCOL } from '../../runtime/provers/plonk/protocol.ts';
import { type ProverChannel, proverChannel } from '../../runtime/provers/plonk/transcript.ts';

/** Counts are the key's and positions are drawn: a proof has none of them. */
export interface ProofField {
  readonly label: string;
  /** An element of K and an opened row are words; a hash and a nonce are bytes. */
  readonly kind: 'element' | 'row' | 'hash' | 'nonce';
  /** Its first byte in the proof, and its bytes. */
  readonly at: number;
  readonly length: number;
}

/** Bytes of an element of K and of a nonce. */
const ELEMENT_BYTES = 16;
const NONCE_BYTES = 8;

/** A channel for an honest proof, which notes where its fields stand. */
export function notingChannel(): ProverChannel & { readonly fields: readonly ProofField[] } {
  const inner = proverChannel(PROTOCOL);
  const fields: ProofField[] = [];
  let end = 0;
  let opened = 0;
  const note = (label: string, kind: ProofField['kind'], bytes: number, each: number): void => {
    for (let at = end; at < end + bytes; at += each) fields.push({ label, kind, at, length: each });
    end += bytes;
  };
  return {
    ...inner,
    fields,
    positions(label, domain, count) {
      opened = count;
      return inner.positions(label, domain, count);
    },
    send(label, values) {
      note(label, 'element', ELEMENT_BYTES * values.length, ELEMENT_BYTES);
      inner.send(label, values);
    },
    sendWords(label, words) {
      if (label.endsWith('.rows')) note(label, 'row', words.byteLength, words.byteLength / opened);
      else note(label, 'element', words.byteLength, ELEMENT_BYTES);
      inner.sendWords(label, words);
    },
    sendHashes(label, hashes) {
      note(label, 'hash', hashes.length, HASH_BYTES);
      inner.sendHashes(label, hashes);
    },
    pow(label, bits) {
      note(label, 'nonce', NONCE_BYTES, NONCE_BYTES);
      inner.pow(label, bits);
    },
  };
}

/** True if the field is words of the base field. */
export const isWords = ({ kind }: ProofField): boolean => kind === 'element' || kind === 'row';
