// Shapes as tensors: known when the model is compiled, so that they are constants.
import { defineOp } from '../../compiler/ir/op.ts';
import type { Shape, Tensor } from '../../compiler/ir/tensor.ts';
import { intAttribute, operandOf } from '../onnx.ts';
import { reals } from '../shared/samples.ts';
import { ANY_ELEMENT, floatOnly, floatResult } from '../shared/types.ts';

const attrs = {
  start: { kind: 'int', default: 0, doc: 'First axis; negative counts from the end.' },
  end: { kind: 'int', default: Number.MAX_SAFE_INTEGER, doc: 'Axis to stop before; negative counts from the end.' },
} as const;

/** Dimensions [start, end) as a vector; bounds beyond the rank are moved to it. */
function dimensions(shape: Shape, start: number, end: number): Tensor {
  const rank = shape.length;
  const clamped = (axis: number): number => Math.min(Math.max(axis < 0 ? axis + rank : axis, 0), rank);
  const data = Float64Array.from(shape.slice(clamped(start), clamped(end)));
  return { shape: [data.length], data };
}

/** The dimensions of the operand as whole numbers. ONNX Shape. */
export const shape = defineOp({
  name: 'shape',
  doc: 'The dimensions of the operand, as a vector of whole numbers.',
  operands: ['x'],
  results: ['dimensions'],
  attrs,
  quantization: { kind: 'none' },
  infer: (types, { attrs: a }) =>
    floatOnly('shape', types, ANY_ELEMENT).map((t) =>
      floatResult('shape', dimensions(t.shape, a.start, a.end).shape, 'i64'),
    ),
  evalFloat: ([x], { attrs: a }) => [dimensions(x!.shape, a.start, a.end)],
  expand: ([x], { attrs: a, emitter }) => [emitter.constant(dimensions(x!.type.shape, a.start, a.end), 'i64')],
  onnx: [
    {
      opType: 'Shape',
      since: [1, 13, 15, 19, 21, 23, 24, 25],
      attributes: ['start', 'end'],
      // Emitting the constant itself lets the shape arithmetic that follows fold at once.
      import(n, e) {
        const x = operandOf(n, 0, 'data');
        const [start, end] = [intAttribute(n, 'start', 0), intAttribute(n, 'end', Number.MAX_SAFE_INTEGER)];
        return [e.constant(dimensions(x.type.shape, start, end), 'i64')];
      },
    },
  ],
  samples: [
    { name: 'whole', operands: [reals([2, 3, 4])] },
    { name: 'slice', attrs: { start: -2, end: -1 }, operands: [reals([2, 3, 4])] },
    { name: 'bounds beyond the rank', attrs: { start: -9, end: 9 }, operands: [reals([2, 3])] },
    { name: 'nothing', attrs: { start: 2, end: 1 }, operands: [reals([2, 3, 4])] },
  ],
});
