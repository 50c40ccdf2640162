// Conformance kit for operators: one definition, and everything that must agree with it.
import { BN254, type Capabilities, type Circuit } from '../../compiler/ir/circuit.ts';
import { evaluateModule } from '../../compiler/ir/evaluate.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { lowerModule, type PortVisibility } from '../../compiler/ir/lower.ts';
import type { Module, Stage, Value } from '../../compiler/ir/module.ts';
import { createModuleBuilder, type ModuleBuilder, rewriteModule } from '../../compiler/ir/module-builder.ts';
import { type AnyOp, checkAttrs, type OpRegistry, type Sample } from '../../compiler/ir/op.ts';
import { mulRational, parseRational, rational, rationalFromNumber, toNumber } from '../../compiler/ir/rational.ts';
import { serializeCircuit } from '../../compiler/ir/serialize.ts';
import { sameShape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { type FloatType, type IntType, showType, type TensorType } from '../../compiler/ir/types.ts';
import { checkHonest, checkLies, expectSameTensor } from './circuit-kit.ts';
import { createRandom, integerTensor, type Random } from './random.ts';

/** Seed and number of runs of an operator check. */
export interface OperatorOptions {
  readonly seed?: number;
  /** Random inputs per sample, besides the extreme ones. */
  readonly runs?: number;
}

/** What a check did, for reports. */
export interface OperatorReport {
  readonly runs: number;
  readonly lies: number;
}

const VISIBILITIES: readonly PortVisibility[] = [
  { input: 'private', weights: 'fixed', output: 'public' },
  { input: 'public', weights: 'private', output: 'public' },
];

function fail(what: string): never {
  throw new Error(what);
}

/** Adds the seed and the sample to whatever goes wrong, so that it can be run again. */
function attributed<T>(def: AnyOp, sample: Sample, seed: number, body: () => T): T {
  try {
    return body();
  } catch (e) {
    const message = e instanceof Error ? e.message : String(e);
    throw new Error(`${def.name}, sample "${sample.name}" (seed ${seed}): ${message}`, { cause: e });
  }
}

/** True for a sample of the integer stage. */
export function isIntegerSample(s: Sample): boolean {
  return s.operands.some((t) => t.kind === 'int');
}

/**
 * The definition is complete: documented, with samples for each stage in which it has a meaning, and with constraints
 * exactly where it has an integer meaning.
 * @throws Error naming what is missing.
 */
export function checkDeclaration(def: AnyOp): void {
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(def.name)) fail(`operator ${def.name}: names are snake case`);
  if (def.doc.trim().length < 10) fail(`${def.name}: its doc says nothing`);
  for (const [name, spec] of Object.entries(def.attrs))
    if (spec.doc.trim() === '') fail(`${def.name}: attribute ${name} has no doc`);
  if (def.results.length === 0) fail(`${def.name}: no results`);
  if (def.samples.length === 0) fail(`${def.name}: no samples`);
  const names = new Set(def.samples.map((s) => s.name));
  if (names.size !== def.samples.length) fail(`${def.name}: two samples share a name`);
  if ((def.evalInt === undefined) !== (def.lower === undefined))
    fail(`${def.name}: evalInt and lower belong together; one is missing`);
  const hasInteger = def.samples.some(isIntegerSample);
  if (def.evalInt !== undefined && !hasInteger) fail(`${def.name}: no sample with integer operands`);
  if (def.evalInt === undefined && hasInteger) fail(`${def.name}: an integer sample, but no integer meaning`);
  const hasFloat = def.samples.some((s) => !isIntegerSample(s));
  if ((def.evalFloat ?? def.expand) !== undefined && def.evalInt === undefined && !hasFloat)
    fail(`${def.name}: no sample with real operands`);
  if (def.evalFloat === undefined && def.evalInt === undefined && def.expand === undefined)
    fail(`${def.name}: no meaning at all`);
}

export interface Built {
  readonly module: Module;
  readonly results: readonly Value[];
}

/** A module of inputs and constants as the sample says, completed by `emit`. */
export function moduleOf(
  def: AnyOp,
  sample: Sample,
  ops: OpRegistry,
  stage: Stage,
  emit: (b: ModuleBuilder, operands: readonly Value[]) => readonly Value[],
): Built {
  const b = createModuleBuilder(def.name, stage, ops);
  const operands = sample.operands.map((type, i) => {
    const constant = sample.constants?.get(i);
    if (constant === undefined) return b.input(`x${i}`, type);
    if (!sameShape(constant.shape, type.shape)) fail(`constant ${i} does not have the shape of ${showType(type)}`);
    return b.constantOfType(`w${i}`, constant, type);
  });
  const results = emit(b, operands);
  for (const [i, v] of results.entries()) b.output(`y${i}`, v);
  return { module: b.finish(), results };
}

