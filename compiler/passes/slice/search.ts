// The best chain of down-sets: dynamic programming with labels over the lattice of down-sets.
//
// A label at set S stands for one unfinished slice: it began at set B, holds S \ B, and before it the best chain up to B was
// taken. Labels grow group by group along the lattice; at every S each may be finished. The cost of S \ B is determined by
// B and S, so there is at most one label for each pair; a label is dropped if another at S can do whatever it can do, at no
// higher cost (`dominates`). After Held, Karp and Shareshian, "Assembly-line balancing: dynamic programming with precedence
// constraints" (1963), which has no costs of boundaries.
import { type DownSets, holds } from './down-sets.ts';
import { atMost, type CostVector, type ProblemTensor, type SliceProblem } from './problem.ts';

/** How costs of slices become the cost of a chain. */
export type Combination = 'sum' | 'max';

/** A best chain of down-sets. */
export interface Chain {
  /** Sum, or largest, of the slices' costs. */
  readonly value: number;
  /** For each slice its groups, ascending. */
  readonly slices: readonly (readonly number[])[];
}

/** What the search is asked for. */
export interface SearchOptions {
  readonly combine: Combination;
  /** Exactly so many slices. */
  readonly slices?: number | undefined;
  /** No slice costs more. */
  readonly threshold?: number;
  /** Value of a chain that is known: only better or equal ones are looked for. */
  readonly known?: number | undefined;
  /** Labels that may still be made before the search gives up; searches that share it take from one supply. */
  readonly budget?: Budget;
}

/** An unfinished slice: where it began, after how many slices, the value of the chain before it, its own sum so far. */
interface Label {
  readonly begin: number;
  readonly before: number;
  readonly value: number;
  readonly sum: Float64Array;
}

/** A supply of steps. */
export interface Budget {
  left: number;
}

/** Labels that the searches for one slicing may make together: about a minute. */
export const SEARCH_BUDGET = 2e7;

/** @returns the best chain, undefined if none is within the limits, or `gave-up` if the budget did not suffice. */
export function bestChain(p: SliceProblem, sets: DownSets, options: SearchOptions): Chain | undefined | 'gave-up' {
  const { combine, slices, threshold = p.limits[0]!, known, budget = { left: SEARCH_BUDGET } } = options;
  const full = sets.count - 1;
  const layers = slices === undefined ? 1 : slices + 1;
  const graph = prepare(p);
  const limited = limitedDimensions(p, threshold, combine);
  const rest = restOf(p, sets);

  const labels: (Label[] | undefined)[] = new Array(sets.count);
  /** By layer and set: value of the best chain to the set, and set and layer where its last slice began. */
  const value = new Float64Array(layers * sets.count).fill(Number.POSITIVE_INFINITY);
  const cameFrom = new Int32Array(layers * sets.count).fill(-1);
  value[0] = 0;

  const within = (sum: Float64Array): boolean => {
    for (let d = 0; d < sum.length; d++) {
      if (sum[d] === Number.POSITIVE_INFINITY || (d > 0 && !atMost(sum[d]!, p.limits[d]!))) return false;
    }
    const load = p.price === undefined ? sum[0]! : p.price([...sum]);
    return load < Number.POSITIVE_INFINITY && atMost(load, threshold);
  };
  const load = (sum: Float64Array): number => (p.price === undefined ? sum[0]! : p.price([...sum]));
  /** False if no chain through this label is as good as the known one. */
  const promising = (l: Label, set: number): boolean => {
    if (known === undefined) return true;
    if (combine === 'max') return atMost(Math.max(l.value, load(l.sum)), known);
    if (p.price !== undefined) return atMost(l.value, known);
    const later = rest.subarray(set * p.fixed.length, (set + 1) * p.fixed.length);
    return atMost(l.value + l.sum[0]! + later[0]! + p.fixed[0]! * furtherSlices(l.sum, later), known);
  };

  /** At least so many slices follow an unfinished one, because what is to come does not fit into it. */
  const furtherSlices = (sum: Float64Array, later: Float64Array): number => {
    let most = 0;
    for (let d = 0; d < sum.length; d++) {
      const room = d === 0 ? threshold : p.limits[d]!;
      if (room === Number.POSITIVE_INFINITY) continue;
      const over = sum[d]! + later[d]! - room;
      if (over > 0) most = Math.max(most, Math.ceil(over / (room - p.fixed[d]!) - 1e-9));
    }
    return most;
  };

  for (let s = 0; s < sets.count; s++) {
    const here = labels[s] ?? [];
    labels[s] = undefined;
    const live = liveTensors(graph, sets, s);
    for (const l of here) {
      const sum = finished(l.sum, live, sets, l.begin);
      if (!within(sum)) continue;
      const layer = slices === undefined ? 0 : l.before + 1;
      const total = combine === 'sum' ? l.value + load(sum) : Math.max(l.value, load(sum));
      const at = layer * sets.count + s;
      if (total < value[at]!) {
        value[at] = total;
        cameFrom[at] = l.begin;
      }
    }
    if (s === full) break;
    for (let layer = 0; layer < layers; layer++) {
      const v = value[layer * sets.count + s]!;
      if (v === Number.POSITIVE_INFINITY || (slices !== undefined && layer === slices)) continue;
      here.push({ begin: s, before: layer, value: v, sum: Float64Array.from(p.fixed) });
    }
    if (here.length === 0) continue;
    for (let step = sets.firstStep[s]!; step < sets.firstStep[s + 1]!; step++) {
      const [g, t] = [sets.added[step]!, sets.target[step]!];
      const there = labels[t] ?? [];
      labels[t] = there;
      let liveThere: readonly LiveTensor[] | undefined;
      for (const l of here) {
        if (there.some((o) => o.begin === l.begin && o.before === l.before)) continue;
        if (--budget.left < 0) return 'gave-up';
        const sum = extended(l.sum, graph, sets, l.begin, s, g);
        const grown = { ...l, sum };
        if (!within(sum) || !promising(grown, t)) continue;
        liveThere ??= liveTensors(graph, sets, t);
        const context: Comparison = {
          sets,
          set: t,
          live: liveThere,
          limited,
          combine,
          priced: p.price !== undefined,
          load,
        };
        if (there.some((o) => dominates(o, grown, context, slices))) continue;
        insert(there, grown, context, slices);
      }
    }
  }
  return trace(value, cameFrom, sets, slices);
}

