// 128-bit vector instructions of the emitter: names and numbers of the WebAssembly core specification 2.0 (section 5.4.8).
import { type Statement, unsigned, type Value, value } from './emitter.ts';

type Vector = Value<'v128'>;
type Address = Value<'i32'>;

const opcode = (number: number): number[] => [0xfd, ...unsigned(number)];

function load(number: number) {
  return (address: Address, offset = 0): Vector => value('v128', address.code, opcode(number), 0, unsigned(offset));
}

function binary(number: number) {
  return (a: Vector, b: Vector): Vector => value('v128', a.code, b.code, opcode(number));
}

/** Shifts of all lanes by one count. */
function shift(number: number) {
  return (a: Vector, bits: number): Vector => value('v128', a.code, 0x41, unsigned(bits), opcode(number));
}

const words = (lanes: readonly number[]): number[] =>
  lanes.flatMap((n) => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, (n >>> 24) & 255]);

/** Lanes `first` to `first + 3` of 16 bits of both vectors in turn. */
function interleave16(first: number) {
  const bytes = [0, 1, 2, 3].flatMap((i) => [0, 16].flatMap((of) => [0, 1].map((byte) => of + 2 * (first + i) + byte)));
  return (a: Vector, b: Vector): Vector => value('v128', a.code, b.code, opcode(13), bytes);
}

/** Whole vectors. */
export const v128 = {
  load: load(0),
  /** One word in all four lanes. */
  load32Splat: load(9),
  /** One word in lane 0, zero elsewhere. */
  load32Zero: load(92),
  store: (address: Address, stored: Vector, offset = 0): Statement => ({
    statement: [address.code, stored.code, opcode(11), 0, unsigned(offset)],
  }),
  /** Four words, lane 0 first. */
  const: (a: number, b: number, c: number, d: number): Vector => value('v128', opcode(12), words([a, b, c, d])),
  and: binary(78),
  or: binary(80),
  xor: binary(81),
  /** Bytes of `a` in the order that `order` (16 numbers below 16) gives. */
  swizzle: (a: Vector, order: readonly number[]): Vector => value('v128', a.code, opcode(12), [...order], opcode(14)),
  /** Words of `a` (0 to 3) and `b` (4 to 7) by number. */
  shuffle: (a: Vector, b: Vector, lanes: readonly [number, number, number, number]): Vector =>
    value(
      'v128',
      a.code,
      b.code,
      opcode(13),
      lanes.flatMap((l) => [4 * l, 4 * l + 1, 4 * l + 2, 4 * l + 3]),
    ),
  /** a0 b0 a1 b1 a2 b2 a3 b3, in lanes of 16 bits. */
  interleaveLow16: interleave16(0),
  /** a4 b4 a5 b5 a6 b6 a7 b7, in lanes of 16 bits. */
  interleaveHigh16: interleave16(4),
} as const;

/** Four lanes of 32 bits. */
export const i32x4 = {
  splat: (a: Value<'i32'>): Vector => value('v128', a.code, opcode(17)),
  extract: (a: Vector, lane: number): Value<'i32'> => value('i32', a.code, opcode(27), lane),
  eq: binary(55),
  /** Bit i: the sign of lane i. */
  bitmask: (a: Vector): Value<'i32'> => value('i32', a.code, opcode(164)),
  add: binary(174),
  sub: binary(177),
  mul: binary(181),
  /** a(2i) b(2i) + a(2i + 1) b(2i + 1) of signed lanes of 16 bits, modulo 2^32. */
  dot16: binary(186),
  minU: binary(183),
  shl: shift(171),
  shrU: shift(173),
} as const;

/** Eight lanes of 16 bits. */
export const i16x8 = {
  minS: binary(150),
  maxS: binary(152),
} as const;

/** Two lanes of 64 bits. */
export const i64x2 = {
  extract: (a: Vector, lane: number): Value<'i64'> => value('i64', a.code, opcode(29), lane),
  add: binary(206),
  sub: binary(209),
  shl: shift(203),
  shrU: shift(205),
  /** Products of the words in lanes 0 and 1, without sign. */
  productsLow: binary(222),
  /** Products of the words in lanes 2 and 3, without sign. */
  productsHigh: binary(223),
} as const;
