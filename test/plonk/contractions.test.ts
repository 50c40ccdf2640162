// Claims on contractions as product sumchecks: against dense integers, with operands seen through views.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KOALABEAR } from '../../compiler/ir/circuit.ts';
import { type Contraction, contract, contractionSizes } from '../../compiler/ir/contraction.ts';
import { blocksOf, storageStrides } from '../../compiler/ir/interpret/plan/blocks.ts';
import type { Factor, Term } from '../../compiler/ir/interpret/plan/covector-types.ts';
import { planCircuit } from '../../compiler/ir/interpret/plan.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { type Shape, sizeOf, stridesOf, type Tensor } from '../../compiler/ir/tensor.ts';
import { applyViews, type View } from '../../compiler/ir/view.ts';
import {
  type ContractionForm,
  endTerms,
  instanceOf,
  instanceVectors,
} from '../../runtime/provers/plonk/contraction.ts';
import { add, EXT, type Ext, mul, ONE, residue, scale, ZERO } from '../../runtime/provers/plonk/field.ts';
import { wasmVectors } from '../../runtime/provers/plonk/kernels/wasm-vectors.ts';
import { elementAt } from '../../runtime/provers/plonk/opening-rounds.ts';
import {
  createOperandReader,
  rowMajorWords,
  type StridedWords,
  storedWords,
  viewWords,
} from '../../runtime/provers/plonk/operands.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import type { Vectors } from '../../runtime/provers/plonk/vectors.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';
import { createRandom, type Random } from '../kits/random.ts';
import { randomExt, randomWords } from './reference.ts';

const VECTORS: readonly (readonly [string, Vectors])[] = [
  ['plain', plainVectors()],
  ['wasm', wasmVectors()],
];

/** An operand: a stored tensor, seen through steps. */
interface Operand {
  readonly shape: Shape;
  readonly steps: readonly View[];
}

interface Case {
  readonly name: string;
  readonly spec: Contraction;
  readonly a: Operand;
  readonly b: Operand;
}

const whole = (...shape: readonly number[]): Operand => ({ shape, steps: [] });
const seen = (shape: Shape, ...steps: readonly View[]): Operand => ({ shape, steps });
const pad = (axis: number, before: number, after: number): View => ({ kind: 'pad', axis, before, after });
const window = (axis: number, size: number, stride = 1, dilation = 1): View => ({
  ...{ kind: 'window', axis, size, stride, dilation },
});
const reshape = (...shape: readonly number[]): View => ({ kind: 'reshape', shape });
const transpose = (...perm: readonly number[]): View => ({ kind: 'transpose', perm });

/** ncyxhw: windows of an image, axes (batch, channel, y, in window, x, in window). */
const CONVOLUTION: Contraction = { a: 'ncyhxw', b: 'ochw', out: 'noyx' };

