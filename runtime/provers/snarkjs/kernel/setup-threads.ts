// Starts the threads of a development set-up, hands out work as its scalars become ready and waits for the end.
import { Worker } from 'node:worker_threads';
import { Diagnostic } from '../../../../compiler/ir/diagnostics.ts';
import type { SharedMemory } from '../../wasm/webassembly.ts';
import { builtScript } from '../built-script.ts';
import { createFixedBase, workspaceBytes } from './fixed-base.ts';
import { ELEMENT_BYTES, type Kernel, kernelModule } from './kernel.ts';
import { MAX_THREADS, type SetupPlan, workspaceStride } from './setup-plan.ts';
import { COUNTER, COUNTERS, publish, type SetupWorkerData } from './setup-tasks.ts';

export interface SetupThreads {
  /** Writes the first entry of every table window; before anything is allowed. */
  readonly prepareTables: (kernel: Kernel) => void;
  /** Lets the threads take the first `count` tasks. */
  readonly allow: (count: number) => void;
  readonly counter: (index: number) => number;
  /** Resolves when all threads have ended after their last task; rejects if one failed. */
  readonly finished: Promise<void>;
  /** Throws if a thread has failed; failures become visible between two turns of the event loop. */
  readonly check: () => void;
  /** Makes the threads end after the batch that they are at. */
  readonly requestStop: () => void;
  /** Requests the stop and resolves when every thread has ended, whatever happened. */
  readonly stop: () => Promise<void>;
}

/** Starts up to 16 threads; they wait until work is allowed. */
export function startThreads(plan: SetupPlan, memory: SharedMemory, fd: number, threads: number): SetupThreads {
  const script = builtScript('kernel/setup-worker');
  const shared = new SharedArrayBuffer(4 * COUNTERS);
  const counters = new Int32Array(shared);
  const workspace = (thread: number) => plan.regions.workspaces + thread * workspaceStride();
  const tablesFor = (thread: number): SetupWorkerData['tables'] => ({
    g1: { ...plan.tables.g1, workspace: workspace(thread) },
    g2: { ...plan.tables.g2, workspace: workspace(thread) + workspaceBytes('g1') },
  });
  const count = Math.max(1, Math.min(threads, MAX_THREADS, plan.tasks.length));
  const workers = Array.from({ length: count }, (_, thread) => {
    const workerData: SetupWorkerData = {
      module: kernelModule(),
      memory,
      tables: tablesFor(thread),
      tasks: plan.tasks,
      windowTasks: plan.windowTasks,
      counters: shared,
      fd,
      stride: ELEMENT_BYTES,
    };
    // No loaders, inspectors or environment of the parent; nothing may be printed.
    return new Worker(script, { workerData, execArgv: [], env: {}, stdout: true, stderr: true });
  });
  let failed: Error | undefined;
  const requestStop = (): void => {
    Atomics.store(counters, COUNTER.stop, 1);
    for (let i = 0; i < COUNTERS; i++) Atomics.notify(counters, i);
  };
  const exits = workers.map(
    (worker) =>
      new Promise<void>((resolve) => {
        worker.once('error', (error: unknown) => {
          failed ??= error instanceof Error ? error : new Error(String(error));
          requestStop();
        });
        worker.once('exit', () => resolve());
      }),
  );
  const finished = Promise.all(exits).then(() => {
    if (failed !== undefined) throw describe(failed);
  });
  finished.catch(() => {}); // awaited by whoever runs the set-up; a failure before that must not end the process
  return {
    prepareTables: (kernel) => {
      const { g1, g2 } = tablesFor(0);
      createFixedBase(kernel, memory.buffer, g1.shape, g1.table, g1.workspace).prepare();
      createFixedBase(kernel, memory.buffer, g2.shape, g2.table, g2.workspace).prepare();
    },
    allow: (tasks) => publish(counters, COUNTER.available, tasks),
    counter: (index) => Atomics.load(counters, index),
    finished,
    check: () => {
      if (failed !== undefined) throw describe(failed);
    },
    requestStop,
    stop: async () => {
      requestStop();
      await Promise.all(exits);
    },
  };
}

function describe(failure: Error): Diagnostic {
  return new Diagnostic('setup-failed', `the set-up failed: ${failure.message}`, {}, { cause: failure });
}
