// Merkle trees: rows are found under their root, and nothing else is: other rows, places, shapes, kinds or siblings.
import { describe, expect, test } from 'vitest';
import {
  buildTree,
  rootFromRows,
  rootOf,
  siblingCount,
  siblings,
  treeKey,
} from '../../runtime/provers/plonk/merkle.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import { createRandom } from '../kits/random.ts';
import { randomWords } from './reference.ts';

const v = plainVectors();
const random = createRandom(5);

function tree(rows: number, width: number, kind = 'test') {
  const matrix = v.alloc(rows * width);
  matrix.set(randomWords(random, rows * width));
  const built = buildTree(v, kind, matrix, width);
  const open = (positions: readonly number[]): Uint32Array =>
    Uint32Array.from(positions.flatMap((i) => [...matrix.subarray(i * width, (i + 1) * width)]));
  return { built, matrix, open };
}

test('every set of positions of a small tree is proved with as few hashes as it needs', () => {
  const { built, open } = tree(8, 3);
  for (let set = 1; set < 256; set++) {
    const positions = [0, 1, 2, 3, 4, 5, 6, 7].filter((i) => (set >> i) & 1);
    const beside = siblings(built, positions);
    expect(beside.length).toBe(32 * siblingCount(8, positions));
    expect(rootFromRows(built.shape, positions, open(positions), beside)).toEqual(rootOf(built));
    /** Nodes that hold no opened row but whose parent does. */
    const needed = [1, 2, 4].flatMap((span) =>
      [...Array(8 / span).keys()].filter((node) => {
        const holds = (n: number): boolean => positions.some((p) => Math.floor(p / span) === n);
        return !holds(node) && holds(node ^ 1);
      }),
    );
    expect(siblingCount(8, positions)).toBe(needed.length);
  }
});

test('trees of one row and of rows of more than a chunk', () => {
  for (const [rows, width] of [
    [1, 1],
    [2, 300],
  ] as const) {
    const { built, open } = tree(rows, width);
    const beside = siblings(built, [rows - 1]);
    expect(rootFromRows(built.shape, [rows - 1], open([rows - 1]), beside)).toEqual(rootOf(built));
  }
});

describe('another root comes from', () => {
  const { built, open } = tree(16, 2);
  const positions = [2, 3, 11];
  const beside = siblings(built, positions);
  const rows = open(positions);

  test('the honest rows: the same', () => {
    expect(rootFromRows(built.shape, positions, rows, beside)).toEqual(rootOf(built));
  });

  test('every changed word and sibling', () => {
    for (let i = 0; i < rows.length; i++) {
      const changed = rows.with(i, rows[i]! ^ 1);
      expect(rootFromRows(built.shape, positions, changed, beside)).not.toEqual(rootOf(built));
    }
    for (let i = 0; i < beside.length; i++) {
      const changed = beside.with(i, beside[i]! ^ 1);
      expect(rootFromRows(built.shape, positions, rows, changed)).not.toEqual(rootOf(built));
    }
  });

  test('other positions with the same number of siblings', () => {
    for (const other of [
      [2, 3, 10],
      [0, 1, 11],
      [4, 5, 11],
    ]) {
      expect(siblingCount(16, other)).toBe(siblingCount(16, positions));
      expect(rootFromRows(built.shape, other, rows, beside)).not.toEqual(rootOf(built));
    }
  });

  test('another kind or width', () => {
    expect(rootFromRows({ ...built.shape, kind: 'other' }, positions, rows, beside)).not.toEqual(rootOf(built));
    const wide = { ...built.shape, width: 3 };
    const padded = Uint32Array.from([...rows, 0, 0, 0]);
    expect(rootFromRows(wide, positions, padded, beside)).not.toEqual(rootOf(built));
  });

  test('kind, width and number of rows have a part in the key of every hash', () => {
    const shape = { kind: 'a', width: 2, rows: 4 };
    const others = [{ kind: 'b' }, { kind: 'a\0' }, { width: 4 }, { rows: 8 }].map((change) => ({
      ...shape,
      ...change,
    }));
    const keys = [shape, ...others].map((x) => treeKey(x).join());
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('the same matrix as a tree of another kind', () => {
    const { matrix } = tree(4, 2);
    expect(rootOf(buildTree(v, 'a', matrix, 2))).not.toEqual(rootOf(buildTree(v, 'b', matrix, 2)));
    expect(rootOf(buildTree(v, 'a', matrix, 2))).not.toEqual(rootOf(buildTree(v, 'a', matrix, 4)));
  });

  test('equal rows have different hashes, and so have their parents', () => {
    const [leaves, parents] = buildTree(v, 'test', v.alloc(8), 2).levels;
    expect(new Set([0, 1, 2, 3].map((i) => leaves!.subarray(32 * i, 32 * i + 32).join())).size).toBe(4);
    expect(parents!.subarray(0, 32)).not.toEqual(parents!.subarray(32, 64));
  });
});
