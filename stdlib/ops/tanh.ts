// Hyperbolic tangent.
import { mulRational, rational } from '../../compiler/ir/rational.ts';
import { roundedTanh } from '../../compiler/ir/real.ts';
import { defineActivation } from '../shared/activation.ts';
import { unaryImport } from '../shared/onnx-import.ts';
import { reals } from '../shared/samples.ts';

/** tanh(x). ONNX Tanh. */
export const tanh = defineActivation({
  name: 'tanh',
  doc: 'Hyperbolic tangent, element by element.',
  attrs: {},
  params: () => [],
  activation: {
    real: (_, x) => Math.tanh(x),
    table: (_, x, from, to) => roundedTanh(mulRational(rational(x), from), to),
  },
  onnx: [unaryImport('Tanh', [6, 13], 'tanh')],
  samples: [{ name: 'matrix', operands: [reals([2, 3], -4, 4)] }],
});
