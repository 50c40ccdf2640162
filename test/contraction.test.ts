// Contractions against their definition: tiles and plain loops, any strides; bounds of sums with known weights.
import { expect, test } from 'vitest';
import { boundsWithConstant, type Contraction, contractionSizes, contractStrided } from '../compiler/ir/contraction.ts';
import { offsetsOf, type Shape, sizeOf, stridesOf, type Tensor } from '../compiler/ir/tensor.ts';
import { type Strided, strided, type View, viewStrided } from '../compiler/ir/view.ts';
import { createRandom } from './kits/random.ts';

const random = createRandom(11);

function integers(shape: Shape): Tensor {
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => random.below(511) - 255) };
}

const cell = (x: Strided, names: string, at: ReadonlyMap<string, number>): number =>
  x.data[[...names].reduce((sum, l, i) => sum + at.get(l)! * x.strides[i]!, x.offset)]!;

/** Letter by letter, as the definition says. */
function byDefinition(c: Contraction, a: Strided, b: Strided): number[] {
  const sizes = [...contractionSizes(c, a.shape, b.shape)];
  const shape = [...c.out].map((l) => sizes.find(([name]) => name === l)![1]);
  const out = new Array<number>(sizeOf(shape)).fill(0);
  const strides = stridesOf(shape);
  const at = new Map<string, number>();
  const descend = (depth: number): void => {
    const letter = sizes[depth];
    if (letter === undefined) {
      const place = [...c.out].reduce((sum, l, i) => sum + at.get(l)! * strides[i]!, 0);
      out[place]! += cell(a, c.a, at) * cell(b, c.b, at);
      return;
    }
    for (let i = 0; i < letter[1]; i++) {
      at.set(letter[0], i);
      descend(depth + 1);
    }
  };
  descend(0);
  return out;
}

const window = (axis: number, size: number, stride: number): View => ({
  kind: 'window',
  axis,
  size,
  stride,
  dilation: 1,
});

test.each<readonly [string, Contraction, Shape, readonly View[], Shape, readonly View[]]>([
  ['whole tiles', { a: 'mk', b: 'kn', out: 'mn' }, [8, 16], [], [16, 8], []],
  ['parts of tiles', { a: 'mk', b: 'nk', out: 'nm' }, [5, 9], [], [7, 9], []],
  ['a depth of several panels', { a: 'mk', b: 'nk', out: 'mn' }, [4, 1100], [], [6, 1100], []],
  ['more rows than a panel', { a: 'mk', b: 'nk', out: 'mn' }, [1500, 300], [], [5, 300], []],
  ['batches', { a: 'gmk', b: 'gkn', out: 'gmn' }, [3, 6, 10], [], [3, 10, 5], []],
  ['two letters of each kind', { a: 'mkpl', b: 'lnkq', out: 'qmnp' }, [4, 3, 2, 5], [], [5, 3, 3, 2], []],
  [
    'a transposed operand',
    { a: 'mk', b: 'nk', out: 'mn' },
    [20, 6],
    [{ kind: 'transpose', perm: [1, 0] }],
    [9, 20],
    [],
  ],
  [
    'a convolution',
    { a: 'ncpuqv', b: 'ocuv', out: 'nopq' },
    [2, 3, 9, 8],
    [window(2, 3, 2), window(4, 3, 1)],
    [5, 3, 3, 3],
    [],
  ],
  [
    'a reversed operand',
    { a: 'mk', b: 'nk', out: 'mn' },
    [6, 12],
    [{ kind: 'slice', axis: 0, start: 5, step: -1, size: 6 }],
    [4, 12],
    [],
  ],
  ['summed by one operand only', { a: 'mks', b: 'nk', out: 'mn' }, [6, 9, 3], [], [5, 9], []],
  ['a vector', { a: 'k', b: 'nk', out: 'n' }, [40], [], [9, 40], []],
  ['nothing summed', { a: 'm', b: 'n', out: 'mn' }, [9], [], [8], []],
  ['an empty axis', { a: 'mk', b: 'nk', out: 'mn' }, [6, 0], [], [5, 0], []],
])('a contraction is the sum of products: %s', (_, spec, aShape, aSteps, bShape, bSteps) => {
  const a = aSteps.reduce(viewStrided, strided(integers(aShape)));
  const b = bSteps.reduce(viewStrided, strided(integers(bShape)));
  expect([...contractStrided(spec, a, b).data]).toEqual(byDefinition(spec, a, b));
});

test.each<readonly [names: string, shape: Shape, out: string, lo: number, hi: number]>([
  ['ock', [3, 4, 5], 'nop', -7, 12],
  ['ko', [6, 4], 'o', 0, 255],
  ['k', [9], '', -128, 127],
  ['o', [5], 'on', -3, -1],
  ['oik', [2, 3, 4], 'ik', -2, 9],
])('bounds with known weights are attained: %s %j', (names, shape, out, lo, hi) => {
  const w = integers(shape);
  const kept = [...names].filter((l) => out.includes(l)).join('');
  const worst = (better: (v: number) => number): number[] =>
    byDefinition(
      { a: names, b: '', out: kept },
      strided({ shape, data: w.data.map((v) => better(v)) }),
      strided({ shape: [], data: Float64Array.of(1) }),
    );
  const least = Math.min(...worst((v) => Math.min(v * lo, v * hi)));
  const most = Math.max(...worst((v) => Math.max(v * lo, v * hi)));
  expect(boundsWithConstant(names, w, out, 2, lo, hi)).toEqual([2 * least, 2 * most]);
});

test('bounds beyond the exact integers are not given', () => {
  const w = { shape: [2], data: Float64Array.of(2 ** 51, -(2 ** 51)) };
  expect(boundsWithConstant('k', w, '', 1, 0, 1)).toEqual([-(2 ** 51), 2 ** 51]);
  expect(boundsWithConstant('k', w, '', 2, 0, 1)).toEqual([Number.NaN, Number.NaN]);
});

test('offsets of all indices, row-major: no sizes have one, a size of zero leaves none', () => {
  expect([...offsetsOf([2, 3], [10, -1])]).toEqual([0, -1, -2, 10, 9, 8]);
  expect([...offsetsOf([2, 2, 2], [0, 5, 1])]).toEqual([0, 1, 5, 6, 0, 1, 5, 6]);
  expect([...offsetsOf([], [])]).toEqual([0]);
  expect([...offsetsOf([2, 0, 3], [1, 1, 1])]).toEqual([]);
});
