// From inputs to a witness file, and what the proof must show: the road to snarkjs, for both kinds of constraint systems.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Circuit } from '../compiler/ir/circuit.ts';
import { circomSignals, decodeCircomInputs } from '../compiler/ir/iden3/circom-inputs.ts';
import { loadWitnessCalculator, writeCircomWitness } from '../compiler/ir/iden3/circom-witness.ts';
import { createWtnsWriter, SCALAR_FIELD } from '../compiler/ir/iden3/index.ts';
import { scalarize } from '../compiler/ir/interpret/scalarize.ts';
import { runWitness, type Witness } from '../compiler/ir/interpret/witness.ts';
import { commitPort, portPacking } from '../compiler/ir/poseidon.ts';
import { publicSignals } from '../compiler/ir/public-signals.ts';
import type { Tensor } from '../compiler/ir/tensor.ts';
import { checkedFile } from './artifact/artifact.ts';
import { type EncodeOptions, encodeInputs } from './evaluate/encode.ts';
import type { LoadedProver } from './prover.ts';
import { WITNESS_KERNELS } from './witness-kernels/index.ts';

/** What opens the commitment to one port. Secret. */
export interface Opening {
  readonly name: string;
  readonly role: 'input' | 'output';
  readonly shape: readonly number[];
  readonly integers: readonly number[];
  /** Field elements. */
  readonly blinding: bigint;
  readonly commitment: bigint;
}

/** A witness on disk. */
export interface PreparedWitness {
  /** Path of the `.wtns` file. Secret. */
  readonly path: string;
  /** Public signals that the integers of the model imply. */
  readonly signals: readonly bigint[];
  readonly openings: readonly Opening[];
  /** Input elements that were saturated. */
  readonly clamped: number;
}

/** A secret uniform field element (bias below 2^-128). */
export function randomFieldElement(): bigint {
  return BigInt(`0x${randomBytes(48).toString('hex')}`) % SCALAR_FIELD;
}

/**
 * Runs a compiled model on reals and writes the witness.
 * @throws Diagnostic `input-out-of-range` and the like as {@link encodeInputs}.
 */
export async function prepareWitness(
  prover: LoadedProver,
  reals: ReadonlyMap<string, Tensor>,
  path: string,
  options: EncodeOptions = {},
): Promise<PreparedWitness> {
  const { integers, clamped } = encodeInputs(prover.verifier.description.ports, reals, options);
  return { ...(await witnessOfIntegers(prover, integers, path)), clamped };
}

/** All integers of a compiled model on integers. @param integers by input port */
export function runIntegers(
  { circuit, parameters, verifier: { system } }: LoadedProver,
  integers: ReadonlyMap<string, Tensor>,
): Witness {
  // What the native prover states about weights alone is proved already, and not needed for a run.
  const needed = system.proofSystem === 'plonk-koalabear' ? system.key.run.protocol.plan.circuit : circuit;
  return runWitness(needed, withParameters(circuit, parameters, integers), WITNESS_KERNELS);
}

/** Values of input and parameter ports. */
function withParameters(
  circuit: Circuit,
  parameters: LoadedProver['parameters'],
  integers: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> {
  const given = new Map(integers);
  const known = new Map(parameters.map((p) => [p.name, p.values]));
  for (const { role, name, wire } of circuit.ports) {
    const values = role === 'param' ? known.get(name) : undefined;
    if (values !== undefined) given.set(name, { shape: circuit.wires[wire]!.shape, data: values });
  }
  return given;
}

/**
 * Runs a compiled model on integers and writes the witness.
 * @param hiding blinding elements of committed inputs and outputs, by port; fresh ones where there are none
 */
export async function witnessOfIntegers(
  prover: LoadedProver,
  integers: ReadonlyMap<string, Tensor>,
  path: string,
  hiding: ReadonlyMap<string, bigint> = new Map(),
): Promise<Omit<PreparedWitness, 'clamped'>> {
  const { circuit, parameters } = prover;
  const given = withParameters(circuit, parameters, integers);
  const known = new Map(parameters.map((p) => [p.name, p.blinding]));
  const blindings = new Map<string, bigint>();
  for (const { name, visibility } of circuit.ports)
    if (visibility === 'committed') blindings.set(name, known.get(name) ?? hiding.get(name) ?? randomFieldElement());

  const witness = runWitness(circuit, given, WITNESS_KERNELS);
  await writeWitness(prover, witness, given, blindings, path);
  const commitments = new Map([...blindings].map(([name, blinding]) => [name, commitmentOf(witness, name, blinding)]));
  return {
    path,
    signals: impliedSignals(witness, commitments),
    openings: circuit.ports.flatMap((p): Opening[] => {
      const { name, role, visibility } = p;
      if (visibility !== 'committed' || role === 'param') return [];
      const { shape, data } = witness.value(p.wire);
      const [blinding, commitment] = [blindings.get(name)!, commitments.get(name)!];
      return [{ name, role, shape, integers: [...data], blinding, commitment }];
    }),
  };
}

async function writeWitness(
  prover: LoadedProver,
  witness: Witness,
  given: ReadonlyMap<string, Tensor>,
  blindings: ReadonlyMap<string, bigint>,
  path: string,
): Promise<void> {
  const { folder, manifest, circuit } = prover;
  const base = (manifest.r1cs ?? '').replace(/\.r1cs$/, '');
  if (Object.hasOwn(manifest.files, `${base}.wasm`)) {
    const wasm = readFileSync(await checkedFile(folder, manifest, `${base}.wasm`));
    const file = await checkedFile(folder, manifest, `${base}.inputs.json`);
    const elements = new Map([...given].map(([name, t]) => [name, t.data]));
    const inputs = circomSignals(decodeCircomInputs(readFileSync(file, 'utf8'), file), elements, blindings);
    writeCircomWitness(path, (await loadWitnessCalculator(wasm)).calculate(inputs));
    return;
  }
  const { values } = scalarize(circuit, { row: () => {} }, { witness, blindings });
  const file = createWtnsWriter(path);
  try {
    file.pushBytes(values!);
    file.close();
  } finally {
    file.discard();
  }
}

function commitmentOf({ circuit, exact }: Witness, name: string, blinding: bigint): bigint {
  const { wire } = circuit.ports.find((p) => p.name === name)!;
  const { shape, range } = circuit.wires[wire]!;
  return commitPort(exact(wire), portPacking(shape, range), blinding);
}

/** The public signals of an honest run, in [0, p). */
function impliedSignals({ circuit, exact }: Witness, commitments: ReadonlyMap<string, bigint>): readonly bigint[] {
  const element = (n: bigint): bigint => (n < 0n ? n + SCALAR_FIELD : n);
  return publicSignals(circuit).flatMap(({ port, kind }) => {
    const p: Circuit['ports'][number] = circuit.ports[port]!;
    return kind === 'commitment' ? [commitments.get(p.name)!] : exact(p.wire).map(element);
  });
}
