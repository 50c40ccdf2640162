// The twin's storage: in which order the cells of a tensor stand in a column or among the leaves of a lookup argument.
import { type Shape, sizeOf } from '../../compiler/ir/tensor.ts';

/** Blocks hold at most 2^10 cells, unless a single axis has more. */
const BLOCK_BITS = 10;

const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));

/** Blocks of a tensor. */
export interface Storage {
  /** Cells of one block, a power of two. */
  readonly block: number;
  /** cells[s] = the cell (row-major) that is stored at s. */
  readonly cells: readonly number[];
}

/**
 * Inner axes are taken from the last one backwards, the channels of three axes or more (axis 1) before all others: those
 * whose size is a power of two, until one does not fit into a block. All others are outer axes.
 */
export function storageOf(shape: Shape): Storage {
  const real = [...shape.keys()].filter((axis) => shape[axis]! !== 1);
  const channels = shape.length >= 3 ? 1 : -1;
  const candidates = [
    ...real.filter((axis) => axis === channels),
    ...real.filter((axis) => axis !== channels).reverse(),
  ];
  let block = 1;
  let inner: readonly number[] = [];
  for (const axis of candidates.filter((a) => isPowerOfTwo(shape[a]!))) {
    if (inner.length > 0 && block * shape[axis]! > 2 ** BLOCK_BITS) break;
    block *= shape[axis]!;
    inner = [axis, ...inner];
  }
  const order = [...real.filter((axis) => !inner.includes(axis)), ...inner];
  let cells = [0];
  for (const axis of order) {
    const stride = sizeOf(shape.slice(axis + 1));
    cells = cells.flatMap((at) => Array.from({ length: shape[axis]! }, (_, i) => at + i * stride));
  }
  return { block, cells };
}
