// Proving in parallel: budgets are kept, failures stop the pool, a process that is killed is started again.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proveRun, verifyRun } from '../../runtime/index.ts';
import { runTasks } from '../../runtime/runs/prover-pool.ts';
import { createRunPlace, inputOf } from './run-kit.ts';

describe('tasks', () => {
  /** Tasks that take turns and note how many run and what they take. */
  const load = (sizes: readonly number[]) => {
    const running = new Set<number>();
    const most = { tasks: 0, bytes: 0 };
    const finished: number[] = [];
    const tasks = sizes.map((bytes, i) => ({
      bytes,
      async run(): Promise<void> {
        running.add(i);
        most.tasks = Math.max(most.tasks, running.size);
        most.bytes = Math.max(
          most.bytes,
          [...running].reduce((n, j) => n + sizes[j]!, 0),
        );
        for (let turns = 0; turns <= i % 4; turns++) await sleep(0);
        running.delete(i);
        finished.push(i);
      },
    }));
    return { tasks, most, finished };
  };

  test('all run, within the budget', async () => {
    const { tasks, most, finished } = load([5, 1, 4, 4, 2, 3, 1, 1, 5, 2, 2]);
    await runTasks(tasks, { parallel: 3, memory: 6 });
    expect([...finished].sort((a, b) => a - b)).toEqual(tasks.map((_, i) => i));
    expect(most.tasks).toBeLessThanOrEqual(3);
    expect(most.tasks).toBeGreaterThan(1);
    expect(most.bytes).toBeLessThanOrEqual(6);
  });

  test('one that is larger than the budget runs alone', async () => {
    const { tasks, most, finished } = load([9, 1, 9, 1]);
    await runTasks(tasks, { parallel: 4, memory: 4 });
    expect(finished).toHaveLength(4);
    expect(most.bytes).toBe(9);
  });

  test('after a failure none is started, and those that run are waited for', async () => {
    const { tasks, finished } = load([1, 1, 1, 1, 1, 1]);
    const failing = { bytes: 1, run: () => Promise.reject(new RangeError('failed on purpose')) };
    const all = [tasks[3]!, failing, ...tasks.slice(4)];
    await expect(runTasks(all, { parallel: 2, memory: 9 })).rejects.toThrow('failed on purpose');
    expect(finished).toEqual([3]);
  });
});

describe('processes', () => {
  const place = createRunPlace();
  afterAll(() => place.remove());
  beforeAll(() => place.compile('model.zkml', { backend: 'plonk' }).then(() => {}));

  /** Processes that prove slices for this one. */
  const children = (): readonly number[] =>
    readdirSync('/proc/self/task').flatMap((task) => {
      const pids = readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
      return pids.filter((pid) => existsSync(`/proc/${pid}/cmdline`) && isSliceChild(pid));
    });
  const isSliceChild = (pid: number): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('slice-child');
    } catch {
      return false;
    }
  };
  const prove = (output: string) =>
    proveRun({ artifact: place.path('model.zkml'), inputs: inputOf(), output: place.path(output), parallel: 2 });
  const isWhole = (output: string): boolean =>
    verifyRun({ verifier: place.path('model.zkml', 'verifier'), run: place.path(output) }).coverage.complete;

  test('prove the whole run', async () => {
    const report = await prove('run.zkp');
    expect(report.coverage.complete).toBe(true);
    expect(isWhole('run.zkp')).toBe(true);
    expect(existsSync(place.path('run.zkp.work'))).toBe(false);
  });

  test.skipIf(!existsSync('/proc/self/task'))('that are killed are started again', async () => {
    let settled = false;
    const proving = prove('again.zkp').finally(() => {
      settled = true;
    });
    let killed: number | undefined;
    while (killed === undefined && !settled) {
      [killed] = children();
      if (killed !== undefined) process.kill(killed, 'SIGKILL');
      await sleep(5);
    }
    await proving;
    expect(killed).toBeDefined();
    expect(isWhole('again.zkp')).toBe(true);
  });

  test('are ended when the run is cancelled; what is finished stays', async () => {
    const abort = new AbortController();
    const output = place.path('cancelled.zkp');
    const cancelled = proveRun({
      artifact: place.path('model.zkml'),
      inputs: inputOf(),
      output,
      parallel: 2,
      onProgress: (stage) => {
        if (stage.startsWith('proving')) abort.abort(new RangeError('cancelled on purpose'));
      },
      signal: abort.signal,
    });
    await expect(cancelled).rejects.toThrow('cancelled on purpose');
    expect(existsSync(output)).toBe(false);
    expect(existsSync(`${output}.work/state.json`)).toBe(true);
  });
});
