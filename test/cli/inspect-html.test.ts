// zkmlc inspect --html from the command line: models, artifacts, runs; what it refuses; what a browser shows.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeRunFile, encodeRunFile } from '../../runtime/artifact/run-file.ts';
import { proveRun } from '../../runtime/index.ts';
import { onnxModel } from '../kits/onnx-builder.ts';
import { createRunPlace, inputOf } from '../runs/run-kit.ts';
import { createWorkplace, MODELS } from './command.ts';
import { documentIn, escaped, findBrowser, readPage, screenshot } from './page-kit.ts';

const work = createWorkplace('html');
const place = createRunPlace();
afterAll(() => {
  work.remove();
  place.remove();
});

const RESNET = join(MODELS, 'digits-resnet');
const ask = (...more: readonly string[]): readonly string[] => [
  'inspect',
  join(RESNET, 'model.onnx'),
  '--calibrate',
  join(RESNET, 'calibration.npz'),
  ...more,
];
const read = (name: string): string => readFileSync(work.path(name), 'utf8');

/** Nodes, inputs and output of a model whose names are attacks. */
const HOSTILE = {
  nodes: ['"><img src=x onerror=document.title=1>', '</svg></style><script>document.title=1</script>', `' onload='1`],
  input: '<b>&amp;"',
  output: '--><script>document.title=1</script>',
} as const;

function hostileModel(): Uint8Array {
  const data = Array.from({ length: 16 }, (_, i) => (i % 5) / 4 - 0.5);
  const [a, b, c] = HOSTILE.nodes;
  return onnxModel({
    inputs: [{ name: HOSTILE.input, shape: [1, 4] }],
    outputs: [{ name: HOSTILE.output, shape: [1, 4] }],
    initializers: [{ name: '<w>', dims: [4, 4], data }],
    nodes: [
      { name: a, op: 'MatMul', inputs: [HOSTILE.input, '<w>'], outputs: ['<h>'] },
      { name: b, op: 'Relu', inputs: ['<h>'], outputs: ['<r>'] },
      { name: c, op: 'MatMul', inputs: ['<r>', '<w>'], outputs: [HOSTILE.output] },
    ],
  });
}

test('a sliced model: every layer, slice and boundary, ranges and accuracy; the same page twice', async () => {
  const report = await work.json(ask('--slice', '4', '--html', 'resnet.html'));
  expect(report).toMatchObject({ report: 'resnet.html', slices: 4 });
  const html = read('resnet.html');
  expect(report.bytes).toBe(Buffer.byteLength(html));
  const page = readPage(html);
  const slicing = await work.json(ask('--slice', '4'));
  const nodes = new Set<string>(slicing.slices.flatMap((s: { nodes: readonly string[] }) => s.nodes));
  expect(nodes.size).toBe(report.layers);
  for (const node of nodes) expect(page.text).toContain(escaped(node));
  for (const i of [0, 1, 2, 3]) expect(page.ids.has(`s${i}`) && page.text.includes(`s${i}`)).toBe(true);
  for (const i of slicing.tensors.keys()) expect(page.ids.has(`t${i}`)).toBe(true);
  // Layers, input and output, and a stripe for each further slice of a layer.
  const held = slicing.slices.reduce((n: number, s: { nodes: readonly string[] }) => n + s.nodes.length, 0);
  expect(page.count('rect')).toBe(held + 2);
  expect(page.text).toMatch(/int&lt;1x10, \[-\d+, \d+\], 2\^-\d+&gt;/);
  expect(page.text).toMatch(/largest error[\s\S]*\d %/);
  await work.json(ask('--slice', '4', '--html', 'again.html'));
  expect(read('again.html')).toBe(html);
});

test('without cuts a model is one slice', async () => {
  expect(await work.json(ask('--html', 'whole.html'))).toMatchObject({ slices: 1 });
  readPage(read('whole.html'));
});

test('names that are attacks stay names', async () => {
  writeFileSync(work.path('hostile.onnx'), hostileModel());
  await work.json([
    'inspect',
    'hostile.onnx',
    '--range',
    `${HOSTILE.input}=-1,1`,
    '--slice',
    '2',
    '--html',
    'hostile.html',
  ]);
  const page = readPage(read('hostile.html'));
  for (const name of [...HOSTILE.nodes, HOSTILE.input, HOSTILE.output]) expect(page.text).toContain(escaped(name));
});

