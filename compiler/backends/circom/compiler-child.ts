// Runs in a child process: loads circom2 (optional, GPL: never in our process), compiles one file and exits.
import fs from 'node:fs';
import { createRequire } from 'node:module';

/** What the parent asks for; paths are absolute. */
export interface CompileRequest {
  readonly packageName: string;
  readonly arguments: readonly string[];
}

/** The reply; what the compiler says goes to the standard streams. */
export type CompileReply =
  | { readonly ok: true; readonly exitCode: number }
  | { readonly ok: false; readonly missing: boolean; readonly message: string };

function reply(message: CompileReply): void {
  process.send?.(message, undefined, undefined, () => process.exit(0));
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Carries the exit code that the compiler asks for out of its WebAssembly instance. */
class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

async function compile(library: unknown, wasm: Uint8Array, list: readonly string[]): Promise<number> {
  const found: unknown =
    typeof library === 'object' && library !== null ? Reflect.get(library, 'CircomRunner') : undefined;
  const defaults: unknown =
    typeof library === 'object' && library !== null ? Reflect.get(library, 'bindings') : undefined;
  if (typeof found !== 'function' || typeof defaults !== 'object')
    throw new Error('this version of circom2 has no CircomRunner');
  const stop = (code: unknown): never => {
    throw new Exit(Number(code));
  };
  // The compiler's hash tables take seeds from here: the same ones, so that it writes the same files every time.
  const randomFillSync = (bytes: Uint8Array, offset: number, size: number): Uint8Array =>
    bytes.fill(0, offset, offset + size);
  const bindings = { ...defaults, fs, randomFillSync, exit: stop, kill: stop };
  const runner: unknown = Reflect.construct(found, [{ args: list, env: {}, preopens: { '/': '/' }, bindings }]);
  const execute: unknown = typeof runner === 'object' && runner !== null ? Reflect.get(runner, 'execute') : undefined;
  if (typeof execute !== 'function') throw new Error('this version of circom2 has no CircomRunner.execute');
  try {
    await Reflect.apply(execute, runner, [wasm]);
    return 0;
  } catch (error) {
    if (error instanceof Exit) return error.code;
    throw error;
  }
}

// The parent is gone or gave up: nobody waits for the result.
process.on('disconnect', () => process.exit(1));
process.once('message', (request: CompileRequest) => {
  const require = createRequire(import.meta.url);
  let library: unknown;
  let wasm: Uint8Array;
  try {
    library = require(request.packageName);
    wasm = fs.readFileSync(require.resolve(`${request.packageName}/circom.wasm`));
  } catch (error) {
    reply({ ok: false, missing: true, message: describe(error) });
    return;
  }
  compile(library, wasm, request.arguments).then(
    (exitCode) => reply({ ok: true, exitCode }),
    (error) => reply({ ok: false, missing: false, message: describe(error) }),
  );
});
