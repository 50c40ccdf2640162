// A slicing as text: a table of slices, the tensors between them, and what is known about how good it is.
import { printable, type Slicing } from '../compiler/index.ts';
import { showBytes, table } from './table.ts';

const MOST_NODES = 3;

/** A figure in the cost model's unit. */
export function showCost(x: number, unit: string): string {
  if (!Number.isFinite(x)) return 'does not fit';
  return `${Number(x.toPrecision(4))} ${unit}`;
}

/** Names of nodes, the first and the last if there are many. */
export function showNodes(nodes: readonly string[]): string {
  if (nodes.length <= MOST_NODES) return nodes.map(printable).join(', ');
  return `${printable(nodes[0]!)} ... ${printable(nodes.at(-1)!)} (${nodes.length})`;
}

/** How good the cuts are, and how that is known. */
export function showOptimality({ optimality, because, downSets }: Slicing['report']): string {
  if (optimality === 'exact') return `exact: the best over all ${downSets} down-sets`;
  return optimality === 'interval' ? `the best over the intervals of one order: ${because}` : because;
}

/** Layers that were divided: how, and into how many tiles. */
export function describeTiles({ report: { tiled = [] } }: Slicing): readonly string[] {
  return tiled.map(
    ({ nodes, axis, tiles, of, largest }) =>
      `divided ${showNodes(nodes)}: ${tiles} tiles along axis ${axis}, each at most ${largest} of ${of} cells`,
  );
}

/** @param keys for each slice its structural key: equal ones share a circuit */
export function describeSlicing(slicing: Slicing, keys: readonly string[]): string {
  const { slices, tensors, report } = slicing;
  const { unit, makespan } = report;
  const names = (list: readonly number[]): string => list.map((t) => printable(tensors[t]!.name)).join(', ');
  const rows = slices.map((s, i) => {
    const same = keys.indexOf(keys[i]!);
    return [
      s.name,
      showNodes(s.nodes),
      names(s.inputs),
      names(s.outputs),
      showCost(s.predicted.cost, unit),
      String(Math.round(s.predicted.constraints)),
      showBytes(Math.round(s.predicted.bytes)),
      `${s.predicted.seconds.toPrecision(3)} s`,
      same < i ? `as ${slices[same]!.name}` : '',
      ...(makespan === undefined ? [] : [String(makespan.placement[i])]),
    ];
  });
  const header = ['slice', 'nodes', 'reads', 'writes', 'cost', 'constraints', 'memory', 'time', 'circuit'];
  const crossing = tensors.filter((t) => t.producer >= 0 && t.consumers.length > 0);
  const boundaries = crossing.map((t) => [
    printable(t.name),
    `[${t.shape.join(', ')}]`,
    `[${t.lo}, ${t.hi}]`,
    t.scale,
    slices[t.producer]!.name,
    t.consumers.map((s) => slices[s]!.name).join(', '),
  ]);
  return [
    ...describeTiles(slicing),
    table([makespan === undefined ? header : [...header, 'prover'], ...rows], [4, 5, 6, 7]),
    '',
    boundaries.length === 0
      ? 'no tensor crosses between slices'
      : table([['boundary', 'shape', 'integers', 'scale', 'from', 'to'], ...boundaries]),
    '',
    `cost model ${printable(report.costModel)}; ${report.groups} indivisible groups; ${showOptimality(report)}`,
    `total ${showCost(report.total, unit)} (unsliced ${showCost(report.unsliced, unit)}), largest slice ${showCost(report.largest, unit)}, memory at most ${showBytes(Math.round(report.peakBytes))}`,
    ...(makespan === undefined
      ? []
      : [
          `on ${makespan.provers} provers ${showCost(makespan.makespan, unit)}; no slicing is below ${showCost(makespan.lowerBound, unit)}: gap ${(100 * makespan.gap).toFixed(1)} %`,
        ]),
  ].join('\n');
}
