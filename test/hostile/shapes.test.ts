// Hostile inputs, group D: shapes and attributes that do not fit, dimensions that nobody bound.
import { describe, expect, test } from 'vitest';
import { dimensionsFromShapes } from '../../compiler/frontend/graph-ports.ts';
import { decodeModel } from '../../compiler/frontend/onnx/decode.ts';
import { type ModelSpec, type NodeSpec, onnxModel } from '../kits/onnx-builder.ts';
import { imported, node, outputOf, refusedModel, weight, whole } from './import-kit.ts';
import { peakMemory, refused } from './refused.ts';

type Attributes = NonNullable<NodeSpec['attributes']>;

/** The codes that shapes and attributes may be refused with. */
const CODES = [
  'bad-shape',
  'bad-axis',
  'bad-attribute',
  'bad-operand',
  'bad-operands',
  'bad-view',
  'bad-index',
  'empty-window',
  'tensor-too-large',
  'constant-too-large',
  'integer-too-large',
] as const;

/** One node `bad` on x and integer operands; refused naming the node. */
function refusedNode(
  op: string,
  shape: readonly number[],
  attributes: Attributes,
  operands: readonly (readonly (number | bigint)[])[] = [],
  opset = 17,
): void {
  const names = operands.map((_, i) => `i${i}`);
  const found = refusedModel(
    {
      opset,
      inputs: [{ name: 'x', shape }],
      nodes: [node(op, ['x', ...names], ['y'], attributes, 'bad')],
      initializers: operands.map((data, i) => whole(`i${i}`, data)),
    },
    ...CODES,
  );
  expect(found.where.node).toBe('bad');
}

describe('D1: convolutions', () => {
  const conv = (
    x: readonly number[],
    w: readonly number[],
    attributes: Attributes,
    bias?: readonly number[],
  ): ModelSpec => ({
    inputs: [{ name: 'x', shape: x }],
    nodes: [node('Conv', bias === undefined ? ['x', 'w'] : ['x', 'w', 'b'], ['y'], attributes, 'bad')],
    initializers: [weight('w', w), ...(bias === undefined ? [] : [weight('b', bias)])],
  });
  const bad: readonly (readonly [string, ModelSpec])[] = [
    ['rank of the weights', conv([1, 1, 4, 4], [1, 1, 3], {})],
    ['rank of the operand', conv([1, 1, 4], [1, 1, 3, 3], {})],
    ['rank 2', conv([1, 1], [1, 1], {})],
    ['group 0', conv([1, 1, 4, 4], [1, 1, 3, 3], { group: 0 })],
    ['negative group', conv([1, 1, 4, 4], [1, 1, 3, 3], { group: -1 })],
    ['group that does not divide the channels', conv([1, 3, 4, 4], [2, 1, 3, 3], { group: 2 })],
    ['group that does not divide the filters', conv([1, 2, 4, 4], [3, 1, 3, 3], { group: 2 })],
    ['channels', conv([1, 2, 4, 4], [1, 1, 3, 3], {})],
    ['kernel_shape', conv([1, 1, 4, 4], [1, 1, 3, 3], { kernel_shape: [3, 2] })],
    ['stride 0', conv([1, 1, 4, 4], [1, 1, 3, 3], { strides: [0, 1] })],
    ['stride -1', conv([1, 1, 4, 4], [1, 1, 3, 3], { strides: [-1, 1] })],
    ['dilation 0', conv([1, 1, 4, 4], [1, 1, 3, 3], { dilations: [0, 1] })],
    ['dilation 2^31', conv([1, 1, 4, 4], [1, 1, 3, 3], { dilations: [2 ** 31, 1] })],
    ['negative padding', conv([1, 1, 4, 4], [1, 1, 3, 3], { pads: [-1, 0, 0, 0] })],
    ['huge padding', conv([1, 1, 4, 4], [1, 1, 3, 3], { pads: [2 ** 30, 2 ** 30, 2 ** 30, 2 ** 30] })],
    ['padding of another rank', conv([1, 1, 4, 4], [1, 1, 3, 3], { pads: [1, 1, 1, 1, 1, 1] })],
    ['auto_pad and pads', conv([1, 1, 4, 4], [1, 1, 3, 3], { pads: [1, 1, 1, 1], auto_pad: 'SAME_UPPER' })],
    ['unknown auto_pad', conv([1, 1, 4, 4], [1, 1, 3, 3], { auto_pad: 'SAME' })],
    ['kernel larger than the padded operand', conv([1, 1, 4, 4], [1, 1, 5, 5], {})],
    ['length of the bias', conv([1, 1, 4, 4], [2, 1, 3, 3], {}, [3])],
    ['rank of the bias', conv([1, 1, 4, 4], [2, 1, 3, 3], {}, [1, 2])],
  ];
  test.each(bad)('%s', (_, spec) => {
    expect(refusedModel(spec, ...CODES).where.node).toBe('bad');
  });
});

