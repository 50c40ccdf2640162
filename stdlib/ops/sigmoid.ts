// Logistic function.
import { mulRational, rational } from '../../compiler/ir/rational.ts';
import { roundedLogistic } from '../../compiler/ir/real.ts';
import { defineActivation } from '../shared/activation.ts';
import { unaryImport } from '../shared/onnx-import.ts';
import { reals } from '../shared/samples.ts';

/** 1 / (1 + e^-x). ONNX Sigmoid. */
export const sigmoid = defineActivation({
  name: 'sigmoid',
  doc: '1 / (1 + exp(-x)), element by element.',
  attrs: {},
  params: () => [],
  activation: {
    real: (_, x) => 1 / (1 + Math.exp(-x)),
    table: (_, x, from, to) => roundedLogistic(mulRational(rational(x), from), to),
  },
  onnx: [unaryImport('Sigmoid', [6, 13], 'sigmoid')],
  samples: [{ name: 'matrix', operands: [reals([2, 3], -8, 8)] }],
});
