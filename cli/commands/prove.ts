// zkmlc prove: runs a compiled model on an input and proves the result.
import type { Command } from 'commander';
import { printable } from '../../compiler/index.ts';
import type { CommandContext } from '../context.ts';
import { proveFile } from '../prove-file.ts';
import { namesNotShown, secrecyWarning } from '../secrecy.ts';

interface ProveFlags {
  readonly input: string;
  readonly output: string;
  readonly clampInput?: boolean;
}

export function registerProve(program: Command, cx: CommandContext): void {
  program
    .command('prove')
    .description('prove that the compiled model maps an input to its output')
    .argument('<model.zkml>', 'the artifact')
    .requiredOption('-i, --input <file>', 'the input: .json, .npz, .pb or a folder of ONNX test data')
    .requiredOption('-o, --output <proof.zkp>', 'the proof to write')
    .option('--clamp-input', 'saturate input values outside the declared range instead of refusing them')
    .option('--json', 'print the report as JSON')
    .action(async (artifact: string, flags: ProveFlags) => {
      const report = await proveFile(
        { artifact, input: flags.input, output: flags.output, clamp: flags.clampInput === true },
        cx,
      );
      const clamped =
        report.clamped > 0 ? `\n${report.clamped} input values were outside the declared range and saturated` : '';
      const opening =
        report.openings === undefined ? '' : `\nopenings of the commitments (keep them secret): ${report.openings}`;
      const warning = secrecyWarning(report.zeroKnowledge, namesNotShown(report.ports)).map((line) => `\n${line}`);
      cx.console.result(
        `proved ${printable(report.model)}: witness ${report.seconds.witness.toFixed(2)} s, proof ${report.seconds.prove.toFixed(2)} s, ${report.bytes} bytes in ${flags.output}${clamped}${opening}${warning.join('')}`,
        report,
      );
    });
}
