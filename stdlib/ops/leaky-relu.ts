// Rectifier with a slope for negative arguments.
import { divRational, mulRational, rational, rationalFromNumber } from '../../compiler/ir/rational.ts';
import { roundHalfUp } from '../../compiler/ir/real.ts';
import { floatAttribute, operandOf } from '../onnx.ts';
import { defineActivation } from '../shared/activation.ts';
import { reals } from '../shared/samples.ts';

/** x for x >= 0, else alpha * x. ONNX LeakyRelu. */
export const leakyRelu = defineActivation({
  name: 'leaky_relu',
  doc: 'x where x >= 0, else alpha * x, element by element.',
  attrs: { alpha: { kind: 'float', doc: 'Slope for negative x.', default: 0.01 } },
  params: ({ alpha }) => [alpha],
  activation: {
    real: ([alpha], x) => (x >= 0 ? x : alpha! * x),
    table([alpha], x, from, to) {
      const value = mulRational(rational(x), from);
      return roundHalfUp(divRational(x >= 0n ? value : mulRational(value, rationalFromNumber(alpha!)), to));
    },
  },
  onnx: [
    {
      opType: 'LeakyRelu',
      since: [6, 16],
      attributes: ['alpha'],
      import: (n, e) =>
        e.emit('leaky_relu', [operandOf(n, 0, 'X')], { alpha: floatAttribute(n, 'alpha', Math.fround(0.01)) }),
    },
  ],
  samples: [
    { name: 'default slope', operands: [reals([2, 3])] },
    { name: 'slope', attrs: { alpha: 0.25 }, operands: [reals([4])] },
  ],
});
