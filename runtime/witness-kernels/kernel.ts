// The kernel of the witness: one WebAssembly module over one memory, which every operation has to itself.
import { createModule } from '../provers/wasm/emitter.ts';
import {
  compileModule,
  createSharedMemory,
  instantiateModule,
  type KernelFunction,
} from '../provers/wasm/webassembly.ts';
import { defineContraction, TILE_ROWS } from './contraction-code.ts';
import { defineExtremes } from './extremes-code.ts';

const PAGE_BYTES = 65536;
/** Largest memory with 32-bit addresses. */
const MAXIMUM_PAGES = 65536;
/** Addresses are multiples of a cache line. */
const LINE_BYTES = 64;

/** Words in the kernel's memory. */
export interface Table {
  readonly address: number;
  readonly bytes: number;
}

/** Functions take what the `-code.ts` files say; addresses and lengths are in bytes. */
export interface Kernel {
  /** Gives all memory back. */
  readonly reset: () => void;
  /** Address of so many bytes, whatever they hold. @throws RangeError beyond 4 GiB. */
  readonly allocate: (bytes: number) => number;
  readonly table: (words: Int32Array) => Table;
  /** Copies elements, modulo 2^16. */
  readonly store16: (elements: ArrayLike<number>) => number;
  readonly halves: (address: number, count: number) => Int16Array;
  readonly words: (address: number, count: number) => Int32Array;
  /** By number of rows. */
  readonly multiply: readonly (KernelFunction | undefined)[];
  readonly packLines: KernelFunction;
  readonly packRuns: KernelFunction;
  readonly packNeighbours1: KernelFunction;
  readonly packNeighbours4: KernelFunction;
  readonly extremes: KernelFunction;
}

let made: Kernel | undefined;

/** The kernel of this thread. */
export function witnessKernel(): Kernel {
  made ??= createKernel();
  return made;
}

function createKernel(): Kernel {
  const module = createModule();
  defineContraction(module);
  defineExtremes(module);
  const memory = createSharedMemory(16, MAXIMUM_PAGES);
  const named = instantiateModule(compileModule(module.finish({ maximumPages: MAXIMUM_PAGES })), memory);
  let next = 0;
  let { buffer } = memory;
  const allocate = (bytes: number): number => {
    const address = next;
    next += LINE_BYTES * Math.ceil(bytes / LINE_BYTES);
    if (next > buffer.byteLength) {
      memory.grow(Math.ceil((next - buffer.byteLength) / PAGE_BYTES));
      ({ buffer } = memory);
    }
    return address;
  };
  return {
    reset: () => {
      next = 0;
    },
    allocate,
    table: (words) => {
      const address = allocate(words.byteLength);
      new Int32Array(buffer, address, words.length).set(words);
      return { address, bytes: words.byteLength };
    },
    store16: (elements) => {
      const address = allocate(Int16Array.BYTES_PER_ELEMENT * elements.length);
      new Int16Array(buffer, address, elements.length).set(elements);
      return address;
    },
    halves: (address, count) => new Int16Array(buffer, address, count),
    words: (address, count) => new Int32Array(buffer, address, count),
    multiply: Array.from({ length: TILE_ROWS + 1 }, (_, rows) => (rows === 0 ? undefined : named(`multiply${rows}`))),
    packLines: named('packLines'),
    packRuns: named('packRuns'),
    packNeighbours1: named('packNeighbours1'),
    packNeighbours4: named('packNeighbours4'),
    extremes: named('extremes'),
  };
}