/** Integers for every input of a module: extreme ones for small variants, then random ones. */
export function integersOf(m: Module, variant: number, random: Random): Map<string, Tensor> {
  const inputs = new Map<string, Tensor>();
  for (const v of m.inputs) {
    if (v.type.kind !== 'int') fail(`operand ${v.name} is not an integer tensor`);
    inputs.set(v.name, integerTensor(v.type.shape, interval(v.type.lo, v.type.hi), variant, random));
  }
  return inputs;
}

/** Values of the result must be whole numbers of its type. */
function checkInType(t: Tensor, type: TensorType, what: string): void {
  if (!sameShape(t.shape, type.shape)) fail(`${what} has shape [${t.shape.join(', ')}], inferred ${showType(type)}`);
  if (type.kind === 'float') return;
  for (const v of t.data)
    if (!Number.isSafeInteger(v) || v < type.lo || v > type.hi) fail(`${what} holds ${v}, inferred ${showType(type)}`);
}

/** Inputs of the circuit: those of the module, and the weights where they are ports. */
export function portsOf(c: Circuit, m: Module, inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const ports = new Map(inputs);
  const weights = [...m.constants.values()];
  for (const [i, p] of c.ports.filter((port) => port.role === 'param').entries()) ports.set(p.name, weights[i]!);
  return ports;
}

/**
 * One sample of the integer stage on one target: the circuit admits exactly what `evalInt` says, for fixed and for
 * private weights, on extreme and random inputs; results lie in the inferred type; every lie is refused; lowering is
 * deterministic.
 * @throws Error naming operator, sample, seed and what differs; Diagnostic `field-overflow` or `table-too-large`
 * (unwrapped) if the target cannot hold the sample, which the caller may expect.
 */
export function checkIntegerSample(
  def: AnyOp,
  sample: Sample,
  ops: OpRegistry,
  target: Capabilities = BN254,
  options: OperatorOptions = {},
): OperatorReport {
  const { seed = 1, runs = 6 } = options;
  const { module, results } = attributed(def, sample, seed, () =>
    moduleOf(def, sample, ops, 'int', (b, operands) => b.emit(def.name, operands, sample.attrs)),
  );
  let [ran, lies] = [0, 0];
  const visibilities = module.constants.size > 0 ? VISIBILITIES : VISIBILITIES.slice(0, 1);
  for (const visibility of visibilities) {
    const circuit = lowerModule(module, ops, target, visibility);
    attributed(def, sample, seed, () => {
      const again = lowerModule(module, ops, target, visibility);
      if (!Buffer.from(serializeCircuit(circuit)).equals(serializeCircuit(again)))
        fail('lowering is not deterministic');
      const random = createRandom(seed);
      for (let variant = 0; variant < 4 + runs; variant++) {
        const inputs = integersOf(module, variant, random);
        const expected = evaluateModule(module, ops, inputs);
        for (const [i, v] of results.entries()) checkInType(expected.get(`y${i}`)!, v.type, `result ${i}`);
        for (const [name, t] of evaluateModule(module, ops, inputs)) expectSameTensor(t, expected.get(name)!, name);
        const ports = portsOf(circuit, module, inputs);
        checkHonest(circuit, ports, expected);
        ran++;
        // Equal values (ties), ends in turn, and one random input.
        if (variant === 0 || variant === 3 || variant === 4)
          lies += checkLies(circuit, ports, { seed: seed + variant, sites: 3, pairs: 10 });
      }
    });
  }
  return { runs: ran, lies };
}

function realsOf(t: FloatType, random: Random): Tensor {
  const [lo, hi] = t.range ?? [-4, 4];
  const cell = (): number => {
    if (t.element === 'bool') return random.below(2);
    const x = random.pick([lo, hi, 0, lo + ((hi - lo) * random.below(2 ** 20)) / 2 ** 20]);
    return t.element === 'i64' ? Math.round(x) : x;
  };
  return { shape: t.shape, data: Float64Array.from({ length: sizeOf(t.shape) }, cell) };
}

/** Replaces composites that have no meaning of their own by their expansions. */
function expandAll(m: Module, ops: OpRegistry): Module {
  let current = m;
  for (let depth = 0; depth < 8; depth++) {
    const pending = current.operations.some((o) => ops.get(o.op)?.evalFloat === undefined);
    if (!pending) return current;
    current = rewriteModule(current, ops, (o, b) => {
      const def = ops.get(o.op);
      if (def?.evalFloat !== undefined || def?.expand === undefined) return undefined;
      return def.expand(o.operands, { attrs: expansionAttrs(def, o.attrs), emitter: b });
    });
  }
  return current;
}

function expansionAttrs(def: AnyOp, attrs: Sample['attrs']): Parameters<NonNullable<AnyOp['expand']>>[1]['attrs'] {
  // The schema of any operator gives attributes of unknown names: `never` fits them all.
  return checkAttrs(def.attrs, attrs ?? {}, def.name) as never;
}

