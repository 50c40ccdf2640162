// Which files are mutated, how, and which tests must notice.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { circomEmitterMutants, circomLibraryMutants, rowMutants } from './emitter-mutators.ts';
import { gadgetMutants } from './gadget-mutators.ts';
import type { Mutant } from './mutant.ts';
import { verifierMutants } from './verifier-mutators.ts';

/** The project's folder. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** Files that are mutated in one way, and the tests that are run for them. */
export interface Group {
  readonly folder: string;
  /** Paths below the folder. */
  readonly files: RegExp;
  readonly mutate: (file: string, text: string) => Mutant[];
  /** Files or folders of tests, in the order in which they are run until one is red. */
  readonly tests: readonly string[];
}

const STDLIB_TESTS = ['test/conformance/ops.test.ts', 'test/ops', 'test/gadgets', 'test/r1cs'];
const VERIFIER_TESTS = ['test/plonk/protocol.test.ts', 'test/plonk'];
/** What a native proof, its statement and its key go through. */
const VERIFIER_FILES =
  /^(verifier|transcript|keys|key-file|run-statement|parameters|commitment|row-opening|block-reduction|sumcheck|fraction-trees)\.ts$/;
const ROW_TESTS = ['test/r1cs', 'test/readings'];

export const GROUPS: readonly Group[] = [
  { folder: 'stdlib/gadgets', files: /\.ts$/, mutate: gadgetMutants, tests: STDLIB_TESTS },
  { folder: 'stdlib/ops', files: /\.ts$/, mutate: gadgetMutants, tests: STDLIB_TESTS },
  { folder: 'stdlib/shared', files: /\.ts$/, mutate: gadgetMutants, tests: STDLIB_TESTS },
  { folder: 'compiler/ir/interpret', files: /^scalar.*\.ts$/, mutate: rowMutants, tests: ROW_TESTS },
  { folder: 'compiler/backends/circom', files: /\.ts$/, mutate: circomEmitterMutants, tests: ['test/circom'] },
  { folder: 'stdlib/circom', files: /\.circom$/, mutate: circomLibraryMutants, tests: ['test/circom'] },
  { folder: 'runtime/provers/plonk', files: VERIFIER_FILES, mutate: verifierMutants, tests: VERIFIER_TESTS },
];

/** Tests of the text of sources, which would notice a mutant for its form. */
export const NOT_RUN = ['test/gadgets/trust.test.ts', 'test/architecture.test.ts'];

/** All mutants of the files whose path contains `only`, by group, files in alphabetical order. */
export function allMutants(only = ''): { readonly group: Group; readonly mutants: readonly Mutant[] }[] {
  return GROUPS.map((group) => {
    const files = readdirSync(join(ROOT, group.folder), { recursive: true, withFileTypes: true })
      .filter((f) => f.isFile())
      .map((f) => relative(join(ROOT, group.folder), join(f.parentPath, f.name)).split(sep).join('/'))
      .filter((path) => group.files.test(path))
      .map((path) => `${group.folder}/${path}`)
      .filter((path) => path.includes(only))
      .sort();
    return { group, mutants: files.flatMap((file) => group.mutate(file, readFileSync(join(ROOT, file), 'utf8'))) };
  });
}

/** A mutant that no test can tell from the original, and why. */
export interface Equivalent extends Pick<Mutant, 'file' | 'kind' | 'code'> {
  readonly occurrence?: number;
  /** Why the circuit is as sound, and computes the same, as before. */
  readonly argument: string;
}

export function readEquivalents(): readonly Equivalent[] {
  const list: readonly Equivalent[] = JSON.parse(readFileSync(join(import.meta.dirname, 'equivalent.json'), 'utf8'));
  return list;
}
