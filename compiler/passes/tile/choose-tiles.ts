// How a group that is beyond a limit is divided: the axis and the smallest number of tiles of which each is within it.
import type { CostModel } from '../../ir/cost-model.ts';
import type { Module, Value } from '../../ir/module.ts';
import { createModuleBuilder } from '../../ir/module-builder.ts';
import type { AxisPart, OpRegistry } from '../../ir/op.ts';
import { untiledName } from '../../ir/tile-name.ts';
import { integerType } from '../slice/groups.ts';
import type { Meter } from '../slice/meter.ts';
import type { CostVector, SliceProblem } from '../slice/problem.ts';
import { beyondLimits } from '../slice/slice-module.ts';
import { type Group, type PartOf, partKey, planTile, type TilePlan } from './plan-tile.ts';
import { emitTile, evenSizes, partsOf, partType, type TileChoice, tensorPart } from './tile-groups.ts';

/** Most tiles of one layer. */
const MOST_TILES = 1024;

/** What choosing tiles may use. */
export interface TileContext {
  readonly ops: OpRegistry;
  readonly costModel: CostModel;
  readonly meter: Meter;
  /** For its fixed cost and limits. */
  readonly problem: SliceProblem;
}

/** What a tile costs as a slice of its own. */
interface TileCost {
  readonly sum: CostVector;
  /** The part of it that is neither operations nor fixed: what it reads and writes. */
  readonly boundaries: CostVector;
}

/**
 * The axis with the fewest tiles that are all within the limits, each with what it reads and writes; of equal ones the
 * axis along which an operand has been divided, then the longest. Axes on which an operand has been divided count
 * before those that need no fewer than half as many tiles: other parts of it would have to be cut from the whole.
 * @param divided axis by value, of those that have been divided
 * @returns words that say why, if there is none
 */
export function chooseTiles(
  m: Module,
  group: Group,
  divided: ReadonlyMap<Value, number>,
  cx: TileContext,
): TileChoice | string {
  const [first, ...others] = group.outputs;
  const shape = first?.type.shape ?? [];
  const axes = [...shape.keys()].filter(
    (axis) => shape[axis]! > 1 && others.every((v) => v.type.shape[axis] === shape[axis]),
  );
  const found: { readonly choice: TileChoice; readonly follows: boolean }[] = [];
  let smallest: { readonly axis: number; readonly cost: TileCost } | undefined;
  for (const axis of axes) {
    const divisible = createDivision(m, group, axis, shape[axis]!, cx);
    const n = divisible.fewest();
    if (n !== undefined) {
      const choice = { axis, sizes: evenSizes(shape[axis]!, n) };
      found.push({ choice, follows: follows(m, group, partsOf(choice)[0]!, divided, cx) });
      continue;
    }
    const cost = divisible.smallest();
    if (
      cost !== undefined &&
      (smallest === undefined || cost.sum[1]! + cost.sum[2]! < smallest.cost.sum[1]! + smallest.cost.sum[2]!)
    )
      smallest = { axis, cost };
  }
  const rank = ({ choice, follows }: (typeof found)[number]): number =>
    follows ? choice.sizes.length / 2 : choice.sizes.length;
  const [best] = found.sort((a, b) => rank(a) - rank(b) || shape[b.choice.axis]! - shape[a.choice.axis]!);
  if (best !== undefined) return best.choice;
  if (smallest === undefined) return `${operatorsOf(m, group)} cannot be divided`;
  const { cost, axis } = smallest;
  const boundaries = cost.boundaries.map((x, d) => x + cx.problem.fixed[d]!);
  const alone = beyondLimits(cx.problem, boundaries, cx.costModel);
  return alone === undefined
    ? `its smallest tile, along axis ${axis}, still needs ${beyondLimits(cx.problem, cost.sum, cx.costModel)}`
    : `the tensors that its smallest tile reads and writes need ${alone} alone`;
}

interface Division {
  /** The smallest number of tiles that are all within the limits. */
  fewest(): number | undefined;
  /** Cost of a tile of the finest division. */
  smallest(): TileCost | undefined;
}

