// Integers that would wrap around in the type that the model stores them in: found, never silently different.
import { describe, expect, test } from 'vitest';
import type { ModelSpec, NodeSpec } from '../kits/onnx-builder.ts';
import { imported, node, outputOf, refusedModel, weight } from './import-kit.ts';

describe('integers that would wrap around', () => {
  const spec = (dtype: 'uint8' | 'int32' | 'int64', n: NodeSpec, data: readonly number[]): ModelSpec => ({
    inputs: [{ name: 'x', shape: [2], dtype }],
    outputs: [{ name: 'y', dtype }],
    nodes: [n],
    initializers: [{ name: 'w', dims: [2], data, dtype }],
  });
  test('are found when the model is evaluated, and in constants when it is imported', () => {
    const add = node('Add', ['x', 'w'], ['y'], {}, 'sum');
    expect(outputOf(imported(spec('uint8', add, [10, 253])))).toEqual([11, 255]);
    expect(() => outputOf(imported(spec('uint8', add, [10, 254])))).toThrow(
      expect.objectContaining({ code: 'integer-wrap' }),
    );
    expect(outputOf(imported(spec('int64', add, [10, 254])))).toEqual([11, 256]);
    const folded = (dtype: 'uint8' | 'int32'): ModelSpec => ({
      ...spec(dtype, add, [200, 1]),
      nodes: [node('Mul', ['w', 'w'], ['v'], {}, 'square'), node('Add', ['x', 'v'], ['y'])],
    });
    expect(refusedModel(folded('uint8'), 'integer-wrap').where.node).toBe('square');
    expect(outputOf(imported(folded('int32')))).toEqual([40001, 3]);
  });

  test('casts', () => {
    const cast = (to: number, data: readonly number[]): ModelSpec => ({
      nodes: [
        node('Cast', ['w'], ['v'], { to }, 'cast'),
        node('Cast', ['v'], ['f'], { to: 1 }),
        node('Add', ['x', 'f'], ['y']),
      ],
      inputs: [{ name: 'x', shape: [2] }],
      initializers: [weight('w', [2], data)],
    });
    expect(outputOf(imported(cast(7, [-1.75, 2.5])))).toEqual([0, 4]);
    expect(refusedModel(cast(2, [-1.75, 2.5]), 'integer-wrap').where.node).toBe('cast');
    refusedModel(cast(6, [3e9, 0]), 'integer-wrap');
    refusedModel(cast(7, [Number.NaN, 0]), 'integer-wrap');
    for (const to of [8, 0, 14, 17, 22, 99])
      expect(refusedModel(cast(to, [1, 1]), 'unsupported-data-type').where.node).toBe('cast');
  });

  test('division of whole numbers rounds toward zero', () => {
    const divide = (data: readonly number[]): ModelSpec => ({
      ...spec('int64', node('Div', ['n', 'w'], ['y'], {}, 'quotient'), data),
      inputs: [{ name: 'x', shape: [4], dtype: 'int64' }],
      initializers: [{ name: 'w', dims: [data.length], data, dtype: 'int64' }],
      nodes: [node('Neg', ['x'], ['n']), node('Div', ['n', 'w'], ['y'], {}, 'quotient')],
    });
    expect(outputOf(imported(divide([3])))).toEqual([0, 0, -1, -1]);
    expect(outputOf(imported(divide([-2])))).toEqual([0, 1, 1, 2]);
    expect(refusedModel(divide([0]), 'division-by-zero').where.node).toBe('quotient');
    refusedModel(divide([1, 2, 1, 2]), 'unsupported-division');
    const byInput = {
      inputs: ['x', 'z'].map((name) => ({ name, shape: [4] })),
      nodes: [node('Div', ['x', 'z'], ['y'], {}, 'quotient')],
    };
    expect(refusedModel(byInput, 'unsupported-division').where.node).toBe('quotient');
  });
});
