// The driver: from a model file to an artifact on disk. The one file that knows front end, passes, backends and runtime.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { ARTIFACT_FILES, encodeManifest, isArtifact, sha256OfFile } from '../runtime/artifact/artifact.ts';
import {
  ARTIFACT_VERSION,
  type BackendName,
  encodeDescription,
  modelRoot,
  type PortDescription,
} from '../runtime/artifact/description.ts';
import { replaceFolder } from '../runtime/artifact/files.ts';
import { type KeySource, provideKeys } from '../runtime/keys.ts';
import { describeOrigin, encodeVerificationKey } from '../runtime/provers/snarkjs/index.ts';
import { VERIFIER_FILES } from '../runtime/verify.ts';
import { importModel } from './frontend/import.ts';
import { readSamples } from './frontend/inputs.ts';
import { readModelFile } from './frontend/onnx/read-model.ts';
import type { Circuit } from './ir/circuit.ts';
import { Diagnostic, quote } from './ir/diagnostics.ts';
import { digest } from './ir/digest.ts';
import { DEFAULT_VISIBILITY, lowerModule, type PortVisibility } from './ir/lower.ts';
import type { Module } from './ir/module.ts';
import { showRational } from './ir/rational.ts';
import { serializeCircuit } from './ir/serialize.ts';
import { printModule } from './ir/text/index.ts';
import { quantizeModel } from './pipeline.ts';
import type { Registries } from './plugin.ts';

/** What `compile` needs: the model, where the artifact goes, and choices that have defaults. */
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
  readonly warnings: readonly Diagnostic[];
}

/** Imports, simplifies, calibrates and quantizes a model file. @throws Diagnostic naming file and node. */
export async function loadModel(
  options: Omit<CompileOptions, 'output' | 'backend' | 'visibility' | 'keys'>,
  { ops }: Registries,
): Promise<LoadedModel> {
  const { model: path, dims = new Map(), ranges = new Map(), onProgress = () => {} } = options;
  onProgress('reading the model');
  const { model, files } = readModelFile(path);
  const imported = importModel(model, { ops, dims, files, file: path });
  for (const name of ranges.keys())
    if (!imported.inputs.some((i) => i.name === name))
      throw new Diagnostic(
        'unknown-input',
        `--range names ${quote(name)}; the model's inputs are ${imported.inputs.map((i) => quote(i.name)).join(', ')}`,
        { field: name },
        { kind: 'usage' },
      );
  const samples = options.calibration === undefined ? [] : await readSamples(options.calibration, imported.inputs);
  onProgress('calibrating and quantizing');
  try {
    const quantized = quantizeModel(
      imported.module,
      ops,
      { samples, ranges },
      { bits: options.bits ?? 8, ...(options.margin !== undefined && { margin: options.margin }) },
    );
    return { name: modelName(path), ...quantized, warnings: imported.warnings };
  } catch (e) {
    throw e instanceof Diagnostic ? e.at({ file: path }) : e;
  }
}

function modelName(path: string): string {
  const name = basename(path, extname(path));
  return name === 'model' ? basename(dirname(resolve(path))) : name;
}

/**
 * Compiles a model to an artifact: constraint system, keys, verifier's folder. Everything but a development key is the
 * same byte for byte on every machine.
 * @throws Diagnostic for a model that cannot be compiled (`refused`) or options that make no sense (`usage`). Nothing is
 * left behind then.
 */
export async function compileModel(options: CompileOptions, registries: Registries): Promise<CompileReport> {
  const started = performance.now();
  const { onProgress = () => {}, signal } = options;
  const backend = registries.backends.get(options.backend ?? 'r1cs');
  if (backend === undefined)
    throw new Diagnostic(
      'unknown-backend',
      `no backend is called ${quote(options.backend ?? '')}; known: ${[...registries.backends.keys()].join(', ')}`,
      {},
      { kind: 'usage' },
    );
  const loaded = await loadModel(options, registries);
  onProgress('lowering to constraints');
  const visibility = { ...DEFAULT_VISIBILITY, ...options.visibility };
  const circuit = lowerModule(loaded.int, registries.ops, backend.target, visibility);

  let report: CompileReport | undefined;
  await replaceFolder(options.output, isArtifact, async (folder) => {
    const at = (path: string): string => join(folder, path);
    mkdirSync(at(ARTIFACT_FILES.system), { recursive: true });
    mkdirSync(at(ARTIFACT_FILES.verifier), { recursive: true });
    const int = printModule(loaded.int);
    writeFileSync(at(ARTIFACT_FILES.float), printModule(loaded.float));
    writeFileSync(at(ARTIFACT_FILES.int), int);
    writeFileSync(at(ARTIFACT_FILES.circuit), serializeCircuit(circuit));
    onProgress(`writing the constraint system (${backend.name})`);
    const emitted = await backend.emit(circuit, at(ARTIFACT_FILES.system), { model: loaded.name, signal });
    const compiled = performance.now();
    onProgress(`making keys for ${emitted.constraints} constraints`);
    const r1cs = `${ARTIFACT_FILES.system}/${emitted.r1cs}`;
    const keys = await provideKeys({
      r1csPath: at(r1cs),
      zkeyPath: at(ARTIFACT_FILES.provingKey),
      source: options.keys ?? { kind: 'development' },
      onProgress: (fraction) => onProgress(`making keys for ${emitted.constraints} constraints`, fraction),
      signal,
    });
    const description = encodeDescription({
      format: 'zkmlc/verifier',
      version: ARTIFACT_VERSION,
      model: loaded.name,
      backend: backend.name as BackendName,
      proofSystem: 'groth16-bn254',
      module: digest('zkmlc/module', int),
      constraintSystem: await sha256OfFile(at(r1cs)),
      constraints: emitted.constraints,
      ports: describePorts(loaded.int, circuit),
    });
    const verificationKey = encodeVerificationKey(keys.verificationKey);
    writeFileSync(at(`${ARTIFACT_FILES.verifier}/${VERIFIER_FILES.description}`), description);
    writeFileSync(at(`${ARTIFACT_FILES.verifier}/${VERIFIER_FILES.key}`), verificationKey);
    const files: Record<string, string> = {};
    for (const path of filesBelow(folder)) files[path] = await sha256OfFile(at(path));
    writeFileSync(
      at(ARTIFACT_FILES.manifest),
      encodeManifest({
        format: 'zkmlc/artifact',
        version: ARTIFACT_VERSION,
        model: loaded.name,
        backend: backend.name,
        r1cs,
        files,
      }),
    );
    report = {
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
  return report!;
}

/** Files below a folder, relative to it with forward slashes, sorted. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

/** Ports with the scales of the module's values: the circuit knows integers only. */
function describePorts(m: Module, c: Circuit): PortDescription[] {
  const values = [
    ...m.inputs,
    ...(c.ports.some((p) => p.role === 'param') ? m.constants.keys() : []),
    ...m.outputs.map((o) => o.value),
  ];
  return c.ports.map((p, i) => {
    const type = values[i]!.type;
    if (type.kind !== 'int') throw new TypeError(`port ${p.name} is not quantized`);
    return {
      name: p.name,
      role: p.role,
      visibility: p.visibility,
      shape: type.shape,
      lo: type.lo,
      hi: type.hi,
      scale: showRational(type.scale),
    };
  });
}
