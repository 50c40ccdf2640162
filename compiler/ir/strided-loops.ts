// Loops over several strided tensors of one shape at once: axes that follow each other in all of them become one.
import type { Shape } from './tensor.ts';

/** Storage that loops over integers are written for: one type per loop keeps them fast. */
export type WordArray = Int32Array | Float64Array;

/**
 * Visits all cells row by row, in row-major order: `row` gets the cells of a row, and for each tensor the distance between
 * neighbours and the position of the first cell. Rows are as long as the strides allow, and all of one length.
 */
export function forEachRow(
  shape: Shape,
  offsets: readonly number[],
  strides: readonly (readonly number[])[],
  row: (count: number, steps: readonly number[], positions: readonly number[]) => void,
): void {
  if (shape.includes(0)) return;
  const { sizes, steps } = mergedAxes(shape, strides);
  const inner = sizes.length - 1;
  const count = sizes[inner]!;
  const innerSteps = steps[inner]!;
  const positions = [...offsets];
  const index = new Array<number>(inner).fill(0);
  for (;;) {
    row(count, innerSteps, positions);
    let axis = inner - 1;
    for (; axis >= 0; axis--) {
      const [n, step] = [sizes[axis]!, steps[axis]!];
      index[axis]!++;
      const back = index[axis] === n;
      for (let t = 0; t < positions.length; t++) positions[t]! += back ? step[t]! * (1 - n) : step[t]!;
      if (!back) break;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** Sizes and steps (by tensor) of axes that cannot be one; at least one axis. */
function mergedAxes(
  shape: Shape,
  strides: readonly (readonly number[])[],
): { readonly sizes: readonly number[]; readonly steps: readonly (readonly number[])[] } {
  const [sizes, steps]: [number[], number[][]] = [[], []];
  for (const [axis, n] of shape.entries()) {
    if (n === 1) continue;
    const step = strides.map((s) => s[axis]!);
    const before = steps.at(-1);
    if (before?.every((s, t) => s === step[t]! * n)) {
      sizes[sizes.length - 1]! *= n;
      steps[steps.length - 1] = step;
    } else {
      sizes.push(n);
      steps.push(step);
    }
  }
  return sizes.length > 0 ? { sizes, steps } : { sizes: [1], steps: [strides.map(() => 0)] };
}
