// Builds an artifact on disk from what the compiler made: constraint system, keys, verifier's folder, manifest.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type { CommittedCells, EmittedCircuit, ProofSystem } from '../compiler/ir/backend.ts';
import type { Circuit } from '../compiler/ir/circuit.ts';
import { Diagnostic, quote } from '../compiler/ir/diagnostics.ts';
import { digest, tensorDigest } from '../compiler/ir/digest.ts';
import { readR1csHeader } from '../compiler/ir/iden3/index.ts';
import { commitPort, portPacking } from '../compiler/ir/poseidon.ts';
import { serializeCircuit } from '../compiler/ir/serialize.ts';
import type { Tensor } from '../compiler/ir/tensor.ts';
import { ARTIFACT_FILES, encodeManifest, isArtifact, sha256OfFile } from './artifact/artifact.ts';
import { ARTIFACT_VERSION, encodeDescription, modelRoot, type PortDescription } from './artifact/description.ts';
import { replaceFolder } from './artifact/files.ts';
import { encodeParameters, type Parameter } from './artifact/parameters.ts';
import { signalCount } from './artifact/statement.ts';
import { nativeProveBytes, setupSeconds } from './estimate.ts';
import { type KeySource, provideKeys } from './keys.ts';
import { makeNativeKey, NO_SETUP, type SharedKeyOptions } from './native.ts';
import { describeOrigin, encodeVerificationKey } from './provers/snarkjs/index.ts';
import { turn } from './turn.ts';
import { VERIFIER_FILES } from './verify.ts';
import { randomFieldElement } from './witness.ts';

/** What the circuit does not know of a port: the model's own range, what its integers stand for, its ONNX element type. */
export type PortType = Pick<PortDescription, 'lo' | 'hi' | 'scale' | 'dtype'>;

/** What the compiler made of a model. */
export interface CompiledModel {
  readonly model: string;
  readonly backend: string;
  readonly proofSystem: ProofSystem;
  /** Float and integer modules, in text form. */
  readonly float: string;
  readonly int: string;
  readonly circuit: Circuit;
  /** One for each port of the circuit. */
  readonly portTypes: readonly PortType[];
  /** Integers of each parameter port, in order. */
  readonly parameters: readonly Tensor['data'][];
  /** Writes the constraint system into a folder. */
  emit(folder: string): Promise<EmittedCircuit>;
}

/** How an artifact is built. */
export interface BuildOptions {
  /** Folder to make: an artifact that is there already is replaced when the new one is complete. */
  readonly output: string;
  readonly keys: KeySource;
  readonly onProgress: (stage: string, fraction?: number) => void;
  /** Told before the set-up. */
  readonly onEstimate: (estimate: BuildEstimate) => void;
  readonly signal?: AbortSignal | undefined;
  /** Of the native prover, where this artifact is a slice. */
  readonly shared?: SharedKeyOptions | undefined;
}

/** What set-up and proofs may take. */
export interface BuildEstimate {
  readonly constraints: number;
  /** Time of a Groth16 set-up (seconds); absent where there is none. */
  readonly setupSeconds?: number;
  /** Peak memory of the native prover (bytes). */
  readonly proveBytes?: number;
}

/** What was built. */
export interface BuiltArtifact {
  readonly root: string;
  readonly constraints: number;
  /** Origin of the set-up, in words. */
  readonly setup: string;
  readonly setupCached: boolean;
  /** Wall time of the set-up. */
  readonly setupSeconds: number;
}

/**
 * Builds an artifact. Everything but secrets (development keys, the blinding elements of committed weights) and what
 * depends on them is the same byte for byte on every machine.
 * @param compile called once it is known that the artifact can be written
 * @throws Diagnostic `not-an-artifact` or `file-unwritable` for the place, what `compile` throws, `wrong-signals` if the
 * backend does not show what the ports say, what the set-up throws. Nothing is left behind then.
 */
