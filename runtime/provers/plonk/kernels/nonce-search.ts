// Search for proofs of work with the kernel: four nonces at a time.
import { NONCE_WORD, WORK_BYTES, workMessage } from '../proof-of-work.ts';
import type { Arena } from './arena.ts';
import { HASH_SCRATCH_BYTES } from './blake3-code.ts';
import { LAYOUT } from './kernel.ts';
import type { Task, Threads } from './threads.ts';

/** Nonces per call of the kernel. */
const BATCH = 2 ** 12;
/** Bytes of a call's result: whether there is a nonce, and which. */
const RESULT_BYTES = 8;

/** What `findNonce` of proof-of-work.ts finds: the smallest nonce whose work has so many bits. */
export function createNonceSearch(arena: Arena, threads: Threads): (seed: Uint8Array, bits: number) => number {
  const calls = 2 * threads.count;
  const results = arena.words(LAYOUT.results, 2 * calls);
  const spaces = { address: LAYOUT.hash, stride: HASH_SCRATCH_BYTES };
  return (seed, bits) => {
    const mask = (2 ** bits - 1) | 0;
    const message = workMessage(seed);
    for (let first = 0; ; first += calls * BATCH) {
      const [low, high] = [first % 2 ** 32, Math.floor(first / 2 ** 32)];
      message[NONCE_WORD + 1] = high;
      for (let thread = 0; thread < threads.count; thread++)
        arena.words(spaces.address + thread * spaces.stride, message.length).set(message);
      const tasks = Array.from({ length: calls }, (_, i): Task => {
        const values = [LAYOUT.results + RESULT_BYTES * i, low + i * BATCH, BATCH, mask, WORK_BYTES, 0];
        return [{ name: 'findNonce', values, relative: 0b100000 }];
      });
      threads.run(tasks, spaces);
      for (let i = 0; i < calls; i++) if (results[2 * i] === 1) return high * 2 ** 32 + results[2 * i + 1]!;
    }
  };
}
