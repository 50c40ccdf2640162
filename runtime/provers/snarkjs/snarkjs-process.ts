// The one place that starts snarkjs: a child process per request, killed on abort, its error output kept for the diagnostic.
import { type ChildProcess, fork } from 'node:child_process';
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import { builtScript } from './built-script.ts';
import { isRecord, type SnarkjsReply, type SnarkjsRequest } from './snarkjs-requests.ts';

const MAX_STDERR_CHARACTERS = 4000;

export interface SnarkjsOptions {
  /** Kills the child; the promise then rejects with Diagnostic `cancelled`, after the child has ended. */
  readonly signal?: AbortSignal | undefined;
  /** Package to load instead of snarkjs, for tests. */
  readonly packageName?: string | undefined;
}

/**
 * Runs one request in a child process and returns the raw result, to be checked by the caller.
 * @throws Diagnostic `snarkjs-missing` if the package is not installed, `snarkjs-failed` with its message and error
 * output, `cancelled`, or `not-built`. The child has ended when the promise settles.
 */
export async function runSnarkjs(request: SnarkjsRequest, options: SnarkjsOptions = {}): Promise<unknown> {
  const { signal } = options;
  if (signal?.aborted) throw cancelled(signal);
  const script = builtScript('snarkjs-child');
  // execArgv is empty so that loaders and inspectors of the parent do not leak into the child.
  const child = fork(script, [], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'json' });
  const abort = (): void => {
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const { reply, errorOutput } = await converse(child, { packageName: options.packageName ?? 'snarkjs', request });
    if (signal?.aborted) throw cancelled(signal);
    if (reply?.ok === true) return reply.result;
    throw failure(reply, errorOutput);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

interface Outcome {
  readonly reply: SnarkjsReply | undefined;
  /** The child's error output, or why it never started or ended early. */
  readonly errorOutput: string;
}

function converse(
  child: ChildProcess,
  message: { readonly packageName: string; readonly request: SnarkjsRequest },
): Promise<Outcome> {
  return new Promise((resolve) => {
    let reply: SnarkjsReply | undefined;
    let errorOutput = '';
    const note = (text: string): void => {
      errorOutput = (errorOutput + text).slice(-MAX_STDERR_CHARACTERS);
    };
    child.stderr?.setEncoding('utf8').on('data', note);
    child.once('message', (received: unknown) => {
      if (isReply(received)) reply = received;
    });
    child.once('error', (error) => {
      note(error.message);
      child.kill('SIGKILL');
      if (child.pid === undefined) resolve({ reply, errorOutput });
    });
    child.once('close', (code, by) => {
      if (reply === undefined) note(by === null ? `\nended with exit code ${code}` : `\nended by ${by}`);
      resolve({ reply, errorOutput });
    });
    child.send(message, (error) => {
      if (error !== null) note(error.message);
    });
  });
}

function isReply(value: unknown): value is SnarkjsReply {
  return isRecord(value) && (value.ok === true || (value.ok === false && typeof value.message === 'string'));
}

function failure(reply: SnarkjsReply | undefined, errorOutput: string): Diagnostic {
  if (reply?.ok === false && reply.code === 'snarkjs-missing')
    return new Diagnostic(
      'snarkjs-missing',
      `Groth16 proofs need the optional package snarkjs, which is not installed: run \`npm install snarkjs@0.7\` (${reply.message})`,
    );
  const said = [reply?.ok === false ? reply.message : '', errorOutput.trim()].filter((s) => s !== '').join('; ');
  return new Diagnostic('snarkjs-failed', `snarkjs failed: ${said === '' ? 'no reason given' : said}`);
}

function cancelled(signal: AbortSignal): Diagnostic {
  return new Diagnostic('cancelled', 'the operation was cancelled', {}, { cause: signal.reason });
}
