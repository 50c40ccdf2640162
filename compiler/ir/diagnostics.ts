// Errors that a user can act on: a stable code, a sentence, and where in the model or file the cause lies.

/** Where a diagnostic points: any part may be missing, every part that is known should be given. */
export interface Where {
  /** Path of the file as the user named it. */
  readonly file?: string;
  /** ONNX node (its name, or `OpType#index` where it has none). */
  readonly node?: string;
  /** Tensor, attribute or field name. */
  readonly field?: string;
  /** Offset in the file, in bytes. */
  readonly byte?: number;
  /** Line and column (from 1) in a text file. */
  readonly line?: number;
  readonly column?: number;
}

/** Kind of failure: `refused` ends the command line with exit code 1, `usage` with 2. */
export type DiagnosticKind = 'refused' | 'usage';

/** One user-visible error. Libraries throw it; only the command line prints it. */
export class Diagnostic extends Error {
  override readonly name = 'Diagnostic';
  readonly code: string;
  readonly where: Where;
  readonly kind: DiagnosticKind;
  /** Further diagnostics that were found together with this one. */
  readonly others: readonly Diagnostic[];

  constructor(
    code: string,
    message: string,
    where: Where = {},
    options: { readonly kind?: DiagnosticKind; readonly others?: readonly Diagnostic[]; readonly cause?: unknown } = {},
  ) {
    super(printable(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.where = where;
    this.kind = options.kind ?? 'refused';
    this.others = options.others ?? [];
  }

  /** The same diagnostic with missing parts of its location filled in. */
  at(where: Where): Diagnostic {
    return new Diagnostic(this.code, this.message, { ...where, ...this.where }, this);
  }
}

/** Throws the first of several diagnostics, carrying the rest; returns if there are none. */
export function throwAll(found: readonly Diagnostic[]): void {
  const [first, ...others] = found;
  if (first === undefined) return;
  throw new Diagnostic(first.code, first.message, first.where, { kind: first.kind, others });
}

/** One line of text for a person: `code: message (file, node "x", field "y", byte n)`. Names are escaped. */
export function formatDiagnostic(d: Diagnostic): string {
  const parts: string[] = [];
  const { file, node, field, byte, line, column } = d.where;
  if (file !== undefined)
    parts.push(line === undefined ? printable(file) : `${printable(file)}:${line}:${column ?? 1}`);
  else if (line !== undefined) parts.push(`line ${line}:${column ?? 1}`);
  if (node !== undefined) parts.push(`node ${quote(node)}`);
  if (field !== undefined) parts.push(`field ${quote(field)}`);
  if (byte !== undefined) parts.push(`byte ${byte}`);
  return `${d.code}: ${d.message}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}

/** A name in double quotes, control and direction characters escaped, cut after 120 characters: names come from hostile files. */
export function quote(name: string): string {
  const cut = name.length > 120 ? `${name.slice(0, 117)}...` : name;
  return `"${printable(cut).replaceAll('"', '\\"')}"`;
}

/** Replaces control, bidirectional and lone-surrogate characters by `\u{..}` escapes, so that no file can drive a terminal. */
export function printable(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the purpose.
    /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    (c) => `\\u{${c.charCodeAt(0).toString(16)}}`,
  );
}
