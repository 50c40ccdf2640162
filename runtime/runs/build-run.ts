// Builds the artifact of a sliced model: an ordinary artifact for each slice, and the description of the run that links them.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProofSystem } from '../../compiler/ir/backend.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { digest } from '../../compiler/ir/digest.ts';
import { multiplyAccumulates } from '../../compiler/ir/interpret/macs.ts';
import { serializeCircuit } from '../../compiler/ir/serialize.ts';
import { ARTIFACT_FILES, encodeManifest, isArtifact, sha256OfFile } from '../artifact/artifact.ts';
import { ARTIFACT_VERSION } from '../artifact/description.ts';
import { replaceFolder } from '../artifact/files.ts';
import { encodeRunDescription, type RunSlice, type RunTensor, runRoot } from '../artifact/run-description.ts';
import { type BuildOptions, type BuiltArtifact, type CompiledModel, filesBelow, fillArtifact } from '../build.ts';
import { sharedKeyOptions } from '../native.ts';
import { turn } from '../turn.ts';
import { inModelNames, sliceNames } from './slice-names.ts';

/** Names of files of a sliced model, relative to the verifier's folder. */
export const RUN_FILES = { description: 'run.json', slices: 'slices' } as const;

/** What the compiler made of a model that is cut into slices. */
export interface SlicedModel {
  readonly model: string;
  readonly backend: string;
  readonly proofSystem: ProofSystem;
  /** Float and integer modules of the whole, in text form. */
  readonly float: string;
  readonly int: string;
  readonly slices: readonly Pick<RunSlice, 'name' | 'ports' | 'nodes'>[];
  /** Names of the tensors that ports are indices of, for messages. */
  readonly tensorNames: readonly string[];
  /** Lowers one slice; called once for each, in order: a slice takes the intervals of those before it. */
  compile(slice: number): Promise<CompiledModel>;
  /** Called when all slices have been lowered. */
  tensors(): readonly RunTensor[];
}

/** One slice of a built artifact. */
export interface BuiltSlice {
  readonly name: string;
  /** Folder of its artifact below `slices`. */
  readonly id: string;
  readonly root: string;
  readonly constraints: number;
  readonly macs: number;
  readonly nodes: readonly string[];
}

/** A built artifact of a sliced model; constraints and seconds are sums. */
export interface BuiltRun extends BuiltArtifact {
  readonly slices: readonly BuiltSlice[];
  readonly tensors: readonly RunTensor[];
}

/**
 * Builds the artifact of a sliced model.
 * @param compile called once it is known that the artifact can be written
 * @throws Diagnostic as {@link fillArtifact}; `public-weights` (usage), `no-slices` for a proof system without commitments.
 */