/** Dimensions in which a label must not be worse: those with limits, all if a price depends on them. */
function limitedDimensions(p: SliceProblem, threshold: number, combine: Combination): readonly number[] {
  const all = [...p.fixed.keys()];
  if (p.price !== undefined) return all;
  return all.filter((d) =>
    d === 0 ? combine === 'max' || threshold < Number.POSITIVE_INFINITY : p.limits[d]! < Number.POSITIVE_INFINITY,
  );
}

/** The problem by tensor and group; outputs are written wherever the cuts are, so writing them counts as their group's. */
interface Graph {
  readonly groups: readonly Float64Array[];
  /** Tensors that each group reads. */
  readonly reads: readonly (readonly ProblemTensor[])[];
  /** Tensors that cuts may separate. */
  readonly tensors: readonly ProblemTensor[];
}

function prepare(p: SliceProblem): Graph {
  const groups = p.groups.map((c) => Float64Array.from(c));
  const reads: ProblemTensor[][] = p.groups.map(() => []);
  for (const t of p.tensors) {
    if (t.output && t.producer >= 0) add(groups[t.producer]!, t.write);
    for (const g of t.consumers) reads[g]!.push(t);
  }
  return { groups, reads, tensors: p.tensors.filter((t) => t.consumers.length > 0) };
}

function add(sum: Float64Array, c: CostVector | Float64Array): void {
  for (let d = 0; d < sum.length; d++) sum[d]! += c[d]!;
}

/** What is still to come at each set, at least and by dimension: its groups. */
function restOf(p: SliceProblem, sets: DownSets): Float64Array {
  const { groups } = prepare(p);
  const dimensions = p.fixed.length;
  const rest = new Float64Array(sets.count * dimensions);
  for (let s = sets.count - 2; s >= 0; s--) {
    const step = sets.firstStep[s]!;
    const [from, group] = [sets.target[step]! * dimensions, groups[sets.added[step]!]!];
    for (let d = 0; d < dimensions; d++) rest[s * dimensions + d] = rest[from + d]! + group[d]!;
  }
  return rest;
}

