// Looks into reports: whether a page is well formed, asks nothing of anybody, and what a browser makes of it.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { inflateSync } from 'node:zlib';
import { expect } from 'vitest';

const HTML = 'html head meta title style body h1 h2 p dl dt dd details summary div table thead tbody tr th td code a';
const SVG = 'svg defs marker path g rect text';
const TAGS: ReadonlySet<string> = new Set(`${HTML} ${SVG}`.split(' '));
const ATTRIBUTES: ReadonlySet<string> = new Set(
  (
    'lang charset http-equiv content class id style href open role aria-label width height viewBox x y rx d fill ' +
    'marker-end markerUnits markerWidth markerHeight refX refY orient'
  ).split(' '),
);

/** A page taken apart: texts of all elements joined, and ids. */
export interface Page {
  readonly text: string;
  readonly ids: ReadonlySet<string>;
  count(tag: string): number;
}

/**
 * Takes a page apart by a strict grammar: only known elements and attributes, all closed in order, links into the page
 * itself only. Anything that a name could smuggle in is something else.
 */
export function readPage(html: string): Page {
  const head = '<!doctype html>\n<!-- zkmlc report -->\n';
  // Pages have a hundred thousand attributes: an assertion for each would take longer than the page.
  const demand = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(`not a page of a report: ${what.slice(0, 200)}`);
  };
  demand(html.startsWith(head), 'its head');
  const token = /<(\/?)([a-zA-Z0-9]+)((?: [a-zA-Z-]+(?:="[^"<>]*")?)*)(\/?)>|([^<]+)/y;
  const [open, ids, links, counts] = [[] as string[], new Set<string>(), [] as string[], new Map<string, number>()];
  const texts: string[] = [];
  for (token.lastIndex = head.length; token.lastIndex < html.length; ) {
    const at = token.lastIndex;
    const match = token.exec(html);
    if (match === null) throw new Error(`not a page of a report: ${html.slice(at, at + 200)}`);
    const [, close, tag = '', attributes = '', empty, text] = match;
    if (text !== undefined) {
      if (open.at(-1) === 'style') demand(!/url\(|@import|expression/.test(text), text);
      else demand(/^(?:[^<>"'&]|&(?:amp|lt|gt|quot|#39);)*$/.test(text), text);
      if (open.at(-1) !== 'style') texts.push(text);
      continue;
    }
    demand(TAGS.has(tag), tag);
    if (close === '/') {
      demand(open.pop() === tag, `</${tag}>`);
      continue;
    }
    counts.set(tag, (counts.get(tag) ?? 0) + 1);
    for (const [, name = '', value = ''] of attributes.matchAll(/ ([a-zA-Z-]+)(?:="([^"]*)")?/g)) {
      demand(ATTRIBUTES.has(name), name);
      if (name === 'id') {
        demand(!ids.has(value), `two elements ${value}`);
        ids.add(value);
      }
      if (name === 'href' || name === 'marker-end') links.push(value);
      else demand(!/url\(|javascript:|data:/.test(value), value);
    }
    if (empty !== '/' && tag !== 'meta') open.push(tag);
  }
  demand(open.length === 0, `open ${open.join(' ')}`);
  for (const link of links) {
    const target = /^(?:#|url\(#)([a-z]+\d+)\)?$/.exec(link)?.[1];
    demand(target !== undefined && ids.has(target), `link ${link}`);
  }
  return { text: texts.join('\n'), ids, count: (tag) => counts.get(tag) ?? 0 };
}

/** A name as pages show it. */
export function escaped(name: string): string {
  return name.replace(
    /[&<>"']/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c] ?? c,
  );
}

/** Path of Chromium or Chrome; undefined where there is none. `ZKMLC_BROWSER` names another. */
export function findBrowser(): string | undefined {
  const named = process.env.ZKMLC_BROWSER;
  if (named !== undefined) return named;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return ['chromium', 'chromium-browser', 'google-chrome', 'chrome']
    .flatMap((name) => folders.map((f) => join(f, name)))
    .find((path) => existsSync(path));
}

/** Runs a browser without a window on a page. @returns what it prints. */
async function browse(browser: string, page: string, options: readonly string[]): Promise<string> {
  const profile = mkdtempSync(join(tmpdir(), 'zkmlc-browser-'));
  try {
    const { stdout } = await promisify(execFile)(
      browser,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--hide-scrollbars',
        '--force-device-scale-factor=1',
        `--user-data-dir=${profile}`,
        ...options,
        pathToFileURL(page).href,
      ],
      { maxBuffer: 2 ** 28 },
    );
    return stdout;
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The document as the browser has it, after all that a page can do. */
export function documentIn(browser: string, page: string): Promise<string> {
  return browse(browser, page, ['--dump-dom']);
}

/** A picture: three or four bytes per pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Number of pixels with each colour, as 0xRRGGBB. */
  readonly colours: ReadonlyMap<number, number>;
}

/** What the browser shows of a page in a window of this size (pixels). */
export async function screenshot(browser: string, page: string, width: number, height: number): Promise<Picture> {
  const file = `${page}.png`;
  await browse(browser, page, [`--window-size=${width},${height}`, `--screenshot=${file}`]);
  return readPng(readFileSync(file));
}

/** Reads a PNG of 8 bits per channel without interlacing, as browsers write them. */
function readPng(png: Buffer): Picture {
  const [width, height, colourType] = [png.readUInt32BE(16), png.readUInt32BE(20), png[25]!];
  expect([png[24], png[28]]).toEqual([8, 0]);
  const size = colourType === 6 ? 4 : 3;
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * size;
  let above = new Uint8Array(stride);
  const colours = new Map<number, number>();
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)]!;
    const row = Uint8Array.from(raw.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1)));
    for (let i = 0; i < stride; i++) {
      const [left, up, corner] = [i < size ? 0 : row[i - size]!, above[i]!, i < size ? 0 : above[i - size]!];
      row[i] = row[i]! + predicted(filter, left, up, corner);
    }
    for (let i = 0; i < stride; i += size) {
      const colour = (row[i]! << 16) | (row[i + 1]! << 8) | row[i + 2]!;
      colours.set(colour, (colours.get(colour) ?? 0) + 1);
    }
    above = row;
  }
  return { width, height, colours };
}

/** PNG specification, section 9: Paeth is filter 4. */
function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
