// Opening of the combined row of all columns: in clear, or committed again by a code of shorter messages (PROVER-RULES.md, 14).
import { type Code, type Commitment, commit, openRows, type Root, receiveRows } from './commitment.ts';
import {
  add,
  EXT,
  type Ext,
  inverseP,
  mul,
  mulP,
  NON_RESIDUE,
  ONE,
  powers,
  powP,
  rootOfUnity,
  same,
  scale,
  sub,
  ZERO,
} from './field.ts';
import {
  drawPositions,
  elementAt,
  limbs,
  type OpeningParameters,
  proveRounds,
  type Queried,
} from './opening-rounds.ts';
import { verifyRounds } from './sumcheck.ts';
import type { ProverChannel, VerifierChannel } from './transcript.ts';
import type { Vectors } from './vectors.ts';

const LABEL = 'opening';
const TAIL = 'opening.tail';

/** Kind of the tree over the combined row's own columns. */
const TAIL_KIND = 'tail';

/**
 * Proves <covector, row> for the combination `row` of all columns by the point of the column rounds (K-vectors of
 * 2^logMessage elements; the verifier knows the covector's value).
 */
export function openRow(
  v: Vectors,
  channel: ProverChannel,
  { code, tail, powBits }: OpeningParameters,
  commitments: readonly Commitment[],
  covector: Uint32Array,
  row: Uint32Array,
): void {
  if (tail === undefined) {
    channel.sendWords(`${LABEL}.row`, row);
    openRows(channel, LABEL, commitments, drawPositions(channel, LABEL, code, powBits));
    return;
  }
  const again = commit(v, TAIL_KIND, limbs(v, row, tail.logMessage), tail);
  channel.sendHashes(`${TAIL}.root`, again.root);
  const positions = drawPositions(channel, LABEL, code, powBits);
  openRows(channel, LABEL, commitments, positions);
  const delta = drawDelta(channel, positions.length);
  const joint = withPositions(v, code, covector, positions, delta);
  const { y: final } = proveRounds(v, channel, TAIL, [joint, row], code.logMessage - tail.logMessage);
  channel.sendWords(`${TAIL}.row`, final);
  openRows(channel, TAIL, [again], drawPositions(channel, TAIL, tail, powBits));
}

/**
 * A covector over all cells, combined over its pieces of 2^logPiece cells each, in order of address: the sum of weight times
 * piece (K-vector of 2^logPiece elements), for a K-vector of one weight for each piece at least.
 */
export type CombinedCovector = (weights: Uint32Array, logPiece: number) => Uint32Array;

/**
 * Checks {@link openRow}: <covector, cells> is the target once the column index is bound to the point.
 *
 * @throws Diagnostic `proof-refused`.
 */
export function verifyRow(
  v: Vectors,
  channel: VerifierChannel,
  { code, tail, powBits }: OpeningParameters,
  roots: readonly Root[],
  covector: CombinedCovector,
  point: readonly Ext[],
  target: Ext,
): void {
  const weights = v.eq(point, ONE);
  /** Values of the combined row's codeword at positions, from the opened rows of all columns. */
  const combined = (positions: readonly number[]): Ext[] =>
    receiveRows(channel, LABEL, roots, code.logCode, positions).map((row) =>
      v.dotBase(weights.subarray(0, EXT * row.length), v.held(row)),
    );
  if (tail === undefined) {
    const row = receiveRow(v, channel, `${LABEL}.row`, code);
    channel.check(same(v.dot(covector(weights, code.logMessage), row), target), `the value of ${LABEL}.row`);
    const positions = drawPositions(channel, LABEL, code, powBits);
    checkWord(v, channel, code, row, positions, combined(positions));
    return;
  }
  const root = channel.receiveHashes(`${TAIL}.root`, 1);
  const positions = drawPositions(channel, LABEL, code, powBits);
  const values = combined(positions);
  const delta = drawDelta(channel, positions.length);
  const rounds = code.logMessage - tail.logMessage;
  const sum = delta.reduce((total, factor, i) => add(total, mul(factor, values[i]!)), target);
  const { claim, point: tailPoint } = verifyRounds(channel, TAIL, sum, rounds);
  const final = receiveRow(v, channel, `${TAIL}.row`, tail);
  // Cells are the columns' rows one after the other, so that the column's point and the row's are one point of the address.
  let value = v.dot(covector(v.eq([...point, ...tailPoint], ONE), tail.logMessage), final);
  const points = positions.map((position) => pointAt(code, position));
  for (const [i, at] of evaluate(v, final, points).entries())
    value = add(value, mul(delta[i]!, boundPowers(code, points[i]!, tailPoint, at)));
  channel.check(same(value, claim), `the value of ${TAIL}.row`);
  const again: Root = { kind: TAIL_KIND, columns: EXT * 2 ** rounds, root };
  const tailPositions = drawPositions(channel, TAIL, tail, powBits);
  const tailWeights = v.eq(tailPoint, ONE);
  const opened = receiveRows(channel, TAIL, [again], tail.logCode, tailPositions);
  checkWord(
    v,
    channel,
    tail,
    final,
    tailPositions,
    opened.map((words) => v.dot(tailWeights, v.held(words))),
  );
}

