// Proving from files, shared by the commands prove and demo.
import { readTensors } from '../compiler/index.ts';
import { type ProveReport, prove, readModelPorts } from '../runtime/index.ts';
import type { CommandContext } from './context.ts';

export interface ProveFileOptions {
  readonly artifact: string;
  readonly input: string;
  readonly output: string;
  readonly clamp?: boolean;
}

/** Reads the input file against the artifact's ports and proves. @throws Diagnostic what reading and proving throw. */
export async function proveFile(options: ProveFileOptions, cx: CommandContext): Promise<ProveReport> {
  const { artifact, output, clamp } = options;
  const inputs = await readTensors(options.input, await readModelPorts(artifact, 'input'), 'input');
  return prove({
    artifact,
    inputs,
    output,
    clamp: clamp === true,
    onProgress: (stage) => cx.console.progress(stage),
    signal: cx.signal,
  });
}
