// Weakenings of the backends: each place that writes a row, or a statement of Circom, leaves its constraint out.
import ts from 'typescript';
import { type Edit, type Mutant, mutantsOf } from './mutant.ts';

/** Functions whose calls write rows of their own. */
const PROOFS = new Set(['assertAtMost', 'assertAtLeast', 'prove', 'provenRange']);

/**
 * Mutants of a file of `compiler/ir/interpret/scalar`: rows become 0 * 0 = 0, so that counts stay as they are, and proofs
 * written as statements are left out.
 */
export function rowMutants(file: string, text: string): Mutant[] {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const edits: Edit[] = [];
  const nothing = '{ variables: [], coefficients: [] }';
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const { expression } = node;
      const method = ts.isPropertyAccessExpression(expression) ? expression.name.text : undefined;
      const at = { start: node.getStart(tree), end: node.getEnd() };
      const arity = node.arguments.length;
      if ((method === 'row' && arity === 3) || (method === 'zero' && arity === 1))
        edits.push({
          ...at,
          kind: 'row emptied',
          replacement: `${expression.getText(tree)}(${new Array(arity).fill(nothing).join(', ')})`,
        });
      if (ts.isExpressionStatement(node.parent) && ts.isIdentifier(expression) && PROOFS.has(expression.text))
        edits.push({ ...at, kind: 'proof left out', replacement: 'void 0' });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return mutantsOf(file, text, edits);
}

/** Mutants of a file of `compiler/backends/circom`: statements that it writes lose their constraint. */
export function circomEmitterMutants(file: string, text: string): Mutant[] {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const edits: Edit[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node))
      edits.push(...emittedText(node, tree));
    if (ts.isCallExpression(node) && ts.isExpressionStatement(node.parent)) {
      const callee = node.expression.getText(tree);
      const writesProof =
        callee === 'cx.writer.line' && node.arguments[0]?.getText(tree).startsWith('rangeProof(') === true;
      if (PROOFS.has(callee) || writesProof)
        edits.push({ kind: 'proof left out', start: node.getStart(tree), end: node.getEnd(), replacement: 'void 0' });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return mutantsOf(file, text, edits);
}

/** Changes of a text that may be written: only of what it says itself, not of expressions inside it. */
function emittedText(node: ts.StringLiteralLike | ts.TemplateExpression, tree: ts.SourceFile): Edit[] {
  const start = node.getStart(tree);
  const shown = node.getText(tree);
  const parts = ts.isTemplateExpression(node) ? [node.head, ...node.templateSpans.map((s) => s.literal)] : [node];
  const edits = parts.flatMap((part) =>
    [...part.getText(tree).matchAll(/<==/g)].map((m) => {
      const at = part.getStart(tree) + m.index;
      return { kind: 'assigned without a constraint', start: at, end: at + 3, replacement: '<--', shown };
    }),
  );
  if (parts.some((part) => /===|^.Range\(/.test(part.getText(tree))) && /;.$/.test(shown))
    edits.push({ kind: 'constraint commented out', start: start + 1, end: start + 1, replacement: '// ', shown });
  return edits;
}

/** Mutants of a file of `stdlib/circom`: each constraint deleted, each constraining assignment made a plain one. */
export function circomLibraryMutants(file: string, text: string): Mutant[] {
  const edits: Edit[] = [];
  let offset = 0;
  for (const line of text.split('\n')) {
    const code = line.replace(/\/\/.*/, '');
    const at = { start: offset, end: offset + line.length, shown: code };
    if (code.includes('===')) edits.push({ ...at, kind: 'constraint deleted', replacement: code.replace(/\S.*/, '') });
    if (code.includes('<=='))
      edits.push({ ...at, kind: 'assigned without a constraint', replacement: code.replace('<==', '<--') });
    offset += line.length + 1;
  }
  return mutantsOf(file, text, edits);
}
