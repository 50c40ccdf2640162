// Random modules over the toy operators, for property tests of text and passes: every name, number and type goes.
import fc from 'fast-check';
import type { Module, Stage, Value } from '../compiler/ir/module.ts';
import { createModuleBuilder } from '../compiler/ir/module-builder.ts';
import { type Rational, rational } from '../compiler/ir/rational.ts';
import { type Shape, sizeOf, tensor } from '../compiler/ir/tensor.ts';
import { type FloatType, intType, type TensorType } from '../compiler/ir/types.ts';
import { toyOperators } from './toy-operators.ts';

const HOSTILE = [
  '__proto__',
  'constructor',
  'toString',
  'inf',
  'nan',
  'true',
  'module',
  '0',
  '12',
  '%x',
  '"',
  '\\',
  '//',
  '/a//b',
  '/fc1/MatMul_output_0',
  'x_1',
  'x',
  'x\ny',
  '\u0000\u001b]0;title\u0007',
  '\u202eabc',
  '\ud800',
  '\udc00\ud800',
  '\u{1f600}',
  '重み',
  '\\u{41}',
  "it's } loc(",
  'a'.repeat(70),
];

/** Names as files contain them, the worst included; short alphabets make collisions likely. */
export const anyName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE, ''),
  fc.string({ unit: fc.constantFrom('x', '_', '1', '/', '.', '-', ':', '$', ' ') }),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

const anyNumber = fc.oneof(
  fc.double(),
  fc.integer({ min: -300, max: 300 }),
  fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, 1e21, 123456789012345680000, 5e-324, 0.1, 2 ** 53, 1e-7),
);

const anyShape: fc.Arbitrary<Shape> = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
  fc.constantFrom([], [0], [2, 0, 3], [65], [5, 20]),
);

const anyScale: fc.Arbitrary<Rational> = fc
  .tuple(fc.integer({ min: 1, max: 1 << 20 }), fc.integer({ min: 1, max: 1 << 20 }))
  .map(([n, d]) => rational(n, d));

const anyRange = fc
  .tuple(anyNumber, anyNumber)
  .filter(([a, b]) => !Number.isNaN(a) && !Number.isNaN(b))
  .map(([a, b]): readonly [number, number] => (a <= b ? [a, b] : [b, a]));

function anyType(stage: Stage, shape: Shape): fc.Arbitrary<TensorType> {
  if (stage === 'int')
    return fc
      .tuple(fc.integer({ min: -1000, max: 0 }), fc.integer({ min: 0, max: 2 ** 40 }), anyScale)
      .map(([lo, hi, scale]) => intType(shape, lo, hi, scale));
  return fc
    .record({
      range: fc.option(anyRange, { nil: undefined }),
      integral: fc.boolean(),
    })
    .map(
      ({ range, integral }): FloatType => ({
        kind: 'float',
        element: 'f32',
        shape,
        ...(range === undefined ? {} : { range }),
        ...(integral ? { integral: true as const } : {}),
      }),
    );
}

function anyTensor(type: TensorType): fc.Arbitrary<ReturnType<typeof tensor>> {
  const n = sizeOf(type.shape);
  const element = type.kind === 'int' ? fc.integer({ min: type.lo, max: Math.min(type.hi, 5000) }) : anyNumber;
  return fc
    .tuple(fc.array(element, { minLength: n, maxLength: n }), fc.boolean())
    .map(([data, single]) => tensor(type.shape, single && type.kind === 'float' ? Float32Array.from(data) : data));
}

const anyAttributes = fc.record(
  {
    count: fc.maxSafeInteger(),
    slope: anyNumber,
    mode: anyName,
    keep: fc.boolean(),
    axes: fc.array(fc.integer(), { maxLength: 4 }),
    weights: fc.array(anyNumber, { maxLength: 4 }),
    labels: fc.array(anyName, { maxLength: 4 }),
  },
  { requiredKeys: [] },
);

const anyLocation = fc.oneof(
  fc.constant({ node: '', index: -1 }),
  fc.record({ node: anyName, index: fc.integer({ min: -1, max: 1000 }) }),
);

const anyStep = fc.record({
  op: fc.constantFrom('toy_sum', 'toy_twins', 'toy_attributes'),
  attrs: anyAttributes,
  names: fc.array(anyName, { minLength: 2, maxLength: 2 }),
  operands: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  loc: anyLocation,
});

/** A valid module with one shape for all its values, up to 8 operations and at least one output. */
export const anyModule: fc.Arbitrary<Module> = fc
  .tuple(fc.constantFrom<Stage>('float', 'int'), anyShape)
  .chain(([stage, shape]) =>
    fc.record({
      stage: fc.constant(stage),
      name: anyName,
      inputs: fc.uniqueArray(fc.tuple(anyName, anyType(stage, shape)), {
        selector: ([name]) => name,
        minLength: 1,
        maxLength: 3,
      }),
      constants: fc.array(
        anyType(stage, shape).chain((type) => fc.tuple(anyName, fc.constant(type), anyTensor(type))),
        { maxLength: 3 },
      ),
      steps: fc.array(anyStep, { maxLength: 8 }),
      outputs: fc.uniqueArray(fc.tuple(anyName, fc.nat()), { selector: ([name]) => name, minLength: 1, maxLength: 3 }),
    }),
  )
  .map(({ stage, name, inputs, constants, steps, outputs }) => {
    const b = createModuleBuilder(name, stage, toyOperators);
    const values: Value[] = [
      ...inputs.map(([n, type]) => b.input(n, type)),
      ...constants.map(([n, type, t]) => b.constantOfType(n, t, type)),
    ];
    for (const { op, attrs, names, operands, loc } of steps) {
      if (stage === 'int' && op === 'toy_attributes') continue;
      const picked = operands.slice(0, op === 'toy_sum' ? 3 : 1).map((i) => values[i % values.length]!);
      const like = names.map((n) => ({ name: n, type: picked[0]!.type }));
      values.push(...b.emitAt(loc, op, picked, op === 'toy_attributes' ? attrs : {}, like));
    }
    for (const [n, i] of outputs) b.output(n, values[i % values.length]!);
    return b.finish();
  });