export async function buildArtifact(
  options: BuildOptions,
  compile: () => Promise<CompiledModel>,
): Promise<BuiltArtifact> {
  return replaceFolder(options.output, isArtifact, async (folder) => fillArtifact(folder, await compile(), options));
}

/** Writes an artifact into an empty folder. @throws as {@link buildArtifact}. */
export async function fillArtifact(
  folder: string,
  compiled: CompiledModel,
  options: Omit<BuildOptions, 'output'>,
): Promise<BuiltArtifact> {
  const { onProgress, signal } = options;
  const at = (path: string): string => join(folder, path);
  const { model, backend, circuit } = compiled;
  const parameters = nameParameters(compiled);
  const ports = describePorts(compiled, parameters);
  mkdirSync(at(ARTIFACT_FILES.system), { recursive: true });
  mkdirSync(at(ARTIFACT_FILES.verifier), { recursive: true });
  writeFileSync(at(ARTIFACT_FILES.float), compiled.float);
  writeFileSync(at(ARTIFACT_FILES.int), compiled.int);
  writeFileSync(at(ARTIFACT_FILES.circuit), serializeCircuit(circuit));
  if (parameters.length > 0)
    writeFileSync(at(ARTIFACT_FILES.parameters), encodeParameters(parameters), { mode: 0o600 });
  onProgress(`writing the constraint system (${backend})`);
  await turn(signal);
  const { r1cs: system, constraints, cells } = await compiled.emit(resolve(at(ARTIFACT_FILES.system)));
  const r1cs = system === undefined ? undefined : `${ARTIFACT_FILES.system}/${system}`;
  const started = performance.now();
  const made = await makeKeys({ compiled, parameters, ports, constraints, cells, folder, r1cs }, options);
  const description = encodeDescription({
    format: 'zkmlc/verifier',
    version: ARTIFACT_VERSION,
    model,
    backend,
    proofSystem: compiled.proofSystem,
    module: digest('zkmlc/module', compiled.int),
    constraintSystem: await sha256OfFile(at(r1cs ?? ARTIFACT_FILES.circuit)),
    constraints,
    ports,
  });
  writeFileSync(at(`${ARTIFACT_FILES.verifier}/${VERIFIER_FILES.description}`), description);
  writeFileSync(at(`${ARTIFACT_FILES.verifier}/${VERIFIER_FILES.key}`), made.key);
  const files: Record<string, string> = {};
  for (const path of filesBelow(folder)) files[path] = await sha256OfFile(at(path));
  const manifest = {
    format: 'zkmlc/artifact',
    version: ARTIFACT_VERSION,
    model,
    backend,
    ...(r1cs !== undefined && { r1cs }),
    files,
  } as const;
  writeFileSync(at(ARTIFACT_FILES.manifest), encodeManifest(manifest));
  return {
    root: modelRoot(description, made.key),
    constraints,
    setup: made.setup,
    setupCached: made.cached,
    setupSeconds: (performance.now() - started) / 1000,
  };
}

interface KeyTask {
  readonly compiled: CompiledModel;
  readonly parameters: readonly Parameter[];
  readonly ports: readonly PortDescription[];
  readonly constraints: number;
  readonly cells: CommittedCells | undefined;
  readonly folder: string;
  /** Relative to the folder. */
  readonly r1cs: string | undefined;
}

interface MadeKeys {
  /** Encoded verification key. */
  readonly key: Uint8Array;
  readonly setup: string;
  readonly cached: boolean;
}

