// Spreads calls of the kernel over threads that share its memory: tasks of one job are taken by whoever is free.
import { Worker } from 'node:worker_threads';
import type { CompiledModule, SharedMemory } from '../../wasm/webassembly.ts';
import type { Kernel } from './kernel.ts';

/** One call of the kernel. */
export interface KernelCall {
  readonly name: keyof Kernel;
  readonly values: readonly number[];
  /** Bit i: value i is relative to the work space of the thread that makes the call. */
  readonly relative?: number;
}

/** Calls that one thread makes one after the other. */
export type Task = readonly KernelCall[];

/** Work space of thread t: from `address + t stride`. */
export interface WorkSpaces {
  readonly address: number;
  readonly stride: number;
}

export interface Threads {
  /** Threads asked for, this one included. */
  readonly count: number;
  /** Threads that are there by now, this one included. */
  readonly present: () => number;
  /** Makes all calls; returns when all are done. @throws Error if a call failed. */
  readonly run: (tasks: readonly Task[], spaces?: WorkSpaces) => void;
  /** Ends the other threads. */
  readonly close: () => void;
}

/** Words of the memory that controls the threads. */
const CONTROL = { job: 0, next: 1, done: 2, count: 3, failed: 4, stop: 5, address: 6, stride: 7, present: 8 } as const;
const CONTROL_WORDS = 9;
/** Words of a job's calls. */
const PROGRAM_WORDS = 2 ** 18;
/** No task is to be had. */
const CLOSED = 2 ** 30;
/** Looks at the control words before a thread goes to sleep: some tens of microseconds, the time between two jobs. */
const SPINS = 20_000;

/** The other threads' program, in JavaScript because Node 20 runs no TypeScript in a thread: the same as `perform` and `run`. */
const HELPER = `
const { workerData } = require('node:worker_threads');
const { module, memory, names, thread, CONTROL, SPINS } = workerData;
const control = new Int32Array(workerData.control);
const program = new Int32Array(workerData.program);
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
const functions = names.map((name) => exports[name]);
function perform(task) {
  const space = control[CONTROL.address] + Math.imul(thread, control[CONTROL.stride]);
  for (let at = program[task]; at < program[task + 1]; ) {
    const [run, count, relative] = [functions[program[at]], program[at + 1], program[at + 2]];
    const values = Array.from({ length: count }, (_, i) => program[at + 3 + i] + ((relative >> i) & 1 ? space : 0));
    run(...values);
    at += 3 + count;
  }
}
try {
  Atomics.add(control, CONTROL.present, 1);
  for (let job = 0; Atomics.load(control, CONTROL.stop) === 0; ) {
    for (let task; (task = Atomics.add(control, CONTROL.next, 1)) < Atomics.load(control, CONTROL.count); ) {
      perform(task);
      Atomics.add(control, CONTROL.done, 1);
      Atomics.notify(control, CONTROL.done);
    }
    for (let spins = 0; Atomics.load(control, CONTROL.job) === job; spins++)
      if (spins === SPINS) Atomics.wait(control, CONTROL.job, job);
    job = Atomics.load(control, CONTROL.job);
  }
} finally {
  if (Atomics.load(control, CONTROL.stop) === 0) Atomics.store(control, CONTROL.failed, 1);
  Atomics.notify(control, CONTROL.done);
}
`;

/** Starts `count - 1` threads. They take part as soon as they are there; until then this thread does all. */
export function createThreads(module: CompiledModule, memory: SharedMemory, kernel: Kernel, count: number): Threads {
  const perform = (task: Task, spaces: WorkSpaces | undefined): void => {
    for (const { name, values, relative = 0 } of task)
      kernel[name](...values.map((value, i) => ((relative >> i) & 1) * (spaces?.address ?? 0) + value));
  };
  if (count === 1)
    return {
      count,
      present: () => 1,
      run: (tasks, spaces) => {
        for (const task of tasks) perform(task, spaces);
      },
      close: () => {},
    };

  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
  const program = new Int32Array(new SharedArrayBuffer(4 * PROGRAM_WORDS));
  const names = Object.keys(kernel);
  const indices = new Map(names.map((name, i) => [name, i]));
  control[CONTROL.next] = CLOSED;
  for (let thread = 1; thread < count; thread++) {
    const shared = { control: control.buffer, program: program.buffer, names, CONTROL, SPINS };
    const workerData = { module, memory, thread, ...shared };
    // No loaders, inspectors or environment of the parent; nothing may be printed, and nobody waits for the thread.
    const options = { eval: true, workerData, execArgv: [], env: {}, stdout: true, stderr: true };
    new Worker(HELPER, options).on('error', () => Atomics.store(control, CONTROL.failed, 1)).unref();
  }

  /** Writes as many tasks as there is room for; returns their number. */
  const write = (tasks: readonly Task[]): number => {
    const words = tasks.map((task) => task.reduce((sum, call) => sum + 3 + call.values.length, 0));
    const most = Math.max(...words);
    if (most + 2 > PROGRAM_WORDS) throw new RangeError(`a task of ${most} words is too long`);
    let fits = 0;
    for (let total = 1; fits < tasks.length && total + words[fits]! + 1 <= PROGRAM_WORDS; fits++)
      total += words[fits]! + 1;
    let at = fits + 1;
    for (const [i, task] of tasks.slice(0, fits).entries()) {
      program[i] = at;
      for (const { name, values, relative = 0 } of task) {
        program.set([indices.get(name)!, values.length, relative, ...values], at);
        at += 3 + values.length;
      }
    }
    program[fits] = at;
    return fits;
  };

  const runJob = (tasks: readonly Task[], spaces: WorkSpaces | undefined): void => {
    Atomics.store(control, CONTROL.done, 0);
    Atomics.store(control, CONTROL.address, (spaces?.address ?? 0) | 0);
    Atomics.store(control, CONTROL.stride, spaces?.stride ?? 0);
    Atomics.store(control, CONTROL.count, tasks.length);
    // From here on the tasks can be taken, by threads that are late for the job before as well.
    Atomics.store(control, CONTROL.next, 0);
    Atomics.add(control, CONTROL.job, 1);
    Atomics.notify(control, CONTROL.job);
    for (let task = Atomics.add(control, CONTROL.next, 1); task < tasks.length; ) {
      perform(tasks[task]!, spaces);
      Atomics.add(control, CONTROL.done, 1);
      task = Atomics.add(control, CONTROL.next, 1);
    }
    for (let spins = 0; ; spins++) {
      const done = Atomics.load(control, CONTROL.done);
      if (done === tasks.length) break;
      if (Atomics.load(control, CONTROL.failed) !== 0) throw new Error('a thread of the prover failed');
      if (spins >= SPINS) Atomics.wait(control, CONTROL.done, done, 10);
    }
    Atomics.store(control, CONTROL.next, CLOSED);
  };
  return {
    count,
    present: () => 1 + Atomics.load(control, CONTROL.present),
    run: (tasks, spaces) => {
      if (tasks.length === 1) perform(tasks[0]!, spaces);
      else
        for (let first = 0; first < tasks.length; ) {
          const rest = tasks.slice(first);
          const fits = write(rest);
          runJob(rest.slice(0, fits), spaces);
          first += fits;
        }
    },
    close: () => {
      Atomics.store(control, CONTROL.stop, 1);
      Atomics.add(control, CONTROL.job, 1);
      Atomics.notify(control, CONTROL.job);
    },
  };
}
