// The program: commands, error handling, exit codes 0 (ok), 1 (the model or proof was refused), 2 (wrong usage).
import { Command, CommanderError } from 'commander';
import { Diagnostic } from '../compiler/index.ts';
import { registerAudit } from './commands/audit.ts';
import { registerCalibrateCost } from './commands/calibrate-cost.ts';
import { registerCompile } from './commands/compile.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEvaluate } from './commands/evaluate.ts';
import { registerForget } from './commands/forget.ts';
import { registerInspect } from './commands/inspect.ts';
import { registerOps } from './commands/ops.ts';
import { registerOpt } from './commands/opt.ts';
import { registerPasses } from './commands/passes.ts';
import { registerProve } from './commands/prove.ts';
import { registerRoot } from './commands/root.ts';
import { registerVerify } from './commands/verify.ts';
import { createConsole } from './console.ts';
import type { CommandContext } from './context.ts';
import { packageVersion } from './package-files.ts';

/** Runs one command. @returns the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const console = createConsole(argv.includes('--json'));
  const interruption = createInterruption();
  const program = createProgram({
    console,
    get signal() {
      return interruption.signal();
    },
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (thrown) {
    console.clearProgress();
    // Whatever an interrupted operation reports, the interruption is why.
    const e = interruption.reason() ?? thrown;
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : 2;
    if (e instanceof Diagnostic) {
      console.error(e);
      return e.kind === 'usage' ? 2 : 1;
    }
    console.internalError(e);
    return 1;
  } finally {
    interruption.stop();
  }
}

/** A signal that SIGINT and SIGTERM abort, from the moment that somebody asks for it. */
function createInterruption(): { signal(): AbortSignal; reason(): Diagnostic | undefined; stop(): void } {
  const abort = new AbortController();
  const names = ['SIGINT', 'SIGTERM'] as const;
  let listening = false;
  const reason = new Diagnostic('interrupted', 'interrupted; nothing incomplete was left behind');
  const interrupt = (): void => abort.abort(reason);
  return {
    signal() {
      if (!listening) for (const name of names) process.on(name, interrupt);
      listening = true;
      return abort.signal;
    },
    reason: () => (abort.signal.aborted ? reason : undefined),
    stop() {
      for (const name of names) process.off(name, interrupt);
    },
  };
}

/** The commands, for running and for generating their documentation. */
export function createProgram(cx: CommandContext): Command {
  const program = new Command('zkmlc')
    .description('Compiles ONNX models to zero-knowledge proofs of inference.')
    .version(packageVersion())
    .showHelpAfterError('(add --help for usage)')
    .exitOverride()
    .configureOutput({ writeErr: (text) => cx.console.usage(text) });
  const registrations = [
    registerDemo,
    registerCompile,
    registerEvaluate,
    registerProve,
    registerVerify,
    registerAudit,
    registerForget,
    registerRoot,
    registerInspect,
    registerOpt,
    registerOps,
    registerPasses,
    registerCalibrateCost,
    registerDoctor,
  ];
  for (const register of registrations) register(program, cx);
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeErr: (text) => cx.console.usage(text) });
  return program;
}
