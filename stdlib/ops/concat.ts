// Concatenation along an axis.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { hull, interval } from '../../compiler/ir/interval.ts';
import { defineOp } from '../../compiler/ir/op.ts';
import { checkShape, normalizeAxis, type Shape, stridesOf, type Tensor, zeros } from '../../compiler/ir/tensor.ts';
import { copyInto, strided } from '../../compiler/ir/view.ts';
import { intAttribute, operandOf } from '../onnx.ts';
import { int8, ints, weights } from '../shared/samples.ts';
import { samePart } from '../shared/tiles.ts';
import { ANY_ELEMENT, commonScale, floatResult, intResult, operandsOf, rangeOf, showShape } from '../shared/types.ts';

/** @throws Diagnostic `bad-axis`, or `bad-shape` if the operands differ in another axis. */
function concatenated(shapes: readonly Shape[], axis: number): Shape {
  const first = shapes[0];
  if (first === undefined) throw new Diagnostic('bad-operands', 'concat expects at least one operand, got none');
  const along = normalizeAxis(axis, first.length);
  const other = shapes.find((s) => s.length !== first.length || s.some((d, i) => i !== along && d !== first[i]));
  if (other !== undefined)
    throw new Diagnostic(
      'bad-shape',
      `concat along axis ${along}: ${showShape(first)} and ${showShape(other)} differ in another axis`,
    );
  const shape = first.map((d, i) => (i === along ? shapes.reduce((n, s) => n + s[along]!, 0) : d));
  checkShape(shape, 'concat');
  return shape;
}

function joined(xs: readonly Tensor[], axis: number): Tensor {
  const out = zeros(
    concatenated(
      xs.map((x) => x.shape),
      axis,
    ),
  );
  const strides = stridesOf(out.shape);
  const along = normalizeAxis(axis, out.shape.length);
  let start = 0;
  for (const x of xs) {
    copyInto(strided(x), out.data, start * strides[along]!, strides);
    start += x.shape[along]!;
  }
  return out;
}

/** Operands one after the other along an axis. ONNX Concat. */
export const concat = defineOp({
  name: 'concat',
  doc: 'Operands one after the other along an axis; integers must have one scale.',
  operands: ['x...'],
  results: ['joined'],
  attrs: { axis: { kind: 'int', doc: 'The axis to join along; negative ones count from the end.' } },
  quantization: { kind: 'exact', narrow: 'all', view: true },
  infer(types, cx) {
    const operands = operandsOf('concat', types, ANY_ELEMENT);
    const shape = concatenated(
      types.map((t) => t.shape),
      cx.attrs.axis,
    );
    if (operands.kind === 'float') return [floatResult('concat', shape, operands.element)];
    const range = operands.types.map(rangeOf).reduce(hull, rangeOf(operands.types[0]!));
    return [intResult('concat', shape, interval(range.lo, range.hi), commonScale('concat', operands.types))];
  },
  evalFloat: (xs, cx) => [joined(xs, cx.attrs.axis)],
  evalInt: (xs, cx) => [joined(xs, cx.attrs.axis)],
  lower: (b, xs, cx) => [b.concat(xs, normalizeAxis(cx.attrs.axis, xs[0]!.shape.length))],
  // Along its own axis there is nothing to compute in parts.
  tile: (part, { attrs, operands }) =>
    part.axis === normalizeAxis(attrs.axis, operands[0]!.shape.length) ? undefined : samePart(operands, part),
  onnx: [
    {
      opType: 'Concat',
      since: [4, 11, 13],
      attributes: ['axis'],
      inputs: [1, Number.POSITIVE_INFINITY],
      import: (n, e) =>
        e.emit(
          'concat',
          n.operands.map((_, i) => operandOf(n, i, `inputs[${i}]`)),
          { axis: intAttribute(n, 'axis') },
        ),
    },
  ],
  samples: [
    { name: 'channels', attrs: { axis: 1 }, operands: [int8([1, 2, 2, 2]), int8([1, 1, 2, 2])] },
    {
      name: 'unlike ranges, last axis',
      attrs: { axis: -1 },
      operands: [int8([2, 2]), ints([2, 1], 0, 255), int8([2, 3])],
      constants: new Map([[2, weights([2, 3])]]),
    },
    { name: 'single operand', attrs: { axis: 0 }, operands: [int8([3])] },
  ],
});
