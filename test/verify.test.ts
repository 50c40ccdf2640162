// The verifier: each rule refuses a module that breaks it and nothing else, and all faults are found at once.
import { describe, expect, test } from 'vitest';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import type { Module, Operation, Value } from '../compiler/ir/module.ts';
import { rational } from '../compiler/ir/rational.ts';
import { tensor } from '../compiler/ir/tensor.ts';
import { floatType, type IntType, intType } from '../compiler/ir/types.ts';
import { moduleFaults, verifyModule } from '../compiler/ir/verify.ts';
import { toyOperators } from './toy-operators.ts';

const real = floatType([2]);
const whole = intType([2], 0, 10);
const value = (name: string, type: Value['type'] = real): Value => ({ name, type });
const loc = { node: 'n', index: 0 };
const x = value('x');
const y = value('y');
const sum: Operation = { op: 'toy_sum', operands: [x, x], results: [y], attrs: {}, loc };
const valid: Module = {
  name: 'm',
  stage: 'float',
  inputs: [x],
  outputs: [{ name: 'out', value: y }],
  constants: new Map(),
  operations: [sum],
};
const codes = (m: Partial<Module>): string[] => moduleFaults({ ...valid, ...m }, toyOperators).map((d) => d.code);

/** A valid module of the int stage around one constant. */
function constant(type: Value['type'], data: readonly number[], shape: readonly number[] = [2]): Partial<Module> {
  const c = value('c', type);
  return {
    stage: type.kind,
    inputs: [],
    operations: [],
    outputs: [{ name: 'out', value: c }],
    constants: new Map([[c, tensor(shape, data)]]),
  };
}

