// ONNX definitions that changed from version to version: old and new spellings of the same node mean the same.
import { describe, expect, test } from 'vitest';
import { float } from '../kits/onnx-builder.ts';
import { float32, int64, type NodeCase, runNode } from './onnx-nodes.ts';

const OPEN_END = 2n ** 63n - 1n;

/** Spellings of one computation, and its result on 0, 1, 2, ... */
interface Spellings {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
  readonly nodes: readonly NodeCase[];
}

const cases: readonly Spellings[] = [
  {
    name: 'Slice with limits as attributes, then as inputs',
    shape: [2, 2],
    data: [1, 2, 5, 6],
    nodes: [
      { op: 'Slice', opset: 9, operands: [[2, 4]], attributes: { starts: [1], ends: [-1], axes: [1] } },
      { op: 'Slice', opset: 6, operands: [[2, 4]], attributes: { starts: [0, 1], ends: [OPEN_END, 3n] } },
      { op: 'Slice', opset: 10, operands: [[2, 4], int64(1), int64(3), int64(1)] },
      { op: 'Slice', opset: 17, operands: [[2, 4], int64(-3), int64(-1), int64(-1), int64(1)] },
    ],
  },
  {
    name: 'Slice backwards to the open end',
    shape: [3],
    data: [4, 2, 0],
    nodes: [
      { op: 'Slice', opset: 13, operands: [[6], int64(4), int64(-OPEN_END), int64(0), int64(-2)] },
      { op: 'Slice', opset: 13, operands: [[6], int64(-2), int64(-100), int64(-1), int64(-2)] },
    ],
  },
  {
    name: 'ReduceSum: axes are an input from 13 on',
    shape: [2, 1],
    data: [3, 12],
    nodes: [
      { op: 'ReduceSum', opset: 12, operands: [[2, 3]], attributes: { axes: [1] } },
      { op: 'ReduceSum', opset: 13, operands: [[2, 3], int64(-1)] },
    ],
  },
  {
    name: 'ReduceMean and its axes, an input from 18 on',
    shape: [3],
    data: [1.5, 2.5, 3.5],
    nodes: [
      { op: 'ReduceMean', opset: 17, operands: [[2, 3]], attributes: { axes: [0], keepdims: 0 } },
      { op: 'ReduceMean', opset: 18, operands: [[2, 3], int64(0)], attributes: { keepdims: 0 } },
    ],
  },
  {
    name: 'ReduceMax over all axes, said in four ways',
    shape: [1, 1],
    data: [5],
    nodes: [
      { op: 'ReduceMax', opset: 11, operands: [[2, 3]] },
      { op: 'ReduceMax', opset: 13, operands: [[2, 3]], attributes: { axes: [0, 1] } },
      { op: 'ReduceMax', opset: 20, operands: [[2, 3]] },
      { op: 'ReduceMax', opset: 20, operands: [[2, 3], int64()], attributes: { noop_with_empty_axes: 0 } },
    ],
  },
  {
    name: 'ReduceSum over no axis',
    shape: [2],
    data: [0, 1],
    nodes: [
      { op: 'ReduceSum', opset: 13, operands: [[2]], attributes: { noop_with_empty_axes: 1 } },
      { op: 'ReduceSum', opset: 13, operands: [[2], int64()], attributes: { noop_with_empty_axes: 1, keepdims: 0 } },
    ],
  },
  {
    name: 'Clip: limits are inputs from 11 on',
    shape: [5],
    data: [1, 1, 2, 3, 3],
    nodes: [
      { op: 'Clip', opset: 6, operands: [[5]], attributes: { min: float(1), max: float(3) } },
      { op: 'Clip', opset: 11, operands: [[5], float32([], [1]), float32([], [3])] },
      { op: 'Clip', opset: 13, operands: [[5], float32([1], [1]), float32([], [3])] },
    ],
  },
  {
    name: 'Clip with an upper limit only',
    shape: [4],
    data: [0, 1, 2, 2],
    nodes: [
      { op: 'Clip', opset: 6, operands: [[4]], attributes: { max: float(2) } },
      { op: 'Clip', opset: 12, operands: [[4], undefined, float32([], [2])] },
      { op: 'Clip', opset: 13, operands: [[4], float32([], [Number.NEGATIVE_INFINITY]), float32([], [2])] },
    ],
  },
  {
    name: 'Pad: amounts and value are inputs from 11 on, axes from 18 on',
    shape: [2, 4],
    data: [7, 0, 1, 7, 7, 2, 3, 7],
    nodes: [
      { op: 'Pad', opset: 6, operands: [[2, 2]], attributes: { pads: [0, 1, 0, 1], value: float(7) } },
      { op: 'Pad', opset: 11, operands: [[2, 2], int64(0, 1, 0, 1), float32([], [7])] },
      { op: 'Pad', opset: 18, operands: [[2, 2], int64(1, 1), float32([], [7]), int64(-1)] },
    ],
  },
  {
    name: 'Add: broadcasting was an attribute in opset 6',
    shape: [2, 2, 2],
    data: [0, 1, 3, 4, 4, 5, 7, 8],
    nodes: [
      { op: 'Add', opset: 6, operands: [[2, 2, 2], [2]], attributes: { broadcast: 1, axis: 1 } },
      {
        op: 'Add',
        opset: 7,
        operands: [
          [2, 2, 2],
          [2, 1],
        ],
      },
    ],
  },
  {
    name: 'Mul by the last axis in opset 6',
    shape: [2, 3],
    data: [0, 1, 4, 0, 4, 10],
    nodes: [
      { op: 'Mul', opset: 6, operands: [[2, 3], [3]], attributes: { broadcast: 1 } },
      { op: 'Mul', opset: 6, operands: [[2, 3], [3]], attributes: { broadcast: 1, axis: -1 } },
      { op: 'Mul', opset: 13, operands: [[2, 3], [3]] },
    ],
  },
  {
    name: 'Sub of a scalar in opset 6',
    shape: [2, 2],
    data: [-5, -4, -3, -2],
    nodes: [
      { op: 'Sub', opset: 6, operands: [[2, 2], float32([1], [5])], attributes: { broadcast: 1 } },
      { op: 'Sub', opset: 7, operands: [[2, 2], float32([], [5])] },
    ],
  },
  {
    name: 'Reshape with copied and derived dimensions',
    shape: [2, 6],
    data: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    nodes: [
      { op: 'Reshape', opset: 6, operands: [[2, 2, 3], int64(0, -1)] },
      { op: 'Reshape', opset: 14, operands: [[2, 2, 3], int64(-1, 6)], attributes: { allowzero: 1 } },
    ],
  },
  {
    name: 'ArgMax with its axis kept by default',
    shape: [1, 3],
    data: [1, 1, 1],
    nodes: [
      { op: 'ArgMax', opset: 6, result: 'int64', operands: [[2, 3]] },
      { op: 'ArgMax', opset: 13, result: 'int64', operands: [[2, 3]], attributes: { axis: -2, select_last_index: 1 } },
    ],
  },
  {
    name: 'MaxPool with automatic padding at the end',
    shape: [1, 1, 3],
    data: [1, 3, 4],
    nodes: [
      {
        op: 'MaxPool',
        opset: 6,
        operands: [[1, 1, 5]],
        attributes: { kernel_shape: [2], strides: [2], auto_pad: 'SAME_UPPER' },
      },
      {
        op: 'MaxPool',
        opset: 12,
        operands: [[1, 1, 5]],
        attributes: { kernel_shape: [2], strides: [2], pads: [0, 1] },
      },
      {
        op: 'MaxPool',
        opset: 12,
        operands: [[1, 1, 5]],
        attributes: { kernel_shape: [2], strides: [2], ceil_mode: 1 },
      },
    ],
  },
  {
    name: 'MaxPool with automatic padding at the beginning',
    shape: [1, 1, 3],
    data: [0, 2, 4],
    nodes: [
      {
        op: 'MaxPool',
        opset: 11,
        operands: [[1, 1, 5]],
        attributes: { kernel_shape: [2], strides: [2], auto_pad: 'SAME_LOWER' },
      },
    ],
  },
  {
    name: 'AveragePool without padding',
    shape: [1, 1, 2],
    data: [1, 3],
    nodes: [
      {
        op: 'AveragePool',
        opset: 7,
        operands: [[1, 1, 6]],
        attributes: { kernel_shape: [3], strides: [2], auto_pad: 'VALID' },
      },
      {
        op: 'AveragePool',
        opset: 19,
        operands: [[1, 1, 6]],
        attributes: { kernel_shape: [3], strides: [2], dilations: [1] },
      },
    ],
  },
  {
    name: 'Conv with bias and automatic padding',
    shape: [1, 1, 3],
    data: [11, 13, 12],
    nodes: [
      {
        op: 'Conv',
        opset: 11,
        operands: [[1, 1, 3], float32([1, 1, 2], [1, 1]), float32([1], [10])],
        attributes: { auto_pad: 'SAME_UPPER', kernel_shape: [2] },
      },
      {
        op: 'Conv',
        opset: 22,
        operands: [[1, 1, 3], float32([1, 1, 2], [1, 1]), float32([1], [10])],
        attributes: { pads: [0, 1] },
      },
    ],
  },
  {
    name: 'Gather with indices from the end',
    shape: [2, 1],
    data: [2, 5],
    nodes: [
      { op: 'Gather', opset: 11, operands: [[2, 3], int64(-1)], attributes: { axis: 1 } },
      { op: 'Gather', opset: 13, operands: [[2, 3], int64(2)], attributes: { axis: -1 } },
    ],
  },
  {
    name: 'Expand broadcasts both ways',
    shape: [2, 3],
    data: [0, 1, 2, 0, 1, 2],
    nodes: [{ op: 'Expand', opset: 8, operands: [[1, 3], int64(2, 1)] }],
  },
];

describe.each(cases)('$name', ({ nodes, shape, data }) => {
  test.each(
    nodes.map(
      (c) =>
        [
          `${c.op}-${c.opset} ${JSON.stringify(c.attributes ?? {}, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`,
          c,
        ] as const,
    ),
  )('%s', (_, c) => {
    expect(runNode(c)).toEqual({ shape, data });
  });
});
