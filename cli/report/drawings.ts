// Which drawings a report has: the whole graph, or where it is large an overview of the slices and parts of each.

import { shorten } from './escape.ts';
import { type Box, type Line, MOST_BOXES, type Placed, place } from './layout.ts';
import type { Report, ReportEdge } from './report.ts';

/** A box of a drawing. */
export interface DrawnBox extends Box {
  /** `layer`, `port` and `slice` with their index; `many` for several of them in one box. */
  readonly kind: 'layer' | 'port' | 'slice' | 'many';
  readonly index: number;
  readonly lines: readonly string[];
  /** Shown in full when the pointer rests on the box. */
  readonly hint: string;
  readonly slices: readonly number[];
}

/** A line of a drawing. */
export interface DrawnLine extends Line {
  /** Index in the slicing's tensors: a link between slices. */
  readonly tensor?: number;
}

/** A drawing with its places. */
export interface Drawing {
  readonly title: string;
  readonly boxes: readonly DrawnBox[];
  readonly lines: readonly DrawnLine[];
  readonly placed: Placed;
  /** Shown at once; others are unfolded. */
  readonly open: boolean;
  readonly note: string;
}

/** Layers of one part of a large model. */
const PART = 120;
/** Most layers of a large model that are drawn; the table lists all. */
const MOST_DRAWN = 2000;
/** Inputs or outputs beyond which they share a box. */
const MOST_PORTS = 20;

const CHARACTER = 7;
const ROW = 16;
const MOST_CHARACTERS = 42;

/** The drawings of a report. */
export function drawingsOf(report: Report): readonly Drawing[] {
  const { layers } = report.graph;
  if (layers.length + portBoxes(report).boxes.length <= MOST_BOXES) return [wholeGraph(report)];
  const drawings = [overview(report)];
  const { slices } = report.slicing;
  const layersOf = slices.map((): number[] => []);
  for (const [l, layer] of layers.entries()) layersOf[layer.slices[0]!]!.push(l);
  let drawn = 0;
  for (const [s, own] of layersOf.entries()) {
    for (let at = 0; at < own.length && drawn < MOST_DRAWN; at += PART) {
      const part = own.slice(at, Math.min(at + PART, at + MOST_DRAWN - drawn));
      drawn += part.length;
      const place = own.length > PART ? `, layers ${at + 1} to ${at + part.length} of ${own.length}` : '';
      drawings.push(partOf(report, part, `${slices[s]!.name}${place}`));
    }
  }
  return drawings;
}

function wholeGraph(report: Report): Drawing {
  const { layers, edges } = report.graph;
  const { boxes, boxOf } = portBoxes(report);
  const all = [...layers.keys()].map((l) => layerBox(report, l));
  const at = (vertex: number): number => (vertex < all.length ? vertex : all.length + boxOf[vertex - all.length]!);
  return draw('Layers', [...all, ...boxes], mapEdges(edges, at, at), true, '');
}

function portBoxes({ graph }: Report): { readonly boxes: readonly DrawnBox[]; readonly boxOf: readonly number[] } {
  const boxes: DrawnBox[] = [];
  const boxOf = new Array<number>(graph.ports.length).fill(0);
  for (const role of ['input', 'output'] as const) {
    const own = [...graph.ports.keys()].filter((p) => graph.ports[p]!.role === role);
    if (own.length > MOST_PORTS) {
      for (const p of own) boxOf[p] = boxes.length;
      boxes.push(box('many', 0, [`${own.length} ${role}s`], `${own.length} ${role}s`, []));
    } else
      for (const p of own) {
        const { name, type } = graph.ports[p]!;
        boxOf[p] = boxes.length;
        boxes.push(box('port', p, [name, `${role}, ${type}`], `${role} ${name}: ${type}`, []));
      }
  }
  return { boxes, boxOf };
}

