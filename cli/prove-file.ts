// Proving from files, shared by the commands prove and demo.
import { readTensors } from '../compiler/index.ts';
import { type ProveReport, prove, readInputPorts } from '../runtime/index.ts';
import type { CommandContext } from './program.ts';

export interface ProveFileOptions {
  readonly artifact: string;
  readonly input: string;
  readonly output: string;
  readonly clamp?: boolean;
}

/** Reads the input file against the artifact's ports and proves. @throws Diagnostic what reading and proving throw. */
export async function proveFile(options: ProveFileOptions, cx: CommandContext): Promise<ProveReport> {
  const inputs = await readTensors(options.input, readInputPorts(options.artifact), 'input');
  return prove({
    artifact: options.artifact,
    inputs,
    output: options.output,
    clamp: options.clamp === true,
    onProgress: (stage) => cx.console.progress(stage),
    signal: cx.signal,
  });
}
