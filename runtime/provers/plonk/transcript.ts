// Fiat-Shamir transcript: what both sides absorb and draw, the prover's channel that writes a proof, the verifier's that reads it.
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import { CHUNK_BYTES, hashChunk, hashWords } from './blake3.ts';
import { EXT, type Ext, P } from './field.ts';
import { HASH_BYTES } from './merkle.ts';
import { findNonce, proofOfWork } from './proof-of-work.ts';
import { bytesOfWords, wordsOfBytes } from './words.ts';

/** Bytes of a proof of work's nonce. */
const NONCE_BYTES = 8;

/**
 * What prover and verifier do alike, in the same order. Every step changes the state by a hash over its kind, its label
 * and the length of its data, so that no two different sequences of steps share a state.
 */
export interface Transcript {
  /** Bytes that both sides know: keys and the statement. */
  absorb(label: string, bytes: Uint8Array): void;
  /**
   * A chain of hashes, one after the other, over the state: after the last commitment and before the first challenge, so
   * that no circuit of less depth can compute its own challenges (Khovratovich, Rothblum, Soukhanov 2025).
   */
  chain(steps: number): void;
  /** A uniform element of K. @throws Error before `chain`: no challenge may be drawn before the commitments are made. */
  challenge(label: string): Ext;
  challenges(label: string, count: number): Ext[];
  /** Proof of work of so many bits over everything before it: the prover finds a nonce, the verifier checks it. */
  pow(label: string, bits: number): void;
  /**
   * `count` distinct numbers below `domain` (a power of two), ascending.
   *
   * @throws Error unless it follows a `pow`: positions that can be drawn for free can be ground.
   */
  positions(label: string, domain: number, count: number): number[];
}

/** The prover's side: everything sent is absorbed and becomes part of the proof. */
export interface ProverChannel extends Transcript {
  send(label: string, values: readonly Ext[]): void;
  /** Canonical words of the base field. */
  sendWords(label: string, words: Uint32Array): void;
  /** One or more hashes, 32 bytes each. */
  sendHashes(label: string, hashes: Uint8Array): void;
  /** The proof: everything sent, without lengths or labels. */
  proof(): Uint8Array;
}

/**
 * The verifier's side: the only way to a proof's values, each absorbed before it is handed out. Lengths come from the
 * verification key, never from the proof. @throws Diagnostic `proof-refused` where the proof ends early or a word is not
 * canonical.
 */
export interface VerifierChannel extends Transcript {
  receive(label: string, count: number): Ext[];
  receiveWords(label: string, count: number): Uint32Array;
  receiveHashes(label: string, count: number): Uint8Array;
  /** @throws Diagnostic `proof-refused`, naming what fails, unless `holds`. */
  check(holds: boolean, what: string): void;
  /** @throws Diagnostic `proof-refused` unless all of the proof has been read. */
  end(): void;
}

/** Kinds of steps, bound in every hash. */
const KIND = { start: 1, absorb: 2, link: 3, chain: 4, draw: 5, block: 6 } as const;

const ENCODER = new TextEncoder();
/** Labels as bytes: a protocol has few, and uses them in every round. */
const LABELS = new Map<string, Uint8Array>();

function labelBytes(label: string): Uint8Array {
  const known = LABELS.get(label);
  if (known !== undefined) return known;
  const bytes = ENCODER.encode(label);
  LABELS.set(label, bytes);
  return bytes;
}

/** Short messages are put together here. */
const scratch = new Uint8Array(CHUNK_BYTES);
const scratchView = new DataView(scratch.buffer);
const digest = new Int32Array(HASH_BYTES / 4);

/** BLAKE3 over kind, state, label and data, each variable part behind its length: 8 words, valid until the next step. */
function stepWords(kind: number, state: Uint8Array, label: string, data: Uint8Array): Int32Array {
  const name = labelBytes(label);
  const length = 48 + name.length + data.length;
  const isShort = length <= CHUNK_BYTES;
  const message = isShort ? scratch : new Uint8Array(length);
  const view = isShort ? scratchView : new DataView(message.buffer);
  view.setUint32(0, kind, true);
  message.set(state, 4);
  view.setUint32(36, name.length, true);
  message.set(name, 40);
  view.setUint32(40 + name.length, data.length % 2 ** 32, true);
  view.setUint32(44 + name.length, Math.floor(data.length / 2 ** 32), true);
  message.set(data, 48 + name.length);
  if (!isShort) return hashWords(message);
  hashChunk(scratchView, length, digest);
  return digest;
}

/** The same as bytes. */
function step(kind: number, state: Uint8Array, label: string, data: Uint8Array): Uint8Array {
  const words = stepWords(kind, state, label, data);
  const out = new Uint8Array(HASH_BYTES);
  for (let i = 0; i < HASH_BYTES; i++) out[i] = words[i >> 2]! >>> (8 * (i & 3));
  return out;
}

const NOTHING = new Uint8Array(0);

