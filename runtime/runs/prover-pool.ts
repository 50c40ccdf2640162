// A pool of child processes that prove slices at the same time within a memory budget: the local form of a network of provers.
import { resolve } from 'node:path';
import { Diagnostic, quote } from '../../compiler/ir/diagnostics.ts';
import { type Ended, type ProverProcess, startProver } from './prover-process.ts';
import type { SliceCall, SliceJob, SliceReply, SliceWorker } from './slice-job.ts';
import { type FinishedJob, lateAfter, PATIENCE, type Patience } from './stragglers.ts';

/** Jobs whose process ends without an answer are started again this often: the system may have needed their memory. */
const MOST_ATTEMPTS = 2;

/** A process that holds more than this after a job is not used again (bytes): a fresh one holds about 100 MB. */
const MOST_RESIDENT = 250e6;

/** How often it is looked whether a job is late (milliseconds). */
const LOOK = 250;

/** Where children find artifacts and blobs. */
export interface ChildPlace {
  artifact(root: string): string;
  /** Folder of blobs by SHA-256. */
  readonly blobs: string;
  /** Folder for what exists only during a job. */
  readonly scratch: string;
}

/** How jobs are watched. */
export interface Watch {
  /** Cells or constraints of a slice: what its time grows with. */
  size(slice: number): number;
  /** After this time of one process at one slice it is killed (seconds, its start included); absent: never. */
  readonly timeout?: number | undefined;
  readonly patience?: Patience | undefined;
  /** Told of slices that take long, and of processes that are started again. */
  onNotice(text: string): void;
}

/** Processes that prove slices, kept from one job to the next. */
export interface ProverPool {
  /**
   * Does a job in a process of its own.
   * @throws Diagnostic what the job throws; `prover-crashed`, `slice-timeout` if two processes end, or are ended, without an
   * answer.
   */
  readonly work: SliceWorker;
  /** Ends waiting processes but for those that jobs are about to take, and as many as fit into some memory (bytes). */
  trim(jobs: number, spare: number): void;
  /** Ends all processes. */
  close(): Promise<void>;
}

export function createPool(place: ChildPlace, watch: Watch): ProverPool {
  const [blobs, scratch] = [resolve(place.blobs), resolve(place.scratch)];
  const all = new Set<ProverProcess>();
  const idle: ProverProcess[] = [];
  const finished: FinishedJob[] = [];
  let busy = 0;
  const start = (): ProverProcess => {
    const made = startProver();
    all.add(made);
    made.closed.then(() => all.delete(made));
    return made;
  };
  const take = (): ProverProcess => {
    for (let next = idle.pop(); next !== undefined; next = idle.pop()) if (next.isAlive()) return next;
    return start();
  };
  /** Its memory is free when this settles. */
  const end = (prover: ProverProcess): Promise<void> => {
    prover.kill();
    return prover.closed;
  };
  const attempt = async (prover: ProverProcess, call: SliceCall, signal?: AbortSignal): Promise<SliceReply | Ended> => {
    busy++;
    const began = performance.now();
    const seconds = (): number => (performance.now() - began) / 1000;
    let [told, late] = [false, false];
    const look = setInterval(() => {
      if (watch.timeout !== undefined && seconds() > watch.timeout) {
        late = true;
        prover.kill();
      }
      const limit = lateAfter(watch.size(call.job.slice), finished, watch.patience ?? PATIENCE);
      if (told || seconds() <= limit) return;
      told = true;
      watch.onNotice(
        `slice ${quote(call.job.name)} takes ${Math.round(seconds())} s so far, ${finished.length === 0 ? 'and none is finished' : `others suggest ${(limit / (watch.patience ?? PATIENCE).factor).toPrecision(2)} s or less`}: still waiting for it`,
      );
    }, LOOK);
    signal?.addEventListener('abort', prover.kill, { once: true });
    try {
      const outcome = await prover.converse(call);
      if ('ended' in outcome) {
        await prover.closed;
        return late ? { ended: `was not done within ${watch.timeout} s` } : outcome;
      }
      if (outcome.ok) finished.push({ size: watch.size(call.job.slice), seconds: seconds() });
      if (outcome.residentBytes <= MOST_RESIDENT && !late) idle.push(prover);
      else await end(prover);
      return outcome;
    } finally {
      busy--;
      clearInterval(look);
      signal?.removeEventListener('abort', prover.kill);
    }
  };
  const work: SliceWorker = async (job, signal) => {
    const call = { job, artifact: resolve(place.artifact(job.root)), blobs, scratch };
    for (let attempts = 1; ; attempts++) {
      signal?.throwIfAborted();
      // The second time in a fresh process.
      const outcome = await attempt(attempts === 1 ? take() : start(), call, signal);
      signal?.throwIfAborted();
      if (!('ended' in outcome)) return resultOf(outcome, call.artifact);
      if (attempts === MOST_ATTEMPTS) throw failure(job, outcome, watch.timeout);
      watch.onNotice(`the process that proves slice ${quote(job.name)} ${outcome.ended}: trying once more`);
    }
  };
  return {
    work,
    trim(jobs, spare) {
      const keep = Math.max(0, jobs - busy) + Math.max(0, Math.floor(spare / MOST_RESIDENT));
      while (idle.length > keep) idle.pop()!.kill();
    },
    async close() {
      await Promise.all([...all].map(end));
    },
  };
}

function resultOf(reply: SliceReply, artifact: string): Awaited<ReturnType<SliceWorker>> {
  if (!reply.ok) throw new Diagnostic(reply.code, reply.message, { file: artifact, ...reply.where });
  return { proof: Uint8Array.from(Buffer.from(reply.proof, 'base64')), figures: reply.figures };
}

function failure({ name }: SliceJob, { ended }: Ended, timeout: number | undefined): Diagnostic {
  const what = `the process that proves slice ${quote(name)} ${ended}, ${MOST_ATTEMPTS} times`;
  return timeout !== undefined && ended.startsWith('was not done')
    ? new Diagnostic('slice-timeout', `${what}: allow it more time, or prove fewer slices at a time`)
    : new Diagnostic('prover-crashed', `${what}: is there enough memory?`);
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
 * @param onWait told, whenever no more tasks can be started, how many run and how much of the memory is left
 * @throws what the first task that failed threw.
 */
export async function runTasks(
  tasks: readonly Task[],
  { parallel, memory }: Budget,
  onWait: (running: number, spare: number) => void = () => {},
): Promise<void> {
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
    if (next >= 0) {
      start(waiting.splice(next, 1)[0]!);
      continue;
    }
    onWait(running.size, memory - used);
    await Promise.race(running);
  }
  onWait(running.size, 0);
  await Promise.all(running);
  if (failed !== undefined) throw failed.reason;
}
