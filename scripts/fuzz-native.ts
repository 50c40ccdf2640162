// Fuzzes the verifier of native proofs: random changes of proofs of random circuits, operators and a model must be refused.
//
//   npx tsx scripts/fuzz-native.ts [--seed n] [--runs n | --seconds s] [--changes n]
//
// One run: a subject made from the seed, its honest proof, so many changes of it. A change that is accepted, or ends in
// anything but a Diagnostic, is printed with the command that repeats it; exit code 1. Seeds of runs count up.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCompiler, Diagnostic } from '../compiler/index.ts';
import { type Circuit, KOALABEAR } from '../compiler/ir/circuit.ts';
import { interval } from '../compiler/ir/interval.ts';
import { lowerModule } from '../compiler/ir/lower.ts';
import type { Tensor } from '../compiler/ir/tensor.ts';
import { loadVerifier, prove, readModelPorts, verifyBytes } from '../runtime/index.ts';
import { standardOps, standardRegistry } from '../stdlib/index.ts';
import { integersOf, isIntegerSample, moduleOf, portsOf } from '../test/kits/ops-kit.ts';
import { createRandom, integerTensor, type Random } from '../test/kits/random.ts';
import { notingChannel } from '../test/plonk/proof-fields.ts';
import { type ProvedRun, proveWithKey, randomPorts } from '../test/twin/proofs.ts';
import { randomCircuit } from '../test/twin/random-circuits.ts';
import { changedHeader, changedProof, changedStatement, sameStatement } from './fuzz/changes.ts';

/** What is changed: an honest verification, and a random change of it that must be refused. */
interface Subject {
  readonly name: string;
  honest(): void;
  /** Undefined if chance changed nothing. */
  change(random: Random): { readonly what: string; verify(): void } | undefined;
}

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    changes: { type: 'string', default: '200' },
  },
});

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** @param other Another run with the same weights. @param stranger A proof of another circuit. */
function circuitSubject(name: string, run: ProvedRun, other: ProvedRun, stranger: ProvedRun): Subject {
  const channel = notingChannel();
  const again = run.prove(channel);
  if (!sameBytes(again, run.proof)) throw new Error(`${name}: a second proof differs`);
  const donors = { proof: run.proof, fields: channel.fields, others: [other.proof, stranger.proof] };
  return {
    name,
    honest: () => run.verifyFirst(run.statement, run.proof),
    change(random) {
      const isStatement = random.below(6) === 0;
      const proof = isStatement ? { what: '', value: run.proof } : changedProof(donors, random);
      const statement = isStatement
        ? changedStatement(run.statement, other.statement, random)
        : { what: '', value: run.statement };
      if (sameBytes(proof.value, run.proof) && sameStatement(statement.value, run.statement)) return undefined;
      // The other run's proof of the same statement is as good as this one's.
      if (sameBytes(proof.value, other.proof) && sameStatement(statement.value, other.statement)) return undefined;
      return { what: proof.what || statement.what, verify: () => run.verifyFirst(statement.value, proof.value) };
    },
  };
}

/** A run of a random circuit. */
function strangeRun(random: Random): ProvedRun {
  const circuit = randomCircuit(random);
  return proveWithKey(circuit, randomPorts(circuit, random));
}

function randomCircuitSubject(random: Random): Subject {
  const circuit = randomCircuit(random);
  const ports = randomPorts(circuit, random);
  return subjectOf('a random circuit', circuit, ports, random);
}

function subjectOf(name: string, circuit: Circuit, ports: ReturnType<typeof portsOf>, random: Random): Subject {
  const other = proveWithKey(circuit, otherInputs(circuit, ports, random));
  return circuitSubject(name, proveWithKey(circuit, ports), other, strangeRun(random));
}

const samples = standardOps.flatMap((def) => def.samples.filter(isIntegerSample).map((sample) => ({ def, sample })));
const VISIBILITIES = [
  { input: 'private', weights: 'public', output: 'public' },
  { input: 'public', weights: 'private', output: 'public' },
  { input: 'public', weights: 'fixed', output: 'public' },
] as const;

function operatorSubject(random: Random): Subject {
  const { def, sample } = random.pick(samples);
  const { module } = moduleOf(def, sample, standardRegistry, 'int', (b, xs) => b.emit(def.name, xs, sample.attrs));
  const circuit = lowerModule(module, standardRegistry, KOALABEAR, random.pick(VISIBILITIES));
  const ports = portsOf(circuit, module, integersOf(module, 4, random));
  return subjectOf(`${def.name}: ${sample.name}`, circuit, ports, random);
}

