// Fields of JSON from files, read strictly: the type that is expected, or a refusal.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';

/** Makes the refusal of a file from what is wrong with it. */
export type Fail = (what: string) => Diagnostic;

/** What a file of the artifact must be. */
export interface DocumentKind {
  /** Name of the file, for messages. */
  readonly file: string;
  readonly format: string;
  readonly version: number;
  /** What another format makes of it, in words. */
  readonly otherwise: string;
}

/**
 * The top of a JSON file of the artifact, of this format and version.
 * @throws Diagnostic by `fail`, or `wrong-version` with the command that rebuilds the artifact.
 */
export function document(bytes: Uint8Array, kind: DocumentKind, fail: Fail): ReadonlyMap<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw fail('not valid JSON');
  }
  const top = record(json, fail);
  if (top.get('format') !== kind.format) throw fail(kind.otherwise);
  if (top.get('version') !== kind.version)
    throw new Diagnostic(
      'wrong-version',
      `${kind.file} has format version ${String(top.get('version'))}, this zkmlc reads ${kind.version}: run zkmlc compile again`,
    );
  return top;
}

export function record(value: unknown, fail: Fail): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('expected an object');
  return new Map(Object.entries(value));
}

export function string(value: unknown, name: string, fail: Fail): string {
  if (typeof value !== 'string' || value.length > 2 ** 20) throw fail(`${name} is not a text`);
  return value;
}

export function whole(value: unknown, name: string, fail: Fail): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw fail(`${name} is not a whole number`);
  return value;
}

export function oneOf<const T extends string>(allowed: readonly T[], value: string, fail: Fail): T {
  const found = allowed.find((a) => a === value);
  if (found === undefined) throw fail(`expected ${allowed.join(' or ')}`);
  return found;
}
