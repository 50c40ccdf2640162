// zkmlc compile: an ONNX model becomes an artifact with constraints, keys and a verifier's folder.
import type { Command } from 'commander';
import {
  type CompileOptions,
  type CompileReport,
  type Compiler,
  DEFAULT_BACKEND,
  formatDiagnostic,
  printable,
  sliceInTiles,
} from '../../compiler/index.ts';
import { availableBytes, type BuildEstimate, proveSeconds } from '../../runtime/index.ts';
import type { CommandContext } from '../context.ts';
import { chooseCostModel, describeSource } from '../cost-models.ts';
import { collect, compilerWith, parseDims, parseRanges, parseVisibility, real, usage, whole } from '../options.ts';
import { memoryWarning, secrecyWarning } from '../secrecy.ts';
import { parseSlice } from '../slice-options.ts';
import { describeTiles, showNodes } from '../slicing-text.ts';
import { table } from '../table.ts';

interface CompileFlags {
  readonly output: string;
  readonly backend: string;
  readonly bits: number;
  readonly calibrate?: string;
  readonly range?: readonly string[];
  readonly margin?: number;
  readonly dim?: readonly string[];
  readonly visibility?: string;
  readonly ptau?: string;
  readonly slice?: string;
  readonly sliceAt?: readonly string[];
  readonly costModel?: string;
  readonly plugin?: readonly string[];
}

export function registerCompile(program: Command, cx: CommandContext): void {
  program
    .command('compile')
    .description('compile an ONNX model to an artifact that can prove and verify')
    .argument('<model.onnx>', 'the model')
    .requiredOption('-o, --output <model.zkml>', 'folder to make')
    .option(
      '--backend <name>',
      'plonk (native prover: fast, no set-up, not zero-knowledge), r1cs (Groth16: keeps inputs secret) or circom (the same in readable Circom 2)',
      DEFAULT_BACKEND,
    )
    .option('--bits <n>', 'width of activations, 2 to 16 (bits)', whole, 8)
    .option('--calibrate <data>', 'samples of the input: .npz, .json or a folder of ONNX test data')
    .option('--range <name=lo,hi>', 'range of an input (repeatable); instead of or beside calibration data', collect)
    .option('--margin <fraction>', 'widen calibrated ranges by this fraction of their width', real)
    .option('--dim <name=size>', 'size of a dynamic dimension (repeatable)', collect)
    .option(
      '--visibility <roles>',
      'such as input=public: public, private or committed, weights also fixed; by default inputs are not shown, outputs public',
    )
    .option('--ptau <file>', 'for r1cs and circom: powers of tau of a public ceremony, instead of a development set-up')
    .option(
      '--slice <how>',
      'prove in slices: 3, auto (memory=1GB), or memory=1GB,constraints=N,seconds=S,slices=N,provers=K,objective=largest',
    )
    .option('--slice-at <nodes>', 'cut after each of these nodes (separated by commas, repeatable)', collect)
    .option('--cost-model <name>', "what slices cost: rows, plonk, or a plugin's; by default that of the backend")
    .option('--plugin <module>', 'ES module with more operators, passes, backends or cost models (repeatable)', collect)
    .option('--json', 'print the report as JSON')
    .action(async (model: string, flags: CompileFlags) => {
      const compiler = await compilerWith(flags.plugin);
      const slice = slicingFor(flags, compiler, cx);
      const report = await compiler.compile({
        model,
        output: flags.output,
        backend: flags.backend,
        bits: flags.bits,
        dims: parseDims(flags.dim),
        ranges: parseRanges(flags.range),
        visibility: parseVisibility(flags.visibility),
        ...(flags.calibrate !== undefined && { calibration: flags.calibrate }),
        ...(flags.margin !== undefined && { margin: flags.margin }),
        ...(slice !== undefined && { slice }),
        keys: flags.ptau === undefined ? { kind: 'development' } : { kind: 'ceremony', ptauPath: flags.ptau },
        onProgress: (stage, fraction) => cx.console.progress(stage, fraction),
        onEstimate: (estimate) => {
          const note = describeEstimate(estimate);
          if (note !== undefined) cx.console.note(note);
        },
        signal: cx.signal,
      });
      for (const w of report.warnings) cx.console.warning(formatDiagnostic(w));
      cx.console.result(
        [
          `compiled ${printable(report.model)} with backend ${report.backend}: ${report.constraints} constraints, ${report.operations} operations`,
          `compile ${report.seconds.compile.toFixed(1)} s, ${describeSetup(report)}`,
          ...secrecyWarning(report.zeroKnowledge, report.notShown),
          ...describeSlices(report),
          `model root ${report.root}`,
          `artifact ${report.output}`,
        ].join('\n'),
        { ...report, warnings: report.warnings.map((w) => ({ code: w.code, message: w.message, where: w.where })) },
      );
    });
}

/** How to cut, if that was asked for. @throws Diagnostic `usage`, `unknown-cost-model`. */
function slicingFor(flags: CompileFlags, compiler: Compiler, cx: CommandContext): CompileOptions['slice'] {
  const request = parseSlice(flags.slice, flags.sliceAt);
  if (request === undefined) {
    if (flags.costModel !== undefined) throw usage('--cost-model is for --slice and --slice-at');
    return undefined;
  }
  const { ops, costModels } = compiler.registries;
  return (int, { target }) => {
    const fitting = [...costModels.values()].find((m) => m.target.name === target.name);
    const { costModel, coefficients } = chooseCostModel(costModels, flags.costModel ?? fitting?.name ?? '');
    if (coefficients !== undefined)
      cx.console.note(`slices by cost model ${costModel.name}, coefficients: ${describeSource(coefficients)}`);
    const onProgress = (done: number, of: number): void => cx.console.progress('counting constraints', done / of);
    return sliceInTiles(int, request, { ops, costModel, onProgress });
  };
}

function describeSlices({ slices = [], slicing }: CompileReport): readonly string[] {
  if (slicing === undefined) return [];
  const rows = slices.map((s) => [s.name, showNodes(s.nodes), String(s.constraints), String(s.macs), s.id]);
  return [table([['slice', 'nodes', 'constraints', 'macs', 'files'], ...rows], [2, 3]), ...describeTiles(slicing)];
}

/** Keys or registered weights: what was made once for all proofs, and how long it took. */
export function describeSetup({ proofSystem, setup, setupCached, seconds }: CompileReport): string {
  if (proofSystem === 'plonk-koalabear') return `weights registered in ${seconds.setup.toFixed(1)} s, no set-up needed`;
  return `${setupCached ? 'keys from the cache' : `keys in ${seconds.setup.toFixed(1)} s`} (${setup})`;
}

/** What people should know before they wait: a long set-up, proofs that will not fit into memory. */
function describeEstimate({ constraints, setupSeconds = 0, proveBytes = 0 }: BuildEstimate): string | undefined {
  return setupSeconds > 10
    ? `${constraints} constraints: making keys takes about ${Math.round(setupSeconds)} s, a proof about ${Math.round(proveSeconds(constraints))} s`
    : memoryWarning(proveBytes, availableBytes());
}
