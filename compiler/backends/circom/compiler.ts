// The one place that starts the Circom compiler: a child process per file, killed on abort, its messages kept for diagnostics.
import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Diagnostic } from '../../ir/diagnostics.ts';
import { compiledPath } from '../../ir/worker-path.ts';
import type { CompileReply, CompileRequest } from './compiler-child.ts';

const MAX_OUTPUT_CHARACTERS = 4000;

export interface CompileOptions {
  readonly signal?: AbortSignal | undefined;
  /** Package to load instead of circom2, for tests. */
  readonly packageName?: string | undefined;
}

/** Files that the compiler wrote; absolute paths. */
export interface CompiledCircom {
  readonly r1cs: string;
  readonly sym: string;
  /** The witness calculator. */
  readonly wasm: string;
}

/**
 * Compiles a Circom file; results lie beside it.
 *
 * Always at optimisation level 1, which only merges signals that are equal or constant: levels 2 and up substitute linear
 * constraints into each other, which makes the rows of linear layers dense and takes minutes where level 1 takes seconds
 * (784 by 128 weights: 75 s against 5 s), and saves few rows, because emitted code keeps linear wires as expressions.
 * @param path absolute path of the file that declares `main`
 * @throws Diagnostic `circom-missing` if the package is not installed, `circom-failed` with the compiler's message,
 * `cancelled`, or `not-built`. The child has ended when the promise settles.
 */
export async function compileCircom(path: string, options: CompileOptions = {}): Promise<CompiledCircom> {
  const { signal } = options;
  if (signal?.aborted) throw cancelled(signal);
  const script = compiledPath(import.meta.url, 'compiler-child');
  const folder = dirname(path);
  const name = basename(path, '.circom');
  const request: CompileRequest = {
    packageName: options.packageName ?? 'circom2',
    arguments: [path, '--r1cs', '--wasm', '--sym', '--O1', '-o', folder],
  };
  // execArgv is empty so that loaders and inspectors of the parent do not leak into the child.
  const child = fork(script, [], { execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'json' });
  const abort = (): void => {
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const { reply, output } = await converse(child, request);
    if (signal?.aborted) throw cancelled(signal);
    if (reply?.ok !== true || reply.exitCode !== 0) throw failure(path, reply, output);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
  // JavaScript that the compiler adds to the calculator, which nobody here runs.
  const extra = join(folder, `${name}_js`);
  for (const file of ['generate_witness.js', 'witness_calculator.js']) rmSync(join(extra, file), { force: true });
  return {
    r1cs: join(folder, `${name}.r1cs`),
    sym: join(folder, `${name}.sym`),
    wasm: join(extra, `${name}.wasm`),
  };
}

interface Outcome {
  readonly reply: CompileReply | undefined;
  /** What the compiler said, or why the child never started or ended early. */
  readonly output: string;
}

function converse(child: ChildProcess, request: CompileRequest): Promise<Outcome> {
  return new Promise((resolve) => {
    let reply: CompileReply | undefined;
    let output = '';
    const note = (text: string): void => {
      output = (output + text).slice(0, MAX_OUTPUT_CHARACTERS);
    };
    child.stdout?.setEncoding('utf8').on('data', note);
    child.stderr?.setEncoding('utf8').on('data', note);
    child.once('message', (received: unknown) => {
      if (isReply(received)) reply = received;
    });
    child.once('error', (error) => {
      note(error.message);
      child.kill('SIGKILL');
      if (child.pid === undefined) resolve({ reply, output });
    });
    child.once('close', (code, by) => {
      if (reply === undefined) note(by === null ? `\nended with exit code ${code}` : `\nended by ${by}`);
      resolve({ reply, output });
    });
    child.send(request, (error) => {
      if (error !== null) note(error.message);
    });
  });
}

function isReply(value: unknown): value is CompileReply {
  if (typeof value !== 'object' || value === null) return false;
  const ok: unknown = Reflect.get(value, 'ok');
  return ok === true || (ok === false && typeof Reflect.get(value, 'message') === 'string');
}

function failure(path: string, reply: CompileReply | undefined, output: string): Diagnostic {
  if (reply?.ok === false && reply.missing)
    return new Diagnostic(
      'circom-missing',
      `the Circom backend needs the optional package circom2, which is not installed: run \`npm install circom2@0.2\`, or use --backend r1cs (${reply.message})`,
    );
  const said = [reply?.ok === false ? reply.message : '', plain(output)].filter((s) => s !== '').join('; ');
  return new Diagnostic('circom-failed', `the Circom compiler failed: ${said === '' ? 'no reason given' : said}`, {
    file: path,
  });
}

/** Terminal colours removed, frames of source text flattened. */
function plain(output: string): string {
  return output
    .replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '')
    .replace(/\s*\n\s*/g, ' | ')
    .trim();
}

function cancelled(signal: AbortSignal): Diagnostic {
  return new Diagnostic('cancelled', 'the compilation was cancelled', {}, { cause: signal.reason });
}
