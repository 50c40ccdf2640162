// Emits BLAKE3 (specification, section 2), keyed, of four messages at a time: word i of four states is one vector.
import { type Callable, i32, type ModuleBuilder, type Value } from '../../wasm/emitter.ts';
import { i32x4, v128 } from '../../wasm/simd.ts';
import { defineWritten, emitCall, type Writer } from '../../wasm/writer.ts';
import { FLAG, IV } from '../blake3-compress.ts';
import type { Vector } from './field-code.ts';
import { transpose } from './transpose-code.ts';

type Address = Value<'i32'>;

const BLOCK_BYTES = 64;
const CHUNK_BYTES = 1024;
const VECTOR_BYTES = 16;
/** Four chaining values. */
const STATE_BYTES = 8 * VECTOR_BYTES;

/** Places in the scratch area; the 16 words at its start are the caller's. */
const SCRATCH = { key: 0, keys: 64, message: 64 + STATE_BYTES, stack: 64 + 3 * STATE_BYTES } as const;
/** Chaining values of whole subtrees: enough for messages of 2^32 bytes. */
export const HASH_SCRATCH_BYTES = SCRATCH.stack + 24 * STATE_BYTES;

const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8] as const;
const COLUMNS_AND_DIAGONALS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
] as const;
const RIGHT_BY_16 = [2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13];
const RIGHT_BY_8 = [1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12];

const everywhere = (n: number): Vector => v128.const(n, n, n, n);

function rotateRight(w: Writer, x: Vector, bits: 16 | 12 | 8 | 7): Vector {
  if (bits === 16) return v128.swizzle(x, RIGHT_BY_16);
  if (bits === 8) return v128.swizzle(x, RIGHT_BY_8);
  const named = w.let(x);
  return v128.or(i32x4.shrU(named, bits), i32x4.shl(named, 32 - bits));
}

/**
 * (chaining, message, counter, length, flags, out): four compressions. 8 and 16 vectors of words; the results may overwrite
 * chaining values or message.
 */
function defineCompression(module: ModuleBuilder): Callable {
  return defineWritten(module, 'compress', 6, (w, chaining, message, counter, length, flags, out) => {
    const state = Array.from({ length: 8 }, (_, i) => w.let(v128.load(chaining!, VECTOR_BYTES * i)));
    for (let i = 0; i < 4; i++) state.push(everywhere(IV[i]!));
    state.push(i32x4.splat(counter!), everywhere(0), i32x4.splat(length!), i32x4.splat(flags!));
    let order: readonly number[] = PERMUTATION.map((_, i) => i);
    for (let round = 0; round < 7; round++) {
      COLUMNS_AND_DIAGONALS.forEach(([a, b, c, d], i) => {
        const half = (word: number, first: 16 | 8, second: 12 | 7): void => {
          const added = i32x4.add(i32x4.add(state[a]!, state[b]!), v128.load(message!, VECTOR_BYTES * word));
          state[a] = w.let(added);
          state[d] = w.let(rotateRight(w, v128.xor(state[d]!, state[a]), first));
          state[c] = w.let(i32x4.add(state[c]!, state[d]));
          state[b] = w.let(rotateRight(w, v128.xor(state[b]!, state[c]), second));
        };
        half(order[2 * i]!, 16, 12);
        half(order[2 * i + 1]!, 8, 7);
      });
      order = PERMUTATION.map((from) => order[from]!);
    }
    for (let i = 0; i < 8; i++) w.emit(v128.store(out!, v128.xor(state[i]!, state[i + 8]!), VECTOR_BYTES * i));
  });
}

