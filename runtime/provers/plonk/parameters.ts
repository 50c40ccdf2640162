// Parameters of a proof and their soundness error: every term computed, the sum refused below the target.
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import type { Code } from './commitment.ts';
import { EXT, P } from './field.ts';
import { columnBits } from './opening.ts';
import type { OpeningParameters, Queried } from './opening-rounds.ts';
import { portColumns } from './port-commitment.ts';

/** Everything that a verification key fixes besides the circuit. */
export interface ProofParameters {
  readonly opening: OpeningParameters;
  /** Steps of the hash chain after the last commitment. */
  readonly chainSteps: number;
}

/** What a circuit's protocol contributes to the soundness error and to the size of a proof: counts, all at least 0. */
export interface ProtocolSize {
  /** Committed cells of each group, padding between columns included. */
  readonly adviceCells: number;
  readonly weightCells: number;
  /** Cells of each committed port. */
  readonly portCells: readonly number[];
  readonly trees: readonly TreeSize[];
  /** Sumchecks besides those of the fraction tree: a batch of instances over so many rounds. */
  readonly sumchecks: readonly SumcheckSize[];
  /** Coordinates of all random points at which constraints are evaluated. */
  readonly pointCoordinates: number;
  /** Degree of the challenge that joins constraints, and of the one that joins the last claims. */
  readonly constraints: number;
  readonly claims: number;
  /** Terms of the last claims on committed cells: at least as many as there are groups of blocks. */
  readonly cellTerms: number;
  /** Non-linear operations, one after the other. */
  readonly depth: number;
}

/** One fraction tree: lookups with table rows, and its variables. */
export interface TreeSize {
  readonly leaves: number;
  readonly variables: number;
}

export interface SumcheckSize {
  readonly rounds: number;
  readonly degree: number;
  readonly instances: number;
}

/** Provable soundness asked for where nothing else is said, in bits. */
export const DEFAULT_SECURITY_BITS = 100;

/** log2 |K|. */
const FIELD_BITS = EXT * Math.log2(P);

/** Lookups with table rows of one tree: multiplicities must not wrap around the modulus. */
const MOST_LEAVES = 2 ** 30;

/** Non-linear operations per step of the hash chain (PROVER-RULES.md, 6). */
const DEPTH_PER_STEP = 32;

/** Columns of each commitment: the advice (at least one), the weights, ports. */
export function columnCounts(size: ProtocolSize, { logMessage }: Code): readonly number[] {
  const columns = (cells: number): number => Math.ceil(cells / 2 ** logMessage);
  const weights = size.weightCells === 0 ? [] : [columns(size.weightCells)];
  return [
    Math.max(1, columns(size.adviceCells)),
    ...weights,
    ...size.portCells.map((cells) => portColumns(cells, logMessage)),
  ];
}

/** Most rounds over the index within blocks: no block is larger than a commitment. */
export const blockBits = (counts: readonly number[], { logMessage }: Code): number =>
  Math.ceil(Math.log2(Math.max(...counts))) + logMessage;

/** log2 of the probability that position j also is correct, if the ones before it were, in a word with too many errors. */
function missStep({ logMessage, logCode }: Code, j: number): number {
  const n = 2 ** logCode;
  const correct = n - Math.floor((n - 2 ** logMessage) / 2) - 1;
  return Math.log2(Math.max(0, correct - j) / (n - j));
}

/**
 * log2 of the probability that `queries` distinct positions all miss the errors of a word outside the unique-decoding
 * radius: prod_{j < t} (n - e - 1 - j) / (n - j), e = floor((n - k) / 2).
 */
export function missBits(code: Queried): number {
  let sum = 0;
  for (let j = 0; j < code.queries; j++) sum += missStep(code, j);
  return sum;
}

/** The code with the fewest queries that all miss with a probability of at most 2^bits; undefined if none suffice. */
export function fewestQueries(code: Code, bits: number): Queried | undefined {
  let sum = 0;
  for (let queries = 0; queries <= 2 ** code.logCode; queries++) {
    if (sum <= bits) return { ...code, queries };
    sum += missStep(code, queries);
  }
  return undefined;
}

/**
 * Terms of the soundness error as log2 of a probability, per query to the hash function (PROVER-RULES.md, 32). Unique
 * decoding throughout: no conjecture about codes enters.
 */
