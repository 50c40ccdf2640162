// Proof of work over a transcript's state: what a nonce is worth, and the plain search for a good one.
import { hashBlock } from './blake3.ts';
import { wordsOfBytes } from './words.ts';

/** Separates these hashes from all others over 44 bytes: the ASCII letters "work". */
const TAG = 0x6b726f77;
const MESSAGE_BYTES = 44;

function block(seed: Uint8Array): Int32Array {
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
  const message = block(seed);
  message.set(wordsOfBytes(nonce), 9);
  const digest = new Int32Array(8);
  hashBlock(undefined, message, MESSAGE_BYTES, digest);
  return digest[0]! >>> 0;
}

/** The smallest nonce whose {@link proofOfWork} has so many low zero bits (at most 32). */
export function findNonce(seed: Uint8Array, bits: number): number {
  const message = block(seed);
  const digest = new Int32Array(8);
  for (let nonce = 0; ; nonce++) {
    message[9] = nonce | 0;
    message[10] = Math.floor(nonce / 2 ** 32);
    hashBlock(undefined, message, MESSAGE_BYTES, digest);
    if ((digest[0]! >>> 0) % 2 ** bits === 0) return nonce;
  }
}
