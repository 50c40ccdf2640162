// Small operators for tests of the machinery: they cover variadic operands, several results, attributes of every kind.
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { defineOp, operatorRegistry } from '../compiler/ir/op.ts';
import { broadcastShapes, sizeOf, type Tensor, zeros } from '../compiler/ir/tensor.ts';
import { floatType, intType, type TensorType } from '../compiler/ir/types.ts';

const QUANTIZATION = { kind: 'exact', narrow: 'none' } as const;

function sameKind(t: TensorType, shape: readonly number[], lo: number, hi: number): TensorType {
  return t.kind === 'float' ? floatType(shape, t.element) : intType(shape, lo, hi, t.scale);
}

function elementwise(shape: readonly number[], operands: readonly Tensor[], f: (...x: number[]) => number): Tensor {
  const out = zeros(shape);
  for (let i = 0; i < out.data.length; i++)
    out.data[i] = f(...operands.map((t) => t.data[sizeOf(t.shape) === 1 ? 0 : i]!)) + 0;
  return out;
}

const sum = (operands: readonly Tensor[]): readonly Tensor[] => [
  elementwise(broadcastShapes(...operands.map((t) => t.shape)), operands, (...x) => x.reduce((a, b) => a + b, 0)),
];

/** Sum of any number of tensors. */
export const toySum = defineOp({
  name: 'toy_sum',
  doc: 'Sum of its operands.',
  operands: ['x...'],
  results: ['y'],
  attrs: {},
  quantization: QUANTIZATION,
  infer(operands) {
    const [first] = operands;
    if (first === undefined) throw new Diagnostic('bad-operands', 'toy_sum needs an operand');
    const shape = broadcastShapes(...operands.map((t) => t.shape));
    const ints = operands.filter((t) => t.kind === 'int');
    return [
      sameKind(
        first,
        shape,
        ints.reduce((n, t) => n + t.lo, 0),
        ints.reduce((n, t) => n + t.hi, 0),
      ),
    ];
  },
  evalFloat: sum,
  evalInt: sum,
  lower: (_b, operands) => operands,
  samples: [{ name: 'two', operands: [floatType([2]), floatType([2])] }],
});

/** Two results of the operand's type. */
export const toyTwins = defineOp({
  name: 'toy_twins',
  doc: 'Its operand twice.',
  operands: ['x'],
  results: ['a', 'b'],
  attrs: {},
  quantization: QUANTIZATION,
  infer: ([x]) => [{ ...x! }, { ...x! }],
  evalFloat: ([x]) => [x!, x!],
  evalInt: ([x]) => [x!, x!],
  lower: (_b, [x]) => [x!, x!],
  samples: [{ name: 'one', operands: [floatType([2])] }],
});

/** Attributes of every kind; the identity otherwise, and only over the reals. */
export const toyAttributes = defineOp({
  name: 'toy_attributes',
  doc: 'The identity, with attributes of every kind.',
  operands: ['x'],
  results: ['y'],
  attrs: {
    count: { kind: 'int', doc: 'A whole number.', default: 0 },
    slope: { kind: 'float', doc: 'A number.', default: 0.5 },
    mode: { kind: 'string', doc: 'A string.', default: '' },
    keep: { kind: 'bool', doc: 'A flag.', default: false },
    axes: { kind: 'ints', doc: 'Whole numbers.', default: [] },
    weights: { kind: 'floats', doc: 'Numbers.', default: [] },
    labels: { kind: 'strings', doc: 'Strings.', default: [] },
  },
  quantization: { kind: 'none' },
  infer: ([x]) => [{ ...x! }],
  evalFloat: ([x]) => [x!],
  samples: [{ name: 'defaults', operands: [floatType([2])] }],
});

export const toyOperators = operatorRegistry([toySum, toyTwins, toyAttributes]);
