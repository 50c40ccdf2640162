// The R1CS backend: a circuit as iden3's `.r1cs` and `.sym` files, written row by row from the scalar reading.
import { join } from 'node:path';
import type { Backend, EmitContext, EmittedCircuit } from '../../ir/backend.ts';
import { BN254, type Circuit } from '../../ir/circuit.ts';
import { createR1csWriter } from '../../ir/iden3/r1cs.ts';
import { createSymWriter } from '../../ir/iden3/sym.ts';
import { layoutPorts } from '../../ir/interpret/scalar/layout.ts';
import { scalarize } from '../../ir/interpret/scalarize.ts';

/** Names of the files in the folder. */
export const R1CS_FILES = { system: 'circuit.r1cs', symbols: 'circuit.sym' } as const;

/**
 * Writes both files.
 * @throws Diagnostic `r1cs-too-large`, `wrong-target`, `field-overflow`, `file-unwritable`; no partial file is left.
 */
export async function emitR1cs(
  c: Circuit,
  folder: string,
  cx: Pick<EmitContext, 'signal'>,
): Promise<EmittedCircuit & { readonly r1cs: string }> {
  cx.signal?.throwIfAborted();
  const file = createR1csWriter(join(folder, R1CS_FILES.system), layoutPorts(c));
  try {
    const result = scalarize(c, file);
    const { rows } = file.close(result.variables);
    const symbols = createSymWriter(join(folder, R1CS_FILES.symbols));
    try {
      for (let v = 1; v < result.variables; v++)
        symbols.line({ label: v, variable: v, component: 0, name: `main.${result.nameOf(v)}` });
      symbols.close();
    } finally {
      symbols.discard();
    }
    return { r1cs: R1CS_FILES.system, constraints: rows };
  } finally {
    file.discard();
  }
}

export const r1csBackend: Backend = {
  name: 'r1cs',
  doc: 'Rank-1 constraints written directly: the fewest constraints, the default for Groth16.',
  target: BN254,
  emit: emitR1cs,
};
