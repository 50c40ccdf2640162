// A report as one HTML page: no script, no request to anywhere, all names escaped.
import { describeTiles, showCost, showOptimality } from '../slicing-text.ts';
import { showBytes, showNumbers } from '../table.ts';
import { drawingsOf } from './drawings.ts';
import { escapeName, escapeText } from './escape.ts';
import { pictureOf, sliceBorder, sliceColour } from './picture.ts';
import type { Report } from './report.ts';

/** How every report begins: what stands in another file is not overwritten. */
export const REPORT_HEAD = '<!doctype html>\n<!-- zkmlc report -->\n';

const STYLE = `
body{font:14px/1.45 system-ui,sans-serif;margin:24px;color:#1c1c1e;background:#fff}
h1{font-size:22px;margin:0 0 8px}h2{font-size:17px;margin:28px 0 8px}
dl{display:grid;grid-template-columns:max-content auto;gap:2px 16px;margin:0}dt{color:#666}dd{margin:0;overflow-wrap:anywhere}
table{border-collapse:collapse;font-size:13px}th,td{padding:3px 10px;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}td{max-width:360px;overflow-wrap:break-word}
th{position:sticky;top:0;background:#fff;white-space:nowrap}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}tr:target{outline:2px solid #06c}
.box{overflow:auto;max-width:100%}.chip{display:inline-block;white-space:nowrap;text-decoration:none;padding:0 7px;border-radius:4px;border:1.5px solid;margin-right:3px;color:inherit}
.ok,.part{padding:8px 12px;border-radius:6px;margin:12px 0}.ok{background:#e1f5e5;border:1px solid #2a7d3c}.part{background:#fff1d6;border:1px solid #a86b00}
.note{color:#666;margin:4px 0}code{font:12px/1.4 ui-monospace,monospace}
svg text{font:12px ui-monospace,monospace;text-anchor:middle;fill:#1c1c1e}svg text.name{font-weight:600}svg text.more{font-size:11px}
svg rect{fill:#f2f2f4;stroke:#888;stroke-width:1.5}svg rect.unproved{stroke-dasharray:5 4}
path.edge{fill:none;stroke:#999}path.link{fill:none;stroke:#222;stroke-width:2;stroke-dasharray:6 3}a.link text{fill:#06c;paint-order:stroke;stroke:#fff;stroke-width:4px}
summary{cursor:pointer;margin:6px 0}
`;

/** A cell of a table: text to escape, or markup of this file's own. */
type Cell = string | { readonly html: string; readonly right?: boolean };

const number = (x: number | string | undefined): Cell => ({
  html: x === undefined ? '' : escapeText(String(x)),
  right: true,
});

/** Layers, slices and links of a model as a page. */
export function pageOf(report: Report): string {
  return `${REPORT_HEAD}${[
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escapeName(report.title)} - zkmlc</title><style>${STYLE}</style></head><body>`,
    `<h1>${escapeName(report.title)}</h1>`,
    ...verdictOf(report),
    `<dl>${factsOf(report)
      .map(([name, value]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd>`)
      .join('')}</dl>`,
    ...report.warnings.map((w) => `<p class="note">${escapeText(w)}</p>`),
    '<h2>Graph</h2>',
    '<p class="note">Colours are slices; dashed lines are tensors that cross from one slice to another.</p>',
    ...picturesOf(report),
    '<h2>Slices</h2>',
    slicesOf(report),
    '<h2>Links and boundaries</h2>',
    tensorsOf(report),
    '<h2>Layers</h2>',
    layersOf(report),
    '<h2>Inputs and outputs</h2>',
    portsOf(report),
    '</body></html>',
  ].join('\n')}\n`;
}

function verdictOf({ verdict }: Report): readonly string[] {
  if (verdict === undefined) return [];
  return [
    `<p class="${verdict.complete ? 'ok' : 'part'}">${escapeText(verdict.summary)}</p>`,
    ...verdict.notes.map((note) => `<p class="note">${escapeText(note)}</p>`),
  ];
}

function factsOf({ facts, slicing }: Report): Report['facts'] {
  const { report, slices } = slicing;
  const { unit, makespan } = report;
  return [
    ...facts,
    ['slices', `${slices.length}, of ${report.groups} indivisible groups; ${showOptimality(report)}`],
    ...describeTiles(slicing).map((text) => ['tiles', text] as const),
    ['cost model', report.costModel],
    [
      'predicted',
      `total ${showCost(report.total, unit)}, unsliced ${showCost(report.unsliced, unit)}, largest slice ${showCost(report.largest, unit)}, memory at most ${showBytes(Math.round(report.peakBytes))}`,
    ],
    ...(makespan === undefined
      ? []
      : [
          [
            `on ${makespan.provers} provers`,
            `${showCost(makespan.makespan, unit)}; no slicing is below ${showCost(makespan.lowerBound, unit)}`,
          ] as const,
        ]),
  ];
}

function picturesOf(report: Report): readonly string[] {
  return drawingsOf(report).map((d, i) => {
    const picture = `<div class="box">${pictureOf(d, report, `arrow${i}`)}</div>`;
    const note = d.note === '' ? '' : `<p class="note">${escapeText(d.note)}</p>`;
    return `<details${d.open ? ' open' : ''}><summary>${escapeText(d.title)}</summary>${picture}${note}</details>`;
  });
}

