// Reading ONNX nodes: attributes by type and operands that must be constant, with errors that name what is wrong.
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import type { Value } from '../compiler/ir/module.ts';
import type { Emitter, OnnxNode } from '../compiler/ir/op.ts';
import type { Tensor } from '../compiler/ir/tensor.ts';

function wrongKind(node: OnnxNode, name: string, expected: string): Diagnostic {
  return new Diagnostic('bad-attribute', `${node.opType}: attribute ${name} must be ${expected}`, { field: name });
}

/** @throws Diagnostic `bad-attribute` if the attribute is not a whole number, or is absent and has no default. */
export function intAttribute(node: OnnxNode, name: string, otherwise?: number): number {
  const value = node.attributes.get(name) ?? otherwise;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongKind(node, name, 'a whole number');
  return value;
}

/** A 0/1 attribute. @throws Diagnostic `bad-attribute` for any other value. */
export function flagAttribute(node: OnnxNode, name: string, otherwise: 0 | 1): boolean {
  const value = intAttribute(node, name, otherwise);
  if (value !== 0 && value !== 1) throw wrongKind(node, name, '0 or 1');
  return value === 1;
}

/** @throws Diagnostic `bad-attribute` if the attribute is not a finite number, or is absent and has no default. */
export function floatAttribute(node: OnnxNode, name: string, otherwise?: number): number {
  const value = node.attributes.get(name) ?? otherwise;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrongKind(node, name, 'a finite number');
  return value;
}

/** @throws Diagnostic `bad-attribute` if the attribute is not one of the strings `values`. */
export function stringAttribute(node: OnnxNode, name: string, otherwise: string, values: readonly string[]): string {
  const value = node.attributes.get(name) ?? otherwise;
  if (typeof value !== 'string' || !values.includes(value)) throw wrongKind(node, name, values.join(' or '));
  return value;
}

/** A list of whole numbers, undefined if the attribute is absent. @throws Diagnostic `bad-attribute` for anything else. */
export function intsAttribute(node: OnnxNode, name: string): readonly number[] | undefined {
  const value = node.attributes.get(name);
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw wrongKind(node, name, 'a list of whole numbers');
  const found: number[] = [];
  for (const v of value) {
    if (typeof v !== 'number' || !Number.isInteger(v)) throw wrongKind(node, name, 'a list of whole numbers');
    found.push(v);
  }
  return found;
}

/** @throws Diagnostic `missing-operand` if input `i` is absent. */
export function operandOf(node: OnnxNode, i: number, name: string): Value {
  const v = node.operands[i];
  if (v === undefined)
    throw new Diagnostic('missing-operand', `${node.opType}: input ${i} (${name}) is required`, { field: name });
  return v;
}

/**
 * The tensor of an input that must be known when the model is compiled (shapes, axes, indices), undefined if it is absent.
 * @throws Diagnostic `not-constant` if it depends on the inputs of the model.
 */
export function constantOperand(node: OnnxNode, e: Emitter, i: number, name: string): Tensor | undefined {
  const v = node.operands[i];
  if (v === undefined) return undefined;
  const t = e.constantOf(v);
  if (t === undefined)
    throw new Diagnostic(
      'not-constant',
      `${node.opType}: input ${i} (${name}) must be constant, but it depends on the inputs of the model`,
      { field: name },
    );
  return t;
}

/**
 * The whole numbers of a constant input of rank 0 or 1, undefined if it is absent.
 * @throws Diagnostic `not-constant`, or `bad-operand` for another rank or for fractions.
 */
export function constantInts(node: OnnxNode, e: Emitter, i: number, name: string): readonly number[] | undefined {
  const t = constantOperand(node, e, i, name);
  if (t === undefined) return undefined;
  if (t.shape.length > 1 || !t.data.every(Number.isInteger))
    throw new Diagnostic('bad-operand', `${node.opType}: input ${i} (${name}) must be a list of whole numbers`, {
      field: name,
    });
  return [...t.data];
}

/** A list that older opsets have as an attribute and newer ones, from `since` on, as input `i`. */
export function intsAttributeOrInput(
  node: OnnxNode,
  e: Emitter,
  name: string,
  i: number,
  since: number,
): readonly number[] | undefined {
  if (node.opset < since) {
    if (node.operands[i] !== undefined)
      throw new Diagnostic('bad-operand', `${node.opType}: ${name} is an input only from opset ${since} on`, {
        field: name,
      });
    return intsAttribute(node, name);
  }
  if (node.attributes.has(name))
    throw new Diagnostic('bad-attribute', `${node.opType}: ${name} is an input from opset ${since} on`, {
      field: name,
    });
  return constantInts(node, e, i, name);
}