/** The part that both sides share; `pow` is theirs. */
function transcript(protocol: string): Omit<Transcript, 'pow'> & { state(): Uint8Array; afterPow(): void } {
  let state = step(KIND.start, new Uint8Array(HASH_BYTES), protocol, NOTHING);
  let chained = false;
  let worked = false;

  // Of the draw at hand: draws follow each other, and each is over before the next begins.
  const words = new Int32Array(HASH_BYTES / 4);
  const data = new Uint8Array(4);
  const block = new DataView(data.buffer);
  let seed = state;
  let drawn = 0;

  function begin(label: string): void {
    state = step(KIND.draw, state, label, NOTHING);
    worked = false;
    seed = state;
    drawn = 0;
  }

  /** A uniform 31-bit number. */
  function next(): number {
    const at = drawn % words.length;
    if (at === 0) {
      block.setUint32(0, drawn / words.length, true);
      words.set(stepWords(KIND.block, seed, '', data));
    }
    drawn++;
    return words[at]! & 0x7fffffff;
  }

  /** Rejection: numbers of p and above would favour small residues. */
  function limb(): number {
    for (;;) {
      const word = next();
      if (word < P) return word;
    }
  }

  function challenges(label: string, count: number): Ext[] {
    if (!chained) throw new Error(`challenge ${label} is drawn before the commitments are closed by the hash chain`);
    begin(label);
    const out: Ext[] = [];
    for (let i = 0; i < count; i++) out.push([limb(), limb(), limb(), limb()]);
    return out;
  }

  return {
    state: () => state,
    afterPow: () => {
      worked = true;
    },
    absorb(label, bytes) {
      state = step(KIND.absorb, state, label, bytes);
      worked = false;
    },
    chain(steps) {
      let link = state;
      for (let i = 0; i < steps; i++) link = step(KIND.link, link, '', NOTHING);
      state = step(KIND.chain, state, 'chain', link);
      chained = true;
      worked = false;
    },
    challenge: (label) => challenges(label, 1)[0]!,
    challenges,
    positions(label, domain, count) {
      if (!worked) throw new Error(`positions ${label} are drawn without a proof of work before them`);
      if (count > domain || domain > 2 ** 31 || !Number.isInteger(Math.log2(domain)))
        throw new RangeError(`${count} distinct positions below ${domain}`);
      const found = new Set<number>();
      begin(label);
      while (found.size < count) found.add(next() % domain);
      return [...found].sort((a, b) => a - b);
    },
  };
}

/** Elements as words. */
function flat(values: readonly Ext[]): Uint32Array {
  const words = new Uint32Array(EXT * values.length);
  for (let i = 0; i < values.length; i++) for (let k = 0; k < EXT; k++) words[EXT * i + k] = values[i]![k]!;
  return words;
}

/** Finds a nonce below 2^53 whose {@link proofOfWork} with the seed has so many low zero bits. */
export type FindNonce = (seed: Uint8Array, bits: number) => number;

/** A new proof. `protocol` names the protocol and its version; `find` is the search for proofs of work. */
export function proverChannel(protocol: string, find: FindNonce = findNonce): ProverChannel {
  const shared = transcript(protocol);
  const parts: Uint8Array[] = [];
  function send(label: string, bytes: Uint8Array): void {
    parts.push(bytes.slice());
    shared.absorb(label, bytes);
  }
  return {
    ...shared,
    send: (label, values) => send(label, bytesOfWords(flat(values))),
    sendWords: (label, words) => send(label, bytesOfWords(words)),
    sendHashes: (label, hashes) => send(label, hashes),
    pow(label, bits) {
      shared.absorb(`${label}.bits`, Uint8Array.of(bits));
      const nonce = new Uint8Array(NONCE_BYTES);
      new DataView(nonce.buffer).setBigUint64(0, BigInt(find(shared.state(), bits)), true);
      send(label, nonce);
      shared.afterPow();
    },
    proof() {
      const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        out.set(part, at);
        at += part.length;
      }
      return out;
    },
  };
}

/** Reads a proof that is to be checked. */
export function verifierChannel(protocol: string, proof: Uint8Array): VerifierChannel {
  const shared = transcript(protocol);
  let at = 0;
  const refuse = (what: string, field: string, byte = at): Diagnostic =>
    new Diagnostic('proof-refused', `the proof is not valid: ${what}`, { field, byte });

  function take(label: string, length: number): Uint8Array {
    if (length > proof.length - at) throw refuse('it ends early', label);
    const bytes = proof.slice(at, at + length);
    at += length;
    shared.absorb(label, bytes);
    return bytes;
  }

  function receiveWords(label: string, count: number): Uint32Array {
    const start = at;
    const words = wordsOfBytes(take(label, 4 * count));
    for (let i = 0; i < words.length; i++)
      if (words[i]! >= P) throw refuse('a word is not below the modulus', label, start + 4 * i);
    return words;
  }

  return {
    ...shared,
    receiveWords,
    receive(label, count) {
      const words = receiveWords(label, EXT * count);
      const values: Ext[] = [];
      for (let k = 0; k < words.length; k += EXT) values.push([words[k]!, words[k + 1]!, words[k + 2]!, words[k + 3]!]);
      return values;
    },
    receiveHashes: (label, count) => take(label, HASH_BYTES * count),
    pow(label, bits) {
      shared.absorb(`${label}.bits`, Uint8Array.of(bits));
      const seed = shared.state();
      const start = at;
      const nonce = take(label, NONCE_BYTES);
      if (proofOfWork(seed, nonce) % 2 ** bits !== 0) throw refuse('its proof of work is missing', label, start);
      shared.afterPow();
    },
    check(holds, what) {
      if (!holds) throw refuse(what, what);
    },
    end() {
      if (at !== proof.length) throw refuse(`${proof.length - at} bytes follow its end`, 'end');
    },
  };
}