describe('D2: pooling', () => {
  test.each(['MaxPool', 'AveragePool'])('%s', (op) => {
    for (const attributes of [
      {},
      { kernel_shape: [0, 2] },
      { kernel_shape: [2] },
      { kernel_shape: [5, 5] },
      { kernel_shape: [2, 2], strides: [0, 1] },
      { kernel_shape: [2, 2], pads: [0, 0, 0, -1] },
      { kernel_shape: [2, 2], pads: [0, 0, 2, 0] },
      { kernel_shape: [2, 2], ceil_mode: 2 },
      { kernel_shape: [2, 2], auto_pad: 'VALID', pads: [1, 1, 1, 1] },
    ] satisfies readonly Attributes[])
      refusedNode(op, [1, 1, 4, 4], attributes);
  });

  test('padding never wins a maximum, and is counted only if asked', () => {
    const pool = (op: string, attributes: Attributes): readonly number[] =>
      outputOf(
        imported({
          inputs: [{ name: 'x', shape: [1, 1, 3] }],
          nodes: [
            node('Neg', ['x'], ['n']),
            node(op, ['n'], ['y'], { kernel_shape: [2], pads: [1, 0], ...attributes }),
          ],
        }),
      );
    expect(pool('MaxPool', {})).toEqual([-1, -1, -2]);
    expect(pool('AveragePool', {})).toEqual([-1, -1.5, -2.5]);
    expect(pool('AveragePool', { count_include_pad: 1 })).toEqual([-0.5, -1.5, -2.5]);
  });
});

describe('D3: products, normalization, broadcasting', () => {
  const binary = (op: string, x: readonly number[], w: readonly number[], attributes: Attributes = {}): ModelSpec => ({
    inputs: [{ name: 'x', shape: x }],
    nodes: [node(op, ['x', 'w'], ['y'], attributes, 'bad')],
    initializers: [weight('w', w)],
  });
  const bad: readonly (readonly [string, ModelSpec])[] = [
    ['inner dimensions of MatMul', binary('MatMul', [1, 4], [3, 4])],
    ['a scalar in MatMul', binary('MatMul', [1, 4], [])],
    ['batches of MatMul', binary('MatMul', [2, 1, 4], [3, 4, 1])],
    ['inner dimensions of Gemm', binary('Gemm', [1, 4], [4, 3], { transB: 1 })],
    ['rank of Gemm', binary('Gemm', [1, 1, 4], [4, 3])],
    ['transB of Gemm', binary('Gemm', [1, 4], [4, 3], { transB: 2 })],
    ['Add', binary('Add', [2, 3], [2])],
    ['Mul', binary('Mul', [4, 3], [2, 3])],
  ];
  test.each(bad)('%s', (_, spec) => {
    expect(refusedModel(spec, ...CODES).where.node).toBe('bad');
  });

  test('C of Gemm broadcasts in one direction only', () => {
    const gemm = (c: readonly number[]): ModelSpec => ({
      nodes: [node('Gemm', ['x', 'w', 'c'], ['y'], {}, 'bad')],
      initializers: [weight('w', [4, 3]), weight('c', c)],
    });
    for (const c of [[2, 3], [4], [1, 1, 3]]) refusedModel(gemm(c), ...CODES);
    for (const c of [[], [1], [3], [1, 1], [1, 3]]) expect(outputOf(imported(gemm(c)))).toEqual([11, 11, 11]);
  });

  test('vectors of BatchNormalization', () => {
    const norm = (x: readonly number[], lengths: readonly (readonly number[])[]): ModelSpec => ({
      inputs: [{ name: 'x', shape: x }],
      nodes: [node('BatchNormalization', ['x', 'w0', 'w1', 'w2', 'w3'], ['y'], {}, 'bad')],
      initializers: lengths.map((dims, i) => weight(`w${i}`, dims)),
    });
    const four = [[4], [4], [4], [4]];
    for (let i = 0; i < 4; i++)
      for (const wrong of [[3], [1], [], [4, 1]])
        expect(refusedModel(norm([1, 4], four.with(i, wrong)), ...CODES).where.node).toBe('bad');
    refusedModel(norm([4], four), ...CODES);
    expect(imported(norm([1, 4], four)).module.operations).toHaveLength(1);
  });
});

