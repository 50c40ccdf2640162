// Hostile inputs, group B: graphs that contradict themselves, versions and operators that are not known.
import { describe, expect, test } from 'vitest';
import { schema } from '../../compiler/frontend/onnx/schema.ts';
import { type ModelSpec, type NodeSpec, onnxModel } from '../kits/onnx-builder.ts';
import { messageField, stringField, varintField } from '../kits/protobuf-writer.ts';
import { importBytes, imported, node, outputOf, refusedModel, weight, whole } from './import-kit.ts';
import { peakMemory, refused } from './refused.ts';

const relu = node('Relu', ['x'], ['y']);

describe('B1: what is missing or has an unknown version', () => {
  test('no graph, no nodes, no outputs', () => {
    const F = schema.ModelProto;
    const header = messageField(F.opset_import.id, varintField(schema.OperatorSetIdProto.version.id, 17));
    refused(() => importBytes(Uint8Array.of(...varintField(F.ir_version.id, 8), ...header)), 'not-onnx');
    refusedModel({ outputs: [], nodes: [relu] }, 'empty-graph');
    expect(refusedModel({ nodes: [] }, 'undefined-name').where.field).toBe('y');
  });

  test('operator sets: none, 0, negative, absurd, newer than known', () => {
    refusedModel({ opsets: [], nodes: [relu] }, 'missing-opset');
    for (const version of [0, -1, 10 ** 9, 29])
      expect(refusedModel({ opset: version, nodes: [relu] }, 'unsupported-opset').message).toContain(
        `opset ${version};`,
      );
    refusedModel(
      { opsets: [{ domain: '', version: 2n ** 62n }], nodes: [relu] },
      'unsupported-opset',
      'integer-too-large',
    );
    expect(imported({ opset: 28, nodes: [relu] }).warnings).toEqual([]);
    expect(imported({ opset: 6, nodes: [relu] }).warnings).toEqual([]);
  });

  test('opsets 1 to 5 name the operator that was defined differently', () => {
    for (const opset of [1, 2, 3, 4, 5]) {
      const nodes = [node('Transpose', ['x'], ['t']), node('Relu', ['t'], ['y'])];
      const found = refusedModel({ opset, nodes }, 'unsupported-opset');
      expect(found.message).toContain(`opset ${opset};`);
      expect(found.message).toContain('"Relu"');
    }
  });

  test('one domain in two versions; the same version twice is harmless; ai.onnx is the default domain', () => {
    const opsets = (...versions: readonly number[]): ModelSpec => ({
      opsets: versions.map((version, i) => ({ domain: i === 0 ? '' : 'ai.onnx', version })),
      nodes: [{ ...relu, domain: 'ai.onnx' }],
    });
    refusedModel(opsets(17, 18), 'conflicting-opsets');
    expect(outputOf(imported(opsets(17, 17)))).toEqual([1, 2, 3, 4]);
    expect(outputOf(imported({ opsets: [{ domain: 'ai.onnx', version: 13 }], nodes: [relu] }))).toEqual([1, 2, 3, 4]);
    refusedModel({ opsets: [{ domain: 'ai.onnx.ml', version: 3 }], nodes: [relu] }, 'unsupported-operators');
  });

  test('IR versions', () => {
    for (const irVersion of [0, 1, 2, 2 ** 31, 2n ** 62n, -1n])
      refusedModel({ irVersion, nodes: [relu] }, 'unsupported-ir-version', 'integer-too-large');
    for (const irVersion of [3, 8, 13]) expect(imported({ irVersion, nodes: [relu] }).warnings).toEqual([]);
    for (const irVersion of [14, 99])
      expect(imported({ irVersion, nodes: [relu] }).warnings.map((w) => w.code)).toEqual(['newer-ir-version']);
  });
});

describe('B2: cycles', () => {
  test.each([1, 2, 1000])('of %d nodes', (length) => {
    const ring = Array.from({ length }, (_, i) => node('Add', ['x', `v${(i + length - 1) % length}`], [`v${i}`]));
    const found = refusedModel({ nodes: [...ring, node('Relu', ['v0'], ['y'])] }, 'cyclic-graph');
    expect(found.where.node).toMatch(/^Add_v/);
    expect(found.message.length).toBeLessThan(500);
  });
});

