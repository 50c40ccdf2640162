// The driver: from a model file to an artifact on disk. The one file that knows front end, passes, backends and runtime.
import { basename, dirname, extname, resolve } from 'node:path';
import {
  type BuildEstimate,
  type BuildOptions,
  type BuiltArtifact,
  type BuiltSlice,
  buildArtifact,
  buildRun,
  type CompiledModel,
  type KeySource,
  type PortType,
  type RunTensor,
  turn,
} from '../runtime/index.ts';
import { DEFAULT_BACKEND } from './backends/index.ts';
import { type ImportedModel, importModel } from './frontend/import.ts';
import { readSamples } from './frontend/inputs.ts';
import { readModelFile } from './frontend/onnx/read-model.ts';
import { type Backend, isZeroKnowledge, type ProofSystem } from './ir/backend.ts';
import type { Circuit, Visibility } from './ir/circuit.ts';
import { Diagnostic, quote } from './ir/diagnostics.ts';
import { DEFAULT_VISIBILITY, lowerModule, type PortVisibility } from './ir/lower.ts';
import type { Module } from './ir/module.ts';
import { showRational } from './ir/rational.ts';
import type { Slicing } from './ir/slicing.ts';
import { printModule } from './ir/text/printer.ts';
import { createSliceLowering } from './lower-slices.ts';
import type { SlicedModule } from './passes/tile/index.ts';
import { quantizeModel } from './pipeline.ts';
import type { Registries } from './plugin.ts';

