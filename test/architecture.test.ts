// The house law as tests: who may import whom, no cycles, what every file must and must not contain.
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import {
  filesBelow,
  importCycles,
  nodesOf,
  ROOT,
  SOURCE_FOLDERS,
  sourceFiles,
  undocumentedExports,
} from './laws/source-files.ts';

const files = sourceFiles();
const IR = 'compiler/ir/';
const ALL = ['compiler/', 'stdlib/', 'runtime/', 'cli/', 'test/', 'bench/', 'scripts/'];

/** Who may import whom: the first entry whose path a file's path begins with counts. */
const FLOOR_PLAN: readonly (readonly [from: string, mayImport: readonly string[]])[] = [
  [IR, [IR]],
  ['stdlib/', ['stdlib/', IR]],
  ['compiler/frontend/', ['compiler/frontend/', IR, 'stdlib/']],
  ['compiler/passes/', ['compiler/passes/', IR, 'stdlib/']],
  ['compiler/backends/', ['compiler/backends/', IR]],
  ['compiler/evaluate.ts', [IR, 'stdlib/', 'compiler/frontend/']],
  // The driver knows everything, the rest of the compiler's surface all but the runtime.
  ['compiler/driver.ts', ['compiler/', 'stdlib/', 'runtime/index.ts']],
  ['compiler/', ['compiler/', 'stdlib/']],
  ['runtime/', ['runtime/', IR]],
  ['cli/', ['cli/', 'compiler/index.ts', 'runtime/index.ts']],
  ['examples/', ['examples/']],
  ['test/kits/', ['test/kits/', 'compiler/', 'stdlib/', 'runtime/']],
  ['test/', ALL],
  ['bench/', ALL],
  ['scripts/', ALL],
  ['vitest.config.ts', []],
];

/** Packages that each part may import at run time; `node:` modules are listed as one. */
const PACKAGES: readonly (readonly [from: string, packages: readonly string[]])[] = [
  ['stdlib/', []],
  [IR, ['node:', 'chevrotain']],
  ['compiler/frontend/', ['node:', 'fflate']],
  ['compiler/passes/', []],
  ['compiler/backends/', ['node:']],
  ['compiler/', ['node:']],
  ['runtime/', ['node:', '@noble/']],
  ['cli/report/layout.ts', ['@dagrejs/dagre']],
  ['cli/', ['node:', 'commander', 'picocolors', 'fflate']],
  ['examples/', ['node:', 'zkmlc']],
  ['test/kits/', ['node:', 'fflate', '@noble/']],
];

/** Packages under the GPL: zkmlc is MIT and calls them in child processes only. */
const GPL = ['snarkjs', 'circom2', 'ffjavascript', 'circom_runtime', 'r1csfile', 'wasmcurves', '@iden3/', 'circomlib'];

/** Programs that run as child processes. */
const CHILDREN = /-child\.ts$|^test\/provers\/small-ptau\.mjs$/;

/** Where an import may be computed: plugins are named by the user, children are told their package. */
const COMPUTED_IMPORTS = /-child\.ts$|^cli\/options\.ts$/;

/** Files that are longer than 400 lines, with their lengths. The list may only shrink. */
const LONG: ReadonlyMap<string, number> = new Map([]);
const MOST_LINES = 400;

/** Entries of `table` for the first prefix that fits. */
function entryFor<T>(table: readonly (readonly [string, T])[], path: string): T | undefined {
  return table.find(([from]) => path.startsWith(from))?.[1];
}

test('the project has sources in every folder of the floor plan', () => {
  for (const folder of SOURCE_FOLDERS) expect(files.filter((f) => f.path.startsWith(`${folder}/`))).not.toEqual([]);
  for (const { path } of files) expect(entryFor(FLOOR_PLAN, path), path).toBeDefined();
});

