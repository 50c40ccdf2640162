// Three ways to cheat, for the demo and its test: another output, a changed proof, a witness that breaks the rules.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor } from '../compiler/index.ts';
import {
  decodeProofFile,
  encodeProofFile,
  loadProver,
  prepareWitness,
  proveWitness,
  SCALAR_FIELD,
} from '../runtime/index.ts';
import type { CommandContext } from './context.ts';

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
  /** Where forgeries go. */
  readonly folder: string;
}

/** Writes the forged proofs. The last one is a real proof by snarkjs, of a witness with one value changed. */
export async function makeForgeries(honest: HonestProof, cx: CommandContext): Promise<readonly Forgery[]> {
  const write = (name: string, change: string, bytes: Uint8Array): Forgery => {
    const path = join(honest.folder, name);
    writeFileSync(path, bytes);
    return { change, path };
  };
  const file = decodeProofFile(honest.proof);
  const { best, next } = twoLargest(file.signals);
  const lowered = (file.signals[next]! + SCALAR_FIELD - 1n) % SCALAR_FIELD;
  const byte = honest.proof.length - 100;
  return [
    write(
      'forged-output.zkp',
      `output ${best} lowered, so that ${next} wins`,
      encodeProofFile({ ...file, signals: file.signals.with(best, lowered) }),
    ),
    write(
      'forged-byte.zkp',
      `one byte of the proof changed (byte ${byte})`,
      honest.proof.with(byte, honest.proof[byte]! ^ 1),
    ),
    write('forged-witness.zkp', 'one value of the witness changed', await proofOfChangedWitness(honest, cx)),
  ];
}

/** Indices of the largest public integer and of the next one. */
function twoLargest(signals: readonly bigint[]): { readonly best: number; readonly next: number } {
  const signed = signals.map((s) => (s > SCALAR_FIELD / 2n ? s - SCALAR_FIELD : s));
  const [best, next] = [...signed.keys()].sort((i, j) =>
    signed[i]! === signed[j]! ? i - j : signed[i]! > signed[j]! ? -1 : 1,
  );
  return { best: best!, next: next! };
}

async function proofOfChangedWitness(
  { artifact, inputs, folder }: HonestProof,
  cx: CommandContext,
): Promise<Uint8Array> {
  const path = join(folder, 'changed.wtns');
  try {
    cx.console.progress('proving with a changed witness');
    const prover = await loadProver(artifact);
    const prepared = await prepareWitness(prover, inputs, path);
    const bytes = readFileSync(path);
    // The file ends with the values, 32 bytes each, low byte first: the last value is changed.
    bytes[bytes.length - 32]! ^= 1;
    writeFileSync(path, bytes);
    return await proveWitness(prover, prepared, cx.signal);
  } finally {
    rmSync(path, { force: true });
  }
}