/** How a model is compiled. */
export interface CompileOptions {
  /** Path of the ONNX model. */
  readonly model: string;
  /** Folder to make: an artifact that is there already is replaced when the new one is complete. */
  readonly output: string;
  /** Name of a backend; {@link DEFAULT_BACKEND} by default. */
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
  /**
   * Cuts the quantized module into slices, which are then proved one by one; absent: the model is proved as a whole. Where
   * layers have been divided it gives the module that it cuts besides.
   */
  readonly slice?: (int: Module, backend: Backend) => Slicing | SlicedModule;
  /** Where keys of Groth16 come from: a development set-up, or a powers-of-tau file. */
  readonly keys?: KeySource;
  /** Told what is being done, with the fraction done where it is known. */
  readonly onProgress?: (stage: string, fraction?: number) => void;
  /** Told before the set-up what it and proofs may take. */
  readonly onEstimate?: (estimate: BuildEstimate) => void;
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
  /** Of a sliced model: how it was cut, and what became of it. */
  readonly slicing?: Slicing;
  readonly slices?: readonly BuiltSlice[];
  readonly proofSystem: ProofSystem;
  /** False: proofs can tell things about tensors that they do not show. */
  readonly zeroKnowledge: boolean;
  /** Names of the model's inputs and outputs that proofs do not show. */
  readonly notShown: readonly string[];
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
export type LoadOptions = Omit<CompileOptions, 'output' | 'backend' | 'visibility' | 'slice' | 'keys' | 'onEstimate'>;

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

/**
 * Compiles a model to an artifact: constraint system, keys, verifier's folder. Everything but secrets (development keys, the
 * blinding elements of committed weights) and what depends on them is the same byte for byte on every machine.
 * @throws Diagnostic for a model that cannot be compiled (`refused`) or options that make no sense (`usage`). Nothing is
 * left behind then.
 */
export async function compileModel(options: CompileOptions, registries: Registries): Promise<CompileReport> {
  const started = performance.now();
  const { onProgress = () => {}, onEstimate = () => {}, signal } = options;
  const backend = registries.backends.get(options.backend ?? DEFAULT_BACKEND);
  if (backend === undefined)
    throw new Diagnostic(
      'unknown-backend',
      `no backend is called ${quote(options.backend ?? '')}; known: ${[...registries.backends.keys()].join(', ')}`,
      {},
      { kind: 'usage' },
    );
  const proofSystem = backend.proofSystem ?? 'groth16-bn254';
  const visibility = visibilityFor(backend, proofSystem, options);
  let loaded: LoadedModel | undefined;
  const load = async (): Promise<LoadedModel> => {
    loaded = await loadModel(options, registries);
    onProgress('lowering to constraints');
    await turn(signal);
    return loaded;
  };
  const target: CompileTarget = { backend, proofSystem, visibility, options, registries };
  const build = {
    output: options.output,
    keys: options.keys ?? { kind: 'development' },
    onProgress,
    onEstimate,
    signal,
  };
  const { slice } = options;
  const { built, ...more } =
    slice === undefined ? await compileWhole(build, load, target) : await compileSlices(build, load, target, slice);
  const { root, constraints, setup, setupCached, setupSeconds } = built;
  const { name, int, warnings } = loaded!;
  return {
    output: options.output,
    model: name,
    backend: backend.name,
    root,
    constraints,
    operations: int.operations.length,
    setup,
    setupCached,
    proofSystem,
    zeroKnowledge: isZeroKnowledge(proofSystem),
    ...more,
    warnings,
    seconds: { compile: (performance.now() - started) / 1000 - setupSeconds, setup: setupSeconds },
  };
}

/** Where a model is compiled to. */
interface CompileTarget {
  readonly backend: Backend;
  readonly proofSystem: ProofSystem;
  readonly visibility: PortVisibility;
  readonly options: CompileOptions;
  readonly registries: Registries;
}

type Outcome = Pick<CompileReport, 'slicing' | 'slices' | 'notShown'> & { readonly built: BuiltArtifact };

const isHidden = ({ visibility }: { readonly visibility: Visibility }): boolean => visibility !== 'public';

async function compileWhole(
  build: BuildOptions,
  load: () => Promise<LoadedModel>,
  target: CompileTarget,
): Promise<Outcome> {
  let notShown: readonly string[] = [];
  const built = await buildArtifact(build, async () => {
    const loaded = await load();
    const { ops } = target.registries;
    const circuit = await lowered(target, () => lowerModule(loaded.int, ops, target.backend.target, target.visibility));
    notShown = circuit.ports.filter((p) => !isParameter(p) && isHidden(p)).map((p) => p.name);
    const { name, float, int, inputs, outputs } = loaded;
    const dtypes = { inputs: inputs.map((p) => p.dtype), outputs: outputs.map((p) => p.dtype) };
    return compiledModel(target, name, { float, int, circuit, dtypes });
  });
  return { built, notShown };
}

/** Slices are lowered when their turn comes: one circuit is in memory at a time. */
async function compileSlices(
  build: BuildOptions,
  load: () => Promise<LoadedModel>,
  target: CompileTarget,
  cut: NonNullable<CompileOptions['slice']>,
): Promise<Outcome> {
  const { backend, proofSystem, visibility, registries } = target;
  let slicing: Slicing | undefined;
  const built = await buildRun(build, async () => {
    const { name, float, int: undivided, inputs, outputs } = await load();
    const made = cut(undivided, backend);
    const { module: int, slicing: cuts } = 'slicing' in made ? made : { module: undivided, slicing: made };
    slicing = cuts;
    const { slices, tensors } = cuts;
    const types = new Map(outputs.map((o) => [o.name, o.dtype]));
    const dtypeOf = (t: number): PortType['dtype'] => {
      const { source, outputs: names } = tensors[t]!;
      return source.kind === 'input' ? inputs[source.index]?.dtype : names.map((n) => types.get(n))[0];
    };
    const input = { module: int, slicing: cuts, ops: registries.ops, target: backend.target, visibility };
    const lowering = createSliceLowering(input);
    return {
      model: name,
      backend: backend.name,
      proofSystem,
      float: printModule(float),
      int: printModule(int),
      slices: slices.map((s) => ({ name: s.name, nodes: s.nodes, ports: [...s.inputs, ...s.outputs] })),
      tensorNames: tensors.map((t) => t.name),
      async compile(i) {
        const circuit = await lowered(target, () => lowering.lower(i));
        const module = lowering.modules[i]!;
        // Names and element types are those of the run: a slice is the same in every model.
        const { inputs, outputs } = slices[i]!;
        const dtypes = { inputs: inputs.map(() => undefined), outputs: outputs.map(() => undefined) };
        return compiledModel(target, module.name, { float: module, int: module, circuit, dtypes });
      },
      tensors: () =>
        lowering.tensors().map((t, i): RunTensor => {
          const { source, name, shape, lo, hi, scale, visibility, producer, consumers, outputs } = t;
          const dtype = dtypeOf(i);
          const typed = { shape, lo, hi, scale, ...(dtype !== undefined && { dtype }), visibility };
          const named = source.kind === 'input' ? { input: int.inputs[source.index]!.name } : {};
          return { name, ...typed, producer: named.input === undefined ? producer : -1, consumers, ...named, outputs };
        }),
    };
  });
  const notShown = built.tensors.filter((t) => isHidden(t) && (t.input !== undefined || t.outputs.length > 0));
  return { built, slicing: slicing!, slices: built.slices, notShown: notShown.map((t) => t.name) };
}

/** What the runtime builds an artifact from. */
function compiledModel(
  { backend, proofSystem, options: { signal } }: CompileTarget,
  model: string,
  made: {
    readonly float: Module;
    readonly int: Module;
    readonly circuit: Circuit;
    readonly dtypes: PortElementTypes;
  },
): CompiledModel {
  const { float, int, circuit, dtypes } = made;
  return {
    model,
    backend: backend.name,
    proofSystem,
    float: printModule(float),
    int: printModule(int),
    circuit,
    portTypes: portTypes(int, circuit, dtypes),
    parameters: circuit.ports.some(isParameter) ? [...int.constants.values()].map((t) => t.data) : [],
    emit: (folder) => advised(backend, () => backend.emit(circuit, folder, { model, signal })),
  };
}

/**
 * The visibility of ports. Who asks for `private` asks for secrecy, which not every backend gives; where nothing is asked for,
 * inputs are not shown, and reports say whether they are hidden. The native prover commits weights once and binds them by
 * their root: fixed ones are ports of its circuits too.
 * @throws Diagnostic `not-zero-knowledge`, `unsupported-visibility`, `no-setup` (usage) for what the backend cannot do.
 */
function visibilityFor(
  { name }: Backend,
  proofSystem: ProofSystem,
  { visibility: asked = {}, keys }: Pick<CompileOptions, 'visibility' | 'keys'>,
): PortVisibility {
  const refuse = (code: string, message: string): Diagnostic => new Diagnostic(code, message, {}, { kind: 'usage' });
  const visibility = { ...DEFAULT_VISIBILITY, ...asked };
  if (proofSystem !== 'plonk-koalabear') return visibility;
  if (keys?.kind === 'ceremony')
    throw refuse('no-setup', `backend ${name} needs no set-up: powers of tau are for --backend r1cs`);
  for (const role of ['input', 'weights', 'output'] as const) {
    const wish = `${role}=${asked[role]}`;
    if (asked[role] === 'private' && !isZeroKnowledge(proofSystem))
      throw refuse(
        'not-zero-knowledge',
        `${wish} is asked for, but proofs of backend ${name} are not zero-knowledge and can reveal what they do not show; use --backend r1cs${role === 'input' ? ', or leave it out if the input need not be hidden' : ''}`,
      );
    if (asked[role] === 'committed')
      throw refuse('unsupported-visibility', `${wish}: backend ${name} has no hiding commitments; use --backend r1cs`);
  }
  return visibility.weights === 'fixed' ? { ...visibility, weights: 'public' } : visibility;
}

/** Lowers; refusals name the model's file. */
function lowered({ backend, options }: CompileTarget, lower: () => Circuit): Promise<Circuit> {
  return advised(backend, async () => {
    try {
      return lower();
    } catch (e) {
      throw e instanceof Diagnostic ? e.at({ file: options.model }) : e;
    }
  });
}

/** What the native prover refuses although a larger field, or rank-1 constraints, may do it. */
const NATIVE_LIMITS: ReadonlySet<string> = new Set(['field-overflow', 'unsupported-gather', 'insecure-parameters']);

/** Refusals that another backend may not share say so. */
async function advised<T>({ name, proofSystem }: Backend, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (e) {
    if (!(e instanceof Diagnostic) || proofSystem !== 'plonk-koalabear' || !NATIVE_LIMITS.has(e.code)) throw e;
    throw new Diagnostic(
      e.code,
      `${e.message}; or try --backend r1cs, which has not this limit of ${name}`,
      e.where,
      e,
    );
  }
}

const isParameter = ({ role }: Circuit['ports'][number]): boolean => role === 'param';

/** Element types in the ONNX model; none for tensors between slices. */
interface PortElementTypes {
  readonly inputs: readonly PortType['dtype'][];
  readonly outputs: readonly PortType['dtype'][];
}

/** Ranges, scales and ONNX types of ports, in the order in which lowering declares them: the circuit knows integers only. */
function portTypes(int: Module, c: Circuit, { inputs, outputs }: PortElementTypes): readonly PortType[] {
  const parameters = c.ports.some(isParameter) ? [...int.constants.keys()] : [];
  const values = [...int.inputs, ...parameters, ...int.outputs.map((o) => o.value)];
  const dtypes = [...inputs, ...parameters.map(() => undefined), ...outputs];
  return values.map(({ name, type }, i) => {
    if (type.kind !== 'int') throw new TypeError(`port ${name} is not quantized`);
    const dtype = dtypes[i];
    const { lo, hi, scale } = type;
    return { lo, hi, scale: showRational(scale), ...(dtype !== undefined && { dtype }) };
  });
}
