// Rectified linear unit.

import { divRational, mulRational, rational } from '../../compiler/ir/rational.ts';
import { roundHalfUp } from '../../compiler/ir/real.ts';
import { defineActivation } from '../shared/activation.ts';
import { unaryImport } from '../shared/onnx-import.ts';
import { reals } from '../shared/samples.ts';
import { NUMBERS } from '../shared/types.ts';

/** max(x, 0). ONNX Relu. */
export const relu = defineActivation({
  name: 'relu',
  doc: 'max(x, 0), element by element.',
  attrs: {},
  elements: NUMBERS,
  params: () => [],
  activation: {
    real: (_, x) => Math.max(x, 0),
    table: (_, x, from, to) => roundHalfUp(divRational(mulRational(rational(x > 0n ? x : 0n), from), to)),
    clamp: () => [0, Number.POSITIVE_INFINITY],
  },
  onnx: [unaryImport('Relu', [6, 13, 14], 'relu')],
  samples: [
    { name: 'matrix', operands: [reals([2, 3])] },
    { name: 'scalar', operands: [reals([])] },
  ],
});
