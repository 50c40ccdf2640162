// The npm package as users get it: packed, checked by publint and attw, installed into an empty project, demonstrated.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
/** A program that uses every entry point. */
const USE = `import { createCompiler, definePlugin } from 'zkmlc';
import { type OpRegistry, operatorRegistry } from 'zkmlc/ir';
import { type Verdict, verify } from 'zkmlc/runtime';
import { standardOps } from 'zkmlc/stdlib';
import { checkDeclaration } from 'zkmlc/testing';

export const registry: OpRegistry = operatorRegistry(standardOps);
for (const op of standardOps) checkDeclaration(op);
export const compiler = createCompiler([definePlugin({ name: 'none' })]);
export const check = (verifier: string, proof: string): Verdict => verify({ verifier, proof });
`;
/** Strict, with libraries checked too, as a user of Node.js would have it. */
const TYPES = {
  module: 'nodenext',
  target: 'es2023',
  strict: true,
  skipLibCheck: false,
  noEmit: true,
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules', '@types')],
};
const folder = mkdtempSync(join(tmpdir(), 'zkmlc-package-'));

function run(command: string, args: readonly string[], cwd: string): void {
  console.log(`\n$ ${command} ${args.join(' ')}`);
  const env = { ...process.env, ZKMLC_CACHE: join(folder, 'cache') };
  execFileSync(command, [...args], { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
}

try {
  // npm pack builds first (`prepare`).
  run('npm', ['pack', '--pack-destination', folder], ROOT);
  const name = readdirSync(folder).find((file) => file.endsWith('.tgz'));
  if (name === undefined) throw new Error('npm pack made no archive');
  const archive = join(folder, name);
  run('npx', ['publint', '--strict', archive], ROOT);
  run('npx', ['attw', '--profile', 'esm-only', archive], ROOT);

  const project = mkdtempSync(join(folder, 'project-'));
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n');
  run('npm', ['install', '--no-audit', '--no-fund', archive], project);
  run('npx', ['zkmlc', 'doctor'], project);
  run('npx', ['zkmlc', 'demo'], project);
  // The types, from the outside.
  writeFileSync(join(project, 'use.ts'), USE);
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: TYPES, files: ['use.ts'] }));
  run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project], ROOT);
  console.log(`\n${name}: packed, checked, installed and demonstrated`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
