// Integer types of results: scales, exact ranges, and what is refused because its range or scale does not fit.
import { describe, expect, test } from 'vitest';
import { powerOfTwo, rational } from '../../compiler/ir/rational.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { intType, showType, type TensorType } from '../../compiler/ir/types.ts';
import { evaluate, resultType } from './one-operation.ts';

const int8 = (...shape: readonly number[]): TensorType => intType(shape, -128, 127, powerOfTwo(-7));

describe('ranges use constants', () => {
  test('of a matrix product, exactly per output', () => {
    const w = tensor([2, 2], [1, -3, 2, 4]);
    const type = resultType(
      'matmul',
      [intType([1, 2], -1, 10), intType([2, 2], -3, 4, powerOfTwo(-3))],
      {},
      new Map([[1, w]]),
    );
    // Columns [1, 2] and [-3, 4]: least -30 - 4, largest 40 + 3.
    expect(showType(type)).toBe('int<1x2, [-34, 43], 2^-3>');
    const values = tensor([1, 2], [10, -1]);
    expect(evaluate('matmul', [intType([1, 2], -1, 10), intType([2, 2], -3, 4)], [values, w]).data[1]).toBe(-34);
  });

  test('of a convolution, with the zeros of padding', () => {
    const w = tensor([1, 1, 2], [2, -1]);
    const types = [intType([1, 1, 3], 5, 9), intType([1, 1, 2], -1, 2)];
    expect(showType(resultType('conv', types, {}, new Map([[1, w]])))).toBe('int<1x1x2, [1, 13], 1>');
    expect(showType(resultType('conv', types, { pads: [1, 0] }, new Map([[1, w]])))).toBe('int<1x1x3, [-9, 18], 1>');
  });

  test('without constants they are products of intervals', () => {
    expect(showType(resultType('matmul', [int8(1, 3), int8(3, 1)]))).toBe('int<1x1, [-48768, 49152], 2^-14>');
    expect(showType(resultType('mul', [int8(2), intType([], 0, 3)]))).toBe('int<2, [-384, 381], 2^-7>');
  });

  test('a sum uses the values of a constant, not its type', () => {
    const bias = tensor([2], [5, 7]);
    expect(showType(resultType('add', [int8(2), int8(2)], {}, new Map([[1, bias]])))).toBe('int<2, [-123, 134], 2^-7>');
  });
});

describe('scales', () => {
  test('sums are on the largest scale that divides both', () => {
    const types = [intType([1], -3, 3, rational(1, 6)), intType([1], -2, 2, rational(1, 10))];
    expect(showType(resultType('add', types))).toBe('int<1, [-21, 21], 1/30>');
    expect(showType(resultType('sub', types))).toBe('int<1, [-21, 21], 1/30>');
    const values = [tensor([1], [2]), tensor([1], [-1])];
    expect(evaluate('sub', types, values).data[0]).toBe(2 * 5 + 3);
  });

  test('means leave the division to the scale', () => {
    expect(showType(resultType('reduce_mean', [int8(1, 3, 2)], { axes: [1] }))).toBe('int<1x2, [-384, 381], 1/384>');
    const pool = { kernel: [2], strides: [2] };
    expect(showType(resultType('average_pool', [int8(1, 1, 4)], pool))).toBe('int<1x1x2, [-256, 254], 2^-8>');
    const uneven = { kernel: [2], pads: [1, 0] };
    expect(showType(resultType('average_pool', [int8(1, 1, 4)], uneven))).toBe('int<1x1x4, [-128, 127], 2^-7>');
  });

  test('joined operands must agree', () => {
    expect(() => resultType('concat', [int8(2), intType([2], 0, 1)], { axis: 0 })).toThrow(
      /one scale, got 2\^-7 and 1/,
    );
  });
});

test('ranges that reach 2^53 are refused', () => {
  const wide = intType([4, 4], -(2 ** 30), 2 ** 30);
  expect(() => resultType('matmul', [wide, wide])).toThrow(/matmul: the result has range .* below 2\^53/);
  const apart = [intType([1], -8, 8, powerOfTwo(60)), intType([1], -8, 8)];
  expect(() => resultType('add', apart)).toThrow(/below 2\^53/);
});

test('an operand that is always zero does not widen a sum, however far the scales are apart', () => {
  const types = [intType([1], 0, 0, powerOfTwo(2000)), intType([1], -8, 8)];
  expect(showType(resultType('add', types))).toBe('int<1, [-8, 8], 1>');
  expect(evaluate('add', types, [tensor([1], [0]), tensor([1], [5])]).data[0]).toBe(5);
});

describe('requant', () => {
  const attrs = { multipliers: [1], shift: 4, lo: -100, hi: 100, scale: '2^-3' };

  test('the range is what the operand can reach, clamped', () => {
    expect(showType(resultType('requant', [intType([2], -40, 3000)], attrs))).toBe('int<2, [-2, 100], 2^-3>');
    expect(showType(resultType('requant', [intType([2], 5000, 6000)], attrs))).toBe('int<2, [100, 100], 2^-3>');
  });

  test('rounds half up on both sides of zero and saturates', () => {
    const x = tensor([7], [8, 7, -8, -9, 24, 3000, -3000]);
    const y = evaluate('requant', [intType([7], -3000, 3000)], [x], attrs);
    expect(Array.from(y.data)).toEqual([1, 0, 0, -1, 2, 100, -100]);
  });

  test('is exact where products leave the exact integers of floating point', () => {
    const wide = { ...attrs, multipliers: [2 ** 30 + 1], shift: 60, lo: -(2 ** 40), hi: 2 ** 40 };
    const values = [2 ** 50 - 1, -(2 ** 50) + 1, 2 ** 49, 12345678901];
    const type = intType([4], -(2 ** 51), 2 ** 51);
    const y = evaluate('requant', [type], [tensor([4], values)], wide);
    const expected = values.map((v) => Number((BigInt(v) * (2n ** 30n + 1n) + 2n ** 59n) >> 60n));
    expect(Array.from(y.data)).toEqual(expected);
  });

  test('tables round half up and give the range of the result', () => {
    const leaky = { ...attrs, lo: -2, hi: 1, shift: 0, act: 'leaky_relu', params: [0.25], out_scale: '2^-4' };
    const type = intType([4], -9, 9);
    // x * 2^-3 * 0.25 in units of 2^-4 is x / 2: -1, -0.5 -> 0.
    expect(showType(resultType('requant', [type], leaky))).toBe('int<4, [-1, 2], 2^-4>');
    const y = evaluate('requant', [type], [tensor([4], [-9, -1, 0, 9])], leaky);
    expect(Array.from(y.data)).toEqual([-1, 0, 0, 2]);
  });

  test.each([
    ['multipliers', { multipliers: [1, 2] }],
    ['shift', { shift: -1 }],
    ['shift', { shift: 1e9 }],
    ['lo, hi', { lo: 5, hi: 4 }],
    ['scale', { scale: '0' }],
    ['scale', { scale: '-1/2' }],
    ['scale', { scale: 'nonsense' }],
    ['out_scale', { act: 'tanh' }],
    ['out_scale', { out_scale: '2^-7' }],
    ['act', { act: 'matmul', out_scale: '1' }],
  ])('refuses a bad %s: %j', (field, change) => {
    expect(() => resultType('requant', [int8(2)], { ...attrs, ...change })).toThrow(
      expect.objectContaining({ where: expect.objectContaining({ field }) }),
    );
  });
});