describe('B3: order of nodes', () => {
  test('out of order but acyclic is sorted', () => {
    const nodes = [node('Add', ['a', 'b'], ['y']), node('Neg', ['a'], ['b']), node('Mul', ['x', 'x'], ['a'])];
    const found = imported({ nodes });
    expect(found.module.operations.map((o) => o.op)).toEqual(['mul', 'neg', 'add']);
    expect(outputOf(found)).toEqual([0, 0, 0, 0]);
  });

  test('a chain of 20 000 nodes, written backwards', () => {
    const length = 20_000;
    const nodes = Array.from({ length }, (_, i) =>
      node('Relu', [i === 0 ? 'x' : `v${i - 1}`], [i === length - 1 ? 'y' : `v${i}`]),
    );
    expect(imported({ nodes: nodes.toReversed() }).module.operations).toHaveLength(length);
  });
});

describe('B4: names that lead nowhere, outputs that are inputs', () => {
  test('never produced', () => {
    const found = refusedModel({ nodes: [node('Add', ['x', 'ghost'], ['y'], {}, 'sum')] }, 'undefined-name');
    expect(found.where).toMatchObject({ node: 'sum', field: 'ghost' });
    expect(refusedModel({ outputs: [{ name: 'z' }], nodes: [relu] }, 'undefined-name').where.field).toBe('z');
  });

  test('an output that is an input or an initializer is legal', () => {
    const outputs = [{ name: 'x' }, { name: 'w' }, { name: 'y' }];
    const found = imported({ outputs, nodes: [relu], initializers: [weight('w', [2], [7, 8])] });
    expect(outputOf(found, 'x')).toEqual([1, 2, 3, 4]);
    expect(outputOf(found, 'w')).toEqual([7, 8]);
    expect(found.warnings.map((w) => [w.code, w.where.field])).toEqual([['constant-output', 'w']]);
  });

  test('one output listed twice', () => {
    refusedModel({ outputs: [{ name: 'y' }, { name: 'y' }], nodes: [relu] }, 'duplicate-name');
  });

  test('an output of a node that shadows an initializer', () => {
    refusedModel({ nodes: [relu], initializers: [weight('y', [1])] }, 'duplicate-name');
  });
});

describe('B5: names defined twice', () => {
  const twice: readonly (readonly [string, ModelSpec])[] = [
    ['outputs of two nodes', { nodes: [relu, node('Neg', ['x'], ['y'])] }],
    ['outputs of one node', { nodes: [node('Split', ['x'], ['y', 'y'], { axis: 1 })] }],
    ['a node output and a graph input', { nodes: [node('Relu', ['x'], ['x']), node('Neg', ['x'], ['y'])] }],
    [
      'a node output and an initializer',
      { nodes: [relu, node('Neg', ['y'], ['w'])], initializers: [weight('w', [4])] },
    ],
    [
      'two initializers',
      { nodes: [node('Add', ['x', 'w'], ['y'])], initializers: [weight('w', [4]), weight('w', [4], [2, 2, 2, 2])] },
    ],
    [
      'two inputs',
      {
        inputs: [
          { name: 'x', shape: [4] },
          { name: 'x', shape: [4] },
        ],
        nodes: [relu],
      },
    ],
  ];
  test.each(twice)('%s', (_, spec) => {
    expect(refusedModel(spec, 'duplicate-name').where.field).toBeDefined();
  });

  test('names that an object would not hold', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const nodes = [node('Add', ['x', name], ['h'], {}, name), node('Neg', ['h'], ['y'])];
      expect(outputOf(imported({ nodes, initializers: [weight(name, [4])] }))).toEqual([-2, -3, -4, -5]);
      refusedModel({ nodes }, 'undefined-name');
      refusedModel({ nodes: [node(name, ['x'], ['y'])] }, 'unsupported-operators');
      refusedModel({ nodes: [node('Relu', ['x'], ['y'], { [name]: 1 })] }, 'unsupported-attribute');
    }
  });
});

describe('B6: attributes', () => {
  test('unknown ones are refused by name', () => {
    const found = refusedModel({ nodes: [node('Relu', ['x'], ['y'], { slope: 1 }, 'act')] }, 'unsupported-attribute');
    expect(found.where).toMatchObject({ node: 'act', field: 'slope' });
  });

  test('wrong types, references outside a function, graphs', () => {
    const flatten = (axis: NonNullable<NodeSpec['attributes']>[string]) =>
      refusedModel(
        { nodes: [node('Flatten', ['x'], ['y'], { axis }, 'flat')] },
        'bad-attribute',
        'unsupported-attribute',
      );
    for (const axis of [0.5, 'one', [1], { kind: 'reference', value: 'axis' }, { kind: 'graph', value: {} }] as const)
      expect(flatten(axis).where).toMatchObject({ node: 'flat', field: 'axis' });
  });

  test('whole numbers beyond 2^53', () => {
    const found = refusedModel({ nodes: [node('Flatten', ['x'], ['y'], { axis: 2n ** 53n + 1n })] });
    expect(['integer-too-large', 'bad-attribute']).toContain(found.code);
    refusedModel({ nodes: [node('Flatten', ['x'], ['y'], { axis: 2n ** 63n - 1n })] }, 'bad-attribute');
  });
});

