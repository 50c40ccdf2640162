// Opening of the combined row of all columns: in clear, or committed again by a code of shorter messages (PROVER-RULES.md, 14).
import { type Code, type Commitment, commit, openRows, type Root, receiveRows } from './commitment.ts';
import { add, EXT, type Ext, inverseP, mul, mulP, NON_RESIDUE, ONE, powers, powP, same, scale } from './field.ts';
import {
  drawPositions,
  elementAt,
  limbs,
  type OpeningParameters,
  owned,
  proveRounds,
  type Queried,
  verifyRounds,
} from './opening-rounds.ts';
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
  const [, final] = proveRounds(v, channel, TAIL, [joint, row], code.logMessage - tail.logMessage);
  channel.sendWords(`${TAIL}.row`, final);
  openRows(channel, TAIL, [again], drawPositions(channel, TAIL, tail, powBits));
}

/**
 * Checks {@link openRow}: <covector, row> = target for the combination of all columns by `weights` (a K-vector, one weight
 * per column at least).
 *
 * @throws Diagnostic `proof-refused`.
 */
export function verifyRow(
  v: Vectors,
  channel: VerifierChannel,
  { code, tail, powBits }: OpeningParameters,
  roots: readonly Root[],
  covector: Uint32Array,
  weights: Uint32Array,
  target: Ext,
): void {
  /** Values of the combined row's codeword at positions, from the opened rows of all columns. */
  const combined = (positions: readonly number[]): Ext[] =>
    receiveRows(channel, LABEL, roots, code.logCode, positions).map((row) =>
      v.dotBase(weights.subarray(0, EXT * row.length), owned(v, row)),
    );
  if (tail === undefined) {
    const row = receiveRow(v, channel, `${LABEL}.row`, code, covector, target);
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
  const { claim, point } = verifyRounds(channel, TAIL, sum, rounds);
  let joint = withPositions(v, code, covector, positions, delta);
  for (const z of point) joint = v.fold(joint, z);
  const final = receiveRow(v, channel, `${TAIL}.row`, tail, joint, claim);
  const again: Root = { kind: TAIL_KIND, columns: EXT * 2 ** rounds, root };
  const tailPositions = drawPositions(channel, TAIL, tail, powBits);
  const tailWeights = v.eq(point, ONE);
  const opened = receiveRows(channel, TAIL, [again], tail.logCode, tailPositions);
  checkWord(
    v,
    channel,
    tail,
    final,
    tailPositions,
    opened.map((words) => v.dot(tailWeights, owned(v, words))),
  );
}

/** delta, delta^2, ...: one factor for each opened position; the functional itself has factor 1. */
function drawDelta(channel: ProverChannel | VerifierChannel, count: number): Ext[] {
  return powers(channel.challenge(`${LABEL}.delta`), count + 1).slice(1);
}

/** A row sent in clear (K-vector) whose value under the covector is the target. */
function receiveRow(
  v: Vectors,
  channel: VerifierChannel,
  label: string,
  { logMessage }: Code,
  covector: Uint32Array,
  target: Ext,
): Uint32Array {
  const row = owned(v, channel.receiveWords(label, EXT * 2 ** logMessage));
  channel.check(same(v.dot(covector, row), target), `the value of ${label}`);
  return row;
}

/** Checks that the row's codeword has these values at the positions. */
function checkWord(
  v: Vectors,
  channel: VerifierChannel,
  { logMessage, logCode }: Code,
  row: Uint32Array,
  positions: readonly number[],
  values: readonly Ext[],
): void {
  const word = v.encode(limbs(v, row, logMessage), logMessage, logCode);
  for (const [i, position] of positions.entries())
    channel.check(same(elementAt(word, position), values[i]!), `position ${position} of a row's codeword`);
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
