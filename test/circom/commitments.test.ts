// Committed ports: the commitment that the Circom circuit computes is the one that every other reading computes.
import { beforeAll, describe, expect, it } from 'vitest';
import { BN254 } from '../../compiler/ir/circuit.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { commitPort, portPacking } from '../../compiler/ir/poseidon.ts';
import { clampTable } from '../../compiler/ir/table.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';
import { createRandom, integerTensor } from '../kits/random.ts';
import { type Compiled, compileCircuit, freeVariables, isSatisfied, publicValues, undetermined } from './circom-kit.ts';

const circuit = recordCircuit(BN254, (b) => {
  const x = b.input('x', 'input', 'public', [3], interval(-128, 127));
  const w = b.input('w', 'param', 'committed', [40, 3], interval(-100, 101));
  const c = b.input('c', 'param', 'committed', [2, 2], interval(5, 6));
  const product = b.contract({ a: 'ij', b: 'j', out: 'i' }, w, x);
  const narrow = b.lookup(clampTable(product.range, interval(-2048, 2047)), product, 'clamp')[0]!;
  b.output('hidden', 'committed', narrow);
  b.output('seen', 'public', b.sum(c, [0, 1]));
});
const random = createRandom(3);
const inputs = new Map([
  ['x', tensor([3], [-128, 7, 127])],
  ['w', integerTensor([40, 3], interval(-100, 101), 4, random)],
  ['c', tensor([2, 2], [5, 6, 6, 5])],
]);
const blindings = new Map([
  ['w', 123456789n],
  ['c', 0n],
  ['hidden', 2n ** 250n + 5n],
]);

describe('committed ports', () => {
  let compiled: Compiled;
  let values: bigint[];
  beforeAll(async () => {
    compiled = await compileCircuit(circuit);
    values = await compiled.witness(inputs, blindings);
  });

  it('have the commitments of commitPort as public signals', () => {
    const ours = runWitness(circuit, inputs);
    const found = publicValues(circuit, values);
    expect([...found.keys()]).toEqual(['hidden.commitment', 'seen', 'w.commitment', 'c.commitment', 'x']);
    expect(found.get('seen')).toEqual([22n]);
    for (const p of circuit.ports) {
      if (p.visibility !== 'committed') continue;
      const { shape, range } = circuit.wires[p.wire]!;
      const t = inputs.get(p.name) ?? ours.outputs.get(p.name)!;
      const expected = commitPort(t.data, portPacking(shape, range), blindings.get(p.name)!);
      expect(found.get(`${p.name}.commitment`), p.name).toEqual([expected]);
    }
  });

  it('satisfy every row and leave no signal free but the blinding elements', () => {
    expect(compiled.rows.every((row) => isSatisfied(row, values))).toBe(true);
    expect(freeVariables(compiled, values)).toEqual([]);
  });

  it('refuse a missing blinding element', async () => {
    await expect(compiled.witness(inputs)).rejects.toMatchObject({ code: 'missing-input' });
  });
});

it('a commitment is determined, step by step, by what it commits to', async () => {
  const range = interval(-2000, 2047);
  const c = recordCircuit(BN254, (b) => {
    b.input('x', 'input', 'committed', [230], range);
  });
  const alone = await compileCircuit(c);
  const values = await alone.witness(new Map([['x', integerTensor([230], range, 4, random)]]), new Map([['x', 99n]]));
  expect(alone.header.rows).toBeGreaterThan(2 * 405);
  // Proofs of intervals have bits; everything else follows from the elements and the blinding element, two permutations far.
  expect(undetermined(alone, values, (name) => name.includes('.bits['))).toEqual([]);
});
