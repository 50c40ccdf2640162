// Finds the compiled form of a script that runs in another process or thread: Node 20 cannot run TypeScript there.
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Diagnostic } from './diagnostics.ts';

/**
 * Path of a script beside the module. From source it is the same path under the project's `dist/`.
 * @param moduleUrl `import.meta.url` of the module that starts the script
 * @param name file name without extension
 * @throws Diagnostic `not-built` if the compiled file is absent.
 */
export function compiledPath(moduleUrl: string, name: string): string {
  const module = fileURLToPath(moduleUrl);
  const folder = dirname(module);
  const path = join(module.endsWith('.ts') ? inDist(folder) : folder, `${name}.js`);
  if (!existsSync(path))
    throw new Diagnostic('not-built', 'a compiled script is missing: run `npm run build` in the project first', {
      file: path,
    });
  return path;
}

function inDist(folder: string): string {
  let root = folder;
  while (!existsSync(join(root, 'package.json'))) {
    const parent = dirname(root);
    if (parent === root) return folder;
    root = parent;
  }
  return join(root, 'dist', relative(root, folder));
}
