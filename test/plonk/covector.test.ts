// Structured covectors against dense ones: every linear instruction, plans of all operators, structure without values.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KOALABEAR } from '../../compiler/ir/circuit.ts';
import { contractionSizes } from '../../compiler/ir/contraction.ts';
import { planContraction } from '../../compiler/ir/interpret/exact.ts';
import { addTerm, dotTerm, expandTerm, termOf, totalOf } from '../../compiler/ir/interpret/plan/covector.ts';
import type { Factor, Term } from '../../compiler/ir/interpret/plan/covector-types.ts';
import { concatTerm, contractTerm, sumTerm, viewTerm } from '../../compiler/ir/interpret/plan/covector-views.ts';
import { type Plan, planCircuit, preparePullBack } from '../../compiler/ir/interpret/plan.ts';
import { add, EXT, type Ext, mul, ONE, P, scale, ZERO } from '../../compiler/ir/koalabear.ts';
import { lowerModule } from '../../compiler/ir/lower.ts';
import { operatorRegistry } from '../../compiler/ir/op.ts';
import { type Shape, sizeOf, stridesOf } from '../../compiler/ir/tensor.ts';
import { type View, viewIndex, viewShape } from '../../compiler/ir/view.ts';
import { standardOps } from '../../stdlib/ops/index.ts';
import { activationSamples, isIntegerSample, moduleOf } from '../kits/ops-kit.ts';
import { createRandom, type Random } from '../kits/random.ts';
import { prepareDensePullBack } from './dense-pull-back.ts';

/** Words of values: random, or all 0, or all 1. */
type Fill = 'random' | 'zeros' | 'ones';

const word = (random: Random): number => (random.below(3) === 0 ? random.pick([0, 1, P - 1]) : random.below(P));
const element = (random: Random): Ext => [word(random), word(random), word(random), word(random)];
const at = (x: Uint32Array, e: number): Ext => [x[EXT * e]!, x[EXT * e + 1]!, x[EXT * e + 2]!, x[EXT * e + 3]!];

function vector(n: number, random: Random, fill: Fill): Uint32Array {
  const drawn = Uint32Array.from({ length: EXT * n }, () => word(random));
  if (fill === 'random') return drawn;
  return drawn.map((_, i) => (fill === 'ones' && i % EXT === 0 ? 1 : 0));
}

/** Random groups of the axes, some of them left out. The choices are the same whatever the values. */
function randomTerm(shape: Shape, random: Random, fill: Fill = 'random'): Term {
  const groups = new Map<number, number[]>();
  for (const [axis, n] of shape.entries()) {
    const group = random.below(shape.length + 1);
    if (n > 1 && group < shape.length) groups.set(group, [...(groups.get(group) ?? []), axis]);
  }
  const factors = [...groups.values()].map(
    (axes): Factor => ({ axes, values: vector(sizeOf(axes.map((axis) => shape[axis]!)), random, fill) }),
  );
  return { k: element(random), factors };
}

/** The definition, cell by cell, on its own arithmetic. */
function dense({ k, factors }: Term, shape: Shape): Ext[] {
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, cell) =>
    factors.reduce((product, { axes, values }) => {
      const own = axes.reduce((e, axis) => e * shape[axis]! + (Math.floor(cell / strides[axis]!) % shape[axis]!), 0);
      return mul(product, at(values, own));
    }, k),
  );
}

const elements = (x: Uint32Array): Ext[] => Array.from({ length: x.length / EXT }, (_, e) => at(x, e));

/** A term over axes in order, each once and of size > 1; its cells. */
function wellFormed(term: Term, shape: Shape): Ext[] {
  const all = term.factors.flatMap((f) => f.axes);
  expect(new Set(all).size).toBe(all.length);
  for (const { axes, values } of term.factors) {
    expect(axes.length).toBeGreaterThan(0);
    expect(axes).toEqual([...axes].sort((a, b) => a - b));
    for (const axis of axes) expect(shape[axis]).toBeGreaterThan(1);
    expect(values.length).toBe(EXT * sizeOf(axes.map((axis) => shape[axis]!)));
  }
  return dense(term, shape);
}

const structure = (terms: readonly Term[]): string =>
  JSON.stringify(terms.map((t) => t.factors.map((f) => f.axes.join()).sort()));