function layerBox({ graph, slicing }: Report, layer: number): DrawnBox {
  const { name, operators, slices, types } = graph.layers[layer]!;
  const where = slices.map((s) => slicing.slices[s]!.name).join(', ');
  const hint = [`${name} (${operators.join(', ')})`, `slice ${where}`, ...types].join('\n');
  return box('layer', layer, [name, `${where} · ${operators.join(', ')}`], hint, slices);
}

/** Slices, or runs of them where there are many, and what goes between them. */
function overview(report: Report): Drawing {
  const { graph, slicing } = report;
  const run = Math.ceil(slicing.slices.length / (MOST_BOXES - 2 * MOST_PORTS));
  const boxes: DrawnBox[] = [];
  for (let s = 0; s < slicing.slices.length; s += run) {
    const own = slicing.slices.slice(s, s + run);
    const nodes = own.reduce((n, { nodes }) => n + nodes.length, 0);
    const name = own.length === 1 ? own[0]!.name : `${own[0]!.name} to ${own.at(-1)!.name}`;
    const kind = own.length === 1 ? 'slice' : 'many';
    boxes.push(box(kind, s, [name, `${nodes} layers`], `${name}: ${nodes} layers`, [s]));
  }
  const ports = portBoxes(report);
  const first = boxes.length;
  // Edges that leave a layer leave its last slice and enter the first one that has it.
  const at = (end: 'from' | 'to') => (vertex: number) => {
    const layer = graph.layers[vertex];
    if (layer === undefined) return first + ports.boxOf[vertex - graph.layers.length]!;
    return Math.floor((end === 'from' ? layer.slices.at(-1)! : layer.slices[0]!) / run);
  };
  const lines = mapEdges(graph.edges, at('from'), at('to'));
  return draw('Slices', [...boxes, ...ports.boxes], lines, true, '');
}

/** Some layers of a slice; what they read or give elsewhere is in the table. */
function partOf(report: Report, layers: readonly number[], title: string): Drawing {
  const index = new Map(layers.map((l, i) => [l, i] as const));
  const inside = report.graph.edges.filter((e) => index.has(e.from) && index.has(e.to));
  const outside = report.graph.edges.filter((e) => index.has(e.from) !== index.has(e.to)).length;
  const at = (vertex: number): number => index.get(vertex)!;
  const boxes = layers.map((l) => layerBox(report, l));
  return draw(title, boxes, mapEdges(inside, at, at), false, `${outside} uses of tensors from or in other parts`);
}

function mapEdges(
  edges: readonly ReportEdge[],
  from: (vertex: number) => number,
  to: (vertex: number) => number,
): readonly DrawnLine[] {
  const lines = new Map<string, DrawnLine>();
  for (const e of edges) {
    const [a, b] = [from(e.from), to(e.to)];
    if (a === b) continue;
    const label = e.tensor === undefined ? undefined : { width: CHARACTER * `t${e.tensor}`.length + 6, height: ROW };
    const link = e.tensor === undefined || label === undefined ? {} : { tensor: e.tensor, label };
    lines.set(`${a} ${b} ${e.tensor ?? ''}`, { from: a, to: b, ...link });
  }
  return [...lines.values()];
}

function box(
  kind: DrawnBox['kind'],
  index: number,
  texts: readonly string[],
  hint: string,
  slices: readonly number[],
): DrawnBox {
  // Names have no bound: the head is enough to shorten.
  const lines = texts.map((t) => shorten(t.slice(0, 20 * MOST_CHARACTERS), MOST_CHARACTERS));
  const width = Math.max(60, CHARACTER * Math.max(...lines.map((l) => l.length)) + 24);
  return { kind, index, lines, hint, slices, width, height: ROW * lines.length + 12 };
}

function draw(
  title: string,
  boxes: readonly DrawnBox[],
  lines: readonly DrawnLine[],
  open: boolean,
  note: string,
): Drawing {
  const placed = place(boxes, lines);
  const left = placed.lines.filter((l) => l === undefined).length;
  const notes = [note, left === 0 ? '' : `${left} of ${lines.length} lines are left out of the drawing`];
  return { title, boxes, lines, placed, open, note: notes.filter((n) => n !== '').join('; ') };
}