function createDivision(m: Module, group: Group, axis: number, n: number, cx: TileContext): Division {
  const most = Math.min(n, MOST_TILES);
  const canBeDivided = (tiles: number): boolean =>
    partsOf({ axis, sizes: evenSizes(n, tiles) }).every((part) => planTile(m, cx.ops, group, part) !== undefined);
  /** The smallest number of tiles from `tiles` on into which the operators can be divided. */
  const divisible = (tiles: number): number | undefined => {
    for (let t = tiles; t <= most; t++) if (canBeDivided(t)) return t;
    return undefined;
  };
  const cost = (tiles: number, which: number): TileCost => {
    const part = partsOf({ axis, sizes: evenSizes(n, tiles) })[which]!;
    return costOf(m, group, planTile(m, cx.ops, group, part)!, part, cx);
  };
  const fits = (tiles: number, which: number): boolean =>
    beyondLimits(cx.problem, cost(tiles, which).sum, cx.costModel) === undefined;
  const known = new Map<number, boolean>();
  /** Whether so many tiles, or the next larger number that can be had, are enough for a tile in the middle: it has neighbours on both sides. */
  const enough = (tiles: number): boolean => {
    const t = divisible(tiles);
    if (t === undefined) return true;
    const have = known.get(t) ?? fits(t, middleOf(t));
    known.set(t, have);
    return have;
  };
  return {
    fewest() {
      // More tiles are smaller ones: double their number until they fit, then halve the interval.
      let [low, high] = [1, 2];
      while (high < most && !enough(high)) [low, high] = [high, Math.min(2 * high, most)];
      if (!enough(high)) return undefined;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (enough(middle)) high = middle;
        else low = middle;
      }
      // Other tiles have other weights, and may need a little more.
      for (let t = divisible(high); t !== undefined; t = divisible(t + 1)) {
        const tiles = t;
        if (evenSizes(n, tiles).every((_, which) => fits(tiles, which))) return tiles;
      }
      return undefined;
    },
    smallest() {
      for (let t = most; t > 1; t--) if (canBeDivided(t)) return cost(t, middleOf(t));
      return undefined;
    },
  };
}

const middleOf = (tiles: number): number => Math.floor((tiles - 1) / 2);

/** Cost of one tile as a slice of its own, counted on the tile as a module. */
function costOf(m: Module, group: Group, plan: TilePlan, part: AxisPart, cx: TileContext): TileCost {
  const b = createModuleBuilder(m.name, m.stage, cx.ops);
  const inputs = new Map<Value, Map<string, Value>>();
  const boundaries = cx.problem.fixed.map(() => 0);
  const add = (c: CostVector): void => {
    for (const [d, x] of c.entries()) boundaries[d]! += x;
  };
  const read = ({ value, part: of }: PartOf): Value => {
    const known = inputs.get(value) ?? new Map<string, Value>();
    inputs.set(value, known);
    const constant = m.constants.get(value);
    const type = partType(value, of);
    const made =
      known.get(partKey(of)) ??
      (constant === undefined
        ? b.input(`x${inputs.size}_${known.size}`, type)
        : b.constantOfType('', of === undefined ? constant : tensorPart(constant, of), type));
    if (constant === undefined && !known.has(partKey(of))) add(cx.meter.port(type, 'reads'));
    known.set(partKey(of), made);
    return made;
  };
  const results = emitTile(m, b, plan, read, (name) => name);
  for (const [i, v] of group.outputs.entries()) {
    const value = results(v, part);
    b.output(`y${i}`, value);
    add(cx.meter.port(integerType(value), 'writes'));
  }
  const operations = cx.meter.operations(b.finish());
  return { boundaries, sum: operations.map((x, d) => x + boundaries[d]! + cx.problem.fixed[d]!) };
}

/** True if a tile along this axis reads a part of an operand along the axis on which that has been divided. */
function follows(
  m: Module,
  group: Group,
  part: AxisPart,
  divided: ReadonlyMap<Value, number>,
  { ops }: TileContext,
): boolean {
  const reads = planTile(m, ops, group, part)?.reads ?? [];
  return reads.some(({ value, part: of }) => of !== undefined && divided.get(value) === of.axis);
}

/** Operators of a group, for messages. */
function operatorsOf(m: Module, group: Group): string {
  const names = [...new Set(group.operations.map((i) => m.operations[i]!.op))];
  const nodes = [...new Set(group.operations.map((i) => untiledName(m.operations[i]!.loc.node)))];
  return `operator${names.length === 1 ? '' : 's'} ${names.join(', ')}${nodes.length > 1 ? ' (with their roundings)' : ''}`;
}
