// Proving sliced models from files: what the command prove does for them.
import { existsSync } from 'node:fs';
import { printable, readTensors, type Tensor } from '../compiler/index.ts';
import { commitOnly, type ProveRunOptions, type ProveRunReport, proveRun, readModelPorts } from '../runtime/index.ts';
import type { CommandContext } from './context.ts';
import { describeCoverage } from './coverage-text.ts';
import { namesNotShown, secrecyWarning } from './secrecy.ts';
import { showBytes } from './table.ts';

/** Options of the command, checked against each other: either `input` or `run` is given. */
export interface ProveRunFlags
  extends Pick<ProveRunOptions, 'output' | 'clamp' | 'audit' | 'slices' | 'parallel' | 'memory' | 'sliceTimeout'> {
  readonly input?: string;
  /** A run that was committed to. */
  readonly run?: string;
  readonly commitOnly: boolean;
}

/** Commits, or proves, and reports. @throws Diagnostic what reading and proving throw. */
export async function proveRunFiles(artifact: string, flags: ProveRunFlags, cx: CommandContext): Promise<void> {
  const { input, run, ...given } = flags;
  const inputs = input === undefined ? undefined : await inputsOf(artifact, input);
  const options: ProveRunOptions = {
    ...given,
    artifact,
    ...(inputs !== undefined && { inputs }),
    ...(run !== undefined && { committed: run }),
    onProgress: (stage, fraction) => cx.console.progress(stage, fraction),
    onNotice: (text) => cx.console.note(text),
    signal: cx.signal,
  };
  if (!flags.commitOnly) {
    const report = await proveRun(options).catch((e: unknown) => {
      if (existsSync(`${flags.output}.work`))
        cx.console.note(
          `what is finished waits in ${flags.output}.work (keep it secret): the same command goes on from there`,
        );
      throw e;
    });
    cx.console.result(describeReport(report, run), report);
    return;
  }
  const report = await commitOnly(options);
  const lines = [
    `committed to ${printable(report.model)}: ${showBytes(report.bytes)} in ${report.output}, nothing is proved yet`,
    `commitments ${report.commitments}`,
    `tensors and openings, from which slices are proved (keep them secret): ${report.work}`,
    `  they are needed for every audit of this run; zkmlc forget ${flags.output} removes them when none is to come`,
    ...describeSideEffects(report.clamped, report.openings),
  ];
  cx.console.result(lines.join('\n'), report);
}

async function inputsOf(artifact: string, file: string): Promise<ReadonlyMap<string, Tensor>> {
  return readTensors(file, await readModelPorts(artifact, 'input'), 'input');
}

/** @param run path of the run that had been committed to */
function describeReport(report: ProveRunReport, run = ''): string {
  const { seconds, reused, output } = report;
  return [
    `proved ${printable(report.model)} in slices: commitments ${seconds.commit.toFixed(2)} s, proofs ${seconds.prove.toFixed(2)} s, ${showBytes(report.bytes)} in ${output}`,
    describeCoverage(report.coverage),
    ...(report.kept === undefined
      ? []
      : [
          `kept for further audits (secret): ${report.kept.work}, ${showBytes(report.kept.bytes)}; zkmlc forget ${run} removes it`,
        ]),
    ...(reused.length > 0 ? [`${reused.length} slices had been proved before`] : []),
    ...describeSideEffects(report.clamped, report.openings),
    ...secrecyWarning(report.zeroKnowledge, namesNotShown(report.ports)),
  ].join('\n');
}

/** What else happened: inputs changed, secrets written. */
export function describeSideEffects(clamped: number, openings: string | undefined): readonly string[] {
  return [
    ...(clamped > 0 ? [`${clamped} input values were outside the declared range and saturated`] : []),
    ...(openings === undefined ? [] : [`openings of the commitments (keep them secret): ${openings}`]),
  ];
}
