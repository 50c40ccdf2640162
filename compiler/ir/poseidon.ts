// Poseidon over BN254's scalar field, and the commitment to a port's integers that R1CS, Circom and the runtime share.
//
// Grassi, Khovratovich, Rechberger, Roy, Schofnegger: "Poseidon: A New Hash Function for Zero-Knowledge Proof Systems"
// (USENIX Security 2021). S-box x^5, constants and matrix from the Grain LFSR of its appendix E, round numbers for 128 bits:
// the parameters that circomlib uses.
import { digest } from './digest.ts';
import { SCALAR_FIELD } from './iden3/scalar-field.ts';
import { cardinality, type Interval, showInterval, widthOf } from './interval.ts';
import { type Shape, sizeOf } from './tensor.ts';

const P = SCALAR_FIELD;
const FIELD_BITS = 254;
const FULL_ROUNDS = 8;
/** Partial rounds for widths 2, 3, ...: table 2 of the paper's reference code for x^5 and 128 bits. */
const PARTIAL_ROUNDS: readonly number[] = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];

/** One instance: `constants` holds `width` values per round; a round ends with state = matrix * state. */
export interface PoseidonParameters {
  readonly width: number;
  readonly fullRounds: number;
  readonly partialRounds: number;
  readonly constants: readonly bigint[];
  readonly matrix: readonly (readonly bigint[])[];
}

const cache = new Map<number, PoseidonParameters>();

/** Parameters for a state of `width` field elements. @throws RangeError for a width outside [2, 17]. */
export function poseidonParameters(width: number): PoseidonParameters {
  const partialRounds = PARTIAL_ROUNDS[width - 2];
  if (partialRounds === undefined) throw new RangeError(`poseidon: expected a width from 2 to 17, got ${width}`);
  const have = cache.get(width);
  if (have !== undefined) return have;
  const bits = grainBits(width, FULL_ROUNDS, partialRounds);
  const sample = (): bigint => {
    let x = 0n;
    for (let i = 0; i < FIELD_BITS; i++) x = (x << 1n) | BigInt(bits());
    return x;
  };
  const constants = Array.from({ length: (FULL_ROUNDS + partialRounds) * width }, () => {
    let x = sample();
    while (x >= P) x = sample();
    return x;
  });
  // A Cauchy matrix 1 / (x_i + y_j). The reference code draws again if values repeat, which no width does here.
  const xs = Array.from({ length: width }, () => sample() % P);
  const ys = Array.from({ length: width }, () => sample() % P);
  const matrix = xs.map((x) => ys.map((y) => invert((x + y) % P)));
  const made = { width, fullRounds: FULL_ROUNDS, partialRounds, constants, matrix };
  cache.set(width, made);
  return made;
}

/** The Grain LFSR in self-shrinking mode, seeded with the parameters of the instance. */
function grainBits(width: number, fullRounds: number, partialRounds: number): () => number {
  const bits: number[] = [];
  const seed = (value: number, length: number): void => {
    for (let i = length - 1; i >= 0; i--) bits.push((value >> i) & 1);
  };
  seed(1, 2); // prime field
  seed(0, 4); // S-box x^alpha
  seed(FIELD_BITS, 12);
  seed(width, 12);
  seed(fullRounds, 10);
  seed(partialRounds, 10);
  for (let i = 0; i < 30; i++) bits.push(1);
  // A window of 80 bits that slides over a buffer, moved back to the front when it reaches the end.
  const state = new Uint8Array(1 << 16);
  state.set(bits);
  let at = 0;
  const next = (): number => {
    if (at + 80 === state.length) {
      state.copyWithin(0, at);
      at = 0;
    }
    const bit = state[at + 62]! ^ state[at + 51]! ^ state[at + 38]! ^ state[at + 23]! ^ state[at + 13]! ^ state[at]!;
    state[at + 80] = bit;
    at++;
    return bit;
  };
  for (let i = 0; i < 160; i++) next();
  return () => {
    for (;;) {
      const keep = next();
      const bit = next();
      if (keep === 1) return bit;
    }
  };
}

/** Inverse modulo the scalar field (extended Euclid). @throws RangeError for 0. */
export function invert(x: bigint): bigint {
  let [a, b] = [((x % P) + P) % P, P];
  let [u, v] = [1n, 0n];
  if (a === 0n) throw new RangeError('invert: expected a value other than 0');
  while (a !== 1n) {
    const q = b / a;
    [a, b] = [b % a, a];
    [u, v] = [v - q * u, u];
  }
  return ((u % P) + P) % P;
}

/**
 * The permutation. `onSbox` sees the input of each S-box in order: the values that a constraint system needs.
 * @returns a new state, elements in [0, p).
 */
