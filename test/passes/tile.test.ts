// Slicing under limits that single layers exceed: they are divided, the integers stay, and what cannot be divided is refused.
import { describe, expect, test } from 'vitest';
import { describeTiles } from '../../cli/slicing-text.ts';
import type { CostModel } from '../../compiler/ir/cost-model.ts';
import { evaluateModule } from '../../compiler/ir/evaluate.ts';
import type { Module, Value } from '../../compiler/ir/module.ts';
import { createModuleBuilder } from '../../compiler/ir/module-builder.ts';
import { operatorRegistry } from '../../compiler/ir/op.ts';
import type { SliceLimits } from '../../compiler/ir/slicing.ts';
import { untiledName } from '../../compiler/ir/tile-name.ts';
import { intType } from '../../compiler/ir/types.ts';
import { moduleFaults } from '../../compiler/ir/verify.ts';
import { plonk } from '../../compiler/passes/cost/plonk.ts';
import { rows } from '../../compiler/passes/cost/rows.ts';
import { evaluateSlices, sliceModules } from '../../compiler/passes/slice/index.ts';
import { evenSizes, type SlicedModule, sliceInTiles, tileGroups } from '../../compiler/passes/tile/index.ts';
import { standardOps } from '../../stdlib/index.ts';
import { weights } from '../../stdlib/shared/samples.ts';
import { thrown } from '../thrown.ts';
import { memoryBelowLargest, ops, ownModel, randomInputs } from './slice-models.ts';

function sliced(m: Module, limits: SliceLimits, costModel: CostModel = rows): SlicedModule {
  return sliceInTiles(m, { objective: { kind: 'total' }, limits }, { ops, costModel });
}

/** Slices of the divided module are well-formed and give the integers of the module that was given. */
function check(m: Module, { module, slicing }: SlicedModule): void {
  expect(moduleFaults(module, ops)).toEqual([]);
  const inputs = randomInputs(m, 5);
  const actual = evaluateSlices(sliceModules(module, slicing), slicing, ops, inputs);
  const expected = evaluateModule(m, ops, inputs);
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, t] of expected) expect(Array.from(actual.get(name)!.data), name).toEqual(Array.from(t.data));
}

type At = { readonly node: string; readonly index: number };
const at = (node: string): At => ({ node, index: 0 });

/** A layer: what `emit` gives, rounded to bytes. */
function layers(name: string, build: (cx: Layers) => Value, registry = ops): Module {
  const b = createModuleBuilder(name, 'int', registry);
  const cx: Layers = {
    input: (shape) => b.input('x', intType(shape, -128, 127)),
    weights: (shape) => b.constantOfType('w', weights(shape), intType(shape, -127, 127)),
    emit: (node, op, operands, attrs = {}) => b.emitAt(at(node), op, operands, attrs)[0]!,
    layer: (node, op, operands, attrs = {}) =>
      b.emitAt(at(node), 'requant', [b.emitAt(at(node), op, operands, attrs)[0]!], {
        multipliers: [1],
        shift: 10,
        lo: -128,
        hi: 127,
        scale: '1',
      })[0]!,
  };
  b.output('y', build(cx));
  return b.finish();
}

interface Layers {
  input(shape: readonly number[]): Value;
  weights(shape: readonly number[]): Value;
  emit(node: string, op: string, operands: readonly Value[], attrs?: Record<string, number | readonly number[]>): Value;
  layer(
    node: string,
    op: string,
    operands: readonly Value[],
    attrs?: Record<string, number | readonly number[]>,
  ): Value;
}

test('a residual network under limits below its layers: every slice keeps them, every tile of a layer is there', async () => {
  const m = await ownModel('digits-resnet');
  for (const constraints of [12_000, 8_000]) {
    const made = sliced(m, { constraints });
    check(m, made);
    const { slices, report } = made.slicing;
    for (const s of slices) expect(s.predicted.constraints, s.name).toBeLessThanOrEqual(constraints);
    expect(report.tiled!.length).toBeGreaterThan(1);
    const nodes = new Set(slices.flatMap((s) => s.nodes));
    for (const { nodes: of, tiles } of report.tiled!)
      for (const node of of) for (let i = 1; i <= tiles; i++) expect(nodes).toContain(`${node}[${i}/${tiles}]`);
    expect([...nodes].map(untiledName)).toEqual(expect.arrayContaining(m.operations.map((o) => o.loc.node)));
  }
});

test('what fits is left as it is', async () => {
  const m = await ownModel('digits-resnet');
  const { module, slicing } = sliced(m, { constraints: 20_000 });
  expect(module).toBe(m);
  expect(slicing.report.tiled).toBeUndefined();
  expect(describeTiles(slicing)).toEqual([]);
});

