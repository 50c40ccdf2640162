// Runs test/golden/<pass>/*.zk: a pipeline on a text, compared with the text after `// -----`, or with the faults that
// `// error: code text` promises on their lines. BLESS=1 writes what came out into the files, but never turns an expected
// text into a fault or the other way round: that takes a person who deletes the old expectation.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';
import { operatorRegistry } from '../compiler/ir/op.ts';
import { type CalibrationData, passRegistry, runPipeline } from '../compiler/ir/pass.ts';
import { parsePipeline } from '../compiler/ir/pipeline-text.ts';
import { parseModule, printModule } from '../compiler/ir/text/index.ts';
import { standardPasses } from '../compiler/passes/index.ts';
import { standardOps } from '../stdlib/ops/index.ts';

const ROOT = join(import.meta.dirname, 'golden');
const BLESS = process.env.BLESS === '1';
const SEPARATOR = '// -----\n';
const ops = operatorRegistry(standardOps);
const passes = passRegistry([{ owner: 'zkmlc', passes: standardPasses }]);

/** Lines `// KEY: value` before the module. */
function headers(text: string, key: string): string[] {
  return [...text.matchAll(new RegExp(`^// ${key}:(.*)$`, 'gm'))].map((m) => m[1]!.replace(/\/\/ error:.*/, '').trim());
}

/** `// RANGE: x -1 1` states the range of an input, for calibration. */
function calibration(text: string): CalibrationData {
  const ranges = headers(text, 'RANGE').map((line) => {
    const [name = '', lo, hi] = line.split(' ');
    return [name, [Number(lo), Number(hi)]] as const;
  });
  return { samples: [], ranges: new Map(ranges) };
}

function run(text: string, pipeline: string): string {
  const m = parseModule(text, ops);
  if (pipeline === '') return printModule(m);
  return printModule(runPipeline(m, parsePipeline(pipeline, passes), { ops, calibration: calibration(text) }));
}

/** Line that a fault belongs to: its own, else that of its node, else the first. */
function lineOf(d: Diagnostic, lines: readonly string[]): number {
  if (d.where.line !== undefined) return d.where.line - 1;
  const { node } = d.where;
  return Math.max(0, node === undefined ? 0 : lines.findIndex((l) => l.includes(`loc("${node}"`)));
}

const PROMISE = / *\/\/ error: (\S+) (.*)$/;

/** The text with an annotation at the line of each fault, and none elsewhere. */
function annotate(text: string, found: readonly Diagnostic[]): string {
  const lines = text.split('\n').map((l) => l.replace(PROMISE, ''));
  for (const d of found) lines[lineOf(d, lines)] += ` // error: ${d.code} ${d.message}`;
  return lines.join('\n');
}

function check(path: string): void {
  const file = readFileSync(path, 'utf8');
  const [text = '', expected] = file.split(SEPARATOR);
  const [pipeline] = headers(text, 'RUN');
  const promised = /\/\/ error:/.test(text);
  if (pipeline === undefined) throw new Error(`${path}: expected a line "// RUN: pass,pass"`);
  try {
    const out = run(text, pipeline);
    if (BLESS && !promised) {
      writeFileSync(path, `${annotate(text, [])}${SEPARATOR}${out}`);
      return;
    }
    expect(promised, 'a fault is promised, but there is none').toBe(false);
    expect(out, 'after BLESS=1, read the difference').toBe(expected);
  } catch (e) {
    if (!(e instanceof Diagnostic)) throw e;
    const annotated = annotate(text, [e, ...e.others]);
    if (BLESS && expected === undefined) {
      writeFileSync(path, annotated);
      return;
    }
    expect(expected, `nothing can come out: ${e.code} ${e.message}`).toBeUndefined();
    // A promise may state the beginning of the message only.
    const stated = text.split('\n');
    for (const [i, line] of annotated.split('\n').entries()) {
      expect(line.startsWith(stated[i]!) ? stated[i] : line, `line ${i + 1}`).toBe(stated[i]);
      expect(PROMISE.test(stated[i]!), `line ${i + 1}: ${line}`).toBe(PROMISE.test(line));
    }
  }
}

/** Texts of each folder; emitted Circom lies here too and has tests of its own. */
const texts = (folder: string): string[] =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.zk'))
    .sort();
const folders = readdirSync(ROOT)
  .filter((folder) => texts(folder).length > 0)
  .sort();

describe.each(folders)('%s', (folder) => {
  test.each(texts(folder))('%s', (name) => check(join(ROOT, folder, name)));
});

test('every pass has a golden test', () => {
  for (const { name } of standardPasses) expect(folders).toContain(name);
});
