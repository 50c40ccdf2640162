// Takes every model of ../shared/corpus that should compile through quantization and evaluation, on demand through proofs
// too, prints a table and compares it with what is promised. Usage: npm run corpus -- [--bits 8,16] [--prove] [--circom]
// [--plonk] [--only name,name] [--write docs/corpus.md] or npm run corpus -- --slices [N] [--plonk] [--bits 8] [--only name,name]:
// each model in N slices (3), whose outputs must be those of the whole model; with --plonk every run is proved and verified.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { importModel } from '../compiler/frontend/index.ts';
import {
  argmax,
  createCompiler,
  Diagnostic,
  distance,
  evaluateBoth,
  formatDiagnostic,
  type LoadedModel,
  readModelFile,
  readTensors,
} from '../compiler/index.ts';
import { BN254 } from '../compiler/ir/circuit.ts';
import { count } from '../compiler/ir/interpret/count.ts';
import { lowerModule } from '../compiler/ir/lower.ts';
import type { Tensor } from '../compiler/ir/tensor.ts';
import { prove, verify } from '../runtime/index.ts';
import { corpusOptions } from './corpus/load.ts';
import { type CorpusModel, candidates, readExceptions } from './corpus/models.ts';
import { perturbed } from './corpus/perturb.ts';
import { inOwnProcess, runSliced } from './corpus/sliced.ts';

const args = process.argv.slice(2);
const bare = args.indexOf('--slices');
if (bare >= 0 && !/^\d+$/.test(args[bare + 1] ?? '')) args.splice(bare + 1, 0, '3');

const { values: flags } = parseArgs({
  args,
  options: {
    bits: { type: 'string', default: '8,16' },
    prove: { type: 'boolean', default: false },
    circom: { type: 'boolean', default: false },
    plonk: { type: 'boolean', default: false },
    only: { type: 'string' },
    write: { type: 'string' },
    slices: { type: 'string' },
    /** One model in slices, in this process: what `--slices` starts for each. */
    child: { type: 'boolean', default: false },
  },
});

/** Elements through non-linear operators, and input elements, up to which a model is proved here. */
const PROVED_NONLINEAR = 3500;
const PROVED_INPUTS = 4000;
const PROVED_CONSTRAINTS = 2 ** 17;
const CIRCOM_CONSTRAINTS = 2 ** 15;
const PERTURBED = 200;

const corpus = fileURLToPath(new URL('../../shared/corpus', import.meta.url));
if (!existsSync(corpus)) {
  console.log('skipped: ../shared/corpus is absent');
  process.exit(0);
}

interface Row {
  readonly model: string;
  readonly bits: number;
  readonly error: number;
  readonly top1: string;
  readonly agreement: string;
  readonly constraints: string;
  readonly proof: string;
  readonly seconds: number;
}

const compiler = createCompiler();
const { ops } = compiler.registries;
const exceptions = readExceptions();
const rows: Row[] = [];
const faults: string[] = [];
const only = flags.only?.split(',');

for (const m of candidates(corpus, ops)) {
  if (only !== undefined && !only.includes(m.name)) continue;
  for (const bits of flags.bits.split(',').map(Number)) {
    const started = performance.now();
    if (flags.slices !== undefined && !flags.child) {
      const why = inOwnProcess(process.argv[1]!, [
        ...['--slices', flags.slices, '--only', m.name, '--bits', String(bits), '--child'],
        ...(flags.plonk ? ['--plonk'] : []),
      ]);
      if (why !== undefined) faults.push(`${m.name} at ${bits} bits in slices: ${why}`);
      continue;
    }
    try {
      if (flags.slices !== undefined) {
        await printSliced(m, bits, started);
        continue;
      }
      rows.push(await runModel(m, bits, started));
    } catch (e) {
      const text = e instanceof Diagnostic ? formatDiagnostic(e) : String(e instanceof Error ? e.stack : e);
      if (exceptions.refused.has(m.name)) console.log(`${m.name.padEnd(26)} refused as listed: ${text.slice(0, 160)}`);
      else {
        faults.push(`${m.name} at ${bits} bits: ${text}`);
        console.log(`${m.name.padEnd(26)} FAILED ${text.slice(0, 300)}`);
      }
      continue;
    }
    const r = rows.at(-1)!;
    console.log(
      [
        r.model.padEnd(26),
        `${r.bits}`.padStart(2),
        `${(100 * r.error).toFixed(3)} %`.padStart(10),
        r.top1.padEnd(4),
        r.agreement.padEnd(8),
        r.constraints.padStart(9),
        r.proof,
        `${r.seconds.toFixed(1)} s`,
      ].join('  '),
    );
  }
}
if (flags.slices === undefined) checkPromises(rows);
if (flags.child) process.exit(faults.length === 0 ? 0 : 1);
if (flags.write !== undefined) writeFileSync(flags.write, table(rows));
for (const f of faults) console.log(`BROKEN ${f}`);
console.log(faults.length === 0 ? 'every promise holds' : `${faults.length} promises broken`);
process.exit(faults.length === 0 ? 0 : 1);

