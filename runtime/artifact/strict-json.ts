// Fields of JSON from files, read strictly: the type that is expected, or a refusal.
import type { Diagnostic } from '../../compiler/ir/diagnostics.ts';

/** Makes the refusal of a file from what is wrong with it. */
export type Fail = (what: string) => Diagnostic;

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
