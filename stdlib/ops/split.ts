// A tensor cut into consecutive parts along one axis.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { Value } from '../../compiler/ir/module.ts';
import { defineOp, type Emitter, type OnnxNode } from '../../compiler/ir/op.ts';
import { normalizeAxis, type Shape } from '../../compiler/ir/tensor.ts';
import { applyViews, type View } from '../../compiler/ir/view.ts';
import { intAttribute, intsAttributeOrInput, operandOf } from '../onnx.ts';
import { refuse } from '../shared/onnx-import.ts';
import { reals } from '../shared/samples.ts';
import { ANY_ELEMENT, floatOnly, floatResult, showShape } from '../shared/types.ts';

/** Offsets of the parts. @throws Diagnostic `bad-axis`, or `bad-attribute` if the sizes do not add up. */
function offsets(shape: Shape, axis: number, sizes: readonly number[]): readonly number[] {
  const at = normalizeAxis(axis, shape.length);
  let next = 0;
  const starts = sizes.map((size) => {
    const start = next;
    next += size;
    return start;
  });
  if (sizes.some((size) => size < 0) || next !== shape[at])
    throw new Diagnostic(
      'bad-attribute',
      `split of ${showShape(shape)} along axis ${axis}: sizes ${showShape(sizes)} do not add up to ${shape[at]}`,
      { field: 'split' },
    );
  return starts;
}

/** Sizes where the node does not list them: equal parts, since opset 18 with a smaller last one if `num_outputs` is given. */
function equalSizes(n: OnnxNode, total: number): readonly number[] {
  const count = n.outputs.length;
  const uneven = n.attributes.has('num_outputs');
  if (uneven && n.opset < 18)
    throw refuse(n, 'bad-attribute', 'num_outputs', `num_outputs exists from opset 18 on, not in opset ${n.opset}`);
  const stated = intAttribute(n, 'num_outputs', count);
  if (stated !== count)
    throw refuse(n, 'bad-attribute', 'num_outputs', `num_outputs is ${stated}, but the node has ${count} outputs`);
  if (!uneven && total % count !== 0)
    throw refuse(n, 'bad-shape', 'split', `${total} elements cannot be split into ${count} equal parts`);
  const size = Math.ceil(total / count);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(size, total - i * size)));
}

function importSplit(n: OnnxNode, e: Emitter): readonly Value[] {
  const x = operandOf(n, 0, 'input');
  const axis = normalizeAxis(intAttribute(n, 'axis', 0), x.type.shape.length);
  if (n.outputs.length === 0) throw refuse(n, 'bad-node', 'outputs', 'the node has no outputs');
  const listed = intsAttributeOrInput(n, e, 'split', 1, 13);
  if (listed !== undefined && listed.length !== n.outputs.length)
    throw refuse(n, 'bad-operand', 'split', `${listed.length} sizes for ${n.outputs.length} outputs`);
  if (listed !== undefined && n.attributes.has('num_outputs'))
    throw refuse(n, 'bad-attribute', 'num_outputs', 'sizes and num_outputs exclude each other');
  return e.emit('split', [x], { axis, sizes: [...(listed ?? equalSizes(n, x.type.shape[axis]!))] });
}

/** Consecutive parts along one axis. ONNX Split. */
export const split = defineOp({
  name: 'split',
  doc: 'Consecutive parts of the stated sizes along one axis.',
  operands: ['x'],
  results: ['part...'],
  attrs: {
    axis: { kind: 'int', default: 0, doc: 'The axis to cut.' },
    sizes: { kind: 'ints', doc: 'Size of each part along the axis.' },
  },
  quantization: { kind: 'none' },
  infer(types, { attrs: a }) {
    const [x] = floatOnly('split', types, ANY_ELEMENT);
    offsets(x!.shape, a.axis, a.sizes);
    const axis = normalizeAxis(a.axis, x!.shape.length);
    return a.sizes.map((size) => floatResult('split', x!.shape.with(axis, size), x!.element));
  },
  evalFloat([x], { attrs: a }) {
    const axis = normalizeAxis(a.axis, x!.shape.length);
    return offsets(x!.shape, a.axis, a.sizes).map((start, i) => {
      const size = a.sizes[i]!;
      const part: View = { kind: 'slice', axis, start: size === 0 ? 0 : start, step: 1, size };
      return applyViews(x!, part);
    });
  },
  expand([x], { attrs: a, emitter: e }) {
    const axis = normalizeAxis(a.axis, x!.type.shape.length);
    return offsets(x!.type.shape, a.axis, a.sizes).map((start, i) => {
      const size = a.sizes[i]!;
      return e.emit('slice', [x!], { axes: [axis], starts: [size === 0 ? 0 : start], steps: [1], sizes: [size] })[0]!;
    });
  },
  onnx: [
    {
      opType: 'Split',
      since: [2, 11, 13, 18],
      attributes: ['axis', 'split', 'num_outputs'],
      inputs: [1, 2],
      import: importSplit,
    },
  ],
  samples: [
    { name: 'equal', attrs: { sizes: [2, 2] }, operands: [reals([4, 3])] },
    { name: 'unequal', attrs: { axis: -1, sizes: [1, 0, 3] }, operands: [reals([2, 4])] },
  ],
});
