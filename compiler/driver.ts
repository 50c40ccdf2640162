// The driver: from a model file to an artifact on disk. The one file that knows front end, passes, backends and runtime.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { ARTIFACT_FILES, encodeManifest, isArtifact, sha256OfFile } from '../runtime/artifact/artifact.ts';
import {
  ARTIFACT_VERSION,
  encodeDescription,
  modelRoot,
  type PortDescription,
} from '../runtime/artifact/description.ts';
import { replaceFolder } from '../runtime/artifact/files.ts';
import { encodeParameters, type Parameter } from '../runtime/artifact/parameters.ts';
import { signalCount } from '../runtime/artifact/statement.ts';
import { setupSeconds } from '../runtime/estimate.ts';
import { type KeySource, provideKeys } from '../runtime/keys.ts';
import { describeOrigin, encodeVerificationKey } from '../runtime/provers/snarkjs/index.ts';
import { VERIFIER_FILES } from '../runtime/verify.ts';
import { randomFieldElement } from '../runtime/witness.ts';
import { type ImportedModel, importModel } from './frontend/import.ts';
import { readSamples } from './frontend/inputs.ts';
import { readModelFile } from './frontend/onnx/read-model.ts';
import type { Circuit } from './ir/circuit.ts';
import { Diagnostic, quote } from './ir/diagnostics.ts';
import { digest, tensorDigest } from './ir/digest.ts';
import { readR1csHeader } from './ir/iden3/index.ts';
import { DEFAULT_VISIBILITY, lowerModule, type PortVisibility } from './ir/lower.ts';
import type { Module } from './ir/module.ts';
import { commitPort, portPacking } from './ir/poseidon.ts';
import { showRational } from './ir/rational.ts';
import { serializeCircuit } from './ir/serialize.ts';
import type { Tensor } from './ir/tensor.ts';
import { printModule } from './ir/text/index.ts';
import { quantizeModel } from './pipeline.ts';
import type { Registries } from './plugin.ts';

export interface CompileOptions {
  /** Path of the ONNX model. */
  readonly model: string;
  /** Folder to make: an artifact that is there already is replaced when the new one is complete. */
  readonly output: string;
  /** Name of a backend; `r1cs` by default. */
  readonly backend?: string;
  /** Width of activations (bits). */
  readonly bits?: number;
  /** Path of calibration data. */
  readonly calibration?: string;
  /** Stated ranges of inputs, by name. */
  readonly ranges?: ReadonlyMap<string, readonly [number, number]>;
  /** Fraction by which calibrated ranges are widened. */
  readonly margin?: number;
  /** Sizes of dynamic dimensions. */
  readonly dims?: ReadonlyMap<string, number>;
  readonly visibility?: Partial<PortVisibility>;
  /** Where keys come from: a development set-up, or a powers-of-tau file. */
  readonly keys?: KeySource;
  /** Told what is being done, with the fraction done where it is known. */
  readonly onProgress?: (stage: string, fraction?: number) => void;
  /** Told before the set-up how large it is and how long it may take (seconds). */
  readonly onEstimate?: (estimate: { readonly constraints: number; readonly setupSeconds: number }) => void;
  readonly signal?: AbortSignal;
}

/** What `compile` made. */
export interface CompileReport {
  readonly output: string;
  readonly model: string;
  readonly backend: string;
  readonly root: string;
  readonly constraints: number;
  /** Operations of the integer module. */
  readonly operations: number;
  /** Origin of the set-up, in words. */
  readonly setup: string;
  readonly setupCached: boolean;
  readonly warnings: readonly Diagnostic[];
  /** Wall time (seconds). */
  readonly seconds: { readonly compile: number; readonly setup: number };
}

/** A model after the front end and the passes, before any backend. */
export interface LoadedModel {
  readonly name: string;
  readonly float: Module;
  readonly int: Module;
  readonly inputs: ImportedModel['inputs'];
  readonly outputs: ImportedModel['outputs'];
  readonly warnings: readonly Diagnostic[];
}

/** Options of what happens before any backend. */
export type LoadOptions = Omit<CompileOptions, 'output' | 'backend' | 'visibility' | 'keys' | 'onEstimate'>;

