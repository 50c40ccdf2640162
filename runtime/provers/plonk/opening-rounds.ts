// Pieces of an opening that its two stages share: parameters, rounds of a product sumcheck, positions, vectors of a `Vectors`.
import type { Code } from './commitment.ts';
import { EXT, type Ext } from './field.ts';
import type { ProverChannel, Transcript } from './transcript.ts';
import type { Vectors } from './vectors.ts';

/** How many positions of a code are opened. */
export interface Queried extends Code {
  readonly queries: number;
}

/** Parameters of an opening, part of the verification key. */
export interface OpeningParameters {
  /** Code of every commitment. */
  readonly code: Queried;
  /** Code of the combined row's own commitment, of shorter messages; absent where that row is sent in clear. */
  readonly tail?: Queried | undefined;
  /** Bits of the proof of work before each draw of positions. */
  readonly powBits: number;
}

/**
 * Rounds over the most significant index bits of sum a y: both K-vectors with these bits bound, in the memory of those given,
 * and the point.
 */
export function proveRounds(
  v: Vectors,
  channel: ProverChannel,
  label: string,
  vectors: readonly [Uint32Array, Uint32Array],
  rounds: number,
): { readonly a: Uint32Array; readonly y: Uint32Array; readonly point: readonly Ext[] } {
  let [a, y] = vectors;
  const point: Ext[] = [];
  const bind = (x: Uint32Array): Uint32Array => x.subarray(0, x.length / 2);
  for (let round = 0; round < rounds; round++) {
    const z = point.at(-1);
    channel.send(`${label}.round`, z === undefined ? v.productRound(a, y) : v.productStep(a, y, z));
    if (z !== undefined) [a, y] = [bind(a), bind(y)];
    point.push(channel.challenge(`${label}.point`));
  }
  const last = point.at(-1);
  if (last !== undefined) [a, y] = [v.foldInPlace(a, last), v.foldInPlace(y, last)];
  return { a, y, point };
}

/** Positions of a code, drawn directly after a proof of work over everything before it (PROVER-RULES.md, rule 1). */
export function drawPositions(channel: Transcript, label: string, code: Queried, powBits: number): number[] {
  channel.pow(`${label}.pow`, powBits);
  return channel.positions(`${label}.positions`, 2 ** code.logCode, code.queries);
}

/** A K-vector as columns of base words, column-major: columns of 2^logMessage elements, the four words of each apart. */
export function limbs(v: Vectors, x: Uint32Array, logMessage: number): Uint32Array {
  const length = 2 ** logMessage;
  const out = v.alloc(x.length);
  for (let i = 0; i < x.length / EXT; i++) {
    const at = Math.floor(i / length) * EXT * length + (i % length);
    for (let k = 0; k < EXT; k++) out[at + k * length] = x[EXT * i + k]!;
  }
  return out;
}

/** Element i of a K-vector. */
export function elementAt(x: Uint32Array, i: number): Ext {
  const k = EXT * i;
  return [x[k]!, x[k + 1]!, x[k + 2]!, x[k + 3]!];
}

/** Runs a step and gives back what it allocated, whether it returns or throws. */
export function scoped(v: Vectors, step: () => void): void {
  const mark = v.mark();
  try {
    step();
  } finally {
    v.release(mark);
  }
}
