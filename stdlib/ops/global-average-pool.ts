// The mean of each channel.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import { type Shape, sizeOf } from '../../compiler/ir/tensor.ts';
import { unaryImport } from '../shared/onnx-import.ts';
import { reals } from '../shared/samples.ts';
import { floatOnly, floatResult, REALS, showShape } from '../shared/types.ts';

/** @throws Diagnostic `bad-shape` unless the shape is [N, C, ...] with elements to average. */
function pooled(shape: Shape): Shape {
  if (shape.length < 2 || sizeOf(shape.slice(2)) === 0)
    throw new Diagnostic(
      'bad-shape',
      `global_average_pool expects [N, C, ...] without empty axes, got ${showShape(shape)}`,
    );
  return shape.map((d, axis) => (axis < 2 ? d : 1));
}

/** Mean over all axes after the second, which keep size 1. ONNX GlobalAveragePool. */
export const globalAveragePool = defineOp({
  name: 'global_average_pool',
  doc: 'Mean over every axis after the first two, which remain with size 1.',
  operands: ['x'],
  results: ['mean'],
  attrs: {},
  quantization: { kind: 'none' },
  infer: (types) =>
    floatOnly('global_average_pool', types, REALS).map((t) =>
      floatResult('global_average_pool', pooled(t.shape), 'f32'),
    ),
  evalFloat([x]) {
    const shape = pooled(x!.shape);
    const inner = sizeOf(x!.shape.slice(2));
    const data = new Float64Array(sizeOf(shape));
    for (let i = 0; i < x!.data.length; i++) data[Math.floor(i / inner)]! += x!.data[i]!;
    return [{ shape, data: data.map((sum) => sum / inner) }];
  },
  expand([x], { emitter: e }) {
    const axes = x!.type.shape.map((_, axis) => axis).slice(2);
    return e.emit('reduce_mean', [x!], { axes, keepdims: true });
  },
  onnx: [unaryImport('GlobalAveragePool', [1, 22], 'global_average_pool')],
  samples: [
    { name: 'images', operands: [reals([1, 2, 3, 3])] },
    { name: 'signal', operands: [reals([2, 3, 4])] },
  ],
});
