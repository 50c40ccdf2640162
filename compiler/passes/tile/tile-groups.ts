// Divides groups of operations into tiles: ordinary operations on parts of the operands, joined again for who reads it all.
import { Diagnostic } from '../../ir/diagnostics.ts';
import type { Module, Value } from '../../ir/module.ts';
import { createModuleBuilder, type ModuleBuilder } from '../../ir/module-builder.ts';
import type { AxisPart, OpRegistry } from '../../ir/op.ts';
import { sizeOf, type Tensor } from '../../ir/tensor.ts';
import { tileName } from '../../ir/tile-name.ts';
import { applyViews } from '../../ir/view.ts';
import { integerType } from '../slice/groups.ts';
import { type Group, groupsWithOutputs, type PartOf, partKey, planTile, type TilePlan } from './plan-tile.ts';

/** Along which axis of its outputs a group is divided, and how many cells each tile has. */
export interface TileChoice {
  readonly axis: number;
  readonly sizes: readonly number[];
}

/** Consecutive parts of an axis. */
export function partsOf({ axis, sizes }: TileChoice): readonly AxisPart[] {
  let next = 0;
  return sizes.map((size) => {
    const start = next;
    next += size;
    return { axis, start, size };
  });
}

/** `n` cells in so many tiles that are as equal as can be, the larger ones first. */
export function evenSizes(n: number, tiles: number): readonly number[] {
  return Array.from({ length: tiles }, (_, i) => Math.floor(n / tiles) + (i < n % tiles ? 1 : 0));
}

/** A value whose parts are computed one by one. */
interface Joined {
  readonly axis: number;
  readonly pieces: readonly { readonly start: number; readonly size: number; readonly value: Value }[];
  /** Index of the operation that computes it in the untiled module. */
  readonly operation: number;
}

/**
 * The module with some of its groups divided. All values that it still has keep their integers.
 * @param groups all operations, each group after those that it depends on
 * @param choices by index of group
 * @throws Diagnostic `bad-tile` if an operator cannot be divided along the axis, or not as it says.
 */
export function tileGroups(
  m: Module,
  ops: OpRegistry,
  groups: readonly (readonly number[])[],
  choices: ReadonlyMap<number, TileChoice>,
): Module {
  const b = createModuleBuilder(m.name, m.stage, ops);
  const state = createRewriting(m, b);
  for (const [g, group] of groupsWithOutputs(m, groups).entries()) {
    const choice = choices.get(g);
    if (choice !== undefined) state.divide(ops, group, choice);
    else for (const i of group.operations) state.keep(i);
  }
  for (const o of m.outputs) b.output(o.name, state.whole(o.value));
  return b.finish();
}

interface Rewriting {
  keep(operation: number): void;
  divide(ops: OpRegistry, group: Group, choice: TileChoice): void;
  whole(v: Value): Value;
}