describe('artifacts and runs', () => {
  beforeAll(async () => {
    await place.compile('plain.zkml');
    await proveRun({ artifact: place.path('plain.zkml'), inputs: inputOf(), output: place.path('plain.zkp') });
    writeFileSync(work.path('x.json'), JSON.stringify({ x: [[0.5, -0.25, 1, -1]] }));
  });
  const inspect = (html: string, ...more: readonly string[]): readonly string[] => [
    'inspect',
    place.path('plain.zkml'),
    '--html',
    html,
    ...more,
  ];

  test('a sliced artifact: predicted and counted costs, links, accuracy on an input', async () => {
    expect(await work.json(inspect('artifact.html', '-i', 'x.json'))).toMatchObject({ layers: 6, slices: 3 });
    const page = readPage(read('artifact.html'));
    for (const text of ['multiply-accumulates', 'committed', 'predicted cost', 'largest error', 'model root'])
      expect(page.text).toContain(text);
    expect(page.text).not.toContain('accepted');
  });

  test('a run: all slices verified, commitments of the boundaries', async () => {
    const { verdict } = await work.json(inspect('run.html', '--run', place.path('plain.zkp')));
    expect(verdict).toContain('accepted: the whole run, 3 slices');
    const page = readPage(read('run.html'));
    expect(page.text).toContain(verdict);
    const { statement } = decodeRunFile(readFileSync(place.path('plain.zkp')));
    const commitments = statement.tensors.flatMap((t) => (t.kind === 'commitment' ? [String(t.commitment)] : []));
    expect(commitments).toHaveLength(2);
    for (const c of commitments) expect(page.text).toContain(c);
    expect(page.text.match(/\bverified\b/g)).toHaveLength(1 + 3);
    expect(read('run.html')).not.toContain('class="layer unproved"');
  });

  test('what the prover measured is beside the run, and shown beside the predictions', async () => {
    const run = place.path('plain.zkp');
    const { slices } = JSON.parse(readFileSync(`${run}.measured.json`, 'utf8'));
    expect(slices.map((s: { slice: string }) => s.slice)).toEqual(['s0', 's1', 's2']);
    const { proofs } = decodeRunFile(readFileSync(run));
    for (const [i, s] of slices.entries()) {
      expect(s.seconds).toBeGreaterThan(0);
      expect(s.peakBytes).toBeGreaterThan(2e7);
      expect(s.proofBytes).toBe(proofs.get(i)!.length);
    }
    await work.json(inspect('run.html', '--run', run));
    const { text } = readPage(read('run.html'));
    expect(text).toMatch(/predicted time\s+measured time/);
    for (const s of slices) expect(text).toContain(`${s.seconds.toPrecision(3)} s`);
    // Those of another run are not shown as this one's.
    writeFileSync(work.path('other.zkp'), readFileSync(run));
    const other = JSON.parse(readFileSync(`${run}.measured.json`, 'utf8'));
    writeFileSync(work.path('other.zkp.measured.json'), JSON.stringify({ ...other, commitments: 'none' }));
    await work.json(inspect('other.html', '--run', 'other.zkp'));
    const page = readPage(read('other.html')).text;
    expect(page).toContain('measured times are not shown: other-commitments');
    expect(page).not.toMatch(/predicted time\s+measured time/);
  });

  test('the answer to an audit: what was verified, coverage and probability of detection', async () => {
    const model = place.path('plain.zkml');
    await work.json(['prove', model, '-i', 'x.json', '--commit-only', '-o', 'run.zkc']);
    await work.json(['audit', model, 'run.zkc', '--sample', '60%', '-o', 'audit.json']);
    await work.json(['prove', model, '--run', 'run.zkc', '--audit', 'audit.json', '-o', 'answer.zkp']);
    const { verdict, notes } = await work.json(inspect('answer.html', '--run', 'answer.zkp', '--audit', 'audit.json'));
    expect(verdict).toMatch(/^accepted in part: s\d, s\d of 3 slices/);
    expect(notes.join('\n')).toMatch(
      /\d+ of 27 multiply-accumulates[\s\S]*the audit drew[\s\S]*in 1 slice: 66\.7 %, in 2 slices: 100\.0 %/,
    );
    const { text } = readPage(read('answer.html'));
    for (const note of notes) expect(text).toContain(escaped(note));
    // Another run is no answer to it.
    const refused = await work.run(inspect('refused.html', '--run', place.path('plain.zkp'), '--audit', 'audit.json'));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('other-commitments');
    expect((await work.run(inspect('refused.html', '--audit', 'audit.json'))).code).toBe(2);
  });

  test('a run without the proof of one slice is never called the whole run', async () => {
    const { statement, proofs } = decodeRunFile(readFileSync(place.path('plain.zkp')));
    const some = new Map([...proofs].filter(([s]) => s !== 1));
    writeFileSync(work.path('part.zkp'), encodeRunFile({ statement, proofs: some }));
    const { verdict } = await work.json(inspect('part.html', '--run', 'part.zkp'));
    expect(verdict).toContain('accepted in part: s0, s2 of 3 slices, 66.7 %');
    expect(verdict).toContain('not a proof of the whole run');
    const html = read('part.html');
    expect(html.match(/class="layer unproved"/g)).toHaveLength(1);
    expect(readPage(html).text).toContain('not proved');
    expect(html).not.toContain('class="ok"');
  });

  test('a run that is refused leaves no report', async () => {
    const bytes = readFileSync(place.path('plain.zkp'));
    bytes[bytes.length - 40]! ^= 1;
    writeFileSync(work.path('bad.zkp'), bytes);
    const { code, stderr } = await work.run(inspect('bad.html', '--run', 'bad.zkp'));
    expect([code, stderr]).toEqual([1, expect.stringContaining('slice "s2"')]);
    expect(readdirSync(work.folder).filter((f) => f.includes('bad.html'))).toEqual([]);
  });

  test('an artifact that is not sliced', async () => {
    await place.compile('one.zkml', { at: [] });
    const report = await work.json(['inspect', place.path('one.zkml'), '--html', 'one.html', '-i', 'x.json']);
    expect(report).toMatchObject({ layers: 6, slices: 1 });
    readPage(read('one.html'));
  });
});