function slicesOf({ slicing, keys, measured, verdict }: Report): string {
  const { slices, tensors, report } = slicing;
  const timed = measured?.some((m) => m.seconds !== undefined) === true;
  const rows = slices.map((s, i): readonly Cell[] => {
    const { cost, constraints, bytes, seconds } = s.predicted;
    const have = measured?.[i];
    const time = timed ? [number(have?.seconds && `${have.seconds.toPrecision(3)} s`)] : [];
    const memory = timed ? [number(have?.peakBytes && showBytes(have.peakBytes))] : [];
    const same = keys.indexOf(keys[i]!);
    return [
      chips([i], slicing),
      namesOf(s.nodes),
      namesOf(s.inputs.map((t) => tensors[t]!.name)),
      namesOf(s.outputs.map((t) => tensors[t]!.name)),
      number(showCost(cost, report.unit)),
      number(Math.round(constraints)),
      number(showBytes(Math.round(bytes))),
      ...memory,
      number(`${seconds.toPrecision(3)} s`),
      ...time,
      ...(report.makespan === undefined ? [] : [number(report.makespan.placement[i])]),
      same < i ? `as ${slices[same]!.name}` : 'own',
      ...(measured === undefined
        ? []
        : [
            number(have?.constraints),
            number(have?.macs),
            number(have?.proofBytes === undefined ? undefined : showBytes(have.proofBytes)),
          ]),
      ...(verdict === undefined ? [] : [verdict.proved.has(i) ? 'verified' : 'not proved']),
    ];
  });
  const head = [
    'slice',
    'layers',
    'reads',
    'writes',
    'predicted cost',
    'predicted constraints',
    'predicted memory',
    ...(timed ? ['measured memory'] : []),
    'predicted time',
    ...(timed ? ['measured time'] : []),
    ...(report.makespan === undefined ? [] : ['prover']),
    'circuit',
    ...(measured === undefined ? [] : ['constraints', 'multiply-accumulates', 'proof']),
    ...(verdict === undefined ? [] : ['proof is']),
  ];
  return tableOf(head, rows, 's');
}

function tensorsOf({ slicing, tensors: states }: Report): string {
  const rows = slicing.tensors.map((t, i): readonly Cell[] => {
    const state = states?.[i];
    const shown = state?.commitment ?? (state?.integers === undefined ? '' : showNumbers(state.integers));
    return [
      `t${i}`,
      { html: escapeName(t.name) },
      `[${t.shape.join(', ')}]`,
      `[${t.lo}, ${t.hi}]`,
      t.scale,
      t.producer < 0 ? 'input' : chips([t.producer], slicing),
      t.consumers.length > 0 ? chips(t.consumers, slicing) : t.outputs.length > 0 ? 'output' : '',
      ...(states === undefined ? [] : [state?.visibility ?? '', { html: `<code>${escapeText(shown)}</code>` }]),
    ];
  });
  const head = ['', 'tensor', 'shape', 'integers', 'scale', 'from', 'to'];
  return tableOf(states === undefined ? head : [...head, 'visibility', 'commitment or integers'], rows, 't');
}

function layersOf({ graph, slicing, constraints, errors }: Report): string {
  const rows = graph.layers.map((l): readonly Cell[] => {
    const error = errors?.get(l.name);
    const relative = error === undefined || error.largest === 0 ? undefined : (100 * error.difference) / error.largest;
    return [
      { html: escapeName(l.name) },
      l.operators.join(', '),
      chips(l.slices, slicing),
      l.types.join('; '),
      ...(constraints === undefined ? [] : [number(constraints.get(l.name))]),
      ...(errors === undefined
        ? []
        : [
            number(error && Number(error.difference.toPrecision(3))),
            number(relative === undefined ? undefined : `${Number(relative.toPrecision(3))} %`),
          ]),
    ];
  });
  const head = [
    'layer',
    'operators',
    'slice',
    'range and scale of results',
    ...(constraints === undefined ? [] : ['constraints']),
    ...(errors === undefined ? [] : ['largest error', 'of the largest value']),
  ];
  return tableOf(head, rows, 'l');
}

function portsOf({ graph }: Report): string {
  return tableOf(
    ['', 'name', 'type'],
    graph.ports.map((p): readonly Cell[] => [p.role, { html: escapeName(p.name) }, p.type]),
    'p',
  );
}

/** Names in a cell: the first ones in full, the rest counted. */
function namesOf(names: readonly string[]): Cell {
  const most = 6;
  const shown = names.slice(0, most).map(escapeName);
  return { html: names.length > most ? `${shown.join(', ')} and ${names.length - most} more` : shown.join(', ') };
}

function chips(slices: readonly number[], { slices: all }: Report['slicing']): Cell {
  const most = 12;
  const html = slices
    .slice(0, most)
    .map(
      (s) =>
        `<a class="chip" href="#s${s}" style="background:${sliceColour(s)};border-color:${sliceBorder(s)}">${escapeName(all[s]!.name)}</a>`,
    )
    .join('');
  return { html: slices.length > most ? `${html} and ${slices.length - most} more` : html };
}

function tableOf(head: readonly string[], rows: readonly (readonly Cell[])[], anchor: string): string {
  const cell = (c: Cell): string =>
    typeof c === 'string' ? `<td>${escapeText(c)}</td>` : `<td${c.right ? ' class="n"' : ''}>${c.html}</td>`;
  return [
    `<div class="box"><table><thead><tr>${head.map((h) => `<th>${escapeText(h)}</th>`).join('')}</tr></thead><tbody>`,
    ...rows.map((r, i) => `<tr id="${anchor}${i}">${r.map(cell).join('')}</tr>`),
    '</tbody></table></div>',
  ].join('\n');
}
