// Tensors from JSON: nested lists of numbers under names, or `{"input_data": [[...], ...]}` in order. Own bounded reader, since
// JSON.parse recurses over hostile depth, rounds large integers silently and lets a repeated key win.
import { Diagnostic, quote } from '../ir/diagnostics.ts';

/** A nested list of numbers, flattened row-major. */
export interface NestedNumbers {
  readonly shape: readonly number[];
  readonly data: Float64Array;
  /** An integer literal that no `number` holds exactly, if there was one. */
  readonly inexactInteger: string | undefined;
  /** True if an element was written `true` or `false`. */
  readonly booleans: boolean;
  /** Offset in the file. */
  readonly byte: number;
}

/** One set of tensors: by name, or in the order of the model. */
export type JsonSample =
  | { readonly kind: 'named'; readonly values: ReadonlyMap<string, NestedNumbers> }
  | { readonly kind: 'ordered'; readonly values: readonly NestedNumbers[] };

/** What the reader may find. */
export interface JsonExpectation {
  /** Names of the tensors, and the most elements each may have. */
  readonly names: ReadonlyMap<string, number>;
  /** `input_data` or `output_data`: the key of tensors in order. */
  readonly orderedKey: 'input_data' | 'output_data';
}

/** Keys that other tools write beside the data; their values are skipped. */
const ignoredKeys: ReadonlySet<string> = new Set(['input_data', 'output_data', 'input_shapes', 'output_shapes']);

const MAX_DEPTH = 16;
const MAX_NUMBER_CHARACTERS = 400;
const numberPattern = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;

interface Reader {
  readonly bytes: Uint8Array;
  /** One character per byte, so that positions are offsets in the file. */
  readonly text: string;
  position: number;
}

/**
 * Reads one set of tensors (an object) or several (a list of objects).
 * @throws Diagnostic `bad-json` for anything that is not JSON or not of this form, `bad-input` for what a tensor cannot hold:
 * strings, null, NaN, numbers beyond float64, ragged lists; each names the byte.
 */
export function readJsonTensors(
  bytes: Uint8Array,
  expectation: JsonExpectation,
): { readonly isList: boolean; readonly samples: readonly JsonSample[] } {
  const r: Reader = {
    bytes,
    text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'),
    position: 0,
  };
  if (r.text.startsWith('\u00ef\u00bb\u00bf')) r.position = 3;
  const isList = peek(r) === '[';
  const samples: JsonSample[] = [];
  if (isList) eachItem(r, () => samples.push(readSample(r, expectation)));
  else samples.push(readSample(r, expectation));
  if (peek(r) !== '') throw unexpected(r, 'the end of the file');
  return { isList, samples };
}

function readSample(r: Reader, expectation: JsonExpectation): JsonSample {
  const { names, orderedKey } = expectation;
  const values = new Map<string, NestedNumbers>();
  const seen = new Set<string>();
  let ordered: NestedNumbers[] | undefined;
  if (peek(r) !== '{') throw unexpected(r, 'an object such as {"name": [[1, 2]]}');
  r.position++;
  let more = peek(r) !== '}';
  while (more) {
    const byte = r.position;
    const key = readString(r);
    if (seen.has(key)) throw new Diagnostic('bad-json', `the key ${quote(key)} is given twice`, { field: key, byte });
    seen.add(key);
    if (peek(r) !== ':') throw unexpected(r, '":"');
    r.position++;
    const limit = names.get(key);
    if (limit !== undefined)
      values.set(
        key,
        inField(key, () => readNested(r, limit)),
      );
    else if (key === orderedKey) ordered = inField(key, () => readOrdered(r, names));
    else if (ignoredKeys.has(key)) skipValue(r, 0);
    else
      throw new Diagnostic(
        'bad-input',
        `the model has no tensor ${quote(key)} here; it has ${[...names.keys()].map(quote).join(', ')}`,
        { field: key, byte },
      );
    more = peek(r) === ',';
    if (more) r.position++;
  }
  if (peek(r) !== '}') throw unexpected(r, '"," or "}"');
  r.position++;
  if (ordered === undefined) return { kind: 'named', values };
  if (values.size > 0)
    throw new Diagnostic('bad-input', `tensors are given both by name and as ${orderedKey}`, { byte: r.position });
  return { kind: 'ordered', values: ordered };
}

function readOrdered(r: Reader, names: ReadonlyMap<string, number>): NestedNumbers[] {
  const limits = [...names.values()];
  const values: NestedNumbers[] = [];
  if (peek(r) !== '[') throw unexpected(r, 'a list with one list of numbers per tensor');
  eachItem(r, () => {
    const limit = limits[values.length];
    if (limit === undefined)
      throw new Diagnostic('bad-input', `more than the ${limits.length} tensors of the model are given`, {
        byte: r.position,
      });
    values.push(readNested(r, limit));
  });
  return values;
}

