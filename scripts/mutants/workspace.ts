// A copy of the project in which one file at a time is replaced and tests are run.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { NOT_RUN, ROOT } from './catalogue.ts';

/** What a run of tests said. */
export interface TestRun {
  /** `green`; `red`; `silent`: it did not end in time. */
  readonly verdict: 'green' | 'red' | 'silent';
  /** The first test that failed, or why a file could not be loaded. */
  readonly by: string;
  readonly seconds: number;
}

export interface Workspace {
  /** Replaces a file, and later puts the original back. */
  withFile<T>(path: string, text: string, body: () => Promise<T>): Promise<T>;
  /** Runs test files or folders, until the first failure, for at most `limit` seconds. */
  test(path: string, limit: number): Promise<TestRun>;
  remove(): void;
}

const COPIED = [
  'compiler',
  'stdlib',
  'runtime',
  'cli',
  'test',
  'scripts',
  'examples',
  'dist',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];

export function createWorkspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-mutants-'));
  for (const name of COPIED)
    if (existsSync(join(ROOT, name)))
      cpSync(join(ROOT, name), join(folder, name), {
        recursive: true,
        filter: (path) => basename(path) !== 'node_modules',
      });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  return {
    async withFile(path, text, body) {
      const original = readFileSync(join(folder, path), 'utf8');
      writeFileSync(join(folder, path), text);
      try {
        return await body();
      } finally {
        writeFileSync(join(folder, path), original);
      }
    },
    test: (path, limit) => runTests(folder, path, limit),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function runTests(folder: string, path: string, limit: number): Promise<TestRun> {
  const report = join(folder, 'report.json');
  rmSync(report, { force: true });
  const options = ['--bail=1', '--maxWorkers=1', '--no-file-parallelism', '--reporter=json', `--outputFile=${report}`];
  const started = performance.now();
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', path, ...options, ...NOT_RUN.map((file) => `--exclude=${file}`)],
    // A process group of its own, so that workers end with it.
    { cwd: folder, stdio: 'ignore', detached: true },
  );
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    process.kill(-child.pid!, 'SIGKILL');
  }, limit * 1000);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  clearTimeout(timer);
  const seconds = (performance.now() - started) / 1000;
  if (late) return { verdict: 'silent', by: path, seconds };
  if (code === 0) return { verdict: 'green', by: '', seconds };
  return { verdict: 'red', by: firstFailure(report) ?? `${path}: exit code ${code}`, seconds };
}

interface JsonReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function firstFailure(report: string): string | undefined {
  if (!existsSync(report)) return undefined;
  const { testResults }: JsonReport = JSON.parse(readFileSync(report, 'utf8'));
  for (const file of testResults) {
    const failed = file.assertionResults.find((a) => a.status === 'failed');
    if (failed !== undefined) return `${basename(file.name)}: ${failed.fullName}`;
    if (file.status === 'failed' && file.message !== '')
      return `${basename(file.name)}: ${file.message.split('\n')[0]}`;
  }
  return undefined;
}
