// Slicing of modules: slices run in order give the unsliced integers, cuts respect what may not be separated, predictions.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CostModel, defineCostModel, NO_COST, NO_STATS } from '../../compiler/ir/cost-model.ts';
import { evaluateModule } from '../../compiler/ir/evaluate.ts';
import { count } from '../../compiler/ir/interpret/count.ts';
import { lowerModule } from '../../compiler/ir/lower.ts';
import type { Module } from '../../compiler/ir/module.ts';
import type { SliceRequest, Slicing } from '../../compiler/ir/slicing.ts';
import { printModule } from '../../compiler/ir/text/index.ts';
import { moduleFaults } from '../../compiler/ir/verify.ts';
import { plonk, plonkProofBytes } from '../../compiler/passes/cost/plonk.ts';
import { rows } from '../../compiler/passes/cost/rows.ts';
import {
  cutAtWeights,
  cutEqually,
  evaluateSlices,
  type SliceCosts,
  sliceCosts,
  sliceModule,
  sliceModules,
  slicingOf,
  structuralKey,
  tensorValue,
} from '../../compiler/passes/slice/index.ts';
import { placeLongestFirst } from '../../compiler/passes/slice/makespan.ts';
import { groupBounds } from '../../compiler/passes/slice/optimize.ts';
import { sliceSum } from '../../compiler/passes/slice/problem.ts';
import { MODELS } from '../circom/models.ts';
import { thrown } from '../thrown.ts';
import { blocks, CORPUS_MODELS, corpusModel, OWN_MODELS, ops, ownModel, randomInputs } from './slice-models.ts';

const BLESS = process.env.BLESS === '1';
const context = { ops, costModel: rows };
const three: SliceRequest = { objective: { kind: 'largest' }, limits: { slices: 3 } };

/** Slices are well-formed and run to the same integers as the whole; names and indices fit together. */
function checkSlicing(m: Module, slicing: Slicing, seed: number): void {
  const { slices, tensors } = slicing;
  expect(slices.flatMap((s) => s.operations).toSorted((a, b) => a - b)).toEqual([...m.operations.keys()]);
  expect(new Set(tensors.map((t) => t.name)).size).toBe(tensors.length);
  for (const t of tensors) for (const c of t.consumers) expect(c).toBeGreaterThan(t.producer);
  const modules = sliceModules(m, slicing);
  for (const s of modules) expect(moduleFaults(s, ops)).toEqual([]);
  const inputs = randomInputs(m, seed);
  const crossing = new Set<string>();
  const actual = evaluateSlices(modules, slicing, ops, inputs, (t, value) => {
    crossing.add(t.name);
    expect(value.shape).toEqual(t.shape);
  });
  expect(crossing.size).toBe(tensors.length);
  const expected = evaluateModule(m, ops, inputs);
  expect(new Set(actual.keys())).toEqual(new Set(m.outputs.map((o) => o.name)));
  for (const [name, t] of expected) {
    expect(actual.get(name)!.shape, name).toEqual(t.shape);
    expect(Array.from(actual.get(name)!.data), name).toEqual(Array.from(t.data));
  }
}

/** Every way to ask: few slices, the finest slicing, one per group. */
function checkModel(m: Module): void {
  for (const costModel of [rows, plonk]) {
    const cx = { ops, costModel };
    const costs = sliceCosts(m, cx);
    const most = Math.min(5, costs.groups.length);
    for (const [seed, request] of [
      { objective: { kind: 'total' }, limits: { slices: most } },
      { objective: { kind: 'largest' }, limits: {} },
      { objective: { kind: 'makespan', provers: 3 }, limits: {} },
    ].entries())
      checkSlicing(m, slicingOf(m, costs, request as SliceRequest, cx), seed);
    checkAgainstPlainCuts(m, costs, costModel);
  }
}

/** Never worse, in its own objective, than cutting at every layer with weights or into equally many groups. */
function checkAgainstPlainCuts(m: Module, costs: SliceCosts, costModel: CostModel): void {
  const { groups, problem } = costs;
  const plain = [cutAtWeights(m, groups), ...[2, 3, 8].map((n) => cutEqually(groups.length, n))];
  const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
  for (const cuts of plain) {
    const loads = cuts.map((s) => sliceSum(problem, new Set(s))[0]!);
    const ask = (objective: SliceRequest['objective'], slices?: number): Slicing['report'] =>
      slicingOf(m, costs, { objective, limits: slices === undefined ? {} : { slices } }, { ops, costModel }).report;
    const slack = 1 + 1e-9;
    expect(ask({ kind: 'total' }, cuts.length).total).toBeLessThanOrEqual(sum(loads) * slack);
    expect(ask({ kind: 'largest' }, cuts.length).largest).toBeLessThanOrEqual(Math.max(...loads) * slack);
    for (const provers of [2, 8]) {
      const { makespan, lowerBound, gap } = ask({ kind: 'makespan', provers }).makespan!;
      if (cuts.length === provers || cuts === plain[0])
        expect(makespan).toBeLessThanOrEqual(placeLongestFirst(loads, provers).makespan * slack);
      expect(makespan).toBeGreaterThanOrEqual(lowerBound / slack);
      expect(gap).toBeCloseTo(makespan / lowerBound - 1, 9);
    }
  }
}

