// Set-up from a real powers-of-tau file: snarkjs derives the key, one phase 2 contribution is made here and now.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import type { VerificationKey } from './groth16-types.ts';
import { runSnarkjs } from './snarkjs-process.ts';
import { readVerificationKey } from './zkey.ts';

export interface CeremonyOptions {
  readonly r1csPath: string;
  /** Powers of tau (`.ptau`), prepared for phase 2, with at least as many powers as the domain needs. */
  readonly ptauPath: string;
  /** Where the proving key goes; it appears only when complete. */
  readonly zkeyPath: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a proving key from a ceremony file and returns its verification key, whose origin names the file's SHA-256 and
 * says that phase 2 has a single contribution, made on this machine: others may add theirs to the `.zkey`.
 * @throws Diagnostic `file-unreadable`, `snarkjs-failed` (for instance if the file is too small or not prepared),
 * `snarkjs-missing`, `cancelled` or `not-built`; no file is left behind then.
 */
export async function ceremonySetup({
  r1csPath,
  ptauPath,
  zkeyPath,
  signal,
}: CeremonyOptions): Promise<VerificationKey> {
  const target = resolve(zkeyPath);
  const initialPath = `${target}.initial-${process.pid}`;
  const unfinished = `${target}.unfinished-${process.pid}`;
  try {
    const ptauSha256 = await sha256OfFile(ptauPath, signal);
    await runSnarkjs(
      {
        kind: 'ceremony-key',
        r1csPath: resolve(r1csPath),
        ptauPath: resolve(ptauPath),
        initialPath,
        zkeyPath: unfinished,
      },
      { signal },
    );
    const key = readVerificationKey(unfinished, { kind: 'ceremony', ptauSha256, contributions: 1 });
    await rename(unfinished, target);
    return key;
  } finally {
    await Promise.all([rm(initialPath, { force: true }), rm(unfinished, { force: true })]);
  }
}

async function sha256OfFile(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash, { ...(signal === undefined ? {} : { signal }) });
  } catch (cause) {
    if (signal?.aborted) throw new Diagnostic('cancelled', 'the operation was cancelled', { file: path }, { cause });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Diagnostic('file-unreadable', `the file cannot be read: ${reason}`, { file: path }, { cause });
  }
  return hash.digest('hex');
}
