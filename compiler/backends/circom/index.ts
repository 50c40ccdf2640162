// The Circom backend: a circuit as readable Circom 2, compiled by the Circom compiler into `.r1cs`, `.sym` and a witness calculator.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Backend, EmitContext, EmittedCircuit } from '../../ir/backend.ts';
import { BN254, type Circuit } from '../../ir/circuit.ts';
import { Diagnostic } from '../../ir/diagnostics.ts';
import { encodeCircomInputs } from '../../ir/iden3/circom-inputs.ts';
import { readR1csHeader } from '../../ir/iden3/r1cs-reader.ts';
import { type CompileOptions, compileCircom } from './compiler.ts';
import { type CircomSource, emitCircom } from './emit.ts';
import { libraryText } from './library.ts';

export { type CompiledCircom, compileCircom } from './compiler.ts';
export { type CircomSource, emitCircom } from './emit.ts';

/** Names of the files in the folder; the library's lie in `zkmlc/`. */
export const CIRCOM_FILES = {
  main: 'circuit.circom',
  constants: 'constants.circom',
  system: 'circuit.r1cs',
  symbols: 'circuit.sym',
  calculator: 'circuit.wasm',
  inputs: 'circuit.inputs.json',
} as const;

/** Writes the Circom files of a circuit into an existing folder. @throws Diagnostic `file-unwritable`. */
export function writeCircomSource(source: CircomSource, folder: string): void {
  const write = (name: string, text: string): void => {
    const path = join(folder, name);
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Diagnostic('file-unwritable', `the file cannot be written: ${reason}`, { file: path }, { cause });
    }
  };
  write(CIRCOM_FILES.main, source.main);
  if (source.constants !== undefined) write(CIRCOM_FILES.constants, source.constants);
  for (const file of source.library) write(`zkmlc/${file}.circom`, libraryText(file));
  write(CIRCOM_FILES.inputs, encodeCircomInputs(source.inputs));
}

/**
 * Writes and compiles a circuit.
 * @throws Diagnostic `unsupported-target`, `circom-missing`, `circom-failed`, `cancelled`, `file-unwritable`.
 */
export async function emitCircomCircuit(
  c: Circuit,
  folder: string,
  cx: EmitContext,
  options: Pick<CompileOptions, 'packageName'> = {},
): Promise<EmittedCircuit> {
  cx.signal?.throwIfAborted();
  writeCircomSource(emitCircom(c, { model: cx.model }), folder);
  const compiled = await compileCircom(join(folder, CIRCOM_FILES.main), { ...options, signal: cx.signal });
  renameSync(compiled.wasm, join(folder, CIRCOM_FILES.calculator));
  rmSync(dirname(compiled.wasm), { recursive: true, force: true });
  return { r1cs: CIRCOM_FILES.system, constraints: readR1csHeader(compiled.r1cs).rows };
}

export const circomBackend: Backend = {
  name: 'circom',
  doc: 'Readable Circom 2, one template per operator, compiled by the Circom compiler (package circom2): for reading and audit.',
  target: BN254,
  emit: (c, folder, cx) => emitCircomCircuit(c, folder, cx),
};