/** Largest relative difference of a composite to its expansion: both compute in float64. */
const TOLERANCE = 1e-9;

/**
 * One sample of the float stage: it evaluates, shapes are as inferred, integer and boolean results are whole, and a
 * composite agrees with its expansion.
 * @throws Error naming operator, sample, seed and what differs.
 */
export function checkFloatSample(
  def: AnyOp,
  sample: Sample,
  ops: OpRegistry,
  options: OperatorOptions = {},
): OperatorReport {
  const { seed = 1, runs = 6 } = options;
  return attributed(def, sample, seed, () => {
    const own = moduleOf(def, sample, ops, 'float', (b, operands) => b.emit(def.name, operands, sample.attrs));
    const { expand } = def;
    const expanded =
      expand === undefined
        ? undefined
        : expandAll(
            moduleOf(def, sample, ops, 'float', (b, operands) =>
              expand(operands, { attrs: expansionAttrs(def, sample.attrs), emitter: b }),
            ).module,
            ops,
          );
    const random = createRandom(seed);
    for (let run = 0; run < runs; run++) {
      const inputs = new Map<string, Tensor>();
      for (const v of own.module.inputs) if (v.type.kind === 'float') inputs.set(v.name, realsOf(v.type, random));
      const meaning = def.evalFloat === undefined ? expanded : own.module;
      if (meaning === undefined) fail('has neither evalFloat nor expand');
      const results = evaluateModule(meaning, ops, inputs);
      for (const [i, v] of own.results.entries()) {
        const t = results.get(`y${i}`)!;
        checkInType(t, v.type, `result ${i}`);
        if (v.type.kind === 'float' && v.type.element !== 'f32' && !t.data.every(Number.isInteger))
          fail(`result ${i} is ${v.type.element} but not whole`);
      }
      if (expanded === undefined || def.evalFloat === undefined) continue;
      const other = evaluateModule(expanded, ops, inputs);
      for (const [name, t] of results) compareReals(other.get(name)!, t, `expansion, ${name}`);
    }
    return { runs, lies: 0 };
  });
}

function compareReals(got: Tensor, expected: Tensor, what: string): void {
  if (!sameShape(got.shape, expected.shape)) fail(`${what}: shape [${got.shape.join(', ')}] differs`);
  const scale = Array.from(expected.data).reduce((m, v) => Math.max(m, Math.abs(v)), 1);
  for (let e = 0; e < expected.data.length; e++) {
    const [x, y] = [got.data[e]!, expected.data[e]!];
    if (!Object.is(x, y) && !(Math.abs(x - y) <= TOLERANCE * scale))
      fail(`${what}, element ${e}: ${x} instead of ${y}`);
  }
}

/** Scales at which activations are tried: [of the argument, of the result]. */
const ACTIVATION_SCALES = [
  ['2^-4', '2^-7'],
  ['1/50', '2^-5'],
] as const;

/**
 * An activation's table is its real function, correctly rounded: half a unit of the result's scale at most, at every key
 * of eight bits.
 * @throws Error naming the key.
 */
export function checkActivation(def: AnyOp): void {
  const { activation } = def;
  if (activation === undefined) return;
  for (const sample of def.samples) {
    const params = activation.params(checkAttrs(def.attrs, sample.attrs ?? {}, def.name));
    for (const [from, to] of ACTIVATION_SCALES.map((pair) => pair.map(parseRational)))
      for (let key = -128n; key <= 127n; key++) {
        const x = toNumber(mulRational(rational(key), from!));
        const y = activation.real(params, x);
        const entry = activation.table(params, key, from!, to!);
        const error = Math.abs(Number(entry) - y / toNumber(to!));
        if (error > 0.5 + 1e-6)
          fail(`${def.name}(${params.join(', ')}): table at ${key} is ${entry}, ${error} from f(${x})`);
        const ends = activation.clamp?.(params);
        if (ends !== undefined && y !== Math.min(Math.max(x, ends[0]), ends[1]))
          fail(`${def.name}(${params.join(', ')}): the clamp differs from f(${x}) = ${y}`);
      }
  }
}

/** Samples of `requant` that apply this activation as a table, one per set of parameters and pair of scales. */
export function activationSamples(def: AnyOp): readonly Sample[] {
  const { activation } = def;
  if (activation === undefined || activation.clamp !== undefined) return [];
  const operand: IntType = { kind: 'int', shape: [2, 3], lo: -9000, hi: 9000, scale: rationalFromNumber(2 ** -10) };
  return def.samples.flatMap((sample) => {
    const params = activation.params(checkAttrs(def.attrs, sample.attrs ?? {}, def.name));
    return ACTIVATION_SCALES.map(([scale, out_scale]) => ({
      name: `${def.name} (${sample.name}) at ${scale}`,
      attrs: { multipliers: [1], shift: 6, lo: -128, hi: 127, scale, act: def.name, params, out_scale },
      operands: [operand],
    }));
  });
}
