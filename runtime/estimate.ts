// How long a set-up and a proof take, and how much memory, roughly: told to people beforehand, never decided by.
import { availableParallelism, totalmem } from 'node:os';
import type { CommittedCells } from '../compiler/ir/backend.ts';

/** Seconds per constraint on one core, measured with `bench/groth16-setup.ts` and rounded up. */
const SETUP = 2.5e-4;
const PROVE = 3e-4;

/** Threads that share the work; more bring little. */
const threads = (): number => Math.min(8, Math.max(1, availableParallelism()));

/** Expected wall time of a development set-up (seconds). */
export function setupSeconds(constraints: number): number {
  return 0.5 + (SETUP * constraints) / threads();
}

/** Expected wall time of a Groth16 proof (seconds). */
export function proveSeconds(constraints: number): number {
  return 1 + (PROVE * constraints) / threads();
}

/** Expected peak memory of the process that makes a Groth16 proof (bytes): snarkjs, its keys and transforms. */
export function groth16ProveBytes(constraints: number): number {
  return 3e8 + 1600 * constraints;
}

/** Resident memory of the process with the prover loaded (bytes). */
const NATIVE_BASE = 195e6;
/** Bytes per committed cell at the peak, in the first tree of lookups: cell, codeword and its tree, witness, leaves. */
const PER_ADVICE_CELL = 48;
/** The same for registered weights, whose codeword stays on disk: the cell, and the integers it was read from. */
const PER_WEIGHT_CELL = 13.4;

/** Expected peak memory of the native prover (bytes), fitted to the models of `npm run bench`. */
export function nativeProveBytes({ advice, weight }: CommittedCells): number {
  return NATIVE_BASE + PER_ADVICE_CELL * advice + PER_WEIGHT_CELL * weight;
}

/** Memory that this process may use (bytes): the machine's, or less where a container has a limit. */
export function availableBytes(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
