// Padding and cropping at the ends of axes.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { hull, interval } from '../../compiler/ir/interval.ts';
import { type AttrsOf, defineOp, type Emitter, type OnnxNode } from '../../compiler/ir/op.ts';
import { normalizeAxis, type Shape, sizeOf, stridesOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { applyViews, copyInto, strided, type View, viewStrided } from '../../compiler/ir/view.ts';
import { shifted } from '../gadgets/linear.ts';
import { constantInts, floatAttribute, intsAttributeOrInput, operandOf, stringAttribute } from '../onnx.ts';
import { constantScalar, refuse } from '../shared/onnx-import.ts';
import { int8, ints } from '../shared/samples.ts';
import { ANY_ELEMENT, badAttribute, floatResult, intResult, operandsOf, rangeOf, showShape } from '../shared/types.ts';

const MODES = ['constant', 'reflect', 'edge', 'wrap'] as const;

const attrs = {
  before: { kind: 'ints', doc: 'Cells added before each axis; negative ones are removed.' },
  after: { kind: 'ints', doc: 'Cells added after each axis; negative ones are removed.' },
  mode: {
    kind: 'string',
    doc: 'Where added cells come from: a constant, or the operand mirrored, its last cell repeated, or all repeated.',
    default: 'constant',
    values: MODES,
  },
  value: {
    kind: 'float',
    doc: 'The constant: a real before quantization, in units of the scale after it.',
    default: 0,
  },
} as const;

type PadAttrs = AttrsOf<typeof attrs>;

/** @throws Diagnostic `bad-attribute` or `bad-shape`. */
function paddedShape(shape: Shape, a: PadAttrs): Shape {
  for (const field of ['before', 'after'] as const)
    if (a[field].length !== shape.length) throw badAttribute('pad', field, `${shape.length} whole numbers`, a[field]);
  return shape.map((n, i) => {
    const [before, after] = [a.before[i]!, a.after[i]!];
    const added = Math.max(before, after, 0);
    if (-before > n || -after > n || n + before + after < 0)
      throw new Diagnostic('bad-shape', `pad removes more than axis ${i} of ${showShape(shape)} has`);
    if (a.mode !== 'constant' && added > 0 && (n === 0 || (a.mode === 'reflect' && added >= n)))
      throw new Diagnostic('bad-shape', `pad: axis ${i} of ${n} cells is too short to add ${added} in mode ${a.mode}`);
    return n + before + after;
  });
}

const cropSteps = (shape: Shape, a: PadAttrs): readonly View[] =>
  shape.flatMap((n, axis): View[] => {
    const [start, end] = [Math.max(0, -a.before[axis]!), n - Math.max(0, -a.after[axis]!)];
    return end - start === n
      ? []
      : [{ kind: 'slice', axis, start: end === start ? 0 : start, step: 1, size: end - start }];
  });

const padSteps = (shape: Shape, a: PadAttrs): readonly View[] =>
  shape.flatMap((_, axis): View[] => {
    const [before, after] = [Math.max(0, a.before[axis]!), Math.max(0, a.after[axis]!)];
    return before === 0 && after === 0 ? [] : [{ kind: 'pad', axis, before, after }];
  });

/** The cell of an axis of n cells that position i, inside or outside, shows. */
function source(mode: string, i: number, n: number): number {
  if (mode === 'edge') return Math.min(Math.max(i, 0), n - 1);
  if (mode === 'wrap') return ((i % n) + n) % n;
  return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
}

const copySteps = (shape: Shape, a: PadAttrs): readonly View[] =>
  shape.flatMap((n, axis): View[] => {
    const [before, after] = [a.before[axis]!, a.after[axis]!];
    if (before === 0 && after === 0) return [];
    return [
      {
        kind: 'gather',
        axis,
        index: Int32Array.from({ length: n + before + after }, (_, i) => source(a.mode, i - before, n)),
      },
    ];
  });

function padded(x: Tensor, a: PadAttrs): Tensor {
  if (a.mode !== 'constant') return applyViews(x, ...copySteps(x.shape, a));
  const kept = cropSteps(x.shape, a).reduce(viewStrided, strided(x));
  const shape = paddedShape(x.shape, a);
  const strides = stridesOf(shape);
  const data = new Float64Array(sizeOf(shape)).fill(a.value);
  copyInto(
    kept,
    data,
    strides.reduce((at, s, i) => at + s * Math.max(0, a.before[i]!), 0),
    strides,
  );
  return { shape, data };
}

/** Views pad by zeros, so a constant is taken off before and added again after. */
function recordPad(b: Builder, x: Wire, a: PadAttrs): Wire {
  if (a.mode !== 'constant') return b.view(x, ...copySteps(x.shape, a));
  const [crop, pad] = [cropSteps(x.shape, a), padSteps(x.shape, a)];
  if (a.value === 0 || pad.length === 0) return b.view(x, ...crop, ...pad);
  return shifted(b, b.view(shifted(b, x, BigInt(-a.value)), ...crop, ...pad), BigInt(a.value));
}

/** The amounts of ONNX: all starts, then all ends, for `axes` or for every axis. */
function importAmounts(n: OnnxNode, e: Emitter, shape: Shape): { readonly before: number[]; readonly after: number[] } {
  const pads = intsAttributeOrInput(n, e, 'pads', 1, 11);
  const given = n.opset < 18 ? undefined : constantInts(n, e, 3, 'axes');
  const axes = (given ?? shape.map((_, i) => i)).map((a) => normalizeAxis(a, shape.length));
  if (pads === undefined) throw refuse(n, 'missing-operand', 'pads', 'pads are required');
  if (new Set(axes).size !== axes.length)
    throw refuse(n, 'bad-axis', 'axes', `axes ${showShape(axes)} name an axis twice`);
  if (pads.length !== 2 * axes.length || pads.some((p) => Math.abs(p) >= 2 ** 31))
    throw refuse(
      n,
      'bad-operand',
      'pads',
      `expected ${2 * axes.length} whole numbers below 2^31, got ${showShape(pads)}`,
    );
  const amount = (axis: number, end: 0 | 1): number => {
    const at = axes.indexOf(axis);
    return at < 0 ? 0 : pads[at + end * axes.length]!;
  };
  return { before: shape.map((_, i) => amount(i, 0)), after: shape.map((_, i) => amount(i, 1)) };
}

/** Cells added to or removed from the ends of axes. ONNX Pad. */
export const pad = defineOp({
  name: 'pad',
  doc: 'Adds cells before and after axes, or removes them where the number is negative.',
  operands: ['x'],
  results: ['padded'],
  attrs,
  quantization: { kind: 'exact', narrow: 'all', view: true, reals: ['value'] },
  infer(types, cx) {
    const operands = operandsOf('pad', types, ANY_ELEMENT);
    const [from, a] = [types[0]!.shape, cx.attrs];
    const shape = paddedShape(from, a);
    if (operands.kind === 'float') return [floatResult('pad', shape, operands.element)];
    if (!Number.isSafeInteger(a.value)) throw badAttribute('pad', 'value', 'a whole number below 2^53', a.value);
    const range = rangeOf(operands.types[0]!);
    const shown =
      a.mode === 'constant' && padSteps(from, a).length > 0 ? hull(range, interval(a.value, a.value)) : range;
    return [intResult('pad', shape, shown, operands.types[0]!.scale)];
  },
  evalFloat: ([x], cx) => [padded(x!, cx.attrs)],
  evalInt: ([x], cx) => [padded(x!, cx.attrs)],
  lower: (b, [x], cx) => [recordPad(b, x!, cx.attrs)],
  tile: (part, { attrs: a }) =>
    a.before[part.axis] === 0 && a.after[part.axis] === 0 ? { operands: [part] } : undefined,
  onnx: [
    {
      opType: 'Pad',
      since: [2, 11, 13, 18, 19, 21, 23, 24, 25],
      attributes: ['mode', 'pads', 'value'],
      inputs: [1, 4],
      import(n, e) {
        const x = operandOf(n, 0, 'data');
        const value = n.opset < 11 ? floatAttribute(n, 'value', 0) : (constantScalar(n, e, 2, 'constant_value') ?? 0);
        const mode = stringAttribute(n, 'mode', 'constant', MODES);
        return e.emit('pad', [x], { ...importAmounts(n, e, x.type.shape), mode, value });
      },
    },
  ],
  samples: [
    { name: 'zeros', attrs: { before: [0, 1], after: [1, 2] }, operands: [int8([2, 3])] },
    { name: 'constant', attrs: { before: [1, 0], after: [0, 1], value: -5 }, operands: [int8([2, 2])] },
    {
      name: 'constant outside the range',
      attrs: { before: [2], after: [1], value: 300 },
      operands: [ints([3], 10, 20)],
    },
    { name: 'cropped and padded', attrs: { before: [-1, 2], after: [0, -1] }, operands: [int8([3, 3])] },
    { name: 'reflect', attrs: { before: [2], after: [3], mode: 'reflect' }, operands: [int8([4])] },
    { name: 'edge', attrs: { before: [2, -1], after: [1, 1], mode: 'edge' }, operands: [int8([2, 3])] },
    { name: 'wrap', attrs: { before: [3], after: [4], mode: 'wrap' }, operands: [int8([3])] },
  ],
});
