// Every operator that can be divided: on random shapes, attributes and tiles, the tiles give exactly the integers of the whole.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { evaluateModule } from '../../compiler/ir/evaluate.ts';
import type { Attrs, Module } from '../../compiler/ir/module.ts';
import { createModuleBuilder } from '../../compiler/ir/module-builder.ts';
import type { AnyOp, Sample } from '../../compiler/ir/op.ts';
import { defineOp, operatorRegistry } from '../../compiler/ir/op.ts';
import { moduleFaults } from '../../compiler/ir/verify.ts';
import { planTile } from '../../compiler/passes/tile/plan-tile.ts';
import { evenSizes, partsOf, tileGroups } from '../../compiler/passes/tile/tile-groups.ts';
import { standardRegistry } from '../../stdlib/index.ts';
import { int8, ints, weights } from '../../stdlib/shared/samples.ts';
import { isIntegerSample } from '../kits/ops-kit.ts';
import { randomInputs } from './slice-models.ts';

type Use = Omit<Sample, 'name'>;

const small = fc.integer({ min: 1, max: 5 });
const shapes = fc.array(small, { minLength: 1, maxLength: 4 });

const axisWindow = fc.record({
  size: fc.integer({ min: 1, max: 7 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  before: fc.integer({ min: 0, max: 3 }),
  after: fc.integer({ min: 0, max: 3 }),
});

const windowed = (pool: boolean): fc.Arbitrary<Use> =>
  fc
    .record({
      axes: fc.array(axisWindow, { minLength: 1, maxLength: 2 }),
      batch: fc.integer({ min: 1, max: 2 }),
      group: fc.integer({ min: 1, max: 4 }),
      perGroup: fc.integer({ min: 1, max: 2 }),
      filters: fc.integer({ min: 1, max: 3 }),
      ceil: fc.boolean(),
      plain: fc.boolean(),
    })
    .map(({ axes, batch, group, perGroup, filters, ceil, plain }): Use => {
      const x = ints([batch, group * perGroup, ...axes.map((a) => a.size)], 3, 200);
      const pads = [...axes.map((a) => a.before), ...axes.map((a) => a.after)];
      const attrs: Attrs = {
        strides: axes.map((a) => a.stride),
        dilations: axes.map((a) => a.dilation),
        pads: plain ? [] : pads,
      };
      const kernel = axes.map((a) => a.kernel);
      if (pool) return { attrs: { ...attrs, kernel, ceil }, operands: [x] };
      const w = [group * filters, perGroup, ...kernel];
      return { attrs: { ...attrs, group }, operands: [x, int8(w)], constants: new Map([[1, weights(w)]]) };
    });

/** Two shapes that broadcast to one. */
const broadcast = fc
  .tuple(
    shapes,
    fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 4, maxLength: 4 }),
    fc.nat(3),
    fc.boolean(),
  )
  .map(([shape, ones, dropped, constant]): Use => {
    const x = shape.map((d, i) => (ones[i]![0] && !ones[i]![1] ? 1 : d));
    const y = shape.map((d, i) => (ones[i]![1] && !ones[i]![0] ? 1 : d)).slice(Math.min(dropped, shape.length));
    return {
      operands: [int8(x), ints(y, -9, 100)],
      ...(constant && { constants: new Map([[1, weights(y, -9, 100)]]) }),
    };
  });

const unary = (attrs: Attrs = {}): fc.Arbitrary<Use> => shapes.map((s) => ({ attrs, operands: [int8(s)] }));

const reduced = fc.tuple(shapes, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.boolean());

const reduction = reduced.map(
  ([shape, some, keepdims]): Use => ({
    attrs: { axes: shape.map((_, i) => i).filter((i) => some[i]), keepdims },
    operands: [int8(shape)],
  }),
);

/** The factors of a number in another order and with other products. */
const reshaped = fc
  .tuple(fc.array(fc.constantFrom(1, 2, 2, 3), { minLength: 2, maxLength: 5 }), fc.nat(4), fc.nat(4), fc.nat(4))
  .map(([dims, a, b, c]): Use => {
    const merge = (s: readonly number[], at: number): readonly number[] => {
      const i = at % s.length;
      return i + 1 < s.length ? [...s.slice(0, i), s[i]! * s[i + 1]!, ...s.slice(i + 2)] : s;
    };
    return { attrs: { shape: merge(merge(dims, b), c) }, operands: [int8(merge(dims, a))] };
  });