/** A tensor that is there at a set and is read outside it. */
interface LiveTensor {
  readonly tensor: ProblemTensor;
  /** Groups in the set that read it. */
  readonly readers: readonly number[];
}

function liveTensors({ tensors }: Graph, sets: DownSets, s: number): readonly LiveTensor[] {
  const live: LiveTensor[] = [];
  for (const tensor of tensors) {
    if (tensor.producer >= 0 && !holds(sets, s, tensor.producer)) continue;
    const readers = tensor.consumers.filter((g) => holds(sets, s, g));
    if (readers.length < tensor.consumers.length) live.push({ tensor, readers });
  }
  return live;
}

/** Sum of a slice that ends at a set: with what it writes for later slices. */
function finished(sum: Float64Array, live: readonly LiveTensor[], sets: DownSets, begin: number): Float64Array {
  const all = sum.slice();
  for (const { tensor } of live)
    if (!tensor.output && tensor.producer >= 0 && !holds(sets, begin, tensor.producer)) add(all, tensor.write);
  return all;
}

/** Sum of a slice from `begin` to `s`, with group g added: with what it is the first to read from outside. */
function extended(
  sum: Float64Array,
  { groups, reads }: Graph,
  sets: DownSets,
  begin: number,
  s: number,
  g: number,
): Float64Array {
  const all = sum.slice();
  add(all, groups[g]!);
  for (const t of reads[g]!) {
    if (t.producer >= 0 && !holds(sets, begin, t.producer)) continue;
    if (!t.consumers.some((c) => holds(sets, s, c) && !holds(sets, begin, c))) add(all, t.read);
  }
  return all;
}

interface Comparison {
  readonly sets: DownSets;
  readonly set: number;
  readonly live: readonly LiveTensor[];
  readonly limited: readonly number[];
  readonly combine: Combination;
  readonly priced: boolean;
  readonly load: (sum: Float64Array) => number;
}

/**
 * True if whatever can follow label b can follow label a at no higher cost. What a may have to pay in addition depends on
 * the tensors that are still read later: one computed in a's slice may have to be written, one from before that a has not
 * read yet may have to be read.
 */
function dominates(a: Label, b: Label, cx: Comparison, slices: number | undefined): boolean {
  if (slices !== undefined && a.before !== b.before) return false;
  const worst = a.sum.slice();
  for (const { tensor, readers } of cx.live) {
    const [x, y] = [stateOf(tensor, readers, a, cx.sets), stateOf(tensor, readers, b, cx.sets)];
    if (x === y || x === 'read') continue;
    if (x === 'unread') add(worst, tensor.read);
    else if (!tensor.output) add(worst, tensor.write);
  }
  for (const d of cx.limited) if (worst[d]! > b.sum[d]!) return false;
  if (cx.combine === 'max') return a.value <= Math.max(b.value, cx.load(b.sum));
  if (cx.priced) return a.value <= b.value;
  return a.value + worst[0]! <= b.value + b.sum[0]!;
}

function stateOf(t: ProblemTensor, readers: readonly number[], l: Label, sets: DownSets): 'inside' | 'read' | 'unread' {
  if (t.producer >= 0 && !holds(sets, l.begin, t.producer)) return 'inside';
  return readers.some((g) => !holds(sets, l.begin, g)) ? 'read' : 'unread';
}

/** Puts a label among others and drops those it makes superfluous. */
function insert(labels: Label[], l: Label, cx: Comparison, slices: number | undefined): void {
  let kept = 0;
  for (const o of labels) if (!dominates(l, o, cx, slices)) labels[kept++] = o;
  labels.length = kept;
  labels.push(l);
}

function trace(
  value: Float64Array,
  cameFrom: Int32Array,
  sets: DownSets,
  slices: number | undefined,
): Chain | undefined {
  const n = sets.count;
  let layer = slices ?? 0;
  const best = value[layer * n + n - 1]!;
  if (best === Number.POSITIVE_INFINITY) return undefined;
  const found: number[][] = [];
  for (let s = n - 1; s > 0; ) {
    const from = cameFrom[layer * n + s]!;
    const groups: number[] = [];
    for (let g = 0; g < sets.words * 32; g++) if (holds(sets, s, g) && !holds(sets, from, g)) groups.push(g);
    found.push(groups);
    s = from;
    if (slices !== undefined) layer--;
  }
  return { value: best, slices: found.reverse() };
}