/** Loads a block of four messages, transposed; words after the message's end become zero. */
function loadBlock(w: Writer, from: Address, distance: Address, left: Address, message: Address): void {
  const lanes = [from];
  for (let i = 1; i < 4; i++) lanes.push(w.let(i32.add(lanes[i - 1]!, distance)));
  for (let group = 0; group < 4; group++) {
    const rows = lanes.map((lane) => w.let(v128.load(lane, VECTOR_BYTES * group)));
    transpose(w, rows).forEach((vector, i) => {
      w.emit(v128.store(message, vector, VECTOR_BYTES * (4 * group + i)));
    });
  }
  w.when(i32.ltU(left, i32.const(BLOCK_BYTES)), () => {
    const word = w.variable(i32.add(message, i32.shl(left, i32.const(2))));
    w.range(word, w.let(i32.add(message, i32.const(16 * VECTOR_BYTES))), VECTOR_BYTES, () => {
      w.emit(v128.store(word.get, everywhere(0)));
    });
  });
}

/** Defines the hash of rows and the search for a proof of work in a module. */
export function defineHashing(module: ModuleBuilder): void {
  const compress = defineCompression(module);
  defineRows(module, compress);
  defineSearch(module, compress);
}

function defineRows(module: ModuleBuilder, compress: Callable): void {
  // (out, rows, bytes of a row, first, end, scratch): 32 bytes per row, keyed by the key in the scratch area with the row's
  // index added (exclusive or) to word 7; rows `first` to `end`, a multiple of four, at least one word each. Reads up to 60
  // bytes after the last row.
  defineWritten(module, 'hashRows', 6, (w, out, rows, rowBytes, first, end, scratch) => {
    const [keys, message, stack] = [SCRATCH.keys, SCRATCH.message, SCRATCH.stack].map((offset) =>
      w.let(i32.add(scratch!, i32.const(offset))),
    );
    for (let i = 0; i < 7; i++) w.emit(v128.store(keys!, v128.load32Splat(scratch!, 4 * i), VECTOR_BYTES * i));
    const lastKey = w.let(v128.load32Splat(scratch!, 4 * 7));
    const index = w.variable(first!);
    w.range(index, end!, 4, () => {
      const indices = i32x4.add(i32x4.splat(index.get), v128.const(0, 1, 2, 3));
      w.emit(v128.store(keys!, v128.xor(lastKey, indices), VECTOR_BYTES * 7));
      const top = w.variable(stack!);
      const chunk = w.variable(i32.const(0));
      const at = w.variable(i32.add(rows!, i32.mul(index.get, rowBytes!)));
      const left = w.variable(rowBytes!);
      w.repeat(() => {
        hashChunk(top.get, chunk.get, at, left);
        const more = w.let(i32.ne(left.get, i32.const(0)));
        w.when(more, () => {
          // Join subtrees of equal size, then make room for the next chunk.
          const done = w.variable(i32.add(chunk.get, i32.const(1)));
          w.emit(chunk.set(done.get));
          w.while(i32.eq(i32.and(done.get, i32.const(1)), i32.const(0)), () => {
            join(top, i32.const(FLAG.keyed | FLAG.parent));
            w.emit(done.set(i32.shrU(done.get, i32.const(1))));
          });
          w.emit(top.set(i32.add(top.get, i32.const(STATE_BYTES))));
        });
        return more;
      });
      w.while(i32.ne(top.get, stack!), () => {
        const last = i32.eq(top.get, i32.add(stack!, i32.const(STATE_BYTES)));
        join(top, i32.or(i32.const(FLAG.keyed | FLAG.parent), i32.mul(last, i32.const(FLAG.root))));
      });
      storeHashes(w, stack!, w.let(i32.add(out!, i32.shl(index.get, i32.const(5)))));
    });

    /** Chaining value of the chunk at `at`, into `to`; the hash itself if the message is one chunk. */
    function hashChunk(to: Address, chunk: Address, at: typeof index, left: typeof index): void {
      const chaining = w.variable(keys!);
      const blocks = w.variable(i32.const(CHUNK_BYTES / BLOCK_BYTES));
      const whole = i32.and(i32.eq(chunk, i32.const(0)), i32.ltU(left.get, i32.const(CHUNK_BYTES + 1)));
      const endFlags = w.let(i32.or(i32.const(FLAG.chunkEnd), i32.mul(whole, i32.const(FLAG.root))));
      const startFlag = w.variable(i32.const(FLAG.chunkStart));
      w.repeat(() => {
        loadBlock(w, at.get, rowBytes!, left.get, message!);
        const length = w.variable(left.get);
        w.when(i32.ltU(i32.const(BLOCK_BYTES), length.get), () => w.emit(length.set(i32.const(BLOCK_BYTES))));
        w.emit(left.set(i32.sub(left.get, length.get)));
        w.emit(at.set(i32.add(at.get, length.get)));
        w.emit(blocks.set(i32.sub(blocks.get, i32.const(1))));
        const more = w.let(i32.and(i32.ne(blocks.get, i32.const(0)), i32.ne(left.get, i32.const(0))));
        const end = i32.mul(endFlags, i32.eq(more, i32.const(0)));
        const flags = i32.or(i32.or(i32.const(FLAG.keyed), startFlag.get), end);
        emitCall(w, compress, chaining.get, message!, chunk, length.get, flags, to);
        w.emit(chaining.set(to));
        w.emit(startFlag.set(i32.const(0)));
        return more;
      });
    }

    /** Parent of the two topmost chaining values, which are one message block. */
    function join(top: typeof index, flags: Address): void {
      const named = w.let(flags);
      w.emit(top.set(i32.sub(top.get, i32.const(STATE_BYTES))));
      emitCall(w, compress, keys!, top.get, i32.const(0), i32.const(BLOCK_BYTES), named, top.get);
    }
  });
}