describe('imports', () => {
  test('follow the floor plan', () => {
    const wrong = files.flatMap((f) =>
      f.imports
        .filter((i) => i.own && !entryFor(FLOOR_PLAN, f.path)!.some((allowed) => i.target.startsWith(allowed)))
        .map((i) => `${f.path} -> ${i.target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('name files that are there, with their extension', () => {
    const wrong = files.flatMap((f) =>
      f.imports.filter((i) => i.own && !existsSync(join(ROOT, i.target))).map((i) => `${f.path} -> ${i.target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('have no cycles, not even of types', () => {
    expect(importCycles(files)).toEqual([]);
  });

  test('a planted cycle is found', () => {
    const [a, b, ...rest] = files;
    const to = (target: string) => [{ target, own: true, typeOnly: true }];
    const planted = [{ ...a!, imports: to(b!.path) }, { ...b!, imports: to(a!.path) }, ...rest];
    expect(importCycles(planted)).toContainEqual([a!.path, b!.path].sort());
  });

  test('take no package but those of the list, and node modules by their full name', () => {
    const wrong = files.flatMap((f) => {
      const allowed = entryFor(PACKAGES, f.path);
      return f.imports
        .filter((i) => !i.own && !i.typeOnly)
        .filter((i) => builtinModules.includes(i.target) || allowed?.every((p) => !i.target.startsWith(p)) === true)
        .map((i) => `${f.path} -> ${i.target}`);
    });
    expect(wrong).toEqual([]);
  });

  test('reach packages under the GPL from child processes only', () => {
    const wrong = files
      .filter((f) => !CHILDREN.test(f.path))
      .flatMap((f) =>
        f.imports
          .filter((i) => GPL.some((p) => i.target === p || i.target.startsWith(p.endsWith('/') ? p : `${p}/`)))
          .map((i) => `${f.path} -> ${i.target}`),
      );
    expect(wrong).toEqual([]);
    const importsChild = files.flatMap((f) =>
      f.imports.filter((i) => CHILDREN.test(i.target) && !i.typeOnly).map((i) => `${f.path} -> ${i.target}`),
    );
    expect(importsChild).toEqual([]);
  });

  test('are computed in child processes and for plugins only', () => {
    expect(files.filter((f) => f.computedImports > 0 && !COMPUTED_IMPORTS.test(f.path)).map((f) => f.path)).toEqual([]);
  });
});

describe('every file', () => {
  test('says in its first line what it is for', () => {
    const silent = files.filter((f) => {
      const [first = '', second = ''] = f.text.split('\n');
      return !/^\/\/ \S.{8}/.test(first.startsWith('#!') ? second : first);
    });
    expect(silent.map((f) => f.path)).toEqual([]);
  });

  test(`has at most ${MOST_LINES} lines`, () => {
    const long = files.filter((f) => f.lines > (LONG.get(f.path) ?? MOST_LINES));
    expect(long.map((f) => `${f.path}: ${f.lines}`)).toEqual([]);
    const listed = [...LONG].filter(([path, lines]) => files.find((f) => f.path === path)?.lines !== lines);
    expect(listed, 'exceptions that are shorter by now: state their new length or remove them').toEqual([]);
  });

  test('is named in kebab case', () => {
    const odd = files.filter((f) => !/^([a-z0-9]+[-./])*[a-z0-9]+$/.test(f.path));
    expect(odd.map((f) => f.path)).toEqual([]);
  });

  test('declares no any, no enum, no default export but for plugins and tools, and silences no compiler error', () => {
    const wrong: string[] = [];
    for (const f of files) {
      if (/@ts-(ignore|nocheck|expect-error)/.test(f.text) && f.path !== 'test/architecture.test.ts')
        wrong.push(`${f.path}: silenced error`);
      for (const node of nodesOf(f.tree)) {
        if (node.kind === ts.SyntaxKind.AnyKeyword) wrong.push(`${f.path}: any`);
        if (ts.isEnumDeclaration(node)) wrong.push(`${f.path}: enum`);
        const isDefault =
          ts.isExportAssignment(node) || (node.kind === ts.SyntaxKind.DefaultKeyword && ts.isModifier(node));
        if (isDefault && !/^(examples\/|scripts\/summary-reporter\.ts|vitest\.config\.ts)/.test(f.path))
          wrong.push(`${f.path}: default export`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('leaves printing to the command line, to scripts and to tests', () => {
    const libraries = files.filter(
      (f) => /^(compiler|stdlib|runtime|test\/kits)\//.test(f.path) && !CHILDREN.test(f.path),
    );
    const printing = libraries.filter((f) =>
      [...nodesOf(f.tree)].some(
        (n) =>
          ts.isPropertyAccessExpression(n) &&
          /^(console\.\w+|process\.(stdout|stderr|exit|exitCode|argv))$/.test(n.getText(f.tree)),
      ),
    );
    expect(printing.map((f) => f.path)).toEqual([]);
  });

  test('classes are errors or interpreters', () => {
    const wrong = files.flatMap((f) =>
      [...nodesOf(f.tree)]
        .filter(ts.isClassDeclaration)
        .filter((c) => c.heritageClauses === undefined)
        .map((c) => `${f.path}: ${c.name?.text}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('documentation', () => {
  test.each(['compiler/index.ts', 'compiler/ir/index.ts', 'runtime/index.ts', 'stdlib/index.ts', 'test/kits/index.ts'])(
    'every public symbol of %s has a sentence',
    (path) => {
      const entry = files.find((f) => f.path === path);
      expect(entry, path).toBeDefined();
      expect(undocumentedExports(entry!, files)).toEqual([]);
    },
  );

  const texts = [
    ...SOURCE_FOLDERS.flatMap((f) => filesBelow(f, '.md')),
    ...filesBelow('docs', '.md'),
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
  ];

  test('folder guides have at most 40 lines', () => {
    const guides = texts.filter((t) => /^(compiler|stdlib|runtime|cli|test)\/(.*\/)?README\.md$/.test(t));
    expect(guides.length).toBeGreaterThan(0);
    const lengths = guides.map(
      (path) => [path, readFileSync(join(ROOT, path), 'utf8').split('\n').length - 1] as const,
    );
    expect(lengths.filter(([, lines]) => lines > 40)).toEqual([]);
  });

  test('links to files that are there', () => {
    const broken = texts.flatMap((path) =>
      [...readFileSync(join(ROOT, path), 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map((m) => m[1]!)
        .filter((target) => !existsSync(join(ROOT, path, '..', target)))
        .map((target) => `${path}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  test('no text names a folder of one machine', () => {
    // Split, so that this file does not name them either.
    const folders = new RegExp(
      `(^|[\\s"'\`(=])(${['/ho' + 'me/', '/ro' + 'ot/', '/wo' + 'rk/', '/Us' + 'ers/', 'C:' + '\\\\Users'].join('|')})`,
      'm',
    );
    const all = [
      ...texts,
      ...files.map((f) => f.path),
      ...filesBelow('test', '.json', '.csv', '.zk'),
      'package.json',
      '.ci/run',
    ];
    expect(all.filter((path) => folders.test(readFileSync(join(ROOT, path), 'utf8')))).toEqual([]);
  });
});