test('no fewer tiles would do, and reports say how many there are', () => {
  const m = layers('gram', (l) => {
    const x = l.input([12, 16]);
    return l.layer('gram', 'matmul', [x, l.emit('turn', 'transpose', [x], { perm: [1, 0] })]);
  });
  const made = sliced(m, { constraints: 5000 });
  check(m, made);
  expect(made.slicing.report.tiled).toEqual([{ nodes: ['gram'], axis: 0, tiles: 4, of: 12, largest: 3 }]);
  expect(describeTiles(made.slicing)).toEqual(['divided gram: 4 tiles along axis 0, each at most 3 of 12 cells']);
  const fewer = (tiles: number): Module =>
    tileGroups(m, ops, [[0], [1, 2]], new Map([[1, { axis: 0, sizes: evenSizes(12, tiles) }]]));
  expect(sliceInTilesOnly(fewer(4), 5000).slicing.slices.length).toBe(made.slicing.slices.length);
  expect(thrown(() => sliceInTilesOnly(fewer(3), 5000)).message).toMatch(/cannot be divided/);
});

/** Slices a module whose layers must not be divided (further). */
function sliceInTilesOnly(m: Module, constraints: number): SlicedModule {
  const without = operatorRegistry(standardOps.map(({ tile: _, ...def }) => def));
  return sliceInTiles(m, { objective: { kind: 'total' }, limits: { constraints } }, { ops: without, costModel: rows });
}

test('memory of the native prover: weights that are too large for a process are divided by columns', () => {
  const m = layers('fc', (l) => l.layer('fc', 'matmul', [l.input([1, 1024]), l.weights([1024, 1024])]));
  const memory = memoryBelowLargest(m, 0.8);
  expect(thrown(() => sliceInTilesOnly(m, 100)).code).toBe('layer-too-large');
  const made = sliced(m, { memory }, plonk);
  check(m, made);
  expect(made.slicing.report.tiled).toMatchObject([{ nodes: ['fc'], axis: 1, of: 1024 }]);
  for (const s of made.slicing.slices) expect(s.predicted.bytes).toBeLessThanOrEqual(memory);
  expect(made.slicing.slices.length).toBeGreaterThan(2);
});

test('heads of an attention are divided, and so is what reads them', () => {
  const m = layers('attention', (l) => {
    const x = l.input([1, 6, 8, 6]);
    const scores = l.layer('scores', 'matmul', [x, l.emit('turn', 'transpose', [x], { perm: [0, 1, 3, 2] })]);
    return l.layer('context', 'matmul', [scores, x]);
  });
  const made = sliced(m, { constraints: 9000 });
  check(m, made);
  expect(made.slicing.report.tiled).toMatchObject([
    { nodes: ['scores'], axis: 1 },
    { nodes: ['context'], axis: 1 },
  ]);
});

test('a layer that is divided like the one before it reads the tiles that it needs, not the whole', () => {
  const m = layers('pooled', (l) => {
    const y = l.layer('conv', 'conv', [l.input([1, 2, 12, 12]), l.weights([4, 2, 3, 3])], { pads: [1, 1, 1, 1] });
    return l.emit('pool', 'max_pool', [y], { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  });
  const rowsOf = (tiles: number) => ({ axis: 2, sizes: evenSizes(tiles === 3 ? 12 : 6, tiles) });
  const tiled = tileGroups(
    m,
    ops,
    [[0, 1], [2]],
    new Map([
      [0, rowsOf(3)],
      [1, rowsOf(2)],
    ]),
  );
  const y = tiled.operations.map((o) => `${o.op} ${o.loc.node} [${o.results[0]!.type.shape.join(', ')}]`);
  expect(y.slice(9)).toEqual([
    // Windows of rows 0..2 see rows -1..5, those of rows 3..5 see rows 5..11: one tile and part of its neighbour.
    'slice pool[1/2] [1, 4, 2, 12]',
    'concat pool[1/2] [1, 4, 6, 12]',
    'max_pool pool[1/2] [1, 4, 3, 6]',
    'slice pool[2/2] [1, 4, 3, 12]',
    'concat pool[2/2] [1, 4, 7, 12]',
    'max_pool pool[2/2] [1, 4, 3, 6]',
    'concat pool [1, 4, 6, 6]',
  ]);
  const inputs = randomInputs(m, 2);
  expect(evaluateModule(tiled, ops, inputs)).toEqual(evaluateModule(m, ops, inputs));
});

describe('refusals say why', () => {
  const m = layers('fc', (l) => l.layer('fc', 'matmul', [l.input([1, 8]), l.weights([8, 40])]));

  test('operators that say nothing about tiles', () => {
    const e = thrown(() => sliceInTilesOnly(m, 1000));
    expect(e).toMatchObject({ code: 'layer-too-large', where: { node: 'fc' } });
    expect(e.message).toMatch(
      /^by itself this layer needs constraints \d+, beyond constraints=1000, and operators matmul, requant cannot be divided: raise the limit$/,
    );
  });

  test('tensors that are beyond the limit alone', () => {
    const e = thrown(() => sliced(m, { constraints: 100 }));
    expect(e).toMatchObject({ code: 'layer-too-large', where: { node: 'fc' } });
    expect(e.message).toMatch(
      /and the tensors that its smallest tile reads and writes need constraints \d+ alone: raise the limit$/,
    );
  });

  test('a tensor that has to be whole somewhere', () => {
    const e = thrown(() => sliced(m, { constraints: 1400 }));
    expect(e).toMatchObject({ code: 'no-slicing', where: { node: 'fc' } });
    expect(e.message).toMatch(
      /^layers have been divided, but "fc" with the tensors that it reads and writes needs constraints \d+, beyond constraints=1400: raise the limit$/,
    );
  });
});