const matrices = fc
  .record({
    batch: fc.array(fc.tuple(small, fc.boolean(), fc.boolean()), { maxLength: 2 }),
    m: small,
    k: small,
    n: small,
    vectors: fc.tuple(fc.boolean(), fc.boolean()),
    lead: fc.boolean(),
    constant: fc.boolean(),
  })
  .map(({ batch, m, k, n, vectors, lead, constant }): Use => {
    const x = vectors[0] ? [k] : [...batch.map(([d, one, other]) => (one && !other ? 1 : d)), m, k];
    const shared = batch.map(([d, one, other]) => (other && !one ? 1 : d)).slice(lead ? 1 : 0);
    const y = vectors[1] ? [k] : [...shared, k, n];
    return { operands: [int8(x), int8(y)], ...(constant && { constants: new Map([[1, weights(y)]]) }) };
  });

const joined = fc
  .tuple(shapes, fc.nat(3), fc.array(small, { minLength: 1, maxLength: 3 }))
  .map(([shape, at, sizes]): Use => {
    const axis = at % shape.length;
    return { attrs: { axis }, operands: sizes.map((n) => int8(shape.with(axis, n))) };
  });

const cut = fc
  .tuple(shapes, fc.nat(3), fc.nat(4), fc.nat(4), fc.integer({ min: 1, max: 2 }))
  .map(([shape, at, a, b, by]): Use => {
    const axis = at % shape.length;
    const [from, to] = [a % shape[axis]!, b % shape[axis]!];
    return {
      attrs: {
        axes: [axis],
        starts: [from],
        steps: [from <= to ? by : -by],
        sizes: [Math.floor(Math.abs(to - from) / by) + 1],
      },
      operands: [int8(shape)],
    };
  });

const requantized = fc.tuple(shapes, fc.boolean()).map(
  ([shape, table]): Use => ({
    attrs: table
      ? { multipliers: [1], shift: 8, lo: -64, hi: 63, scale: '2^-3', act: 'sigmoid', out_scale: '2^-7' }
      : { multipliers: [3], shift: 5, lo: -100, hi: 90, scale: '2^-5' },
    operands: [ints(shape, -30000, 30000)],
  }),
);

/** Uses of every operator that can be divided. */
const USES: Readonly<Record<string, fc.Arbitrary<Use>>> = {
  abs: unary(),
  add: broadcast,
  argmax: fc.tuple(shapes, fc.nat(3), fc.boolean()).map(([shape, axis, keepdims]) => ({
    attrs: { axis: axis % shape.length, keepdims },
    operands: [int8(shape)],
  })),
  average_pool: fc.tuple(windowed(true), fc.boolean()).map(([use, include_pad]) => ({
    ...use,
    attrs: { ...use.attrs, include_pad },
  })),
  cast: unary({ to: 'f32' }),
  concat: joined,
  conv: windowed(false),
  expand: fc
    .tuple(shapes, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat(2))
    .map(([shape, ones, lead]) => ({
      attrs: { shape },
      operands: [int8(shape.map((d, i) => (ones[i] ? 1 : d)).slice(lead))],
    })),
  gather: fc
    .tuple(shapes, fc.nat(3), fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }))
    .map(([shape, at, indices]) => ({
      attrs: {
        axis: at % shape.length,
        indices: indices.map((i) => i % shape[at % shape.length]!),
        index_shape: [1, indices.length],
      },
      operands: [int8(shape)],
    })),
  matmul: matrices,
  max_pool: windowed(true),
  mul: broadcast,
  neg: unary(),
  pad: fc.tuple(shapes, fc.nat(3), fc.nat(2)).map(([shape, at, added]) => ({
    attrs: { before: shape.map((_, i) => (i === at ? added : 0)), after: shape.map(() => 0), value: 7 },
    operands: [int8(shape)],
  })),
  reduce_max: reduction,
  reduce_mean: reduction,
  reduce_sum: reduction,
  requant: requantized,
  reshape: reshaped,
  slice: cut,
  sub: broadcast,
  transpose: fc.tuple(shapes, fc.array(fc.nat(), { minLength: 4, maxLength: 4 })).map(([shape, keys]) => ({
    attrs: { perm: shape.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]! || a - b) },
    operands: [int8(shape)],
  })),
  truncate: unary({ divisor: 7 }),
};

/** One operation as a module; undefined if the operator refuses these attributes. */
function moduleOf(def: AnyOp, { attrs, operands, constants }: Use, ops = standardRegistry): Module | undefined {
  const b = createModuleBuilder(def.name, 'int', ops);
  const values = operands.map((type, i) => {
    const constant = constants?.get(i);
    return constant === undefined ? b.input(`x${i}`, type) : b.constantOfType(`w${i}`, constant, type);
  });
  try {
    b.output('y', b.emit(def.name, values, attrs)[0]!);
  } catch (e) {
    if (e instanceof Diagnostic) return undefined;
    throw e;
  }
  return b.finish();
}

