// Weakenings of the native verifier: each check, and each refusal of a key or statement, is left out.
import ts from 'typescript';
import { type Edit, type Mutant, mutantsOf } from './mutant.ts';

/** Functions whose calls stand for checks of their own. */
const CHECKS = new Set(['requireSecurity', 'checkStatement', 'checkSameWeights', 'checkDescription', 'checkWord']);
/** Methods of a channel that check. */
const CHANNEL_CHECKS = new Set(['check', 'end']);

/** Mutants of a file of the verifier: statements that check become nothing, `if (...) throw ...` too. */
export function verifierMutants(file: string, text: string): Mutant[] {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const edits: Edit[] = [];
  const leaveOut = (node: ts.Node, kind: string): void => {
    edits.push({ kind, start: node.getStart(tree), end: node.getEnd(), replacement: ';' });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) {
      const { expression } = node.expression;
      const isChannel =
        ts.isPropertyAccessExpression(expression) && /channel/i.test(expression.expression.getText(tree));
      if (isChannel && CHANNEL_CHECKS.has(expression.name.text)) leaveOut(node, 'check left out');
      if (ts.isIdentifier(expression) && CHECKS.has(expression.text)) leaveOut(node, 'check left out');
    }
    if (ts.isIfStatement(node) && node.elseStatement === undefined && ts.isThrowStatement(node.thenStatement))
      leaveOut(node, 'refusal left out');
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return mutantsOf(file, text, edits);
}