/** A step that fits the shape. */
function randomStep(shape: Shape, random: Random): View {
  const axis = random.below(Math.max(1, shape.length));
  const n = shape[axis] ?? 1;
  const kinds = ['reshape', 'broadcast', 'transpose', 'slice', 'pad', 'dilate', 'window', 'gather'] as const;
  const kind = shape.length === 0 ? random.pick(['reshape', 'broadcast'] as const) : random.pick(kinds);
  switch (kind) {
    case 'reshape':
      return { kind, shape: randomReshape(shape, random) };
    case 'transpose': {
      const order = shape.map((_, i) => ({ i, by: random.below(100) })).sort((a, b) => a.by - b.by);
      return { kind, perm: order.map(({ i }) => i) };
    }
    case 'slice': {
      const size = 1 + random.below(n);
      const step = size === 1 ? 1 : 1 + random.below(Math.floor((n - 1) / (size - 1)));
      const start = random.below(n - step * (size - 1));
      return random.below(2) === 0
        ? { kind, axis, start, step, size }
        : { kind, axis, start: start + step * (size - 1), step: -step, size };
    }
    case 'pad':
      return { kind, axis, before: random.below(3), after: random.below(3) };
    case 'dilate':
      return { kind, axis, by: 1 + random.below(3) };
    case 'broadcast':
      return { kind, axis: random.below(shape.length + 1), size: 1 + random.below(3) };
    case 'window': {
      const size = 1 + random.below(n);
      const dilation = size === 1 ? 1 + random.below(2) : 1 + random.below(Math.floor((n - 1) / (size - 1)));
      return { kind, axis, size, stride: 1 + random.below(3), dilation };
    }
    case 'gather':
      return { kind, axis, index: Int32Array.from({ length: 1 + random.below(5) }, () => random.below(n + 1) - 1) };
  }
}

/** Neighbours merged, axes split, axes of size 1 put in. */
function randomReshape(shape: Shape, random: Random): Shape {
  const merged: number[] = [];
  for (const n of shape) {
    if (merged.length > 0 && random.below(2) === 0) merged.push(merged.pop()! * n);
    else merged.push(n);
  }
  return merged.flatMap((n) => {
    const divisors = [1, 2, 3, 4, 6].filter((d) => n % d === 0);
    const d = random.pick(divisors);
    return random.below(2) === 0 ? [n] : random.below(2) === 0 ? [d, n / d] : [n / d, 1, d];
  });
}

const seeds = fc.integer({ min: 1, max: 1e9 });
const shapes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });

describe('a term', () => {
  it('has the cells of its definition; total and products with words follow', () => {
    fc.assert(
      fc.property(shapes, seeds, (shape, seed) => {
        const random = createRandom(seed);
        const term = randomTerm(shape, random);
        const cells = dense(term, shape);
        expect(elements(expandTerm(term, shape))).toEqual(cells);
        expect(totalOf(term, shape)).toEqual(cells.reduce(add, ZERO));
        const words = Uint32Array.from(cells, () => word(random));
        const expected = cells.reduce((sum, x, e) => add(sum, scale(x, words[e]!)), ZERO);
        expect(dotTerm(term, shape, words)).toEqual(expected);
      }),
    );
  });

  it('is merged with one of the same factors or of all but one', () => {
    const random = createRandom(1);
    const shape = [3, 4, 5];
    const vectors = shape.map((n) => [vector(n, random, 'random'), vector(n, random, 'random')] as const);
    const choose = (...which: readonly (0 | 1)[]): Term => ({
      k: element(random),
      factors: which.map((w, axis) => ({ axes: [axis], values: vectors[axis]![w] })),
    });
    const cases: readonly (readonly [Term, number])[] = [
      [choose(0, 0, 0), 1],
      [choose(0, 0, 0), 1],
      [choose(0, 1, 0), 1],
      [choose(1, 0, 1), 2],
      [choose(1, 0), 3],
      [termOf(ONE, []), 4],
      [termOf(element(random), []), 4],
    ];
    const list: Term[] = [];
    let expected = Array.from({ length: sizeOf(shape) }, (): Ext => ZERO);
    for (const [term, length] of cases) {
      addTerm(list, term);
      expect(list.length).toBe(length);
      const cells = dense(term, shape);
      expected = expected.map((x, e) => add(x, cells[e]!));
      expect(sumOf(list, shape)).toEqual(expected);
    }
  });
});

function sumOf(list: readonly Term[], shape: Shape): Ext[] {
  const zeros = Array.from({ length: sizeOf(shape) }, (): Ext => ZERO);
  return list.reduce((sum, term) => wellFormed(term, shape).map((x, e) => add(x, sum[e]!)), zeros);
}