/** The same weights with other inputs. */
function otherInputs(circuit: Circuit, ports: ReturnType<typeof portsOf>, random: Random): ReturnType<typeof portsOf> {
  const others = new Map(ports);
  for (const { name, role, wire } of circuit.ports)
    if (role === 'input')
      others.set(name, integerTensor(circuit.wires[wire]!.shape, circuit.wires[wire]!.range, 4, random));
  return others;
}

/** Proof files of one model, by the way that users take. */
async function fileSubject(folder: string): Promise<Subject> {
  const example = fileURLToPath(new URL('../examples/models/digits-linear', import.meta.url));
  const artifact = join(folder, 'model.zkml');
  await createCompiler().compile({
    model: join(example, 'model.onnx'),
    calibration: join(example, 'calibration.npz'),
    dims: new Map([['batch', 1]]),
    visibility: { input: 'public' },
    backend: 'plonk',
    output: artifact,
  });
  const ports = await readModelPorts(artifact, 'input');
  const files: Uint8Array[] = [];
  for (const seed of [1, 2]) {
    const random = createRandom(seed);
    // Reals of eight bits, as the model takes them.
    const reals = ({ shape, data }: Tensor): Tensor => ({ shape, data: Float64Array.from(data, (x) => x / 64) });
    const inputs = new Map(
      ports.map(({ name, shape }) => [name, reals(integerTensor(shape, interval(0n, 127n), 4, random))] as const),
    );
    const output = join(folder, `${seed}.zkp`);
    await prove({ artifact, inputs, output });
    files.push(Uint8Array.from(readFileSync(output)));
  }
  const verifier = loadVerifier(join(artifact, 'verifier'));
  const [file, other] = [files[0]!, files[1]!];
  const check = (bytes: Uint8Array): unknown => verifyBytes(verifier, bytes, 'proof.zkp');
  return {
    name: 'a proof file',
    honest: () => void check(file),
    change(random) {
      const donors = { proof: file, fields: [], others: [other] };
      const { what, value } = random.below(2) === 0 ? changedHeader(file, random) : changedProof(donors, random);
      return files.some((known) => sameBytes(known, value)) ? undefined : { what, verify: () => void check(value) };
    },
  };
}

const milliseconds = (run: () => void): number => {
  const started = performance.now();
  run();
  return performance.now() - started;
};

const median = (xs: readonly number[]): number => xs.toSorted((a, b) => a - b)[xs.length >> 1]!;

/** Undefined for a refusal; else what happened instead. */
function fault(verify: () => void): string | undefined {
  try {
    verify();
  } catch (e) {
    if (e instanceof Diagnostic) return undefined;
    return e instanceof Error ? (e.stack ?? String(e)) : String(e);
  }
  return 'accepted';
}

const folder = mkdtempSync(join(tmpdir(), 'zkmlc-fuzz-'));
let faults = 0;
let tried = 0;
let runs = 0;
const ratios: number[] = [];
let slowest = { ratio: 0, what: '' };

try {
  let ofFiles: Subject | undefined;
  const first = Number(options.seed);
  const [most, until] =
    options.runs === undefined
      ? [Infinity, performance.now() + 1000 * Number(options.seconds)]
      : [Number(options.runs), Infinity];
  for (let seed = first; runs < most && performance.now() < until; seed++, runs++) {
    const random = createRandom(seed);
    const kind = random.below(8);
    if (kind === 0) ofFiles ??= await fileSubject(folder);
    const subject = kind === 0 ? ofFiles! : kind < 4 ? operatorSubject(random) : randomCircuitSubject(random);
    const repeat = `npx tsx scripts/fuzz-native.ts --seed ${seed} --runs 1 --changes ${options.changes}`;
    const usual = median(Array.from({ length: 5 }, () => milliseconds(subject.honest)));
    for (let i = 0; i < Number(options.changes); i++) {
      const change = subject.change(random);
      if (change === undefined) continue;
      tried++;
      let found: string | undefined;
      const timed = (): number =>
        milliseconds(() => {
          found = fault(change.verify);
        }) / usual;
      let ratio = timed();
      // Once more where the machine may have been busy with something else.
      for (let again = 0; again < 3 && ratio > 2; again++) ratio = Math.min(ratio, timed());
      ratios.push(ratio);
      if (ratio > slowest.ratio) slowest = { ratio, what: `${subject.name}, ${change.what} (seed ${seed})` };
      if (found === undefined) continue;
      faults++;
      console.log(`${subject.name}, change ${i}: ${change.what}\n    ${found}\n    ${repeat}`);
    }
  }
  const sorted = ratios.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2);
  console.log(`seeds ${first} to ${first + runs - 1}: ${tried} changes, ${tried - faults} refused, ${faults} not`);
  console.log(
    `time of a refusal over that of an honest verification: median ${at(0.5)}, 99.9% ${at(0.999)}, most ${slowest.ratio.toFixed(2)} (${slowest.what})`,
  );
  process.exitCode = faults === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
