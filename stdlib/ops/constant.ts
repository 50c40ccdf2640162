// Constants written into the graph as nodes.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { Value } from '../../compiler/ir/module.ts';
import { defineOp, type Emitter, type OnnxNode } from '../../compiler/ir/op.ts';
import { sizeOf } from '../../compiler/ir/tensor.ts';
import type { Element } from '../../compiler/ir/types.ts';
import { floatAttribute, intAttribute, intsAttribute } from '../onnx.ts';
import { refuse } from '../shared/onnx-import.ts';
import { floatResult } from '../shared/types.ts';

const elements: readonly Element[] = ['f32', 'i64', 'bool'];

function importConstant(n: OnnxNode, e: Emitter): readonly Value[] {
  const [name, ...others] = n.attributes.keys();
  if (name === undefined || others.length > 0)
    throw refuse(n, 'bad-attribute', 'value', 'exactly one attribute must give the value');
  const value = n.attributes.get(name);
  switch (name) {
    case 'value_float':
      return [e.constant({ shape: [], data: Float64Array.of(floatAttribute(n, name)) })];
    case 'value_int':
      return [e.constant({ shape: [], data: Float64Array.of(intAttribute(n, name)) }, 'i64')];
    case 'value_ints': {
      const data = Float64Array.from(intsAttribute(n, name) ?? []);
      return [e.constant({ shape: [data.length], data }, 'i64')];
    }
    case 'value_floats': {
      const data = Float64Array.from(Array.isArray(value) ? value : [], Number);
      return [e.constant({ shape: [data.length], data })];
    }
    default:
      if (typeof value !== 'object' || !('element' in value))
        throw refuse(n, 'bad-attribute', name, 'the value must be a tensor');
      return [e.constant({ shape: value.shape, data: value.data }, value.element)];
  }
}

/** A small constant written out. ONNX Constant, whose tensors become constants of the module. */
export const constant = defineOp({
  name: 'constant',
  doc: 'A constant tensor, its elements written out.',
  operands: [],
  results: ['value'],
  attrs: {
    shape: { kind: 'ints', doc: 'Shape of the tensor.' },
    elements: { kind: 'floats', doc: 'Elements in row-major order.' },
    element: { kind: 'string', values: elements, default: 'f32', doc: 'Element type.' },
  },
  quantization: { kind: 'none' },
  infer(_, { attrs: a }) {
    const type = floatResult('constant', a.shape, elements.find((t) => t === a.element)!);
    if (sizeOf(a.shape) !== a.elements.length)
      throw new Diagnostic(
        'bad-attribute',
        `constant of shape [${a.shape.join(', ')}] has ${a.elements.length} elements`,
      );
    return [type];
  },
  evalFloat: (_, { attrs: a }) => [{ shape: a.shape, data: Float64Array.from(a.elements) }],
  expand: (_, { attrs: a, emitter }) => [
    emitter.constant({ shape: a.shape, data: Float64Array.from(a.elements) }, elements.find((t) => t === a.element)!),
  ],
  onnx: [
    {
      opType: 'Constant',
      since: [1, 9, 11, 12, 13, 19, 21, 23, 24, 25],
      attributes: ['value', 'value_float', 'value_floats', 'value_int', 'value_ints'],
      inputs: [0, 0],
      import: importConstant,
    },
  ],
  samples: [{ name: 'vector', attrs: { shape: [3], elements: [0.5, -1, 2] }, operands: [] }],
});
