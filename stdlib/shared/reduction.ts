// Reductions over axes: which axes, shapes of results, evaluation axis by axis, and ONNX's ways of naming the axes.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import type { OnnxImport } from '../../compiler/ir/op.ts';
import { normalizeAxis, type Shape, sizeOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { flagAttribute, intsAttributeOrInput, operandOf } from '../onnx.ts';
import { showShape } from './types.ts';

/** Attributes that every reduction has. */
export const reductionSchema = {
  axes: { kind: 'ints', doc: 'Axes to reduce, each once; negative ones count from the end. None: the operand itself.' },
  keepdims: { kind: 'bool', doc: 'Whether reduced axes stay, with one element.', default: false },
} as const;

/** @throws Diagnostic `bad-axis` for an axis outside the rank or given twice. */
export function reducedAxes(op: string, shape: Shape, axes: readonly number[]): readonly number[] {
  const normal = axes.map((a) => normalizeAxis(a, shape.length));
  if (new Set(normal).size !== normal.length)
    throw new Diagnostic('bad-axis', `${op} of ${showShape(shape)}: axes ${showShape(axes)} name an axis twice`, {
      field: 'axes',
    });
  return normal.toSorted((a, b) => a - b);
}

/** @throws Diagnostic `empty-reduction` where an operator has no value for no elements. */
export function requireElements(op: string, shape: Shape, axes: readonly number[]): void {
  if (axes.some((a) => shape[a] === 0))
    throw new Diagnostic(
      'empty-reduction',
      `${op} of ${showShape(shape)} over axes ${showShape(axes)} has no elements`,
    );
}

export function reducedShape(shape: Shape, axes: readonly number[], keepdims: boolean): Shape {
  return keepdims ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i));
}

/** Number of elements that each result is made of. */
export function reducedCount(shape: Shape, axes: readonly number[]): number {
  return axes.reduce((n, a) => n * shape[a]!, 1);
}

/** Folds one axis, which disappears; no elements give 0. */
function foldAxis(x: Tensor, axis: number, fold: (a: number, b: number) => number): Tensor {
  const n = x.shape[axis]!;
  const inner = sizeOf(x.shape.slice(axis + 1));
  const shape = x.shape.filter((_, i) => i !== axis);
  const data = new Float64Array(sizeOf(shape));
  for (let r = 0; r < data.length && n > 0; r++) {
    const start = Math.floor(r / inner) * n * inner + (r % inner);
    let value = x.data[start]!;
    for (let k = 1; k < n; k++) value = fold(value, x.data[start + k * inner]!);
    data[r] = value;
  }
  return { shape, data };
}

/** Folds the axes (rising), last one first. */
export function foldAxes(
  x: Tensor,
  axes: readonly number[],
  keepdims: boolean,
  fold: (a: number, b: number) => number,
): Tensor {
  const folded = axes.toReversed().reduce((t, axis) => foldAxis(t, axis, fold), x);
  return { shape: reducedShape(x.shape, axes, keepdims), data: folded.data };
}

/** Imports an ONNX reduction whose axes are an attribute before opset `axesAsInput` and an input from then on. */
export function reductionImport(opType: string, since: readonly number[], axesAsInput: number, op: string): OnnxImport {
  return {
    opType,
    since,
    attributes: ['axes', 'keepdims', 'noop_with_empty_axes'],
    inputs: [1, 2],
    import(n, e) {
      const x = operandOf(n, 0, 'data');
      const given = intsAttributeOrInput(n, e, 'axes', 1, axesAsInput) ?? [];
      const none = given.length === 0 && flagAttribute(n, 'noop_with_empty_axes', 0);
      const axes = given.length > 0 || none ? given : x.type.shape.map((_, i) => i);
      return e.emit(op, [x], { axes, keepdims: flagAttribute(n, 'keepdims', 1) });
    },
  };
}
