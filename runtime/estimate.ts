// How long a set-up and a proof take, roughly: told to people before anything over ten seconds, never decided by.
import { availableParallelism } from 'node:os';

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
