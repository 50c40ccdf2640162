// Hostile inputs, group C as far as the importer decides it: constants that are no numbers, and constants that would fill the memory.
import { describe, expect, test } from 'vitest';
import { MAX_FOLDED_ELEMENTS } from '../../compiler/frontend/folding-emitter.ts';
import type { ModelSpec, NodeSpec } from '../kits/onnx-builder.ts';
import { imported, node, outputOf, refusedModel, weight, whole } from './import-kit.ts';
import { peakMemory } from './refused.ts';

const relu = node('Relu', ['x'], ['y']);

describe('C4, C5, C7: constants', () => {
  test('NaN and infinities in weights are refused, bounds of Clip may be infinite', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const spec = {
        nodes: [node('Add', ['x', 'w'], ['y'], {}, 'sum')],
        initializers: [weight('w', [4], [1, value, 2, 3])],
      };
      expect(refusedModel(spec, 'not-finite').where).toMatchObject({ node: 'sum', field: 'w' });
      const folded = [node('Neg', ['w'], ['v'], {}, 'negated'), node('Mul', ['x', 'v'], ['y'], {}, 'product')];
      expect(refusedModel({ ...spec, nodes: folded }, 'not-finite').where).toMatchObject({ node: 'product' });
      refusedModel({ ...spec, outputs: [{ name: 'y' }, { name: 'w' }], nodes: [relu] }, 'not-finite');
    }
    const bounds = [weight('lo', [], [0]), weight('hi', [], [Number.POSITIVE_INFINITY])];
    expect(outputOf(imported({ nodes: [node('Clip', ['x', 'lo', 'hi'], ['y'])], initializers: bounds }))).toEqual([
      1, 2, 3, 4,
    ]);
  });

  test('variance of BatchNormalization', () => {
    for (const v of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const initializers = [...['s', 'b', 'm'].map((name) => weight(name, [4])), weight('v', [4], [1, 1, v, 1])];
      refusedModel(
        { nodes: [node('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'])], initializers },
        'bad-operand',
        'not-finite',
      );
    }
  });

  test('an initializer that is also an input is fixed', () => {
    const inputs = [
      { name: 'x', shape: [4] },
      { name: 'w', shape: [4] },
    ];
    const found = imported({
      irVersion: 3,
      inputs,
      nodes: [node('Add', ['x', 'w'], ['y'])],
      initializers: [weight('w', [4])],
    });
    expect(found.inputs.map((p) => p.name)).toEqual(['x']);
    expect(outputOf(found)).toEqual([2, 3, 4, 5]);
  });

  test('constants that would fill the memory', () => {
    const before = peakMemory();
    const shape = [2 ** 20, 2 ** 20];
    const bombs: readonly ModelSpec[] = [
      {
        nodes: [node('ConstantOfShape', ['s'], ['c'], {}, 'bomb'), node('Add', ['x', 'c'], ['y'])],
        initializers: [whole('s', shape)],
      },
      {
        nodes: [node('ConstantOfShape', ['s'], ['c'], {}, 'bomb'), node('Add', ['x', 'c'], ['y'])],
        initializers: [whole('s', [MAX_FOLDED_ELEMENTS + 1])],
      },
      { nodes: [node('Expand', ['x', 's'], ['y'], {}, 'bomb')], initializers: [whole('s', [...shape, 1, 1])] },
      {
        nodes: [node('Expand', ['w', 's'], ['c'], {}, 'bomb'), node('Add', ['x', 'c'], ['y'])],
        initializers: [weight('w', [1]), whole('s', shape)],
      },
      { nodes: [node('Pad', ['x', 's'], ['y'], {}, 'bomb')], initializers: [whole('s', [0, 0, 10 ** 12, 10 ** 12])] },
      { nodes: [node('Reshape', ['x', 's'], ['y'], {}, 'bomb')], initializers: [whole('s', [2 ** 40, -1])] },
    ];
    for (const spec of bombs)
      expect(
        refusedModel(spec, 'tensor-too-large', 'constant-too-large', 'bad-shape', 'bad-operand', 'bad-attribute').where
          .node,
      ).toBe('bomb');
    expect(peakMemory() - before).toBeLessThan(100e6);
  });

  test('a chain of forty doublings, of a constant and of an input', () => {
    const before = peakMemory();
    const doubling = (first: string): readonly NodeSpec[] => [
      ...Array.from({ length: 40 }, (_, i) =>
        node('Concat', i === 0 ? [first, first] : [`v${i}`, `v${i}`], [`v${i + 1}`], { axis: 1 }),
      ),
      node('Add', ['x', 'v40'], ['y']),
    ];
    refusedModel({ nodes: doubling('w'), initializers: [weight('w', [1, 4])] }, 'constant-too-large');
    refusedModel({ nodes: doubling('x') }, 'tensor-too-large');
    expect(peakMemory() - before).toBeLessThan(400e6);
  });
});
