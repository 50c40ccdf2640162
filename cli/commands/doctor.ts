// zkmlc doctor: whether this machine has what compiling, proving and verifying need.
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Command } from 'commander';
import { Diagnostic } from '../../compiler/index.ts';
import { cacheFolder } from '../../runtime/index.ts';
import type { CommandContext } from '../context.ts';
import { packageVersion } from '../package-files.ts';
import { showBytes } from '../table.ts';

/** `problem`: something needed is broken. `note`: only some uses are affected. */
interface Check {
  readonly name: string;
  readonly status: 'ok' | 'note' | 'problem';
  readonly message: string;
}

export function registerDoctor(program: Command, cx: CommandContext): void {
  program
    .command('doctor')
    .description('check whether this machine has what zkmlc needs')
    .option('--json', 'print as JSON')
    .action(async () => {
      const checks: readonly Check[] = [
        { name: 'zkmlc', status: 'ok', message: packageVersion() },
        checkNode(),
        checkWebAssembly(),
        await checkWorkers(),
        checkPackage('snarkjs', 'note', 'only --backend r1cs and circom need it: run npm install snarkjs@0.7'),
        checkPackage('circom2', 'note', 'only --backend circom needs it: run npm install circom2@0.2'),
        checkFolder('temporary folder', tmpdir(), 'problem', 'set TMPDIR to a folder that can be written'),
        checkFolder(
          'cache folder',
          cacheFolder(),
          'note',
          'keys are made anew each time; set ZKMLC_CACHE to a folder that can be written',
        ),
        checkMachine(),
      ];
      const problems = checks.filter((c) => c.status === 'problem');
      cx.console.result(checks.map((c) => `${c.status.padEnd(8)} ${c.name}: ${c.message}`).join('\n'), {
        ok: problems.length === 0,
        checks,
      });
      if (problems.length > 0)
        throw new Diagnostic(
          'unhealthy',
          `${problems.length === 1 ? 'a problem' : `${problems.length} problems`} found: ${problems.map((p) => p.name).join(', ')}`,
        );
    });
}

function checkNode(): Check {
  const { node } = process.versions;
  const ok = Number(node.split('.')[0]) >= 20;
  return {
    name: 'Node.js',
    status: ok ? 'ok' : 'problem',
    message: ok ? `${node} on ${process.platform} ${process.arch}` : `${node}; version 20 or newer is needed`,
  };
}

// The types of Node 20 do not include WebAssembly.
declare const WebAssembly: { validate(bytes: Uint8Array): boolean } | undefined;

/** A function that splats a constant into a v128, and one that loads atomically from a shared memory. */
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
];
const THREADS = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 4, 1, 3, 1, 1, 10, 11, 1, 9, 0, 65, 0, 254, 16, 2, 0,
  26, 11,
];

function checkWebAssembly(): Check {
  const has = (module: readonly number[]): boolean =>
    typeof WebAssembly === 'object' && WebAssembly.validate(Uint8Array.from(module));
  const name = 'WebAssembly';
  if (!has(THREADS))
    return { name, status: 'problem', message: 'shared memory is missing; use a current Node.js without --jitless' };
  return has(SIMD)
    ? { name, status: 'ok', message: 'with shared memory and SIMD' }
    : { name, status: 'note', message: 'without SIMD: everything works, slower' };
}

async function checkWorkers(): Promise<Check> {
  const name = 'worker threads';
  try {
    const worker = new Worker('', { eval: true, execArgv: [] });
    await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject));
    return { name, status: 'ok', message: 'start' };
  } catch (e) {
    return { name, status: 'problem', message: `do not start (${e instanceof Error ? e.message : String(e)})` };
  }
}

function checkPackage(name: string, otherwise: 'note' | 'problem', advice: string): Check {
  const version = installedVersion(name);
  return version === undefined
    ? { name: `package ${name}`, status: otherwise, message: `not installed; ${advice}` }
    : { name: `package ${name}`, status: 'ok', message: version };
}

function installedVersion(name: string): string | undefined {
  try {
    for (let folder = dirname(createRequire(import.meta.url).resolve(name)); ; folder = dirname(folder)) {
      const json: unknown = readJson(join(folder, 'package.json'));
      if (typeof json === 'object' && json !== null && 'name' in json && json.name === name && 'version' in json)
        return String(json.version);
      if (dirname(folder) === folder) return undefined;
    }
  } catch {
    return undefined;
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Tries to write a file, and leaves nothing behind: folders that had to be made are removed again. */
function checkFolder(name: string, folder: string, otherwise: 'note' | 'problem', advice: string): Check {
  const made: string[] = [];
  try {
    for (let f = folder; statSync(f, { throwIfNoEntry: false }) === undefined; f = dirname(f)) made.push(f);
    mkdirSync(folder, { recursive: true });
    const inside = mkdtempSync(join(folder, 'doctor-'));
    writeFileSync(join(inside, 'file'), 'x');
    unlinkSync(join(inside, 'file'));
    rmdirSync(inside);
    return { name, status: 'ok', message: `${folder} can be written` };
  } catch (e) {
    return {
      name,
      status: otherwise,
      message: `${folder} cannot be written (${e instanceof Error ? e.message : String(e)}); ${advice}`,
    };
  } finally {
    for (const f of made) {
      try {
        rmdirSync(f);
      } catch {
        // It was never made, or somebody else uses it by now.
      }
    }
  }
}

function checkMachine(): Check {
  const memory = totalmem();
  const cores = availableParallelism();
  const message = `${cores} ${cores === 1 ? 'core' : 'cores'}, ${showBytes(memory)} of memory`;
  return memory < 2e9
    ? { name: 'machine', status: 'note', message: `${message}; proofs of millions of weights may not fit` }
    : { name: 'machine', status: 'ok', message };
}
