// The package's own folder and what lies in it, whether this code runs from source or compiled.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Diagnostic } from '../compiler/index.ts';

interface OwnPackage {
  readonly folder: string;
  readonly version: string;
}

/** package.json lies beside the sources, or one level above the compiled files. */
function ownPackage(): OwnPackage | undefined {
  for (const parent of ['..', '../..']) {
    const folder = fileURLToPath(new URL(parent, import.meta.url));
    try {
      const json: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (typeof json === 'object' && json !== null && 'name' in json && json.name === 'zkmlc' && 'version' in json)
        return { folder, version: String(json.version) };
    } catch {
      // The other place has it.
    }
  }
  return undefined;
}

export function packageVersion(): string {
  return ownPackage()?.version ?? 'unknown';
}

/** Path of a file that the package ships. @throws Diagnostic `incomplete-package`. */
export function packageFile(path: string): string {
  const found = ownPackage();
  if (found === undefined)
    throw new Diagnostic('incomplete-package', `the package's folder is not found: install zkmlc again`, {
      file: path,
    });
  return join(found.folder, path);
}
