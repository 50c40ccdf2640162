// The npm package: what is packed, and what is not. `npm run package` installs it into an empty project too.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, ROOT } from './laws/source-files.ts';

interface Packed {
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

const [packed]: readonly Packed[] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }),
);
const paths = packed!.files.map((f) => f.path);

test('holds the command, every entry point and its types', () => {
  const json: {
    readonly bin: Readonly<Record<string, string>>;
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const entries = Object.values(json.exports).flatMap((e) => (typeof e === 'string' ? [e] : Object.values(e)));
  for (const path of [...Object.values(json.bin), ...entries]) expect(paths).toContain(path.replace(/^\.\//, ''));
});

test('holds all compiled sources, the Circom library, and the models that the demo uses', () => {
  for (const folder of ['compiler', 'runtime', 'stdlib', 'cli', 'test/kits'])
    for (const source of filesBelow(folder, '.ts')) expect(paths).toContain(`dist/${source.replace(/\.ts$/, '.js')}`);
  for (const path of filesBelow('stdlib/circom', '.circom')) expect(paths).toContain(path);
  for (const file of readdirSync(join(ROOT, 'examples/models/digits-mlp'))) {
    const path = `examples/models/digits-mlp/${file}`;
    if (statSync(join(ROOT, path)).isFile()) expect(paths).toContain(path);
  }
});

test('holds no sources of tests, no caches, nothing large', () => {
  expect(
    paths.filter((p) => /\.test\.|^(test|scripts|bench|\.ci)\/|node_modules|\.cache|__pycache__|\.zkml|\.tgz$/.test(p)),
  ).toEqual([]);
  expect(packed!.files.filter((f) => f.size > 2_000_000)).toEqual([]);
  expect(packed!.files.reduce((n, f) => n + f.size, 0)).toBeLessThan(10_000_000);
});
