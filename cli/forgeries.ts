// Ways to cheat, for the demo and its test: what is shown is changed, the proof is changed, or it is of something else.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Compiler, readTensors, type Tensor } from '../compiler/index.ts';
import {
  createNativeProver,
  decodeProofFile,
  encodeProofFile,
  loadProver,
  prove,
  readModelPorts,
} from '../runtime/index.ts';
import type { CommandContext } from './context.ts';
import { packageFile } from './package-files.ts';

export interface Forgery {
  /** What was changed, in words. */
  readonly change: string;
  /** Path of the forged proof. */
  readonly path: string;
}

interface HonestProof {
  readonly artifact: string;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Bytes of an accepted proof. */
  readonly proof: Uint8Array;
  /** The output's integers, which its statement begins with. */
  readonly output: readonly number[];
  /** Where forgeries go. */
  readonly folder: string;
}

const OTHER_MODEL = 'examples/models/digits-linear';

/** Integers of a statement are 64-bit two's complement. */
const shown = (n: number): bigint => BigInt.asUintN(64, BigInt(n));

/** Writes the forged proofs. The last two are complete proofs, made by the prover: of other weights, and of another model. */
export async function makeForgeries(
  honest: HonestProof,
  compiler: Compiler,
  cx: CommandContext,
): Promise<readonly Forgery[]> {
  const write = (name: string, change: string, bytes: Uint8Array): Forgery => {
    const path = join(honest.folder, `forged-${name}.zkp`);
    writeFileSync(path, bytes);
    return { change, path };
  };
  const file = decodeProofFile(honest.proof);
  const { output } = honest;
  const [best, next] = twoLargest(output);
  const pixel = file.signals.findIndex((s, i) => i >= output.length && s > 0n);
  const byte = honest.proof.length - 100;
  return [
    write(
      'output',
      `output ${best} lowered, so that ${next} wins`,
      encodeProofFile({ ...file, signals: file.signals.with(best, shown(output[next]! - 1)) }),
    ),
    write(
      'input',
      `pixel ${pixel - output.length} of the picture erased`,
      encodeProofFile({ ...file, signals: file.signals.with(pixel, 0n) }),
    ),
    write('byte', `byte ${byte} of the proof changed`, honest.proof.with(byte, honest.proof[byte]! ^ 1)),
    write('weights', 'proved with two weights swapped', await proofOfSwappedWeights(honest, cx)),
    { change: 'the proof of another model', path: await proofOfOtherModel(honest, compiler, cx) },
  ];
}

/** Indices of the largest integer and of the next one. */
function twoLargest(integers: readonly number[]): readonly [best: number, next: number] {
  const [best, next] = [...integers.keys()].sort((i, j) => integers[j]! - integers[i]! || i - j);
  return [best!, next!];
}

/** The whole prover at work on weights that are not those of the commitment. */
async function proofOfSwappedWeights(
  { artifact, inputs }: HonestProof,
  { console }: CommandContext,
): Promise<Uint8Array> {
  console.progress('proving with two weights swapped');
  const { circuit, parameters, verifier, weightsPath } = await loadProver(artifact);
  const { system, description, root } = verifier;
  if (system.proofSystem !== 'plonk-koalabear') throw new TypeError('the demo is one of the native prover');
  const [first, ...others] = parameters;
  const swapped = [{ ...first!, values: withTwoSwapped(first!.values) }, ...others];
  const { ports } = description;
  const native = createNativeProver({ circuit, ports, parameters: swapped, key: system.key, weightsPath });
  try {
    return encodeProofFile({ root, ...native.prepare(inputs, {}).prove() });
  } finally {
    native.close();
  }
}

/** The first value and the first that differs from it change places. */
function withTwoSwapped(values: ArrayLike<number>): Float64Array {
  const out = Float64Array.from(values);
  const other = out.findIndex((x) => x !== out[0]);
  [out[0], out[other]] = [out[other]!, out[0]!];
  return out;
}

/** An honest proof of a smaller model for the same pictures. */
async function proofOfOtherModel(
  { folder }: HonestProof,
  compiler: Compiler,
  { console, signal }: CommandContext,
): Promise<string> {
  console.progress('proving with another model');
  const example = packageFile(OTHER_MODEL);
  const [artifact, output] = [join(folder, 'other.zkml'), join(folder, 'forged-model.zkp')];
  const dims = new Map([['batch', 1]]);
  const [model, calibration] = [join(example, 'model.onnx'), join(example, 'calibration.npz')];
  await compiler.compile({ model, calibration, dims, visibility: { input: 'public' }, output: artifact, signal });
  const inputs = await readTensors(join(example, 'test_data_set_0'), await readModelPorts(artifact, 'input'), 'input');
  await prove({ artifact, inputs, output, signal });
  return output;
}
