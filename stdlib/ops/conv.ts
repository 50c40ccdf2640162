// Convolution over one to three spatial axes.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type AttrsOf, type AxisPart, defineOp, type OnnxNode, type OpTile } from '../../compiler/ir/op.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';
import type { View } from '../../compiler/ir/view.ts';
import { intAttribute, intsAttribute, operandOf } from '../onnx.ts';
import { type Bilinear, bilinearType, evaluateBilinear, recordBilinear } from '../shared/bilinear.ts';
import { refuse } from '../shared/onnx-import.ts';
import { int8, ints, weights } from '../shared/samples.ts';
import { windowTile } from '../shared/tiles.ts';
import { badAttribute, showShape } from '../shared/types.ts';
import { importWindows, WINDOW_ATTRIBUTES } from '../shared/window-import.ts';
import { windowAxes, windowSchema, windowSteps } from '../shared/windows.ts';

const attrs = {
  ...windowSchema,
  group: { kind: 'int', doc: 'Number of groups that channels are split into.', default: 1 },
} as const;

/** Letters of spatial positions and of offsets in the kernel. */
const [POSITIONS, OFFSETS] = ['xyz', 'ijk'];

/**
 * Windows of x contracted with w over channels and offsets. Groups are an axis that both share; where a group has one
 * input channel (depthwise) that axis is the channel axis itself and nothing is summed over channels.
 * @throws Diagnostic `bad-shape` or `bad-attribute`.
 */
function convolution(x: Shape, w: Shape, a: AttrsOf<typeof attrs>): Bilinear {
  const spatial = w.length - 2;
  if (x.length !== w.length || spatial < 1 || spatial > 3)
    throw new Diagnostic(
      'bad-shape',
      `conv expects batch, channels and one to three spatial axes, and weights of the same rank; got ${showShape(x)} and ${showShape(w)}`,
    );
  const [batch, channels, filters, perGroup] = [x[0]!, x[1]!, w[0]!, w[1]!];
  if (a.group < 1 || channels % a.group !== 0 || filters % a.group !== 0)
    throw badAttribute('conv', 'group', `a divisor of ${channels} channels and ${filters} filters`, a.group);
  if (perGroup * a.group !== channels)
    throw new Diagnostic(
      'bad-shape',
      `conv: weights ${showShape(w)} in ${a.group} groups read ${perGroup * a.group} channels, the operand ${showShape(x)} has ${channels}`,
    );
  const kernel = w.slice(2);
  const axes = windowAxes('conv', x, { ...a, kernel, ceil: false });
  const positions = POSITIONS!.slice(0, spatial);
  const offsets = OFFSETS!.slice(0, spatial);
  const windows = [...positions].map((p, i) => p + offsets[i]!).join('');
  if (a.group === 1)
    return {
      a: windowSteps(axes, 2),
      b: [],
      spec: { a: `nc${windows}`, b: `oc${offsets}`, out: `no${positions}` },
      result: [],
    };
  const perGroupFilters = filters / a.group;
  const [c, o] = [perGroup === 1 ? '' : 'c', perGroupFilters === 1 ? '' : 'o'];
  const split: readonly View[] =
    c === '' ? [] : [{ kind: 'reshape', shape: [batch, a.group, perGroup, ...x.slice(2)] }];
  const grouped = [a.group, ...(o === '' ? [] : [perGroupFilters]), ...(c === '' ? [] : [perGroup]), ...kernel];
  const merged = [batch, filters, ...axes.map((w) => w.positions)];
  return {
    a: [...split, ...windowSteps(axes, c === '' ? 2 : 3)],
    b: [{ kind: 'reshape', shape: grouped }],
    spec: { a: `ng${c}${windows}`, b: `g${o}${c}${offsets}`, out: `ng${o}${positions}` },
    result: o === '' ? [] : [{ kind: 'reshape', shape: merged }],
  };
}

/** Filters of whole groups or of one group read these groups' channels; positions read the cells that their windows see. */
function convolutionTile(part: AxisPart, x: Shape, w: Shape, a: AttrsOf<typeof attrs>): OpTile | undefined {
  const { axis, start, size } = part;
  if (axis === 0) return { operands: [part, undefined] };
  if (axis > 1) {
    const seen = windowTile('conv', x, { ...a, kernel: w.slice(2), ceil: false }, part);
    return seen && { operands: [seen.part, undefined], attrs: { pads: seen.pads } };
  }
  const filters: AxisPart = { axis: 0, start, size };
  if (a.group === 1) return { operands: [undefined, filters] };
  const perGroup = w[0]! / a.group;
  const [first, last] = [Math.floor(start / perGroup), Math.floor((start + size - 1) / perGroup)];
  const whole = start % perGroup === 0 && size % perGroup === 0;
  if (first !== last && !whole) return undefined;
  const group = last - first + 1;
  return { operands: [{ axis: 1, start: first * w[1]!, size: group * w[1]! }, filters], attrs: { group } };
}

