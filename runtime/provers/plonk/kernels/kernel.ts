// The native prover's kernel: one WebAssembly module over one shared memory, its functions and the memory's layout.
import { createModule } from '../../wasm/emitter.ts';
import { type CompiledModule, compileModule, instantiateModule, type SharedMemory } from '../../wasm/webassembly.ts';
import { MAXIMUM_PAGES } from './arena.ts';
import { defineHashing, HASH_SCRATCH_BYTES } from './blake3-code.ts';
import { defineEncoder } from './encode-code.ts';
import { defineFolds } from './fold-code.ts';
import { defineFractionOperations } from './fraction-code.ts';
import { defineVectorOperations } from './vector-code.ts';

/** The field has roots of unity of order 2^24: that is the longest code, and half as many factors are needed for it. */
export const MAX_LOG_CODE = 24;
const TABLE_BYTES = 4 * 2 ** (MAX_LOG_CODE - 1);

/** Most threads on one memory. */
export const MAX_THREADS = 8;
/** Most parts of one operation. */
export const MAX_PARTS = 16;

/** Addresses in the memory; the tables take memory only as far as they are filled. */
export const LAYOUT = {
  /** Two elements of K for each part of an operation: results. */
  results: 1024,
  /** Two elements of K: factors. */
  factor: 2048,
  /** The hash's key and its work space, for each thread. */
  hash: 4096,
  factors: 65536,
  quotients: 65536 + TABLE_BYTES,
  heap: 65536 + 2 * TABLE_BYTES,
} as const;

if (LAYOUT.hash + MAX_THREADS * HASH_SCRATCH_BYTES > LAYOUT.factors) throw new RangeError('the scratch areas overlap');

let compiled: CompiledModule | undefined;

/** The compiled module; it may be posted to another thread. */
export function kernelModule(): CompiledModule {
  compiled ??= compileModule(emitKernel());
  return compiled;
}

/** The bytes of the module. */
export function emitKernel(): Uint8Array<ArrayBuffer> {
  const module = createModule();
  defineVectorOperations(module);
  defineFolds(module);
  defineFractionOperations(module);
  defineEncoder(module, { factors: LAYOUT.factors, quotients: LAYOUT.quotients });
  defineHashing(module);
  return module.finish({ maximumPages: MAXIMUM_PAGES });
}

/** The functions on a memory; any number of threads may share it. */
export function instantiateKernel(module: CompiledModule, memory: SharedMemory) {
  const named = instantiateModule(module, memory);
  return {
    eqStep: named('eqStep'),
    fold: named('fold'),
    addScaled: named('addScaled'),
    addScaledBase: named('addScaledBase'),
    addMultiples: named('addMultiples'),
    dot: named('dot'),
    dotBase: named('dotBase'),
    productRound: named('productRound'),
    productStep: named('productStep'),
    dotPieces: named('dotPieces'),
    foldCells: named('foldCells'),
    foldRuns: named('foldRuns'),
    fractionLayer: named('fractionLayer'),
    fractionLayerBase: named('fractionLayerBase'),
    fractionStart: named('fractionStart'),
    fractionStep: named('fractionStep'),
    fractionStartBase: named('fractionStartBase'),
    fractionStepBase: named('fractionStepBase'),
    extendFactors: named('extendFactors'),
    loadPanel: named('loadPanel'),
    halve: named('halve'),
    quarter: named('quarter'),
    finish: named('finish'),
    hashRows: named('hashRows'),
    findNonce: named('findNonce'),
  } as const;
}

/** The kernel's functions by name; what each takes stands where the `-code.ts` files define it. */
export type Kernel = ReturnType<typeof instantiateKernel>;