export function poseidonPermutation(state: readonly bigint[], onSbox?: (input: bigint) => void): bigint[] {
  const { width, fullRounds, partialRounds, constants, matrix } = poseidonParameters(state.length);
  const fifth = (x: bigint): bigint => {
    onSbox?.(x);
    const square = (x * x) % P;
    return (((square * square) % P) * x) % P;
  };
  let s = [...state];
  for (let round = 0; round < fullRounds + partialRounds; round++) {
    s = s.map((x, i) => (x + constants[round * width + i]!) % P);
    if (isFullRound(round, fullRounds, partialRounds)) s = s.map(fifth);
    else s[0] = fifth(s[0]!);
    const before = s;
    s = matrix.map((row) => row.reduce((sum, m, j) => sum + m * before[j]!, 0n) % P);
  }
  return s;
}

/** Full rounds come half before and half after the partial ones. */
export function isFullRound(round: number, fullRounds: number, partialRounds: number): boolean {
  return round < fullRounds / 2 || round >= fullRounds / 2 + partialRounds;
}

/** State width of port commitments: 8 elements are absorbed per permutation of 405 rows, the fewest rows per element among narrow states. */
export const COMMITMENT_WIDTH = 9;
/** Field elements absorbed per permutation. */
export const COMMITMENT_RATE = COMMITMENT_WIDTH - 1;
/** Bits packed into one field element. */
const PACKED_BITS = 248;

/** How a tensor of integers in `range` becomes field elements: value - lo in `bits` bits each, low first, row-major. */
export interface Packing {
  readonly lo: bigint;
  readonly bits: number;
  /** Integers per field element. */
  readonly perElement: number;
  /** Number of integers. */
  readonly count: number;
  /** Initial capacity element of the sponge: separates shapes and intervals. */
  readonly tag: bigint;
}

/** @throws RangeError for an interval of more than 248 bits. */
export function portPacking(shape: Shape, range: Interval): Packing {
  const bits = Math.max(1, widthOf(range));
  if (bits > PACKED_BITS) throw new RangeError(`commitment: ${cardinality(range)} values do not fit a field element`);
  const tag = digest('zkmlc/commitment', `${COMMITMENT_WIDTH}`, shape.join(','), showInterval(range));
  return {
    lo: range.lo,
    bits,
    perElement: Math.floor(PACKED_BITS / bits),
    count: sizeOf(shape),
    tag: BigInt(`0x${tag.slice(0, PACKED_BITS / 4)}`),
  };
}

/** Number of packed field elements. */
export function packedLength(p: Packing): number {
  return Math.ceil(p.count / p.perElement);
}

/** Number of permutations of a commitment: the blinding element and the packed ones, at least one. */
export function permutationsOf(p: Packing): number {
  return Math.ceil((1 + packedLength(p)) / COMMITMENT_RATE);
}

/** Field elements that hold the integers. @throws RangeError for another number of values or one outside the packing. */
export function packPort(values: ArrayLike<number | bigint>, p: Packing): bigint[] {
  if (values.length !== p.count) throw new RangeError(`commitment: expected ${p.count} values, got ${values.length}`);
  const packed: bigint[] = [];
  for (let at = 0; at < p.count; at += p.perElement) {
    let element = 0n;
    for (let i = Math.min(at + p.perElement, p.count) - 1; i >= at; i--) {
      const digit = BigInt(values[i]!) - p.lo;
      if (digit < 0n || digit >> BigInt(p.bits) !== 0n)
        throw new RangeError(`commitment: value ${i} (${values[i]}) is outside the port's interval`);
      element = (element << BigInt(p.bits)) | digit;
    }
    packed.push(element);
  }
  return packed;
}

/** The blocks that the sponge absorbs: the blinding element, the packed integers, zeros up to a full block. */
export function commitmentBlocks(packed: readonly bigint[], blinding: bigint): bigint[][] {
  const stream = [blinding, ...packed];
  const blocks: bigint[][] = [];
  for (let at = 0; at < stream.length; at += COMMITMENT_RATE)
    blocks.push(Array.from({ length: COMMITMENT_RATE }, (_, i) => stream[at + i] ?? 0n));
  return blocks;
}

/**
 * Commitment to the integers of a port: a sponge over the blinding element and the packed integers; the capacity starts at
 * the tag, so that the number of elements is fixed and zero padding is unambiguous. Binding by collision resistance, hiding
 * while `blinding` is a secret uniform field element.
 * @throws RangeError if the values do not fit the packing or `blinding` is not in [0, p).
 */
export function commitPort(values: ArrayLike<number | bigint>, packing: Packing, blinding: bigint): bigint {
  if (blinding < 0n || blinding >= P) throw new RangeError('commitment: the blinding element is not a field element');
  let state = [packing.tag, ...new Array<bigint>(COMMITMENT_RATE).fill(0n)];
  for (const block of commitmentBlocks(packPort(values, packing), blinding))
    state = poseidonPermutation(state.map((x, i) => (i === 0 ? x : (x + block[i - 1]!) % P)));
  return state[1]!;
}
