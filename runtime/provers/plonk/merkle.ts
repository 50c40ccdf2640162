// Merkle trees over the rows of a codeword matrix: every hash is bound to the tree's kind, its size, the level and the index.
import { hashBlock, hashBytes, hashWords } from './blake3.ts';
import { bytesOfWords } from './words.ts';

/** Bytes of a hash. */
export const HASH_BYTES = 32;

/** What a tree is over. */
export interface TreeShape {
  /** Kind of content ("advice", "weights", "tail"), never its place in a proof. */
  readonly kind: string;
  /** Words per row. */
  readonly width: number;
  /** Rows, a power of two. */
  readonly rows: number;
}

/** Key of all hashes of a tree (32 bytes): BLAKE3 of a name, the kind behind its length, width and rows. */
export function treeKey({ kind, width, rows }: TreeShape): Uint8Array {
  const name = new TextEncoder().encode(kind);
  const message = new Uint8Array(32 + name.length);
  message.set(new TextEncoder().encode('zkmlc merkle tree v1'));
  const view = new DataView(message.buffer);
  view.setUint32(20, name.length, true);
  view.setUint32(24, width, true);
  view.setUint32(28, rows, true);
  message.set(name, 32);
  return hashBytes(message);
}

/** The tree's key with level and index added (exclusive or) to its last two words: each hash of a tree has its own key. */
function keyAt(key: Int32Array, level: number, index: number): Int32Array {
  const own = key.slice();
  own[6] = own[6]! ^ level;
  own[7] = own[7]! ^ index;
  return own;
}

/**
 * Hash of a row (8 words): BLAKE3 of its words as bytes (little-endian), keyed by the tree's key (8 little-endian words)
 * whose word 7 is changed by exclusive or with the row's index.
 */
export function hashLeaf(key: Int32Array, index: number, row: Uint32Array): Int32Array {
  return hashWords(bytesOfWords(row), keyAt(key, 0, index));
}

const pair = new Int32Array(16);

/**
 * Hash of two neighbours (8 words): BLAKE3 of their 64 bytes (one compression), keyed by the tree's key whose word 6 is
 * changed by exclusive or with the level (1 above the leaves) and word 7 with the index of the result in its level.
 */
export function hashNode(
  key: Int32Array,
  level: number,
  index: number,
  left: Int32Array,
  right: Int32Array,
): Int32Array {
  pair.set(left);
  pair.set(right, 8);
  const out = new Int32Array(8);
  hashBlock(keyAt(key, level, index), pair, 64, out);
  return out;
}