export function soundnessTerms(size: ProtocolSize, { opening }: ProofParameters): ReadonlyMap<string, number> {
  const { code, tail, powBits } = opening;
  const overField = (degree: number): number => Math.log2(degree) - FIELD_BITS;
  const counts = columnCounts(size, code);
  const rounds = columnBits(counts.reduce((sum, n) => sum + n, 0));
  const tailRounds = tail === undefined ? 0 : code.logMessage - tail.logMessage;
  const rootError = Math.max(0, ...size.trees.map((t) => t.leaves));
  // Layer k: k rounds of degree 3, the challenge that joins numerator and denominator, and the one that joins children.
  const layers = size.trees.reduce((sum, { variables: n }) => sum + (3 * n * (n - 1)) / 2 + 2 * n, 0);
  const sumchecks = size.sumchecks.reduce((sum, s) => sum + s.rounds * s.degree + s.instances, 0);
  const terms = new Map([
    // The sum of a tree's fractions is zero by itself: its numerator has the leaves' number as its degree in the challenges,
    // each of which is independent. A run with a false lookup has one in some tree, and that one must pass: the largest.
    ['lookups', overField(rootError)],
    ['points', overField(size.pointCoordinates + size.constraints)],
    ['fractions', overField(layers)],
    ['sumchecks', overField(sumchecks)],
    ['batching', overField(size.claims + 2 * rounds + (tail === undefined ? 0 : code.queries + 2 * tailRounds))],
    // The index within blocks, at most that of a whole commitment; then groups are joined.
    ['blocks', overField(2 * blockBits(counts, code) + size.cellTerms)],
    ['proximity', overField(2 ** code.logCode * rounds)],
    ['queries', missBits(code) - powBits],
  ]);
  if (tail === undefined) return terms;
  terms.set('tail proximity', overField(2 ** tail.logCode * (tailRounds + 1)));
  return terms.set('tail queries', missBits(tail) - powBits);
}

/** -log2 of the sum of all terms. */
export function securityBits(size: ProtocolSize, parameters: ProofParameters): number {
  let error = 0;
  for (const bits of soundnessTerms(size, parameters).values()) error += 2 ** bits;
  return -Math.log2(error);
}

const refuse = (message: string): Diagnostic => new Diagnostic('insecure-parameters', message);

/** @throws Diagnostic `insecure-parameters` unless proofs of this size have so many bits of soundness. */
export function requireSecurity(size: ProtocolSize, parameters: ProofParameters, target: number): void {
  const { code, tail, powBits } = parameters.opening;
  for (const { logMessage, logCode, queries } of tail === undefined ? [code] : [code, tail]) {
    const whole = [logMessage, logCode, queries].every((n) => Number.isInteger(n) && n >= 0);
    if (!whole || logMessage >= logCode || logCode > 24 || queries > 2 ** logCode)
      throw refuse(`a code of 2^${logMessage} words in 2^${logCode} with ${queries} queries is not one of this prover`);
  }
  if (tail !== undefined && tail.logMessage >= code.logMessage)
    throw refuse("the tail's messages are not shorter than those it replaces");
  if (!Number.isInteger(powBits) || powBits < 0 || powBits > 30)
    throw refuse(`a proof of work of ${powBits} bits: at most 30 are supported`);
  for (const { leaves } of size.trees)
    if (leaves >= MOST_LEAVES) throw refuse(`${leaves} lookups are too many for one tree: split the model`);
  if (!(size.depth <= DEPTH_PER_STEP * parameters.chainSteps))
    throw refuse(`${parameters.chainSteps} steps of the hash chain are too few for ${size.depth} operations in a row`);
  const bits = securityBits(size, parameters);
  if (!(bits >= target))
    throw refuse(`the soundness error is 2^-${bits.toFixed(2)}, more than 2^-${target}: ${worst(size, parameters)}`);
}

/** The largest term, in words. */
function worst(size: ProtocolSize, parameters: ProofParameters): string {
  const terms = [...soundnessTerms(size, parameters)].sort(([, a], [, b]) => b - a);
  const [name, bits] = terms[0]!;
  return `the largest part is the term "${name}", 2^${bits.toFixed(2)}`;
}
