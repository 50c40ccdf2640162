// Plans of every operator: deterministic, satisfied by honest runs, refusing lies, and rightly pulled back.
import { describe, expect, it } from 'vitest';
import { KOALABEAR } from '../../compiler/ir/circuit.ts';
import { fillColumns, type Plan, planCircuit } from '../../compiler/ir/interpret/plan.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { lowerModule, type PortVisibility } from '../../compiler/ir/lower.ts';
import { operatorRegistry } from '../../compiler/ir/op.ts';
import { deserializeCircuit, serializeCircuit } from '../../compiler/ir/serialize.ts';
import { standardOps } from '../../stdlib/ops/index.ts';
import { activationSamples, integersOf, isIntegerSample, moduleOf, portsOf } from '../kits/ops-kit.ts';
import {
  checkHonestPlan,
  checkPlanRefusesLies,
  checkPullBack,
  portsIn,
  residueWords,
  violations,
} from '../kits/plan-kit.ts';
import { createRandom } from '../kits/random.ts';

const registry = operatorRegistry(standardOps);
const requant = standardOps.find((o) => o.name === 'requant')!;

const VISIBILITIES: readonly PortVisibility[] = [
  { input: 'private', weights: 'public', output: 'public' },
  { input: 'public', weights: 'fixed', output: 'public' },
  { input: 'committed', weights: 'public', output: 'committed' },
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
      const weights = (p: Plan | undefined) => p?.columns.filter((c) => c.group === 'weight') ?? [];
      expect(weights(plans.registration)).toEqual(weights(plans.run));
      const random = createRandom(7);
      for (let variant = 0; variant < 6; variant++) {
        const ports = portsOf(circuit, module, integersOf(module, variant, random));
        checkHonestPlan(plans.run, ports);
        for (const plan of [plans.run, ...(plans.registration === undefined ? [] : [plans.registration])]) {
          const own = portsIn(plan, ports);
          checkHonestPlan(plan, own);
          if (variant >= 4) checkPullBack(plan, own, random);
          if (variant === 3 || variant === 4) checkPlanRefusesLies(plan, own, random, 6);
        }
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
  const weight = registration!.columns.find((c) => c.group === 'weight')!;
  const { range } = circuit.wires[weight.wire]!;
  const honest = runWitness(circuit, ports);
  const broken = (first: bigint): string[] => {
    // Quotients and multiplicities follow the weights, so that only the proof of the interval can fail.
    const columns = fillColumns(registration!, (w) => {
      const values = honest.exact(w);
      return residueWords(w === weight.wire ? values.with(0, first) : values);
    });
    return violations(registration!, columns, new Map(), new Map());
  };
  for (const inside of [range.lo, range.hi]) expect(broken(inside)).toEqual([]);
  for (const outside of [range.lo - 1n, range.hi + 1n, range.hi + 1000n])
    expect(broken(outside)).toContain(weight.label);
});
