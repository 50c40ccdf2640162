// Reduction of a functional over all cells to one point within blocks: what is left is a vector over granules of cells.
//
// A sum over groups of <inner, T>, T the combination of a group's blocks: one pass over the cells of each group gives T, and a
// batched sumcheck binds the index within blocks, the same last coordinates for all. Of each group the prover sends the value
// of T at the point. These values are functionals of the cells again, and within blocks all have the same covector: eq of the
// point. Blocks are whole granules, so that the covector over all cells is one over granules times eq of the last coordinates.
import { type BlockGroup, evaluatedAt, partsAt, writtenOut } from './block-groups.ts';
import { addCells, type CellPart } from './cell-covector.ts';
import type { Commitment } from './commitment.ts';
import { add, EXT, type Ext, fromBase, inverseP, mul, ONE, powers, powP, same, ZERO } from './field.ts';
import { columnBits, type GranuleCovector } from './opening.ts';
import { granuleBits, type Protocol, totalColumns } from './protocol.ts';
import { proveBatch, suffixFor, verifyRounds } from './sumcheck.ts';
import type { ProverChannel, VerifierChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

const LABEL = 'blocks';

/** Weights of groups in the batch: dummy variables double a sum. */
const batchWeights = (groups: readonly BlockGroup[], rounds: number): Ext[] =>
  groups.map(({ bits }) => fromBase(powP(inverseP(2), rounds - bits)));

const roundsOf = (groups: readonly BlockGroup[]): number => Math.max(0, ...groups.map((g) => g.bits));

/** Proves the value of the groups' sum, which the verifier knows, up to the functional that is returned. */
export function proveReduction(
  v: Vectors,
  channel: ProverChannel,
  protocol: Protocol,
  commitments: readonly Commitment[],
  groups: readonly BlockGroup[],
): GranuleCovector {
  const granule = granuleBits(protocol);
  const columns = 2 ** columnBits(totalColumns(protocol));
  const granules = v.alloc(EXT * columns * 2 ** (protocol.logRows - granule));
  const inner = v.alloc(EXT * 2 ** granule);
  const mark = v.mark();
  const instances = groups.map((group) => {
    const a = writtenOut(v, group);
    const b = combinedBlocks(v, commitments, group);
    return { variables: group.bits, a, b, value: v.dot(a, b) };
  });
  const { point, ends } = proveBatch(v, channel, LABEL, instances, batchWeights(groups, roundsOf(groups)));
  channel.send(
    `${LABEL}.values`,
    ends.map(([, value]) => value),
  );
  const factors = powers(channel.challenge(`${LABEL}.gamma`), groups.length);
  addCells(v, granules, partsAt(v, groups, point, factors, granule, granule));
  // Without any claim on cells there is no point, and no granule counts.
  if (groups.length > 0) v.addScaled(inner, v.eq(suffixFor(point, granule), ONE), ONE);
  v.release(mark);
  return { granules, inner };
}

/** Checks {@link proveReduction}: the functional as parts of the covector over cells, and the value that it must have. */
export function verifyReduction(
  v: Vectors,
  channel: VerifierChannel,
  protocol: Protocol,
  groups: readonly BlockGroup[],
  target: Ext,
): { readonly parts: CellPart[]; readonly target: Ext } {
  const rounds = roundsOf(groups);
  const { claim, point } = verifyRounds(channel, LABEL, target, rounds);
  const values = channel.receive(`${LABEL}.values`, groups.length);
  let sum = ZERO;
  for (const [i, weight] of batchWeights(groups, rounds).entries()) {
    const mark = v.mark();
    const covector = evaluatedAt(v, groups[i]!, suffixFor(point, groups[i]!.bits));
    v.release(mark);
    sum = add(sum, mul(weight, mul(covector, values[i]!)));
  }
  channel.check(same(sum, claim), `the sum of ${LABEL}.values`);
  const factors = powers(channel.challenge(`${LABEL}.gamma`), groups.length);
  const total = values.reduce((all, value, i) => add(all, mul(factors[i]!, value)), ZERO);
  return { parts: partsAt(v, groups, point, factors, granuleBits(protocol), 0), target: total };
}

/** The blocks of a group, each times its element of the vector over blocks: K-vector of 2^bits elements. */
function combinedBlocks(v: Vectors, commitments: readonly Commitment[], group: BlockGroup): Uint32Array {
  const out = v.alloc(EXT * 2 ** group.bits);
  const mark = v.mark();
  let start = 0;
  for (const { columns } of commitments) {
    const end = start + columns.length;
    if (group.kind === 'blocks') addBlocks(v, out, columns, start, group.places);
    else if (group.start >= start && group.start < end) {
      const from = group.start - start;
      v.addScaledBase(out.subarray(0, EXT * group.cells), columns.subarray(from, from + group.cells), ONE);
    }
    start = end;
  }
  v.release(mark);
  return out;
}

/** Adds the blocks that lie in one commitment, whose first cell has the address `start`. */
function addBlocks(
  v: Vectors,
  out: Uint32Array,
  columns: Uint32Array,
  start: number,
  places: readonly Pick<CellPart, 'address' | 'outer'>[],
): void {
  const own = places.filter(({ address }) => address >= start && address < start + columns.length);
  const blocks = own.reduce((n, { outer }) => n + outer[0]!.values.length / EXT, 0);
  if (blocks === 0) return;
  const length = out.length / EXT;
  const rows = new Int32Array(blocks);
  const coefficients = v.alloc(EXT * blocks);
  let at = 0;
  for (const { address, outer } of own) {
    const count = outer[0]!.values.length / EXT;
    for (const { k, values } of outer) v.addScaled(coefficients.subarray(EXT * at, EXT * (at + count)), values, k);
    for (let b = 0; b < count; b++) rows[at++] = address - start + b * length;
  }
  v.addScaled(out, v.foldRows(columns, Int32Array.of(0), rows, coefficients, length), ONE);
}