const CASES: readonly Case[] = [
  { name: 'matrices', spec: { a: 'mk', b: 'kn', out: 'mn' }, a: whole(3, 5), b: whole(5, 4) },
  { name: 'rows by weights', spec: { a: 'mk', b: 'nk', out: 'nm' }, a: whole(2, 9), b: whole(6, 9) },
  { name: 'a vector by weights', spec: { a: 'mk', b: 'nk', out: 'mn' }, a: whole(1, 16), b: whole(7, 16) },
  { name: 'batches of matrices', spec: { a: 'gmk', b: 'gkn', out: 'gmn' }, a: whole(3, 2, 5), b: whole(3, 5, 4) },
  { name: 'cell by cell', spec: { a: 'gh', b: 'gh', out: 'hg' }, a: whole(3, 6), b: whole(3, 6) },
  { name: 'an inner product', spec: { a: 'k', b: 'k', out: '' }, a: whole(7), b: whole(7) },
  { name: 'an outer product', spec: { a: 'ij', b: 'kl', out: 'kijl' }, a: whole(3, 2), b: whole(2, 5) },
  { name: 'loose letters', spec: { a: 'mkp', b: 'qknr', out: 'mn' }, a: whole(3, 4, 2), b: whole(2, 4, 5, 3) },
  {
    name: 'a convolution, padded',
    spec: CONVOLUTION,
    a: seen([1, 4, 5, 6], pad(2, 1, 1), pad(3, 1, 1), window(2, 3), window(4, 3)),
    b: whole(5, 4, 3, 3),
  },
  {
    name: 'a convolution with strides and dilation',
    spec: CONVOLUTION,
    a: seen([2, 8, 9, 8], pad(2, 0, 2), window(2, 3, 2, 2), window(4, 2, 3)),
    b: whole(4, 8, 3, 2),
  },
  {
    name: 'a convolution of three channels',
    spec: CONVOLUTION,
    a: seen([1, 3, 8, 8], pad(3, 2, 1), window(2, 5), window(4, 5)),
    b: whole(2, 3, 5, 5),
  },
  {
    name: 'a convolution by channel',
    spec: { a: 'ncyhxw', b: 'chw', out: 'ncyx' },
    a: seen([1, 4, 5, 5], pad(2, 1, 1), pad(3, 1, 1), window(2, 3), window(4, 3)),
    b: seen([4, 1, 3, 3], reshape(4, 3, 3)),
  },
  {
    name: 'a convolution in groups',
    spec: { a: 'ngcyhxw', b: 'gochw', out: 'ngoyx' },
    a: seen([1, 8, 4, 5], reshape(1, 2, 4, 4, 5), window(3, 2), window(5, 3)),
    b: seen([6, 4, 2, 3], reshape(2, 3, 4, 2, 3)),
  },
  {
    name: 'a transposed convolution',
    spec: CONVOLUTION,
    a: seen(
      [1, 4, 3, 3],
      { kind: 'dilate', axis: 2, by: 2 },
      { kind: 'dilate', axis: 3, by: 2 },
      ...[pad(2, 2, 2), pad(3, 2, 2), window(2, 3), window(4, 3)],
    ),
    b: seen(
      [2, 4, 3, 3],
      { kind: 'slice', axis: 2, start: 2, step: -1, size: 3 },
      { kind: 'slice', axis: 3, start: 2, step: -1, size: 3 },
    ),
  },
  {
    name: 'scores of attention',
    spec: { a: 'htd', b: 'hsd', out: 'hts' },
    a: seen([5, 8], reshape(5, 2, 4), transpose(1, 0, 2)),
    b: seen([3, 8], reshape(3, 2, 4), transpose(1, 0, 2)),
  },
  {
    name: 'values of attention, heads shared',
    spec: { a: 'hts', b: 'hsd', out: 'thd' },
    a: whole(4, 3, 5),
    b: seen([5, 8], reshape(5, 2, 4), transpose(1, 0, 2), { kind: 'broadcast', axis: 1, size: 2 }, reshape(4, 5, 4)),
  },
  {
    name: 'a flattened image by weights',
    spec: { a: 'mk', b: 'nk', out: 'mn' },
    a: seen([1, 4, 3, 5], reshape(1, 60)),
    b: seen([5, 60]),
  },
  {
    name: 'rows that are gathered',
    spec: { a: 'mk', b: 'kn', out: 'mn' },
    a: seen([4, 8, 3], { kind: 'gather', axis: 1, index: Int32Array.of(7, -1, 0, 0, 3) }, reshape(20, 3)),
    b: whole(3, 2),
  },
];

function randomTensor(shape: Shape, random: Random): Tensor {
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, () => random.below(401) - 200) };
}

/** Residues in storage order or row-major, in the memory of the vectors, seen through the steps. */
function operandWords(v: Vectors, x: Tensor, steps: readonly View[], isStored: boolean): StridedWords {
  const data = v.alloc(sizeOf(x.shape));
  const rowMajor = Uint32Array.from(x.data, residue);
  if (!isStored) data.set(rowMajor);
  else {
    const strides = storageStrides(x.shape, blocksOf(x.shape));
    for (const [i, place] of places(x.shape, strides).entries()) data[place] = rowMajor[i]!;
  }
  return viewWords(v, isStored ? storedWords(x.shape, data) : rowMajorWords(x.shape, data), steps);
}

/** For every cell (row-major): sum of index times stride. */
function places(shape: Shape, strides: readonly number[]): number[] {
  const own = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, i) =>
    shape.reduce((sum, n, axis) => sum + (Math.floor(i / own[axis]!) % n) * strides[axis]!, 0),
  );
}

const residuesOf = (x: StridedWords): number[] => places(x.shape, x.strides).map((place) => x.data[x.offset + place]!);

/** A term over axes of more than one cell, in random groups, some axes in none. */
function randomTerm(shape: Shape, random: Random, groups: number): Term {
  const members: number[][] = Array.from({ length: groups }, () => []);
  for (const [axis, n] of shape.entries()) if (n > 1) members[random.below(groups + 1)]?.push(axis);
  const factors = members
    .filter((axes) => axes.length > 0)
    .map((axes) => ({ axes, values: randomWords(random, EXT * sizeOf(axes.map((axis) => shape[axis]!))) }));
  return { k: randomExt(random), factors };
}

