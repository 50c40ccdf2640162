// Conversion between reals, whole numbers and truth values where it changes no value; rounding casts are `truncate`.

import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { Value } from '../../compiler/ir/module.ts';
import { defineOp, type Emitter, type OnnxNode } from '../../compiler/ir/op.ts';
import { type Element, intType, type TensorType } from '../../compiler/ir/types.ts';
import { integerBounds } from '../integers.ts';
import { intAttribute, operandOf } from '../onnx.ts';
import { refuse } from '../shared/onnx-import.ts';
import { int8, ints } from '../shared/samples.ts';
import { elementwiseTile } from '../shared/tiles.ts';
import { withShape } from '../shared/types.ts';

/** TensorProto.DataType of the types that can be cast to. */
const targets: ReadonlyMap<number, string> = new Map([
  [1, 'float32'],
  [2, 'uint8'],
  [3, 'int8'],
  [4, 'uint16'],
  [5, 'int16'],
  [6, 'int32'],
  [7, 'int64'],
  [9, 'bool'],
  [10, 'float16'],
  [11, 'float64'],
  [12, 'uint32'],
  [13, 'uint64'],
  [16, 'bfloat16'],
]);

const elements: readonly Element[] = ['f32', 'i64', 'bool'];

/**
 * Reals are exact here, so casts between float types change nothing: narrower floats are not rounded. `saturate` and
 * `round_mode` concern 8-bit floats only.
 */
function importCast(n: OnnxNode, e: Emitter): readonly Value[] {
  const x = operandOf(n, 0, 'input');
  const code = intAttribute(n, 'to');
  const to = targets.get(code);
  if (to === undefined) throw refuse(n, 'unsupported-data-type', 'to', `casts to data type ${code} are not supported`);
  const from = x.type.kind === 'float' ? x.type.element : 'i64';
  const bounds = integerBounds.get(to);
  if (bounds !== undefined)
    return from === 'bool'
      ? e.emit('cast', [x], { to: 'i64' })
      : e.emit('truncate', [x], { lo: bounds[0], hi: bounds[1] });
  const element = to === 'bool' ? 'bool' : 'f32';
  return from === element ? [x] : e.emit('cast', [x], { to: element });
}

function castType(x: TensorType, to: Element): TensorType {
  if (x.kind === 'float') {
    if (x.element === 'f32' && to === 'i64')
      throw new Diagnostic('bad-operand', 'cast of reals to whole numbers may round; use truncate');
    return withShape('cast', { kind: 'float', element: to, shape: x.shape }, x.shape);
  }
  if (to === 'bool' && (x.lo < 0 || x.hi > 1 || x.scale.num !== x.scale.den))
    throw new Diagnostic('unsupported-cast', 'cast to truth values needs an operand that is 0 or 1');
  return intType(x.shape, x.lo, x.hi, x.scale);
}

/** The same values as another element type. ONNX Cast, where it cannot round. */
export const cast = defineOp({
  name: 'cast',
  doc: 'The same values as elements of another type: whole numbers or truth values as reals, truth values as 0 and 1. To truth values: 1 where not zero.',
  operands: ['x'],
  results: ['y'],
  attrs: { to: { kind: 'string', values: elements, doc: 'Element type of the result.' } },
  quantization: { kind: 'exact', narrow: 'none', view: true },
  infer: ([x], cx) => [castType(x!, elements.find((t) => t === cx.attrs.to)!)],
  evalFloat([x], cx) {
    return [
      cx.attrs.to === 'bool' ? { shape: x!.shape, data: Uint8Array.from(x!.data, (v) => (v === 0 ? 0 : 1)) } : x!,
    ];
  },
  evalInt: ([x]) => [x!],
  lower: (_, [x]) => [x!],
  tile: elementwiseTile,
  onnx: [
    {
      opType: 'Cast',
      since: [6, 9, 13, 19, 21, 23, 24, 25, 28],
      attributes: ['to', 'saturate', 'round_mode'],
      import: importCast,
    },
  ],
  samples: [
    { name: 'to reals', attrs: { to: 'f32' }, operands: [int8([2, 3])] },
    { name: 'to truth values', attrs: { to: 'bool' }, operands: [ints([4], 0, 1, { num: 1n, den: 1n })] },
  ],
});
