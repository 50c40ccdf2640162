// Names from models as Circom identifiers and comments. Models are hostile: nothing of a name may end a comment or a line.
import { quote } from '../../ir/diagnostics.ts';

const MAX_LENGTH = 48;

const RESERVED: ReadonlySet<string> = new Set(
  (
    'assert bus component custom custom_templates do else extern_c for function if include input log main output ' +
    'parallel pragma public return signal tags template var while circom _'
  ).split(' '),
);

/** Loop variables in the order in which they are used; names that look like one are never given to anything else. */
const LOOP_VARIABLES = 'ijklmnopqrst';

/** Name of the n-th loop variable. */
export function loopVariable(n: number): string {
  return LOOP_VARIABLES[n] ?? `i${n}`;
}

const looksLikeLoopVariable = (name: string): boolean =>
  (name.length === 1 && LOOP_VARIABLES.includes(name)) || /^i\d+$/.test(name);

/** Letters, digits and single underscores, beginning with a letter, at most 48 characters; '' if nothing is left. */
export function identifierPart(name: string): string {
  // Names that are numbers are common in exported models.
  const cleaned = name
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_/, '')
    .replace(/^(?=[0-9])/, 'n');
  return cleaned.slice(0, MAX_LENGTH).replace(/_+$/, '');
}

/** Gives out identifiers that are all different. */
export interface Names {
  /** An identifier made from the parts that are not empty, followed by a number if it is taken. */
  take(...parts: readonly string[]): string;
}

/** @param outer names that the new ones must differ from as well. */
export function createNames(outer?: { has(name: string): boolean }): Names & { has(name: string): boolean } {
  const taken = new Set<string>();
  const counters = new Map<string, number>();
  const has = (name: string): boolean => taken.has(name) || RESERVED.has(name) || (outer?.has(name) ?? false);
  return {
    has,
    take(...parts) {
      const joined =
        identifierPart(
          parts
            .map(identifierPart)
            .filter((p) => p !== '')
            .join('_'),
        ) || 'unnamed';
      const base = looksLikeLoopVariable(joined) || RESERVED.has(joined) ? `${joined}_` : joined;
      let name = base;
      let n = counters.get(base) ?? 1;
      while (has(name)) name = `${base}${/\d$/.test(base) ? '_' : ''}${++n}`;
      counters.set(base, n);
      taken.add(name);
      return name;
    },
  };
}

/** A name in quotes for a line comment: printable ASCII only. */
export function commentName(name: string): string {
  return ascii(quote(name));
}

/** Text for a line comment: printable ASCII only, at most 200 characters. */
export function commentText(text: string): string {
  return ascii(text.length > 200 ? `${text.slice(0, 197)}...` : text);
}

function ascii(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}

/** What a block's path `node#operator/...` says about its origin. */
export interface Origin {
  /** ONNX node; '' if unknown. */
  readonly node: string;
  /** Operator of the IR. */
  readonly op: string;
}

export function originOf(scope: string): Origin {
  const at = scope.lastIndexOf('#');
  return at < 0 ? { node: '', op: scope } : { node: scope.slice(0, at), op: scope.slice(at + 1) };
}

/** `max_pool` -> `MaxPool`. */
export function pascalCase(name: string): string {
  return identifierPart(name).replace(/(?:^|_)([A-Za-z0-9])/g, (_, c: string) => c.toUpperCase());
}

/** `requant of "fc1" and 2 more`. */
export function describeOrigin(op: string, nodes: readonly string[]): string {
  const named = [...new Set(nodes.filter((n) => n !== ''))];
  const more = named.length > 1 ? ` and ${named.length - 1} more` : '';
  return named.length === 0
    ? commentName(op).slice(1, -1)
    : `${commentName(op).slice(1, -1)} of ${commentName(named[0]!)}${more}`;
}
