// BLAKE3 (specification, section 2), with or without a key: hashes of any length, and of one block without any copying.
import { compress, FLAG, IV } from './blake3-compress.ts';
import { bytesOfWords, wordsOfBytes } from './words.ts';

const BLOCK_BYTES = 64;
/** Longest message that is one chunk. */
export const CHUNK_BYTES = 1024;

const block = new Int32Array(16);

/** Loads one block of the message, zero after its end; returns its length in bytes. */
function load(message: DataView, start: number, end: number): number {
  const length = Math.min(BLOCK_BYTES, end - start);
  const whole = length >> 2;
  for (let i = 0; i < whole; i++) block[i] = message.getInt32(start + 4 * i, true);
  for (let i = whole; i < 16; i++) block[i] = 0;
  for (let i = 4 * whole; i < length; i++)
    block[whole] = block[whole]! | (message.getUint8(start + i) << (8 * (i - 4 * whole)));
  return length;
}

/** Chaining value of a chunk, from the key in `chaining`; with FLAG.root in `last` the hash of a message of one chunk. */
function chunk(
  chaining: Int32Array,
  message: DataView,
  bytes: number,
  index: number,
  flags: number,
  last: number,
): Int32Array {
  const start = index * CHUNK_BYTES;
  const end = Math.min(bytes, start + CHUNK_BYTES);
  let at = start;
  do {
    const length = load(message, at, end);
    const position = (at === start ? FLAG.chunkStart : 0) | (at + BLOCK_BYTES >= end ? FLAG.chunkEnd | last : 0);
    compress(chaining, block, index, length, flags | position, chaining);
    at += BLOCK_BYTES;
  } while (at < end);
  return chaining;
}

function parent(key: Int32Array, left: Int32Array, right: Int32Array, flags: number): Int32Array {
  block.set(left);
  block.set(right, 8);
  const out = new Int32Array(8);
  compress(key, block, 0, BLOCK_BYTES, flags | FLAG.parent, out);
  return out;
}

/** BLAKE3 of a message (8 words), under a key of 8 words if there is one. */
export function hashWords(message: Uint8Array, key?: Int32Array): Int32Array {
  const start = key ?? IV;
  const flags = key === undefined ? 0 : FLAG.keyed;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const chunks = Math.max(1, Math.ceil(message.length / CHUNK_BYTES));
  if (chunks === 1) return chunk(start.slice(), view, message.length, 0, flags, FLAG.root);
  /** Chaining values of whole subtrees, largest first: one for each one bit of the number of chunks so far. */
  const stack: Int32Array[] = [];
  for (let index = 0; index < chunks - 1; index++) {
    let value = chunk(start.slice(), view, message.length, index, flags, 0);
    for (let done = index + 1; done % 2 === 0; done /= 2) value = parent(start, stack.pop()!, value, flags);
    stack.push(value);
  }
  let value = chunk(start.slice(), view, message.length, chunks - 1, flags, 0);
  while (stack.length > 1) value = parent(start, stack.pop()!, value, flags);
  return parent(start, stack.pop()!, value, flags | FLAG.root);
}

/** BLAKE3 of a message (32 bytes), under a key of 8 words if there is one. */
export function hashBytes(message: Uint8Array, key?: Int32Array): Uint8Array {
  return bytesOfWords(new Uint32Array(hashWords(message, key).buffer));
}

/** BLAKE3 of the first bytes of a message (at most {@link CHUNK_BYTES}): 8 words into `out`, nothing is copied. */
export function hashChunk(message: DataView, bytes: number, out: Int32Array): void {
  out.set(IV);
  chunk(out, message, bytes, 0, 0, FLAG.root);
}

/** BLAKE3 of one block of so many bytes (at most 64): 8 words into `out`. The block is zero after the message. */
export function hashBlock(key: Int32Array | undefined, words: Int32Array, bytes: number, out: Int32Array): void {
  const flags = FLAG.chunkStart | FLAG.chunkEnd | FLAG.root;
  if (key === undefined) compress(IV, words, 0, bytes, flags, out);
  else compress(key, words, 0, bytes, flags | FLAG.keyed, out);
}

/** A key of 32 bytes as 8 words. */
export const keyOfBytes = (bytes: Uint8Array): Int32Array => new Int32Array(wordsOfBytes(bytes).buffer);
