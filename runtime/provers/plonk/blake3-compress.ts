// BLAKE3's compression function (specification, section 2.2), written out on local variables: it is most of a verifier's work.

/** Initial words (those of SHA-256), also the key of an unkeyed hash. */
export const IV: Int32Array = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

/** Flags of a compression. */
export const FLAG = { chunkStart: 1, chunkEnd: 2, parent: 4, root: 8, keyed: 16 } as const;

const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8] as const;

/** Index of the message word for each of the 16 uses in each of the 7 rounds. */
const SCHEDULE = ((): Uint8Array => {
  let order: readonly number[] = PERMUTATION.map((_, i) => i);
  const rounds: number[] = [];
  for (let round = 0; round < 7; round++) {
    rounds.push(...order);
    order = PERMUTATION.map((from) => order[from]!);
  }
  return Uint8Array.from(rounds);
})();

/**
 * One compression: the first 8 words of its result into `out`, which may be `chaining`.
 *
 * @param chaining 8 words: the key, or the result for the block before.
 * @param block 16 words, zero after the message.
 * @param counter Number of the chunk (below 2^32), 0 for a parent.
 * @param length Bytes of the message in this block.
 */
export function compress(
  chaining: Int32Array,
  block: Int32Array,
  counter: number,
  length: number,
  flags: number,
  out: Int32Array,
): void {
  let s0 = chaining[0]!;
  let s1 = chaining[1]!;
  let s2 = chaining[2]!;
  let s3 = chaining[3]!;
  let s4 = chaining[4]!;
  let s5 = chaining[5]!;
  let s6 = chaining[6]!;
  let s7 = chaining[7]!;
  let s8 = IV[0]!;
  let s9 = IV[1]!;
  let s10 = IV[2]!;
  let s11 = IV[3]!;
  let s12 = counter | 0;
  let s13 = 0;
  let s14 = length | 0;
  let s15 = flags | 0;
  for (let r = 0; r < 112; r += 16) {
    // Columns.
    s0 = (s0 + s4 + block[SCHEDULE[r + 0]!]!) | 0;
    s12 ^= s0;
    s12 = (s12 >>> 16) | (s12 << 16);
    s8 = (s8 + s12) | 0;
    s4 ^= s8;
    s4 = (s4 >>> 12) | (s4 << 20);
    s0 = (s0 + s4 + block[SCHEDULE[r + 1]!]!) | 0;
    s12 ^= s0;
    s12 = (s12 >>> 8) | (s12 << 24);
    s8 = (s8 + s12) | 0;
    s4 ^= s8;
    s4 = (s4 >>> 7) | (s4 << 25);
    s1 = (s1 + s5 + block[SCHEDULE[r + 2]!]!) | 0;
    s13 ^= s1;
    s13 = (s13 >>> 16) | (s13 << 16);
    s9 = (s9 + s13) | 0;
    s5 ^= s9;
    s5 = (s5 >>> 12) | (s5 << 20);
    s1 = (s1 + s5 + block[SCHEDULE[r + 3]!]!) | 0;
    s13 ^= s1;
    s13 = (s13 >>> 8) | (s13 << 24);
    s9 = (s9 + s13) | 0;
    s5 ^= s9;
    s5 = (s5 >>> 7) | (s5 << 25);
    s2 = (s2 + s6 + block[SCHEDULE[r + 4]!]!) | 0;
    s14 ^= s2;
    s14 = (s14 >>> 16) | (s14 << 16);
    s10 = (s10 + s14) | 0;
    s6 ^= s10;
    s6 = (s6 >>> 12) | (s6 << 20);
    s2 = (s2 + s6 + block[SCHEDULE[r + 5]!]!) | 0;
    s14 ^= s2;
    s14 = (s14 >>> 8) | (s14 << 24);
    s10 = (s10 + s14) | 0;
    s6 ^= s10;
    s6 = (s6 >>> 7) | (s6 << 25);
    s3 = (s3 + s7 + block[SCHEDULE[r + 6]!]!) | 0;
    s15 ^= s3;
    s15 = (s15 >>> 16) | (s15 << 16);
    s11 = (s11 + s15) | 0;
    s7 ^= s11;
    s7 = (s7 >>> 12) | (s7 << 20);
    s3 = (s3 + s7 + block[SCHEDULE[r + 7]!]!) | 0;
    s15 ^= s3;
    s15 = (s15 >>> 8) | (s15 << 24);
    s11 = (s11 + s15) | 0;
    s7 ^= s11;
    s7 = (s7 >>> 7) | (s7 << 25);
    // Diagonals.
    s0 = (s0 + s5 + block[SCHEDULE[r + 8]!]!) | 0;
    s15 ^= s0;
    s15 = (s15 >>> 16) | (s15 << 16);
    s10 = (s10 + s15) | 0;
    s5 ^= s10;
    s5 = (s5 >>> 12) | (s5 << 20);
    s0 = (s0 + s5 + block[SCHEDULE[r + 9]!]!) | 0;
    s15 ^= s0;
    s15 = (s15 >>> 8) | (s15 << 24);
    s10 = (s10 + s15) | 0;
    s5 ^= s10;
    s5 = (s5 >>> 7) | (s5 << 25);
    s1 = (s1 + s6 + block[SCHEDULE[r + 10]!]!) | 0;
    s12 ^= s1;
    s12 = (s12 >>> 16) | (s12 << 16);
    s11 = (s11 + s12) | 0;
    s6 ^= s11;
    s6 = (s6 >>> 12) | (s6 << 20);
    s1 = (s1 + s6 + block[SCHEDULE[r + 11]!]!) | 0;
    s12 ^= s1;
    s12 = (s12 >>> 8) | (s12 << 24);
    s11 = (s11 + s12) | 0;
    s6 ^= s11;
    s6 = (s6 >>> 7) | (s6 << 25);
    s2 = (s2 + s7 + block[SCHEDULE[r + 12]!]!) | 0;
    s13 ^= s2;
    s13 = (s13 >>> 16) | (s13 << 16);
    s8 = (s8 + s13) | 0;
    s7 ^= s8;
    s7 = (s7 >>> 12) | (s7 << 20);
    s2 = (s2 + s7 + block[SCHEDULE[r + 13]!]!) | 0;
    s13 ^= s2;
    s13 = (s13 >>> 8) | (s13 << 24);
    s8 = (s8 + s13) | 0;
    s7 ^= s8;
    s7 = (s7 >>> 7) | (s7 << 25);
    s3 = (s3 + s4 + block[SCHEDULE[r + 14]!]!) | 0;
    s14 ^= s3;
    s14 = (s14 >>> 16) | (s14 << 16);
    s9 = (s9 + s14) | 0;
    s4 ^= s9;
    s4 = (s4 >>> 12) | (s4 << 20);
    s3 = (s3 + s4 + block[SCHEDULE[r + 15]!]!) | 0;
    s14 ^= s3;
    s14 = (s14 >>> 8) | (s14 << 24);
    s9 = (s9 + s14) | 0;
    s4 ^= s9;
    s4 = (s4 >>> 7) | (s4 << 25);
  }
  out[0] = s0 ^ s8;
  out[1] = s1 ^ s9;
  out[2] = s2 ^ s10;
  out[3] = s3 ^ s11;
  out[4] = s4 ^ s12;
  out[5] = s5 ^ s13;
  out[6] = s6 ^ s14;
  out[7] = s7 ^ s15;
}