/** The transpose by an index table: into[index[o]] += from[o]. */
function pulled(from: readonly Ext[], index: ArrayLike<number>, size: number): Ext[] {
  const into = Array.from({ length: size }, (): Ext => ZERO);
  for (const [o, x] of from.entries()) if (index[o]! >= 0) into[index[o]!] = add(into[index[o]!]!, x);
  return into;
}

describe('the transpose', () => {
  it('of chains of view steps', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 5 }), seeds, (start, length, seed) => {
        const random = createRandom(seed);
        const steps: View[] = [];
        const all: Shape[] = [start];
        for (let n = 0; n < length; n++) {
          const step = randomStep(all[n]!, random);
          const next = viewShape(step, all[n]!);
          if (sizeOf(next) > 600 || next.length > 7) break;
          steps.push(step);
          kinds.add(step.kind);
          all.push(next);
        }
        const last = all[steps.length]!;
        const term = randomTerm(last, random);
        const expected = pulled(dense(term, last), viewIndex(steps, start).index, sizeOf(start));
        const back = steps.reduceRight((t, step, s) => {
          const result = viewTerm(t, step, all[s]!);
          wellFormed(result, all[s]!);
          return result;
        }, term);
        expect(wellFormed(back, start)).toEqual(expected);
      }),
      { numRuns: 600 },
    );
    expect(kinds.size).toBe(8);
  });

  it('of windows, keeps products', () => {
    const random = createRandom(2);
    const from = [1, 4, 9, 9];
    const steps: readonly View[] = [
      { kind: 'window', axis: 2, size: 3, stride: 2, dilation: 1 },
      { kind: 'window', axis: 4, size: 3, stride: 2, dilation: 1 },
    ];
    const shape = [1, 4, 4, 3, 4, 3];
    const factors = shape.flatMap((n, axis) => (n > 1 ? [{ axes: [axis], values: vector(n, random, 'random') }] : []));
    const middle = viewTerm({ k: ONE, factors }, steps[1]!, [1, 4, 4, 3, 9]);
    expect(structure([viewTerm(middle, steps[0]!, from)])).toBe('[["1","2","3"]]');
  });

  it('of concatenations', () => {
    fc.assert(
      fc.property(
        shapes,
        seeds,
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
        (s, seed, parts) => {
          const random = createRandom(seed);
          const axis = random.below(s.length);
          const shape = s.map((n, i) => (i === axis ? parts.reduce((a, b) => a + b) : n));
          const term = randomTerm(shape, random);
          let start = 0;
          for (const size of parts) {
            const slice: View = { kind: 'slice', axis, start, step: 1, size };
            const { index, shape: part } = viewIndex([slice], shape);
            const cells = dense(term, shape);
            const result = concatTerm(term, shape, axis, start, size);
            expect(wellFormed(result, part)).toEqual(Array.from(index, (e) => cells[e]!));
            start += size;
          }
        },
      ),
    );
  });

  it('of sums', () => {
    fc.assert(
      fc.property(shapes, seeds, (from, seed) => {
        const random = createRandom(seed);
        const axes = [...from.keys()].filter(() => random.below(2) === 0);
        const names = 'abcd'.slice(0, from.length);
        const out = [...names].filter((_, axis) => !axes.includes(axis)).join('');
        const shape = from.filter((_, axis) => !axes.includes(axis));
        const term = randomTerm(shape, random);
        const cells = dense(term, shape);
        const { keptA, sumA } = planContraction({ a: names, b: '', out }, from, []);
        const into = Array.from({ length: sizeOf(from) }, (): Ext => ZERO);
        for (const [o, base] of keptA.entries()) for (const s of sumA) into[base + s] = cells[o]!;
        expect(wellFormed(sumTerm(term, axes, from), from)).toEqual(into);
      }),
    );
  });

  it('of contractions with a fixed operand', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 5 }), seeds, (sizes, seed) => {
        const random = createRandom(seed);
        // Every letter is in x, in the fixed operand or in both; kept or summed.
        const where = sizes.map(() => random.below(3));
        const order = (some: readonly number[]): string =>
          some
            .map((l) => ({ l, by: random.below(100) }))
            .sort((p, q) => p.by - q.by)
            .map(({ l }) => 'abcde'[l]!)
            .join('');
        const all = [...sizes.keys()];
        const names = order(all.filter((l) => where[l] !== 1));
        const letters = order(all.filter((l) => where[l] !== 0));
        const out = order(all.filter(() => random.below(2) === 0));
        const shapeIn = (some: string): number[] => [...some].map((l) => sizes['abcde'.indexOf(l)]!);
        const [x, fixed, shape] = [shapeIn(names), shapeIn(letters), shapeIn(out)];
        const fill = random.below(4);
        const cells = Uint32Array.from({ length: sizeOf(fixed) }, () =>
          fill === 0 ? 1 : fill === 1 ? P - 2 : word(random),
        );
        const spec = { a: names, b: letters, out };
        const { keptA, keptB, sumA, sumB } = planContraction(spec, x, fixed);
        const term = randomTerm(shape, random);
        const c = dense(term, shape);
        const into = Array.from({ length: sizeOf(x) }, (): Ext => ZERO);
        for (const [o, base] of keptA.entries())
          for (const [s, step] of sumA.entries())
            into[base + step] = add(into[base + step]!, scale(c[o]!, cells[keptB[o]! + sumB[s]!]!));
        const result = contractTerm(term, out, names, { names: letters, cells }, contractionSizes(spec, x, fixed));
        expect(wellFormed(result, x)).toEqual(into);
      }),
      { numRuns: 300 },
    );
  });
});

