// Proving in parallel: budgets are kept, failures stop the pool, processes that crash or hang are replaced once, and none is left.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proveRun, verifyRun } from '../../runtime/index.ts';
import { createPool, runTasks } from '../../runtime/runs/prover-pool.ts';
import { lateAfter, PATIENCE } from '../../runtime/runs/stragglers.ts';
import { chainCuts, chainModel, createRunPlace, inputOf } from './run-kit.ts';

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
  const prove = (output: string, more: Partial<Parameters<typeof proveRun>[0]> = {}) =>
    proveRun({
      artifact: place.path('model.zkml'),
      inputs: inputOf(),
      output: place.path(output),
      parallel: 2,
      ...more,
    });
  const isWhole = (output: string, artifact = 'model.zkml'): boolean =>
    verifyRun({ verifier: place.path(artifact, 'verifier'), run: place.path(output) }).coverage.complete;
  const seesProcesses = existsSync('/proc/self/task');
  /** Does something to processes that prove slices, as long as a run goes on: each once. @returns those that it was done to */
  const whileRunning = async (
    run: Promise<unknown>,
    most: number,
    act: (pid: number) => void,
  ): Promise<Set<number>> => {
    let settled = false;
    const watched = run.then(
      () => {
        settled = true;
      },
      () => {
        settled = true;
      },
    );
    const seen = new Set<number>();
    while (!settled) {
      for (const pid of children())
        if (seen.size < most && !seen.has(pid)) {
          seen.add(pid);
          act(pid);
        }
      await sleep(5);
    }
    await watched;
    return seen;
  };

  test('prove the whole run', async () => {
    const report = await prove('run.zkp');
    expect(report.coverage.complete).toBe(true);
    expect(isWhole('run.zkp')).toBe(true);
    expect(existsSync(place.path('run.zkp.work'))).toBe(false);
  });

  test.skipIf(!seesProcesses)('prove one slice after the other, and none is left at the end', async () => {
    const layers = 7;
    await place.compile('chain.zkml', { onnx: chainModel(layers), at: chainCuts(layers), backend: 'plonk' });
    const proving = prove('chain.zkp', { artifact: place.path('chain.zkml') });
    const seen = await whileRunning(proving, layers, () => {});
    expect((await proving).coverage).toMatchObject({ complete: true, slices: layers });
    expect(isWhole('chain.zkp', 'chain.zkml')).toBe(true);
    expect(seen.size).toBeGreaterThan(0);
    expect(seen.size).toBeLessThanOrEqual(2);
    expect(children()).toEqual([]);
  });

  test.skipIf(!seesProcesses)('that are killed are started again, and people are told', async () => {
    const notices: string[] = [];
    const proving = prove('again.zkp', { onNotice: (text) => notices.push(text) });
    const killed = await whileRunning(proving, 1, (pid) => process.kill(pid, 'SIGKILL'));
    await proving;
    expect(killed.size).toBe(1);
    expect(notices).toEqual([
      expect.stringMatching(/^the process that proves slice "s\d" was ended by SIGKILL: trying once more$/),
    ]);
    expect(isWhole('again.zkp')).toBe(true);
  });

  test.skipIf(!seesProcesses)('that crash twice at one slice end the run, which names the slice', async () => {
    const proving = prove('crashed.zkp');
    const killed = await whileRunning(proving, Number.POSITIVE_INFINITY, (pid) => process.kill(pid, 'SIGKILL'));
    await expect(proving).rejects.toMatchObject({
      code: 'prover-crashed',
      message: expect.stringMatching(/slice "s\d" was ended by SIGKILL, 2 times: is there enough memory\?$/),
    });
    expect(killed.size).toBeGreaterThan(1);
    expect(children()).toEqual([]);
  });

  test.skipIf(!seesProcesses)('that hang are ended after the time that a slice may take, and replaced', async () => {
    const notices: string[] = [];
    const proving = prove('hung.zkp', { parallel: 1, sliceTimeout: 12, onNotice: (text) => notices.push(text) });
    const stopped = await whileRunning(proving, 1, (pid) => process.kill(pid, 'SIGSTOP'));
    await proving;
    expect(stopped.size).toBe(1);
    expect(notices[0]).toMatch(/^the process that proves slice "s0" was not done within 12 s: trying once more$/);
    expect(isWhole('hung.zkp')).toBe(true);
    expect(children()).toEqual([]);
  });

  test.skipIf(!seesProcesses)('that hang twice at one slice end the run, which names the slice', async () => {
    const proving = prove('stuck.zkp', { sliceTimeout: 0.5 });
    await whileRunning(proving, Number.POSITIVE_INFINITY, (pid) => process.kill(pid, 'SIGSTOP'));
    await expect(proving).rejects.toMatchObject({
      code: 'slice-timeout',
      message: expect.stringMatching(/slice "s\d" was not done within 0\.5 s, 2 times/),
    });
    expect(children()).toEqual([]);
  });

  test.skipIf(!seesProcesses)('that take long are told of, and waited for', async () => {
    let told: (text: string) => void = () => {};
    const notice = new Promise<string>((settle) => {
      told = settle;
    });
    const nowhere = { artifact: () => place.path('none.zkml'), blobs: place.folder, scratch: place.folder };
    const patience = { factor: 2, least: 0.1, first: 0.3 };
    const pool = createPool(nowhere, { size: () => 1, patience, onNotice: (text) => told(text) });
    const job = { slice: 0, name: 's0', root: 'none', inputs: [], blindings: [], signals: [] };
    const refused = expect(pool.work(job)).rejects.toMatchObject({ code: 'bad-artifact' });
    const [pid] = children();
    process.kill(pid!, 'SIGSTOP');
    expect(await notice).toMatch(/^slice "s0" takes \d+ s so far, and none is finished: still waiting for it$/);
    process.kill(pid!, 'SIGCONT');
    await refused;
    expect(children()).toEqual([pid]);
    pool.trim(0, 1e9);
    pool.trim(1, 0);
    expect(children()).toEqual([pid]);
    pool.trim(0, 1e6);
    await pool.close();
    expect(children()).toEqual([]);
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

test('a slice is late after several times what finished ones of its size took, never soon', () => {
  expect(lateAfter(1, [], PATIENCE)).toBe(PATIENCE.first);
  const finished = [
    { size: 1000, seconds: 10 },
    { size: 1000, seconds: 30 },
    { size: 2000, seconds: 2000 },
  ];
  // The median is 0.03 s for one of its size: a single outlier counts for nothing.
  expect(lateAfter(4000, finished, PATIENCE)).toBeCloseTo(5 * 120, 9);
  expect(lateAfter(10, finished, PATIENCE)).toBe(PATIENCE.least);
});
