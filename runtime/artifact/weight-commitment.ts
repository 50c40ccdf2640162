// The commitment to weights on disk (`prover/weights.code`): made once at compile, read row by row in every proof.
//
// Magic, words per row and number of rows (4 bytes each, little-endian), the hashes of all rows, the rows. Nothing here is
// trusted: the tree over the hashes must have the root that the verification key states, and a row must have its hash.
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { keyOfBytes } from '../provers/plonk/blake3.ts';
import type { EncodedCommitment, OpenableRows } from '../provers/plonk/commitment.ts';
import {
  HASH_BYTES,
  hashLeaf,
  type MerkleTree,
  rootOf,
  type TreeShape,
  treeKey,
  treeOverHashes,
} from '../provers/plonk/merkle.ts';
import type { Vectors } from '../provers/plonk/vectors.ts';
import { bytesOfWords, wordsOfBytes } from '../provers/plonk/words.ts';

/** First bytes of the file; the last digit is its format version. */
const MAGIC = 'ZKMLWGT1';
const WORD = 4;
/** Where the number of rows stands, behind the words per row. */
const ROWS_AT = MAGIC.length + WORD;
const HEAD_BYTES = ROWS_AT + WORD;
/** Words that are written at once. */
const CHUNK_WORDS = 2 ** 18;

/** Writes the rows and their hashes. The file holds the weights: only the user may read it. @throws Error of the file system. */
export function writeWeightCommitment(path: string, { rows, tree }: Pick<EncodedCommitment, 'rows' | 'tree'>): void {
  const { width, rows: count } = tree.shape;
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(width, MAGIC.length);
  head.writeUInt32LE(count, ROWS_AT);
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeAll(fd, head);
    writeAll(fd, tree.levels[0]!);
    for (let at = 0; at < rows.length; at += CHUNK_WORDS)
      writeAll(fd, bytesOfWords(rows.subarray(at, at + CHUNK_WORDS)));
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
}

/**
 * Opens a commitment of the shape and root that the verification key states: hashes are read, rows stay on disk.
 * @throws Diagnostic `file-missing`, `wrong-version`, or `bad-artifact` for a file of other weights; reading a row whose
 * hash is another throws `bad-artifact` too.
 */
export function openWeightCommitment(v: Vectors, path: string, shape: TreeShape, root: Uint8Array): OpenableRows {
  const hashBytes = HASH_BYTES * shape.rows;
  const rowBytes = WORD * shape.width;
  const hashes = withFile(path, (fd) => {
    const head = Buffer.from(readAt(fd, 0, Math.min(HEAD_BYTES, fstatSync(fd).size)));
    const magic = head.toString('latin1', 0, MAGIC.length);
    if (magic !== MAGIC)
      throw magic.length === MAGIC.length && magic.startsWith(MAGIC.slice(0, -1))
        ? new Diagnostic('wrong-version', 'the weights have another format version: run zkmlc compile again')
        : bad('this is no commitment to weights');
    const hasSize = fstatSync(fd).size === HEAD_BYTES + hashBytes + rowBytes * shape.rows;
    if (!hasSize || head.readUInt32LE(MAGIC.length) !== shape.width || head.readUInt32LE(ROWS_AT) !== shape.rows)
      throw bad('the commitment to weights has another size than the key states');
    return readAt(fd, HEAD_BYTES, hashBytes);
  });
  const tree = treeOf(v, shape, hashes);
  if (Buffer.compare(rootOf(tree), root) !== 0)
    throw bad('the commitment is to other weights than the key states').at({ file: path });
  const key = keyOfBytes(treeKey(shape));
  return {
    tree,
    rowsAt: (positions) =>
      withFile(path, (fd) => {
        const out = new Uint32Array(shape.width * positions.length);
        for (const [i, position] of positions.entries()) {
          const row = wordsOfBytes(readAt(fd, HEAD_BYTES + hashBytes + rowBytes * position, rowBytes));
          const expected = hashes.subarray(HASH_BYTES * position, HASH_BYTES * (position + 1));
          if (Buffer.compare(bytesOfWords(new Uint32Array(hashLeaf(key, position, row))), expected) !== 0)
            throw bad(`row ${position} of the commitment to weights was changed`);
          out.set(row, i * shape.width);
        }
        return out;
      }),
  };
}

/** The tree in memory of its own: that of `v` is given back. */
function treeOf(v: Vectors, shape: TreeShape, hashes: Uint8Array): MerkleTree {
  const mark = v.mark();
  try {
    const words = v.alloc(hashes.length / WORD);
    const own = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    own.set(hashes);
    return { shape, levels: treeOverHashes(v, shape, own).levels.map((level) => level.slice()) };
  } finally {
    v.release(mark);
  }
}

const bad = (what: string): Diagnostic => new Diagnostic('bad-artifact', `${what}: compile the model again`);

function withFile<T>(path: string, read: (fd: number) => T): T {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (e) {
    const why = e instanceof Error ? e.message : String(e);
    throw new Diagnostic('file-missing', `cannot read the file: ${why}`, { file: path }, { cause: e });
  }
  try {
    return read(fd);
  } catch (e) {
    throw e instanceof Diagnostic ? e.at({ file: path }) : e;
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const n = readSync(fd, bytes, at, length - at, position + at);
    if (n === 0) throw bad('the file of weights became shorter while it was read');
    at += n;
  }
  return bytes;
}
