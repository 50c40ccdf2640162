// Gadgets work on the last axis: the view that brings another axis there.
import type { View } from '../../compiler/ir/view.ts';

/** Moves an axis to the end; the others keep their order. */
export function axisLast(axis: number, rank: number): readonly View[] {
  if (axis === rank - 1) return [];
  const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
  return [{ kind: 'transpose', perm: [...others, axis] }];
}
