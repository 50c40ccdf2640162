// Lowering names the ports of a circuit: inputs and outputs as the model does, weights out of their way.
import { expect, test } from 'vitest';
import { BN254 } from '../compiler/ir/circuit.ts';
import { interval } from '../compiler/ir/interval.ts';
import { DEFAULT_VISIBILITY, lowerModule } from '../compiler/ir/lower.ts';
import { createModuleBuilder } from '../compiler/ir/module-builder.ts';
import { ONE } from '../compiler/ir/rational.ts';
import { intType } from '../compiler/ir/types.ts';
import { standardRegistry } from '../stdlib/index.ts';

test('an output keeps its name although a weight has the same', () => {
  const b = createModuleBuilder('clash', 'int', standardRegistry);
  const x = b.input('x', intType([2], 0, 3, ONE));
  const w = b.constantOfType('3', { shape: [2], data: Int8Array.of(1, 2) }, intType([2], 1, 2, ONE));
  const [sum] = b.emit('add', [x, w]);
  b.output('3', sum!);
  const m = b.finish();
  const names = (weights: 'fixed' | 'public'): string[] =>
    lowerModule(m, standardRegistry, BN254, { ...DEFAULT_VISIBILITY, weights }).ports.map((p) => `${p.role} ${p.name}`);
  expect(names('fixed')).toEqual(['input x', 'output 3']);
  expect(names('public')).toEqual(['input x', 'param 3_1', 'output 3']);
});

test('single ports are shown otherwise, and inputs take the interval of the circuit that makes them', () => {
  const b = createModuleBuilder('override', 'int', standardRegistry);
  const x = b.input('x', intType([2], 0, 3, ONE));
  const [sum] = b.emit('add', [x, b.input('y', intType([2], 0, 3, ONE))]);
  b.output('sum', sum!);
  b.output('copy', x);
  const overrides = {
    visibility: new Map([
      ['y', 'committed'],
      ['copy', 'private'],
    ] as const),
    ranges: new Map([['y', interval(-9, 9)]]),
  };
  const c = lowerModule(b.finish(), standardRegistry, BN254, DEFAULT_VISIBILITY, overrides);
  expect(c.ports.map((p) => [p.name, p.visibility, c.wires[p.wire]!.range])).toEqual([
    ['x', 'private', interval(0, 3)],
    ['y', 'committed', interval(-9, 9)],
    ['sum', 'public', interval(-9, 12)],
    ['copy', 'private', interval(0, 3)],
  ]);
});
