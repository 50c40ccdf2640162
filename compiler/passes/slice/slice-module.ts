// slice: chooses where to cut a module of integers, by cost model, objective and limits, or by hand.
import { addCost, COSTS, type Cost, type CostModel, NO_COST } from '../../ir/cost-model.ts';
import { Diagnostic, quote } from '../../ir/diagnostics.ts';
import type { Module, Value } from '../../ir/module.ts';
import type { OpRegistry } from '../../ir/op.ts';
import type { Makespan, Slice, SliceLimits, SliceRequest, Slicing } from '../../ir/slicing.ts';
import { boundariesOf, nodeName, sliceModules } from './boundaries.ts';
import { byHand } from './by-hand.ts';
import { indivisibleGroups, integerType } from './groups.ts';
import { costVector, createMeter } from './meter.ts';
import { groupBounds, type OptimizeOptions, optimize } from './optimize.ts';
import { cutAtWeights, cutEqually } from './plain-cuts.ts';
import { atMost, type CostVector, loadOf, type ProblemTensor, type SliceProblem, sliceSum } from './problem.ts';

/** What slicing may use besides the module and the request. */
export interface SliceContext {
  readonly ops: OpRegistry;
  readonly costModel: CostModel;
  /** Told how many of the groups have been counted. */
  readonly onProgress?: (done: number, of: number) => void;
  /** Largest number of down-sets, and of steps, over which the search is exact. */
  readonly search?: Pick<OptimizeOptions, 'mostDownSets' | 'budget'>;
}

/** The groups of a module and what they cost: everything that slicings of it are computed from. */
export interface SliceCosts {
  /** Ascending indices of operations; each group comes after those that it depends on. */
  readonly groups: readonly (readonly number[])[];
  readonly problem: SliceProblem;
}

/**
 * Measures the indivisible groups of a module and the tensors between them.
 * @throws Diagnostic `not-quantized`, `nothing-to-slice`, what lowering a group refuses.
 */
export function sliceCosts(m: Module, { ops, costModel, onProgress = () => {} }: SliceContext): SliceCosts {
  if (m.operations.length === 0)
    throw new Diagnostic('nothing-to-slice', `module ${quote(m.name)} has no operations: there is nothing to cut`);
  const meter = createMeter(ops, costModel);
  const groups = indivisibleGroups(m);
  const parts = boundariesOf(m, groups);
  const modules = sliceModules(m, {
    tensors: parts.tensors,
    slices: parts.slices.map((s) => ({ ...s, predicted: NO_COST })),
  });
  const costs = modules.map((g, i) => {
    onProgress(i, groups.length);
    return meter.operations(g);
  });
  const tensors = parts.tensors.map((t): ProblemTensor => {
    const type = integerType(valueIn(m, t.source));
    return {
      producer: t.producer,
      consumers: t.consumers,
      output: t.outputs.length > 0,
      read: meter.port(type, 'reads'),
      write: meter.port(type, 'writes'),
    };
  });
  const { price } = costModel;
  const limits = COSTS.map(() => Number.POSITIVE_INFINITY);
  return {
    groups,
    problem: {
      groups: costs,
      tensors,
      fixed: costVector(costModel.fixed),
      limits,
      price: price && ((sum) => price(costOf(sum))),
    },
  };
}

/**
 * Cuts a module of integers into slices.
 * @throws Diagnostic what {@link sliceCosts} throws; `layer-too-large` naming the node that by itself is beyond a limit,
 * `no-slicing` if no slices are within all limits, `too-many-slices`, `unknown-node` for cuts by hand.
 */
export function sliceModule(m: Module, request: SliceRequest, cx: SliceContext): Slicing {
  return slicingOf(m, sliceCosts(m, cx), request, cx);
}

/** The same for costs that have been measured. */
export function slicingOf(m: Module, costs: SliceCosts, request: SliceRequest, cx: SliceContext): Slicing {
  const { objective, limits, at } = request;
  const { costModel } = cx;
  const problem = { ...costs.problem, limits: limitVector(limits) };
  if (at !== undefined) {
    const chain = byHand(m, costs.groups, problem, at);
    const report = { optimality: 'manual', because: 'cut by hand', downSets: 0 } as const;
    return describeChain(m, costs.groups, problem, chain, report, costModel);
  }
  refuseLargeLayers(m, costs.groups, problem, limits, costModel);
  if (limits.slices !== undefined && limits.slices > costs.groups.length)
    throw new Diagnostic(
      'too-many-slices',
      `${limits.slices} slices are asked for, but only ${costs.groups.length} groups of operations can be cut apart`,
      {},
      { kind: 'usage' },
    );
  const candidates =
    objective.kind === 'makespan'
      ? [cutAtWeights(m, costs.groups), ...[1, 2, 4].map((n) => cutEqually(costs.groups.length, n * objective.provers))]
      : [];
  const best = optimize(problem, { objective, slices: limits.slices, candidates, ...cx.search });
  if (best === undefined)
    throw new Diagnostic(
      'no-slicing',
      `no ${limits.slices === undefined ? '' : `${limits.slices} `}slices are within ${showLimits(limits)}: with its boundaries some layer does not fit; raise the limit`,
    );
  const { exact, because, downSets, schedule } = best;
  const report = { optimality: exact ? 'exact' : 'interval', because, downSets } as const;
  const makespan =
    schedule && objective.kind === 'makespan'
      ? {
          provers: objective.provers,
          makespan: schedule.makespan,
          lowerBound: schedule.lowerBound,
          gap: schedule.lowerBound === 0 ? 0 : schedule.makespan / schedule.lowerBound - 1,
          placement: schedule.placement,
        }
      : undefined;
  return describeChain(m, costs.groups, problem, best.slices, report, costModel, makespan);
}