const registry = operatorRegistry(standardOps);
const requant = standardOps.find((o) => o.name === 'requant')!;
const samples = standardOps.flatMap((def) => [
  ...def.samples.filter(isIntegerSample).map((sample) => ({ name: `${def.name}: ${sample.name}`, def, sample })),
  ...activationSamples(def).map((sample) => ({ name: `${def.name}: ${sample.name}`, def: requant, sample })),
]);

function plansOf({ def, sample }: Pick<(typeof samples)[number], 'def' | 'sample'>): Plan[] {
  const { module } = moduleOf(def, sample, registry, 'int', (b, operands) => b.emit(def.name, operands, sample.attrs));
  return (['private', 'public'] as const).flatMap((input) => {
    const plans = planCircuit(lowerModule(module, registry, KOALABEAR, { input, weights: 'public', output: 'public' }));
    return [plans.run, ...(plans.registration === undefined ? [] : [plans.registration])];
  });
}

/** Wires on which claims can be made: outputs, operands of contractions, the wires of forms. */
function claimed(plan: Plan): number[] {
  const forms = [...plan.identities.map((i) => i.form), ...plan.lookups.map((l) => l.key)];
  return [
    ...plan.outputs.map((t) => t.wire),
    ...plan.contractions.flatMap(({ a, b }) => [a, b]),
    ...forms.flatMap((f) => f.terms.map((t) => t.wire)),
  ].filter((w) => sizeOf(plan.shapes[w]!) > 0);
}

describe.each(samples)('pulling terms back: $name', (sample) => {
  it('is what pulling dense covectors back is, and its structure does not depend on values', () => {
    for (const plan of plansOf(sample)) {
      const beginTerms = preparePullBack(plan);
      const beginDense = prepareDensePullBack(plan);
      for (const seed of [1, 2]) {
        const results = (['random', 'zeros', 'ones'] as const).map((fill) => {
          const random = createRandom(seed);
          const [terms, cells] = [beginTerms(), beginDense()];
          for (const w of claimed(plan)) {
            const [term, k] = [randomTerm(plan.shapes[w]!, random, fill), element(random)];
            terms.add(w, term, k);
            cells.add(w, expandTerm(term, plan.shapes[w]!), k);
          }
          for (const form of [...plan.identities.map((i) => i.form), ...plan.lookups.map((l) => l.key)]) {
            const shape = plan.shapes[form.terms[0]!.wire]!;
            const [term, k] = [randomTerm(shape, random, fill), element(random)];
            terms.addForm(form, term, k);
            cells.addForm(form, expandTerm(term, shape), k);
          }
          const [back, expected] = [terms.finish(), cells.finish()];
          expect(back.constant).toEqual(expected.constant);
          const leaves = [
            [back.columns, expected.columns, plan.columns],
            [back.contractions, expected.contractions, plan.contractions],
            [back.inputs, expected.inputs, plan.inputs],
          ] as const;
          for (const [lists, vectors, wires] of leaves)
            for (const [i, { wire }] of wires.entries()) {
              const shape = plan.shapes[wire]!;
              const zeros = new Uint32Array(EXT * sizeOf(shape));
              expect(sumOf(lists[i]!, shape)).toEqual(elements(vectors[i] ?? zeros));
            }
          return [...back.columns, ...back.contractions, ...back.inputs].map(structure).join();
        });
        expect(results[1]).toBe(results[0]);
        expect(results[2]).toBe(results[0]);
      }
    }
  });
});
