// Commitments to single ports: what proofs of different circuits share about a tensor. Salted, so that a root tells nothing.
import { storeCells } from '../../../compiler/ir/interpret/plan.ts';
import { type Shape, sizeOf } from '../../../compiler/ir/tensor.ts';
import { type Code, commit, type EncodedCommitment } from './commitment.ts';
import { P } from './field.ts';
import { treeKey } from './merkle.ts';
import type { Vectors } from './vectors.ts';

/** Kind of the trees over committed ports. */
export const PORT_KIND = 'port';

/** Columns of random words beside the tensor's: every row of the tree holds so many (31 bits each). */
const SALT_COLUMNS = 4;

/** Bytes of a blinding value. */
export const BLINDING_BYTES = 32;

/** Columns for a tensor of so many cells, salt included: the tensor's first, from cell 0, with zeros behind it. */
export const portColumns = (cells: number, logRows: number): number => Math.ceil(cells / 2 ** logRows) + SALT_COLUMNS;

/**
 * Commits to a tensor. The same values, blinding and code give the same root in every circuit.
 * @param values canonical residues, row-major
 * @param blinding {@link BLINDING_BYTES} secret bytes
 */
export function commitPort(
  v: Vectors,
  code: Code,
  shape: Shape,
  values: Uint32Array,
  blinding: Uint8Array,
): EncodedCommitment {
  if (blinding.length !== BLINDING_BYTES) throw new RangeError(`a blinding value of ${blinding.length} bytes`);
  const rows = 2 ** code.logMessage;
  const columns = v.alloc(portColumns(sizeOf(shape), code.logMessage) * rows);
  storeCells(columns, 0, values, shape);
  fillSalt(v, columns.subarray(columns.length - SALT_COLUMNS * rows), blinding);
  return commit(v, PORT_KIND, columns, code);
}

/** Words from hashes of a counter, keyed by a hash of the blinding value; slightly uneven below the modulus. */
function fillSalt(v: Vectors, salt: Uint32Array, blinding: Uint8Array): void {
  const mark = v.mark();
  const blocks = Math.ceil(salt.length / 8);
  const counter = v.alloc(blocks);
  for (let i = 0; i < blocks; i++) counter[i] = i;
  const kind = `salt ${Buffer.from(blinding).toString('hex')}`;
  const hashes = v.hashRows(counter, 1, treeKey({ kind, width: 1, rows: blocks }));
  const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  for (let i = 0; i < salt.length; i++) {
    const word = view.getUint32(4 * i, true) & 0x7fffffff;
    salt[i] = word >= P ? word - P : word;
  }
  v.release(mark);
}