describe('a sliced run gives exactly the unsliced integers', () => {
  test.each(Object.keys(MODELS))('%s', (name) => checkModel(MODELS[name]!.module));
  test('residual blocks, outputs in the middle', () => checkModel(blocks()));
  test.each(OWN_MODELS)('%s', async (name) => checkModel(await ownModel(name)));
  test.each(CORPUS_MODELS)('%s of the corpus', async (name) => {
    const m = await corpusModel(name);
    if (m === undefined) {
      console.log(`skipped: ${name} of ../shared/corpus is absent or not supported`);
      return;
    }
    const costs = sliceCosts(m, context);
    const slices = Math.min(4, costs.groups.length);
    checkSlicing(m, slicingOf(m, costs, { objective: { kind: 'largest' }, limits: { slices } }, context), 1);
    checkSlicing(m, slicingOf(m, costs, { objective: { kind: 'largest' }, limits: {} }, context), 2);
  });
});

test('no cut separates an accumulator from its requantization', async () => {
  const m = await ownModel('digits-resnet');
  const costs = sliceCosts(m, context);
  const finest = slicingOf(
    m,
    costs,
    { objective: { kind: 'largest' }, limits: { slices: costs.groups.length } },
    context,
  );
  expect(finest.slices.length).toBeGreaterThanOrEqual(10);
  const rounded = new Set(m.operations.filter((o) => o.op === 'requant').flatMap((o) => o.operands));
  const crossing = finest.tensors.filter((t) => t.producer >= 0 && t.consumers.length > 0);
  expect(crossing.length).toBeGreaterThan(8);
  for (const t of crossing) {
    expect(t.hi - t.lo, t.name).toBeLessThan(2 ** 29);
    if (rounded.has(tensorValue(m, t))) expect(t.hi - t.lo, t.name).toBeLessThan(2 ** 16);
  }
});

describe('golden', () => {
  test('three slices of a residual network', () => {
    const { module } = MODELS['residual-cnn']!;
    const slicing = sliceModule(module, three, context);
    const { predicted: _, ...first } = slicing.slices[0]!;
    expect(first).toMatchObject({ name: 's0', nodes: ['/block1/Conv', '/block1/Relu'] });
    const text = sliceModules(module, slicing)
      .map((m) => printModule(m))
      .join('');
    const path = join(import.meta.dirname, '../golden/slice/residual-cnn.txt');
    if (BLESS) writeFileSync(path, text);
    expect(text, 'after BLESS=1, read the difference').toBe(readFileSync(path, 'utf8'));
  });
});

describe('predictions', () => {
  test('rows: of the whole as one slice, nearly those of its circuit with committed inputs and outputs', async () => {
    const m = await ownModel('digits-resnet');
    const { report } = sliceModule(m, { objective: { kind: 'total' }, limits: {} }, context);
    const actual = count(
      lowerModule(m, ops, rows.target, { input: 'committed', weights: 'fixed', output: 'committed' }),
    );
    expect(report.unsliced).toBeGreaterThan(0.97 * actual.total.rows);
    expect(report.unsliced).toBeLessThan(1.03 * actual.total.rows);
  });

  test('rows: of each slice, nearly those of its circuit', async () => {
    const m = await ownModel('digits-resnet');
    const slicing = sliceModule(m, three, context);
    for (const [s, slice] of sliceModules(m, slicing).entries()) {
      const c = lowerModule(slice, ops, rows.target, { input: 'committed', weights: 'fixed', output: 'committed' });
      const ratio = slicing.slices[s]!.predicted.constraints / count(c).total.rows;
      expect(Math.abs(ratio - 1), `slice ${s}`).toBeLessThan(0.05);
    }
  });

  test('plonk: nothing is negative, more of anything costs no less, a proof has bytes', () => {
    expect(plonkProofBytes(NO_STATS)).toBeGreaterThan(0);
    for (const key of Object.keys(NO_STATS)) {
      const { cost, bytes, seconds } = plonk.operations({ ...NO_STATS, [key]: 1000 });
      expect(Math.min(cost, bytes, seconds)).toBeGreaterThanOrEqual(0);
    }
    expect(plonk.operations({ ...NO_STATS, cells: 1e6 }).bytes).toBeGreaterThan(1e7);
  });

  test('a price may depend on the whole slice: machines with different memory', () => {
    const m = blocks();
    const whole = sliceModule(m, { objective: { kind: 'total' }, limits: {} }, context).report.unsliced;
    const machines = defineCostModel({
      ...rows,
      name: 'machines',
      unit: 'EUR',
      price: ({ constraints }) =>
        constraints < 0.5 * whole ? constraints : constraints < 0.9 * whole ? 3 * constraints : Infinity,
    });
    const cx = { ops, costModel: machines };
    const { slices, report } = sliceModule(m, { objective: { kind: 'total' }, limits: {} }, cx);
    expect(report).toMatchObject({ optimality: 'exact', unit: 'EUR', unsliced: Infinity });
    for (const s of slices) expect(s.predicted.cost).toBeLessThan(Infinity);
    expect(report.total).toBe(slices.reduce((n, s) => n + s.predicted.cost, 0));
  });
});

