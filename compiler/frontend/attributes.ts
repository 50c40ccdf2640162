// Attributes of ONNX nodes as plain values for importers.
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import type { AttrValue } from '../ir/module.ts';
import type { TensorAttribute } from '../ir/op.ts';
import { OPEN_END } from './elements.ts';
import type { ModelFiles } from './files.ts';
import { elementOf } from './graph-ports.ts';
import { nodeLabel, type OnnxAttribute, type OnnxNode } from './onnx/model.ts';
import { readTensor } from './onnx/tensor.ts';

type Attributes = ReadonlyMap<string, AttrValue | TensorAttribute>;

/**
 * Plain values of the attributes of a node.
 * @param known the attributes that the operator's importer reads.
 * @throws Diagnostic `unsupported-attribute` for one that is not known or holds a graph or another kind of value that
 * nothing can use, `integer-too-large` for whole numbers beyond 2^53 that are not open ends; each names node and attribute.
 */
export function plainAttributes(node: OnnxNode, known: readonly string[], files: ModelFiles | undefined): Attributes {
  const plain = new Map<string, AttrValue | TensorAttribute>();
  for (const [name, attribute] of node.attributes) {
    try {
      if (!known.includes(name))
        throw new Diagnostic(
          'unsupported-attribute',
          `${node.opType}: attribute ${quote(name)} is not supported; supported are: ${known.join(', ') || 'none'}`,
        );
      plain.set(name, plainValue(name, attribute, files));
    } catch (e) {
      throw e instanceof Diagnostic ? e.at({ node: nodeLabel(node), field: name }) : e;
    }
  }
  return plain;
}

function plainValue(name: string, a: OnnxAttribute, files: ModelFiles | undefined): AttrValue | TensorAttribute {
  switch (a.kind) {
    case 'int':
      return plainInteger(a.value);
    case 'ints':
      return Array.from(a.value, plainInteger);
    case 'floats':
      return [...a.value];
    case 'float':
    case 'string':
    case 'strings':
      return a.value;
    case 'tensor': {
      const { dtype, tensor } = readTensor(a.value, files);
      return { ...tensor, element: elementOf(dtype) };
    }
    case 'reference':
      throw new Diagnostic(
        'unsupported-attribute',
        `attribute ${quote(name)} refers to an attribute of a function, but the node is not inside one`,
      );
    default:
      throw new Diagnostic(
        'unsupported-attribute',
        `attribute ${quote(name)} holds a value of kind ${a.kind}, which is not supported`,
      );
  }
}

function plainInteger(value: bigint): number {
  if (value >= -(2n ** 53n) && value <= 2n ** 53n) return Number(value);
  if (value >= 2n ** 62n) return OPEN_END;
  if (value <= -(2n ** 62n)) return -OPEN_END;
  throw new Diagnostic('integer-too-large', `${value} is beyond 2^53 and cannot be represented exactly`);
}