/** <term, cells>, by definition. */
function inner({ k, factors }: Term, shape: Shape, cells: readonly number[]): Ext {
  const indices = factors.map(({ axes }: Factor) => {
    const own = stridesOf(axes.map((axis) => shape[axis]!));
    return places(
      shape,
      shape.map((_, axis) => own[axes.indexOf(axis)] ?? 0),
    );
  });
  return cells.reduce<Ext>((sum, cell, i) => {
    const product = factors.reduce((p, f, j) => mul(p, elementAt(f.values, indices[j]![i]!)), k);
    return add(sum, scale(product, cell));
  }, ZERO);
}

function expectWellFormed({ factors }: Term, shape: Shape): void {
  const axes = factors.flatMap((f) => f.axes);
  expect(new Set(axes).size).toBe(axes.length);
  for (const f of factors) {
    expect([...f.axes].sort((i, j) => i - j)).toEqual(f.axes);
    for (const axis of f.axes) expect(shape[axis]).toBeGreaterThan(1);
    expect(f.values).toHaveLength(EXT * sizeOf(f.axes.map((axis) => shape[axis]!)));
  }
}

/** Checks one case for one term; returns the form. */
function check(v: Vectors, { spec, a, b }: Case, random: Random, isStored: boolean, groups: number): ContractionForm {
  const [x, y] = [randomTensor(a.shape, random), randomTensor(b.shape, random)];
  const [seenX, seenY] = [applyViews(x, ...a.steps), applyViews(y, ...b.steps)];
  const out = contract(spec, seenX, seenY);
  const term = randomTerm(out.shape, random, groups);
  const mark = v.mark();
  const [wordsX, wordsY] = [operandWords(v, x, a.steps, isStored), operandWords(v, y, b.steps, isStored)];
  expect(residuesOf(wordsX)).toEqual(Array.from(seenX.data, residue));
  expect(residuesOf(wordsY)).toEqual(Array.from(seenY.data, residue));

  const instance = instanceOf({ spec, a: seenX.shape, b: seenY.shape }, term);
  const vectors = instanceVectors(v, instance, wordsX, wordsY);
  for (const vector of vectors) expect(vector).toHaveLength(EXT * 2 ** instance.variables);
  expect(v.dot(...vectors)).toEqual(inner(term, out.shape, Array.from(out.data, residue)));

  const point = Array.from({ length: instance.variables }, () => randomExt(random));
  const ends = endTerms(v, instance, point);
  const weights = v.eq(point, ONE);
  for (const [side, { shape, data }] of [seenX, seenY].entries()) {
    expectWellFormed(ends[side]!, shape);
    expect(inner(ends[side]!, shape, Array.from(data, residue))).toEqual(v.dot(weights, vectors[side]!));
  }
  v.release(mark);
  return instance.form;
}

describe.each(VECTORS)('on %s vectors', (_, v) => {
  test.each(CASES)('$name', (c) => {
    const random = createRandom(11);
    const forms = new Set<ContractionForm>();
    for (let trial = 0; trial < 24; trial++)
      forms.add(check(v, c, random, trial % 2 === 0, 1 + (Math.floor(trial / 2) % 4)));
    expect(forms).toContain('product');
    const sizes = contractionSizes(
      c.spec,
      applyViews(randomTensor(c.a.shape, random), ...c.a.steps).shape,
      applyViews(randomTensor(c.b.shape, random), ...c.b.steps).shape,
    );
    const rows = [c.spec.a, c.spec.b].map((own, i, { [1 - i]: other }) =>
      [...own].some((l) => c.spec.out.includes(l) && !other!.includes(l) && sizes.get(l)! > 1),
    );
    // Where both operands have rows, some grouping joins them.
    if (rows[0] && rows[1]) expect(forms.size).toBeGreaterThan(1);
  });

  test('random letters', () => {
    const letter = fc.record({
      in: fc.constantFrom('a', 'b', 'ab'),
      isKept: fc.boolean(),
      size: fc.integer({ min: 1, max: 5 }),
    });
    const input = fc.tuple(fc.array(letter, { maxLength: 5 }), fc.nat(), fc.boolean(), fc.integer({ min: 1, max: 4 }));
    fc.assert(
      fc.property(input, ([all, seed, isStored, groups]) => {
        const random = createRandom(seed);
        const named = all.map((l, i) => ({ ...l, name: 'abcde'[i]! }));
        const order = named.toSorted(() => random.below(3) - 1);
        const operand = (which: 'a' | 'b') => order.filter((l) => l.in.includes(which));
        const names = (letters: readonly { readonly name: string }[]): string => letters.map((l) => l.name).join('');
        const spec = {
          a: names(operand('a')),
          b: names(operand('b')),
          out: names(named.filter((l) => l.isKept)),
        };
        const [a, b] = (['a', 'b'] as const).map((which) => whole(...operand(which).map((l) => l.size)));
        check(v, { name: '', spec, a: a!, b: b! }, random, isStored, groups);
      }),
      { numRuns: 200 },
    );
  });
});

