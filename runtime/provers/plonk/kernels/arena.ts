// Memory of the kernels: one shared WebAssembly memory that grows, handed out from the bottom and given back by marks.
import { createSharedMemory, type SharedMemory } from '../../wasm/webassembly.ts';

const PAGE_BYTES = 65536;
/** Largest memory with 32-bit addresses. */
export const MAXIMUM_PAGES = 65536;
/** Addresses are multiples of a cache line. */
const LINE_BYTES = 64;
/** Memory grows by at least this much. */
const GROWTH_BYTES = 2 ** 24;

/** Addresses are bytes in the memory. */
export interface Arena {
  readonly memory: SharedMemory;
  /** Address of so many bytes, whatever they hold. @throws RangeError if the memory's maximum is reached. */
  readonly allocate: (bytes: number) => number;
  /** The same, zeroed. */
  readonly allocateZeroed: (bytes: number) => number;
  readonly mark: () => number;
  readonly release: (mark: number) => void;
  /** Views stay valid when the memory grows. */
  readonly words: (address: number, count: number) => Uint32Array;
  readonly bytes: (address: number, count: number) => Uint8Array;
  readonly has: (array: Uint32Array | Uint8Array) => boolean;
  /** @throws RangeError if the array is not in this memory. */
  readonly addressOf: (array: Uint32Array | Uint8Array) => number;
}

/** An arena from `start` upwards; what is below belongs to the caller and is zero. At most `maximumBytes` in all. */
export function createArena(start: number, maximumBytes: number): Arena {
  const maximumPages = Math.min(MAXIMUM_PAGES, Math.floor(maximumBytes / PAGE_BYTES));
  const memory = createSharedMemory(Math.ceil((start + LINE_BYTES) / PAGE_BYTES), maximumPages);
  const buffers = new WeakSet<ArrayBufferLike>([memory.buffer]);
  let { buffer } = memory;
  let next = start;
  /** First byte that was never handed out: zero from here on. */
  let untouched = start;

  const ensure = (end: number): void => {
    // Kernels may read up to a line behind the last array.
    const missing = end + LINE_BYTES - buffer.byteLength;
    if (missing <= 0) return;
    const room = maximumPages - buffer.byteLength / PAGE_BYTES;
    const needed = Math.ceil(missing / PAGE_BYTES);
    if (needed > room) throw new RangeError(`the prover needs more than ${maximumPages * PAGE_BYTES} bytes of memory`);
    memory.grow(Math.min(room, Math.max(needed, GROWTH_BYTES / PAGE_BYTES)));
    ({ buffer } = memory);
    buffers.add(buffer);
  };
  const allocate = (bytes: number): number => {
    const address = next;
    const end = address + Math.ceil(bytes / LINE_BYTES) * LINE_BYTES;
    ensure(end);
    next = end;
    untouched = Math.max(untouched, end);
    return address;
  };
  return {
    memory,
    allocate,
    allocateZeroed: (bytes) => {
      const used = untouched;
      const address = allocate(bytes);
      // Whole lines, and eight bytes at a time: in shared memory `fill` stores one element after the other.
      const dirty = Math.ceil(Math.min(bytes, used - address) / LINE_BYTES) * LINE_BYTES;
      if (dirty > 0) new Float64Array(buffer, address, dirty / 8).fill(0);
      return address;
    },
    mark: () => next,
    release: (mark) => {
      if (!Number.isInteger(mark) || mark < start || mark > next)
        throw new RangeError(`${mark} is not a mark of this memory`);
      next = mark;
    },
    words: (address, count) => new Uint32Array(buffer, address, count),
    bytes: (address, count) => new Uint8Array(buffer, address, count),
    has: (array) => buffers.has(array.buffer),
    addressOf: (array) => {
      if (!buffers.has(array.buffer))
        throw new RangeError('an array is not in the memory of these vectors: make it with `alloc`');
      return array.byteOffset;
    },
  };
}
