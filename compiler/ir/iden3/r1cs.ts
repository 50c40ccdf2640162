// The constraint system of iden3's `.r1cs` files (version 1): the row interface and the streaming writer.
import { Diagnostic } from '../diagnostics.ts';
import { beginSection, createFileWriter, writeHead } from './file-writer.ts';
import { FIELD_BYTES, MODULUS_BYTES } from './scalar-field.ts';

/**
 * A sum of coefficient * variable. Variables are ascending and distinct, 0 is the constant one; coefficients are signed
 * integers of magnitude below the modulus. No variables: the sum is 0.
 */
export interface LinearCombination {
  readonly variables: readonly number[];
  readonly coefficients: readonly bigint[];
}

/** Takes the rows a * b = c of a constraint system, one at a time. */
export interface R1csSink {
  row(a: LinearCombination, b: LinearCombination, c: LinearCombination): void;
}

/** Counts that fix the order of variables: 0 is one, then public outputs, public inputs, private inputs, then the rest. */
export interface R1csCounts {
  readonly publicOutputs: number;
  readonly publicInputs: number;
  readonly privateInputs: number;
}

/** What was written. */
export interface R1csSummary extends R1csCounts {
  /** Variables, the constant one included. */
  readonly variables: number;
  readonly rows: number;
  /** Non-zero coefficients of all a, b and c. */
  readonly nonZeros: readonly [number, number, number];
  /** Length of the file (bytes). */
  readonly bytes: number;
}

export interface R1csWriter extends R1csSink {
  /**
   * Writes the label section (label i = variable i), fills in the counts and closes the file.
   * @throws Diagnostic `bad-r1cs-row` if a row named a variable beyond `variables`.
   */
  close(variables: number): R1csSummary;
  /** Removes an unfinished file; does nothing after `close`. */
  discard(): void;
}

/** Section types of the format. */
export const R1CS_SECTION = { header: 1, rows: 2, labels: 3, customGates: 4, customGateUses: 5 } as const;
export const R1CS_CONTAINER = { magic: 'r1cs', version: 1, code: 'bad-r1cs' } as const;
/** Bytes of one term: variable and coefficient. */
export const TERM_BYTES = 4 + FIELD_BYTES;
export const R1CS_HEADER_BYTES = 4 + FIELD_BYTES + 4 * 4 + 8 + 4;

/**
 * Streams rows to a `.r1cs` file in bounded memory; counts are patched in at the end. Zero coefficients are left out.
 * @throws Diagnostic `file-unwritable`; `row` throws `bad-r1cs-row` for variables that do not ascend.
 */
export function createR1csWriter(path: string, counts: R1csCounts): R1csWriter {
  const { publicOutputs, publicInputs, privateInputs } = counts;
  const file = createFileWriter(path);
  const nonZeros: [number, number, number] = [0, 0, 0];
  let rows = 0;
  let largest = publicOutputs + publicInputs + privateInputs;

  writeHead(file, R1CS_CONTAINER.magic, R1CS_CONTAINER.version, 3);
  const endHeader = beginSection(file, R1CS_SECTION.header);
  file.u32(FIELD_BYTES);
  file.bytes(MODULUS_BYTES);
  const variablesAt = file.position();
  file.u32(0);
  for (const count of [publicOutputs, publicInputs, privateInputs]) file.u32(count);
  const labelsAt = file.position();
  file.u64(0);
  file.u32(0);
  endHeader();
  const endRows = beginSection(file, R1CS_SECTION.rows);

  const combination = (sum: LinearCombination, matrix: 0 | 1 | 2): void => {
    const { variables, coefficients } = sum;
    if (variables.length !== coefficients.length)
      throw badRow(path, rows, 'variables and coefficients differ in number');
    let count = 0;
    for (const c of coefficients) if (c !== 0n) count++;
    file.u32(count);
    nonZeros[matrix] += count;
    let last = -1;
    for (let i = 0; i < variables.length; i++) {
      const variable = variables[i]!;
      if (!(Number.isInteger(variable) && variable > last && variable < 2 ** 32))
        throw badRow(path, rows, `variable ${variable} follows ${last}; variables must ascend`);
      last = variable;
      const coefficient = coefficients[i]!;
      if (coefficient === 0n) continue;
      file.u32(variable);
      file.field(coefficient);
    }
    if (last > largest) largest = last;
  };

  return {
    row: (a, b, c) => {
      combination(a, 0);
      combination(b, 1);
      combination(c, 2);
      rows++;
    },
    close: (variables) => {
      if (!(Number.isInteger(variables) && variables > largest && variables < 2 ** 32))
        throw badRow(path, rows, `variable ${largest} is in use but only ${variables} variables were declared`);
      endRows();
      const endLabels = beginSection(file, R1CS_SECTION.labels);
      for (let i = 0; i < variables; i++) file.u64(i);
      endLabels();
      file.patch(variablesAt, (view) => view.setUint32(0, variables, true), 4);
      const patchCounts = (view: DataView): void => {
        view.setBigUint64(0, BigInt(variables), true);
        view.setUint32(8, rows, true);
      };
      file.patch(labelsAt, patchCounts, 12);
      const bytes = file.position();
      file.close();
      return { publicOutputs, publicInputs, privateInputs, variables, rows, nonZeros, bytes };
    },
    discard: file.discard,
  };
}

function badRow(file: string, row: number, message: string): Diagnostic {
  return new Diagnostic('bad-r1cs-row', `row ${row}: ${message}`, { file });
}
