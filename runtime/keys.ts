// Keys for a constraint system: from a development set-up, cached by the system's digest, or from a ceremony's file.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { sha256OfFile } from './artifact/artifact.ts';
import { readBounded } from './artifact/files.ts';
import {
  ceremonySetup,
  decodeVerificationKey,
  developmentSetup,
  encodeVerificationKey,
  type SetupProgress,
  type VerificationKey,
} from './provers/snarkjs/index.ts';

/** Where keys come from. */
export type KeySource =
  /** A set-up made here from fresh secrets, which are forgotten: whoever makes it can forge. */
  | { readonly kind: 'development' }
  /** Phase 1 of a public ceremony, phase 2 made here. */
  | { readonly kind: 'ceremony'; readonly ptauPath: string };

export interface KeyRequest {
  readonly r1csPath: string;
  /** Where the proving key goes. */
  readonly zkeyPath: string;
  readonly source: KeySource;
  readonly onProgress?: (fraction: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface ProvidedKeys {
  readonly verificationKey: VerificationKey;
  /** True if a set-up made earlier for the same constraint system was used. */
  readonly cached: boolean;
}

/** Where development keys are kept between compilations: `$ZKMLC_CACHE`, or the user's cache folder. */
export function cacheFolder(): string {
  return process.env.ZKMLC_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'zkmlc');
}

/** @throws Diagnostic what the set-up throws. */
export async function provideKeys(request: KeyRequest): Promise<ProvidedKeys> {
  const { r1csPath, zkeyPath, source, onProgress, signal } = request;
  if (source.kind === 'ceremony')
    return {
      verificationKey: await ceremonySetup({
        r1csPath,
        ptauPath: source.ptauPath,
        zkeyPath,
        ...(signal && { signal }),
      }),
      cached: false,
    };
  const entry = join(cacheFolder(), 'keys', await sha256OfFile(r1csPath));
  const cached = readCached(entry, zkeyPath);
  if (cached !== undefined) return { verificationKey: cached, cached: true };
  const verificationKey = await developmentSetup({
    r1csPath,
    zkeyPath,
    onProgress: (p) => onProgress?.(fractionOf(p)),
    ...(signal && { signal }),
  });
  writeCached(entry, zkeyPath, verificationKey);
  return { verificationKey, cached: false };
}

/** Reading the constraints takes about a tenth of the time. */
function fractionOf({ stage, done, total }: SetupProgress): number {
  const part = total === 0 ? 1 : done / total;
  return stage === 'constraints' ? 0.1 * part : 0.1 + 0.9 * part;
}

function readCached(entry: string, zkeyPath: string): VerificationKey | undefined {
  if (!existsSync(entry)) return undefined;
  try {
    const key = decodeVerificationKey(readBounded(join(entry, 'verification.key'), 2 ** 27));
    copyFileSync(join(entry, 'proving.zkey'), zkeyPath);
    return key;
  } catch {
    // A damaged entry is worth nothing: it is made again.
    rmSync(entry, { recursive: true, force: true });
    return undefined;
  }
}

/** Best effort: a cache that cannot be written only costs time. The entry appears whole or not at all. */
function writeCached(entry: string, zkeyPath: string, key: VerificationKey): void {
  let temporary: string | undefined;
  try {
    mkdirSync(join(cacheFolder(), 'keys'), { recursive: true, mode: 0o700 });
    temporary = mkdtempSync(join(cacheFolder(), 'keys', 'new-'));
    copyFileSync(zkeyPath, join(temporary, 'proving.zkey'));
    writeFileSync(join(temporary, 'verification.key'), encodeVerificationKey(key));
    renameSync(temporary, entry);
  } catch {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  }
}
