// Prints modules: the inverse of parser.ts, exact in every name, type, attribute, location and element.
import type { Attrs, AttrValue, Module, Operation, Value } from '../module.ts';
import { showNumber } from '../number-text.ts';
import type { Tensor } from '../tensor.ts';
import { showType } from '../types.ts';
import { resourceName, showResource } from './resources.ts';
import { quoteString, showWord } from './strings.ts';

/** How large constants are printed. */
export interface PrintOptions {
  /** `inline` (default) appends the data of large constants, `external` leaves it to whoever keeps the tensors. */
  readonly resources?: 'inline' | 'external';
}

/** Constants up to this many elements are written as a list, larger ones as a resource. */
export const INLINE_ELEMENTS = 64;

/** Longest identifier made from a name (characters); longer names are cut and written beside it. */
const LONGEST_ID = 64;

const IMPLIED = /^(?:[A-Za-z_]|\/(?!\/))(?:[A-Za-z0-9_.$-]|\/(?!\/))*$/;

/** The module as text. */
export function printModule(m: Module, options: PrintOptions = {}): string {
  const ids = identifiers(m);
  const use = (v: Value): string => ids.get(v) ?? `%${quoteString(v.name)}`;
  const define = (v: Value): string => {
    const id = use(v);
    return impliedName(id) === v.name ? id : `${id} ${quoteString(v.name)}`;
  };

  const resources = new Map<string, Tensor>();
  const constant = (t: Tensor): string => {
    if (t.data.length <= INLINE_ELEMENTS) return `dense [${Array.from(t.data, showNumber).join(', ')}]`;
    const name = resourceName(t);
    resources.set(name, t);
    return `resource "${name}"`;
  };
  const operation = (o: Operation): string => {
    const results = o.results.map(define).join(', ');
    const attrs = showAttrs(o.attrs);
    const types = o.results.map((r) => showType(r.type)).join(', ');
    const known = o.loc.node !== '' || o.loc.index !== -1;
    const loc = known ? ` loc(${quoteString(o.loc.node)} #${o.loc.index})` : '';
    return `${results} = ${showWord(o.op)}(${o.operands.map(use).join(', ')})${attrs === '' ? '' : ` ${attrs}`} : ${types}${loc}`;
  };

  const inputs = m.inputs.map((v) => `${define(v)}: ${showType(v.type)}`).join(', ');
  const outputs = m.outputs.map((o) => ` ${use(o.value)} as ${quoteString(o.name)}`).join(',');
  const lines = [
    `module @${showWord(m.name)} {stage = ${quoteString(m.stage)}} {`,
    `  graph(${inputs}) {`,
    ...[...m.constants].map(([v, t]) => `    ${define(v)} = constant ${constant(t)} : ${showType(v.type)}`),
    ...m.operations.map((o) => `    ${operation(o)}`),
    `    return${outputs}`,
    '  }',
    '}',
  ];
  if (resources.size > 0 && options.resources !== 'external')
    lines.push('resources {', ...[...resources].map(([name, t]) => `  "${name}" : ${showResource(t)}`), '}');
  return `${lines.join('\n')}\n`;
}

function showAttrs(attrs: Attrs): string {
  const entries = Object.entries(attrs).map(([name, value]) => `${showWord(name)} = ${showAttr(value)}`);
  return entries.length === 0 ? '' : `{${entries.join(', ')}}`;
}

function showAttr(value: AttrValue): string {
  if (typeof value === 'string') return quoteString(value);
  if (typeof value === 'number') return showNumber(value);
  if (typeof value === 'boolean') return String(value);
  return `[${value.map((x) => (typeof x === 'string' ? quoteString(x) : showNumber(x))).join(', ')}]`;
}

/** The name that an identifier stands for where none is written beside it: numbers are for values without a name. */
export function impliedName(id: string): string {
  return /^%\d+$/.test(id) ? '' : id.slice(1);
}

/** A distinct identifier for every value that the module defines, in order of definition. */
function identifiers(m: Module): ReadonlyMap<Value, string> {
  const ids = new Map<Value, string>();
  const used = new Set<string>();
  const copies = new Map<string, number>();
  let unnamed = 0;
  const assign = (v: Value): void => {
    if (v.name === '') {
      ids.set(v, `%${unnamed++}`);
      return;
    }
    const base = identifierOf(v.name);
    let id = base;
    // Copies are numbered from where the last one stopped: a thousand values of one name cost a thousand steps.
    for (let n = copies.get(base) ?? 1; used.has(id); n++) {
      id = `${base}_${n}`;
      copies.set(base, n + 1);
    }
    used.add(id);
    ids.set(v, `%${id}`);
  };
  m.inputs.forEach(assign);
  for (const v of m.constants.keys()) assign(v);
  for (const o of m.operations) o.results.forEach(assign);
  return ids;
}

function identifierOf(name: string): string {
  if (name.length <= LONGEST_ID && IMPLIED.test(name)) return name;
  const clean = name
    .slice(0, LONGEST_ID)
    .replace(/[^A-Za-z0-9_.$/-]+/g, '_')
    .replace(/\/+/g, '/');
  return /^[A-Za-z_/]/.test(clean) ? clean : `_${clean}`;
}
