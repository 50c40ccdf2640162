// The Diagnostic that a step throws: for tests that look at its code, its words and where it points.
import { expect } from 'vitest';
import { Diagnostic } from '../compiler/ir/diagnostics.ts';

/** Fails the test unless the step throws a Diagnostic. */
export function thrown(f: () => unknown): Diagnostic {
  try {
    f();
  } catch (e) {
    if (e instanceof Diagnostic) return e;
    throw e;
  }
  return expect.unreachable('expected a Diagnostic');
}
