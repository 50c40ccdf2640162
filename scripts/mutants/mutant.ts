// A mutant: one source file with one change that weakens a circuit, and how it is named in lists.
import { createHash } from 'node:crypto';

export interface Mutant {
  /** Path of the file, relative to the project. */
  readonly file: string;
  /** What was done, for example `zero test deleted`. */
  readonly kind: string;
  /** The code that was changed, on one line. */
  readonly code: string;
  /** Counts mutants of the same file, kind and code, from 1: their order in the file. */
  readonly occurrence: number;
  /** Line of the change (from 1), for people. */
  readonly line: number;
  /** The whole file after the change. */
  readonly text: string;
}

/** A change before it is applied: replaces [start, end) of the file. */
export interface Edit {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** What lists show; by default the code that is replaced. */
  readonly shown?: string;
}

/** Applies edits to a file, each on its own. */
export function mutantsOf(file: string, text: string, edits: readonly Edit[]): Mutant[] {
  const seen = new Map<string, number>();
  return edits.map((e) => {
    const code = (e.shown ?? text.slice(e.start, e.end)).replace(/\s+/g, ' ').trim();
    const key = `${e.kind}\n${code}`;
    const occurrence = (seen.get(key) ?? 0) + 1;
    seen.set(key, occurrence);
    const line = text.slice(0, e.start).split('\n').length;
    return {
      file,
      kind: e.kind,
      code,
      occurrence,
      line,
      text: text.slice(0, e.start) + e.replacement + text.slice(e.end),
    };
  });
}

/** Identifies the mutant of one version of its file. */
export function identity(m: Mutant): string {
  return createHash('sha256').update(`${m.file}\n${m.text}`).digest('hex').slice(0, 16);
}

/** Names a mutant for people, and in the list of equivalent ones: does not depend on the rest of the file. */
export function nameOf(m: Pick<Mutant, 'file' | 'kind' | 'code' | 'occurrence'>): string {
  return `${m.file}: ${m.kind}: ${m.code}${m.occurrence === 1 ? '' : ` (occurrence ${m.occurrence})`}`;
}
