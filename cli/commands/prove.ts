// zkmlc prove: runs a compiled model on an input and proves the result, as a whole or slice by slice.
import type { Command } from 'commander';
import { printable } from '../../compiler/index.ts';
import { isSlicedArtifact, type ProveReport } from '../../runtime/index.ts';
import type { CommandContext } from '../context.ts';
import { collect, parseNames, real, usage, whole } from '../options.ts';
import { proveFile } from '../prove-file.ts';
import { describeSideEffects, type ProveRunFlags, proveRunFiles } from '../prove-run-files.ts';
import { namesNotShown, secrecyWarning } from '../secrecy.ts';
import { parseBytes } from '../slice-options.ts';

interface ProveFlags {
  readonly input?: string;
  readonly output: string;
  readonly clampInput?: boolean;
  readonly commitOnly?: boolean;
  readonly run?: string;
  readonly audit?: string;
  readonly slices?: readonly string[];
  readonly parallel?: number;
  readonly memory?: string;
  readonly sliceTimeout?: number;
}

const SLICED_FLAGS = ['commitOnly', 'run', 'audit', 'slices', 'parallel', 'memory', 'sliceTimeout'] as const;

export function registerProve(program: Command, cx: CommandContext): void {
  program
    .command('prove')
    .description('prove that the compiled model maps an input to its output')
    .argument('<model.zkml>', 'the artifact')
    .option('-i, --input <file>', 'the input: .json, .npz, .pb or a folder of ONNX test data')
    .requiredOption('-o, --output <proof.zkp>', 'the proof to write')
    .option('--clamp-input', 'saturate input values outside the declared range instead of refusing them')
    .option(
      '--commit-only',
      'of a sliced model: commit to all tensors (run.zkc), to be audited before anything is proved',
    )
    .option('--run <run.zkc>', 'prove slices of a run that was committed to, instead of --input')
    .option('--audit <audit.json>', 'with --run: prove the slices that the audit drew')
    .option('--slices <names>', 'prove these slices only (separated by commas, repeatable)', collect)
    .option('--parallel <n>', 'prove so many slices at a time, each in a process of its own', whole)
    .option('--memory <size>', 'memory that all of them together may take, such as 8GB')
    .option('--slice-timeout <seconds>', 'end a process that is longer at one slice, and try the slice once more', real)
    .option('--json', 'print the report as JSON')
    .action(async (artifact: string, flags: ProveFlags) => {
      if (isSlicedArtifact(artifact)) return proveRunFiles(artifact, runFlags(flags), cx);
      const given = SLICED_FLAGS.filter((name) => flags[name] !== undefined);
      if (given.length > 0)
        throw usage(`${given.map(optionOf).join(', ')}: for models that were compiled with --slice or --slice-at`);
      if (flags.input === undefined) throw usage('prove expects --input');
      const report = await proveFile(
        { artifact, input: flags.input, output: flags.output, clamp: flags.clampInput === true },
        cx,
      );
      cx.console.result(describeReport(report), report);
    });
}

const optionOf = (name: string): string => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

/** @throws Diagnostic `usage` for options that contradict each other. */
function runFlags(flags: ProveFlags): ProveRunFlags {
  const { input, output, run, audit, memory, sliceTimeout } = flags;
  const parallel = flags.parallel ?? 1;
  if ((input === undefined) === (run === undefined)) throw usage('prove expects either --input or --run');
  if (audit !== undefined && run === undefined) throw usage('--audit is for a run that was committed to: give --run');
  if (audit !== undefined && flags.slices !== undefined) throw usage('--audit names the slices: leave --slices out');
  const commitOnly = flags.commitOnly === true;
  if (commitOnly && (input === undefined || flags.slices !== undefined))
    throw usage('--commit-only takes --input and proves no slices');
  if (parallel < 1 || parallel > 256) throw usage('--parallel expects a number from 1 to 256');
  if (sliceTimeout !== undefined && sliceTimeout <= 0) throw usage('--slice-timeout expects seconds, more than 0');
  const slices = parseNames(flags.slices);
  return {
    output,
    commitOnly,
    parallel,
    clamp: flags.clampInput === true,
    ...(input !== undefined && { input }),
    ...(run !== undefined && { run }),
    ...(audit !== undefined && { audit }),
    ...(slices !== undefined && { slices }),
    ...(sliceTimeout !== undefined && { sliceTimeout }),
    ...(memory !== undefined && { memory: parseBytes(memory, '--memory') }),
  };
}

function describeReport(report: ProveReport): string {
  const { seconds, bytes, output, clamped, openings } = report;
  return [
    `proved ${printable(report.model)}: witness ${seconds.witness.toFixed(2)} s, proof ${seconds.prove.toFixed(2)} s, ${bytes} bytes in ${output}`,
    ...describeSideEffects(clamped, openings),
    ...secrecyWarning(report.zeroKnowledge, namesNotShown(report.ports)),
  ].join('\n');
}
