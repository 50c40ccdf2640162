// A verifier's folder of a sliced model: the run's description, and the keys of slices, read when their turn comes.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Diagnostic, quote } from '../../compiler/ir/diagnostics.ts';
import { sameShape } from '../../compiler/ir/tensor.ts';
import type { PortDescription } from '../artifact/description.ts';
import { readBounded } from '../artifact/files.ts';
import {
  decodeRunDescription,
  MAX_RUN_DESCRIPTION_BYTES,
  type RunDescription,
  type RunSlice,
  type RunTensor,
  runRoot,
} from '../artifact/run-description.ts';
import { type LoadedVerifier, loadVerifier } from '../verify.ts';
import { RUN_FILES } from './build-run.ts';
import { tensorsOfPorts } from './slice-signals.ts';

/** A sliced model as its verifier knows it. */
export interface LoadedRun {
  /** The verifier's folder. */
  readonly folder: string;
  readonly description: RunDescription;
  readonly root: string;
}

/** True if a verifier's folder is that of a sliced model. */
export function isRunVerifier(folder: string): boolean {
  return existsSync(join(folder, RUN_FILES.description));
}

/** @throws Diagnostic `file-missing`, `bad-run`, `wrong-version`; each names the file. */
export function loadRun(folder: string): LoadedRun {
  const file = join(folder, RUN_FILES.description);
  const bytes = readBounded(file, MAX_RUN_DESCRIPTION_BYTES);
  try {
    return { folder, description: decodeRunDescription(bytes), root: runRoot(bytes) };
  } catch (e) {
    throw e instanceof Diagnostic ? e.at({ file }) : e;
  }
}

/** Indices of slices by name, ascending. @throws Diagnostic `unknown-slice` (usage). */
export function slicesByName(slices: readonly RunSlice[], names: readonly string[]): readonly number[] {
  const wanted = names.map((name) => {
    const index = slices.findIndex((s) => s.name === name);
    if (index >= 0) return index;
    throw new Diagnostic(
      'unknown-slice',
      `no slice is called ${quote(name)}; there are ${slices.length}, from ${slices[0]!.name} to ${slices.at(-1)!.name}`,
      {},
      { kind: 'usage' },
    );
  });
  return [...new Set(wanted)].sort((a, b) => a - b);
}

/**
 * The verifier of one slice, which must be the one that the description names, with the ports that the run links.
 * @throws Diagnostic `wrong-slice` for another model's files, `bad-run` for other ports, and as {@link loadVerifier}.
 */
export function loadSliceVerifier(run: LoadedRun, slice: number): LoadedVerifier {
  const folder = join(run.folder, RUN_FILES.slices, run.description.slices[slice]!.id);
  const loaded = loadVerifier(folder);
  checkSliceVerifier(run, slice, loaded, folder);
  return loaded;
}

/**
 * Verifiers of all slices, to be asked for in order: one that several slices share is read once, and forgotten after the last
 * of them.
 */
export function verifiersInOrder(run: LoadedRun): (slice: number) => LoadedVerifier {
  const { slices } = run.description;
  const last = new Map(slices.map((s, i) => [s.id, i]));
  const kept = new Map<string, LoadedVerifier>();
  return (slice) => {
    const { id } = slices[slice]!;
    const known = kept.get(id);
    if (known !== undefined) checkSliceVerifier(run, slice, known, join(run.folder, RUN_FILES.slices, id));
    const verifier = known ?? loadSliceVerifier(run, slice);
    if (last.get(id)! > slice) kept.set(id, verifier);
    else kept.delete(id);
    return verifier;
  };
}

/** The same for a verifier that has been read. @throws Diagnostic `wrong-slice`, `bad-run`. */
export function checkSliceVerifier(run: LoadedRun, slice: number, loaded: LoadedVerifier, folder: string): void {
  const { slices, proofSystem } = run.description;
  const s = slices[slice]!;
  if (loaded.root !== s.root)
    throw new Diagnostic(
      'wrong-slice',
      `slice ${quote(s.name)} has model root ${s.root} in run.json, these files have ${loaded.root}: its key or description was replaced`,
      { file: folder },
    );
  if (loaded.description.proofSystem !== proofSystem)
    throw new Diagnostic('bad-run', `slice ${quote(s.name)} is of another proof system than the run`, { file: folder });
  checkPorts(run.description, slice, loaded.description.ports, folder);
}

function checkPorts(
  { slices, tensors }: RunDescription,
  slice: number,
  ports: readonly PortDescription[],
  folder: string,
): void {
  const s: RunSlice = slices[slice]!;
  const fail = (what: string): Diagnostic =>
    new Diagnostic('bad-run', `slice ${quote(s.name)}: ${what}`, { file: folder });
  const linked = ports.filter((p) => p.role !== 'param').length;
  if (linked !== s.ports.length)
    throw fail(`it has ${linked} inputs and outputs, the run links ${s.ports.length} of them`);
  const tensorOf = tensorsOfPorts(s, ports);
  for (const [i, p] of ports.entries()) {
    if (p.role === 'param') continue;
    const t: RunTensor = tensors[tensorOf[i]!]!;
    if (p.role !== (t.producer === slice ? 'output' : 'input'))
      throw fail(`port ${quote(p.name)} is an ${p.role}, but the run ${t.producer === slice ? 'reads' : 'writes'} it`);
    const same = p.visibility === t.visibility && p.lo === t.lo && p.hi === t.hi && p.scale === t.scale;
    if (!same || !sameShape(p.shape, t.shape))
      throw fail(`port ${quote(p.name)} has another type than the tensor ${quote(t.name)} that the run links it to`);
  }
}
