// The backend of the native prover: the circuit itself is what is proved, so that there is nothing to write.
import type { Backend, EmittedCircuit } from '../../ir/backend.ts';
import { type Circuit, KOALABEAR } from '../../ir/circuit.ts';
import { Diagnostic } from '../../ir/diagnostics.ts';
import { type Plan, planCircuit } from '../../ir/interpret/plan.ts';
import { sizeOf } from '../../ir/tensor.ts';

/** Statements about single cells: looked up, zero, a sum of products, a public output. */
function statements({ lookups, identities, contractions, outputs, shapes }: Plan): number {
  const cells = [
    ...lookups.map((l) => l.size),
    ...identities.map((i) => sizeOf(i.shape)),
    ...contractions.map((c) => sizeOf(shapes[c.wire]!)),
    ...outputs.map((o) => sizeOf(o.shape)),
  ];
  return cells.reduce((n, size) => n + size, 0);
}

/** @throws Diagnostic what the plan of the circuit refuses. */
async function emit(c: Circuit): Promise<EmittedCircuit> {
  for (const { name, role, visibility } of c.ports)
    if (role === 'param' && visibility === 'committed')
      throw new Diagnostic(
        'unsupported-visibility',
        `weights ${name}: this prover always shows the root of its commitment to weights, and does not hide them yet; leave weights fixed, or use --backend r1cs`,
        { field: name },
        { kind: 'usage' },
      );
  const { run } = planCircuit(c);
  return { constraints: statements(run), cells: run.cells };
}

export const plonkBackend: Backend = {
  name: 'plonk',
  doc: 'The native prover: lookups and sumchecks over KoalaBear, without a set-up. Not zero-knowledge.',
  target: KOALABEAR,
  proofSystem: 'plonk-koalabear',
  emit,
};
