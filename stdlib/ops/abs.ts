// Absolute value.
import { type Interval, interval, max } from '../../compiler/ir/interval.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import type { IntType } from '../../compiler/ir/types.ts';
import { absolute } from '../gadgets/absolute.ts';
import { mapTensor } from '../shared/elementwise.ts';
import { unaryImport } from '../shared/onnx-import.ts';
import { int8, ints } from '../shared/samples.ts';
import { elementwiseTile } from '../shared/tiles.ts';
import { floatResult, intResult, NUMBERS, operandsOf } from '../shared/types.ts';

function magnitudes({ lo, hi }: IntType): Interval {
  if (lo >= 0) return interval(lo, hi);
  if (hi <= 0) return interval(-hi, -lo);
  return interval(0n, max(BigInt(-lo), BigInt(hi)));
}

/** |x|. ONNX Abs. */
export const abs = defineOp({
  name: 'abs',
  doc: 'The absolute value of each element.',
  operands: ['x'],
  results: ['y'],
  attrs: {},
  quantization: { kind: 'exact', narrow: 'all' },
  infer(types) {
    const operands = operandsOf('abs', types, NUMBERS);
    if (operands.kind === 'float') return [floatResult('abs', types[0]!.shape, operands.element)];
    const x = operands.types[0]!;
    return [intResult('abs', x.shape, magnitudes(x), x.scale)];
  },
  evalFloat: ([x]) => [mapTensor(x!, Math.abs)],
  evalInt: ([x]) => [mapTensor(x!, Math.abs)],
  lower: (b, [x]) => [absolute(b, x!, 'abs')],
  tile: elementwiseTile,
  onnx: [unaryImport('Abs', [6, 13], 'abs')],
  samples: [
    { name: 'signed', operands: [int8([2, 3])] },
    { name: 'uneven range', operands: [ints([5], -3, 200)] },
    { name: 'negative', operands: [ints([4], -9, -2)] },
    { name: 'positive', operands: [ints([4], 2, 9)] },
  ],
});
