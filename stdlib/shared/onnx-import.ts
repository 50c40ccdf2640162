// Importers that many operators share: one operand without attributes, and elementwise arithmetic in all its versions.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { Value } from '../../compiler/ir/module.ts';
import type { Emitter, OnnxImport, OnnxNode } from '../../compiler/ir/op.ts';
import { constantOperand, flagAttribute, intAttribute, operandOf } from '../onnx.ts';
import { showShape } from './types.ts';

/** What a node is refused for, naming the operand or attribute at fault. */
export function refuse(n: OnnxNode, code: string, field: string, message: string): Diagnostic {
  return new Diagnostic(code, `${n.opType}: ${message}`, { field });
}

/** A constant operand of one element, undefined if absent. @throws Diagnostic `not-constant` or `bad-operand`. */
export function constantScalar(n: OnnxNode, e: Emitter, i: number, name: string): number | undefined {
  const t = constantOperand(n, e, i, name);
  if (t === undefined) return undefined;
  const value = t.data[0];
  if (value === undefined || t.data.length !== 1)
    throw refuse(n, 'bad-operand', name, `input ${i} (${name}) expects one element, got shape ${showShape(t.shape)}`);
  return value;
}

/** Imports an ONNX operator of one operand without attributes. */
export function unaryImport(opType: string, since: readonly number[], op: string): OnnxImport {
  return { opType, since, attributes: [], import: (n, e) => e.emit(op, [operandOf(n, 0, 'X')]) };
}

/** Versions at which the elementwise arithmetic operators changed: 7 brought NumPy broadcasting. */
const ARITHMETIC_SINCE: readonly number[] = [6, 7, 13, 14];

/** Imports Add, Sub, Mul or Div, with the `broadcast` and `axis` attributes that opset 6 still has. */
export function arithmeticImport(opType: string, op: string): OnnxImport {
  return {
    opType,
    since: ARITHMETIC_SINCE,
    attributes: ['axis', 'broadcast'],
    inputs: [2, 2],
    import(n, e) {
      const [a, b] = [operandOf(n, 0, 'A'), operandOf(n, 1, 'B')];
      return e.emit(op, [a, n.opset < 7 ? legacyOperand(n, e, a, b) : b]);
    },
  };
}

/**
 * B of opset 6: equal shape, or with `broadcast` = 1 a contiguous run of A's axes from `axis` on (default: the last ones).
 * @throws Diagnostic `bad-shape` if it is neither.
 */
function legacyOperand(n: OnnxNode, e: Emitter, a: Value, b: Value): Value {
  const [whole, part] = [a.type.shape, b.type.shape];
  const broadcast = flagAttribute(n, 'broadcast', 0);
  const axis = intAttribute(n, 'axis', whole.length - part.length);
  const start = broadcast ? (axis < 0 ? axis + whole.length : axis) : 0;
  if (broadcast && part.every((d) => d === 1)) return e.emit('reshape', [b], { shape: [] })[0]!;
  const fits = (broadcast || part.length === whole.length) && part.every((d, i) => d === whole[start + i] || d === 1);
  if (!fits || start < 0 || start + part.length > whole.length)
    throw refuse(
      n,
      'bad-shape',
      'B',
      `B of shape ${showShape(part)} does not match ${showShape(whole)} (broadcast=${broadcast ? 1 : 0}, axis=${axis})`,
    );
  const trailing = whole.length - start - part.length;
  return trailing === 0 ? b : e.emit('reshape', [b], { shape: [...part, ...new Array<number>(trailing).fill(1)] })[0]!;
}