/** Divides the only operation of a module, if it can be. */
function divided(m: Module, axis: number, sizes: readonly number[], ops = standardRegistry): Module | undefined {
  const output = m.outputs[0]!.value;
  const group = { operations: [0], outputs: [output] };
  if (partsOf({ axis, sizes }).some((part) => planTile(m, ops, group, part) === undefined)) return undefined;
  return tileGroups(m, ops, [[0]], new Map([[0, { axis, sizes }]]));
}

/** Integers, type and well-formedness of a divided module against those of the whole. */
function check(m: Module, tiles: Module, seed: number, ops = standardRegistry): void {
  expect(moduleFaults(tiles, ops)).toEqual([]);
  const [a, b] = [m.outputs[0]!.value.type, tiles.outputs[0]!.value.type];
  if (a.kind !== 'int' || b.kind !== 'int') throw new TypeError('not quantized');
  expect(b.shape).toEqual(a.shape);
  expect(b.scale).toEqual(a.scale);
  expect(b.lo).toBeGreaterThanOrEqual(a.lo);
  expect(b.hi).toBeLessThanOrEqual(a.hi);
  const inputs = randomInputs(m, seed);
  const [whole, parts] = [m, tiles].map((x) => evaluateModule(x, ops, inputs).get('y')!);
  expect(Array.from(parts!.data)).toEqual(Array.from(whole!.data));
}

const tileable = [...standardRegistry.values()].filter((def) => def.tile !== undefined);

test('every operator that has an integer meaning can be divided, and has random uses here', () => {
  const integer = [...standardRegistry.values()].filter((def) => def.evalInt !== undefined && def.lower !== undefined);
  expect(tileable.map((def) => def.name)).toEqual(integer.map((def) => def.name));
  expect(Object.keys(USES)).toEqual(tileable.map((def) => def.name));
});

describe('tiles give the integers of the whole', () => {
  test.each(tileable.map((def) => [def.name, def] as const))('%s', (name, def) => {
    let [tiled, uses] = [0, 0];
    const cuts = fc.array(fc.boolean(), { minLength: 24, maxLength: 24 });
    const property = fc.property(USES[name]!, fc.nat(5), cuts, fc.nat(), (use, at, between, seed) => {
      const m = moduleOf(def, use);
      if (m === undefined) return;
      const { shape } = m.outputs[0]!.value.type;
      const axis = at % Math.max(1, shape.length);
      if ((shape[axis] ?? 1) < 2) return;
      uses++;
      const ends = Array.from({ length: shape[axis]! }, (_, i) => i + 1).filter(
        (i) => i === shape[axis] || between[i % 24],
      );
      const tiles = divided(
        m,
        axis,
        ends.map((end, i) => end - (ends[i - 1] ?? 0)),
      );
      if (tiles === undefined) return;
      tiled++;
      check(m, tiles, seed);
    });
    fc.assert(property, { numRuns: 300, seed: 7 });
    expect(tiled, `of ${uses}`).toBeGreaterThan(20);
  });

  test.each(tileable.map((def) => [def.name, def] as const))('%s: its samples, one cell a tile', (_, def) => {
    for (const sample of def.samples.filter(isIntegerSample)) {
      const m = moduleOf(def, sample)!;
      const { shape } = m.outputs[0]!.value.type;
      for (const [axis, n] of shape.entries())
        for (const tiles of new Set([2, n])) {
          const made = n < 2 ? undefined : divided(m, axis, evenSizes(n, tiles));
          if (made !== undefined) check(m, made, axis);
        }
    }
  });
});

describe('what an operator of a plugin says about tiles is checked', () => {
  const toy = (tile: NonNullable<AnyOp['tile']>) => {
    const { samples, ...abs } = standardRegistry.get('abs')!;
    const def = defineOp({ ...abs, name: 'toy_abs', samples, tile });
    const ops = operatorRegistry([...standardRegistry.values(), def]);
    return divided(moduleOf(def, { operands: [int8([4, 6])] }, ops)!, 1, [3, 3], ops);
  };

  test('one that fits is used', () => {
    expect(toy((part) => ({ operands: [part] }))!.operations.map((o) => o.op)).toEqual([
      'slice',
      'slice',
      'toy_abs',
      'toy_abs',
      'concat',
    ]);
  });

  test('parts that the operand does not have, or that give another shape, are refused', () => {
    expect(() => toy((part) => ({ operands: [{ ...part, start: 5 }] }))).toThrow(
      expect.objectContaining({ code: 'bad-tile' }),
    );
    expect(() => toy((part) => ({ operands: [{ ...part, size: 2 }] }))).toThrow(
      /gives \[4, 2\] for a tile of \[4, 3\]/,
    );
  });
});
