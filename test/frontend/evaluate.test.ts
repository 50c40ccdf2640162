// The graph interpreter: stages, inputs, and release of dead tensors.
import { describe, expect, it } from 'vitest';
import { evaluateModule } from '../../compiler/evaluate.ts';
import { createModuleBuilder } from '../../compiler/ir/module-builder.ts';
import { defineOp, operatorRegistry } from '../../compiler/ir/op.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { floatType, intType } from '../../compiler/ir/types.ts';

const twice = defineOp({
  name: 'twice',
  doc: 'Doubles; over the integers it triples, so that the test can tell the stages apart.',
  operands: ['x'],
  results: ['y'],
  attrs: {},
  quantization: { kind: 'none' },
  infer: ([x]) => [x!],
  evalFloat: ([x]) => [{ shape: x!.shape, data: x!.data.map((v) => 2 * v) }],
  evalInt: ([x]) => [{ shape: x!.shape, data: x!.data.map((v) => 3 * v) }],
  samples: [],
});
const opaque = defineOp({ ...twice, name: 'opaque', evalFloat: undefined, evalInt: undefined } as never);
const ops = operatorRegistry([twice, opaque]);
const x = tensor([2], [1, 2]);

describe('evaluateModule', () => {
  it('evaluates reals in the float stage and integers in the integer stage', () => {
    for (const [stage, factor] of [
      ['float', 4],
      ['int', 9],
    ] as const) {
      const b = createModuleBuilder('m', stage, ops);
      const input = b.input('x', stage === 'float' ? floatType([2]) : intType([2], -5, 5));
      const [y] = b.emit('twice', b.emit('twice', [input]));
      b.output('y', y!);
      b.output('again', y!);
      b.output('x', input);
      const seen: string[] = [];
      const out = evaluateModule(b.finish(), ops, new Map([['x', x]]), (v) => seen.push(v.name));
      expect([...out.get('y')!.data]).toEqual([factor, 2 * factor]);
      expect(out.get('again')).toBe(out.get('y'));
      expect(out.get('x')).toBe(x);
      expect(seen).toHaveLength(3);
    }
  });

  it('refuses absent inputs, other shapes and operators without a meaning, by name', () => {
    const b = createModuleBuilder('m', 'float', ops);
    const input = b.input('x', floatType([2]));
    b.output('y', b.emitAt({ node: 'fc1', index: 0 }, 'opaque', [input])[0]!);
    const m = b.finish();
    const run = (given: ReadonlyMap<string, typeof x>) => () => evaluateModule(m, ops, given);
    expect(run(new Map())).toThrow(expect.objectContaining({ code: 'missing-input', where: { field: 'x' } }));
    expect(run(new Map([['x', tensor([1], [1])]]))).toThrow(expect.objectContaining({ code: 'bad-shape' }));
    expect(run(new Map([['x', x]]))).toThrow(
      expect.objectContaining({ code: 'not-evaluable', where: { node: 'fc1' } }),
    );
  });
});
