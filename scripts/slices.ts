// Compares optimal slicings with cutting at every weighted node and into equal numbers of groups, on the corpus and on the
// benchmark's shapes. Usage: npx tsx scripts/slices.ts [--only name,name] [--cost-model rows]
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchModels, slicedModels } from '../bench/native/models.ts';
import { markdownTable } from '../cli/table.ts';
import {
  createCompiler,
  Diagnostic,
  findCostModel,
  formatDiagnostic,
  type LoadOptions,
  sliceCosts,
  slicingOf,
} from '../compiler/index.ts';
import { cutAtWeights, cutEqually } from '../compiler/passes/slice/index.ts';
import { placeLongestFirst } from '../compiler/passes/slice/makespan.ts';
import { sliceSum } from '../compiler/passes/slice/problem.ts';
import { corpusOptions } from './corpus/load.ts';
import { candidates } from './corpus/models.ts';

const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, 'cost-model': { type: 'string', default: 'plonk' } },
});
const PROVERS = [2, 8, 32];
/** What slices are held to in the last row of each model: memory of a proving process (bytes). */
const MEMORY = 1e9;

const compiler = createCompiler();
const { ops, costModels } = compiler.registries;
const costModel = findCostModel(costModels, flags['cost-model']);
const corpus = fileURLToPath(new URL('../../shared/corpus', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'zkmlc-slices-'));
const only = flags.only?.split(',');

/** Every model by name, prepared when its turn comes. */
const models = new Map<string, () => LoadOptions>(
  [...benchModels(undefined), ...slicedModels()].map((m) => [m.name, () => m.prepare(folder, 8)]),
);
if (existsSync(corpus)) for (const m of candidates(corpus, ops)) models.set(m.name, () => corpusOptions(m, 8));
else console.log('../shared/corpus is absent: the shapes of the benchmark only');

const show = (x: number): string => String(Number(x.toPrecision(4)));
const megabytes = (x: number): string => (x / 1e6).toFixed(0);
const out = [
  [
    'model',
    'slicing',
    'slices',
    'total',
    'largest',
    'MB',
    ...PROVERS.map((k) => `${k} provers`),
    ...PROVERS.map((k) => `gap ${k}`),
  ],
];
let worse = 0;

for (const [name, prepare] of models) {
  if (only !== undefined && !only.includes(name)) continue;
  const started = performance.now();
  try {
    const { int } = await compiler.load(prepare());
    const cx = { ops, costModel };
    const costs = sliceCosts(int, cx);
    console.log(`${name}: ${costs.groups.length} groups`);
    const plain = (chain: readonly (readonly number[])[]) => {
      const sums = chain.map((s) => sliceSum(costs.problem, new Set(s)));
      const loads = sums.map((s) => s[0]!);
      const spans = PROVERS.map((k) => placeLongestFirst(loads, k).makespan);
      const total = loads.reduce((a, b) => a + b, 0);
      return {
        slices: chain.length,
        total,
        largest: Math.max(...loads),
        bytes: Math.max(...sums.map((s) => s[2]!)),
        spans,
      };
    };
    const row = (title: string, r: ReturnType<typeof plain>, gaps: readonly string[]): void => {
      const figures = [r.slices, show(r.total), show(r.largest), megabytes(r.bytes), ...r.spans.map(show)].map(String);
      out.push([name, title, ...figures, ...gaps]);
      console.log(`  ${title}: ${[...figures, ...gaps].join(' | ')}`);
    };
    const best = PROVERS.map((provers) =>
      slicingOf(int, costs, { objective: { kind: 'makespan', provers }, limits: {} }, cx),
    );
    const spans = best.map((b) => b.report.makespan!.makespan);
    const gapsOf = (found: typeof best): string[] => found.map((b) => `${(100 * b.report.makespan!.gap).toFixed(1)} %`);
    const gaps = gapsOf(best);
    const compared = [
      ['at weights', plain(cutAtWeights(int, costs.groups))] as const,
      ['8 equal', plain(cutEqually(costs.groups.length, 8))] as const,
    ];
    for (const [title, r] of compared) {
      // In its own objective: total and largest slice for the same number of slices, and the makespans.
      const ask = (kind: 'total' | 'largest') =>
        slicingOf(int, costs, { objective: { kind }, limits: { slices: r.slices } }, cx).report;
      const low = ask('largest');
      row(
        title,
        r,
        PROVERS.map(() => ''),
      );
      row(
        `best of ${r.slices}`,
        { slices: r.slices, total: ask('total').total, largest: low.largest, bytes: low.peakBytes, spans },
        gaps,
      );
      const slack = 1 + 1e-9;
      const isWorse =
        ask('total').total > r.total * slack ||
        low.largest > r.largest * slack ||
        spans.some((s, i) => s > r.spans[i]! * slack);
      if (isWorse) {
        worse++;
        console.log(`WORSE: ${name}, ${title}`);
      }
    }
    const cheapest = slicingOf(int, costs, { objective: { kind: 'total' }, limits: { memory: MEMORY } }, cx);
    const limited = PROVERS.map((provers) =>
      slicingOf(int, costs, { objective: { kind: 'makespan', provers }, limits: { memory: MEMORY } }, cx),
    );
    row(
      'under 1 GB',
      {
        slices: cheapest.slices.length,
        total: cheapest.report.total,
        largest: cheapest.report.largest,
        bytes: cheapest.report.peakBytes,
        spans: limited.map((b) => b.report.makespan!.makespan),
      },
      gapsOf(limited),
    );
    const exact = [...best, ...limited, cheapest].every((b) => b.report.optimality === 'exact') ? 'exact' : 'not exact';
    console.log(`  ${exact}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  } catch (e) {
    if (!(e instanceof Diagnostic)) throw e;
    console.log(`${name}: ${formatDiagnostic(e).slice(0, 160)}`);
  }
}
rmSync(folder, { recursive: true });
console.log(
  `Costs in ${costModel.unit} (model ${costModel.name}); "best of n": total, largest and makespans each in its own objective; "under 1 GB": the slices of the smallest total, makespans in their own.\n`,
);
console.log(markdownTable(out));
if (worse > 0) process.exitCode = 1;