/** Imports, simplifies, calibrates and quantizes a model file. @throws Diagnostic naming file and node. */
export async function loadModel(options: LoadOptions, { ops }: Registries): Promise<LoadedModel> {
  const { model: path, dims = new Map(), ranges = new Map(), onProgress = () => {}, signal } = options;
  onProgress('reading the model');
  await turn(signal);
  const { model, files } = readModelFile(path);
  const { module, inputs, outputs, warnings } = importModel(model, { ops, dims, files, file: path });
  for (const name of ranges.keys())
    if (!inputs.some((i) => i.name === name))
      throw new Diagnostic(
        'unknown-input',
        `--range names ${quote(name)}; the model's inputs are ${inputs.map((i) => quote(i.name)).join(', ')}`,
        { field: name },
        { kind: 'usage' },
      );
  const samples = options.calibration === undefined ? [] : await readSamples(options.calibration, inputs);
  onProgress('calibrating and quantizing');
  await turn(signal);
  try {
    const calibration = { samples, ranges };
    const { float, int } = quantizeModel(module, ops, calibration, {
      bits: options.bits ?? 8,
      ...(options.margin !== undefined && { margin: options.margin }),
    });
    return { name: modelName(path), float, int, inputs, outputs, warnings };
  } catch (e) {
    throw e instanceof Diagnostic ? e.at({ file: path }) : e;
  }
}

function modelName(path: string): string {
  const name = basename(path, extname(path));
  return name === 'model' ? basename(dirname(resolve(path))) : name;
}

/** Lets signals arrive between two long computations. @throws the signal's reason. */
async function turn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}

/**
 * Compiles a model to an artifact: constraint system, keys, verifier's folder. Everything but secrets (development keys, the
 * blinding elements of committed weights) and what depends on them is the same byte for byte on every machine.
 * @throws Diagnostic for a model that cannot be compiled (`refused`) or options that make no sense (`usage`). Nothing is
 * left behind then.
 */
export async function compileModel(options: CompileOptions, registries: Registries): Promise<CompileReport> {
  const started = performance.now();
  const { onProgress = () => {}, onEstimate = () => {}, signal } = options;
  const backend = registries.backends.get(options.backend ?? 'r1cs');
  if (backend === undefined)
    throw new Diagnostic(
      'unknown-backend',
      `no backend is called ${quote(options.backend ?? '')}; known: ${[...registries.backends.keys()].join(', ')}`,
      {},
      { kind: 'usage' },
    );
  return replaceFolder(options.output, isArtifact, async (folder) => {
    const at = (path: string): string => join(folder, path);
    const loaded = await loadModel(options, registries);
    onProgress('lowering to constraints');
    await turn(signal);
    const visibility = { ...DEFAULT_VISIBILITY, ...options.visibility };
    const circuit = lowerCircuit(loaded, registries, backend.target, visibility, options.model);
    const parameters = parametersOf(loaded.int, circuit);
    const ports = describePorts(loaded, circuit, parameters);

    mkdirSync(at(ARTIFACT_FILES.system), { recursive: true });
    mkdirSync(at(ARTIFACT_FILES.verifier), { recursive: true });
    const int = printModule(loaded.int);
    writeFileSync(at(ARTIFACT_FILES.float), printModule(loaded.float));
    writeFileSync(at(ARTIFACT_FILES.int), int);
    writeFileSync(at(ARTIFACT_FILES.circuit), serializeCircuit(circuit));
    if (parameters.length > 0)
      writeFileSync(at(ARTIFACT_FILES.parameters), encodeParameters(parameters), { mode: 0o600 });
    onProgress(`writing the constraint system (${backend.name})`);
    await turn(signal);
    const emitted = await backend.emit(circuit, resolve(at(ARTIFACT_FILES.system)), { model: loaded.name, signal });
    const r1cs = `${ARTIFACT_FILES.system}/${emitted.r1cs}`;
    checkSignals(at(r1cs), ports, backend.name);
    const compiled = performance.now();

    onEstimate({ constraints: emitted.constraints, setupSeconds: setupSeconds(emitted.constraints) });
    const making = `making keys for ${emitted.constraints} constraints`;
    onProgress(making);
    await turn(signal);
    const keys = await provideKeys({
      r1csPath: at(r1cs),
      zkeyPath: at(ARTIFACT_FILES.provingKey),
      source: options.keys ?? { kind: 'development' },
      onProgress: (fraction) => onProgress(making, fraction),
      signal,
    });
    const description = encodeDescription({
      format: 'zkmlc/verifier',
      version: ARTIFACT_VERSION,
      model: loaded.name,
      backend: backend.name,
      proofSystem: 'groth16-bn254',
      module: digest('zkmlc/module', int),
      constraintSystem: await sha256OfFile(at(r1cs)),
      constraints: emitted.constraints,
      ports,
    });
    const verificationKey = encodeVerificationKey(keys.verificationKey);
    writeFileSync(at(`${ARTIFACT_FILES.verifier}/${VERIFIER_FILES.description}`), description);
    writeFileSync(at(`${ARTIFACT_FILES.verifier}/${VERIFIER_FILES.key}`), verificationKey);
    const files: Record<string, string> = {};
    for (const path of filesBelow(folder)) files[path] = await sha256OfFile(at(path));
    const manifest = { model: loaded.name, backend: backend.name, r1cs, files };
    writeFileSync(
      at(ARTIFACT_FILES.manifest),
      encodeManifest({ format: 'zkmlc/artifact', version: ARTIFACT_VERSION, ...manifest }),
    );
    return {
      output: options.output,
      model: loaded.name,
      backend: backend.name,
      root: modelRoot(description, verificationKey),
      constraints: emitted.constraints,
      operations: loaded.int.operations.length,
      setup: describeOrigin(keys.verificationKey.origin),
      setupCached: keys.cached,
      warnings: loaded.warnings,
      seconds: { compile: (compiled - started) / 1000, setup: (performance.now() - compiled) / 1000 },
    };
  });
}