async function runModel(m: CorpusModel, bits: number, started: number): Promise<Row> {
  const options = corpusOptions(m, bits);
  const { model, files } = readModelFile(options.model);
  const ports = importModel(model, { ops, dims: options.dims ?? new Map(), files });
  const sets = [];
  for (const s of m.testSets)
    sets.push({
      inputs: await readTensors(join(m.folder, s.dir), ports.inputs, 'input'),
      expected: await readTensors(join(m.folder, s.dir), ports.outputs, 'output'),
    });
  const loaded = await compiler.load(options);
  const worst = new Map<string, readonly [number, number]>();
  let top1 = '';
  for (const { inputs, expected } of sets) {
    for (const o of evaluateBoth(loaded, ops, inputs).outputs) {
      const d = distance(o.quantized.data, expected.get(o.name)!.data);
      const [difference, largest] = worst.get(o.name) ?? [0, 0];
      worst.set(o.name, [Math.max(difference, d.difference), Math.max(largest, d.largest)]);
      if (m.classify) top1 += argmax(o.quantized.data) === argmax(expected.get(o.name)!.data) ? '=' : 'x';
    }
  }
  const error = Math.max(...[...worst.values()].map(([difference, largest]) => difference / (largest || 1)));
  const agreement = m.classify
    ? agreementOf(
        loaded,
        sets.map((s) => s.inputs),
      )
    : '';
  const circuit = lowerModule(loaded.int, ops, BN254);
  const constraints = count(circuit).total.rows;
  const provable = m.nonlinear <= PROVED_NONLINEAR && m.inputElements <= PROVED_INPUTS && bits === 8;
  let proof = provable ? 'eligible' : '';
  if (provable && constraints >= PROVED_CONSTRAINTS)
    faults.push(`${m.name}: ${constraints} constraints, promised below ${PROVED_CONSTRAINTS}`);
  if (provable && flags.prove) {
    proof = await proveAndVerify(options, 'r1cs', loaded, sets[0]!.inputs);
    if (flags.circom && constraints < CIRCOM_CONSTRAINTS)
      proof += ` ${await proveAndVerify(options, 'circom', loaded, sets[0]!.inputs)}`;
  }
  if (flags.plonk) proof += ` ${await proveNatively(options, loaded, sets[0]!.inputs)}`;
  return {
    model: m.name,
    bits,
    error,
    top1,
    agreement,
    constraints: String(constraints),
    proof,
    seconds: (performance.now() - started) / 1000,
  };
}

/** One line about a model in slices. @throws where its outputs differ from those of the whole model. */
async function printSliced(m: CorpusModel, bits: number, started: number): Promise<void> {
  const options = corpusOptions(m, bits);
  const loaded = await compiler.load(options);
  const inputs = await readTensors(join(m.folder, m.testSets[0]!.dir), loaded.inputs, 'input');
  const how = { slices: Number(flags.slices), prove: flags.plonk };
  const text = await runSliced(compiler, options, loaded, inputs, how);
  const seconds = (performance.now() - started) / 1000;
  console.log(`${m.name.padEnd(26)}  ${String(bits).padStart(2)}  ${text}  ${seconds.toFixed(1)} s`);
}

