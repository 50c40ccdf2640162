// Times the witness: npx tsx bench/witness.ts [shapes] (all by default). Prints a table, then JSON.
//
// Processor time of this process, not elapsed time, because machines are shared; medians of runs on different inputs, after
// a warm-up. `plain` is the witness without kernels, once.
import { cpus } from 'node:os';
import { importModel } from '../compiler/frontend/index.ts';
import { decodeModel } from '../compiler/frontend/onnx/decode.ts';
import { createCompiler, quantizeModel } from '../compiler/index.ts';
import { type Circuit, KOALABEAR } from '../compiler/ir/circuit.ts';
import { contractionSizes } from '../compiler/ir/contraction.ts';
import { fillColumns, type Plan, planCircuit, wiresRead, witnessResidues } from '../compiler/ir/interpret/plan.ts';
import { type Contract, runWitness, type WitnessOptions } from '../compiler/ir/interpret/witness.ts';
import { lowerModule } from '../compiler/ir/lower.ts';
import { compact, type Tensor } from '../compiler/ir/tensor.ts';
import { contractIntegers, WITNESS_KERNELS } from '../runtime/witness-kernels/index.ts';
import { createRandom, integerTensor } from '../test/kits/random.ts';
import { median } from './native/measurement.ts';
import { type BenchShape, INPUT_RANGE, noiseInput, SHAPES } from './shapes/index.ts';

interface Row {
  readonly shape: string;
  /** Products of contractions. */
  readonly products: number;
  /** Elements of committed wires. */
  readonly committed: number;
  /** Milliseconds. */
  readonly plain: number;
  readonly witness: number;
  /** Part of `witness`. */
  readonly contractions: number;
  readonly columns: number;
  readonly nanosecondsPerProduct: number;
}

const RUNS = 9;
const CALIBRATION_SEEDS = [1_000_000, 1_000_001, 1_000_002, 1_000_003];

/** Milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

interface Model {
  readonly circuit: Circuit;
  readonly plan: Plan;
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** The circuit of a shape as the native prover sees it, and its weights as they are stored. */
function modelOf(shape: BenchShape): Model {
  const { ops } = createCompiler().registries;
  const { module } = importModel(decodeModel(shape.build().bytes, {}), { ops, dims: new Map() });
  const { name } = shape.input;
  const samples = CALIBRATION_SEEDS.map((seed) => new Map([[name, noiseInput(shape.input.shape, seed)]]));
  const { int } = quantizeModel(module, ops, { samples, ranges: new Map([[name, INPUT_RANGE]]) }, { bits: 8 });
  const circuit = lowerModule(int, ops, KOALABEAR, { input: 'private', weights: 'public', output: 'public' });
  const tensors = [...int.constants.values()];
  const parameters = circuit.ports.filter((p) => p.role === 'param');
  const weights = new Map(
    parameters.map((p, i) => [p.name, { shape: circuit.wires[p.wire]!.shape, data: compact(tensors[i]!).data }]),
  );
  return { circuit, plan: planCircuit(circuit).run, weights };
}

function measure(shape: BenchShape): Row {
  const { circuit, plan, weights } = modelOf(shape);
  let [contracting, products] = [0, 0];
  const contract: Contract = (spec, a, b, ranges) => {
    const start = processorTime();
    const found = contractIntegers(spec, a, b, ranges);
    contracting += processorTime() - start;
    if (found !== undefined) products += [...contractionSizes(spec, a.shape, b.shape).values()].reduce((n, d) => n * d);
    return found;
  };
  const random = createRandom(1);
  const run = (options: WitnessOptions): Pick<Row, 'witness' | 'contractions' | 'columns' | 'products'> => {
    [contracting, products] = [0, 0];
    const given = new Map(weights);
    for (const { role, name, wire } of circuit.ports) {
      const { shape: size, range } = circuit.wires[wire]!;
      if (role === 'input') given.set(name, integerTensor(size, range, 4, random));
    }
    const start = processorTime();
    const witness = runWitness(circuit, given, options);
    const middle = processorTime();
    fillColumns(plan, (wire) => witnessResidues(witness, wire), 'run');
    return { witness: middle - start, contractions: contracting, columns: processorTime() - middle, products };
  };
  const options = { ...WITNESS_KERNELS, contract, keep: wiresRead(plan) };
  run(options);
  const samples = Array.from({ length: RUNS }, () => run(options));
  const plain = run({}).witness;
  const middle = (of: 'witness' | 'contractions' | 'columns'): number => median(samples.map((sample) => sample[of]));
  return {
    shape: shape.name,
    products: samples[0]!.products,
    committed: plan.columns.reduce((n, c) => n + (c.group === 'advice' ? c.size : 0), 0),
    plain,
    witness: middle('witness'),
    contractions: middle('contractions'),
    columns: middle('columns'),
    nanosecondsPerProduct: (middle('contractions') * 1e6) / samples[0]!.products,
  };
}

const names = process.argv.slice(2);
const unknown = names.find((name) => !SHAPES.some((s) => s.name === name));
if (unknown !== undefined)
  throw new RangeError(`no shape is called ${unknown}: ${SHAPES.map((s) => s.name).join(', ')}`);
const rows = SHAPES.filter((s) => names.length === 0 || names.includes(s.name)).map(measure);

console.log(`${cpus()[0]?.model}, Node ${process.versions.node}; ms of processor time, median of ${RUNS}`);
const titles = ['shape', 'products', 'committed', 'plain', 'witness', 'of that contractions', 'ns/product', 'columns'];
console.log(titles.map((t, i) => (i === 0 ? t.padEnd(10) : t.padStart(Math.max(10, t.length)))).join('  '));
for (const r of rows) {
  const times = [r.plain, r.witness, r.contractions].map((t) => t.toFixed(1));
  const cells = [`${r.products}`, `${r.committed}`, ...times, r.nanosecondsPerProduct.toFixed(3), r.columns.toFixed(1)];
  console.log([r.shape.padEnd(10), ...cells.map((c, i) => c.padStart(Math.max(10, titles[i + 1]!.length)))].join('  '));
}
console.log(JSON.stringify({ node: process.versions.node, processor: cpus()[0]?.model, rows }));