/** delta, delta^2, ...: one factor for each opened position; the functional itself has factor 1. */
function drawDelta(channel: ProverChannel | VerifierChannel, count: number): Ext[] {
  return powers(channel.challenge(`${LABEL}.delta`), count + 1).slice(1);
}

/** A row sent in clear (K-vector). */
function receiveRow(v: Vectors, channel: VerifierChannel, label: string, { logMessage }: Code): Uint32Array {
  return v.held(channel.receiveWords(label, EXT * 2 ** logMessage));
}

/** The point of a position: 3 w^position. */
const pointAt = ({ logCode }: Code, position: number): number =>
  mulP(NON_RESIDUE, powP(rootOfUnity(logCode), position));

/**
 * The polynomial with these coefficients (K-vector of a power of two of elements) at points of the base field: pieces of about
 * the root of its length at all points first, so that few powers are needed.
 */
function evaluate(v: Vectors, row: Uint32Array, points: readonly number[]): Ext[] {
  const length = row.length / EXT;
  const piece = 2 ** Math.ceil(Math.log2(length) / 2);
  const count = points.length;
  const mark = v.mark();
  // One row of low powers of all points for each coefficient of a piece.
  const powers = v.alloc(piece * count).fill(1, 0, count);
  for (let i = count; i < powers.length; i++) powers[i] = mulP(powers[i - count]!, points[i % count]!);
  const starts = new Int32Array(length / piece);
  const rows = Int32Array.from({ length: piece }, (_, i) => i * count);
  const pieces = v.foldRows(powers, starts, rows, row, count);
  const values = points.map((point, q) => {
    const step = powP(point, piece);
    let value = ZERO;
    for (let at = starts.length - 1; at >= 0; at--) value = add(scale(value, step), elementAt(pieces, at * count + q));
    return value;
  });
  v.release(mark);
  return values;
}

/**
 * <(1, P, P^2, ...), row> for the point P of a position and a row whose upper index bits are bound to `point`, from the
 * polynomial of what is left at P: what is left of the powers is a multiple of the first of them.
 */
function boundPowers({ logMessage }: Code, at: number, point: readonly Ext[], value: Ext): Ext {
  // (1 - z) + z P^(2^bit) for each bound bit, the most significant first.
  return point.reduce((product, z, i) => {
    const power = powP(at, 2 ** (logMessage - 1 - i));
    return mul(product, add(sub(ONE, z), scale(z, power)));
  }, value);
}

/** Checks that the row's codeword has these values at the positions. */
function checkWord(
  v: Vectors,
  channel: VerifierChannel,
  code: Code,
  row: Uint32Array,
  positions: readonly number[],
  values: readonly Ext[],
): void {
  const points = positions.map((position) => pointAt(code, position));
  for (const [i, value] of evaluate(v, row, points).entries())
    channel.check(same(value, values[i]!), `position ${positions[i]} of a row's codeword`);
}

/**
 * covector + sum_q delta_q (1, P_q, P_q^2, ...), P_q the point of position q: what the code asks of the row, batched with
 * its functional. The sum is the transpose of encoding, and the Fourier matrix is symmetric, so that encoding computes it.
 */
function withPositions(
  v: Vectors,
  { logMessage, logCode }: Queried,
  covector: Uint32Array,
  positions: readonly number[],
  delta: readonly Ext[],
): Uint32Array {
  const length = 2 ** logCode;
  const sparse = v.alloc(EXT * length);
  const inverse = inverseP(NON_RESIDUE);
  for (const [i, position] of positions.entries()) {
    // `encode` multiplies word j by 3^j, which a plain transform would not.
    const value = scale(delta[i]!, powP(inverse, position));
    for (const [k, word] of value.entries()) sparse[k * length + position] = word;
  }
  const joint = v.encode(sparse, logCode, logCode).subarray(0, EXT * 2 ** logMessage);
  for (let i = 0, power = 1; i < joint.length; i += EXT, power = mulP(power, NON_RESIDUE))
    for (let k = i; k < i + EXT; k++) joint[k] = mulP(joint[k]!, power);
  v.addScaled(joint, covector, ONE);
  return joint;
}
