// Slicings that look at no costs: what the search is compared with, and never worse than.
import type { Module } from '../../ir/module.ts';

/** A new slice at every group that reads weights: constants of two and more axes. */
export function cutAtWeights(m: Module, groups: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const slices: number[][] = [];
  for (const [g, operations] of groups.entries()) {
    const weighted = operations.some((o) =>
      m.operations[o]!.operands.some((v) => m.constants.has(v) && v.type.shape.length > 1),
    );
    if (slices.length === 0 || weighted) slices.push([g]);
    else slices.at(-1)!.push(g);
  }
  return slices;
}

/** As many groups in each slice, up to one; fewer slices if there are fewer groups. */
export function cutEqually(groups: number, slices: number): readonly (readonly number[])[] {
  const n = Math.min(groups, slices);
  return Array.from({ length: n }, (_, s) => {
    const [from, to] = [Math.floor((s * groups) / n), Math.floor(((s + 1) * groups) / n)];
    return Array.from({ length: to - from }, (_, i) => from + i);
  });
}
