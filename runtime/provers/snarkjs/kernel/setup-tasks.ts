// The work list that the threads of a set-up share: tasks in order, counters in shared memory.

import type { CompiledModule, SharedMemory } from '../../wasm/webassembly.ts';
import type { Group, TableShape } from './fixed-base.ts';

/** Fill one window of a table, or multiply scalars and write the points into the key. */
export type SetupTask =
  | { readonly kind: 'window'; readonly group: Group; readonly window: number }
  | {
      readonly kind: 'points';
      readonly group: Group;
      readonly scalars: number;
      readonly count: number;
      readonly fileOffset: number;
    };

/** What a thread is started with. */
export interface SetupWorkerData {
  readonly module: CompiledModule;
  readonly memory: SharedMemory;
  readonly tables: Readonly<
    Record<Group, { readonly shape: TableShape; readonly table: number; readonly workspace: number }>
  >;
  readonly tasks: readonly SetupTask[];
  /** Number of `window` tasks; they come first and all end before the first `points` task begins. */
  readonly windowTasks: number;
  /** Counters, indexed by {@link COUNTER}. */
  readonly counters: SharedArrayBuffer;
  /** Open key file. Descriptors belong to the process, so threads share them. */
  readonly fd: number;
  readonly stride: number;
}

/** Indices of the shared counters. */
export const COUNTER = {
  /** Next task to take. */
  next: 0,
  /** Tasks that may be taken: their scalars are ready. */
  available: 1,
  /** Finished `window` tasks. */
  windows: 2,
  /** Points written. */
  points: 3,
  /** Not 0: stop. */
  stop: 4,
} as const;
export const COUNTERS = 5;

/** Raises or sets a counter and wakes whoever waits for it. */
export function publish(counters: Int32Array, index: number, value: number): void {
  Atomics.store(counters, index, value);
  Atomics.notify(counters, index);
}

/** Waits until a counter reaches a value; false if the work was stopped before. */
export function awaitCounter(counters: Int32Array, index: number, value: number): boolean {
  for (;;) {
    const seen = Atomics.load(counters, index);
    if (Atomics.load(counters, COUNTER.stop) !== 0) return false;
    if (seen >= value) return true;
    Atomics.wait(counters, index, seen, 1000);
  }
}
