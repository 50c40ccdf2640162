// The Circom library of the project, `stdlib/circom`: its files, what they include, and the names that they define. The
// constants of Poseidon are not stored but computed, from the same parameters that every other reading uses.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Diagnostic } from '../../ir/diagnostics.ts';
import { COMMITMENT_WIDTH, poseidonParameters } from '../../ir/poseidon.ts';

/** Files of `stdlib/circom`, without their ending, and the files that each includes. */
const INCLUDES = {
  bits: [],
  clamp: ['bits', 'integers'],
  integers: [],
  poseidon: ['poseidon-constants'],
  'poseidon-constants': [],
  range: ['integers'],
  table: ['bits', 'integers'],
} as const;

export type LibraryFile = keyof typeof INCLUDES;

const FILES: readonly LibraryFile[] = ['bits', 'clamp', 'integers', 'poseidon', 'poseidon-constants', 'range', 'table'];

/** Templates and functions of the library: emitted text defines nothing under these names. */
export const LIBRARY_NAMES: ReadonlySet<string> = new Set([
  'AllOf',
  'AnyOf',
  'Bits',
  'Clamp',
  'ClampAbove',
  'Commitment',
  'Exceeds',
  'Poseidon',
  'Range',
  'Saturate',
  'Sign',
  'SignedBits',
  'Table',
  'bitLength',
  'firstMaximum',
  'floorDiv',
  'integerSqrt',
  'lastMaximum',
  'poseidonConstants',
  'poseidonMatrix',
  'rankOf',
  'sumOf',
]);

/** The files and what they include, in alphabetical order. */
export function libraryClosure(used: ReadonlySet<LibraryFile>): readonly LibraryFile[] {
  const needed = new Set<LibraryFile>(used);
  for (const file of used) for (const included of INCLUDES[file]) needed.add(included);
  return FILES.filter((f) => needed.has(f));
}

/** Text of a file of the library. @throws Diagnostic `broken-installation` if it is absent. */
export function libraryText(file: LibraryFile): string {
  if (file === 'poseidon-constants') return poseidonConstants();
  // From source and from dist/ the library lies at different distances: walk up to the package.
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  const path = join(folder, 'stdlib', 'circom', `${file}.circom`);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Diagnostic(
      'broken-installation',
      'a file of the Circom library is missing: install the package again',
      { file: path },
      { cause },
    );
  }
}

/** Round constants and matrix for the width of commitments. */
function poseidonConstants(): string {
  const { width, constants, matrix } = poseidonParameters(COMMITMENT_WIDTH);
  const list = (values: readonly bigint[]): string => values.map((v) => `    ${v}`).join(',\n');
  const rows = matrix.map((row) => `    [${row.join(', ')}]`).join(',\n');
  return [
    `// Poseidon for a state of ${width} elements of the BN254 scalar field: constants and matrix from the Grain LFSR of the paper.`,
    'pragma circom 2.2.0;',
    '',
    `function poseidonConstants() {\n  return [\n${list(constants)}\n  ];\n}`,
    '',
    `function poseidonMatrix() {\n  return [\n${rows}\n  ];\n}`,
    '',
  ].join('\n');
}
