// Plans of every operator: deterministic, satisfied by honest runs, refusing lies, and rightly pulled back.
import { describe, expect, it } from 'vitest';
import { KOALABEAR } from '../../compiler/ir/circuit.ts';
import { type Plan, planCircuit, planWitness } from '../../compiler/ir/interpret/plan.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { lowerModule, type PortVisibility } from '../../compiler/ir/lower.ts';
import { operatorRegistry } from '../../compiler/ir/op.ts';
import { deserializeCircuit, serializeCircuit } from '../../compiler/ir/serialize.ts';
import { standardOps } from '../../stdlib/ops/index.ts';
import { activationSamples, integersOf, isIntegerSample, moduleOf, portsOf } from '../kits/ops-kit.ts';
import { checkHonestPlan, checkPlanRefusesLies, checkPullBack, violations } from '../kits/plan-kit.ts';
import { createRandom } from '../kits/random.ts';

const registry = operatorRegistry(standardOps);
const requant = standardOps.find((o) => o.name === 'requant')!;

const VISIBILITIES: readonly PortVisibility[] = [
  { input: 'private', weights: 'public', output: 'public' },
  { input: 'public', weights: 'fixed', output: 'public' },
];

/** Plain data, for comparison. */
const dataOf = ({ circuit: _, ...rest }: Plan): unknown => rest;

const samples = standardOps.flatMap((def) =>
  [...def.samples.filter(isIntegerSample).map((sample) => ({ def, sample }))].concat(
    activationSamples(def).map((sample) => ({ def: requant, sample })),
  ),
);

describe.each(samples.map(({ def, sample }) => ({ name: `${def.name}: ${sample.name}`, def, sample })))(
  '$name',
  ({ def, sample }) => {
    const { module } = moduleOf(def, sample, registry, 'int', (b, operands) =>
      b.emit(def.name, operands, sample.attrs),
    );
    it.each(VISIBILITIES)('with $input input and $weights weights', (visibility) => {
      const circuit = lowerModule(module, registry, KOALABEAR, visibility);
      const plans = planCircuit(circuit);
      expect(dataOf(planCircuit(deserializeCircuit(serializeCircuit(circuit))).run)).toEqual(dataOf(plans.run));
      const random = createRandom(7);
      for (let variant = 0; variant < 6; variant++) {
        const ports = portsOf(circuit, module, integersOf(module, variant, random));
        checkHonestPlan(plans.run, ports);
        if (plans.registration !== undefined) checkHonestPlan(plans.registration, ports);
        if (variant >= 4) checkPullBack(plans.run, ports, random);
        if (variant === 3 || variant === 4) checkPlanRefusesLies(plans.run, ports, random, 6);
      }
    });
  },
);

it('weights outside their interval violate the registration', () => {
  const def = standardOps.find((o) => o.name === 'matmul')!;
  const sample = def.samples.find((s) => isIntegerSample(s) && (s.constants?.size ?? 0) > 0)!;
  const { module } = moduleOf(def, sample, registry, 'int', (b, operands) => b.emit(def.name, operands, sample.attrs));
  const circuit = lowerModule(module, registry, KOALABEAR, VISIBILITIES[0]);
  const { registration } = planCircuit(circuit);
  const ports = portsOf(circuit, module, integersOf(module, 0, createRandom(1)));
  const columns = planWitness(registration!, runWitness(circuit, ports));
  const weight = registration!.columns.findIndex((c) => c.group === 'weight');
  const { range } = circuit.wires[registration!.columns[weight]!.wire]!;
  expect(violations(registration!, columns, new Map(), new Map())).toEqual([]);
  for (const outside of [range.hi + 1n, range.lo - 1n]) {
    const words = columns[weight]!.with(0, Number((outside + circuit.target.modulus) % circuit.target.modulus));
    expect(violations(registration!, columns.with(weight, words), new Map(), new Map())).not.toEqual([]);
  }
});
