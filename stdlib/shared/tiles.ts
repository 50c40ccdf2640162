// How operators are divided into tiles: from a part of the result along one axis to the parts of the operands.
import type { AxisPart, OpDef, OpTile } from '../../compiler/ir/op.ts';
import { type Shape, sizeOf } from '../../compiler/ir/tensor.ts';
import { reducedAxes } from './reduction.ts';
import { type WindowAttrs, type WindowAxis, windowAxes } from './windows.ts';

/** The part of an operand that is broadcast to a result of some rank; undefined where one cell stands for all. */
export function broadcastPart(shape: Shape, rank: number, { axis, ...part }: AxisPart): AxisPart | undefined {
  const own = axis - (rank - shape.length);
  return own < 0 || shape[own] === 1 ? undefined : { axis: own, ...part };
}

/** Of element by element functions with NumPy broadcasting. */
export const elementwiseTile: NonNullable<OpDef['tile']> = (part, { operands, results }) => ({
  operands: operands.map((t) => broadcastPart(t.shape, results[0]!.shape.length, part)),
});

/** Of reductions over `axes`: along an axis that is not reduced. */
export function reductionTile(shape: Shape, axes: readonly number[], keepdims: boolean, part: AxisPart) {
  const reduced = reducedAxes('tile', shape, axes);
  const kept = shape.map((_, i) => i).filter((i) => keepdims || !reduced.includes(i));
  const axis = kept[part.axis];
  return axis === undefined || reduced.includes(axis) ? undefined : { operands: [{ ...part, axis }] };
}

/**
 * Of windows over [batch, channels, spatial...] along a spatial axis: the cells that they see, and padding only where they
 * reach it. Undefined if they see padding only.
 * @returns the part of the operand and the padding of the tile
 */
export function windowTile(
  op: string,
  shape: Shape,
  a: WindowAttrs,
  { axis, start, size }: AxisPart,
): { readonly part: AxisPart; readonly pads: readonly number[] } | undefined {
  const axes = windowAxes(op, shape, a);
  const w: WindowAxis = axes[axis - 2]!;
  const first = start * w.stride - w.before;
  const end = first + (size - 1) * w.stride + (w.kernel - 1) * w.dilation + 1;
  const [from, to] = [Math.max(0, first), Math.min(w.size, end)];
  if (from >= to) return undefined;
  const pads = a.pads.length === 0 ? new Array<number>(2 * axes.length).fill(0) : [...a.pads];
  pads[axis - 2] = from - first;
  pads[axis - 2 + axes.length] = end - to;
  return { part: { axis, start: from, size: to - from }, pads: pads.some((p) => p > 0) ? pads : [] };
}

/**
 * Of a change of shape: along an axis, if the part is one of some axis of the operand too.
 * @returns the part of the operand
 */
export function reshapedPart(from: Shape, to: Shape, { axis, start, size }: AxisPart): AxisPart | undefined {
  const [outer, inner] = [sizeOf(to.slice(0, axis)), sizeOf(to.slice(axis + 1))];
  for (let own = 0; own < from.length; own++) {
    if (sizeOf(from.slice(0, own)) !== outer) continue;
    const cells = sizeOf(from.slice(own + 1));
    if ((start * inner) % cells !== 0 || (size * inner) % cells !== 0) continue;
    return { axis: own, start: (start * inner) / cells, size: (size * inner) / cells };
  }
  return undefined;
}

/** The same part of every operand. */
export const samePart = (operands: readonly unknown[], part: AxisPart): OpTile => ({
  operands: operands.map(() => part),
});