describe('equal slices', () => {
  test('have one key, whatever their names and weights; with values they differ', () => {
    const m = blocks();
    const at = ['/a/add', '/b/add', '/c/add'];
    const slicing = sliceModule(m, { objective: { kind: 'total' }, limits: {}, at }, context);
    expect(slicing.slices.map((s) => s.nodes)).toEqual([
      ['/a/fc', '/a/add'],
      ['/b/fc', '/b/add'],
      ['/c/fc', '/c/add'],
      ['/sum'],
    ]);
    expect(slicing.report.optimality).toBe('manual');
    checkSlicing(m, slicing, 3);
    const modules = sliceModules(m, slicing);
    const keys = modules.map((s) => structuralKey(s, 'types'));
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).toBe(keys[0]);
    expect(keys[3]).not.toBe(keys[0]);
    expect(new Set(modules.map((s) => structuralKey(s, 'values'))).size).toBe(4);
  });

  test('attributes, types and wiring count', () => {
    const m = blocks();
    const key = structuralKey(m, 'types');
    const changed = (f: (o: Module['operations'][number]) => Module['operations'][number]): string =>
      structuralKey({ ...m, operations: m.operations.map((o, i) => (i === 1 ? f(o) : o)) }, 'types');
    expect(changed((o) => o)).toBe(key);
    expect(changed((o) => ({ ...o, loc: { node: 'other', index: 9 } }))).toBe(key);
    expect(changed((o) => ({ ...o, attrs: { ...o.attrs, shift: 6 } }))).not.toBe(key);
    expect(changed((o) => ({ ...o, attrs: { ...o.attrs, lo: -0 } }))).not.toBe(
      changed((o) => ({ ...o, attrs: { ...o.attrs, lo: 0 } })),
    );
    expect(structuralKey({ ...m, outputs: m.outputs.toReversed() }, 'types')).not.toBe(key);
  });
});

describe('refusals', () => {
  test('a layer beyond a limit is named with what it needs', () => {
    const e = thrown(() =>
      sliceModule(blocks(), { objective: { kind: 'total' }, limits: { constraints: 1 } }, context),
    );
    expect(e).toMatchObject({ code: 'layer-too-large', where: { node: '/a/fc' } });
    expect(e.message).toMatch(/constraints \d+, beyond constraints=1:/);
    expect(e.others.map((o) => o.where.node)).toContain('/sum');
  });

  test('limits that boundaries alone exceed, too many slices, unknown and repeated nodes, modules of reals', () => {
    const m = blocks();
    const costs = sliceCosts(m, context);
    const ask = (limits: SliceRequest['limits'], at?: readonly string[]) =>
      thrown(() => slicingOf(m, costs, { objective: { kind: 'total' }, limits, ...(at && { at }) }, context));
    const alone = Math.max(...groupBounds(costs.problem).map((g) => g[1]!)) + costs.problem.fixed[1]!;
    expect(ask({ constraints: alone }).code).toBe('no-slicing');
    expect(ask({ slices: 100 })).toMatchObject({ code: 'too-many-slices', kind: 'usage' });
    expect(ask({}, ['/nope'])).toMatchObject({ code: 'unknown-node', kind: 'usage', where: { node: '/nope' } });
    expect(ask({}, ['/b/add', '/a/fc'])).toMatchObject({ code: 'empty-slice', kind: 'usage' });
    const broken = defineCostModel({ ...rows, name: 'broken', operations: () => ({ ...NO_COST, bytes: Number.NaN }) });
    expect(thrown(() => sliceModule(m, three, { ops, costModel: broken })).code).toBe('bad-cost-model');
    expect(thrown(() => sliceModule({ ...m, operations: [] }, three, context)).code).toBe('nothing-to-slice');
  });
});
