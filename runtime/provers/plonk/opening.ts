// Opening of one linear functional of all committed cells: rounds over the column index, then the combined row.
import type { Commitment, Root } from './commitment.ts';
import { EXT, type Ext, ONE } from './field.ts';
import { type OpeningParameters, proveRounds, scoped, verifyRounds } from './opening-rounds.ts';
import { type CombinedCovector, openRow, verifyRow } from './row-opening.ts';
import type { ProverChannel, VerifierChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

const LABEL = 'opening.columns';

/** Number of rounds over the column index: cells are extended by zero columns to a power of two. */
export const columnBits = (columns: number): number => Math.ceil(Math.log2(columns));

const columnsOf = (commitments: readonly Commitment[]): number =>
  commitments.reduce((sum, { tree }) => sum + tree.shape.width, 0);

/**
 * Proves <covector, cells> = target, which the verifier knows, for the cells of all commitments in order.
 *
 * @param covector K-vector over the cells of all columns: address = column * 2^logMessage + row. It is used up.
 */
export function openFunctional(
  v: Vectors,
  channel: ProverChannel,
  parameters: OpeningParameters,
  commitments: readonly Commitment[],
  covector: Uint32Array,
): void {
  const columns = columnsOf(commitments);
  if (covector.length !== EXT * columns * 2 ** parameters.code.logMessage)
    throw new RangeError(`a covector of ${covector.length} words for ${columns} columns`);
  scoped(v, () => {
    const [a, row] = reduceColumns(v, channel, commitments, covector, columnBits(columns));
    openRow(v, channel, parameters, commitments, a, row);
  });
}

/**
 * Checks {@link openFunctional}.
 *
 * @param combined the covector: only what the proof's point makes of it is ever written out
 * @throws Diagnostic `proof-refused`.
 */
export function verifyFunctional(
  v: Vectors,
  channel: VerifierChannel,
  parameters: OpeningParameters,
  roots: readonly Root[],
  combined: CombinedCovector,
  target: Ext,
): void {
  scoped(v, () => {
    const columns = roots.reduce((sum, root) => sum + root.columns, 0);
    const { claim, point } = verifyRounds(channel, LABEL, target, columnBits(columns));
    verifyRow(v, channel, parameters, roots, combined, point, claim);
  });
}

/** All committed cells in order of address. */
function cellsOf(v: Vectors, commitments: readonly Commitment[]): Uint32Array {
  const cells = v.alloc(commitments.reduce((sum, { columns }) => sum + columns.length, 0));
  let at = 0;
  for (const { columns } of commitments) {
    cells.set(columns, at);
    at += columns.length;
  }
  return cells;
}

/** Covector and cells with the column index bound: the first round on base words, the others in K. */
function reduceColumns(
  v: Vectors,
  channel: ProverChannel,
  commitments: readonly Commitment[],
  covector: Uint32Array,
  rounds: number,
): readonly [Uint32Array, Uint32Array] {
  const cells = cellsOf(v, commitments);
  if (rounds === 0) {
    const row = v.alloc(covector.length);
    v.addScaledBase(row, cells, ONE);
    return [covector, row];
  }
  // Columns are zero from their number up to a power of two: the upper half of the index may be short.
  const half = (cells.length / columnsOf(commitments)) * 2 ** (rounds - 1);
  channel.send(`${LABEL}.round`, v.baseRound(covector, cells, half));
  const z = channel.challenge(`${LABEL}.point`);
  return proveRounds(v, channel, LABEL, [v.foldInPlace(covector, z, half), v.foldBase(cells, z, half)], rounds - 1);
}
