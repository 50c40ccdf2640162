// Every instruction, hint, view and form of table of the circuit IR through the Circom compiler, on all keys of small domains.
import { beforeAll, describe, expect, it } from 'vitest';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { sizeOf } from '../../compiler/ir/tensor.ts';
import { type Compiled, compileCircuit, freeVariables, isSatisfied, publicValues } from './circom-kit.ts';
import { GROUPS } from './instruction-cases.ts';

describe.each(Object.keys(GROUPS) as (keyof typeof GROUPS)[])('%s', (group) => {
  const { circuit, inputs } = GROUPS[group]();
  let compiled: Compiled;
  let values: bigint[];
  beforeAll(async () => {
    compiled = await compileCircuit(circuit);
    values = await compiled.witness(inputs);
  });

  it('gives the outputs of the witness reading', () => {
    const ours = runWitness(circuit, inputs);
    const found = publicValues(circuit, values);
    for (const p of circuit.ports) {
      if (p.role !== 'output') continue;
      expect(found.get(p.name), p.name).toEqual(ours.exact(p.wire));
      expect(found.get(p.name)).toHaveLength(sizeOf(circuit.wires[p.wire]!.shape));
    }
  });

  it('satisfies its rows and leaves no signal free', () => {
    expect(compiled.rows.every((row) => isSatisfied(row, values))).toBe(true);
    const free = freeVariables(compiled, values);
    // Hints alone are proved in their interval, not determined: there the check must find something.
    if (group === 'hints and ranges') expect(free.length).toBeGreaterThan(10);
    else expect(free).toEqual([]);
  });
});
