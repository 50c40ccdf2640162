// zkmlc inspect --html: the graph with its slices, costs, links and what was verified, as one page.
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import {
  type Compiler,
  formatDiagnostic,
  type KnownSlices,
  type Module,
  printable,
  readModuleText,
  readSamples,
  readTensors,
  type SliceContext,
  type Slicing,
  sliceInTiles,
  sliceModule,
  sliceModules,
  slicingOfOperations,
  structuralKey,
  type Tensor,
} from '../../compiler/index.ts';
import {
  ARTIFACT_FILES,
  checkedFile,
  isRunVerifier,
  loadRun,
  type RunSlice,
  readManifest,
  readModelPorts,
} from '../../runtime/index.ts';
import type { CommandContext } from '../context.ts';
import { chooseCostModel } from '../cost-models.ts';
import { compilerWith } from '../options.ts';
import { layerErrors } from '../report/accuracy.ts';
import { type CompiledFigures, refuseRun, runFigures, wholeFigures } from '../report/compiled.ts';
import { pageOf } from '../report/page.ts';
import { graphOf, layerName, type Report } from '../report/report.ts';
import { checkReportPath, writeReport } from '../report/report-file.ts';
import { parseSlice } from '../slice-options.ts';
import { showBytes } from '../table.ts';
import { loadOptions, refuseModelFlags, type SliceFlags } from './inspect-slices.ts';

/** Options of `inspect` that have to do with the page. */
export interface HtmlFlags extends SliceFlags {
  readonly html?: string;
  readonly run?: string;
  readonly audit?: string;
  readonly input?: string;
}

/** A model, cut, with what is known beside its slicing. */
interface Cut {
  readonly title: string;
  readonly float: Module;
  readonly int: Module;
  readonly slicing: Slicing;
  readonly keys: readonly string[];
  readonly figures: CompiledFigures;
  /** An input to measure accuracy with. */
  readonly sample?: ReadonlyMap<string, Tensor>;
}

/** Writes the page and says what it holds. @throws Diagnostic as the commands that it takes its facts from. */
export async function inspectHtml(path: string, html: string, flags: HtmlFlags, cx: CommandContext): Promise<void> {
  checkReportPath(html);
  const compiler = await compilerWith(flags.plugin);
  const cut = await (extname(path).toLowerCase() === '.onnx' ? cutModel : readArtifact)(path, flags, compiler, cx);
  const { int, slicing, keys, figures, sample } = cut;
  if (sample !== undefined) cx.console.progress('comparing layers');
  const errors = sample === undefined ? undefined : layerErrors(cut, compiler, sample);
  cx.console.progress('drawing');
  const report: Report = {
    title: cut.title,
    ...figures,
    graph: graphOf(int, slicing),
    slicing,
    keys,
    ...(errors !== undefined && { errors }),
  };
  const bytes = writeReport(html, pageOf(report));
  const [layers, slices] = [report.graph.layers.length, slicing.slices.length];
  cx.console.result(
    [
      ...(figures.verdict === undefined ? [] : [figures.verdict.summary, ...figures.verdict.notes]),
      `report ${printable(html)}: ${layers} layers in ${slices} ${slices === 1 ? 'slice' : 'slices'}, ${showBytes(bytes)}`,
    ].join('\n'),
    {
      report: html,
      bytes,
      layers,
      slices,
      ...(figures.verdict && { verdict: figures.verdict.summary, notes: figures.verdict.notes }),
    },
  );
}

async function cutModel(model: string, flags: HtmlFlags, compiler: Compiler, cx: CommandContext): Promise<Cut> {
  refuseRun(flags);
  const request = parseSlice(flags.slice, flags.sliceAt) ?? { objective: { kind: 'total' }, limits: { slices: 1 } };
  const context = contextOf(compiler, flags.costModel, undefined, cx);
  const { float, int: undivided, name, inputs, warnings } = await compiler.load(loadOptions(model, flags, cx));
  const { module: int, slicing } = sliceInTiles(undivided, request, context);
  const sample =
    flags.input !== undefined
      ? await readTensors(flags.input, inputs, 'input')
      : flags.calibrate === undefined
        ? undefined
        : (await readSamples(flags.calibrate, inputs))[0];
  return {
    title: name,
    float,
    int,
    slicing,
    keys: keysOf(int, slicing, context),
    figures: { facts: [['bits', String(flags.bits ?? 8)]], warnings: warnings.map(formatDiagnostic) },
    ...(sample !== undefined && { sample }),
  };
}

