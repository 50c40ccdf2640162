// zkmlc forget: removes tensors and openings that a prover keeps of a run, when no audit of it is to come.
import type { Command } from 'commander';
import { printable } from '../../compiler/index.ts';
import { forgetRun } from '../../runtime/index.ts';
import type { CommandContext } from '../context.ts';
import { showBytes } from '../table.ts';

export function registerForget(program: Command, cx: CommandContext): void {
  program
    .command('forget')
    .description('remove what is kept of a run: no audit of it can be answered afterwards')
    .argument('<run>', 'run.zkc that was committed to, or run.zkp whose proof was interrupted')
    .option('--json', 'print the report as JSON')
    .action((run: string) => {
      const report = forgetRun(run);
      const lines = [
        `removed ${printable(report.work)}: ${showBytes(report.bytes)} of tensors, openings and proofs`,
        ...(report.openings === undefined
          ? []
          : [`openings of the model's own inputs and outputs stay (keep them secret): ${printable(report.openings)}`]),
      ];
      cx.console.result(lines.join('\n'), report);
    });
}
