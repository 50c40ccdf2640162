// A tensor filled with one value.

import type { Value } from '../../compiler/ir/module.ts';
import { defineOp, type Emitter, type OnnxNode } from '../../compiler/ir/op.ts';
import { sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import type { Element } from '../../compiler/ir/types.ts';
import { constantInts } from '../onnx.ts';
import { refuse } from '../shared/onnx-import.ts';
import { floatResult } from '../shared/types.ts';

const elements: readonly Element[] = ['f32', 'i64', 'bool'];

function importConstantOfShape(n: OnnxNode, e: Emitter): readonly Value[] {
  const shape = constantInts(n, e, 0, 'input');
  if (shape === undefined) throw refuse(n, 'missing-operand', 'input', 'the shape (input 0) is required');
  const value = n.attributes.get('value');
  if (value === undefined) return e.emit('constant_of_shape', [], { shape: [...shape] });
  if (typeof value !== 'object' || !('element' in value) || value.data.length !== 1)
    throw refuse(n, 'bad-attribute', 'value', 'the value must be a tensor of one element');
  return e.emit('constant_of_shape', [], { shape: [...shape], value: value.data[0]!, element: value.element });
}

function filled(shape: readonly number[], value: number): Tensor {
  return { shape, data: new Float64Array(sizeOf(shape)).fill(value) };
}

/** A constant tensor of one value. ONNX ConstantOfShape with a shape known at compile time. */
export const constantOfShape = defineOp({
  name: 'constant_of_shape',
  doc: 'A constant tensor all of whose elements are the same.',
  operands: [],
  results: ['filled'],
  attrs: {
    shape: { kind: 'ints', doc: 'Shape of the tensor.' },
    value: { kind: 'float', default: 0, doc: 'The element.' },
    element: { kind: 'string', values: elements, default: 'f32', doc: 'Element type.' },
  },
  quantization: { kind: 'none' },
  infer: (_, { attrs: a }) => [floatResult('constant_of_shape', a.shape, elements.find((t) => t === a.element)!)],
  evalFloat: (_, { attrs: a }) => [filled(a.shape, a.value)],
  expand: (_, { attrs: a, emitter }) => [
    emitter.constant(filled(a.shape, a.value), elements.find((t) => t === a.element)!),
  ],
  onnx: [
    {
      opType: 'ConstantOfShape',
      since: [9, 20, 21, 23, 24, 25],
      attributes: ['value'],
      import: importConstantOfShape,
    },
  ],
  samples: [
    { name: 'zeros', attrs: { shape: [2, 3] }, operands: [] },
    { name: 'scalar', attrs: { shape: [], value: -1.5 }, operands: [] },
  ],
});
