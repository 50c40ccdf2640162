// Measures sliced runs of the native prover: npm run bench -- slices [--only name,name] [--memory bytes] [--runs n] [--json file].
// Each slice is proved in a process of its own, as many at a time as the budget holds; every run is verified. Needs npm run build.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CompileReport, createCompiler } from '../compiler/index.ts';
import { plonk } from '../compiler/passes/cost/plonk.ts';
import { sliceModule } from '../compiler/passes/slice/index.ts';
import { proveRun, verifyRun } from '../runtime/index.ts';
import { standardRegistry } from '../stdlib/index.ts';
import { type BenchModel, slicedModels } from './native/models.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    memory: { type: 'string', default: '1e9' },
    runs: { type: 'string', default: '3' },
    json: { type: 'string' },
  },
});

/** Bytes for which slices are cut, and for which processes are started. */
const memory = Number(flags.memory);
const runs = Number(flags.runs);
if (!(memory > 0) || !Number.isInteger(runs) || runs < 1)
  throw new RangeError('--memory expects bytes, --runs a whole number of at least 1');

/** How often the memory of child processes is read (milliseconds). */
const SAMPLING = 20;

/** Largest resident set of any child process (bytes) since the start; 0 where /proc is missing. */
function watchChildren(): () => number {
  let most = 0;
  const timer = setInterval(() => {
    for (const pid of childrenOf(process.pid)) most = Math.max(most, residentBytes(pid));
  }, SAMPLING);
  return () => {
    clearInterval(timer);
    return most;
  };
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function residentBytes(pid: number): number {
  try {
    const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found === null ? 0 : 1024 * Number(found[1]);
  } catch {
    // It ended in between.
    return 0;
  }
}

const median = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)]!;
const seconds = (since: number): number => (performance.now() - since) / 1000;

async function compileSlices(m: BenchModel, folder: string): Promise<CompileReport> {
  const request = { objective: { kind: 'total' }, limits: { memory } } as const;
  return createCompiler().compile({
    ...m.prepare(folder, 8),
    output: join(folder, 'model.zkml'),
    backend: 'plonk',
    slice: (int) => sliceModule(int, request, { ops: standardRegistry, costModel: plonk }),
  });
}

async function measure(m: BenchModel) {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-bench-'));
  try {
    const artifact = join(folder, 'model.zkml');
    const { slicing, seconds: compile } = await compileSlices(m, folder);
    const proved: { prove: number; verify: number; bytes: number; memory: number }[] = [];
    for (let seed = 0; seed <= runs; seed++) {
      const output = join(folder, 'run.zkp');
      const watched = watchChildren();
      const started = performance.now();
      await proveRun({ artifact, inputs: await m.inputs(seed), output, clamp: true, parallel: cpus().length, memory });
      const prove = seconds(started);
      const peak = watched();
      const again = performance.now();
      const { coverage } = verifyRun({ verifier: join(artifact, 'verifier'), run: output });
      if (!coverage.complete) throw new Error(`${m.name}: a run is not complete`);
      proved.push({ prove, verify: seconds(again), bytes: statSync(output).size, memory: peak });
    }
    const warm = proved.slice(1);
    return {
      name: m.name,
      slices: slicing!.slices.length,
      predicted: slicing!.report.total,
      predictedPeak: slicing!.report.peakBytes,
      compile: compile.compile + compile.setup,
      prove: median(warm.map((r) => r.prove)),
      verify: median(warm.map((r) => r.verify)),
      bytes: median(warm.map((r) => r.bytes)),
      memory: Math.max(...proved.map((r) => r.memory)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

console.log(
  `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, Node ${process.versions.node}; medians of ${runs} runs\n`,
);
console.log(
  '| model | slices | compile | prove, with loading | predicted | verify | run | largest process | predicted |',
);
console.log('|---|---|---|---|---|---|---|---|---|');
const results = [];
for (const m of slicedModels(flags.only?.split(','))) {
  const r = await measure(m);
  results.push(r);
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  const s = (t: number): string => `${t.toFixed(2)} s`;
  console.log(
    `| ${m.title} | ${r.slices} | ${s(r.compile)} | ${s(r.prove)} | ${s(r.predicted)} | ${s(r.verify)} | ${(r.bytes / 1e3).toFixed(0)} KB | ${mb(r.memory)} | ${mb(r.predictedPeak)} |`,
  );
}
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify({ memory, runs, results }, null, 2)}\n`);
