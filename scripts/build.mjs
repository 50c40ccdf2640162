// Builds dist/ from the sources and links the command, so that `npx zkmlc` finds it in the project's own folder.
// Files are overwritten in place and stale ones removed afterwards: a running program never sees an empty dist/.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, sep } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const command = join(dist, 'cli', 'main.js');

execFileSync(
  process.execPath,
  [createRequire(import.meta.url).resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
removeStale();
linkCommand();

/** Removes compiled files whose source is gone. */
function removeStale() {
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const source = join(root, relative(dist, path).replace(/(\.d)?\.(ts|js)$/, '.ts'));
    if (!existsSync(source)) rmSync(path);
  }
}

/** npm links commands of dependencies only; this package's own one is linked here. */
function linkCommand() {
  chmodSync(command, 0o755);
  const folder = join(root, 'node_modules', '.bin');
  mkdirSync(folder, { recursive: true });
  if (sep === '\\') {
    writeFileSync(join(folder, 'zkmlc.cmd'), `@node "${command}" %*\r\n`);
    return;
  }
  const link = join(folder, 'zkmlc');
  rmSync(link, { force: true });
  symlinkSync(relative(folder, command), link);
}
