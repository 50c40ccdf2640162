// `Vectors` on WebAssembly kernels: 128-bit vectors, one shared memory, one or more threads.
import { keyOfBytes } from '../blake3.ts';
import { add, EXT, type Ext, ZERO } from '../field.ts';
import { HASH_BYTES } from '../merkle.ts';
import { plainVectors } from '../plain-vectors.ts';
import type { Vectors } from '../vectors.ts';
import { type Arena, createArena, MAXIMUM_PAGES } from './arena.ts';
import { HASH_SCRATCH_BYTES } from './blake3-code.ts';
import { createEncoder, MIN_LOG_MESSAGE } from './encoder.ts';
import { PIECE_CELLS, PIECES } from './fold-code.ts';
import { createFractionOperations, type KernelCalls } from './fraction-vectors.ts';
import { instantiateKernel, kernelModule, LAYOUT, MAX_PARTS, MAX_THREADS } from './kernel.ts';
import { createNonceSearch } from './nonce-search.ts';
import { createRowFold } from './row-fold.ts';
import { createThreads, type Task } from './threads.ts';

const WORD = 4;
const ELEMENT = WORD * EXT;
/** The kernel hashes so many rows at a time. */
const HASHES = 4;
/** Results of a part: two elements. */
const RESULT_BYTES = 2 * ELEMENT;
/** Elements that a thread should have to work on: ten microseconds or more. */
const PART_ELEMENTS = 2048;
/** Compressions of four blocks that a thread should have to work on. */
const PART_COMPRESSIONS = 128;

export interface WasmVectorsOptions {
  /** Most memory, at most 4 GiB (the default). */
  readonly maximumBytes?: number;
  /** Threads at work, 1 (the default) to 8; the caller's is one of them. */
  readonly threads?: number;
}

/** Vectors on kernels, and the search for proofs of work, which is a matter of hashing too. */
export interface WasmVectors extends Vectors {
  /** The smallest nonce whose work with the seed has so many bits, at most 32: see proof-of-work.ts. */
  readonly findNonce: (seed: Uint8Array, bits: number) => number;
  /** Threads that are there by now: those asked for start in the background. */
  readonly present: () => number;
  /** Ends the other threads; nothing may be asked of these vectors afterwards. */
  readonly close: () => void;
}

/**
 * Vectors in a memory of their own. Operations throw RangeError for arrays of another memory, for lengths that do not
 * belong together and when the memory's maximum is reached.
 */
