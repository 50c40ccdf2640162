// Linear combinations and products of whole tensors: short names for what affine, view and contract already do.
// Nothing here commits a value or adds a constraint of its own, so there is nothing to prove unique.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { letters } from '../../compiler/ir/contraction.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { type Shape, sameShape, scalar } from '../../compiler/ir/tensor.ts';
import type { View } from '../../compiler/ir/view.ts';

/** k * x. */
export function scaled(b: Builder, x: Wire, k: bigint): Wire {
  return b.affine([[x, k]]);
}

/** x + y, equal shapes. */
export function plus(b: Builder, x: Wire, y: Wire): Wire {
  return b.affine([
    [x, 1n],
    [y, 1n],
  ]);
}

/** x - y, equal shapes. */
export function minus(b: Builder, x: Wire, y: Wire): Wire {
  return b.affine([
    [x, 1n],
    [y, -1n],
  ]);
}

/** x + c. */
export function shifted(b: Builder, x: Wire, c: bigint): Wire {
  return b.affine([[x, 1n]], c);
}

/** Product element by element, equal shapes: one multiplication each unless an operand is constant. */
export function hadamard(b: Builder, x: Wire, y: Wire): Wire {
  const axes = letters(x.shape.length);
  return b.contract({ a: axes, b: axes, out: axes }, x, y);
}

/** A constant tensor of the given shape with the same value in every cell; |value| < 2^53. */
export function splat(b: Builder, value: bigint, shape: Shape): Wire {
  const steps = shape.map((size, axis): View => ({ kind: 'broadcast', axis, size }));
  return b.view(b.constant(scalar(Number(value))), ...steps);
}

/**
 * The views that broadcast one shape to another as NumPy does.
 * @throws Diagnostic `bad-shape` if it does not broadcast.
 */
export function broadcastSteps(from: Shape, to: Shape): readonly View[] {
  const lead = to.length - from.length;
  if (lead < 0 || from.some((d, i) => d !== 1 && d !== to[lead + i]))
    throw new Diagnostic('bad-shape', `[${from.join(', ')}] does not broadcast to [${to.join(', ')}]`);
  // Axes to repeat are dropped first and then inserted, so that repeating is a broadcast and copies nothing.
  const repeats = to.map((d, axis) => axis < lead || (from[axis - lead] === 1 && d !== 1));
  const kept = to.filter((_, axis) => !repeats[axis]);
  const steps: View[] = sameShape(kept, from) ? [] : [{ kind: 'reshape', shape: kept }];
  for (const [axis, size] of to.entries()) if (repeats[axis]) steps.push({ kind: 'broadcast', axis, size });
  return steps;
}

/** NumPy broadcasting to a shape, by views. @throws Diagnostic `bad-shape` if x does not broadcast to it. */
export function broadcastTo(b: Builder, x: Wire, shape: Shape): Wire {
  return b.view(x, ...broadcastSteps(x.shape, shape));
}

/** Inserts a last axis of the given size, repeating x along it. */
export function alongLast(b: Builder, x: Wire, size: number): Wire {
  return b.view(x, { kind: 'broadcast', axis: x.shape.length, size });
}
