// The project's files and what each of them imports and exports, for the tests of the house law.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import ts from 'typescript';

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** Folders that hold sources. */
export const SOURCE_FOLDERS = ['compiler', 'stdlib', 'runtime', 'cli', 'test', 'bench', 'scripts', 'examples'] as const;

/** An import or re-export. */
export interface Import {
  /** The file imported, relative to the project (`compiler/ir/op.ts`), or a package or `node:` name. */
  readonly target: string;
  /** False for a package and for `node:` modules. */
  readonly own: boolean;
  /** Nothing of it exists at run time. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
  /** Calls of `import()` whose argument is not a literal. */
  readonly computedImports: number;
}

/** Folders that are made, not written. */
const MADE = new Set(['node_modules', 'dist', '.git', '.venv', '__pycache__', 'coverage', 'out']);

/** Files below a folder of the project whose names end as given, relative to the project, sorted. */
export function filesBelow(folder: string, ...endings: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inner = join(path, entry.name);
      if (entry.isDirectory() && !MADE.has(entry.name) && !entry.name.endsWith('.zkml')) visit(inner);
      else if (entry.isFile() && endings.some((e) => entry.name.endsWith(e)))
        found.push(relative(ROOT, inner).split(sep).join('/'));
    }
  };
  visit(join(ROOT, folder));
  return found.sort();
}

/** All TypeScript and JavaScript of the project. */
export function sourceFiles(): SourceFile[] {
  const paths = SOURCE_FOLDERS.flatMap((folder) => filesBelow(folder, '.ts', '.mjs', '.js'));
  return [...paths, 'vitest.config.ts'].map(readSource);
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const imports: Import[] = [];
  let computedImports = 0;
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) {
      computedImports++;
      return;
    }
    const own = specifier.text.startsWith('.');
    const target = own ? posix.join(dirname(path).split(sep).join('/'), specifier.text) : specifier.text;
    imports.push({ target, own, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node));
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined)
      add(node.moduleSpecifier, isTypeOnlyExport(node));
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return { path, text, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0), tree, imports, computedImports };
}

function isTypeOnly({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = importClause;
  if (name !== undefined || namedBindings === undefined || ts.isNamespaceImport(namedBindings)) return false;
  return namedBindings.elements.every((e) => e.isTypeOnly);
}

function isTypeOnlyExport(node: ts.ExportDeclaration): boolean {
  const { exportClause } = node;
  if (node.isTypeOnly) return true;
  return (
    exportClause !== undefined && ts.isNamedExports(exportClause) && exportClause.elements.every((e) => e.isTypeOnly)
  );
}

/** Groups of files that import each other in a circle, directly or over others (Tarjan's algorithm). */
export function importCycles(files: readonly SourceFile[]): string[][] {
  const byPath = new Map(files.map((f) => [f.path, f]));
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (f: SourceFile): void => {
    index.set(f.path, index.size);
    low.set(f.path, index.get(f.path)!);
    stack.push(f.path);
    for (const { target, own } of f.imports) {
      const next = own ? byPath.get(target) : undefined;
      if (next === undefined) continue;
      if (!index.has(target)) visit(next);
      if (stack.includes(target)) low.set(f.path, Math.min(low.get(f.path)!, low.get(target)!));
    }
    if (low.get(f.path) !== index.get(f.path)) return;
    const group = stack.splice(stack.indexOf(f.path));
    if (group.length > 1 || f.imports.some((i) => i.target === f.path)) cycles.push(group.sort());
  };
  for (const f of files) if (!index.has(f.path)) visit(f);
  return cycles;
}

/** Names that a module exports and whose declaration has no JSDoc, following re-exports: `file: name`. */
export function undocumentedExports(entry: SourceFile, files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((f) => [f.path, f]));
  const missing: string[] = [];
  const resolveIn = (f: SourceFile, specifier: ts.Expression): SourceFile => {
    const path = posix.join(posix.dirname(f.path), (specifier as ts.StringLiteral).text);
    const found = byPath.get(path);
    if (found === undefined) throw new Error(`${f.path} re-exports from ${path}, which is not there`);
    return found;
  };
  const check = (f: SourceFile, wanted: ReadonlySet<string> | undefined): void => {
    for (const s of f.tree.statements) {
      if (ts.isExportDeclaration(s)) {
        if (s.moduleSpecifier === undefined) {
          if (s.exportClause !== undefined && ts.isNamedExports(s.exportClause))
            missing.push(
              ...s.exportClause.elements.map((e) => `${f.path}: ${e.name.text} (export it where it is declared)`),
            );
          continue;
        }
        const target = resolveIn(f, s.moduleSpecifier);
        if (s.exportClause === undefined) check(target, wanted);
        else if (ts.isNamedExports(s.exportClause)) {
          const names = s.exportClause.elements.filter((e) => wanted === undefined || wanted.has(e.name.text));
          if (names.length > 0) check(target, new Set(names.map((e) => (e.propertyName ?? e.name).text)));
        }
        continue;
      }
      for (const name of declaredNames(s))
        if (wanted === undefined || wanted.has(name))
          if (!ts.getJSDocCommentsAndTags(s).some(ts.isJSDoc)) missing.push(`${f.path}: ${name}`);
    }
  };
  check(entry, undefined);
  return [...new Set(missing)].sort();
}

function declaredNames(s: ts.Statement): string[] {
  const exported = ts.canHaveModifiers(s) && ts.getModifiers(s)?.some((m) => m.kind === ts.SyntaxKind.ExportKeyword);
  if (exported !== true) return [];
  if (ts.isVariableStatement(s))
    return s.declarationList.declarations.map((d) => (ts.isIdentifier(d.name) ? d.name.text : d.name.getText()));
  const named =
    ts.isFunctionDeclaration(s) ||
    ts.isClassDeclaration(s) ||
    ts.isInterfaceDeclaration(s) ||
    ts.isTypeAliasDeclaration(s);
  return named && s.name !== undefined ? [s.name.text] : [];
}

/** Every node of a tree, the tree itself first. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => {
    children.push(child);
  });
  for (const child of children) yield* nodesOf(child);
}
