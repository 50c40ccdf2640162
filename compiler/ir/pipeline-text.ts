// Pipelines as text: `canonicalize,quantize{bits=8},fuse`, read by the command line and by the golden tests.
import { Diagnostic, quote } from './diagnostics.ts';
import type { AttrValue } from './module.ts';
import { readNumber } from './number-text.ts';
import type { AttrSpec } from './op.ts';
import type { AnyPass, PassRegistry, PipelineStep } from './pass.ts';

/** Longest pipeline text accepted (characters). */
const LONGEST = 65_536;

interface Cursor {
  readonly text: string;
  at: number;
}

function fail(c: Cursor, message: string, field?: string): never {
  throw new Diagnostic(
    'bad-pipeline',
    `${message} (character ${c.at + 1} of the pipeline)`,
    field === undefined ? {} : { field },
    { kind: 'usage' },
  );
}

/** Takes what the sticky pattern matches here, after blanks; undefined if it does not match. */
function take(c: Cursor, pattern: RegExp): string | undefined {
  while (c.text[c.at] === ' ') c.at++;
  pattern.lastIndex = c.at;
  const found = pattern.exec(c.text)?.[0];
  if (found !== undefined) c.at += found.length;
  return found;
}

function expect(c: Cursor, pattern: RegExp, what: string): string {
  const found = take(c, pattern);
  if (found !== undefined) return found;
  const rest = c.text.slice(c.at, c.at + 20);
  return fail(c, `expected ${what}, got ${rest === '' ? 'the end' : quote(rest)}`);
}

const NAME = /[A-Za-z][A-Za-z0-9_-]*/y;
const WORD = /"(?:[^"\\]|\\["\\])*"|[^\s,{}[\]="]+/y;

function scalar(c: Cursor, kind: AttrSpec['kind'], name: string): number | string | boolean {
  const word = expect(c, WORD, `a value for option ${name}`);
  if (kind === 'string' || kind === 'strings')
    return word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word;
  if (kind === 'bool') {
    if (word === 'true' || word === 'false') return word === 'true';
    return fail(c, `option ${name} expects true or false, got ${quote(word)}`, name);
  }
  try {
    return readNumber(word);
  } catch {
    return fail(c, `option ${name} expects a number, got ${quote(word)}`, name);
  }
}

function value(c: Cursor, spec: AttrSpec, name: string): AttrValue {
  if (!spec.kind.endsWith('s')) return scalar(c, spec.kind, name);
  expect(c, /\[/y, `[ because option ${name} is a list`);
  const items: (number | string | boolean)[] = [];
  while (take(c, /\]/y) === undefined) {
    if (items.length > 0) expect(c, /,/y, ', or ]');
    items.push(scalar(c, spec.kind, name));
  }
  const numbers = items.filter((x) => typeof x === 'number');
  return numbers.length === items.length ? numbers : items.map(String);
}

function options(c: Cursor, pass: AnyPass): Record<string, AttrValue> {
  const given = new Map<string, AttrValue>();
  if (take(c, /\{/y) === undefined) return {};
  while (take(c, /\}/y) === undefined) {
    if (given.size > 0) expect(c, /,/y, ', or }');
    const name = expect(c, NAME, 'the name of an option');
    const spec = Object.hasOwn(pass.options, name) ? pass.options[name] : undefined;
    if (spec === undefined)
      return fail(
        c,
        `pass ${pass.name} has no option ${quote(name)}; known: ${Object.keys(pass.options).join(', ') || 'none'}`,
        name,
      );
    if (given.has(name)) fail(c, `option ${name} of pass ${pass.name} is given twice`, name);
    expect(c, /=/y, `= after option ${name}`);
    given.set(name, value(c, spec, name));
  }
  return Object.fromEntries(given);
}

/**
 * Reads `pass,pass{option=value,option=[1,2]},pass`. Strings may be bare words or quoted; types follow the pass's schema.
 * @throws Diagnostic `bad-pipeline` (usage) naming the character and what was expected, `unknown-pass` listing the known.
 */
export function parsePipeline(text: string, passes: PassRegistry): readonly PipelineStep[] {
  const c: Cursor = { text, at: 0 };
  if (text.length > LONGEST) fail(c, `a pipeline has at most ${LONGEST} characters, got ${text.length}`);
  const steps: PipelineStep[] = [];
  do {
    const name = expect(c, NAME, 'the name of a pass');
    const pass = passes.get(name);
    if (pass === undefined)
      throw new Diagnostic(
        'unknown-pass',
        `no pass is called ${quote(name)}; known: ${[...passes.keys()].join(', ')}`,
        { field: name },
        { kind: 'usage' },
      );
    steps.push({ pass, options: options(c, pass) });
  } while (take(c, /,/y) !== undefined);
  expect(c, /$/y, ', or the end');
  return steps;
}
