// `Vectors` on WebAssembly kernels: 128-bit vectors, one shared memory.
import { keyOfBytes } from '../blake3.ts';
import { EXT, type Ext, isZero } from '../field.ts';
import { HASH_BYTES } from '../merkle.ts';
import { plainVectors } from '../plain-vectors.ts';
import type { Vectors } from '../vectors.ts';
import { type Arena, createArena, MAXIMUM_PAGES } from './arena.ts';
import { createEncoder, MIN_LOG_MESSAGE } from './encoder.ts';
import { instantiateKernel, kernelModule, LAYOUT } from './kernel.ts';
import { createNonceSearch } from './nonce-search.ts';

const WORD = 4;
const ELEMENT = WORD * EXT;
/** The kernel hashes so many rows at a time. */
const HASHES = 4;

export interface WasmVectorsOptions {
  /** Most memory, at most 4 GiB (the default). */
  readonly maximumBytes?: number;
}

/** Vectors on kernels, and the search for proofs of work, which is a matter of hashing too. */
export interface WasmVectors extends Vectors {
  /** The smallest nonce whose work with the seed has so many bits, at most 32: see proof-of-work.ts. */
  readonly findNonce: (seed: Uint8Array, bits: number) => number;
}

/**
 * Vectors in a memory of their own. Operations throw RangeError for arrays of another memory and when the memory's
 * maximum is reached.
 */
export function wasmVectors(options: WasmVectorsOptions = {}): WasmVectors {
  const arena = createArena(LAYOUT.heap, options.maximumBytes ?? MAXIMUM_PAGES * 65536);
  const kernel = instantiateKernel(kernelModule(), arena.memory);
  const encoder = createEncoder(kernel, arena);
  const plain = plainVectors();
  const factorWords = arena.words(LAYOUT.factor, EXT);
  const resultWords = arena.words(LAYOUT.result, 2 * EXT);
  const { addressOf } = arena;

  const setFactor = (z: Ext): void => factorWords.set(z);
  const result = (i: 0 | 1): Ext => {
    const k = EXT * i;
    return [resultWords[k]!, resultWords[k + 1]!, resultWords[k + 2]!, resultWords[k + 3]!];
  };
  const newWords = (count: number): Uint32Array => arena.words(arena.allocate(WORD * count), count);

  return {
    findNonce: createNonceSearch(kernel, arena),
    alloc: (words) => arena.words(arena.allocateZeroed(WORD * words), words),
    mark: arena.mark,
    release: arena.release,
    eq: (point, factor) => {
      const out = newWords(EXT * 2 ** point.length);
      out.set(factor);
      point.toReversed().forEach((z, i) => {
        setFactor(z);
        kernel.eqStep(addressOf(out), ELEMENT * 2 ** i, LAYOUT.factor);
      });
      return out;
    },
    fold: (x, z) => {
      const out = newWords(x.length / 2);
      setFactor(z);
      kernel.fold(addressOf(out), addressOf(x), out.byteLength, LAYOUT.factor);
      return out;
    },
    foldBase: (x, z) => {
      const half = x.length / 2;
      const out = newWords(EXT * half);
      setFactor(z);
      kernel.foldBase(addressOf(out), addressOf(x), WORD * half, LAYOUT.factor);
      return out;
    },
    sumHalves: (x) => {
      const out = newWords(x.length / 2);
      kernel.sumHalves(addressOf(out), addressOf(x), out.byteLength);
      return out;
    },
    dotBase: (a, b) => {
      sameCount(a.length / EXT, b.length);
      kernel.dotBase(LAYOUT.result, addressOf(a), addressOf(b), b.byteLength);
      return result(0);
    },
    dot: (a, b) => {
      sameCount(a.length, b.length);
      kernel.dot(LAYOUT.result, addressOf(a), addressOf(b), a.byteLength);
      return result(0);
    },
    addScaled: (into, a, k) => {
      sameCount(into.length, a.length);
      setFactor(k);
      kernel.addScaled(addressOf(into), addressOf(a), a.byteLength, LAYOUT.factor);
    },
    addScaledBase: (into, a, k) => {
      sameCount(into.length / EXT, a.length);
      setFactor(k);
      kernel.addScaledBase(addressOf(into), addressOf(a), a.byteLength, LAYOUT.factor);
    },
    productRound: (a, b) => {
      sameCount(a.length, b.length);
      kernel.productRound(LAYOUT.result, addressOf(a), addressOf(b), a.byteLength / 2);
      return [result(0), result(1)];
    },
    fractionLayer: (p, q) => {
      sameCount(p.length, q.length);
      const out = { p: newWords(p.length / 2), q: newWords(p.length / 2) };
      kernel.fractionLayer(addressOf(out.p), addressOf(out.q), addressOf(p), addressOf(q), out.p.byteLength);
      return out;
    },
    unzip: (x) => {
      const [even, odd] = [newWords(x.length / 2), newWords(x.length / 2)];
      kernel.unzip(addressOf(even), addressOf(odd), addressOf(x), even.byteLength);
      return [even, odd];
    },
    fractionRound: (e, p0, p1, q0, q1, lambda) => {
      for (const x of [p0, p1, q0, q1]) sameCount(2 * e.length, x.length);
      const addresses = [e, p0, p1, q0, q1].map(addressOf);
      setFactor(lambda);
      const round = isZero(lambda) ? kernel.fractionRoundPlain : kernel.fractionRound;
      round(LAYOUT.result, ...addresses, e.byteLength, LAYOUT.factor);
      return [result(0), result(1)];
    },
    encode: (columns, logMessage, logCode) => {
      const width = columns.length / 2 ** logMessage;
      const rows = newWords(width * 2 ** logCode);
      if (logMessage < MIN_LOG_MESSAGE) rows.set(plain.encode(columns, logMessage, logCode));
      else encoder.encode(addressOf(columns), addressOf(rows), width, logMessage, logCode);
      return rows;
    },
    hashRows: (rows, width, tree) => {
      const count = rows.length / width;
      if (count % HASHES !== 0) return kept(arena, plain.hashRows(rows, width, tree));
      return hash(addressOf(rows), WORD * width, count, keyOfBytes(tree));
    },
    hashPairs: (nodes, tree, level) => {
      const count = nodes.length / HASH_BYTES / 2;
      if (count % HASHES !== 0) return kept(arena, plain.hashPairs(nodes, tree, level));
      const key = keyOfBytes(tree);
      key[6]! ^= level;
      // The two hashes are a row of one block: an index in word 7 is all that is left to change.
      return hash(addressOf(nodes), 2 * HASH_BYTES, count, key);
    },
  };

  function hash(rows: number, rowBytes: number, count: number, key: Int32Array): Uint8Array {
    const out = arena.allocate(HASH_BYTES * count);
    arena.words(LAYOUT.hash, key.length).set(key);
    kernel.hashRows(out, rows, rowBytes, 0, count, LAYOUT.hash);
    return arena.bytes(out, HASH_BYTES * count);
  }
}

/** Bytes in the arena. */
function kept(arena: Arena, bytes: Uint8Array): Uint8Array {
  const out = arena.bytes(arena.allocate(bytes.length), bytes.length);
  out.set(bytes);
  return out;
}

function sameCount(a: number, b: number): void {
  if (a !== b) throw new RangeError(`vectors of ${a} and ${b} elements do not belong together`);
}
