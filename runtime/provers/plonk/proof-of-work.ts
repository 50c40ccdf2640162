// Proof of work over a transcript's state: what a nonce is worth, and the plain search for a good one.
import { hashBlock } from './blake3.ts';
import { wordsOfBytes } from './words.ts';

/** Separates these hashes from all others over 44 bytes: the ASCII letters "work". */
const TAG = 0x6b726f77;
/** Bytes of the message: seed, letters and nonce. */
export const WORK_BYTES = 44;
/** Word of the message where the nonce begins. */
export const NONCE_WORD = 9;

/** The message of one block (16 words) with nonce 0. */
export function workMessage(seed: Uint8Array): Int32Array {
  const words = new Int32Array(16);
  words.set(wordsOfBytes(seed));
  words[8] = TAG;
  return words;
}

/**
 * First word of BLAKE3 (no key) over the seed (32 bytes), the letters "work" and the nonce (8 bytes, little-endian): one
 * compression. The work is as many bits as this word has zeros at its low end.
 */
export function proofOfWork(seed: Uint8Array, nonce: Uint8Array): number {
  const message = workMessage(seed);
  message.set(wordsOfBytes(nonce), NONCE_WORD);
  const digest = new Int32Array(8);
  hashBlock(undefined, message, WORK_BYTES, digest);
  return digest[0]! >>> 0;
}

/** The smallest nonce whose {@link proofOfWork} has so many low zero bits (at most 32). */
export function findNonce(seed: Uint8Array, bits: number): number {
  const message = workMessage(seed);
  const digest = new Int32Array(8);
  for (let nonce = 0; ; nonce++) {
    message[NONCE_WORD] = nonce | 0;
    message[NONCE_WORD + 1] = Math.floor(nonce / 2 ** 32);
    hashBlock(undefined, message, WORK_BYTES, digest);
    if ((digest[0]! >>> 0) % 2 ** bits === 0) return nonce;
  }
}
