// Runs the compiled command line in child processes, with a cache and a temporary folder of their own.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const MODELS = join(ROOT, 'examples', 'models');
const MAIN = join(ROOT, 'dist', 'cli', 'main.js');
const PEAK = join(ROOT, 'test', 'cli', 'report-peak.mjs');

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
  /** Peak memory of the process (bytes), if it was asked for. */
  readonly peak: number | undefined;
}

export interface RunOptions {
  /** Text for standard input. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly peak?: boolean;
  /** Called once the process has started. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
}

/** A folder to work in: commands run inside it. */
export interface Workplace {
  readonly folder: string;
  path(...parts: readonly string[]): string;
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** {@link run}, which must succeed; gives the printed JSON document. */
  json(args: readonly string[], options?: RunOptions): Promise<Json>;
  remove(): void;
}

/** A document of any form: tests look into many, and fail where a field is missing. */
export type Json = ReturnType<typeof JSON.parse>;

let runs = 0;

/** Makes a workplace. @throws Error if the command line has not been built. */
export function createWorkplace(name: string): Workplace {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run npm run build first`);
  const parent = mkdtempSync(join(tmpdir(), `zkmlc-${name}-`));
  const folder = join(parent, 'work');
  // What commands leave in their temporary folder would be found by the test that lists it.
  for (const path of [folder, join(parent, 'tmp'), join(parent, 'peaks')]) mkdirSync(path);
  const start = (args: readonly string[], options: RunOptions): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const started = performance.now();
      const peakFile = join(parent, 'peaks', String(runs++));
      const child = spawn(process.execPath, [...(options.peak ? ['--import', PEAK] : []), MAIN, ...args], {
        cwd: folder,
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          NO_COLOR: '1',
          ZKMLC_CACHE: join(parent, 'cache'),
          TMPDIR: join(parent, 'tmp'),
          ZKMLC_TEST_PEAK: peakFile,
          ...options.env,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text) => {
        stderr += text;
      });
      child.stdin.on('error', () => {});
      child.stdin.end(options.input ?? '');
      child.once('error', reject);
      child.once('close', (code) => {
        const peak = options.peak ? Number(readFileSync(peakFile, 'utf8')) : undefined;
        resolve({ code, stdout, stderr, seconds: (performance.now() - started) / 1000, peak });
      });
      options.onStart?.((signal) => child.kill(signal));
    });
  const run: Workplace['run'] = (args, options = {}) => start(args, options);
  return {
    folder,
    path: (...parts) => join(folder, ...parts),
    run,
    async json(args, options) {
      const { code, stdout, stderr } = await run([...args, '--json'], options);
      if (code !== 0) throw new Error(`zkmlc ${args.join(' ')}: exit code ${code}: ${stderr}`);
      return JSON.parse(stdout);
    },
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
}

/** Every file below a folder, with its bytes as hex of a few and its length: equal maps mean equal folders. */
export function filesBelow(folder: string): ReadonlyMap<string, Buffer> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return new Map(
    files
      .map((e) => join(e.parentPath, e.name))
      .sort()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path)]),
  );
}

/** What lies in a folder and in the temporary folder of the commands run there. */
export function leftovers(w: Workplace): readonly string[] {
  const parent = join(w.folder, '..');
  return [w.folder, join(parent, 'tmp')].flatMap((f) => readdirSync(f).map((name) => join(f, name)));
}

/** Arguments that compile one of the example models. */
export function compileArguments(model: string, output: string, ...more: readonly string[]): readonly string[] {
  const folder = join(MODELS, model);
  const data = ['--calibrate', join(folder, 'calibration.npz')];
  return ['compile', join(folder, 'model.onnx'), ...data, '-o', output, ...more];
}

/** The first held-out sample of an example model. */
export function sampleOf(model: string): string {
  return join(MODELS, model, 'test_data_set_0');
}
