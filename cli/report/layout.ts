// Where boxes and lines of one drawing go: dagre places them, within bounds that keep it fast on any graph.
import { Graph, layout } from '@dagrejs/dagre';

/** A box to place, with its size (pixels). */
export interface Box {
  readonly width: number;
  readonly height: number;
}

/** A line between two boxes, by index. */
export interface Line {
  readonly from: number;
  readonly to: number;
  /** Room for a label on the line (pixels). */
  readonly label?: Box;
}

/** A point in pixels, y downwards. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A drawing. */
export interface Placed {
  readonly width: number;
  readonly height: number;
  /** Centre of each box. */
  readonly boxes: readonly Point[];
  /** For each line its bends and the centre of its label; undefined for lines that are left out. */
  readonly lines: readonly ({ readonly points: readonly Point[]; readonly label?: Point } | undefined)[];
}

/** Most boxes of one drawing: dagre's time grows faster than their number, and nobody reads more. */
export const MOST_BOXES = 300;
/** Most ranks that all lines together may span: dagre puts a point into every rank of every line. */
const MOST_SPANS = 2000;

/** What is used of dagre: the types that it ships cannot be resolved by Node's rules. */
interface DagreGraph {
  setGraph(label: object): void;
  setNode(name: string, label: object): void;
  setEdge(from: string, to: string, label: object, name: string): void;
  graph(): Box;
  node(name: string): Point;
  edge(edge: { readonly v: string; readonly w: string; readonly name: string }): Point & {
    readonly points: readonly Point[];
  };
}

/**
 * Places the boxes of a graph from top to bottom. The lines that span most ranks are left out where there are too many.
 * @throws RangeError for more than {@link MOST_BOXES} boxes.
 */
export function place(boxes: readonly Box[], lines: readonly Line[]): Placed {
  if (boxes.length > MOST_BOXES) throw new RangeError(`layout: ${boxes.length} boxes, at most ${MOST_BOXES}`);
  if (boxes.length === 0) return { width: 0, height: 0, boxes: [], lines: lines.map(() => undefined) };
  const drawn = shortLines(boxes.length, lines);
  const graph: DagreGraph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 24, edgesep: 12, ranksep: 32, marginx: 12, marginy: 12 });
  for (const [i, { width, height }] of boxes.entries()) graph.setNode(String(i), { width, height });
  for (const i of drawn) {
    const { from, to, label } = lines[i]!;
    graph.setEdge(String(from), String(to), { ...label, labelpos: 'c' }, String(i));
  }
  layout(graph);
  const { width, height } = graph.graph();
  return {
    width,
    height,
    boxes: boxes.map((_, i) => point(graph.node(String(i)))),
    lines: lines.map(({ from, to, label }, i) => {
      if (!drawn.has(i)) return undefined;
      const edge = graph.edge({ v: String(from), w: String(to), name: String(i) });
      return { points: edge.points.map(point), ...(label !== undefined && { label: point(edge) }) };
    }),
  };
}

const point = ({ x, y }: Point): Point => ({ x, y });

/** Indices of lines, the shortest first, until they span too much together. */
function shortLines(boxes: number, lines: readonly Line[]): ReadonlySet<number> {
  const ranks = ranksOf(boxes, lines);
  const span = ({ from, to }: Line): number => Math.max(1, Math.abs(ranks[to]! - ranks[from]!));
  const order = [...lines.keys()].sort((a, b) => span(lines[a]!) - span(lines[b]!) || a - b);
  let spans = 0;
  return new Set(
    order.filter((i) => {
      spans += span(lines[i]!);
      return spans <= MOST_SPANS;
    }),
  );
}

/** Longest path to each box; boxes of a cycle, which no model has, count from 0. */
function ranksOf(boxes: number, lines: readonly Line[]): Int32Array {
  const after = Array.from({ length: boxes }, (): number[] => []);
  const missing = new Int32Array(boxes);
  for (const { from, to } of lines) {
    after[from]!.push(to);
    missing[to]!++;
  }
  const ranks = new Int32Array(boxes);
  const ready = [...missing.keys()].filter((i) => missing[i] === 0);
  for (let at = ready.pop(); at !== undefined; at = ready.pop())
    for (const to of after[at]!) {
      ranks[to] = Math.max(ranks[to]!, ranks[at]! + 1);
      if (--missing[to]! === 0) ready.push(to);
    }
  return ranks;
}
