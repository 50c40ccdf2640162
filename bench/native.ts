// Measures the native prover: npm run bench -- native [--only name,name] [--runs n] [--bits n] [--limit seconds] [--profile]
// [--json file]. Every timed proof is verified in the same run, and every run has another input.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { BenchResult, ChildResult, ChildTask } from './native/measurement.ts';
import { type BenchModel, benchModels } from './native/models.ts';
import { showProfile, showTable } from './native/report.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    runs: { type: 'string', default: '21' },
    bits: { type: 'string', default: '8' },
    limit: { type: 'string', default: '600' },
    profile: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new RangeError(`--${name} must be a whole number of at least ${least}`);
  return value;
}

const runs = whole('runs', flags.runs, 1);
const bits = whole('bits', flags.bits, 2);
const limit = whole('limit', flags.limit, 1);

/** Asks a child process of its own; one that is not done by the time (milliseconds since the epoch) is killed. */
function ask(task: ChildTask, until: number): Promise<ChildResult> {
  const path = fileURLToPath(new URL('./native/bench-child.ts', import.meta.url));
  return new Promise((resolve) => {
    const child = fork(path, [], { execArgv: ['--import', 'tsx'] });
    const refuse = (reason: string): void => resolve({ kind: 'refused', reason });
    const timer = setTimeout(
      () => {
        refuse(`${task.kind} took more than ${limit} s`);
        child.kill('SIGKILL');
      },
      Math.max(0, until - Date.now()),
    );
    child.on('message', (result: ChildResult) => resolve(result));
    child.on('error', (e) => refuse(e.message));
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      refuse(`${task.kind} ended with ${signal ?? `exit code ${code}`}`);
    });
    child.send(task);
  });
}

async function measure({ name, title, goal }: BenchModel): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-bench-'));
  const until = Date.now() + 1000 * limit;
  const head = { name, title, ...(goal !== undefined && { goal }) };
  try {
    const compiled = await ask({ kind: 'compile', model: name, bits, folder }, until);
    if (compiled.kind !== 'compile')
      return { ...head, failure: compiled.kind === 'refused' ? compiled.reason : 'no answer' };
    const proved = await ask({ kind: 'prove', model: name, folder, runs }, until);
    const compile = compiled.figures;
    if (proved.kind !== 'prove')
      return { ...head, compile, failure: proved.kind === 'refused' ? proved.reason : 'no answer' };
    return { ...head, compile, prove: proved.figures };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const machine = {
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memory: totalmem(),
  node: process.versions.node,
};
console.log(
  `${machine.processor}, ${machine.cores} cores, ${(machine.memory / 2 ** 30).toFixed(0)} GiB, Node ${machine.node}; ` +
    `${bits} bits, medians of ${runs} warm runs, prove includes witness\n`,
);
const results: BenchResult[] = [];
for (const model of benchModels(flags.only?.split(','))) {
  const result = await measure(model);
  results.push(result);
  console.error(`${model.name}: ${result.failure ?? 'measured'}`);
  if (flags.profile) console.log(`${showProfile(result)}\n`);
}
console.log(showTable(results));
if (flags.json !== undefined)
  writeFileSync(flags.json, `${JSON.stringify({ machine, bits, runs, results }, null, 2)}\n`);
