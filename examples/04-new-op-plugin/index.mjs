// A plugin with one operator that the standard library does not have: ONNX HardSigmoid. Everything else follows from this file.
import { definePlugin } from 'zkmlc';
import { compareRational, divRational, mulRational, ONE, rational, rationalFromNumber, roundHalfUp } from 'zkmlc/ir';
import { defineActivation, floatAttribute, operandOf, reals } from 'zkmlc/stdlib';

/** max(0, min(1, alpha * x + beta)), by https://onnx.ai/onnx/operators/onnx__HardSigmoid.html */
const hardSigmoid = defineActivation({
  name: 'hard_sigmoid',
  doc: 'max(0, min(1, alpha * x + beta)), element by element.',
  attrs: {
    alpha: { kind: 'float', doc: 'Slope.', default: Math.fround(0.2) },
    beta: { kind: 'float', doc: 'Value at 0.', default: 0.5 },
  },
  params: ({ alpha, beta }) => [alpha, beta],
  activation: {
    // Over the reals: what the float model computes, and what ranges are derived from.
    real: ([alpha, beta], x) => Math.max(0, Math.min(1, alpha * x + beta)),
    // Over the integers: exact rationals, rounded once, so that every machine builds the same table.
    table([alpha, beta], x, from, to) {
      const y = plus(mulRational(rationalFromNumber(alpha), mulRational(rational(x), from)), rationalFromNumber(beta));
      const clamped = y.num < 0n ? rational(0) : compareRational(y, ONE) > 0 ? ONE : y;
      return roundHalfUp(divRational(clamped, to));
    },
  },
  onnx: [
    {
      opType: 'HardSigmoid',
      since: [6, 22],
      attributes: ['alpha', 'beta'],
      import: (node, e) =>
        e.emit('hard_sigmoid', [operandOf(node, 0, 'X')], {
          alpha: floatAttribute(node, 'alpha', Math.fround(0.2)),
          beta: floatAttribute(node, 'beta', 0.5),
        }),
    },
  ],
  samples: [
    { name: 'defaults', operands: [reals([2, 3])] },
    { name: 'steep', attrs: { alpha: 0.75, beta: 0.25 }, operands: [reals([4], -2, 2)] },
  ],
});

/** a + b. */
function plus(a, b) {
  return rational(a.num * b.den + b.num * a.den, a.den * b.den);
}

export default definePlugin({ name: 'hard-sigmoid-example', ops: [hardSigmoid] });