/** A chain of groups as a slicing, with predictions. */
export function describeChain(
  m: Module,
  groups: SliceCosts['groups'],
  p: SliceProblem,
  chain: readonly (readonly number[])[],
  known: Pick<Slicing['report'], 'optimality' | 'because' | 'downSets'>,
  { name, unit }: CostModel,
  makespan?: Makespan,
): Slicing {
  const parts = chain.map((slice) => slice.flatMap((g) => groups[g]!).sort((a, b) => a - b));
  const { slices, tensors } = boundariesOf(m, parts);
  const predicted = chain.map((slice): Cost => {
    const sum = sliceSum(p, new Set(slice));
    return { ...costOf(sum), cost: loadOf(p, sum) };
  });
  const whole = sliceSum(p, new Set(groups.keys()));
  return {
    slices: slices.map((s, i): Slice => ({ ...s, predicted: predicted[i]! })),
    tensors,
    report: {
      ...known,
      groups: groups.length,
      costModel: name,
      unit,
      total: predicted.reduce(addCost, NO_COST).cost,
      largest: Math.max(...predicted.map((c) => c.cost)),
      peakBytes: Math.max(...predicted.map((c) => c.bytes)),
      unsliced: loadOf(p, whole),
      ...(makespan && { makespan }),
    },
  };
}

function costOf([cost = 0, constraints = 0, bytes = 0, seconds = 0]: readonly number[]): Cost {
  return { cost, constraints, bytes, seconds };
}

function valueIn(m: Module, source: Slicing['tensors'][number]['source']): Value {
  if (source.kind === 'input') return m.inputs[source.index]!;
  if (source.kind === 'constant') return [...m.constants.keys()][source.index]!;
  return m.operations[source.operation]!.results[source.result]!;
}

/** Limits by dimension, Infinity where there is none. */
export function limitVector({ memory, constraints, seconds }: SliceLimits): readonly number[] {
  return [undefined, constraints, memory, seconds].map((x) => x ?? Number.POSITIVE_INFINITY);
}

/** Limits in words. */
export function showLimits({ memory, constraints, seconds }: SliceLimits): string {
  const parts = [
    ...(memory === undefined ? [] : [`memory=${memory} bytes`]),
    ...(constraints === undefined ? [] : [`constraints=${constraints}`]),
    ...(seconds === undefined ? [] : [`seconds=${seconds}`]),
  ];
  return parts.length === 0 ? 'what the cost model allows' : parts.join(', ');
}

/** What a sum needs beyond the limits, in words; undefined if it is within them. */
export function beyondLimits(p: SliceProblem, sum: CostVector, { unit }: CostModel): string | undefined {
  const beyond = COSTS.filter((_, d) => sum[d] === Number.POSITIVE_INFINITY || !atMost(sum[d]!, p.limits[d]!));
  if (beyond.length > 0) return beyond.map((k) => `${k} ${sum[COSTS.indexOf(k)]}`).join(', ');
  return loadOf(p, sum) < Number.POSITIVE_INFINITY ? undefined : `${unit}: Infinity`;
}

/** Groups that are beyond a limit wherever the cuts are, with what they need. */
export function largeGroups(p: SliceProblem, model: CostModel): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const [g, bound] of groupBounds(p).entries()) {
    const sum = bound.map((x, d) => x + p.fixed[d]!);
    const need = beyondLimits(p, sum, model);
    if (need !== undefined) found.set(g, need);
  }
  return found;
}

function refuseLargeLayers(
  m: Module,
  groups: SliceCosts['groups'],
  p: SliceProblem,
  limits: SliceLimits,
  model: CostModel,
): void {
  const found = [...largeGroups(p, model)].map(
    ([g, need]) =>
      new Diagnostic(
        'layer-too-large',
        `by itself this layer needs ${need}, beyond ${showLimits(limits)}: raise the limit`,
        { node: nodeName(m.operations[groups[g]![0]!]!) },
      ),
  );
  const [first, ...others] = found;
  if (first !== undefined) throw new Diagnostic(first.code, first.message, first.where, { others });
}