describe('each rule', () => {
  test('a valid module has no fault', () => {
    expect(codes({})).toEqual([]);
    expect(codes(constant(whole, [0, 10]))).toEqual([]);
    expect(codes(constant(floatType([2], 'bool'), [0, 1]))).toEqual([]);
    expect(codes(constant(real, [Number.NaN, -0.5]))).toEqual([]);
  });

  test('single static assignment', () => {
    const undefinedValue = value('u');
    expect(codes({ operations: [{ ...sum, operands: [x, undefinedValue] }] })).toEqual(['undefined-value']);
    expect(codes({ operations: [{ ...sum, operands: [x, y] }] })).toEqual(['undefined-value']);
    expect(codes({ operations: [sum, sum] })).toEqual(['redefined-value']);
    expect(codes({ operations: [{ ...sum, results: [x] }, sum] })).toEqual(['redefined-value']);
    expect(codes({ constants: new Map([[x, tensor([2], [1, 2])]]) })).toEqual(['redefined-value']);
    expect(codes({ operations: [] })).toEqual(['undefined-value']);
  });

  test('types are those of inference', () => {
    const z = value('z', floatType([3]));
    expect(codes({ operations: [{ ...sum, results: [z] }, sum] })).toEqual(['type-mismatch']);
    expect(codes({ operations: [{ ...sum, results: [y, z] }] })).toEqual(['type-mismatch']);
    expect(codes({ operations: [{ ...sum, op: 'toy_twins', operands: [x] }] })).toEqual(['type-mismatch']);
    const annotated = value('y', floatType([2], 'f32', [0, 1]));
    expect(
      codes({ operations: [{ ...sum, results: [annotated] }], outputs: [{ name: 'out', value: annotated }] }),
    ).toEqual([]);
  });

  test('operators, operands and attributes', () => {
    expect(codes({ operations: [{ ...sum, op: 'nothing' }] })).toEqual(['unknown-operator']);
    expect(codes({ operations: [{ ...sum, op: 'toString' }] })).toEqual(['unknown-operator']);
    expect(codes({ operations: [{ ...sum, op: 'toy_twins' }] })).toEqual(['bad-operands']);
    expect(codes({ operations: [{ ...sum, attrs: { k: 1 } }] })).toEqual(['bad-attribute']);
    const missing = { ...sum, op: 'toy_attributes', operands: [x] };
    expect(new Set(codes({ operations: [missing] }))).toEqual(new Set(['bad-attribute']));
  });

  test('stages', () => {
    expect(codes({ inputs: [x, value('w', whole)] })).toEqual(['illegal-in-stage']);
    expect(codes({ ...constant(whole, [0, 1]), stage: 'float' })).toEqual(['illegal-in-stage']);
    expect(codes({ ...constant(real, [0, 1]), stage: 'int' })).toEqual(['illegal-in-stage']);
    const [a, b] = [value('a', whole), value('b', whole)];
    const only = { ...sum, op: 'toy_attributes', operands: [a], results: [b] };
    expect(codes({ stage: 'int', inputs: [a], operations: [only], outputs: [{ name: 'out', value: b }] })).toEqual([
      'illegal-in-stage',
    ]);
  });

  test('types that cannot be', () => {
    const bad = (change: Partial<IntType>): string[] => codes(constant({ ...whole, ...change }, [0, 1]));
    expect(bad({ lo: 0.5 })).toContain('bad-type');
    expect(bad({ hi: 2 ** 53 })).toEqual(['bad-type']);
    expect(bad({ hi: -1 })).toContain('bad-type');
    expect(bad({ hi: Number.NaN })).toContain('bad-type');
    expect(bad({ scale: rational(0) })).toEqual(['bad-type']);
    expect(bad({ scale: rational(-1) })).toEqual(['bad-type']);
    expect(codes({ inputs: [x, value('r', floatType([2], 'f32', [1, 0]))] })).toEqual(['bad-type']);
    expect(codes({ inputs: [x, value('r', floatType([2], 'f32', [Number.NaN, 0]))] })).toEqual(['bad-type']);
    expect(codes({ inputs: [x, value('r', floatType([-1]))] })).toEqual(['bad-shape']);
    expect(codes({ inputs: [x, value('r', floatType([2 ** 20, 2 ** 20]))] })).toEqual(['tensor-too-large']);
  });

  test('constants lie in their types', () => {
    expect(codes(constant(whole, [0, 11]))).toEqual(['bad-constant']);
    expect(codes(constant(whole, [-1, 0]))).toEqual(['bad-constant']);
    expect(codes(constant(whole, [0, 0.5]))).toEqual(['bad-constant']);
    expect(codes(constant(whole, [0, Number.NaN]))).toEqual(['bad-constant']);
    expect(codes(constant(floatType([2], 'i64'), [0, 0.5]))).toEqual(['bad-constant']);
    expect(codes(constant(floatType([2], 'i64'), [0, Number.POSITIVE_INFINITY]))).toEqual(['bad-constant']);
    expect(codes(constant(floatType([2], 'bool'), [0, 2]))).toEqual(['bad-constant']);
    expect(codes(constant(whole, [0, 1, 2], [3]))).toEqual(['bad-constant']);
    expect(codes(constant(whole, [0, 1], [1, 2]))).toEqual(['bad-constant']);
  });

  test('ports', () => {
    expect(codes({ inputs: [x, value('x')] })).toEqual(['duplicate-port']);
    const out = { name: 'out', value: y };
    expect(codes({ outputs: [out, out] })).toEqual(['duplicate-port']);
    expect(codes({ outputs: [] })).toEqual(['no-outputs']);
  });
});

test('all faults are thrown together, with the node', () => {
  const m = {
    ...valid,
    operations: [
      { ...sum, op: 'a' },
      { ...sum, op: 'b', results: [value('z')] },
    ],
  };
  try {
    verifyModule(m, toyOperators);
    expect.unreachable();
  } catch (e) {
    if (!(e instanceof Diagnostic)) throw e;
    expect([e, ...e.others].map((d) => [d.code, d.where.node])).toEqual([
      ['unknown-operator', 'n'],
      ['unknown-operator', 'n'],
    ]);
  }
});

test('inference that asks for an impossible type is a fault, not a crash', () => {
  const [a, b] = [value('a', intType([2], 0, Number.MAX_SAFE_INTEGER)), value('b', whole)];
  const m = { ...valid, stage: 'int' as const, inputs: [a], outputs: [{ name: 'out', value: b }] };
  expect(codes({ ...m, operations: [{ ...sum, operands: [a, a], results: [b] }] })).toEqual(['bad-type']);
});
