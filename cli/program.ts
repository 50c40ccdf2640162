// The program: commands, error handling, exit codes 0 (ok), 1 (the model or proof was refused), 2 (wrong usage).
import { Command, CommanderError } from 'commander';
import { Diagnostic, formatDiagnostic } from '../compiler/index.ts';
import { registerCompile } from './commands/compile.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEvaluate } from './commands/evaluate.ts';
import { registerInspect } from './commands/inspect.ts';
import { registerList } from './commands/list.ts';
import { registerOpt } from './commands/opt.ts';
import { registerProve } from './commands/prove.ts';
import { registerVerify } from './commands/verify.ts';
import { createConsole, type Console } from './console.ts';
import { packageVersion } from './package-version.ts';

/** What every command gets: where to print, and how to stop. */
export interface CommandContext {
  readonly console: Console;
  readonly signal: AbortSignal;
}

/** Runs one command. @returns the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const abort = new AbortController();
  const interrupt = (): void => abort.abort(new Diagnostic('interrupted', 'interrupted; nothing was left behind'));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const console = createConsole(argv.includes('--json'));
  const program = createProgram({ console, signal: abort.signal });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (e) {
    console.clearProgress();
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : 2;
    if (e instanceof Diagnostic) {
      for (const d of [e, ...e.others]) console.error(formatDiagnostic(d), d);
      return e.kind === 'usage' ? 2 : 1;
    }
    const message = e instanceof Error ? e.message : String(e);
    console.error(`internal-error: ${message}; please report it (set ZKMLC_TRACE=1 for where it happened)`);
    if (process.env.ZKMLC_TRACE === '1' && e instanceof Error) console.error(e.stack ?? '');
    return 1;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** The commands, for running and for generating their documentation. */
export function createProgram(cx: CommandContext): Command {
  const program = new Command('zkmlc')
    .description('Compiles ONNX models to zero-knowledge proofs of inference.')
    .version(packageVersion())
    .showHelpAfterError('(add --help for usage)')
    .exitOverride()
    .configureOutput({ writeErr: (text) => cx.console.usage(text) });
  const registrations = [registerDemo, registerCompile, registerEvaluate, registerProve, registerVerify, registerInspect, registerOpt, registerList, registerDoctor];
  for (const register of registrations) register(program, cx);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: (text) => cx.console.usage(text) });
  return program;
}
