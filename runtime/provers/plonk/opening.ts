// Opening of one linear functional of all committed cells: rounds over the column index, then the combined row.
import type { Commitment, Root } from './commitment.ts';
import { EXT, type Ext, ONE } from './field.ts';
import { type OpeningParameters, proveRounds, scoped } from './opening-rounds.ts';
import { type CombinedCovector, openRow, verifyRow } from './row-opening.ts';
import { verifyRounds } from './sumcheck.ts';
import type { ProverChannel, VerifierChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

const LABEL = 'opening.columns';

/** Number of rounds over the column index: cells are extended by zero columns to a power of two. */
export const columnBits = (columns: number): number => Math.ceil(Math.log2(columns));

/**
 * A covector over all cells, cut into granules of equal size within which it is always the same: granules[g] inner[i] at cell
 * g |inner| + i (K-vectors). `granules` has one element for each granule of a power of two of columns, those that do not
 * exist included.
 */
export interface GranuleCovector {
  readonly granules: Uint32Array;
  /** A power of two of elements, no longer than a column. */
  readonly inner: Uint32Array;
}

/**
 * Proves <covector, cells> = target, which the verifier knows, for the cells of all commitments in order:
 * address = column * 2^logMessage + row. `granules` is used up.
 */
export function openFunctional(
  v: Vectors,
  channel: ProverChannel,
  parameters: OpeningParameters,
  commitments: readonly Commitment[],
  { granules, inner }: GranuleCovector,
): void {
  const rows = 2 ** parameters.code.logMessage;
  const rounds = columnBits(commitments.reduce((sum, { tree }) => sum + tree.shape.width, 0));
  const granule = inner.length / EXT;
  if (granule > rows || granules.length !== (EXT * rows * 2 ** rounds) / granule)
    throw new RangeError(`a covector of ${granules.length} words on granules of ${granule} for 2^${rounds} columns`);
  scoped(v, () => {
    const sums = granuleSums(v, commitments, inner, granules.length);
    const { a, point } = proveRounds(v, channel, LABEL, [granules, sums], rounds);
    const covector = v.alloc(EXT * rows);
    v.addOuter(covector, a, inner);
    openRow(v, channel, parameters, commitments, covector, combinedRow(v, commitments, v.eq(point, ONE), rows));
  });
}

/** <inner, granule> for every granule of all cells, zero behind them (K-vector). */
function granuleSums(v: Vectors, commitments: readonly Commitment[], inner: Uint32Array, words: number): Uint32Array {
  const out = v.alloc(words);
  let at = 0;
  for (const { columns } of commitments) {
    const mark = v.mark();
    const sums = v.dotPieces(columns, inner);
    out.set(sums, at);
    at += sums.length;
    v.release(mark);
  }
  return out;
}

/** The sum of all columns, each times its weight (K-vector). */
function combinedRow(v: Vectors, commitments: readonly Commitment[], weights: Uint32Array, rows: number): Uint32Array {
  const out = v.alloc(EXT * rows);
  let at = 0;
  for (const { columns } of commitments) {
    const mark = v.mark();
    const starts = Int32Array.from({ length: columns.length / rows }, (_, i) => i * rows);
    const own = weights.subarray(at, at + EXT * starts.length);
    v.addScaled(out, v.foldRows(columns, Int32Array.of(0), starts, own, rows), ONE);
    at += own.length;
    v.release(mark);
  }
  return out;
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
