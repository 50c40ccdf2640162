// Inputs and outputs of a compiled model, whether it is proved as a whole or in slices.
import { readManifest } from './artifact/artifact.ts';
import type { ElementType, PortDescription } from './artifact/description.ts';
import { checkedVerifier } from './prover.ts';
import { loadRunProver } from './runs/prove-run.ts';
import { modelPorts } from './runs/verify-run.ts';

/** An input or output of a compiled model, as readers of users' files expect it. */
export interface ModelPort {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: ElementType;
}

/** Name and ports of a compiled model. @throws Diagnostic `bad-artifact` and the like. */
export async function readModelDescription(
  folder: string,
): Promise<{ readonly model: string; readonly ports: readonly PortDescription[] }> {
  const manifest = readManifest(folder);
  if (manifest.slices === undefined) return (await checkedVerifier(folder, manifest)).description;
  const { model, tensors } = (await loadRunProver(folder)).run.description;
  return { model, ports: modelPorts(tensors) };
}

/** Inputs, or outputs, of a compiled model. @throws Diagnostic as {@link readModelDescription}. */
export async function readModelPorts(folder: string, role: 'input' | 'output'): Promise<readonly ModelPort[]> {
  const { ports } = await readModelDescription(folder);
  return ports.filter((p) => p.role === role).map(({ name, shape, dtype = 'float32' }) => ({ name, shape, dtype }));
}