/** The native prover takes every model; what it refuses, it refuses by name before anything is proved. */
async function proveNatively(
  options: Parameters<typeof compiler.load>[0],
  loaded: LoadedModel,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<string> {
  try {
    return await proveAndVerify(options, 'plonk', loaded, inputs);
  } catch (e) {
    if (e instanceof Diagnostic && e.kind === 'refused') return `plonk refused: ${formatDiagnostic(e).slice(0, 160)}`;
    throw e;
  }
}

/** Agreement of the integer model's class with the float model's on inputs with one per cent of noise. */
function agreementOf(loaded: LoadedModel, inputs: readonly ReadonlyMap<string, Tensor>[]): string {
  let same = 0;
  for (let i = 0; i < PERTURBED; i++) {
    const [o] = evaluateBoth(loaded, ops, perturbed(inputs[i % inputs.length]!, 0.01, i)).outputs;
    if (argmax(o!.quantized.data) === argmax(o!.float.data)) same++;
  }
  return `${same}/${PERTURBED}`;
}

/** Compiles, proves and verifies with one backend; the outputs shown must be the integers of the integer model. */
async function proveAndVerify(
  options: Parameters<typeof compiler.load>[0],
  backend: string,
  loaded: LoadedModel,
  inputs: ReadonlyMap<string, Tensor>,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'zkmlc-corpus-'));
  try {
    const output = join(folder, 'model.zkml');
    const compiled = await compiler.compile({ ...options, output, backend });
    const proof = join(folder, 'proof.zkp');
    const proved = await prove({ artifact: output, inputs, output: proof });
    const verdict = verify({ verifier: join(output, 'verifier'), proof, modelRoot: compiled.root });
    const expected = evaluateBoth(loaded, ops, inputs);
    for (const o of expected.outputs) {
      const shown = verdict.ports.find((p) => p.role === 'output' && p.name === o.name)?.integers;
      if (shown === undefined || shown.some((n, i) => n !== o.integers.data[i]))
        throw new Error(`${backend}: output ${o.name} differs from the evaluated integers`);
    }
    return `${backend} ${compiled.constraints} rows, keys ${compiled.seconds.setup.toFixed(1)} s, prove ${(proved.seconds.witness + proved.seconds.prove).toFixed(1)} s`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is promised of every model, except those listed in test/corpus/exceptions.json with a figure and a cause. */
function checkPromises(all: readonly Row[]): void {
  const linear = new Map(candidates(corpus, ops).map((m) => [m.name, m.linearLayers]));
  const small = all.filter((r) => r.bits === 8 && linear.get(r.model)! <= 10);
  for (const r of all.filter((x) => x.bits === 16))
    if (r.error > 0.002) faults.push(`${r.model}: error ${(100 * r.error).toFixed(3)} % at 16 bits, promised 0.2 %`);
  for (const r of small) {
    const listed = exceptions.error.get(r.model);
    if (r.error > (listed ?? 0.05))
      faults.push(
        `${r.model}: error ${(100 * r.error).toFixed(3)} % at 8 bits, promised ${(100 * (listed ?? 0.05)).toFixed(1)} %`,
      );
    if (listed !== undefined && r.error <= 0.05)
      faults.push(`${r.model}: listed as an exception but within 5 %; take it off the list`);
  }
  if (only === undefined && small.filter((r) => r.error <= 0.02).length < (2 / 3) * small.length)
    faults.push('fewer than two thirds of the models are within 2 % at 8 bits');
  for (const r of all.filter((x) => x.agreement !== '')) {
    const [same, total] = r.agreement.split('/').map(Number);
    const fine = !r.top1.includes('x') && same! >= 0.99 * total!;
    const listed = exceptions.classification.has(`${r.model}@${r.bits}`);
    if (!fine && !listed)
      faults.push(`${r.model} at ${r.bits} bits: classes ${r.top1}, ${r.agreement} on perturbed inputs`);
    if (fine && listed)
      faults.push(`${r.model} at ${r.bits} bits: listed as a classification exception but fine; take it off the list`);
  }
}

function table(all: readonly Row[]): string {
  const head =
    '| model | bits | error | top-1 | perturbed | constraints | proof | seconds |\n|---|---|---|---|---|---|---|---|';
  const body = all.map(
    (r) =>
      `| ${r.model} | ${r.bits} | ${(100 * r.error).toFixed(3)} % | ${r.top1} | ${r.agreement} | ${r.constraints} | ${r.proof} | ${r.seconds.toFixed(1)} |`,
  );
  return `${[head, ...body].join('\n')}\n`;
}