function lowerCircuit(
  loaded: LoadedModel,
  { ops }: Registries,
  target: Circuit['target'],
  visibility: PortVisibility,
  file: string,
): Circuit {
  try {
    return lowerModule(loaded.int, ops, target, visibility);
  } catch (e) {
    throw e instanceof Diagnostic ? e.at({ file }) : e;
  }
}

/** Every public number of the statement must be a public signal, or the verifier would read a proof of something else. */
function checkSignals(r1cs: string, ports: readonly PortDescription[], backend: string): void {
  const { publicOutputs, publicInputs } = readR1csHeader(r1cs);
  const expected = signalCount(ports);
  if (publicOutputs + publicInputs !== expected)
    throw new Diagnostic(
      'wrong-signals',
      `backend ${backend} shows ${publicOutputs + publicInputs} public signals where the ports imply ${expected}: it does not support this visibility`,
    );
}

/** Files below a folder, relative to it with forward slashes, sorted. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/** Weights that are ports, in the order of the circuit. Committed ones get their blinding element here. */
function parametersOf(m: Module, c: Circuit): readonly Parameter[] {
  const values = [...m.constants.values()];
  return c.ports
    .filter((p) => p.role === 'param')
    .map((p, i) => ({
      name: p.name,
      values: values[i]!.data,
      ...(p.visibility === 'committed' && { blinding: randomFieldElement() }),
    }));
}

/** Ports with the scales of the module's values: the circuit knows integers only. */
function describePorts(
  { int, inputs, outputs }: LoadedModel,
  c: Circuit,
  parameters: readonly Parameter[],
): PortDescription[] {
  const values = [
    ...int.inputs,
    ...(parameters.length > 0 ? int.constants.keys() : []),
    ...int.outputs.map((o) => o.value),
  ];
  const dtypes = [...inputs, ...parameters.map(() => undefined), ...outputs].map((p) => p?.dtype);
  const bindings = new Map(parameters.map((p) => [p.name, bindingOf(p, c)]));
  return c.ports.map((p, i) => {
    const type = values[i]!.type;
    if (type.kind !== 'int') throw new TypeError(`port ${p.name} is not quantized`);
    const dtype = dtypes[i];
    const { name, role, visibility } = p;
    // A commitment packs integers of the circuit's interval, which is wider than the type's where weights are not constants.
    const { lo, hi } = visibility === 'committed' ? wholeRange(c, p) : type;
    const described = { name, role, visibility, shape: type.shape, lo, hi, scale: showRational(type.scale) };
    return { ...described, ...(dtype !== undefined && { dtype }), ...bindings.get(name) };
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