describe('B7: operators', () => {
  test('all unknown nodes are listed at once, with their names', () => {
    const nodes = [
      node('Foo', ['x'], ['a'], {}, 'first'),
      { ...node('Relu', ['a'], ['b'], {}, 'second'), domain: 'com.acme' },
      node('Foo', ['b'], ['c'], {}, ''),
      node('Relu', ['c'], ['y']),
    ];
    const found = refusedModel({ nodes }, 'unsupported-operators');
    expect(found.others.map((o) => o.where.node)).toEqual(['first', 'second', 'Foo#2']);
    for (const name of ['3 nodes', '"Foo"', '"first"', '"com.acme::Relu"', '"second"', '"Foo#2"'])
      expect(found.message).toContain(name);
  });

  test('an operator that the declared operator set does not have yet', () => {
    const nodes = [node('ConstantOfShape', ['s'], ['c']), node('Add', ['x', 'c'], ['y'])];
    const found = refusedModel({ opset: 8, nodes, initializers: [whole('s', [4])] }, 'unsupported-operators');
    expect(found.message).toContain('from opset 9 on, but the model declares opset 8');
    expect(found.others[0]?.where.node).toBe('ConstantOfShape_c');
  });

  test.each([
    'ImageScaler',
    'Affine',
    'Crop',
    'RequantShift',
    'RandomNormal',
    'RandomUniformLike',
    'Bernoulli',
    'If',
    'SequenceAt',
  ])('%s', (op) => {
    expect(refusedModel({ nodes: [node(op, ['x'], ['y'], {}, 'bad')] }, 'unsupported-operators').where.node).toBe(
      'bad',
    );
  });

  test('many unknown operators make a short message', () => {
    const nodes = Array.from({ length: 3000 }, (_, i) =>
      node(`Op${i}`.padEnd(200, 'x'), [i === 0 ? 'x' : `v${i - 1}`], [i === 2999 ? 'y' : `v${i}`]),
    );
    const found = refusedModel({ nodes }, 'unsupported-operators');
    expect(found.others).toHaveLength(3000);
  });
});

describe('B8: numbers of inputs and outputs', () => {
  const bad: readonly (readonly [string, NodeSpec])[] = [
    ['too few', node('Add', ['x'], ['y'], {}, 'bad')],
    ['too many', node('Relu', ['x', 'x'], ['y'], {}, 'bad')],
    ['none', node('Relu', [], ['y'], {}, 'bad')],
    ['a required one left out', node('Add', ['', 'x'], ['y'], {}, 'bad')],
  ];
  test.each(bad)('%s', (_, n) => {
    const found = refusedModel(
      { nodes: [relu, { ...n, outputs: ['z'] }], outputs: [{ name: 'y' }, { name: 'z' }] },
      'bad-operands',
      'missing-operand',
    );
    expect(found.where.node).toBe('bad');
  });

  test('trailing empty names are legal', () => {
    expect(outputOf(imported({ nodes: [node('Relu', ['x', '', ''], ['y', ''])] }))).toEqual([1, 2, 3, 4]);
  });

  test('outputs that are not computed may exist, but not be used', () => {
    const spec = (used: string): ModelSpec => ({
      inputs: [{ name: 'x', shape: [1, 1, 4] }],
      nodes: [node('MaxPool', ['x'], ['p', 'i'], { kernel_shape: [2] }, 'pool'), node('Relu', [used], ['y'])],
      outputs: [{ name: 'y', dtype: used === 'i' ? 'int64' : 'float32' }],
    });
    expect(outputOf(imported(spec('p')))).toEqual([2, 3, 4]);
    expect(refusedModel(spec('i'), 'unsupported-output').where).toMatchObject({ node: 'pool', field: 'i' });
    refusedModel({ nodes: [node('Relu', ['x'], ['z', 'y'])] }, 'unsupported-output');
  });
});

describe('B9: nothing depends on an input', () => {
  test('no inputs, only constant outputs, only dead nodes', () => {
    const constant = node('Constant', [], ['y'], { value_floats: [1.5, 2] });
    refusedModel({ inputs: [], nodes: [constant] }, 'constant-model');
    refusedModel({ nodes: [constant, node('Relu', ['x'], ['z'])] }, 'constant-model');
    refusedModel({ nodes: [node('Shape', ['x'], ['y'])], outputs: [{ name: 'y', dtype: 'int64' }] }, 'constant-model');
  });

  test('dead nodes and unused inputs are left out with a warning', () => {
    const inputs = [
      { name: 'x', shape: [4] },
      { name: 'unused', shape: [2] },
    ];
    const found = imported({ inputs, nodes: [relu, node('NoSuchThing', ['x'], ['z'])] });
    expect(found.warnings.map((w) => w.code)).toEqual(['unused-input', 'dead-nodes']);
    expect(found.module.operations).toHaveLength(1);
  });
});