describe('structure', () => {
  test('comes from axes alone', () => {
    const operands = { spec: { a: 'gmk', b: 'gkn', out: 'gmn' }, a: [2, 4, 3], b: [2, 3, 3] };
    const form = (...groups: readonly (readonly number[])[]): ContractionForm => {
      const factors = groups.map((axes) => ({ axes, values: new Uint32Array(EXT * 64) }));
      return instanceOf(operands, { k: ZERO, factors }).form;
    };
    expect(form()).toBe('product');
    expect(form([0], [1], [2])).toBe('product');
    expect(form([0, 1], [2])).toBe('product');
    expect(form([1], [0, 2])).toBe('product');
    // The kept letters of both take two bits: the second is open.
    expect(form([1, 2])).toBe('open-b');
    expect(form([0, 1, 2])).toBe('open-b');
    expect(
      instanceOf(
        { ...operands, a: [2, 2, 3] },
        { k: ZERO, factors: [{ axes: [1, 2], values: new Uint32Array(EXT * 6) }] },
      ).form,
    ).toBe('open-a');
  });

  test('rounds run over padded letters of both operands', () => {
    const operands = { spec: CONVOLUTION, a: [1, 64, 56, 3, 56, 3], b: [128, 64, 3, 3] };
    expect(instanceOf(operands, { k: ONE, factors: [] }).variables).toBe(6 + 2 + 2);
  });
});

describe('operands', () => {
  const v = plainVectors();
  const image = (shape: Shape): StridedWords =>
    storedWords(
      shape,
      Uint32Array.from({ length: sizeOf(shape) }, (_, i) => i),
    );

  test('windows of a padded image are not expanded, channels stay last', () => {
    const x = viewWords(v, image([1, 8, 6, 6]), [pad(2, 1, 1), pad(3, 1, 1), window(2, 3), window(4, 3)]);
    expect(x.data).toHaveLength(8 * 8 * 8);
    expect(x.strides.slice(1)).toEqual([1, 64, 64, 8, 8]);
  });

  test('what needs no copy makes none', () => {
    const source = image([4, 8, 6, 6]);
    const steps: View[] = [
      reshape(2, 2, 8, 36),
      transpose(1, 0, 3, 2),
      { kind: 'slice', axis: 2, start: 35, step: -1, size: 30 },
      { kind: 'broadcast', axis: 0, size: 3 },
    ];
    expect(viewWords(v, source, steps).data).toBe(source.data);
  });

  test('a reshape that joins channels and rows copies them alone into order', () => {
    const x = viewWords(v, image([4, 8, 6, 5]), [reshape(4, 240)]);
    expect(x.strides).toEqual([240, 1]);
  });

  test('of a plan are read from columns through views, ranges and what is deduced', () => {
    const shape = [1, 4, 5, 5];
    const values = Array.from({ length: sizeOf(shape) }, (_, i) => (7 * i) % 19);
    const c = recordCircuit(KOALABEAR, (b) => {
      const x = b.input('x', 'input', 'private', shape, interval(0n, 18n));
      const y = b.view(b.range(x, interval(0n, 18n), 'again'), pad(2, 1, 1), window(2, 3));
      const z = b.view(y, { kind: 'slice', axis: 4, start: 1, step: 2, size: 2 });
      const twice = b.view(b.affine([[x, 2n]], 1n), reshape(4, 25));
      const products = b.contract({ a: 'ncyhx', b: 'co', out: 'no' }, z, twice);
      b.output('y', 'public', products);
    });
    const { run: plan } = planCircuit(c);
    const witness = runWitness(c, new Map([['x', { shape, data: Float64Array.from(values) }]]));
    const [x] = [...c.ports].filter((p) => p.role === 'input').map((p) => p.wire);
    expect(plan.columns.map((column) => column.wire)).toContain(x);
    const stored = v.alloc(sizeOf(shape));
    for (const [i, place] of places(shape, storageStrides(shape, blocksOf(shape))).entries())
      stored[place] = values[i]!;
    const asked: number[] = [];
    const read = createOperandReader(v, plan, {
      column: (wire) => (wire === x ? stored : undefined),
      wire: (id) => {
        asked.push(id);
        return Uint32Array.from(witness.value(id).data, residue);
      },
    });
    const { a, b } = plan.contractions[0]!;
    for (const wire of [a, b]) expect(residuesOf(read(wire))).toEqual(Array.from(witness.value(wire).data, residue));
    // The image comes from its column; the sum is below a reshape.
    expect(asked).toHaveLength(1);
    expect(c.instrs.find((i) => i.op === 'affine')).toMatchObject({ out: asked[0] });
  });
});
