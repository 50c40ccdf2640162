// Quoted strings of the textual form: any string, however hostile, as one printable line, and back.

/** Characters that could break a line, drive a terminal or reorder text, quotes and backslashes, and lone surrogates. */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose.
  /["\\\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The string in double quotes, on one line, unsafe characters escaped. */
export function quoteString(s: string): string {
  return `"${s.replace(UNSAFE, (c) => (c === '"' || c === '\\' ? `\\${c}` : c === '\n' ? '\\n' : `\\u{${c.charCodeAt(0).toString(16)}}`))}"`;
}

/**
 * The inverse of {@link quoteString}, of a quoted string without raw line breaks.
 * @throws RangeError for an escape other than `\"`, `\\`, `\n`, `\t` and `\u{hex}`.
 */
export function unquoteString(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(?:u\{([0-9a-fA-F]{1,6})\}|(.)|)/gsu, (sequence, hex: string | undefined, c: string | undefined) => {
      if (hex !== undefined && Number.parseInt(hex, 16) <= 0x10ffff)
        return String.fromCodePoint(Number.parseInt(hex, 16));
      if (c === '"' || c === '\\') return c;
      if (c === 'n') return '\n';
      if (c === 't') return '\t';
      throw new RangeError(`a string may contain the escapes \\" \\\\ \\n \\t \\u{hex}, got ${sequence}`);
    });
}

/** Words of the grammar that read as numbers and can therefore not be names. */
const NUMERIC_WORDS: ReadonlySet<string> = new Set(['inf', 'nan']);

/** A name as it is printed where the grammar wants a word: bare if it is an identifier, else quoted. */
export function showWord(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !NUMERIC_WORDS.has(name) ? name : quoteString(name);
}
