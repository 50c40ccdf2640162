// Merkle trees over the rows of a codeword matrix: every hash is bound to the tree's kind, its size, the level and the index.
import { hashBlock, hashBytes, hashWords, keyOfBytes } from './blake3.ts';
import type { Vectors } from './vectors.ts';
import { bytesOfWords, wordsOfBytes } from './words.ts';

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

/** A tree with its hashes: `levels[0]` those of the rows, the last level the root alone (32 bytes per hash). */
export interface MerkleTree {
  readonly shape: TreeShape;
  readonly levels: readonly Uint8Array[];
}

export const rootOf = (tree: MerkleTree): Uint8Array => tree.levels.at(-1)!;

/** The tree over a row-major matrix of canonical words. */
export function buildTree(v: Vectors, kind: string, matrix: Uint32Array, width: number): MerkleTree {
  const shape: TreeShape = { kind, width, rows: matrix.length / width };
  return treeOverHashes(v, shape, v.hashRows(matrix, width, treeKey(shape)));
}

/** The tree over rows of which the hashes are known (in the memory of `v`). */
export function treeOverHashes(v: Vectors, shape: TreeShape, hashes: Uint8Array): MerkleTree {
  const key = treeKey(shape);
  const levels = [hashes];
  for (let level = 1; 2 ** level <= shape.rows; level++) levels.push(v.hashPairs(levels.at(-1)!, key, level));
  return { shape, levels };
}

/** Indices of one level above the leaves' level: parents, ascending and distinct. */
const parents = (indices: readonly number[]): number[] => [...new Set(indices.map((i) => Math.floor(i / 2)))];

/** Indices whose hashes a proof for these indices needs from its own level: siblings that are not among them. */
function missing(indices: readonly number[]): number[] {
  const known = new Set(indices);
  return indices.map((i) => i ^ 1).filter((sibling) => !known.has(sibling));
}

/** Hashes that rows at these positions (ascending, distinct) need beside them: level by level, ascending. */
export function siblings(tree: MerkleTree, positions: readonly number[]): Uint8Array {
  const found: Uint8Array[] = [];
  let indices = [...positions];
  for (const level of tree.levels.slice(0, -1)) {
    for (const i of missing(indices)) found.push(level.subarray(HASH_BYTES * i, HASH_BYTES * (i + 1)));
    indices = parents(indices);
  }
  const out = new Uint8Array(HASH_BYTES * found.length);
  for (const [i, hash] of found.entries()) out.set(hash, HASH_BYTES * i);
  return out;
}

/** Number of hashes that {@link siblings} gives, from the positions alone. */
export function siblingCount(rows: number, positions: readonly number[]): number {
  let count = 0;
  let indices = [...positions];
  for (let width = rows; width > 1; width /= 2) {
    count += missing(indices).length;
    indices = parents(indices);
  }
  return count;
}

/**
 * Root of the tree in which rows stand at the positions (ascending, distinct, at least one) beside the given siblings.
 *
 * @param rows The rows, one after the other.
 * @param beside {@link siblingCount} hashes.
 */
export function rootFromRows(
  shape: TreeShape,
  positions: readonly number[],
  rows: Uint32Array,
  beside: Uint8Array,
): Uint8Array {
  const key = keyOfBytes(treeKey(shape));
  const hashes = new Int32Array(wordsOfBytes(beside).buffer);
  let next = 0;
  let known = new Map(
    positions.map((position, i) => [
      position,
      hashLeaf(key, position, rows.subarray(i * shape.width, (i + 1) * shape.width)),
    ]),
  );
  for (let level = 1; 2 ** level <= shape.rows; level++) {
    const above = new Map<number, Int32Array>();
    for (const [index, hash] of known) {
      const up = Math.floor(index / 2);
      if (above.has(up)) continue;
      const sibling = known.get(index ^ 1) ?? hashes.subarray(8 * next, 8 * ++next);
      above.set(
        up,
        index % 2 === 0 ? hashNode(key, level, up, hash, sibling) : hashNode(key, level, up, sibling, hash),
      );
    }
    known = above;
  }
  return bytesOfWords(new Uint32Array(known.get(0)!));
}
