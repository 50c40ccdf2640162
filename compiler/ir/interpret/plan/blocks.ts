// In which order the cells of a committed tensor are stored: blocks of a power of two of cells, so that covectors split.
import { type Shape, sizeOf } from '../../tensor.ts';

/**
 * The cell at an index of the tensor is stored at (block * 2^bits + offset): the block number is row-major over the outer
 * axes, the offset row-major over the inner ones, in the orders given here. A product of vectors over single axes is then
 * a vector over the blocks times one over the cells of a block, and so is eq of a point of the flat index.
 */
export interface Blocks {
  /** Ascending. Axes of one cell belong to no list. */
  readonly outer: readonly number[];
  /** Axes whose sizes are powers of two; channels (axis 1 of three or more) come last. */
  readonly inner: readonly number[];
  readonly blocks: number;
  /** log2 of the cells of a block. */
  readonly bits: number;
}

/** Blocks have at most so many cells, unless a single axis has more. */
const MOST_BLOCK_BITS = 10;

const exactLog2 = (n: number): number | undefined => (n > 0 && (n & (n - 1)) === 0 ? 31 - Math.clz32(n) : undefined);

/** Derived from the shape alone. */
export function blocksOf(shape: Shape): Blocks {
  const axes = [...shape.keys()].filter((axis) => shape[axis] !== 1);
  const last = shape.length >= 3 ? 1 : -1;
  const ordered = [...axes.filter((axis) => axis !== last), ...axes.filter((axis) => axis === last)];
  const inner: number[] = [];
  let bits = 0;
  for (const axis of ordered.reverse()) {
    const own = exactLog2(shape[axis]!);
    if (own === undefined) continue;
    if (inner.length > 0 && bits + own > MOST_BLOCK_BITS) break;
    inner.unshift(axis);
    bits += own;
  }
  const outer = axes.filter((axis) => !inner.includes(axis));
  return { outer, inner, blocks: sizeOf(outer.map((axis) => shape[axis]!)), bits };
}

/** Distance in storage between neighbours along each axis; 0 along axes of one cell. */
export function storageStrides(shape: Shape, { outer, inner }: Blocks): number[] {
  const strides = shape.map(() => 0);
  let step = 1;
  for (const axis of [...outer, ...inner].reverse()) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** Writes row-major cells in the order of storage, from `out[at]` on. */
export function storeCells(out: Uint32Array, at: number, cells: Uint32Array, shape: Shape): void {
  const strides = storageStrides(shape, blocksOf(shape));
  // Axes of one cell say nothing; the last axis that is left runs innermost.
  const axes = [...shape.keys()].filter((axis) => shape[axis] !== 1);
  let step = 1;
  const natural = axes.toReversed().every((axis) => {
    const same = strides[axis] === step;
    step *= shape[axis]!;
    return same;
  });
  if (natural) {
    out.set(cells, at);
    return;
  }
  const last = axes.pop()!;
  const [n, stride] = [shape[last]!, strides[last]!];
  const index = axes.map(() => 0);
  let to = at;
  for (let from = 0; from < cells.length; from += n) {
    for (let i = 0, p = to; i < n; i++, p += stride) out[p] = cells[from + i]!;
    for (let k = axes.length - 1; k >= 0; k--) {
      const axis = axes[k]!;
      to += strides[axis]!;
      index[k]!++;
      if (index[k]! < shape[axis]!) break;
      to -= strides[axis]! * shape[axis]!;
      index[k] = 0;
    }
  }
}