export function wasmVectors(options: WasmVectorsOptions = {}): WasmVectors {
  const { maximumBytes = MAXIMUM_PAGES * 65536, threads: count = 1 } = options;
  if (!Number.isInteger(count) || count < 1 || count > MAX_THREADS)
    throw new RangeError(`${count} threads: there may be 1 to ${MAX_THREADS}`);
  const arena = createArena(LAYOUT.heap, maximumBytes);
  const kernel = instantiateKernel(kernelModule(), arena.memory);
  const threads = createThreads(kernelModule(), arena.memory, kernel, count);
  const encoder = createEncoder(kernel, arena, threads);
  const plain = plainVectors();
  const factorWords = arena.words(LAYOUT.factor, 2 * EXT);
  const resultWords = arena.words(LAYOUT.results, 2 * EXT * MAX_PARTS);
  const { addressOf } = arena;

  const setFactors = (first: Ext, second = ZERO): void => {
    for (let k = 0; k < EXT; k++) {
      factorWords[k] = first[k]!;
      factorWords[EXT + k] = second[k]!;
    }
  };
  const newWords = (length: number): Uint32Array => arena.words(arena.allocate(WORD * length), length);

  const spread: KernelCalls['spread'] = (name, elements, values, weight = 1) => {
    const most = Math.min(elements, Math.floor((elements * weight) / PART_ELEMENTS));
    if (count === 1 || most < 2) {
      kernel[name](...values(0, elements, LAYOUT.results));
      return 1;
    }
    const parts = Math.min(most, MAX_PARTS);
    const each = Math.ceil(elements / parts);
    const tasks: Task[] = [];
    for (let first = 0; first < elements; first += each) {
      const result = LAYOUT.results + RESULT_BYTES * tasks.length;
      tasks.push([{ name, values: values(first, Math.min(each, elements - first), result) }]);
    }
    threads.run(tasks);
    return tasks.length;
  };

  const total: KernelCalls['total'] = (parts, which) => {
    let sum = ZERO;
    for (let k = EXT * which; k < 2 * EXT * parts; k += 2 * EXT)
      sum = add(sum, [resultWords[k]!, resultWords[k + 1]!, resultWords[k + 2]!, resultWords[k + 3]!]);
    return sum;
  };

  const hash = (rows: number, rowBytes: number, length: number, key: Int32Array): Uint8Array => {
    const out = arena.allocate(HASH_BYTES * length);
    const spaces = { address: LAYOUT.hash, stride: HASH_SCRATCH_BYTES };
    for (let thread = 0; thread < count; thread++)
      arena.words(spaces.address + thread * spaces.stride, key.length).set(key);
    const compressions = (length / HASHES) * Math.ceil(rowBytes / 64);
    const parts = count === 1 ? 1 : Math.max(1, Math.min(MAX_PARTS, Math.floor(compressions / PART_COMPRESSIONS)));
    const each = HASHES * Math.ceil(length / HASHES / parts);
    const tasks: Task[] = [];
    for (let first = 0; first < length; first += each) {
      const values = [out, rows, rowBytes, first, Math.min(first + each, length), 0];
      tasks.push([{ name: 'hashRows', values, relative: 0b100000 }]);
    }
    threads.run(tasks, spaces);
    return arena.bytes(out, HASH_BYTES * length);
  };

  return {
    present: threads.present,
    close: threads.close,
    findNonce: createNonceSearch(arena, threads),
    alloc: (words) => arena.words(arena.allocateZeroed(WORD * words), words),
    held: (words) => {
      if (arena.has(words)) return words;
      const out = newWords(words.length);
      out.set(words);
      return out;
    },
    mark: arena.mark,
    release: arena.release,
    eq: (point, factor) => {
      const out = newWords(EXT * 2 ** point.length);
      const at = addressOf(out);
      out.set(factor);
      point.toReversed().forEach((z, i) => {
        const half = 2 ** i;
        setFactors(z);
        spread('eqStep', half, (first, n) => [at + ELEMENT * first, ELEMENT * n, ELEMENT * half, LAYOUT.factor]);
      });
      return out;
    },
    foldInPlace: (x, z) => {
      const at = addressOf(x);
      const half = x.length / EXT / 2;
      setFactors(z);
      spread('fold', half, (first, n) => {
        return [at + ELEMENT * first, ELEMENT * n, ELEMENT * half, LAYOUT.factor];
      });
      return x.subarray(0, EXT * half);
    },
    dotBase: (a, b) => {
      sameCount(a.length / EXT, b.length);
      const [x, y] = [addressOf(a), addressOf(b)];
      const parts = spread('dotBase', b.length, (first, n, result) => {
        return [result, x + ELEMENT * first, y + WORD * first, WORD * n];
      });
      return total(parts, 0);
    },
    dot: (a, b) => {
      sameCount(a.length, b.length);
      const [x, y] = [addressOf(a), addressOf(b)];
      const parts = spread('dot', a.length / EXT, (first, n, result) => {
        return [result, x + ELEMENT * first, y + ELEMENT * first, ELEMENT * n];
      });
      return total(parts, 0);
    },
    addScaled: (into, a, k) => {
      sameCount(into.length, a.length);
      const [to, from] = [addressOf(into), addressOf(a)];
      setFactors(k);
      spread('addScaled', a.length / EXT, (first, n) => {
        return [to + ELEMENT * first, from + ELEMENT * first, ELEMENT * n, LAYOUT.factor];
      });
    },
    addScaledBase: (into, a, k) => {
      sameCount(into.length / EXT, a.length);
      const [to, from] = [addressOf(into), addressOf(a)];
      setFactors(k);
      spread('addScaledBase', a.length, (first, n) => {
        return [to + ELEMENT * first, from + WORD * first, WORD * n, LAYOUT.factor];
      });
    },
    addOuter: (into, a, b) => {
      const [rows, row] = [a.length / EXT, b.length / EXT];
      sameCount(into.length / EXT, rows * row);
      const [to, x, y] = [into, a, b].map(addressOf);
      const rowBytes = ELEMENT * row;
      // Parts are rows or, where these are fewer, pieces of all rows; the shorter vector gives the factors.
      if (row === 1)
        spread('addMultiples', rows, (first, n) => {
          const skip = ELEMENT * first;
          return [to! + skip, y!, x! + skip, ELEMENT, ELEMENT * n, 0, 0];
        });
      else if (rows < row)
        spread(
          'addMultiples',
          row,
          (first, n) => {
            const skip = ELEMENT * first;
            return [to! + skip, x!, y! + skip, ELEMENT * rows, ELEMENT * n, rowBytes, 0];
          },
          rows,
        );
      else
        spread(
          'addMultiples',
          rows,
          (first, n) => {
            const start = to! + rowBytes * first;
            return [start, x! + ELEMENT * first, y!, ELEMENT * n, rowBytes, rowBytes, 0];
          },
          row,
        );
    },
    addRows: (into, rows, k) => {
      const [count, row] = [k.length / EXT, into.length / EXT];
      sameCount(rows.length / EXT, count * row);
      const [to, from, factors] = [into, rows, k].map(addressOf);
      spread(
        'addMultiples',
        row,
        (first, n) => {
          const skip = ELEMENT * first;
          return [to! + skip, factors!, from! + skip, ELEMENT * count, ELEMENT * n, 0, ELEMENT * row];
        },
        count,
      );
    },
    foldRows: createRowFold(arena, threads),
    dotPieces: (x, weights) => {
      const piece = weights.length / EXT;
      if (x.length % piece !== 0) throw new RangeError(`${x.length} words are not pieces of ${piece}`);
      const pieces = x.length / piece;
      if (piece % PIECE_CELLS !== 0 || pieces % PIECES !== 0) return kept(arena, plain.dotPieces(x, weights));
      const out = newWords(EXT * pieces);
      const [to, from, factors] = [out, x, weights].map(addressOf);
      spread(
        'dotPieces',
        pieces / PIECES,
        (first, n) => [
          to! + ELEMENT * PIECES * first,
          from! + WORD * PIECES * piece * first,
          WORD * PIECES * piece * n,
          factors!,
          WORD * piece,
        ],
        PIECES * piece,
      );
      return out;
    },
    productRound: (a, b) => {
      sameCount(a.length, b.length);
      const half = a.length / EXT / 2;
      const [x, y] = [addressOf(a), addressOf(b)];
      const parts = spread('productRound', half, (first, n, result) => {
        const skip = ELEMENT * first;
        return [result, x + skip, y + skip, ELEMENT * n, ELEMENT * half];
      });
      return [total(parts, 0), total(parts, 1)];
    },
    productStep: (a, b, z) => {
      sameCount(a.length, b.length);
      const quarter = a.length / EXT / 4;
      const [x, y] = [addressOf(a), addressOf(b)];
      setFactors(z);
      const parts = spread('productStep', quarter, (first, n, result) => {
        const skip = ELEMENT * first;
        return [result, x + skip, y + skip, ELEMENT * n, ELEMENT * quarter, LAYOUT.factor];
      });
      return [total(parts, 0), total(parts, 1)];
    },
    ...createFractionOperations({ newWords, addressOf, setFactors, spread, total }),
    encode: (columns, logMessage, logCode) => {
      const width = columns.length / 2 ** logMessage;
      const rows = newWords(width * 2 ** logCode);
      if (logMessage < MIN_LOG_MESSAGE) rows.set(plain.encode(columns, logMessage, logCode));
      else encoder.encode(addressOf(columns), addressOf(rows), width, logMessage, logCode);
      return rows;
    },
    hashRows: (rows, width, tree) => {
      const length = rows.length / width;
      if (length % HASHES !== 0) return keptBytes(arena, plain.hashRows(rows, width, tree));
      return hash(addressOf(rows), WORD * width, length, keyOfBytes(tree));
    },
    hashPairs: (nodes, tree, level) => {
      const length = nodes.length / HASH_BYTES / 2;
      if (length % HASHES !== 0) return keptBytes(arena, plain.hashPairs(nodes, tree, level));
      const key = keyOfBytes(tree);
      key[6]! ^= level;
      // The two hashes are a row of one block: an index in word 7 is all that is left to change.
      return hash(addressOf(nodes), 2 * HASH_BYTES, length, key);
    },
  };
}

/** Bytes in the arena. */
function keptBytes(arena: Arena, bytes: Uint8Array): Uint8Array {
  const out = arena.bytes(arena.allocate(bytes.length), bytes.length);
  out.set(bytes);
  return out;
}

/** Words in the arena. */
function kept(arena: Arena, words: Uint32Array): Uint32Array {
  const out = arena.words(arena.allocate(words.byteLength), words.length);
  out.set(words);
  return out;
}

function sameCount(a: number, b: number): void {
  if (a !== b) throw new RangeError(`vectors of ${a} and ${b} elements do not belong together`);
}