/** The verification key; for Groth16 the proving key goes to its place in the folder. */
async function makeKeys(task: KeyTask, options: Omit<BuildOptions, 'output'>): Promise<MadeKeys> {
  const { keys, onProgress, onEstimate, signal } = options;
  const { compiled, parameters, ports, constraints, cells, folder, r1cs } = task;
  if (compiled.proofSystem === 'plonk-koalabear') {
    if (cells !== undefined) onEstimate({ constraints, proveBytes: nativeProveBytes(cells) });
    onProgress('registering the weights');
    await turn(signal);
    const weightsPath = join(folder, ARTIFACT_FILES.weights);
    const key = await makeNativeKey(compiled.circuit, parameters, weightsPath, {
      shared: options.shared,
      onDone: (done) => onProgress('registering the weights', done),
      signal,
    });
    return { key, setup: NO_SETUP, cached: false };
  }
  if (r1cs === undefined) throw new TypeError(`backend ${compiled.backend} wrote no constraint system`);
  const r1csPath = join(folder, r1cs);
  checkSignals(r1csPath, ports, compiled.backend);
  onEstimate({ constraints, setupSeconds: setupSeconds(constraints) });
  const making = `making keys for ${constraints} constraints`;
  onProgress(making);
  await turn(signal);
  const { verificationKey, cached } = await provideKeys({
    r1csPath,
    zkeyPath: join(folder, ARTIFACT_FILES.provingKey),
    source: keys,
    onProgress: (fraction) => onProgress(making, fraction),
    signal,
  });
  return { key: encodeVerificationKey(verificationKey), setup: describeOrigin(verificationKey.origin), cached };
}

/** Committed parameters get their blinding element here. */
function nameParameters({ circuit, parameters }: CompiledModel): readonly Parameter[] {
  return circuit.ports
    .filter((p) => p.role === 'param')
    .map(({ name, visibility }, i) => ({
      name,
      values: parameters[i]!,
      ...(visibility === 'committed' && { blinding: randomFieldElement() }),
    }));
}

function describePorts(
  { circuit, portTypes }: CompiledModel,
  parameters: readonly Parameter[],
): readonly PortDescription[] {
  const bindings = new Map(parameters.map((p) => [p.name, bindingOf(p, circuit)]));
  return circuit.ports.map((p, i) => {
    const { name, role, visibility } = p;
    const type = portTypes[i]!;
    // A commitment packs integers of the circuit's interval, which is wider than the type's where weights are not constants.
    const { lo, hi } = visibility === 'committed' ? wholeRange(circuit, p) : type;
    return { name, role, visibility, shape: circuit.wires[p.wire]!.shape, ...type, lo, hi, ...bindings.get(name) };
  });
}

/** @throws Diagnostic `commitment-too-wide` for an interval beyond the exact integers of float64. */
function wholeRange(
  c: Circuit,
  { name, wire }: Circuit['ports'][number],
): { readonly lo: number; readonly hi: number } {
  const { range } = c.wires[wire]!;
  const [lo, hi] = [Number(range.lo), Number(range.hi)];
  if (Number.isSafeInteger(lo) && Number.isSafeInteger(hi)) return { lo, hi };
  throw new Diagnostic(
    'commitment-too-wide',
    `port ${quote(name)} holds integers in [${range.lo}, ${range.hi}], too many to commit to: use fewer bits, or make it public`,
    { field: name },
  );
}

/** What a verifier holds proofs to: public weights by their digest, committed ones by their commitment. */
function bindingOf({ name, values, blinding }: Parameter, c: Circuit): Pick<PortDescription, 'commitment' | 'digest'> {
  const { wire, visibility } = c.ports.find((p) => p.name === name)!;
  const { shape, range } = c.wires[wire]!;
  const t: Tensor = { shape, data: Float64Array.from(values) };
  if (blinding !== undefined) return { commitment: commitPort(t.data, portPacking(shape, range), blinding).toString() };
  return visibility === 'public' ? { digest: tensorDigest(t) } : {};
}

/** Every public number of the statement must be a public signal, or the verifier would read a proof of something else. */
function checkSignals(r1cs: string, ports: readonly PortDescription[], backend: string): void {
  const { publicOutputs, publicInputs } = readR1csHeader(r1cs);
  const [shown, expected] = [publicOutputs + publicInputs, signalCount(ports)];
  if (shown !== expected)
    throw new Diagnostic(
      'wrong-signals',
      `backend ${backend} shows ${shown} public signals where the ports imply ${expected}: it does not support this visibility`,
    );
}

/** Files below a folder, relative to it with forward slashes, sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}
