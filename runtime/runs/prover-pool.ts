// A pool of child processes that prove slices at the same time within a memory budget: the local form of a network of provers.
import { fork } from 'node:child_process';
import { join, resolve } from 'node:path';
import { Diagnostic, quote } from '../../compiler/ir/diagnostics.ts';
import { builtScript } from '../provers/snarkjs/built-script.ts';
import type { SliceCall, SliceReply, SliceWorker } from './slice-job.ts';

/** Processes that end without an answer are started again this often: the system may have needed their memory. */
const MOST_ATTEMPTS = 2;

/** Where children find artifacts and blobs. */
export interface ChildPlace {
  artifact(root: string): string;
  /** Folder of blobs by SHA-256. */
  readonly blobs: string;
  /** Folder for what exists only during a job. */
  readonly scratch: string;
}

/**
 * Does each job in a process of its own.
 * @throws Diagnostic what the job throws; `prover-crashed` if its process ends without an answer twice.
 */
export function childWorker(place: ChildPlace): SliceWorker {
  return async (job, signal) => {
    const [blobs, scratch] = [resolve(place.blobs), resolve(place.scratch)];
    const call = { job, artifact: resolve(place.artifact(job.root)), blobs, scratch };
    let ended = '';
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      signal?.throwIfAborted();
      const outcome = await converse(call, signal);
      signal?.throwIfAborted();
      if (typeof outcome === 'string') {
        ended = outcome;
        continue;
      }
      if (outcome.ok) return { proof: Uint8Array.from(Buffer.from(outcome.proof, 'base64')), figures: outcome.figures };
      throw new Diagnostic(outcome.code, outcome.message, { file: call.artifact, ...outcome.where });
    }
    throw new Diagnostic(
      'prover-crashed',
      `the process that proves slice ${quote(job.name)} ${ended}, ${MOST_ATTEMPTS} times: is there enough memory?`,
    );
  };
}

/** @returns the reply, or how the process ended without one. */
function converse(call: SliceCall, signal: AbortSignal | undefined): Promise<SliceReply | string> {
  // execArgv is empty so that loaders and inspectors of the parent do not leak into the child.
  const child = fork(builtScript(join('..', '..', 'runs', 'slice-child')), [], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'json',
  });
  // By disconnection: the child's own children end with it.
  const abort = (): void => {
    if (child.connected) child.disconnect();
  };
  signal?.addEventListener('abort', abort, { once: true });
  return new Promise((settle) => {
    let reply: SliceReply | undefined;
    let failure = '';
    child.once('message', (received: SliceReply) => {
      reply = received;
    });
    child.once('error', (e) => {
      failure = `could not be started (${e.message})`;
      if (child.pid === undefined) settle(failure);
    });
    child.once('close', (code, by) => {
      signal?.removeEventListener('abort', abort);
      settle(reply ?? (failure || (by === null ? `ended with exit code ${code}` : `was ended by ${by}`)));
    });
    child.send(call, (e) => {
      if (e !== null) failure = `did not take its job (${e.message})`;
    });
  });
}

/** One thing to do, and the memory that it is expected to take (bytes). */
export interface Task {
  readonly bytes: number;
  run(): Promise<void>;
}

/** How many tasks may run at a time, and the memory that all of them together may take (bytes). */
export interface Budget {
  readonly parallel: number;
  readonly memory: number;
}

/**
 * Runs tasks in order, as many at a time as the budget allows; one that is larger than all of it runs alone. After a failure
 * none is started any more, and those that run are waited for.
 * @throws what the first task that failed threw.
 */
export async function runTasks(tasks: readonly Task[], { parallel, memory }: Budget): Promise<void> {
  const waiting = [...tasks];
  const running = new Set<Promise<void>>();
  let used = 0;
  let failed: { readonly reason: unknown } | undefined;
  const start = (task: Task): void => {
    used += task.bytes;
    const done = task
      .run()
      .catch((reason: unknown) => {
        failed ??= { reason };
      })
      .finally(() => {
        used -= task.bytes;
        running.delete(done);
      });
    running.add(done);
  };
  while (waiting.length > 0 && failed === undefined) {
    const next = waiting.findIndex((t) => running.size === 0 || (running.size < parallel && used + t.bytes <= memory));
    if (next >= 0) start(waiting.splice(next, 1)[0]!);
    else await Promise.race(running);
  }
  await Promise.all(running);
  if (failed !== undefined) throw failed.reason;
}
