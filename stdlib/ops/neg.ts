// Negation.
import { interval, scaleInterval } from '../../compiler/ir/interval.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import { scaled } from '../gadgets/linear.ts';
import { mapTensor } from '../shared/elementwise.ts';
import { unaryImport } from '../shared/onnx-import.ts';
import { int8, ints } from '../shared/samples.ts';
import { elementwiseTile } from '../shared/tiles.ts';
import { floatResult, intResult, NUMBERS, operandsOf } from '../shared/types.ts';

/** -x. ONNX Neg. */
export const neg = defineOp({
  name: 'neg',
  doc: 'The negative of each element.',
  operands: ['x'],
  results: ['y'],
  attrs: {},
  quantization: { kind: 'exact', narrow: 'none' },
  infer(types) {
    const operands = operandsOf('neg', types, NUMBERS);
    if (operands.kind === 'float') return [floatResult('neg', types[0]!.shape, operands.element)];
    const { shape, lo, hi, scale } = operands.types[0]!;
    return [intResult('neg', shape, scaleInterval(interval(lo, hi), -1n), scale)];
  },
  evalFloat: ([x]) => [mapTensor(x!, (v) => -v)],
  // 0 - v: there is no negative zero among the integers.
  evalInt: ([x]) => [mapTensor(x!, (v) => 0 - v)],
  lower: (b, [x]) => [scaled(b, x!, -1n)],
  tile: elementwiseTile,
  onnx: [unaryImport('Neg', [6, 13], 'neg')],
  samples: [
    { name: 'signed', operands: [int8([2, 3])] },
    { name: 'unsigned', operands: [ints([4], 0, 255)] },
  ],
});