function createRewriting(m: Module, b: ModuleBuilder): Rewriting {
  const mapped = new Map<Value, Value>();
  const joined = new Map<Value, Joined>();
  const cut = new Map<Value, Map<string, Value>>();
  for (const v of m.inputs) mapped.set(v, b.input(v.name, v.type));
  for (const [v, t] of m.constants) mapped.set(v, b.constantOfType(v.name, t, v.type));

  const whole = (v: Value): Value => {
    const have = mapped.get(v);
    if (have !== undefined) return have;
    const { axis, pieces, operation } = joined.get(v)!;
    const operands = pieces.map((p) => p.value);
    const made = b.emitAt(m.operations[operation]!.loc, 'concat', operands, { axis }, [v])[0]!;
    mapped.set(v, made);
    return made;
  };
  const sliced = (v: Value, { axis, start, size }: AxisPart): Value => {
    if (start === 0 && v.type.shape[axis] === size) return v;
    return b.emit('slice', [v], { axes: [axis], starts: [start], steps: [1], sizes: [size] })[0]!;
  };
  /** Of tiles along the same axis only those that the part touches are read. */
  const ofPieces = (j: Joined, { axis, start, size }: AxisPart): Value => {
    const found = j.pieces.flatMap((p): readonly Value[] => {
      const [from, to] = [Math.max(start, p.start), Math.min(start + size, p.start + p.size)];
      return from < to ? [sliced(p.value, { axis, start: from - p.start, size: to - from })] : [];
    });
    return found.length === 1 ? found[0]! : b.emit('concat', found, { axis })[0]!;
  };
  const isJoined = ({ value, part }: PartOf): boolean => part !== undefined && joined.get(value)?.axis === part.axis;
  const partOf = ({ value, part }: PartOf, name: (of: string) => string): Value => {
    if (part === undefined) return whole(value);
    const known = cut.get(value) ?? new Map<string, Value>();
    cut.set(value, known);
    const have = known.get(partKey(part));
    if (have !== undefined) return have;
    const constant = m.constants.get(value);
    const j = joined.get(value);
    const made =
      constant !== undefined
        ? b.constantOfType(name(value.name), tensorPart(constant, part), partType(value, part))
        : j?.axis === part.axis
          ? ofPieces(j, part)
          : sliced(whole(value), part);
    known.set(partKey(part), made);
    return made;
  };

  return {
    whole,
    keep(i) {
      const o = m.operations[i]!;
      const operands = o.operands.map(whole);
      for (const [r, v] of b.emitAt(o.loc, o.op, operands, o.attrs, o.results).entries()) mapped.set(o.results[r]!, v);
    },
    divide(ops, group, choice) {
      const parts = partsOf(choice);
      const { loc } = m.operations[group.operations[0]!]!;
      const plans = parts.map((part) => {
        const plan = planTile(m, ops, group, part);
        if (plan === undefined)
          throw new Diagnostic(
            'bad-tile',
            `cells ${part.start} to ${part.start + part.size - 1} along axis ${part.axis} cannot be computed by themselves`,
            { node: loc.node },
          );
        return plan;
      });
      const naming = (tile: number) => (name: string) => tileName(name, tile, parts.length);
      const locate = (tile: number): void => b.locate({ node: naming(tile)(loc.node), index: loc.index });
      const read = (tile: number, which: (p: PartOf) => boolean): void => {
        locate(tile);
        for (const p of plans[tile]!.reads.filter(which)) partOf(p, naming(tile));
      };
      // Tensors that are whole are cut once, before any tile: a slice of one tile need not read them.
      for (const tile of parts.keys()) read(tile, (p) => !isJoined(p));
      const tiles = parts.map((_, tile) => {
        read(tile, isJoined);
        return emitTile(m, b, plans[tile]!, (p) => partOf(p, naming(tile)), naming(tile));
      });
      for (const v of group.outputs) {
        const operation = group.operations.find((i) => m.operations[i]!.results.includes(v))!;
        const pieces = parts.map(({ start, size }, tile) => ({ start, size, value: tiles[tile]!(v, parts[tile]!) }));
        joined.set(v, { axis: choice.axis, pieces, operation });
      }
    },
  };
}

/**
 * Emits the operations of one tile.
 * @param read gives the parts of values from outside
 * @returns the parts of results that it has computed
 */
export function emitTile(
  m: Module,
  b: ModuleBuilder,
  plan: TilePlan,
  read: (p: PartOf) => Value,
  name: (of: string) => string,
): (v: Value, part: AxisPart | undefined) => Value {
  const made = new Map<Value, Map<string, Value>>();
  for (const { operation, part, operands, attrs } of plan.steps) {
    const o = m.operations[operation]!;
    const values = operands.map((p) => made.get(p.value)?.get(partKey(p.part)) ?? read(p));
    const like = o.results.map((v) => ({ name: name(v.name), type: v.type }));
    const results = b.emitAt({ ...o.loc, node: name(o.loc.node) }, o.op, values, attrs, like);
    for (const [r, v] of o.results.entries()) {
      const shape = part === undefined ? v.type.shape : v.type.shape.with(part.axis, part.size);
      const actual = results[r]!.type.shape;
      if (actual.join() !== shape.join())
        throw new Diagnostic(
          'bad-tile',
          `operator ${o.op} gives [${actual.join(', ')}] for a tile of [${shape.join(', ')}]`,
          { node: o.loc.node },
        );
      made.set(v, (made.get(v) ?? new Map()).set(partKey(part), results[r]!));
    }
  }
  return (v, part) => made.get(v)?.get(partKey(part)) ?? made.get(v)!.get('')!;
}

/** Type of a part of a value: its interval is kept. */
export function partType(v: Value, part: AxisPart | undefined) {
  const type = integerType(v);
  return part === undefined ? type : { ...type, shape: type.shape.with(part.axis, part.size) };
}

/** A part of a tensor; along the first axis that has more than one cell nothing is copied. */
export function tensorPart(t: Tensor, { axis, start, size }: AxisPart): Tensor {
  const shape = t.shape.with(axis, size);
  if (sizeOf(t.shape.slice(0, axis)) === 1) {
    const row = sizeOf(t.shape.slice(axis + 1));
    return { shape, data: t.data.subarray(start * row, (start + size) * row) };
  }
  return applyViews(t, { kind: 'slice', axis, start, step: 1, size });
}
