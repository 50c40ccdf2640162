// Opening of one linear functional of all committed cells: rounds over the column index, then the combined row.
import type { Code, Commitment, Root } from './commitment.ts';
import { add, EXT, type Ext, ONE, sub } from './field.ts';
import { type OpeningParameters, proveRounds, scoped, verifyRounds } from './opening-rounds.ts';
import { openRow, verifyRow } from './row-opening.ts';
import type { ProverChannel, VerifierChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

const LABEL = 'opening.columns';

/** Number of rounds over the column index: cells are extended by zero columns to a power of two. */
export const columnBits = (columns: number): number => Math.ceil(Math.log2(columns));

/** Rounds for a covector over so many columns. @throws RangeError where they do not fit. */
function roundsFor(covector: Uint32Array, columns: number, { logMessage }: Code): number {
  const bits = columnBits(columns);
  if (covector.length !== EXT * 2 ** (bits + logMessage))
    throw new RangeError(`a covector of ${covector.length} words for ${columns} columns of 2^${logMessage} cells`);
  return bits;
}

/**
 * Proves <covector, cells> = target, which the verifier knows, for the cells of all commitments in order.
 *
 * @param covector K-vector: address = column * 2^logMessage + row, zero-extended to a power of two of columns.
 */
export function openFunctional(
  v: Vectors,
  channel: ProverChannel,
  parameters: OpeningParameters,
  commitments: readonly Commitment[],
  covector: Uint32Array,
): void {
  scoped(v, () => {
    const columns = commitments.reduce((sum, { tree }) => sum + tree.shape.width, 0);
    const rounds = roundsFor(covector, columns, parameters.code);
    const [a, row] = reduceColumns(v, channel, commitments, covector, rounds);
    openRow(v, channel, parameters, commitments, a, row);
  });
}

/**
 * Checks {@link openFunctional}.
 *
 * @param covector As the prover's.
 * @throws Diagnostic `proof-refused`.
 */
export function verifyFunctional(
  v: Vectors,
  channel: VerifierChannel,
  parameters: OpeningParameters,
  roots: readonly Root[],
  covector: Uint32Array,
  target: Ext,
): void {
  scoped(v, () => {
    const columns = roots.reduce((sum, root) => sum + root.columns, 0);
    const rounds = roundsFor(covector, columns, parameters.code);
    const { claim, point } = verifyRounds(channel, LABEL, target, rounds);
    let a = covector;
    for (const z of point) a = v.fold(a, z);
    verifyRow(v, channel, parameters, roots, a, v.eq(point, ONE), claim);
  });
}

/** All committed cells in order of address, zero after the last column. */
function cellsOf(v: Vectors, commitments: readonly Commitment[], count: number): Uint32Array {
  const cells = v.alloc(count);
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
  const cells = cellsOf(v, commitments, covector.length / EXT);
  if (rounds === 0) {
    const row = v.alloc(covector.length);
    v.addScaledBase(row, cells, ONE);
    return [covector, row];
  }
  channel.send(`${LABEL}.round`, baseRound(v, covector, cells));
  const z = channel.challenge(`${LABEL}.point`);
  return proveRounds(v, channel, LABEL, [v.fold(covector, z), v.foldBase(cells, z)], rounds - 1);
}

/** Round of a product sumcheck whose second vector is over the base field: [s(0), leading coefficient]. */
function baseRound(v: Vectors, a: Uint32Array, cells: Uint32Array): readonly [Ext, Ext] {
  const [a0, a1] = [a.subarray(0, a.length / 2), a.subarray(a.length / 2)];
  const [w0, w1] = [cells.subarray(0, cells.length / 2), cells.subarray(cells.length / 2)];
  const s0 = v.dotBase(a0, w0);
  // (a1 - a0)(w1 - w0), multiplied out.
  const leading = sub(add(s0, v.dotBase(a1, w1)), add(v.dotBase(a0, w1), v.dotBase(a1, w0)));
  return [s0, leading];
}
