// Cancelling long computations: signals of the operating system arrive only when the event loop turns.
import { setImmediate } from 'node:timers/promises';

/** Lets signals arrive between two long computations. @throws the signal's reason if it is aborted. */
export async function turn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