/** Kernel extents: the weights' own, which `kernel_shape` may only repeat. */
function kernelOf(n: OnnxNode, w: Shape): Shape {
  const stated = intsAttribute(n, 'kernel_shape');
  const kernel = w.slice(2);
  if (stated !== undefined && (stated.length !== kernel.length || stated.some((k, i) => k !== kernel[i])))
    throw refuse(
      n,
      'bad-attribute',
      'kernel_shape',
      `kernel_shape ${showShape(stated)} contradicts the weights ${showShape(w)}`,
    );
  return kernel;
}

/** Cross-correlation of [N, C, ...] with [M, C/group, ...]. ONNX Conv without bias: a bias is an `add`. */
export const conv = defineOp({
  name: 'conv',
  doc: 'Convolution (cross-correlation) of [N, C, spatial...] with weights [M, C/group, kernel...], without bias.',
  operands: ['x', 'w'],
  results: ['y'],
  attrs,
  quantization: { kind: 'exact', narrow: 'all' },
  infer: (types, cx) => [
    bilinearType('conv', convolution(types[0]!.shape, types[1]!.shape, cx.attrs), types, cx.constant),
  ],
  evalFloat: ([x, w], cx) => [evaluateBilinear(convolution(x!.shape, w!.shape, cx.attrs), x!, w!)],
  evalInt: ([x, w], cx) => [evaluateBilinear(convolution(x!.shape, w!.shape, cx.attrs), x!, w!)],
  lower: (b, [x, w], cx) => [recordBilinear(b, convolution(x!.shape, w!.shape, cx.attrs), [x!, w!], cx)],
  tile: (part, { attrs, operands }) => convolutionTile(part, operands[0]!.shape, operands[1]!.shape, attrs),
  onnx: [
    {
      opType: 'Conv',
      since: [1, 11, 22],
      attributes: [...WINDOW_ATTRIBUTES, 'group'],
      inputs: [2, 3],
      import(n, e) {
        const [x, w] = [operandOf(n, 0, 'X'), operandOf(n, 1, 'W')];
        if (x.type.shape.length !== w.type.shape.length || w.type.shape.length < 3)
          throw refuse(
            n,
            'bad-shape',
            'W',
            `weights ${showShape(w.type.shape)} do not fit an operand ${showShape(x.type.shape)}`,
          );
        const windows = importWindows(n, x.type.shape.slice(2), kernelOf(n, w.type.shape));
        const y = e.emit('conv', [x, w], { ...windows, group: intAttribute(n, 'group', 1) });
        const bias = n.operands[2];
        if (bias === undefined) return y;
        const filters = w.type.shape[0]!;
        if (bias.type.shape.length !== 1 || bias.type.shape[0] !== filters)
          throw refuse(n, 'bad-shape', 'B', `B expects shape [${filters}], got ${showShape(bias.type.shape)}`);
        const shape = [filters, ...new Array<number>(w.type.shape.length - 2).fill(1)];
        return e.emit('add', [y[0]!, e.emit('reshape', [bias], { shape })[0]!]);
      },
    },
  ],
  samples: [
    {
      name: 'padded',
      attrs: { pads: [1, 1, 1, 1] },
      operands: [int8([1, 2, 4, 4]), int8([2, 2, 3, 3])],
      constants: new Map([[1, weights([2, 2, 3, 3])]]),
    },
    {
      name: 'strided and uneven padding',
      attrs: { strides: [2, 1], pads: [0, 1, 1, 0] },
      operands: [ints([1, 2, 5, 3], 0, 255), int8([2, 2, 3, 2])],
      constants: new Map([[1, weights([2, 2, 3, 2])]]),
    },
    {
      name: 'dilated, one axis',
      attrs: { dilations: [2], pads: [2, 2] },
      operands: [int8([2, 1, 6]), int8([2, 1, 3])],
      constants: new Map([[1, weights([2, 1, 3])]]),
    },
    {
      name: 'depthwise',
      attrs: { group: 3, pads: [1, 0, 0, 1] },
      operands: [int8([1, 3, 3, 3]), int8([3, 1, 2, 2])],
      constants: new Map([[1, weights([3, 1, 2, 2])]]),
    },
    {
      name: 'depthwise with multiplier',
      attrs: { group: 2 },
      operands: [int8([1, 2, 4]), int8([4, 1, 2])],
      constants: new Map([[1, weights([4, 1, 2])]]),
    },
    {
      name: 'groups',
      attrs: { group: 2, strides: [2, 2] },
      operands: [int8([2, 4, 4, 4]), int8([4, 2, 2, 2])],
      constants: new Map([[1, weights([4, 2, 2, 2])]]),
    },
    { name: 'two activations', operands: [int8([1, 1, 3, 3]), int8([1, 1, 2, 2])] },
    {
      name: 'three axes',
      attrs: { pads: [0, 1, 0, 0, 0, 0] },
      operands: [int8([1, 1, 2, 2, 3]), int8([2, 1, 2, 2, 2])],
      constants: new Map([[1, weights([2, 1, 2, 2, 2])]]),
    },
  ],
});
