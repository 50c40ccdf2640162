// Finds the compiled form of a script that runs in another process or thread: Node 20 cannot run TypeScript there.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';

/**
 * Path of a script beside this file. From source it is the same path under the project's `dist/`.
 * @param name path relative to this folder, without extension
 * @throws Diagnostic `not-built` if the compiled file is absent, or this folder's sources changed since they were
 * compiled: both sides of a thread must agree about the memory that they share.
 */
export function builtScript(name: string): string {
  const here = fileURLToPath(import.meta.url);
  const folder = dirname(here);
  const fromSource = here.endsWith('.ts');
  const built = fromSource ? folderInDist(folder) : folder;
  const path = join(built, `${name}.js`);
  if (!existsSync(path)) throw notBuilt('a compiled script is missing', path);
  if (fromSource) refuseStale(folder, built);
  return path;
}

function folderInDist(folder: string): string {
  let root = folder;
  while (!existsSync(join(root, 'package.json'))) {
    const parent = dirname(root);
    if (parent === root) return folder;
    root = parent;
  }
  return join(root, 'dist', relative(root, folder));
}

function refuseStale(sources: string, built: string): void {
  for (const name of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const compiled = join(built, `${name.slice(0, -3)}.js`);
    if (!existsSync(compiled) || statSync(compiled).mtimeMs < statSync(join(sources, name)).mtimeMs)
      throw notBuilt('a compiled script is older than its source', compiled);
  }
}

function notBuilt(reason: string, file: string): Diagnostic {
  return new Diagnostic('not-built', `${reason}: run \`npm run build\` in the project first`, { file });
}