async function readArtifact(folder: string, flags: HtmlFlags, compiler: Compiler, cx: CommandContext): Promise<Cut> {
  const { costModel: asked, ...others } = flags;
  refuseModelFlags(others);
  const manifest = readManifest(folder);
  const float = await readModule(folder, ARTIFACT_FILES.float, compiler);
  const int = await readModule(folder, ARTIFACT_FILES.int, compiler);
  const verifier = join(folder, ARTIFACT_FILES.verifier);
  const run = isRunVerifier(verifier) ? loadRun(verifier) : undefined;
  const figures =
    run === undefined
      ? await wholeFigures(folder, compiler, flags)
      : await runFigures(folder, manifest, run, compiler, flags);
  const context = contextOf(compiler, asked, figures.constraints === undefined ? 'plonk' : 'rows', cx);
  const { slices, tensors } = run?.description ?? {};
  const slicing =
    slices === undefined || tensors === undefined
      ? sliceModule(int, { objective: { kind: 'total' }, limits: { slices: 1 } }, context)
      : slicingOfOperations(int, { operations: await operationsOf(folder, slices, compiler), tensors }, context);
  const inputs =
    tensors === undefined
      ? await readModelPorts(folder, 'input')
      : tensors.flatMap(({ input, shape, dtype = 'float32' }) =>
          input === undefined ? [] : [{ name: input, shape, dtype }],
        );
  return {
    title: manifest.model,
    float,
    int,
    slicing,
    keys: slices?.map((s) => s.root) ?? keysOf(int, slicing, context),
    figures,
    ...(flags.input !== undefined && { sample: await readTensors(flags.input, inputs, 'input') }),
  };
}

/** Reads a module of an artifact whose digest has been checked. */
async function readModule(folder: string, path: string, { registries }: Compiler): Promise<Module> {
  const file = await checkedFile(folder, readManifest(folder), path);
  return readModuleText(await readFile(file, 'utf8'), registries.ops, { file });
}

/** Operations of each slice, from its own integer module, which numbers its nodes; slices that share it have their own. */
async function operationsOf(
  folder: string,
  slices: readonly RunSlice[],
  compiler: Compiler,
): Promise<KnownSlices['operations']> {
  const read = new Map<string, KnownSlices['operations'][number]>();
  for (const { id } of slices) {
    if (read.has(id)) continue;
    const { operations } = await readModule(join(folder, ARTIFACT_FILES.slices, id), ARTIFACT_FILES.int, compiler);
    read.set(
      id,
      operations.map((o) => ({ node: layerName(o), op: o.op })),
    );
  }
  return slices.map(({ id, nodes }) => {
    const operations = read.get(id)!;
    const numbered = [...new Set(operations.map((o) => o.node))];
    return operations.map(({ node, op }) => ({ node: nodes[numbered.indexOf(node)] ?? node, op }));
  });
}

function contextOf(
  { registries }: Compiler,
  asked: string | undefined,
  fitting: string | undefined,
  cx: CommandContext,
): SliceContext {
  const { ops, costModels } = registries;
  return {
    ops,
    costModel: chooseCostModel(costModels, asked ?? fitting).costModel,
    onProgress: (done, of) => cx.console.progress('counting constraints', done / of),
  };
}

/** Weights are ports for targets with lookups, constants of the circuit for the others. */
function keysOf(int: Module, slicing: Slicing, { costModel }: SliceContext): readonly string[] {
  const constants = costModel.target.lookups ? 'types' : 'values';
  return sliceModules(int, slicing).map((m) => structuralKey(m, constants));
}
