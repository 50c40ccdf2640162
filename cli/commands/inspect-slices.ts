// zkmlc inspect model.onnx --slice ...: where a model would be cut, what each slice would cost, how good that is.
import { formatDiagnostic, type LoadOptions, sliceInTiles, sliceModules, structuralKey } from '../../compiler/index.ts';
import type { CommandContext } from '../context.ts';
import { chooseCostModel, describeSource } from '../cost-models.ts';
import { compilerWith, parseDims, parseRanges, usage } from '../options.ts';
import { parseSlice } from '../slice-options.ts';
import { describeSlicing } from '../slicing-text.ts';

/** Options that only a model takes: an artifact has been quantized and cut already. */
export interface SliceFlags {
  readonly slice?: string;
  readonly sliceAt?: readonly string[];
  readonly costModel?: string;
  readonly bits?: number;
  readonly calibrate?: string;
  readonly range?: readonly string[];
  readonly margin?: number;
  readonly dim?: readonly string[];
  readonly plugin?: readonly string[];
}

/** How a model is read that a command inspects. */
export function loadOptions(model: string, flags: SliceFlags, cx: CommandContext): LoadOptions {
  return {
    model,
    bits: flags.bits ?? 8,
    dims: parseDims(flags.dim),
    ranges: parseRanges(flags.range),
    ...(flags.calibrate !== undefined && { calibration: flags.calibrate }),
    ...(flags.margin !== undefined && { margin: flags.margin }),
    onProgress: (stage, fraction) => cx.console.progress(stage, fraction),
    signal: cx.signal,
  };
}

const MODEL_FLAGS = ['slice', 'sliceAt', 'costModel', 'bits', 'calibrate', 'range', 'margin', 'dim'] as const;

/** @throws Diagnostic `usage` if a flag that only a model takes is given for an artifact. */
export function refuseModelFlags(flags: SliceFlags): void {
  const given = MODEL_FLAGS.filter((name) => flags[name] !== undefined);
  if (given.length === 0) return;
  const names = given.map((name) => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`);
  throw usage(`${names.join(', ')}: for models (.onnx); an artifact has been compiled already`);
}

/** Quantizes a model, slices it and prints the slicing. */
export async function inspectSlices(model: string, flags: SliceFlags, cx: CommandContext): Promise<void> {
  const request = parseSlice(flags.slice, flags.sliceAt);
  if (request === undefined)
    throw usage('an ONNX model can be inspected with --slice or --slice-at; compile it to inspect its constraints');
  const compiler = await compilerWith(flags.plugin);
  const { ops, costModels } = compiler.registries;
  const { costModel, coefficients } = chooseCostModel(costModels, flags.costModel);
  const { int: undivided, name, warnings } = await compiler.load(loadOptions(model, flags, cx));
  const { module: int, slicing } = sliceInTiles(undivided, request, {
    ops,
    costModel,
    onProgress: (done, of) => cx.console.progress('counting constraints', done / of),
  });
  // Weights are ports for targets with lookups, constants of the circuit for the others.
  const constants = costModel.target.lookups ? 'types' : 'values';
  const keys = sliceModules(int, slicing).map((m) => structuralKey(m, constants));
  cx.console.clearProgress();
  for (const w of warnings) cx.console.warning(formatDiagnostic(w));
  const source = coefficients === undefined ? [] : [`coefficients: ${describeSource(coefficients)}`];
  cx.console.result([describeSlicing(slicing, keys), ...source].join('\n'), {
    model: name,
    ...slicing,
    keys,
    ...(coefficients !== undefined && { coefficients }),
  });
}
