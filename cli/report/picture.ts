// A drawing as SVG: boxes in the colours of their slices, links between slices with the names of their tensors.
import type { Drawing, DrawnBox, DrawnLine } from './drawings.ts';
import { escapeName, escapeText } from './escape.ts';
import type { Placed, Point } from './layout.ts';
import type { Report } from './report.ts';

/** Hues by the golden angle: neighbours differ most. */
const hue = (slice: number): number => Math.round((slice * 137.508) % 360);

/** Fill of a slice. */
export const sliceColour = (slice: number): string => `hsl(${hue(slice)} 75% 86%)`;
/** Border of a slice, and stripes of boxes in several slices. */
export const sliceBorder = (slice: number): string => `hsl(${hue(slice)} 55% 38%)`;

const n = (x: number): string => String(Math.round(x * 10) / 10);

/** @param id unique in the page */
export function pictureOf(drawing: Drawing, report: Report, id: string): string {
  const { boxes, lines, placed } = drawing;
  const [width, height] = [n(Math.max(1, placed.width)), n(Math.max(1, placed.height))];
  return [
    `<svg role="img" aria-label="${escapeText(drawing.title)}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<defs><marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>`,
    ...lines.map((line, i) => lineOf(line, placed.lines[i], report, id)),
    ...boxes.map((b, i) => boxOf(b, placed.boxes[i]!, report)),
    '</svg>',
  ].join('\n');
}

function lineOf(line: DrawnLine, placed: Placed['lines'][number], { slicing }: Report, id: string): string {
  if (placed === undefined) return '';
  const path = `<path class="${line.tensor === undefined ? 'edge' : 'link'}" marker-end="url(#${id})" d="${curve(placed.points)}"/>`;
  if (line.tensor === undefined || placed.label === undefined) return path;
  const { name, shape, consumers, producer } = slicing.tensors[line.tensor]!;
  const at = (s: number): string => slicing.slices[s]!.name;
  const hint = `${name} [${shape.join(', ')}]: ${at(producer)} to ${consumers.map(at).join(', ')}`;
  const { x, y } = placed.label;
  return `<a class="link" href="#t${line.tensor}"><title>${escapeName(hint)}</title>${path}<text x="${n(x)}" y="${n(y + 4)}">t${line.tensor}</text></a>`;
}

/** A smooth line through the bends: quadratic curves between the middles of its sides. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const parts = [`M${n(first.x)} ${n(first.y)}`];
  for (const [i, p] of rest.entries()) {
    const next = rest[i + 1];
    if (next === undefined) parts.push(`L${n(p.x)} ${n(p.y)}`);
    else parts.push(`Q${n(p.x)} ${n(p.y)} ${n((p.x + next.x) / 2)} ${n((p.y + next.y) / 2)}`);
  }
  return parts.join('');
}

const TARGETS = { layer: 'l', port: 'p', slice: 's', many: undefined } as const;

function boxOf(b: DrawnBox, centre: Point, { verdict }: Report): string {
  const [x, y] = [centre.x - b.width / 2, centre.y - b.height / 2];
  const [slice, ...others] = b.slices;
  const unproved = verdict !== undefined && b.slices.some((s) => !verdict.proved.has(s));
  const paint = slice === undefined ? '' : ` style="fill:${sliceColour(slice)};stroke:${sliceBorder(slice)}"`;
  const stripes = others.map(
    (s, i) =>
      `<rect x="${n(x + b.width - 6 * (i + 1))}" y="${n(y)}" width="6" height="${n(b.height)}" style="fill:${sliceBorder(s)}"/>`,
  );
  const texts = b.lines.map(
    (text, i) =>
      `<text class="${i === 0 ? 'name' : 'more'}" x="${n(centre.x)}" y="${n(y + 18 + 16 * i)}">${escapeText(text)}</text>`,
  );
  const shape = `<rect class="${b.kind}${unproved ? ' unproved' : ''}" x="${n(x)}" y="${n(y)}" width="${n(b.width)}" height="${n(b.height)}" rx="${slice === undefined ? 14 : 4}"${paint}/>`;
  const inside = `<title>${b.hint.split('\n').map(escapeName).join('\n')}</title>${shape}${stripes.join('')}${texts.join('')}`;
  const target = TARGETS[b.kind];
  return target === undefined ? `<g>${inside}</g>` : `<a href="#${target}${b.index}">${inside}</a>`;
}
