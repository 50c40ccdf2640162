// Rectangular parts of a tensor, with steps of either sign.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { defineOp, type OnnxNode } from '../../compiler/ir/op.ts';
import type { Shape } from '../../compiler/ir/tensor.ts';
import type { View } from '../../compiler/ir/view.ts';
import { constantInts, intsAttributeOrInput, operandOf } from '../onnx.ts';
import { refuse } from '../shared/onnx-import.ts';
import { int8 } from '../shared/samples.ts';
import { badAttribute, showShape } from '../shared/types.ts';
import { viewMeaning } from '../shared/view-operator.ts';

const attrs = {
  axes: { kind: 'ints', doc: 'The axes to cut, each at most once.' },
  starts: { kind: 'ints', doc: 'First index kept of each of these axes.' },
  steps: { kind: 'ints', doc: 'Distance of kept indices; negative ones reverse.' },
  sizes: { kind: 'ints', doc: 'Number of indices kept.' },
} as const;

/** start, step and number of the indices that ONNX's start, end and step select on an axis of n cells. */
function selected(n: number, start: number, end: number, step: number): readonly [number, number] {
  const within = (i: number, lo: number, hi: number): number => Math.min(Math.max(i < 0 ? i + n : i, lo), hi);
  const [first, last] =
    step > 0 ? [within(start, 0, n), within(end, 0, n)] : [within(start, 0, n - 1), within(end, -1, n - 1)];
  const size = Math.max(0, Math.ceil((last - first) / step));
  return [size === 0 ? 0 : first, size];
}

/** @throws Diagnostic `bad-attribute` or `bad-axis` as ONNX's Slice forbids. */
function importSlice(
  n: OnnxNode,
  shape: Shape,
  lists: {
    readonly starts: readonly number[];
    readonly ends: readonly number[];
    readonly axes: readonly number[] | undefined;
    readonly steps: readonly number[] | undefined;
  },
): { readonly axes: number[]; readonly starts: number[]; readonly steps: number[]; readonly sizes: number[] } {
  const { starts, ends } = lists;
  const axes = lists.axes ?? starts.map((_, i) => i);
  const steps = lists.steps ?? starts.map(() => 1);
  for (const [name, list] of [
    ['ends', ends],
    ['axes', axes],
    ['steps', steps],
  ] as const)
    if (list.length !== starts.length)
      throw refuse(n, 'bad-operand', name, `${starts.length} starts but ${list.length} ${name}`);
  const normal = axes.map((a) => (a < 0 ? a + shape.length : a));
  if (normal.some((a) => a < 0 || a >= shape.length) || new Set(normal).size !== normal.length)
    throw refuse(
      n,
      'bad-axis',
      'axes',
      `axes ${showShape(axes)} expect different axes of a tensor of rank ${shape.length}`,
    );
  if (steps.includes(0)) throw refuse(n, 'bad-operand', 'steps', 'a step of 0 has no meaning');
  const parts = normal.map((a, i) => selected(shape[a]!, starts[i]!, ends[i]!, steps[i]!));
  return {
    axes: normal,
    starts: parts.map(([first]) => first),
    steps: [...steps],
    sizes: parts.map(([, size]) => size),
  };
}

/** Cells at regular distances along some axes. ONNX Slice. */
export const slice = defineOp({
  name: 'slice',
  doc: 'Cells start, start + step, ... along some axes; whole axes elsewhere.',
  operands: ['x'],
  results: ['part'],
  attrs,
  ...viewMeaning<typeof attrs>('slice', (shape, a) => {
    const n = a.axes.length;
    for (const field of ['starts', 'steps', 'sizes'] as const)
      if (a[field].length !== n) throw badAttribute('slice', field, `${n} whole numbers`, a[field]);
    if (new Set(a.axes).size !== n || a.axes.some((axis) => axis < 0 || axis >= shape.length))
      throw new Diagnostic('bad-axis', `slice of ${showShape(shape)} along axes ${showShape(a.axes)}`, {
        field: 'axes',
      });
    return a.axes.map(
      (axis, i): View => ({ kind: 'slice', axis, start: a.starts[i]!, step: a.steps[i]!, size: a.sizes[i]! }),
    );
  }),
  tile(part, { attrs: a }) {
    const i = a.axes.indexOf(part.axis);
    if (i < 0) return { operands: [part] };
    const [first, last] = [part.start, part.start + part.size - 1].map((at) => a.starts[i]! + at * a.steps[i]!);
    const start = Math.min(first!, last!);
    return {
      operands: [{ axis: part.axis, start, size: Math.abs(last! - first!) + 1 }],
      attrs: { starts: a.starts.with(i, first! - start), sizes: a.sizes.with(i, part.size) },
    };
  },
  onnx: [
    {
      opType: 'Slice',
      since: [1, 10, 11, 13],
      attributes: ['axes', 'ends', 'starts'],
      inputs: [1, 5],
      import(n, e) {
        const x = operandOf(n, 0, 'data');
        const starts = intsAttributeOrInput(n, e, 'starts', 1, 10);
        const ends = intsAttributeOrInput(n, e, 'ends', 2, 10);
        if (starts === undefined || ends === undefined)
          throw refuse(n, 'missing-operand', 'starts', 'starts and ends are required');
        const axes = intsAttributeOrInput(n, e, 'axes', 3, 10);
        const steps = n.opset < 10 ? undefined : constantInts(n, e, 4, 'steps');
        return e.emit('slice', [x], importSlice(n, x.type.shape, { starts, ends, axes, steps }));
      },
    },
  ],
  samples: [
    { name: 'middle', attrs: { axes: [1], starts: [1], steps: [1], sizes: [2] }, operands: [int8([2, 4])] },
    { name: 'reversed', attrs: { axes: [0], starts: [4], steps: [-1], sizes: [5] }, operands: [int8([5])] },
    {
      name: 'two axes with steps',
      attrs: { axes: [2, 1], starts: [0, 2], steps: [2, -2], sizes: [3, 2] },
      operands: [int8([1, 3, 6])],
    },
    { name: 'no axis', attrs: { axes: [], starts: [], steps: [], sizes: [] }, operands: [int8([2])] },
  ],
});