describe('files', () => {
  test('a report is replaced, anything else stays', async () => {
    for (const [name, text] of [
      ['notes.html', '<!doctype html>\nmine'],
      ['empty.html', ''],
    ] as const) {
      writeFileSync(work.path(name), text);
      const { code, stderr } = await work.run(ask('--html', name));
      expect([code, stderr]).toEqual([2, expect.stringContaining('not-a-report')]);
      expect(read(name)).toBe(text);
    }
    mkdirSync(work.path('folder.html'));
    expect(await work.run(ask('--html', 'folder.html'))).toMatchObject({ code: 2 });
    await work.json(ask('--slice', '2', '--html', 'twice.html'));
    await work.json(ask('--slice', '3', '--html', 'twice.html'));
    expect(readPage(read('twice.html')).ids.has('s2')).toBe(true);
    expect(readdirSync(work.folder).filter((f) => f.startsWith('.'))).toEqual([]);
  });

  test.each([
    [['--html', 'none/report.html'], 'file-unwritable'],
    [['--slice', '2', '--run', 'x.zkp', '--html', 'a.html'], '--run'],
    [['--slice', '2', '--run', 'x.zkp'], 'belong to --html'],
  ])('%j is refused', async (flags, part) => {
    const { code, stderr } = await work.run(ask(...flags));
    expect([code, stderr]).toEqual([2, expect.stringContaining(part)]);
  });
});

const browser = findBrowser();

describe.skipIf(browser === undefined)(
  browser === undefined ? 'a browser (skipped: no chromium or google-chrome in PATH, nor ZKMLC_BROWSER)' : 'a browser',
  () => {
    test('shows every slice in its colour', async () => {
      await work.json(ask('--slice', '4', '--html', 'shown.html'));
      const { width, height, colours } = await screenshot(browser!, work.path('shown.html'), 1400, 2000);
      expect([width, height]).toEqual([1400, 2000]);
      const fills = [...read('shown.html').matchAll(/style="fill:hsl\((\d+) 75% 86%\)/g)].map((m) => Number(m[1]));
      // A layer in two slices has the colour of the first.
      expect(new Set(fills).size).toBeGreaterThan(2);
      for (const hue of fills) expect(pixelsNear(colours, hue), `hue ${hue}`).toBeGreaterThan(500);
    });

    test('finds no elements but those of reports, and runs nothing', async () => {
      const dom = await documentIn(browser!, work.path('hostile.html'));
      expect(dom).toContain('<title>hostile - zkmlc</title>');
      expect(dom).not.toMatch(/<(script|img|iframe|b)[\s>]/i);
    });
  },
);

/** Pixels whose colour is hsl(hue 75% 86%), up to rounding. */
function pixelsNear(colours: ReadonlyMap<number, number>, hue: number): number {
  const channel = (n: number): number => {
    const k = (n + hue / 30) % 12;
    return 255 * (0.86 - 0.75 * 0.14 * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  const wanted = [channel(0), channel(8), channel(4)];
  let pixels = 0;
  for (const [colour, count] of colours)
    if ([colour >> 16, (colour >> 8) & 255, colour & 255].every((c, i) => Math.abs(c - wanted[i]!) <= 2))
      pixels += count;
  return pixels;
}
