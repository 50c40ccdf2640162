// Choice of parameters: the cheapest modelled opening that reaches the target of soundness.
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import type { Code } from './commitment.ts';
import { EXT } from './field.ts';
import { HASH_BYTES } from './merkle.ts';
import { columnBits } from './opening.ts';
import type { OpeningParameters, Queried } from './opening-rounds.ts';
import {
  columnCounts,
  DEFAULT_SECURITY_BITS,
  fewestQueries,
  missBits,
  type ProofParameters,
  type ProtocolSize,
  requireSecurity,
  securityBits,
  soundnessTerms,
} from './parameters.ts';

/** What may be asked for; the rest follows. */
export interface ParameterChoice {
  /** Provable soundness in bits; {@link DEFAULT_SECURITY_BITS} if absent. */
  readonly targetBits?: number;
  /** log2 of the inverse rate of commitments: 2 if absent; 1 proves faster, in larger proofs. */
  readonly logInverseRate?: number;
  /** Rows of columns where another commitment fixes them: all commitments that are opened together share one code. */
  readonly logMessage?: number;
}

const POW_BITS = 16;
const LOG_INVERSE_RATE = 2;
const TAIL_LOG_INVERSE_RATE = 3;
/** The chain's shortest length; a longer one for models of more than 2^15 operations in a row. */
const CHAIN_STEPS = 2 ** 10;
/** Columns have at least 2^4 rows. */
const LEAST_LOG_MESSAGE = 4;
const MOST_LOG_CODE = 24;
const BYTES = 4;

/** Bytes of `queries` opened rows of a tree with so many words each, and of the hashes beside them (about). */
function openedBytes({ logCode, queries }: Queried, words: number): number {
  const levels = Math.max(0, logCode - Math.log2(Math.max(1, queries)));
  return queries * (BYTES * words + levels * HASH_BYTES);
}

/** Modelled bytes of an opening. */
export function openingBytes(size: ProtocolSize, { code, tail }: OpeningParameters): number {
  const counts = columnCounts(size, code);
  const round = 2 * EXT * BYTES;
  const rows = counts.reduce((sum, columns) => sum + openedBytes(code, columns), 0);
  const start = columnBits(counts.reduce((sum, n) => sum + n, 0)) * round + rows;
  if (tail === undefined) return start + EXT * BYTES * 2 ** code.logMessage;
  const rounds = code.logMessage - tail.logMessage;
  return (
    start + HASH_BYTES + rounds * round + EXT * BYTES * 2 ** tail.logMessage + openedBytes(tail, EXT * 2 ** rounds)
  );
}

/** Queries for which the batching of queries is accounted: more than any code in use needs. */
const MOST_QUERIES = 1024;

/** Openings with the given codes that reach the target, each with as few queries as possible. */
function* openingsWith(
  size: ProtocolSize,
  code: Code,
  tail: Code | undefined,
  target: number,
): Generator<OpeningParameters> {
  const all = (c: Code): Queried => ({ ...c, queries: Math.min(MOST_QUERIES, 2 ** c.logCode) });
  const fullest = { code: all(code), tail: tail && all(tail), powBits: POW_BITS };
  const work = 2 ** POW_BITS;
  // What the terms without queries leave of the error.
  let left = 2 ** -target;
  for (const [name, bits] of soundnessTerms(size, { opening: fullest, chainSteps: CHAIN_STEPS }))
    if (!name.endsWith('queries')) left -= 2 ** bits;
  if (left <= 0) return;
  if (tail === undefined) {
    const queried = fewestQueries(code, Math.log2(left * work));
    if (queried !== undefined) yield { code: queried, powBits: POW_BITS };
    return;
  }
  // More queries here leave more of the error to the tail's.
  for (const share of [0.5, 0.75, 0.9, 0.95]) {
    const queried = fewestQueries(code, Math.log2(left * share * work));
    const rest = queried && fewestQueries(tail, Math.log2(left * work - 2 ** missBits(queried)));
    if (queried !== undefined && rest !== undefined) yield { code: queried, tail: rest, powBits: POW_BITS };
  }
}

/** Pairs of codes to consider. */
function* codes(size: ProtocolSize, choice: ParameterChoice): Generator<readonly [Code, Code | undefined]> {
  const rate = choice.logInverseRate ?? LOG_INVERSE_RATE;
  const cells = Math.max(size.adviceCells, size.weightCells, ...size.portCells, 2 ** LEAST_LOG_MESSAGE);
  const most = Math.min(Math.ceil(Math.log2(cells)), MOST_LOG_CODE - rate);
  const [from, to] =
    choice.logMessage === undefined ? [LEAST_LOG_MESSAGE, most] : [choice.logMessage, choice.logMessage];
  for (let logMessage = from; logMessage <= to; logMessage++) {
    const code = { logMessage, logCode: logMessage + rate };
    yield [code, undefined];
    for (let shorter = LEAST_LOG_MESSAGE; shorter < logMessage; shorter++)
      yield [code, { logMessage: shorter, logCode: Math.min(MOST_LOG_CODE, shorter + TAIL_LOG_INVERSE_RATE) }];
  }
}

/**
 * What an opening costs, in bytes: those it sends, and one for each row of the code. Every proof encodes and hashes the rows of
 * its advice, so that long columns, which make small proofs, make slow ones.
 */
const costOf = (size: ProtocolSize, opening: OpeningParameters): number =>
  openingBytes(size, opening) + 2 ** opening.code.logCode;

/**
 * The parameters with the cheapest modelled opening.
 *
 * @throws Diagnostic `insecure-parameters` if none reach the target.
 */
export function chooseParameters(size: ProtocolSize, choice: ParameterChoice = {}): ProofParameters {
  const target = choice.targetBits ?? DEFAULT_SECURITY_BITS;
  const chainSteps = Math.max(CHAIN_STEPS, 2 ** Math.ceil(Math.log2(Math.max(1, size.depth / 32))));
  let best: { readonly opening: OpeningParameters; readonly cost: number } | undefined;
  for (const [code, tail] of codes(size, choice))
    for (const opening of openingsWith(size, code, tail, target)) {
      const cost = costOf(size, opening);
      if (cost < (best?.cost ?? Number.POSITIVE_INFINITY) && securityBits(size, { opening, chainSteps }) >= target)
        best = { opening, cost };
    }
  if (best === undefined)
    throw new Diagnostic(
      'insecure-parameters',
      `no parameters give this model ${target} bits of soundness: split it into more proofs`,
    );
  const parameters = { opening: best.opening, chainSteps };
  requireSecurity(size, parameters, target);
  return parameters;
}