export function buildRun(options: BuildOptions, compile: () => Promise<SlicedModel>): Promise<BuiltRun> {
  const { onProgress, signal } = options;
  return replaceFolder(options.output, isArtifact, async (folder) => {
    const at = (...path: readonly string[]): string => join(folder, ...path);
    const sliced = await compile();
    const { model, backend, proofSystem } = sliced;
    for (const path of [ARTIFACT_FILES.slices, 'prover', join(ARTIFACT_FILES.verifier, RUN_FILES.slices)])
      mkdirSync(at(path), { recursive: true });
    writeFileSync(at(ARTIFACT_FILES.float), sliced.float);
    writeFileSync(at(ARTIFACT_FILES.int), sliced.int);
    const built: (BuiltSlice & BuiltArtifact)[] = [];
    // The native prover's commitments are shared by slices whose columns are of one length: all circuits come first.
    const circuits: KnownCircuit[] = [];
    const next = async (i: number): Promise<KnownCircuit> => {
      const compiled = await sliced.compile(i);
      const key = fingerprint(compiled);
      return circuits.find((c) => c.key === key) ?? { compiled, key };
    };
    if (proofSystem === 'plonk-koalabear')
      for (const i of sliced.slices.keys()) {
        onProgress(`lowering slice ${i + 1} of ${sliced.slices.length}`);
        await turn(signal);
        circuits.push(await next(i));
      }
    const shared = circuits.length === 0 ? undefined : sharedKeyOptions(circuits.map((c) => c.compiled.circuit));
    const artifacts = new Map<string, BuiltSlice & BuiltArtifact>();
    for (const [i, { name, nodes, ports }] of sliced.slices.entries()) {
      const told = (stage: string, fraction?: number): void =>
        onProgress(`slice ${i + 1} of ${sliced.slices.length}: ${stage}`, fraction);
      await turn(signal);
      const { compiled, key } = circuits[i] ?? (await next(i));
      const equal = artifacts.get(key);
      if (equal !== undefined) {
        told(`equal to ${equal.name}`);
        built.push({ ...equal, name, nodes, setupSeconds: 0 });
        continue;
      }
      refusePublicWeights(compiled);
      const own = at(ARTIFACT_FILES.slices, name);
      mkdirSync(own);
      const inputs = compiled.circuit.ports.filter((p) => p.role === 'input').length;
      const artifact = await fillArtifact(own, compiled, { ...options, onProgress: told, shared }).catch(
        (e: unknown) => {
          throw inModelNames(e, sliceNames({ nodes, ports }, sliced.tensorNames, inputs));
        },
      );
      const macs = multiplyAccumulates(compiled.circuit);
      const made = { ...artifact, name, id: name, macs, nodes };
      artifacts.set(key, made);
      built.push(made);
    }
    const ids = [...new Set(built.map((b) => b.id))];
    for (const id of ids)
      cpSync(
        at(ARTIFACT_FILES.slices, id, ARTIFACT_FILES.verifier),
        at(ARTIFACT_FILES.verifier, RUN_FILES.slices, id),
        {
          recursive: true,
        },
      );
    const tensors = sliced.tensors();
    const description = encodeRunDescription({
      format: 'zkmlc/run',
      version: ARTIFACT_VERSION,
      model,
      backend,
      proofSystem,
      slices: sliced.slices.map((s, i) => ({ ...s, ...built[i]! })),
      tensors,
    });
    writeFileSync(at(ARTIFACT_FILES.verifier, RUN_FILES.description), description);
    await writeManifest(
      folder,
      sliced,
      built.map((b) => b.id),
    );
    const sum = (of: (b: BuiltArtifact) => number): number => built.reduce((n, b) => n + of(b), 0);
    return {
      root: runRoot(description),
      constraints: sum((b) => b.constraints),
      setup: built[0]!.setup,
      setupCached: built.every((b) => b.setupCached),
      setupSeconds: sum((b) => b.setupSeconds),
      slices: built.map(({ name, id, root, constraints, macs, nodes }) => ({
        name,
        id,
        root,
        constraints,
        macs,
        nodes,
      })),
      tensors,
    };
  });
}

/** What the compiler made of a slice, and what stands for it. */
interface KnownCircuit {
  readonly compiled: CompiledModel;
  readonly key: string;
}

/** Equal for slices with the same circuit, weights, ranges and scales: one artifact serves them all. */
function fingerprint({ int, circuit, portTypes }: CompiledModel): string {
  return digest('zkmlc/equal-slices', int, serializeCircuit(circuit), JSON.stringify(portTypes));
}

/** A public signal for every weight of every slice would have to be in the statement: nobody needs that. */
function refusePublicWeights({ circuit, proofSystem }: CompiledModel): void {
  if (proofSystem === 'groth16-bn254' && circuit.ports.some((p) => p.role === 'param' && p.visibility === 'public'))
    throw new Diagnostic(
      'public-weights',
      'slices of this backend do not show their weights: leave them fixed, or make them private or committed',
      {},
      { kind: 'usage' },
    );
}

/** Slices have manifests of their own: the whole's lists those instead of their files. */
async function writeManifest(
  folder: string,
  { model, backend }: SlicedModel,
  slices: readonly string[],
): Promise<void> {
  const files: Record<string, string> = {};
  for (const path of filesBelow(folder)) {
    const [top, , ...rest] = path.split('/');
    if (top === ARTIFACT_FILES.slices && rest.join('/') !== ARTIFACT_FILES.manifest) continue;
    files[path] = await sha256OfFile(join(folder, path));
  }
  const head = { format: 'zkmlc/artifact', version: ARTIFACT_VERSION, model, backend } as const;
  writeFileSync(join(folder, ARTIFACT_FILES.manifest), encodeManifest({ ...head, slices, files }));
}
