// Limits of both signs.
import type { OnnxNode } from '../../compiler/ir/op.ts';
import { floatAttribute, operandOf } from '../onnx.ts';
import { clampedEntry, defineActivation } from '../shared/activation.ts';
import { constantScalar, refuse } from '../shared/onnx-import.ts';
import { reals } from '../shared/samples.ts';
import { NUMBERS } from '../shared/types.ts';

/** Largest float32: ONNX's own bound where the node gives none. */
const FLOAT32_MAX = (2 - 2 ** -23) * 2 ** 127;

/** A limit beyond the float32 range is no limit. */
function finite(n: OnnxNode, name: string, value: number): number {
  if (Number.isNaN(value)) throw refuse(n, 'bad-operand', name, `${name} expects a number, got NaN`);
  return Math.min(Math.max(value, -FLOAT32_MAX), FLOAT32_MAX);
}

/** min(max(x, min), max); `max` alone where it is below `min`. ONNX Clip. */
export const clip = defineActivation({
  name: 'clip',
  doc: 'min(max(x, min), max), element by element; all elements are max where max is below min.',
  attrs: {
    min: { kind: 'float', doc: 'Least result.', default: -FLOAT32_MAX },
    max: { kind: 'float', doc: 'Largest result.', default: FLOAT32_MAX },
  },
  elements: NUMBERS,
  params: ({ min, max }) => [Math.min(min, max), max],
  activation: {
    real: ([min, max], x) => Math.min(Math.max(x, min!), max!),
    table: ([min, max], x, from, to) => clampedEntry(x, from, to, min!, max!),
    clamp: ([min, max]) => [min!, max!],
  },
  onnx: [
    {
      opType: 'Clip',
      since: [6, 11, 12, 13],
      attributes: ['max', 'min'],
      inputs: [1, 3],
      import(n, e) {
        const limit = (name: string, i: number, otherwise: number): number =>
          finite(
            n,
            name,
            n.opset < 11 ? floatAttribute(n, name, otherwise) : (constantScalar(n, e, i, name) ?? otherwise),
          );
        const attrs = { min: limit('min', 1, -FLOAT32_MAX), max: limit('max', 2, FLOAT32_MAX) };
        return e.emit('clip', [operandOf(n, 0, 'input')], attrs);
      },
    },
  ],
  samples: [
    { name: 'both limits', attrs: { min: 0, max: 6 }, operands: [reals([2, 3], -4, 12)] },
    { name: 'lower limit only', attrs: { min: -1.5 }, operands: [reals([4])] },
    { name: 'limits in the wrong order', attrs: { min: 2, max: 1 }, operands: [reals([3])] },
  ],
});
