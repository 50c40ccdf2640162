// Meaning of the leaves of a syntax tree: numbers, strings, types and attributes, and faults that know their place.
import type { IToken } from 'chevrotain';
import { Diagnostic, type Where } from '../diagnostics.ts';
import type { AttrValue } from '../module.ts';
import { readNumber } from '../number-text.ts';
import { parseRational, type Rational } from '../rational.ts';
import { checkShape } from '../tensor.ts';
import type { Element, FloatType, TensorType } from '../types.ts';
import { type AttrSyntax, excerpt, type ListSyntax, type TypeSyntax } from './grammar.ts';
import { unquoteString } from './strings.ts';
import { Dimensions, FalseKeyword, NumberWord, Text, TrueKeyword, Word } from './tokens.ts';

/** Faults listed before reading stops: one mistake must not bury the others. */
const MOST_FAULTS = 100;

/** Thrown inside to end the reading of a text once enough faults are known. */
export class TooManyFaults extends Error {}

/** Turns tokens into values; collects faults instead of throwing, so that one run shows them all. */
export interface Reader {
  readonly faults: readonly Diagnostic[];
  fault(at: IToken, code: string, message: string): void;
  /** Runs `f`; a Diagnostic or RangeError becomes a fault at the token. */
  guard<T>(at: IToken, code: string, f: () => T): T | undefined;
  /** Adds faults found elsewhere, which get the token's place. */
  add(at: IToken, found: readonly Diagnostic[]): void;
  number(at: IToken): number;
  string(at: IToken): string;
  numbers(list: ListSyntax): number[];
  attrs(syntax: readonly AttrSyntax[]): Readonly<Record<string, AttrValue>>;
  type(syntax: TypeSyntax): TensorType | undefined;
}

export function createReader(file: string | undefined): Reader {
  const faults: Diagnostic[] = [];
  const place = (at: IToken): Where => ({
    ...(file === undefined ? {} : { file }),
    line: at.startLine ?? 1,
    column: at.startColumn ?? 1,
  });

  const reader: Reader = {
    faults,
    fault: (at, code, message) => reader.add(at, [new Diagnostic(code, message)]),
    guard(at, code, f) {
      try {
        return f();
      } catch (e) {
        if (e instanceof Diagnostic) reader.add(at, [e, ...e.others]);
        else if (e instanceof RangeError) reader.fault(at, code, e.message);
        else throw e;
        return undefined;
      }
    },
    add(at, found) {
      for (const d of found) {
        faults.push(d.at(place(at)));
        if (faults.length >= MOST_FAULTS) throw new TooManyFaults();
      }
    },
    number(at) {
      if (at.tokenType !== NumberWord) {
        reader.fault(at, 'syntax-error', `expected a number, got ${excerpt(at)}`);
        return 0;
      }
      return reader.guard(at, 'bad-number', () => readNumber(at.image)) ?? 0;
    },
    string(at) {
      if (at.tokenType !== Text) return at.image;
      return reader.guard(at, 'bad-string', () => unquoteString(at.image)) ?? '';
    },
    numbers: (list) => list.items.map((item) => reader.number(item)),
    attrs(syntax) {
      const attrs = new Map<string, AttrValue>();
      for (const { name, value } of syntax) {
        const key = reader.string(name);
        if (attrs.has(key)) reader.fault(name, 'duplicate-attribute', `attribute ${key} is given twice`);
        attrs.set(key, attrValue(reader, value));
      }
      // fromEntries defines own properties, also for names like __proto__.
      return Object.fromEntries(attrs);
    },
    type: (syntax) => readType(reader, syntax),
  };
  return reader;
}

function attrValue(r: Reader, value: AttrSyntax['value']): AttrValue {
  if (!('items' in value)) {
    if (value.tokenType === TrueKeyword) return true;
    if (value.tokenType === FalseKeyword) return false;
    return value.tokenType === Text ? r.string(value) : r.number(value);
  }
  if (value.items[0]?.tokenType !== Text) return r.numbers(value);
  return value.items.map((item) => {
    if (item.tokenType !== Text) r.fault(item, 'syntax-error', `expected a quoted string, got ${excerpt(item)}`);
    return r.string(item);
  });
}

const ELEMENTS: ReadonlyMap<string, Element> = new Map([
  ['f32', 'f32'],
  ['i64', 'i64'],
  ['bool', 'bool'],
]);

/** `f32<shape, [lo, hi], integral>` with every part optional, `int<shape, [lo, hi], scale>` with only the shape optional. */
function readType(r: Reader, syntax: TypeSyntax): TensorType | undefined {
  const { element: head } = syntax;
  const parts = [...syntax.parts];
  const bad = (message: string): undefined => {
    r.fault(head, 'bad-type', message);
    return undefined;
  };
  const isPair = (p: IToken | readonly [IToken, IToken] | undefined): p is readonly [IToken, IToken] =>
    Array.isArray(p);

  let dims: number[] = [];
  const first = parts[0];
  if (first !== undefined && !isPair(first) && (first.tokenType === Dimensions || /^\d+$/.test(first.image))) {
    parts.shift();
    dims = first.image.split('x').map(Number);
    const valid = r.guard(first, 'bad-shape', () => {
      checkShape(dims, 'the type');
      return true;
    });
    if (!valid) return undefined;
  }
  let range: readonly [number, number] | undefined;
  const pair = parts[0];
  if (isPair(pair)) {
    parts.shift();
    range = [r.number(pair[0]), r.number(pair[1])];
    if (!(range[0] <= range[1])) return bad(`the range [${pair[0].image}, ${pair[1].image}] is empty`);
  }
  const last = parts.shift();
  if (isPair(last) || parts.length > 0)
    return bad('a type has a shape, a range and a scale, in this order and once each');

  if (head.image === 'int') {
    if (range === undefined || last === undefined)
      return bad('an int type is written int<shape, [lo, hi], scale>, for example int<1x4, [-128, 127], 2^-7>');
    if (!range.every(Number.isSafeInteger))
      return bad('the bounds of an int type are whole and below 2^53 in magnitude');
    const scale = r.guard(last, 'bad-type', (): Rational => parseRational(last.image));
    if (scale === undefined) return undefined;
    if (scale.num <= 0n) return bad(`the scale of an int type is positive, got ${last.image}`);
    return { kind: 'int', shape: dims, lo: range[0] + 0, hi: range[1] + 0, scale };
  }
  const element = ELEMENTS.get(head.image);
  if (element === undefined) return bad(`expected f32, i64, bool or int, got ${excerpt(head)}`);
  if (last !== undefined && !(last.tokenType === Word && last.image === 'integral'))
    return bad(`expected "integral" or nothing at the end of a float type, got ${excerpt(last)}`);
  const type: FloatType = { kind: 'float', element, shape: dims };
  return {
    ...type,
    ...(range === undefined ? {} : { range }),
    ...(last === undefined ? {} : { integral: true as const }),
  };
}
