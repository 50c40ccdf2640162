// Weakenings of gadgets and operators: constraints deleted, intervals widened, tables shifted.
import ts from 'typescript';
import { type Edit, type Mutant, mutantsOf } from './mutant.ts';

/** Calls on a builder by the name of its method. */
type BuilderMethod = 'assertZero' | 'range' | 'lookup' | 'hint';

/** Mutants of a file of `stdlib/gadgets`, `stdlib/ops` or `stdlib/shared`. */
export function gadgetMutants(file: string, text: string): Mutant[] {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const edits: Edit[] = [];
  const replace = (kind: string, node: ts.Node, replacement: string): void => {
    edits.push({ kind, start: node.getStart(tree), end: node.getEnd(), replacement });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const method = builderMethod(node);
      if (method !== undefined) builderCall(method, node, tree, replace);
      else tableCall(node, tree, replace);
    }
    if (ts.isObjectLiteralElementLike(node) && node.name?.getText(tree) === 'table' && isInActivation(node))
      activationTable(node, tree, replace);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return mutantsOf(file, text, edits);
}

/** The method of a call `b.range(...)`; the builder is always called b. */
function builderMethod(node: ts.CallExpression): BuilderMethod | undefined {
  const { expression } = node;
  if (!ts.isPropertyAccessExpression(expression) || expression.expression.getText() !== 'b') return undefined;
  const name = expression.name.text;
  return name === 'assertZero' || name === 'range' || name === 'lookup' || name === 'hint' ? name : undefined;
}

type Replace = (kind: string, node: ts.Node, replacement: string) => void;

function builderCall(method: BuilderMethod, node: ts.CallExpression, tree: ts.SourceFile, replace: Replace): void {
  const text = (n: ts.Node | undefined): string => n?.getText(tree) ?? 'undefined';
  const [first, second, third] = node.arguments;
  const isStatement = ts.isExpressionStatement(node.parent);
  switch (method) {
    case 'assertZero':
      replace('zero test deleted', node, 'void 0');
      return;
    case 'range':
      // Where the narrowed wire is used it keeps its interval, but nothing proves it.
      replace('range deleted', node, isStatement ? 'void 0' : `b.deduce(${text(first)}, ${text(second)}, 'select')`);
      for (const side of SIDES) replace(`range widened ${side}`, second!, widened(text(second), side));
      return;
    case 'lookup':
      replace('lookup deleted', node, `[${text(second)}]`);
      replace(
        'rows of a table shifted',
        node,
        `b.lookup(${text(first)}, b.affine([[${text(second)}, 1n]], 1n), ${text(third)})`,
      );
      return;
    case 'hint':
      for (const side of SIDES) {
        const kind = `interval of a hint widened ${side}`;
        const inline = intervalsOf(third!);
        for (const property of inline) replace(kind, property, widened(text(property), side));
        if (inline.length === 0)
          replace(kind, third!, `${text(third)}.map((o) => ({ ...o, range: ${widened('o.range', side)} }))`);
      }
  }
}

/** Expressions of the intervals that a hint declares. */
function intervalsOf(node: ts.Node): ts.Expression[] {
  const found: ts.Expression[] = [];
  const visit = (n: ts.Node): void => {
    if (ts.isPropertyAssignment(n) && n.name.getText() === 'range') found.push(n.initializer);
    else ts.forEachChild(n, visit);
  };
  ts.forEachChild(node, visit);
  return found;
}

const SIDES = ['upwards', 'downwards'] as const;

/** An interval of twice as many integers. */
function widened(interval: string, side: (typeof SIDES)[number]): string {
  const ends =
    side === 'upwards' ? '{ lo: r.lo, hi: 2n * r.hi - r.lo + 1n }' : '{ lo: 2n * r.lo - r.hi - 1n, hi: r.hi }';
  return `((r) => (${ends}))(${interval})`;
}

/** Tables made from functions and from bounds. */
function tableCall(node: ts.CallExpression, tree: ts.SourceFile, replace: Replace): void {
  const text = (n: ts.Node): string => n.getText(tree);
  const name = text(node.expression);
  if (name === 'clampTable') {
    const to = node.arguments[1]!;
    replace('rows of a clamp shifted up', to, `((r) => ({ lo: r.lo + 1n, hi: r.hi + 1n }))(${text(to)})`);
    replace('last row of a clamp lowered', to, `((r) => ({ lo: r.lo, hi: r.hi - 1n }))(${text(to)})`);
  }
  if (name === 'dataTable') {
    const [, domain, ...functions] = node.arguments;
    for (const f of functions) {
      replace('rows of a table shifted up', f, `((k: bigint) => (${text(f)})(k + 1n))`);
      for (const end of ['lo', 'hi'])
        replace(
          `row ${end} of a table changed`,
          f,
          `((k: bigint) => (${text(f)})(k) + (k === (${text(domain!)}).${end} ? 1n : 0n))`,
        );
    }
  }
}

/** `activation: { table: ... }` of an operator. */
function isInActivation(node: ts.Node): boolean {
  const literal = node.parent;
  return (
    ts.isObjectLiteralExpression(literal) &&
    ts.isPropertyAssignment(literal.parent) &&
    literal.parent.name.getText() === 'activation'
  );
}

function activationTable(node: ts.ObjectLiteralElementLike, tree: ts.SourceFile, replace: Replace): void {
  const source = node.getText(tree);
  const f = ts.isMethodDeclaration(node)
    ? `function ${source}`
    : ts.isPropertyAssignment(node)
      ? node.initializer.getText(tree)
      : undefined;
  if (f === undefined) return;
  const by = (change: string): string =>
    `table: ((f: Function) => (p: unknown, x: bigint, from: unknown, to: unknown) => ${change})(${f})`;
  replace('rows of an activation shifted', node, by('f(p, x + 1n, from, to)'));
  replace('values of an activation raised', node, by('f(p, x, from, to) + 1n'));
  replace('one row of an activation changed', node, by('f(p, x, from, to) + (x === 37n ? 1n : 0n)'));
}