function readNested(r: Reader, limit: number): NestedNumbers {
  peek(r);
  const byte = r.position;
  const shape: number[] = [];
  let rank: number | undefined;
  let data = new Float64Array(Math.min(limit, 64));
  let count = 0;
  let inexactInteger: string | undefined;
  let booleans = false;
  const ragged = (at: number): never => {
    throw new Diagnostic('bad-input', 'the nested lists are not of equal length and depth', { byte: at });
  };
  const push = (value: number): void => {
    if (count >= limit)
      throw new Diagnostic('bad-input', `more than the expected ${limit} numbers are given`, { byte: r.position });
    if (count === data.length) {
      const larger = new Float64Array(Math.min(limit, Math.max(64, 2 * data.length)));
      larger.set(data);
      data = larger;
    }
    data[count++] = value;
  };
  const read = (depth: number): void => {
    if (peek(r) === '[') {
      const at = r.position;
      if (depth >= MAX_DEPTH)
        throw new Diagnostic('bad-json', `lists are nested more than ${MAX_DEPTH} deep`, { byte: at });
      const items = eachItem(r, () => read(depth + 1));
      if (shape[depth] !== undefined && shape[depth] !== items) ragged(at);
      shape[depth] = items;
      return;
    }
    if (rank !== undefined && rank !== depth) ragged(r.position);
    rank = depth;
    const word = ['true', 'false'].find((w) => r.text.startsWith(w, r.position));
    if (word !== undefined) {
      booleans = true;
      r.position += word.length;
      push(word === 'true' ? 1 : 0);
      return;
    }
    const number = readNumber(r);
    push(number.value);
    if (!number.exact) inexactInteger ??= number.text;
  };
  read(0);
  if (rank !== undefined && rank !== shape.length) ragged(byte);
  return { shape, data: data.subarray(0, count), inexactInteger, booleans, byte };
}

function readNumber(r: Reader): { readonly value: number; readonly exact: boolean; readonly text: string } {
  const byte = r.position;
  numberPattern.lastIndex = byte;
  const match = numberPattern.exec(r.text);
  const rest = r.text.slice(byte, byte + 9);
  if (match === null || /^-?(?:NaN|Infinity|null|")/i.test(rest)) throw notANumber(rest, byte);
  const [text, fraction, exponent] = match;
  if (text.length > MAX_NUMBER_CHARACTERS)
    throw new Diagnostic('bad-input', `a number has ${text.length} characters`, { byte });
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Diagnostic('bad-input', `${text} is too large for a number`, { byte });
  r.position += text.length;
  const whole = fraction === undefined && exponent === undefined;
  return { value, exact: !whole || Math.abs(value) < 2 ** 53 || BigInt(text) === BigInt(value), text };
}

function notANumber(rest: string, byte: number): Diagnostic {
  const what = rest.startsWith('"')
    ? 'a string stands where a number is expected; write numbers without quotes'
    : /^-?(?:NaN|Infinity)/i.test(rest)
      ? `${rest.replace(/[^A-Za-z-].*/s, '')} is not a number that can be proven about`
      : `a number is expected, not ${rest === '' ? 'the end of the file' : quote(rest)}`;
  return new Diagnostic('bad-input', what, { byte });
}

/** Reads `[item, item, ...]` from its opening bracket on; returns the number of items. */
function eachItem(r: Reader, item: () => void): number {
  r.position++;
  if (peek(r) === ']') {
    r.position++;
    return 0;
  }
  let items = 0;
  for (;;) {
    item();
    items++;
    const next = peek(r);
    if (next !== ',' && next !== ']') throw unexpected(r, '"," or "]"');
    r.position++;
    if (next === ']') return items;
  }
}

/** Skips whitespace and returns the next character, empty at the end. */
function peek(r: Reader): string {
  for (;;) {
    const code = r.text.charCodeAt(r.position);
    if (code === 32 || code === 10 || code === 13 || code === 9) r.position++;
    else return r.text.charAt(r.position);
  }
}

function readString(r: Reader): string {
  if (peek(r) !== '"') throw unexpected(r, 'a string in double quotes');
  const start = r.position;
  let end = start + 1;
  while (end < r.text.length && r.text[end] !== '"') end += r.text[end] === '\\' ? 2 : 1;
  r.position = end + 1;
  try {
    const text: unknown = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(r.bytes.subarray(start, r.position)),
    );
    return String(text);
  } catch {
    throw new Diagnostic('bad-json', 'a string is not valid JSON in UTF-8', { byte: start });
  }
}

function skipValue(r: Reader, depth: number): void {
  if (depth > MAX_DEPTH)
    throw new Diagnostic('bad-json', `values are nested more than ${MAX_DEPTH} deep`, { byte: r.position });
  const next = peek(r);
  if (next === '[') eachItem(r, () => skipValue(r, depth + 1));
  else if (next === '"') readString(r);
  else if (next === '{') {
    r.position++;
    let more = peek(r) !== '}';
    while (more) {
      readString(r);
      if (peek(r) !== ':') throw unexpected(r, '":"');
      r.position++;
      skipValue(r, depth + 1);
      more = peek(r) === ',';
      if (more) r.position++;
    }
    if (peek(r) !== '}') throw unexpected(r, '"," or "}"');
    r.position++;
  } else {
    const word = ['true', 'false', 'null'].find((w) => r.text.startsWith(w, r.position));
    if (word === undefined) readNumber(r);
    else r.position += word.length;
  }
}

function unexpected(r: Reader, expected: string): Diagnostic {
  const found = r.position >= r.text.length ? 'the end of the file' : quote(r.text.slice(r.position, r.position + 12));
  return new Diagnostic('bad-json', `${expected} is expected, not ${found}`, { byte: r.position });
}

function inField<T>(field: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof Diagnostic ? error.at({ field }) : error;
  }
}
