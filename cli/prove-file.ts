// Proving from files: what the command prove does before it reports.
import { readTensors } from '../compiler/index.ts';
import { availableBytes, type ProveReport, prove, readModelPorts } from '../runtime/index.ts';
import type { CommandContext } from './context.ts';
import { memoryWarning } from './secrecy.ts';

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
    onProgress: (stage, fraction) => cx.console.progress(stage, fraction),
    onEstimate({ proveBytes }) {
      const note = memoryWarning(proveBytes, availableBytes());
      if (note !== undefined) cx.console.note(note);
    },
    signal: cx.signal,
  });
}
