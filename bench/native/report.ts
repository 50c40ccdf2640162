// The benchmark's results as a Markdown table, with the figures to reach beside those that were measured.
import { type BenchResult, median, type ProveFigures, type RunFigures } from './measurement.ts';

function showSeconds(seconds: number): string {
  if (seconds < 1) return `${(1000 * seconds).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  return `${seconds.toFixed(seconds < 100 ? 2 : 0)} s`;
}

function showBytes(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(0)} KB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** The figure, with the one to reach where it is missed. */
function against(value: number, goal: number | undefined, show: (n: number) => string): string {
  return goal === undefined || value <= goal ? show(value) : `**${show(value)}** (goal ${show(goal)})`;
}

const middle = (p: ProveFigures, of: (r: RunFigures) => number): number => median(p.runs.map(of));

const COLUMNS = [
  'model',
  'compile',
  'registration',
  'key',
  'weights on disk',
  'key load',
  'witness',
  'prove',
  'verify',
  'proof',
  'peak memory',
  'soundness',
];

function rowOf({ title, goal, compile, prove, failure }: BenchResult): readonly string[] {
  const compiled =
    compile === undefined
      ? []
      : [
          showSeconds(compile.compile),
          showSeconds(compile.registration),
          showBytes(compile.keyBytes),
          showBytes(compile.weightBytes),
        ];
  if (prove === undefined) return [title, ...compiled, failure ?? ''];
  return [
    title,
    ...compiled,
    showSeconds(prove.load),
    showSeconds(middle(prove, (r) => r.witness)),
    against(
      middle(prove, (r) => r.prove),
      goal?.prove,
      showSeconds,
    ),
    against(
      middle(prove, (r) => r.verify),
      goal?.verify,
      showSeconds,
    ),
    against(
      middle(prove, (r) => r.proofBytes),
      goal?.proof,
      showBytes,
    ),
    against(prove.memory, goal?.memory, showBytes),
    `${prove.securityBits.toFixed(1)} bits`,
  ];
}

/** One row per model; `prove` includes `witness`, and all times of runs are medians. */
export function showTable(results: readonly BenchResult[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${[...cells, ...new Array<string>(COLUMNS.length - cells.length).fill('')].map((c) => c.replaceAll('|', '/').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(COLUMNS), `|${'---|'.repeat(COLUMNS.length)}`, ...results.map((r) => line(rowOf(r)))].join('\n');
}

/** Where the time of a proof goes: medians by phase, in order. */
export function showProfile({ title, prove }: BenchResult): string {
  if (prove === undefined) return `${title}: not measured`;
  const names = prove.runs[0]?.phases.map(([name]) => name) ?? [];
  const total = middle(prove, (r) => r.prove);
  const phase = (i: number): number => median(prove.runs.map((r) => r.phases[i]?.[1] ?? 0));
  const lines = [['witness', middle(prove, (r) => r.witness)] as const, ...names.map((n, i) => [n, phase(i)] as const)];
  const shown = lines.map(
    ([name, seconds]) =>
      `  ${name.padEnd(28)} ${showSeconds(seconds).padStart(9)} ${((100 * seconds) / total).toFixed(0).padStart(4)} %`,
  );
  const processor = showSeconds(middle(prove, (r) => r.processor));
  return [`${title}: ${showSeconds(total)}, ${processor} of processor time`, ...shown].join('\n');
}
