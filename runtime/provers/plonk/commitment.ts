// Commitment to columns of field elements: every column encoded by one Reed-Solomon code, a Merkle tree over the rows.
import { buildTree, type MerkleTree, rootFromRows, rootOf, siblingCount, siblings, type TreeShape } from './merkle.ts';
import type { ProverChannel, VerifierChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

/** Message length and code length (powers of two) of every column of a commitment: position j holds the value at 3 w^j. */
export interface Code {
  readonly logMessage: number;
  readonly logCode: number;
}

/** A tree with its rows, wherever they are kept. */
export interface OpenableRows {
  readonly tree: MerkleTree;
  /** The rows at the positions, one after the other (words). */
  readonly rowsAt: (positions: readonly number[]) => Uint32Array;
}

/** What the prover keeps of a commitment. */
export interface Commitment extends OpenableRows {
  /** Messages, column-major, 2^logMessage canonical words each. */
  readonly columns: Uint32Array;
  readonly root: Uint8Array;
}

/** A commitment as it is made, with its codewords in memory. */
export interface EncodedCommitment extends Commitment {
  /** Codewords, row-major: 2^logCode rows of one word per column. */
  readonly rows: Uint32Array;
}

/** What the verifier knows of a commitment: the kind and the number of columns are the verification key's. */
export interface Root {
  readonly kind: string;
  /** Number of columns, at least 1. */
  readonly columns: number;
  readonly root: Uint8Array;
}

/** Commits to columns (at least one), given column-major. `kind` names the content: "advice", "weights". */
export function commit(v: Vectors, kind: string, columns: Uint32Array, code: Code): EncodedCommitment {
  const rows = v.encode(columns, code.logMessage, code.logCode);
  const width = rows.length / 2 ** code.logCode;
  const tree = buildTree(v, kind, rows, width);
  const rowsAt = (positions: readonly number[]): Uint32Array => {
    const found = new Uint32Array(width * positions.length);
    for (const [i, position] of positions.entries())
      found.set(rows.subarray(position * width, (position + 1) * width), i * width);
    return found;
  };
  return { columns, rows, tree, root: rootOf(tree), rowsAt };
}

/** Sends the rows at the positions (ascending, distinct) and the hashes that tie them to the root, tree by tree. */
export function openRows(
  channel: ProverChannel,
  label: string,
  commitments: readonly OpenableRows[],
  positions: readonly number[],
): void {
  for (const { rowsAt, tree } of commitments) {
    channel.sendWords(`${label}.rows`, rowsAt(positions));
    channel.sendHashes(`${label}.path`, siblings(tree, positions));
  }
}

/**
 * Rows at the positions, each with the words of all commitments one after the other.
 *
 * @throws Diagnostic `proof-refused` unless every tree has these rows.
 */
export function receiveRows(
  channel: VerifierChannel,
  label: string,
  roots: readonly Root[],
  logCode: number,
  positions: readonly number[],
): Uint32Array[] {
  const opened = roots.map(({ kind, columns, root }) => {
    const shape: TreeShape = { kind, width: columns, rows: 2 ** logCode };
    const rows = channel.receiveWords(`${label}.rows`, columns * positions.length);
    const beside = channel.receiveHashes(`${label}.path`, siblingCount(shape.rows, positions));
    const found = rootFromRows(shape, positions, rows, beside);
    const equal = found.every((byte, i) => byte === root[i]);
    channel.check(equal, `rows of the ${kind} are not those of its root`);
    return { rows, columns };
  });
  const width = opened.reduce((sum, { columns }) => sum + columns, 0);
  return positions.map((_, i) => {
    const row = new Uint32Array(width);
    let at = 0;
    for (const { rows, columns } of opened) {
      row.set(rows.subarray(i * columns, (i + 1) * columns), at);
      at += columns;
    }
    return row;
  });
}
