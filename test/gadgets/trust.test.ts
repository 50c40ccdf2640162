// Who may trust: lemmas are called, and targets are asked, by gadgets only.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Source files below the given folders that contain the pattern, relative to the project. */
function filesWith(pattern: RegExp, ...folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((f) => f.isFile() && f.name.endsWith('.ts'))
      .map((f) => join(f.parentPath, f.name))
      .filter((path) => pattern.test(readFileSync(path, 'utf8')))
      .map((path) => relative(root, path)),
  );
}

it('only gadgets call deduce', () => {
  const callers = filesWith(/\bdeduce\s*\(/, 'stdlib', 'compiler', 'runtime', 'cli');
  // The builder's interface and its implementation define it.
  const definitions = ['compiler/ir/circuit.ts', 'compiler/ir/recorder.ts'];
  expect(callers.filter((f) => !f.startsWith('stdlib/gadgets/')).toSorted()).toEqual(definitions);
  expect(callers.some((f) => f.startsWith('stdlib/gadgets/'))).toBe(true);
});

it('within the standard library only gadgets ask what the target can do', () => {
  const asking = filesWith(/\btarget\.(modulus|lookups|tableBits|gather)\b/, 'stdlib');
  expect(asking.filter((f) => !f.startsWith('stdlib/gadgets/'))).toEqual([]);
});

it('each gadget that trusts a lemma gives its argument at its head', () => {
  for (const file of filesWith(/\bdeduce\s*\(/, 'stdlib/gadgets')) {
    const text = readFileSync(join(root, file), 'utf8');
    const head = text.slice(0, text.indexOf('import '));
    for (const [, lemma] of text.matchAll(/deduce\([^;]*'(max|select|clamp|carry|mean|norm)'\)/g))
      expect(head, `${file}: no argument for lemma ${lemma}`).toContain(`\`${lemma}\``);
  }
});