/** Four states of 8 vectors as four hashes of 32 bytes. */
function storeHashes(w: Writer, state: Address, out: Address): void {
  for (let half = 0; half < 2; half++) {
    const vectors = [0, 1, 2, 3].map((i) => w.let(v128.load(state, VECTOR_BYTES * (4 * half + i))));
    transpose(w, vectors).forEach((vector, lane) => {
      w.emit(v128.store(out, vector, 32 * lane + VECTOR_BYTES * half));
    });
  }
}

/**
 * `findNonce` (out, first, count, mask, message bytes, scratch): the first number, of `count` (a multiple of four) from
 * `first` on, for which the hash of one block, the 16 words in the scratch area with the number as word 9, has zeros
 * under the mask in its first word: 1 and the number into `out`, or 0.
 */
function defineSearch(module: ModuleBuilder, compress: Callable): void {
  defineWritten(module, 'findNonce', 6, (w, out, first, count, mask, messageBytes, scratch) => {
    const [keys, message, result] = [SCRATCH.keys, SCRATCH.message, SCRATCH.stack].map((offset) =>
      w.let(i32.add(scratch!, i32.const(offset))),
    );
    IV.forEach((word, i) => {
      w.emit(v128.store(keys!, everywhere(word), VECTOR_BYTES * i));
    });
    for (let i = 0; i < 16; i++) w.emit(v128.store(message!, v128.load32Splat(scratch!, 4 * i), VECTOR_BYTES * i));
    const flags = i32.const(FLAG.chunkStart | FLAG.chunkEnd | FLAG.root);
    const wanted = w.let(i32x4.splat(mask!));
    const nonce = w.variable(first!);
    const end = w.let(i32.add(first!, count!));
    const found = w.variable(i32.const(0));
    w.while(i32.and(i32.eq(found.get, i32.const(0)), i32.ne(nonce.get, end)), () => {
      const numbers = i32x4.add(i32x4.splat(nonce.get), v128.const(0, 1, 2, 3));
      w.emit(v128.store(message!, numbers, VECTOR_BYTES * 9));
      emitCall(w, compress, keys!, message!, i32.const(0), messageBytes!, flags, result!);
      const isZero = i32x4.eq(v128.and(v128.load(result!), wanted), everywhere(0));
      w.emit(found.set(i32x4.bitmask(isZero)));
      w.emit(nonce.set(i32.add(nonce.get, i32.const(4))));
    });
    const at = i32.sub(i32.add(nonce.get, i32.trailingZeros(found.get)), i32.const(4));
    w.emit(i32.store(out!, i32.ne(found.get, i32.const(0))));
    w.emit(i32.store(out!, at, 4));
  });
}
