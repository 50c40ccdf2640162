// Opening of one linear functional of all committed cells: rounds over the column index, then the combined row.
import type { Commitment, Root } from './commitment.ts';
import { add, EXT, type Ext, ONE, ZERO } from './field.ts';
import { elementAt, type OpeningParameters, proveRounds, scoped, verifyRounds } from './opening-rounds.ts';
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
 * @param most Cells up to which they are copied and folded at once; beyond, memory is saved. The proof is the same.
 */
export function openFunctional(
  v: Vectors,
  channel: ProverChannel,
  parameters: OpeningParameters,
  commitments: readonly Commitment[],
  covector: Uint32Array,
  most = 2 ** 22,
): void {
  const columns = columnsOf(commitments);
  if (covector.length !== EXT * columns * 2 ** parameters.code.logMessage)
    throw new RangeError(`a covector of ${covector.length} words for ${columns} columns`);
  scoped(v, () => {
    const [a, row] = reduceColumns(v, channel, commitments, covector, columnBits(columns), most);
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
  most: number,
): readonly [Uint32Array, Uint32Array] {
  const mark = v.mark();
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
  const a = v.foldInPlace(covector, z, half);
  if (rounds === 1 || cells.length <= most)
    return proveRounds(v, channel, LABEL, [a, v.foldBase(cells, z, half)], rounds - 1);
  v.release(mark);
  return reduceFolded(v, channel, commitments, a, z, rounds);
}

/**
 * The rounds after the first. Cells folded once would be half of them in K: the second round takes two folded columns at a
 * time, and what is kept is a quarter, folded by both challenges at once.
 */
function reduceFolded(
  v: Vectors,
  channel: ProverChannel,
  commitments: readonly Commitment[],
  covector: Uint32Array,
  z: Ext,
  rounds: number,
): readonly [Uint32Array, Uint32Array] {
  const quarter = 2 ** (rounds - 2);
  const words = covector.length / (2 * quarter);
  const columns = columnsIn(commitments, words / EXT);
  const mark = v.mark();
  const [a, y] = [v.alloc(2 * words), v.alloc(2 * words)];
  const once = v.eq([z], ONE);
  let [atZero, leading] = [ZERO, ZERO];
  for (let c = 0; c < quarter; c++) {
    y.fill(0);
    for (const [i, column] of [c, c + quarter].entries()) {
      a.set(covector.subarray(column * words, (column + 1) * words), i * words);
      addFolded(v, y.subarray(i * words, (i + 1) * words), columns, column, 2 * quarter, once);
    }
    const [s0, top] = v.productRound(a, y);
    [atZero, leading] = [add(atZero, s0), add(leading, top)];
  }
  channel.send(`${LABEL}.round`, [atZero, leading]);
  const next = channel.challenge(`${LABEL}.point`);
  v.release(mark);
  const twice = v.eq([z, next], ONE);
  const folded = v.alloc(words * quarter);
  for (let c = 0; c < quarter; c++)
    addFolded(v, folded.subarray(c * words, (c + 1) * words), columns, c, quarter, twice);
  return proveRounds(v, channel, LABEL, [v.foldInPlace(covector, next), folded], rounds - 2);
}

/** All columns, in order. */
function columnsIn(commitments: readonly Commitment[], length: number): Uint32Array[] {
  return commitments.flatMap(({ columns }) =>
    Array.from({ length: columns.length / length }, (_, c) => columns.subarray(c * length, (c + 1) * length)),
  );
}

/** into += sum_h weights[h] column[c + h step], columns that are not there zero. */
function addFolded(
  v: Vectors,
  into: Uint32Array,
  columns: readonly Uint32Array[],
  c: number,
  step: number,
  weights: Uint32Array,
): void {
  for (let h = 0; c + h * step < columns.length; h++)
    v.addScaledBase(into, columns[c + h * step]!, elementAt(weights, h));
}
