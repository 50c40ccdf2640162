// The twin's transcript: the only way to the parts of a proof, over BLAKE3 as docs/protocol.md writes it down.
import { blake3 } from '@noble/hashes/blake3.js';
import { type Element, PRIME } from './field.ts';

/** A check of the twin fails; anything else that it throws is a fault of the twin. */
export class TwinRefusal extends Error {}

/** @throws TwinRefusal naming the check, unless it holds. */
export function require(holds: boolean, check: string): asserts holds {
  if (!holds) throw new TwinRefusal(`twin: ${check}`);
}

/** Bytes of a hash. */
export const HASH = 32;

/** What a verifier does with a proof, in order. */
export interface Reader {
  absorb(label: string, data: Uint8Array): void;
  hashes(label: string, count: number): Uint8Array;
  words(label: string, count: number): bigint[];
  elements(label: string, count: number): Element[];
  chain(steps: number): void;
  challenge(label: string): Element;
  challenges(label: string, count: number): Element[];
  pow(label: string, bits: number): void;
  /** Distinct numbers below n, ascending. */
  positions(label: string, n: number, count: number): number[];
  end(): void;
}

const text = (s: string): Uint8Array => new TextEncoder().encode(s);

/** One byte string. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** A number in so many bytes, little-endian. */
export function littleEndian(x: bigint | number, bytes: number): Uint8Array {
  const value = BigInt.asUintN(8 * bytes, BigInt(x));
  return Uint8Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

/** 32-bit words of bytes, little-endian. */
function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

const KIND = { start: 1, absorb: 2, link: 3, chain: 4, draw: 5, block: 6 };
const NOTHING = new Uint8Array(0);

function step(kind: number, state: Uint8Array, label: string, data: Uint8Array): Uint8Array {
  const name = text(label);
  return blake3(
    join(littleEndian(kind, 4), state, littleEndian(name.length, 4), name, littleEndian(data.length, 8), data),
  );
}

/** Opens a proof. Lengths come from the caller, never from the proof. */
export function readProof(protocol: string, proof: Uint8Array): Reader {
  let state = step(KIND.start, new Uint8Array(HASH), protocol, NOTHING);
  let at = 0;

  const absorb = (label: string, data: Uint8Array): void => {
    state = step(KIND.absorb, state, label, data);
  };
  const take = (label: string, length: number): Uint8Array => {
    require(at + length <= proof.length, `the proof ends inside ${label}`);
    const data = proof.slice(at, at + length);
    at += length;
    absorb(label, data);
    return data;
  };
  const words = (label: string, count: number): bigint[] =>
    wordsOf(take(label, 4 * count)).map((word) => {
      require(word < PRIME, `${label}: a word is not canonical`);
      return BigInt(word);
    });
  /** Numbers of 31 bits, without end. The state changes even if none is taken. */
  const draw = (label: string): (() => number) => {
    state = step(KIND.draw, state, label, NOTHING);
    const seed = state;
    const words: number[] = [];
    let block = 0;
    return () => {
      if (words.length === 0) words.push(...wordsOf(step(KIND.block, seed, '', littleEndian(block++, 4))));
      return words.shift()! % 2 ** 31;
    };
  };
  const challenges = (label: string, count: number): Element[] => {
    const source = draw(label);
    const coefficient = (): bigint => {
      for (;;) {
        const word = source();
        if (word < PRIME) return BigInt(word);
      }
    };
    return Array.from({ length: count }, (): Element => [coefficient(), coefficient(), coefficient(), coefficient()]);
  };

  return {
    absorb,
    hashes: (label, count) => take(label, HASH * count),
    words,
    elements(label, count) {
      const all = words(label, 4 * count);
      return Array.from(
        { length: count },
        (_, i): Element => [all[4 * i]!, all[4 * i + 1]!, all[4 * i + 2]!, all[4 * i + 3]!],
      );
    },
    chain(steps) {
      let link = state;
      for (let i = 0; i < steps; i++) link = step(KIND.link, link, '', NOTHING);
      state = step(KIND.chain, state, 'chain', link);
    },
    challenge: (label) => challenges(label, 1)[0]!,
    challenges,
    pow(label, bits) {
      absorb(`${label}.bits`, Uint8Array.of(bits));
      const seed = state;
      const nonce = take(label, 8);
      const [first] = wordsOf(blake3(join(seed, text('work'), nonce)));
      require(first! % 2 ** bits === 0, `${label}: no work was done`);
    },
    positions(label, n, count) {
      require(count <= n, `${label}: ${count} positions of ${n}`);
      const found = new Set<number>();
      const source = draw(label);
      while (found.size < count) found.add(source() % n);
      return [...found].sort((a, b) => a - b);
    },
    end: () => require(at === proof.length, `${proof.length - at} bytes follow the proof`),
  };
}
