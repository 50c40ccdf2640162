// Small files in the user's cache: read with a bound, replaced whole.
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { readBounded, writeAtomically } from './artifact/files.ts';
import { cacheFolder } from './keys.ts';

/** Path of a file of the cache, whether it is there or not. */
export const cachedFilePath = (name: string): string => join(cacheFolder(), name);

/**
 * Bytes of a file of the cache.
 * @param limit most bytes that are read
 * @returns undefined if it is not there
 * @throws Diagnostic `file-too-large` and the like.
 */
export function readCachedFile(name: string, limit: number): Uint8Array | undefined {
  const path = cachedFilePath(name);
  return existsSync(path) ? readBounded(path, limit) : undefined;
}

/** Makes the folder of a file of the cache, so that what takes long to make can be kept. @throws Diagnostic `file-unwritable`. */
export function prepareCachedFile(name: string): void {
  const path = cachedFilePath(name);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    accessSync(dirname(path), constants.W_OK);
  } catch (e) {
    const reason = e instanceof Error ? e.message : String(e);
    const advice = 'set ZKMLC_CACHE to a folder that can be written';
    throw new Diagnostic(
      'file-unwritable',
      `cannot use the cache folder: ${reason}; ${advice}`,
      { file: path },
      { cause: e },
    );
  }
}

/** Writes a file of the cache: the old one or the new one is there, never a part. @throws Diagnostic `file-unwritable`. */
export function writeCachedFile(name: string, bytes: Uint8Array): string {
  const path = cachedFilePath(name);
  prepareCachedFile(name);
  writeAtomically(path, bytes);
  return path;
}