describe('D4: reshaping, cutting and reordering', () => {
  test('Reshape', () => {
    for (const shape of [[-1, -1], [3], [5, -1], [-2, 2], [0, 0, 0], [2 ** 40], [-1, 0, 3]])
      refusedNode('Reshape', [2, 3], {}, [shape]);
    refusedNode('Reshape', [2, 3], { allowzero: 1 }, [[0, -1]]);
    refusedNode('Reshape', [2, 3], { allowzero: 1 }, [[0, 6]]);
    refusedNode('Reshape', [2, 3], {});
  });

  test('a shape that depends on an input', () => {
    const spec: ModelSpec = {
      inputs: [
        { name: 'x', shape: [4] },
        { name: 's', shape: [2], dtype: 'int64' },
      ],
      nodes: [node('Reshape', ['x', 's'], ['y'], {}, 'bad')],
    };
    expect(refusedModel(spec, 'not-constant').where).toMatchObject({ node: 'bad' });
  });

  test('Slice', () => {
    refusedNode('Slice', [2, 3], {}, [[0], [2], [0], [0]]);
    refusedNode('Slice', [2, 3], {}, [[0], [2], [2]]);
    refusedNode('Slice', [2, 3], {}, [[0], [2], [-3]]);
    refusedNode('Slice', [2, 3], {}, [
      [0, 0],
      [1, 1],
      [1, -1],
    ]);
    refusedNode('Slice', [2, 3], {}, [[0, 0], [1]]);
    refusedNode('Slice', [2, 3], {}, [[0], [1], [0, 1]]);
  });

  test('open ends of Slice', () => {
    const slice = (start: bigint | number, end: bigint | number, step: number): readonly number[] =>
      outputOf(
        imported({
          inputs: [{ name: 'x', shape: [4] }],
          nodes: [node('Slice', ['x', 's', 'e', 'a', 't'], ['y'])],
          initializers: [whole('s', [start]), whole('e', [end]), whole('a', [0]), whole('t', [step])],
        }),
      );
    const [most, least] = [2n ** 63n - 1n, -(2n ** 63n)];
    expect(slice(1, most, 1)).toEqual([2, 3, 4]);
    expect(slice(least, -1, 2)).toEqual([1, 3]);
    expect(slice(-1, least, -1)).toEqual([4, 3, 2, 1]);
    expect(slice(most, least, -2)).toEqual([4, 2]);
  });

  test('Squeeze, Unsqueeze, Transpose, Flatten', () => {
    for (const axes of [[1], [2], [-3], [0, 0], [0, -2]]) refusedNode('Squeeze', [1, 3], {}, [axes]);
    for (const axes of [[3], [-4], [0, 0], [0, -4]]) refusedNode('Unsqueeze', [1, 3], {}, [axes]);
    refusedNode('Squeeze', [1, 3], { axes: [0] });
    refusedNode('Squeeze', [1, 3], {}, [[0]], 11);
    refusedNode(
      'Unsqueeze',
      Array.from({ length: 10 }, () => 1),
      {},
      [Array.from({ length: 7 }, (_, i) => i)],
    );
    for (const perm of [[0, 0], [0], [0, 2], [1, 0, 2], [-1, 0]]) refusedNode('Transpose', [1, 3], { perm });
    for (const axis of [3, -3]) refusedNode('Flatten', [1, 3], { axis });
  });

  test('Concat, Split, Gather', () => {
    const concat = (axis: number, w: readonly number[]): void => {
      const spec = { nodes: [node('Concat', ['x', 'w'], ['y'], { axis }, 'bad')], initializers: [weight('w', w)] };
      expect(refusedModel(spec, ...CODES).where.node).toBe('bad');
    };
    concat(2, [1, 4]);
    concat(-3, [1, 4]);
    concat(1, [2, 4]);
    concat(1, [4]);
    refusedModel({ nodes: [node('Concat', ['x'], ['y'], {}, 'bad')] }, ...CODES);

    for (const split of [[2, 1], [5, -1], [2, 3], [4], [1, 1, 2]]) {
      const nodes = [node('Split', ['x', 's'], ['y', 'z'], { axis: 1 }, 'bad')];
      const outputs = [{ name: 'y' }, { name: 'z' }];
      expect(refusedModel({ nodes, outputs, initializers: [whole('s', split)] }, ...CODES).where.node).toBe('bad');
    }
    refusedNode('Split', [3, 4], { axis: 2 });
    refusedNode('Split', [3, 4], { num_outputs: 2 }, [], 18);

    for (const index of [[4], [-5], [2 ** 40], [2n ** 63n - 1n]]) refusedNode('Gather', [1, 4], { axis: 1 }, [index]);
    refusedNode('Gather', [1, 4], { axis: 2 }, [[0]]);
    refusedNode('Gather', [1, 4], { axis: -3 }, [[0]]);
  });

  test('reductions and ArgMax', () => {
    for (const op of ['ReduceMean', 'ReduceMax'])
      for (const axes of [[2], [-3], [0, 0]]) refusedNode(op, [1, 4], { axes });
    for (const axes of [[2], [-3], [0, 0]]) refusedNode('ReduceSum', [1, 4], {}, [axes]);
    const argMax = { inputs: [{ name: 'x', shape: [1, 4] }], outputs: [{ name: 'y', dtype: 'int64' as const }] };
    for (const axis of [2, -3])
      refusedModel({ ...argMax, nodes: [node('ArgMax', ['x'], ['y'], { axis }, 'bad')] }, ...CODES);
  });
});

