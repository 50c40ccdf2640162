// A thread of the development set-up: takes tasks off the shared list and writes points straight into the key file.
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { createFixedBase, FILE_POINT_BYTES, type FixedBase, type Group } from './fixed-base.ts';
import { instantiateKernel } from './kernel.ts';
import { awaitCounter, COUNTER, type SetupTask, type SetupWorkerData } from './setup-tasks.ts';

function main(data: SetupWorkerData): void {
  const { memory, tasks, windowTasks, fd, stride } = data;
  const counters = new Int32Array(data.counters);
  const kernel = instantiateKernel(data.module, memory);
  const bases: Record<Group, FixedBase> = { g1: fixedBase('g1'), g2: fixedBase('g2') };
  function fixedBase(group: Group): FixedBase {
    const { shape, table, workspace } = data.tables[group];
    return createFixedBase(kernel, memory.buffer, shape, table, workspace);
  }
  const perform = (task: SetupTask): void => {
    const base = bases[task.group];
    if (task.kind === 'window') {
      base.fillWindow(task.window);
      Atomics.add(counters, COUNTER.windows, 1);
      Atomics.notify(counters, COUNTER.windows);
      return;
    }
    const at = base.multiply(task.scalars, stride, task.count);
    writeFully(fd, new Uint8Array(memory.buffer, at, task.count * FILE_POINT_BYTES[task.group]), task.fileOffset);
    Atomics.add(counters, COUNTER.points, task.count);
  };
  try {
    for (;;) {
      const index = Atomics.add(counters, COUNTER.next, 1);
      const task = tasks[index];
      if (task === undefined || !awaitCounter(counters, COUNTER.available, index + 1)) return;
      if (task.kind === 'points' && !awaitCounter(counters, COUNTER.windows, windowTasks)) return;
      perform(task);
    }
  } finally {
    bases.g1.wipe();
    bases.g2.wipe();
  }
}

function writeFully(fd: number, bytes: Uint8Array, offset: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, offset + done);
}

main(workerData);
