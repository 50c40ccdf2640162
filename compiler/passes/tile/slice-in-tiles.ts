// Slicing under limits that some layers exceed by themselves: these are divided first.
import { Diagnostic, quote } from '../../ir/diagnostics.ts';
import type { Module, Value } from '../../ir/module.ts';
import type { SliceRequest, Slicing, TiledLayer } from '../../ir/slicing.ts';
import { untiledName } from '../../ir/tile-name.ts';
import { verifyModule } from '../../ir/verify.ts';
import { nodeName } from '../slice/boundaries.ts';
import { createMeter } from '../slice/meter.ts';
import { type SliceProblem, sliceSum } from '../slice/problem.ts';
import {
  beyondLimits,
  largeGroups,
  limitVector,
  type SliceContext,
  type SliceCosts,
  showLimits,
  sliceCosts,
  slicingOf,
} from '../slice/slice-module.ts';
import { chooseTiles, type TileContext } from './choose-tiles.ts';
import { type Group, groupsWithOutputs } from './plan-tile.ts';
import { type TileChoice, tileGroups } from './tile-groups.ts';

/** A slicing with the module that it cuts: the one that was given, or the same with layers divided into tiles. */
export interface SlicedModule {
  readonly module: Module;
  readonly slicing: Slicing;
}

/** Refusals that tiles may help against. */
const TOO_LARGE: ReadonlySet<string> = new Set(['layer-too-large', 'no-slicing']);

/**
 * Steps of the search over the slices of a divided module, far fewer than others may take: tiles may be proved in any order,
 * so that there are very many down-sets, and several divisions may have to be tried.
 */
const SEARCH_BUDGET = 5e5;

/** How often more layers are divided before a limit is refused. */
const MOST_ROUNDS = 5;

/** Groups to divide by index, with what they need beyond the limit; nothing where they are to follow others. */
type Large = ReadonlyMap<number, string | undefined>;

/**
 * Cuts a module of integers into slices. Where no slicing is within the limits, layers are divided: first those that are
 * beyond a limit wherever the cuts are, then those that are so with the tensors that they read and write, then layers that
 * would have to read a divided tensor as a whole.
 * @throws Diagnostic as `sliceModule`; `layer-too-large` says why a layer cannot be divided far enough.
 */
export function sliceInTiles(m: Module, request: SliceRequest, cx: SliceContext): SlicedModule {
  const costs = sliceCosts(m, cx);
  const whole = attempt(m, costs, request, cx);
  if (!(whole instanceof Diagnostic)) return { module: m, slicing: whole };
  let refusal = whole;
  const problem = { ...costs.problem, limits: limitVector(request.limits) };
  const { ops, costModel } = cx;
  const tiling: TileContext = { ops, costModel, meter: createMeter(ops, costModel), problem };
  const alone = largeAlone(problem, cx);
  let large: Large = largeGroups(problem, costModel);
  if (large.size === 0) large = alone;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { choices, refusals } = choicesFor(m, costs, large, request, tiling);
    const [first, ...others] = refusals;
    if (first !== undefined) refusal = new Diagnostic(first.code, first.message, first.where, { others });
    if (choices.size > 0) {
      const module = tileGroups(m, ops, costs.groups, choices);
      verifyModule(module, ops);
      const tileCosts = sliceCosts(module, cx);
      const slicing = attempt(module, tileCosts, request, { ...cx, search: { budget: SEARCH_BUDGET, ...cx.search } });
      if (!(slicing instanceof Diagnostic))
        return { module, slicing: { ...slicing, report: { ...slicing.report, tiled: describe(m, costs, choices) } } };
      if (first === undefined) refusal = explained(slicing, module, tileCosts, request, cx);
    }
    const more: Large = large.size < alone.size ? alone : withReaders(large, choices, problem);
    if (more.size === large.size) break;
    large = more;
  }
  throw refusal;
}

/** The same, and groups that read from one that is divided. */
function withReaders(large: Large, choices: ReadonlyMap<number, TileChoice>, p: SliceProblem): Large {
  const more = new Map(large);
  for (const { producer, consumers } of p.tensors)
    if (choices.has(producer)) for (const g of consumers) if (!more.has(g)) more.set(g, undefined);
  // Divided in order: who reads divided tensors follows them.
  return new Map([...more].sort(([a], [b]) => a - b));
}

/** A slicing, or the refusal if it is one that tiles may help against. */
function attempt(m: Module, costs: SliceCosts, request: SliceRequest, cx: SliceContext): Slicing | Diagnostic {
  try {
    return slicingOf(m, costs, request, cx);
  } catch (e) {
    if (e instanceof Diagnostic && TOO_LARGE.has(e.code) && request.at === undefined) return e;
    throw e;
  }
}

/** Names what is still beyond a limit by itself after layers have been divided: often a tensor that has to be whole somewhere. */
function explained(
  refusal: Diagnostic,
  m: Module,
  { groups, problem }: SliceCosts,
  { limits }: SliceRequest,
  cx: SliceContext,
): Diagnostic {
  const nodeOf = (g: number): string => nodeName(m.operations[groups[g]![0]!]!);
  const large = [...largeAlone({ ...problem, limits: limitVector(limits) }, cx)];
  // Tiles have been chosen so that they fit; rounding that has come apart from its sum is no reason.
  const found = large.find(([g]) => untiledName(nodeOf(g)) === nodeOf(g));
  if (found === undefined) return refusal;
  const [g, need] = found;
  const node = nodeOf(g);
  const message = `layers have been divided, but ${quote(node)} with the tensors that it reads and writes needs ${need}, beyond ${showLimits(limits)}: raise the limit`;
  return new Diagnostic(refusal.code, message, { node });
}

/** Groups that are beyond a limit as slices of their own, with what they need. */
function largeAlone(p: SliceProblem, { costModel }: SliceContext): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const g of p.groups.keys()) {
    const need = beyondLimits(p, sliceSum(p, new Set([g])), costModel);
    if (need !== undefined) found.set(g, need);
  }
  return found;
}

function choicesFor(
  m: Module,
  { groups }: SliceCosts,
  large: Large,
  { limits }: SliceRequest,
  cx: TileContext,
): { readonly choices: ReadonlyMap<number, TileChoice>; readonly refusals: readonly Diagnostic[] } {
  const choices = new Map<number, TileChoice>();
  const refusals: Diagnostic[] = [];
  const divided = new Map<Value, number>();
  const all: readonly Group[] = groupsWithOutputs(m, groups);
  for (const [g, need] of large) {
    const choice = chooseTiles(m, all[g]!, divided, cx);
    if (typeof choice === 'string') {
      if (need === undefined) continue;
      const message = `by itself this layer needs ${need}, beyond ${showLimits(limits)}, and ${choice}: raise the limit`;
      refusals.push(new Diagnostic('layer-too-large', message, { node: nodeName(m.operations[groups[g]![0]!]!) }));
      continue;
    }
    choices.set(g, choice);
    for (const v of all[g]!.outputs) divided.set(v, choice.axis);
  }
  return { choices, refusals };
}

function describe(m: Module, { groups }: SliceCosts, choices: ReadonlyMap<number, TileChoice>): readonly TiledLayer[] {
  return [...choices].map(([g, { axis, sizes }]) => ({
    nodes: [...new Set(groups[g]!.map((i) => nodeName(m.operations[i]!)))],
    axis,
    tiles: sizes.length,
    largest: Math.max(...sizes),
    of: sizes.reduce((a, b) => a + b, 0),
  }));
}