describe('D6: Pad', () => {
  test('amounts', () => {
    for (const pads of [
      [0, -5, 0, 0],
      [0, 0, 0],
      [0, 0, 0, 2 ** 40],
      [0, 2n ** 63n - 1n, 0, 0],
    ])
      refusedNode('Pad', [1, 4], {}, [pads]);
    refusedNode('Pad', [1, 4], { mode: 'mirror' }, [[0, 0, 0, 0]]);
    refusedNode('Pad', [1, 4], { mode: 'reflect' }, [[0, 9, 0, 0]]);
  });
});

describe('D7: dynamic dimensions', () => {
  const spec = (...shapes: readonly NonNullable<ModelSpec['inputs']>[number]['shape'][]): ModelSpec => ({
    inputs: shapes.map((shape, i) => ({ name: `x${i}`, ...(shape && { shape }) })),
    nodes: [shapes.length === 1 ? node('Relu', ['x0'], ['y']) : node('Add', ['x0', 'x1'], ['y'], {}, 'sum')],
  });
  const bind = (s: ModelSpec, ...dims: readonly (readonly [string, number])[]): (() => unknown) => {
    return () => imported(s, new Map(dims)).inputs;
  };

  test('unbound: the message says which option binds it', () => {
    expect(refused(bind(spec(['batch', 4])), 'unbound-dimension').message).toContain('--dim batch=1');
    expect(refused(bind(spec([null, 4])), 'unbound-dimension').message).toContain("--dim 'x0[0]=1'");
    expect(refused(bind(spec(['', 4])), 'unbound-dimension').message).toContain("--dim 'x0[0]=1'");
    expect(refused(bind(spec([-1, 4])), 'unbound-dimension').where.field).toBe('x0');
    expect(refused(bind(spec([0, 4])), 'unbound-dimension').where.field).toBe('x0');
    expect(refused(bind(spec(undefined)), 'unsupported-input').where.field).toBe('x0');
    const quoted = refused(bind(spec(["it's $(here)", 4])), 'unbound-dimension').message;
    expect(quoted).toContain(`'it'\\''s $(here)=1'`);
  });

  test('bound', () => {
    expect(bind(spec(['batch', 4]), ['batch', 3])()).toMatchObject([{ shape: [3, 4] }]);
    expect(bind(spec([null, 4]), ['x0[0]', 3])()).toMatchObject([{ shape: [3, 4] }]);
    expect(bind(spec(['n', 'n'], ['n', 4]), ['n', 4])()).toMatchObject([{ shape: [4, 4] }, { shape: [4, 4] }]);
  });

  test('bound to 0, to fractions, to 10^9, to names that are not there', () => {
    for (const size of [0, -1, 1.5, Number.NaN, 2 ** 60])
      expect(refused(bind(spec(['n', 4]), ['n', size]), 'bad-dimension').kind).toBe('usage');
    refused(bind(spec(['n', 4]), ['n', 10 ** 9]), 'tensor-too-large');
    const unknown = refused(bind(spec(['n', 4]), ['n', 1], ['batch', 1]), 'unknown-dimension');
    expect(unknown).toMatchObject({ kind: 'usage', where: { field: 'batch' } });
    refused(bind(spec([1, 4]), ['x0[1]', 4]), 'unknown-dimension');
  });

  test('one symbol with two sizes', () => {
    const bytes = onnxModel({ ...spec(['batch', 4], ['batch', 4]), outputs: [{ name: 'y' }] });
    const model = decodeModel(bytes, { file: 'model.onnx' });
    const shapes = (a: number, b: number) =>
      new Map([
        ['x0', [a, 4]],
        ['x1', [b, 4]],
      ]);
    expect(dimensionsFromShapes(model, shapes(2, 2))).toEqual(new Map([['batch', 2]]));
    expect(() => dimensionsFromShapes(model, shapes(2, 3))).toThrow(
      expect.objectContaining({ code: 'conflicting-dimension' }),
    );
  });
});

describe('D8: shapes as bombs', () => {
  test('dimensions that multiply beyond every bound', () => {
    const before = peakMemory();
    refusedNode('Expand', [1, 4], {}, [[2 ** 31, 2 ** 31, 1, 4]]);
    refusedNode('Expand', [1, 4], {}, [new Array<number>(40).fill(1)]);
    refusedNode('Reshape', [1, 4], {}, [new Array<number>(65).fill(1)]);
    refusedModel(
      { inputs: [{ name: 'x', shape: [2 ** 32, 2 ** 32] }], nodes: [node('Relu', ['x'], ['y'])] },
      'tensor-too-large',
    );
    refusedModel(
      { inputs: [{ name: 'x', shape: new Array<number>(17).fill(1) }], nodes: [node('Relu', ['x'], ['y'])] },
      'bad-shape',
    );
    const outer = {
      inputs: [{ name: 'x', shape: [2 ** 20, 1] }],
      nodes: [node('Transpose', ['x'], ['t']), node('MatMul', ['x', 't'], ['y'], {}, 'bad')],
    };
    expect(refusedModel(outer, 'tensor-too-large').where.node).toBe('bad');
    expect(peakMemory() - before).toBeLessThan(100e6);
  });
});
