// Nodes with attributes or shapes that have no meaning: each is refused with its reason, naming the node.
import { describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { Attrs } from '../../compiler/ir/module.ts';
import { floatType, intType, type TensorType } from '../../compiler/ir/types.ts';
import { resultType } from './one-operation.ts';
import { float32, importNode, int64, type NodeCase } from './onnx-nodes.ts';

function refusal(run: () => unknown): Diagnostic {
  try {
    run();
  } catch (e) {
    if (e instanceof Diagnostic) return e;
    throw e;
  }
  throw new Error('expected a refusal');
}

const [x1, x2] = [
  [1, 2, 5],
  [1, 2, 5, 5],
];
const w = (...dims: readonly number[]) => float32(dims, new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(1));
const conv = (attributes: NodeCase['attributes'], weights = w(2, 2, 3, 3)): NodeCase => ({
  op: 'Conv',
  opset: 13,
  operands: [x2, weights],
  ...(attributes === undefined ? {} : { attributes }),
});
const pool = (op: string, attributes: NodeCase['attributes']): NodeCase => ({
  op,
  opset: 19,
  operands: [x1],
  ...(attributes === undefined ? {} : { attributes }),
});
const slice = (...lists: readonly (readonly (number | bigint)[])[]): NodeCase => ({
  op: 'Slice',
  opset: 13,
  operands: [[2, 4], ...lists.map((l) => int64(...l))],
});
const reshape = (shape: readonly number[], allowzero = 0): NodeCase => ({
  op: 'Reshape',
  opset: 14,
  operands: [[2, 6], int64(...shape)],
  attributes: { allowzero },
});

const nodes: readonly (readonly [code: string, message: RegExp, node: NodeCase])[] = [
  ['bad-shape', /weights \[2, 2, 3\] do not fit/, conv({}, w(2, 2, 3))],
  ['bad-attribute', /group expects a divisor of 2 channels/, conv({ group: 0 })],
  ['bad-attribute', /group expects a divisor of 2 channels and 3 filters, got 2/, conv({ group: 2 }, w(3, 1, 3, 3))],
  ['bad-shape', /in 1 groups read 3 channels, the operand \[1, 2, 5, 5\] has 2/, conv({}, w(2, 3, 3, 3))],
  ['bad-attribute', /kernel_shape \[2, 2\] contradicts the weights/, conv({ kernel_shape: [2, 2] })],
  ['bad-attribute', /strides expects 2 whole numbers of at least 1, got \[0, 1\]/, conv({ strides: [0, 1] })],
  ['bad-attribute', /strides expects 2 whole numbers/, conv({ strides: [-1, 1] })],
  ['bad-attribute', /strides expects 2 whole numbers/, conv({ strides: [1] })],
  ['bad-attribute', /dilations expects 2 whole numbers/, conv({ dilations: [0, 1] })],
  ['bad-attribute', /dilations expects 2 whole numbers/, conv({ dilations: [2 ** 31, 1] })],
  ['bad-attribute', /pads expects 4 whole numbers of at least 0/, conv({ pads: [-1, 0, 0, 0] })],
  ['bad-attribute', /pads expects 4 whole numbers/, conv({ pads: [1, 1, 1, 1, 1] })],
  [
    'bad-attribute',
    /auto_pad=SAME_UPPER and pads=.* exclude each other/,
    conv({ auto_pad: 'SAME_UPPER', pads: [1, 1, 1, 1] }),
  ],
  ['bad-attribute', /auto_pad/, conv({ auto_pad: 'SOMETIMES' })],
  ['bad-shape', /window of 7 cells .* does not fit spatial axis 0 of 5 cells/, conv({}, w(2, 2, 7, 3))],
  ['tensor-too-large', /more than/, conv({ pads: [2 ** 30, 2 ** 30, 0, 0] })],
  ['bad-shape', /B expects shape \[2\], got \[3\]/, { op: 'Conv', opset: 11, operands: [x2, w(2, 2, 1, 1), w(3)] }],
  ['bad-attribute', /kernel of 1 whole numbers of at least 1, got \[0\]/, pool('MaxPool', { kernel_shape: [0] })],
  ['bad-attribute', /kernel of 1 whole numbers/, pool('MaxPool', {})],
  ['bad-attribute', /kernel of 1 whole numbers/, pool('AveragePool', { kernel_shape: [2, 2] })],
  [
    'empty-window',
    /window 0 along spatial axis 0 holds padding only/,
    pool('MaxPool', { kernel_shape: [2], pads: [2, 0] }),
  ],
  ['empty-window', /holds padding only/, pool('AveragePool', { kernel_shape: [1], pads: [1, 0] })],
  ['unsupported', /storage_order/, pool('MaxPool', { kernel_shape: [2], storage_order: 1 })],
  ['bad-shape', /inner dimensions 3 and 2 differ/, { op: 'MatMul', opset: 13, operands: [[2, 3], w(2, 3)] }],
  ['bad-shape', /vectors or matrices/, { op: 'MatMul', opset: 13, operands: [[2, 3], w()] }],
  ['bad-shape', /do not broadcast/, { op: 'MatMul', opset: 13, operands: [[2, 2, 3], w(3, 3, 3)] }],
  ['bad-shape', /do not broadcast/, { op: 'Add', opset: 13, operands: [[2, 3], w(2)] }],
  [
    'bad-shape',
    /B of shape \[2\] does not match/,
    { op: 'Add', opset: 6, operands: [[2, 3], w(2)], attributes: { broadcast: 1 } },
  ],
  ['bad-shape', /B of shape \[3\] does not match/, { op: 'Add', opset: 6, operands: [[2, 3], w(3)] }],
  ['bad-shape', /only one dimension may be -1/, reshape([-1, -1])],
  ['bad-shape', /12 elements are not a multiple of 5/, reshape([5, -1])],
  ['bad-shape', /\(12 elements\) to \[5, 2\] \(10 elements\)/, reshape([5, 2])],
  ['bad-shape', /below -1/, reshape([-2, 6])],
  ['bad-shape', /0 and -1 exclude each other/, reshape([0, -1], 1)],
  ['bad-shape', /-1 cannot be derived beside a dimension of 0|0 and -1/, reshape([-1, 0], 1)],
  ['bad-shape', /a dimension that the operand does not have/, reshape([2, 6, 0])],
  ['tensor-too-large', /more than/, reshape([2 ** 40, 2 ** 40])],
  ['bad-operand', /a step of 0/, slice([0], [1], [0], [0])],
  ['bad-axis', /different axes of a tensor of rank 2/, slice([0, 0], [1, 1], [0, -2])],
  ['bad-axis', /different axes of a tensor of rank 2/, slice([0], [1], [2])],
  ['bad-operand', /2 starts but 1 ends/, slice([0, 0], [1])],
  [
    'bad-attribute',
    /permutation of 2 axes, got \[0, 0\]/,
    { op: 'Transpose', opset: 13, operands: [[2, 3]], attributes: { perm: [0, 0] } },
  ],
  [
    'bad-attribute',
    /permutation of 2 axes/,
    { op: 'Transpose', opset: 13, operands: [[2, 3]], attributes: { perm: [0, 1, 2] } },
  ],
  [
    'bad-attribute',
    /permutation of 2 axes/,
    { op: 'Transpose', opset: 13, operands: [[2, 3]], attributes: { perm: [0, -1] } },
  ],
  [
    'bad-axis',
    /axis 2 is outside/,
    {
      op: 'Concat',
      opset: 13,
      operands: [
        [2, 3],
        [2, 3],
      ],
      attributes: { axis: 2 },
    },
  ],
  [
    'bad-axis',
    /axis -3 is outside/,
    {
      op: 'Concat',
      opset: 13,
      operands: [
        [2, 3],
        [2, 3],
      ],
      attributes: { axis: -3 },
    },
  ],
  [
    'bad-shape',
    /differ in another axis/,
    {
      op: 'Concat',
      opset: 13,
      operands: [
        [2, 3],
        [3, 3],
      ],
      attributes: { axis: 1 },
    },
  ],
  ['bad-axis', /axis 2 is outside/, { op: 'Gather', opset: 13, operands: [[2, 3], int64(0)], attributes: { axis: 2 } }],
  ['bad-index', /index 2 is outside axis 0/, { op: 'Gather', opset: 13, operands: [[2, 3], int64(2)] }],
  ['bad-index', /index -3 is outside/, { op: 'Gather', opset: 13, operands: [[2, 3], int64(-3)] }],
  ['bad-index', /outside/, { op: 'Gather', opset: 13, operands: [[2, 3], int64(2n ** 40n)] }],
  ['bad-axis', /axis 2 is outside/, { op: 'ReduceSum', opset: 13, operands: [[2, 3], int64(2)] }],
  ['bad-axis', /name an axis twice/, { op: 'ReduceSum', opset: 13, operands: [[2, 3], int64(0, -2)] }],
  ['bad-axis', /axis 5 is outside/, { op: 'ArgMax', opset: 13, operands: [[2, 3]], attributes: { axis: 5 } }],
  ['bad-operand', /expected 4 whole numbers/, { op: 'Pad', opset: 13, operands: [[2, 3], int64(1, 1)] }],
  ['bad-shape', /removes more than axis 0/, { op: 'Pad', opset: 13, operands: [[2, 3], int64(-2, 0, -1, 0)] }],
  ['tensor-too-large', /more than/, { op: 'Pad', opset: 13, operands: [[2, 3], int64(0, 0, 2 ** 30, 0)] }],
  [
    'bad-shape',
    /too short/,
    { op: 'Pad', opset: 13, operands: [[2, 3], int64(2, 0, 0, 0)], attributes: { mode: 'reflect' } },
  ],
  ['tensor-too-large', /more than/, { op: 'Expand', opset: 13, operands: [[1], int64(2 ** 40)] }],
  ['bad-shape', /do not broadcast/, { op: 'Expand', opset: 13, operands: [[2], int64(3)] }],
  ['not-constant', /shape/, { op: 'Reshape', opset: 13, operands: [[2, 3], [2]] }],
];

describe('ONNX nodes', () => {
  test.each(nodes)('%s %s', (code, message, node) => {
    const d = refusal(() => importNode(node));
    expect(d.code).toBe(code);
    expect(d.message).toMatch(message);
    expect(d.where.node).toBe('node');
  });
});

const real = (...shape: readonly number[]): TensorType => floatType(shape);
const int8 = (...shape: readonly number[]): TensorType => intType(shape, -128, 127);

const operations: readonly (readonly [
  code: string,
  message: RegExp,
  op: string,
  operands: readonly TensorType[],
  attrs: Attrs,
])[] = [
  ['mixed-types', /one stage/, 'add', [real(2), int8(2)], {}],
  ['mixed-types', /one element type, got f32, i64/, 'add', [real(2), floatType([2], 'i64')], {}],
  ['bad-element', /expects elements f32 or i64, got bool/, 'add', [floatType([2], 'bool'), floatType([2], 'bool')], {}],
  ['not-integer', /no integer meaning/, 'tanh', [int8(2)], {}],
  ['not-integer', /no integer meaning/, 'relu', [int8(2)], {}],
  ['bad-operands', /integer operand/, 'requant', [], { multipliers: [], shift: 0, lo: 0, hi: 1, scale: '1' }],
  ['bad-attribute', /strides expects 1 whole numbers/, 'max_pool', [int8(1, 1, 4)], { kernel: [2], strides: [0] }],
  ['bad-attribute', /kernel expects 1 whole numbers/, 'average_pool', [int8(1, 1, 4)], { kernel: [2, 2] }],
  ['bad-shape', /at least one more axis/, 'max_pool', [int8(1, 4)], { kernel: [] }],
  ['bad-attribute', /a whole number below 2\^53/, 'pad', [int8(2)], { before: [1], after: [0], value: 0.5 }],
  ['bad-attribute', /before expects 1 whole numbers/, 'pad', [int8(2)], { before: [1, 1], after: [0] }],
  ['bad-view', /leave the axis/, 'slice', [int8(4)], { axes: [0], starts: [2], steps: [1], sizes: [3] }],
  [
    'bad-attribute',
    /sizes expects 1 whole numbers/,
    'slice',
    [int8(4)],
    { axes: [0], starts: [2], steps: [1], sizes: [] },
  ],
  ['bad-shape', /dimension -1/, 'reshape', [int8(4)], { shape: [-1] }],
  ['bad-index', /index -1 is outside/, 'gather', [int8(4)], { indices: [-1], index_shape: [1] }],
  ['bad-attribute', /the shape of 2 indices/, 'gather', [int8(4)], { indices: [1, 1], index_shape: [3] }],
  ['empty-reduction', /has no elements/, 'reduce_max', [int8(2, 0)], { axes: [1] }],
  ['empty-reduction', /has no elements/, 'argmax', [int8(2, 0)], { axis: 1 }],
];

describe('operations', () => {
  test.each(operations)('%s %s %s', (code, message, op, operands, attrs) => {
    const d = refusal(() => resultType(op, operands, attrs));
    expect(d.code).toBe(code);
    expect(d.message).toMatch(message);
  });
});
