// Batch normalization at inference: a factor and an offset per channel.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { Value } from '../../compiler/ir/module.ts';
import { defineOp, type Emitter, type OnnxNode } from '../../compiler/ir/op.ts';
import { type Shape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { flagAttribute, floatAttribute, operandOf } from '../onnx.ts';
import { refuse } from '../shared/onnx-import.ts';
import { reals } from '../shared/samples.ts';
import { floatOnly, floatResult, REALS, showShape } from '../shared/types.ts';

const names = ['x', 'scale', 'bias', 'mean', 'variance'] as const;

/** The vectors are constants: statistics of training. */
type Vectors = readonly (Tensor | undefined)[];

/**
 * The same as x * factor + offset, per channel (axis 1).
 * @throws Diagnostic `not-constant`, or `bad-operand` if a variance plus epsilon is not positive.
 */
function affinePerChannel(vectors: Vectors, epsilon: number): { readonly factor: Tensor; readonly offset: Tensor } {
  const [scale, bias, mean, variance] = vectors.map((t, i) => {
    if (t !== undefined) return t.data;
    throw new Diagnostic(
      'not-constant',
      `batch_normalization: ${names[i + 1]} must be constant, but it depends on the inputs of the model`,
      { field: names[i + 1]! },
    );
  });
  const factor = Float64Array.from(scale!, (s, i) => {
    const spread = variance![i]! + epsilon;
    if (!(spread > 0 && spread < Number.POSITIVE_INFINITY))
      throw new Diagnostic('bad-operand', `batch_normalization: variance plus epsilon is ${spread} in channel ${i}`, {
        field: 'variance',
      });
    return s / Math.sqrt(spread);
  });
  const offset = Float64Array.from(factor, (f, i) => bias![i]! - mean![i]! * f);
  return { factor: { shape: [factor.length], data: factor }, offset: { shape: [offset.length], data: offset } };
}

/** A vector per channel, shaped to broadcast along the other axes. */
function perChannel(t: Tensor, rank: number): Tensor {
  return { shape: [t.shape[0]!, ...new Array<number>(Math.max(0, rank - 2)).fill(1)], data: t.data };
}

function checkShapes(shapes: readonly Shape[]): void {
  const [x, ...vectors] = shapes;
  if (x!.length < 2)
    throw new Diagnostic('bad-shape', `batch_normalization expects [N, C, ...], got ${showShape(x!)}`, { field: 'x' });
  for (const [i, v] of vectors.entries())
    if (v.length !== 1 || v[0] !== x![1])
      throw new Diagnostic(
        'bad-shape',
        `batch_normalization: ${names[i + 1]} of shape ${showShape(v)} does not fit the ${x![1]} channels of x ${showShape(x!)}`,
        { field: names[i + 1]! },
      );
}

function importBatchNormalization(n: OnnxNode, e: Emitter): readonly (Value | undefined)[] {
  const training = n.opset < 7 ? !flagAttribute(n, 'is_test', 0) : flagAttribute(n, 'training_mode', 0);
  if (training)
    throw refuse(
      n,
      'training-mode',
      n.opset < 7 ? 'is_test' : 'training_mode',
      'is in training mode; export the model for inference',
    );
  if (n.opset < 9 && !flagAttribute(n, 'spatial', 1))
    throw refuse(n, 'unsupported-attribute', 'spatial', 'statistics per activation (spatial = 0) are not supported');
  const operands = names.map((name, i) => operandOf(n, i, name));
  // Outputs after the first are statistics of training.
  return e.emit('batch_normalization', operands, { epsilon: floatAttribute(n, 'epsilon', 1e-5) });
}

const vector = (values: readonly number[]): Tensor => ({ shape: [values.length], data: Float64Array.from(values) });

/** (x - mean) / sqrt(variance + epsilon) * scale + bias, per channel. ONNX BatchNormalization at inference. */
export const batchNormalization = defineOp({
  name: 'batch_normalization',
  doc: 'Normalization of each channel (axis 1) by constant statistics: (x - mean) / sqrt(variance + epsilon) * scale + bias.',
  operands: names,
  results: ['y'],
  attrs: { epsilon: { kind: 'float', default: 1e-5, doc: 'Added to the variance.' } },
  quantization: { kind: 'none' },
  infer(types, cx) {
    const [x] = floatOnly('batch_normalization', types, REALS);
    checkShapes(types.map((t) => t.shape));
    affinePerChannel([1, 2, 3, 4].map(cx.constant), cx.attrs.epsilon);
    return [floatResult('batch_normalization', x!.shape, 'f32')];
  },
  evalFloat([x, ...vectors], cx) {
    const { factor, offset } = affinePerChannel(vectors, cx.attrs.epsilon);
    const channels = x!.shape[1]!;
    const inner = sizeOf(x!.shape.slice(2));
    const data = Float64Array.from(x!.data, (v, i) => {
      const channel = Math.floor(i / inner) % channels;
      return v * factor.data[channel]! + offset.data[channel]!;
    });
    return [{ shape: x!.shape, data }];
  },
  expand([x, ...vectors], { attrs: a, emitter: e }) {
    const { factor, offset } = affinePerChannel(
      vectors.map((v) => e.constantOf(v)),
      a.epsilon,
    );
    const rank = x!.type.shape.length;
    const [scaled] = e.emit('mul', [x!, e.constant(perChannel(factor, rank))]);
    return e.emit('add', [scaled!, e.constant(perChannel(offset, rank))]);
  },
  onnx: [
    {
      opType: 'BatchNormalization',
      since: [6, 7, 9, 14, 15],
      attributes: ['epsilon', 'momentum', 'is_test', 'spatial', 'training_mode'],
      inputs: [5, 5],
      import: importBatchNormalization,
    },
  ],
  samples: [
    {
      name: 'images',
      operands: [reals([1, 2, 3, 3]), reals([2]), reals([2]), reals([2]), reals([2])],
      constants: new Map([
        [1, vector([1.5, -0.5])],
        [2, vector([0.25, 0])],
        [3, vector([-1, 0.125])],
        [4, vector([0.5, 4])],
      ]),
    },
    {
      name: 'rows',
      attrs: { epsilon: 0.25 },
      operands: [reals([3, 2]), reals([2]), reals([2]), reals([2]), reals([2])],
      constants: new Map([
        [1, vector([1, 2])],
        [2, vector([0, 1])],
        [3, vector([0, 0])],
        [4, vector([0, 1])],
      ]),
    },
  ],
});
