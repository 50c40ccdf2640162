// Every sample of every operator as rank-1 rows: counted exactly, satisfied by honest values, and by no changed one.
import { describe, expect, test } from 'vitest';
import { BN254 } from '../../compiler/ir/circuit.ts';
import { count } from '../../compiler/ir/interpret/count.ts';
import { lowerModule, type PortVisibility } from '../../compiler/ir/lower.ts';
import { standardOps, standardRegistry } from '../../stdlib/index.ts';
import { activationSamples, integersOf, isIntegerSample, moduleOf, portsOf } from '../kits/ops-kit.ts';
import { createRandom } from '../kits/random.ts';
import { collectRows, firstViolated, systemOf, unnoticed } from './system.ts';

const SEED = Number(process.env.ZKMLC_SEED ?? 1);

const VISIBILITIES: readonly PortVisibility[] = [
  { input: 'private', weights: 'fixed', output: 'public' },
  { input: 'public', weights: 'private', output: 'public' },
];

const requant = standardRegistry.get('requant')!;
const cases = standardOps.flatMap((def) => [
  ...def.samples.filter(isIntegerSample).map((sample) => ({ def, sample, name: `${def.name}: ${sample.name}` })),
  ...(def.activation === undefined ? [] : activationSamples(def)).map((sample) => ({
    def: requant,
    sample,
    name: `${def.name}: ${sample.name}`,
  })),
]);

describe('operators as rows', () => {
  for (const { def, sample, name } of cases)
    test(name, () => {
      const { module } = moduleOf(def, sample, standardRegistry, 'int', (b, operands) =>
        b.emit(def.name, operands, sample.attrs),
      );
      const random = createRandom(SEED);
      for (const visibility of module.constants.size > 0 ? VISIBILITIES : VISIBILITIES.slice(0, 1)) {
        const c = lowerModule(module, standardRegistry, BN254, visibility);
        const counted = count(c).total;
        const { list, result } = collectRows(c);
        expect({ rows: counted.rows, variables: counted.variables }).toEqual({
          rows: list.length,
          variables: result.variables,
        });
        expect(result.nonZeros).toBeLessThanOrEqual(counted.nonZeros);
        for (let variant = 0; variant < 6; variant++) {
          const s = systemOf(c, portsOf(c, module, integersOf(module, variant, random)));
          expect(s.list.length).toBe(list.length);
          expect(firstViolated(s.list, s.assignment)).toBe(-1);
          if (variant === 3 || variant === 5) expect(unnoticed(s, [1n, -1n, 2n ** 200n + 77n], 1500)).toEqual([]);
        }
      }
    });
});
