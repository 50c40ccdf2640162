// Search for proofs of work with the kernel: four nonces at a time.
import { NONCE_WORD, WORK_BYTES, workMessage } from '../proof-of-work.ts';
import type { Arena } from './arena.ts';
import { type Kernel, LAYOUT } from './kernel.ts';

/** Nonces per call of the kernel. */
const BATCH = 2 ** 16;

/** What `findNonce` of proof-of-work.ts finds: the smallest nonce whose work has so many bits. */
export function createNonceSearch(kernel: Kernel, arena: Arena): (seed: Uint8Array, bits: number) => number {
  const message = arena.words(LAYOUT.hash, 16);
  const result = arena.words(LAYOUT.result, 2);
  return (seed, bits) => {
    const mask = (2 ** bits - 1) | 0;
    message.set(workMessage(seed));
    for (let first = 0; ; first += BATCH) {
      message[NONCE_WORD + 1] = Math.floor(first / 2 ** 32);
      kernel.findNonce(LAYOUT.result, first % 2 ** 32, BATCH, mask, WORK_BYTES, LAYOUT.hash);
      if (result[0] === 1) return Math.floor(first / 2 ** 32) * 2 ** 32 + result[1]!;
    }
  };
}
