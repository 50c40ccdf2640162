// The Circom library against a prover that assigns its signals dishonestly: files of it are edited to lie in a consistent way.
import { describe, expect, it } from 'vitest';
import { BN254 } from '../../compiler/ir/circuit.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';
import { compileCircuit, publicValues } from './circom-kit.ts';
import { circuitOf, edit, LIES, PROOFS } from './library-cases.ts';

describe('a prover that assigns dishonestly', () => {
  it.each(LIES.map((lie) => [lie.what, lie] as const))('is refused: %s', async (_, { proof, x, edits }) => {
    const circuit = circuitOf(proof);
    const value = new Map([['x', tensor([], [x])]]);
    const change = edit(edits);
    let changed = 0;
    const compiled = await compileCircuit(circuit, (text) => {
      const edited = change(text);
      if (edited !== text) changed++;
      return edited;
    });
    expect(changed).toBe(1);
    await expect(compiled.witness(value)).rejects.toMatchObject({ code: 'circom-witness' });
  });
});

describe('keys and elements outside of what is proved', () => {
  it('are refused', async () => {
    // One output per proof would refuse all others: each is asked with the others in place.
    const circuit = recordCircuit(BN254, (b) => {
      for (const [k, proof] of PROOFS.entries()) {
        const x = b.input(`x${k}`, 'input', 'public', [], interval(-5000, 5000));
        b.output(`y${k}`, 'public', 'digest' in proof ? b.lookup(proof, x, 'lookup')[0]! : b.range(x, proof, 'range'));
      }
    });
    const compiled = await compileCircuit(circuit);
    const ends = PROOFS.map((p) => ('digest' in p ? p.domain : p));
    const run = (at: number, value: bigint): Promise<bigint[]> =>
      compiled.witness(new Map(ends.map(({ lo }, k) => [`x${k}`, tensor([], [Number(k === at ? value : lo)])])));
    for (const [k, { lo, hi }] of ends.entries()) {
      expect(publicValues(circuit, await run(k, hi)).size).toBe(2 * PROOFS.length);
      for (const outside of [lo - 1n, hi + 1n, lo - 1000n, hi + 1000n])
        await expect(run(k, outside), `proof ${k}, ${outside}`).rejects.toMatchObject({ code: 'circom-witness' });
    }
  });
});
