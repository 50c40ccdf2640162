// Tries every single-byte change of an encoded Groth16 proof (256 x 255) and of every public signal: all must be refused.
// Run with `npx tsx scripts/tamper-groth16.ts` after `npm run build`; exit code 1 if a forgery passes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { SCALAR_FIELD } from '../compiler/ir/iden3/index.ts';
import {
  decodeProof,
  developmentSetup,
  encodeProof,
  groth16Prove,
  verifyGroth16,
} from '../runtime/provers/snarkjs/index.ts';
import { rangeBits, writeCircuit } from '../test/provers/circuits.ts';

const folder = mkdtempSync(join(tmpdir(), 'zkmlc-tamper-'));
try {
  const { r1csPath, wtnsPath } = writeCircuit(folder, rangeBits(8, 201n));
  const zkeyPath = join(folder, 'key.zkey');
  const key = await developmentSetup({ r1csPath, zkeyPath });
  const { proof, publicSignals } = await groth16Prove({ zkeyPath, wtnsPath });
  const accepts = (bytes: Uint8Array, signals: readonly bigint[]): boolean => {
    try {
      return verifyGroth16(key, signals, decodeProof(bytes));
    } catch (error) {
      if (error instanceof Diagnostic && error.code === 'bad-proof') return false;
      throw error;
    }
  };
  const honest = encodeProof(proof);
  if (!accepts(honest, publicSignals)) throw new Error('the honest proof was refused');
  let tried = 0;
  let accepted = 0;
  const attempt = (bytes: Uint8Array, signals: readonly bigint[], what: string): void => {
    tried++;
    if (!accepts(bytes, signals)) return;
    accepted++;
    console.log(`accepted: ${what}`);
  };
  for (let i = 0; i < honest.length; i++)
    for (let change = 1; change < 256; change++)
      attempt(honest.with(i, honest[i]! ^ change), publicSignals, `byte ${i} xor ${change}`);
  publicSignals.forEach((signal, i) => {
    for (let bit = 0n; bit < 256n; bit++)
      attempt(honest, publicSignals.with(i, signal ^ (1n << bit)), `signal ${i}, bit ${bit}`);
    for (const other of [0n, -signal, signal + SCALAR_FIELD, SCALAR_FIELD - signal])
      attempt(honest, publicSignals.with(i, other), `signal ${i} = ${other}`);
  });
  console.log(`${tried} changes tried, ${accepted} accepted`);
  process.exitCode = accepted === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
