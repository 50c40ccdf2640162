// Pages of reports in process: every layer and slice is there, names cannot become markup, large graphs stay bounded.
import { describe, expect, test } from 'vitest';
import { place } from '../../cli/report/layout.ts';
import { pageOf } from '../../cli/report/page.ts';
import type { Report, ReportEdge } from '../../cli/report/report.ts';
import { escaped, readPage } from './page-kit.ts';

interface Plan {
  readonly layers: number;
  readonly slices: number;
  readonly edges?: readonly ReportEdge[];
  readonly ports?: number;
  readonly name?: (layer: number) => string;
}

/** A chain of layers, cut into slices of equal length, with inputs that nothing reads. */
function chain({ layers, slices, ports = 1, name = (l) => `layer/${l}`, edges }: Plan): Report {
  const sliceOf = (l: number): number => Math.floor((l * slices) / layers);
  const cost = { cost: 1, constraints: 2, bytes: 3e6, seconds: 0.5 };
  const all = [...Array(layers).keys()];
  return {
    title: name(0),
    facts: [['bits', '8']],
    warnings: [],
    graph: {
      layers: all.map((l) => ({ name: name(l), operators: ['conv'], slices: [sliceOf(l)], types: ['int<1, [0, 1]>'] })),
      ports: Array.from({ length: ports }, (_, p) => ({ role: 'input', name: `in ${p}`, type: 'int<1, [0, 1]>' })),
      edges: edges ?? all.slice(1).map((l) => ({ from: l - 1, to: l })),
    },
    slicing: {
      slices: Array.from({ length: slices }, (_, s) => {
        const operations = all.filter((l) => sliceOf(l) === s);
        return { name: `s${s}`, operations, nodes: operations.map(name), inputs: [], outputs: [], predicted: cost };
      }),
      tensors: [],
      report: {
        optimality: 'manual',
        because: 'by hand',
        downSets: 0,
        groups: layers,
        costModel: 'rows',
        unit: 'constraints',
        total: slices,
        largest: 1,
        peakBytes: 3e6,
        unsliced: 1,
      },
    },
    keys: Array.from({ length: slices }, (_, s) => `key ${s}`),
  };
}

test('a graph that fits is one drawing: a box for each layer and port', () => {
  const page = readPage(pageOf(chain({ layers: 250, slices: 7, ports: 3 })));
  expect(page.count('svg')).toBe(1);
  expect(page.count('rect')).toBe(253);
  expect(page.count('path')).toBe(249 + 1);
});

test('thousands of layers: an overview of the slices, then each in parts; all layers are in the table', () => {
  const page = readPage(pageOf(chain({ layers: 1500, slices: 20 })));
  expect(page.count('svg')).toBe(1 + 20);
  expect(page.count('rect')).toBe(1500 + 20 + 1);
  for (let l = 0; l < 1500; l++) expect(page.ids.has(`l${l}`)).toBe(true);
  for (let s = 0; s < 20; s++) expect(page.ids.has(`s${s}`)).toBe(true);
});

test('beyond what is drawn layers are listed, and slices beyond what fits share boxes', () => {
  const page = readPage(pageOf(chain({ layers: 2400, slices: 600, ports: 500 })));
  expect(page.text).toContain('500 inputs');
  expect(page.text).toContain('s0 to s2');
  expect(page.text).toContain('layer/2399');
  expect(page.count('rect')).toBe(2000 + 200 + 1);
});

test('lines that would fill a drawing are left out and counted, the shortest are kept', () => {
  const edges: ReportEdge[] = [];
  for (let to = 1; to < 100; to++) for (let from = 0; from < to; from++) edges.push({ from, to });
  const page = readPage(pageOf(chain({ layers: 100, slices: 2, edges })));
  const left = Number(/(\d+) of 4950 lines are left out/.exec(page.text)?.[1]);
  expect(left).toBe(4950 - (page.count('path') - 1));
  const placed = place(Array(100).fill({ width: 10, height: 10 }), edges);
  expect(edges.every((e, i) => e.to - e.from > 1 || placed.lines[i] !== undefined)).toBe(true);
});

test('boxes are inside the drawing and do not overlap, lines begin and end at boxes', () => {
  const boxes = Array.from({ length: 60 }, (_, i) => ({ width: 60 + (i % 7) * 20, height: 30 + (i % 3) * 10 }));
  const lines = boxes.slice(1).flatMap((_, i) => [
    { from: i, to: i + 1 },
    { from: Math.floor(i / 3), to: i + 1, label: { width: 20, height: 10 } },
  ]);
  const { width, height, boxes: at, lines: drawn } = place(boxes, lines);
  for (const [i, b] of boxes.entries()) {
    expect(at[i]!.x - b.width / 2).toBeGreaterThanOrEqual(0);
    expect(at[i]!.x + b.width / 2).toBeLessThanOrEqual(width);
    expect(at[i]!.y + b.height / 2).toBeLessThanOrEqual(height);
    for (let j = 0; j < i; j++) {
      const apartX = Math.abs(at[i]!.x - at[j]!.x) * 2 >= b.width + boxes[j]!.width;
      expect(apartX || Math.abs(at[i]!.y - at[j]!.y) * 2 >= b.height + boxes[j]!.height).toBe(true);
    }
  }
  for (const [i, { from, to }] of lines.entries()) {
    const points = drawn[i]!.points;
    expect(Math.abs(points[0]!.y - at[from]!.y)).toBeLessThanOrEqual(boxes[from]!.height / 2 + 1);
    expect(Math.abs(points.at(-1)!.y - at[to]!.y)).toBeLessThanOrEqual(boxes[to]!.height / 2 + 1);
  }
});

test('what a page must not have is found', () => {
  const html = pageOf(chain({ layers: 2, slices: 1 }));
  for (const [from, to] of [
    ['</h1>', '<script></script></h1>'],
    ['</h1>', '<img></h1>'],
    ['</h1>', '"</h1>'],
    ['</h1>', ''],
    ['<h1>', '<h1 onclick="x">'],
    ['href="#l0"', 'href="https://example.com"'],
    ['href="#l0"', 'href="#l9"'],
    ['id="l0"', 'id="l1"'],
  ] as const) {
    expect(html).toContain(from);
    expect(() => readPage(html.replace(from, to)), to).toThrow('not a page of a report');
  }
});

describe('names cannot become markup', () => {
  const hostile = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    `' onload='alert(1)`,
    '</title></svg></style><iframe src="https://example.com">',
    '--><!--',
    ']]>&lt;&amp;',
    'url(https://example.com)',
  ];
  test.each(hostile)('%s', (text) => {
    const page = readPage(pageOf(chain({ layers: 3, slices: 2, name: (l) => `${text}${l}` })));
    for (let l = 0; l < 3; l++) expect(page.text).toContain(escaped(`${text}${l}`));
  });

  test('control, direction and lone-surrogate characters are shown, long names are cut', () => {
    const names = ['a\u0000b\u202ec', '\ud800', 'x'.repeat(1e6)];
    const html = pageOf(chain({ layers: 3, slices: 1, name: (l) => names[l]! }));
    const page = readPage(html);
    expect(page.text).toContain('a\\u{0}b\\u{202e}c');
    expect(page.text).toContain('\\u{d800}');
    expect(html.length).toBeLessThan(20_000);
  });
});