describe('B10: declared types against inferred ones', () => {
  const wrong: readonly ModelSpec['outputs'][] = [
    [{ name: 'y', shape: [1, 5] }],
    [{ name: 'y', shape: [4] }],
    [{ name: 'y', shape: [] }],
    [{ name: 'y', shape: ['n', 1, 4] }],
    [{ name: 'y', dtype: 'int64', shape: [1, 4] }],
    [{ name: 'y', dtype: 'bool' }],
  ];
  test.each(wrong.map((outputs) => ({ outputs })))('$outputs', ({ outputs }) => {
    expect(refusedModel({ nodes: [relu], ...(outputs && { outputs }) }, 'contradicting-output').where.field).toBe('y');
  });

  test('symbols claim nothing, and claims about intermediate values are not believed', () => {
    const spec = {
      nodes: [node('Neg', ['x'], ['h']), node('Relu', ['h'], ['y'])],
      valueInfos: [{ name: 'h', shape: [9, 9] }],
    };
    const found = imported({ ...spec, outputs: [{ name: 'y', shape: ['batch', null] }] });
    expect(found.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: [1, 4] }]);
  });
});

describe('B11: functions', () => {
  test('calls are refused, unused functions are ignored, standard operators cannot be replaced', () => {
    const functions = [
      { name: 'Swish', domain: 'com.acme' },
      { name: 'Loop', domain: 'com.acme' },
    ];
    const call = { ...node('Swish', ['x'], ['y'], {}, 'act'), domain: 'com.acme' };
    expect(refusedModel({ functions, nodes: [call] }, 'unsupported-operators').message).toContain('function');
    expect(outputOf(imported({ functions, nodes: [relu] }))).toEqual([1, 2, 3, 4]);
    for (const domain of ['', 'ai.onnx'])
      refusedModel({ functions: [{ name: 'Relu', domain }], nodes: [relu] }, 'unsupported-operators');
  });

  test('20 000 functions', () => {
    const functions = Array.from({ length: 20_000 }, (_, i) => ({ name: `f${i}`, domain: 'd' }));
    expect(imported({ functions, nodes: [relu] }).module.operations).toHaveLength(1);
  });
});

describe('B12: random operators and training mode', () => {
  const vectors = ['s', 'b', 'm', 'v'].map((name) => weight(name, [4]));
  const normalize = (attributes: NodeSpec['attributes']): ModelSpec => ({
    nodes: [node('BatchNormalization', ['x', 's', 'b', 'm', 'v'], ['y'], attributes, 'norm')],
    initializers: vectors,
  });
  test('BatchNormalization', () => {
    expect(refusedModel(normalize({ training_mode: 1 }), 'training-mode').where.node).toBe('norm');
    refusedModel({ ...normalize({}), opset: 6 }, 'training-mode');
    expect(imported({ ...normalize({ is_test: 1 }), opset: 6 }).module.operations).toHaveLength(1);
    refusedModel({ ...normalize({ spatial: 0 }), opset: 8 }, 'unsupported-attribute');
  });

  test('Dropout', () => {
    const drop = (mode: number): ModelSpec => ({
      nodes: [node('Dropout', ['x', 'r', 't'], ['d'], {}, 'drop'), node('Relu', ['d'], ['y'])],
      initializers: [weight('r', [], [0.5]), { name: 't', dims: [], data: [mode], dtype: 'bool' }],
    });
    expect(outputOf(imported(drop(0)))).toEqual([1, 2, 3, 4]);
    expect(refusedModel(drop(1), 'training-mode').where.node).toBe('drop');
  });
});

describe('B13: what does not matter and what does', () => {
  test('metadata and documentation are skipped, whatever their size', () => {
    const plain = onnxModel({ inputs: [{ name: 'x', shape: [4] }], outputs: [{ name: 'y' }], nodes: [relu] });
    const doc = stringField(schema.ModelProto.doc_string.id, 'd'.repeat(50_000_000));
    const file = new Uint8Array(plain.length + doc.length);
    file.set(plain);
    file.set(doc, plain.length);
    const before = peakMemory();
    expect(importBytes(file).module.operations).toHaveLength(1);
    expect(peakMemory() - before).toBeLessThan(100e6);
  });
});
