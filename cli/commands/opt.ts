// zkmlc opt: runs passes on a model and prints the result as text.
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Command } from 'commander';
import {
  type CalibrationData,
  type Compiler,
  Diagnostic,
  type ExpectedTensor,
  formatDiagnostic,
  importModel,
  type Module,
  parsePipeline,
  printModule,
  readModelFile,
  readModuleText,
  readSamples,
  runPipeline,
} from '../../compiler/index.ts';
import type { CommandContext } from '../context.ts';
import { collect, compilerWith, parseDims, parseRanges, usage } from '../options.ts';

interface OptFlags {
  readonly passes?: string;
  readonly calibrate?: string;
  readonly range?: readonly string[];
  readonly dim?: readonly string[];
  readonly plugin?: readonly string[];
}

/** Longest text that is read (bytes). */
const MAX_TEXT_BYTES = 2 ** 29;

export function registerOpt(program: Command, cx: CommandContext): void {
  program
    .command('opt')
    .description('run passes on a model (.onnx, or text .zk) and print the result as text')
    .argument('[file]', 'the model; - reads text from standard input', '-')
    .option(
      '-p, --passes <pipeline>',
      'passes in order: canonicalize,fuse,quantize{bits=8}; none prints the model as it is',
    )
    .option('--calibrate <data>', 'samples of the input, for pass calibrate')
    .option('--range <name=lo,hi>', 'range of an input (repeatable), for pass calibrate', collect)
    .option('--dim <name=size>', 'size of a dynamic dimension of an ONNX model (repeatable)', collect)
    .option('--plugin <module>', 'ES module with more operators or passes (repeatable)', collect)
    .option('--json', 'print {"module": text, "notes": [...]}')
    .action(async (file: string, flags: OptFlags) => {
      const compiler = await compilerWith(flags.plugin);
      const { ops, passes } = compiler.registries;
      const steps = flags.passes === undefined ? [] : parsePipeline(flags.passes, passes);
      const { module, inputs, warnings } = await readModule(file, flags, compiler);
      const calibration: CalibrationData = {
        samples: flags.calibrate === undefined ? [] : await readSamples(flags.calibrate, inputs),
        ranges: parseRanges(flags.range),
      };
      const notes = [...warnings];
      const result = inFile(file, () =>
        runPipeline(module, steps, { ops, calibration, report: (note) => notes.push(note) }),
      );
      for (const note of notes) cx.console.warning(formatDiagnostic(note));
      const text = printModule(result);
      cx.console.result(text.trimEnd(), {
        module: text,
        notes: notes.map(({ code, message, where }) => ({ code, message, where })),
      });
    });
}

interface InputModule {
  readonly module: Module;
  readonly inputs: readonly ExpectedTensor[];
  readonly warnings: readonly Diagnostic[];
}

async function readModule(file: string, flags: OptFlags, { registries: { ops } }: Compiler): Promise<InputModule> {
  if (extname(file).toLowerCase() === '.onnx') {
    const { model, files } = readModelFile(file);
    return importModel(model, { ops, dims: parseDims(flags.dim), files, file });
  }
  if (flags.dim !== undefined) throw usage('--dim is for ONNX models; text has fixed shapes');
  const module = await readModuleText(readText(file), ops, { file: shownName(file) });
  return { module, inputs: module.inputs.map(expectedOf), warnings: [] };
}

const shownName = (file: string): string => (file === '-' ? '<standard input>' : file);

function readText(file: string): string {
  const refuse = (why: string): Diagnostic => new Diagnostic('unreadable-file', why, { file: shownName(file) });
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file === '-' ? 0 : file);
  } catch (e) {
    throw refuse(`the text cannot be read: ${e instanceof Error ? e.message : String(e)}`);
  }
  if (bytes.length > MAX_TEXT_BYTES)
    throw refuse(`the text has ${bytes.length} bytes; at most ${MAX_TEXT_BYTES} are read`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse('this is no text (UTF-8); ONNX models must have a name that ends in .onnx');
  }
}

/** How samples of an input are read: the text form knows reals, whole numbers and truth values. */
function expectedOf({ name, type }: Module['inputs'][number]): ExpectedTensor {
  const element = type.kind === 'float' ? type.element : 'i64';
  return { name, shape: type.shape, dtype: element === 'f32' ? 'float32' : element === 'bool' ? 'bool' : 'int64' };
}

function inFile<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (e) {
    throw e instanceof Diagnostic ? e.at({ file: shownName(file) }) : e;
  }
}
