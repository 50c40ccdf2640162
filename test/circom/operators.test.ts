// Every operator sample through the Circom compiler: the compiled circuit computes what the operator is defined to be.
import { beforeAll, describe, expect, it } from 'vitest';
import { BN254, type Circuit } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { evaluateModule } from '../../compiler/ir/evaluate.ts';
import { count } from '../../compiler/ir/interpret/count.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { lowerModule, type PortVisibility } from '../../compiler/ir/lower.ts';
import type { Module } from '../../compiler/ir/module.ts';
import { createModuleBuilder } from '../../compiler/ir/module-builder.ts';
import { type AnyOp, operatorRegistry, type Sample } from '../../compiler/ir/op.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { standardOps } from '../../stdlib/ops/index.ts';
import { isIntegerSample } from '../kits/ops-kit.ts';
import { createRandom, integerTensor } from '../kits/random.ts';
import { type Compiled, compileCircuit, freeVariables, isSatisfied, publicValues } from './circom-kit.ts';

const ops = operatorRegistry(standardOps);

/** A module with one operation per sample: few runs of the compiler cover all. */
function moduleOf(samples: readonly (readonly [AnyOp, Sample])[]): Module {
  const b = createModuleBuilder('samples', 'int', ops);
  for (const [k, [def, sample]] of samples.entries()) {
    const operands = sample.operands.map((type, i) => {
      const constant = sample.constants?.get(i);
      return constant === undefined
        ? b.input(`${def.name}_${k}_x${i}`, type)
        : b.constantOfType(`${def.name}_${k}_w${i}`, constant, type);
    });
    const results = b.emitAt({ node: `${def.name} ${sample.name}`, index: k }, def.name, operands, sample.attrs);
    for (const [i, v] of results.entries()) b.output(`${def.name}_${k}_y${i}`, v);
  }
  return b.finish();
}

/** Samples that the field can hold. */
function fitting(visibility: PortVisibility): (readonly [AnyOp, Sample])[] {
  return standardOps.flatMap((def) =>
    def.samples.flatMap((sample): (readonly [AnyOp, Sample])[] => {
      if (!isIntegerSample(sample)) return [];
      try {
        lowerModule(moduleOf([[def, sample]]), ops, BN254, visibility);
        return [[def, sample]];
      } catch (e) {
        if (e instanceof Diagnostic && ['field-overflow', 'table-too-large'].includes(e.code)) return [];
        throw e;
      }
    }),
  );
}

function inputsOf(m: Module, variant: number): Map<string, Tensor> {
  const random = createRandom(variant + 1);
  const inputs = new Map<string, Tensor>();
  for (const v of m.inputs) {
    if (v.type.kind !== 'int') throw new Error(`${v.name} is not quantized`);
    inputs.set(v.name, integerTensor(v.type.shape, interval(v.type.lo, v.type.hi), variant, random));
  }
  return inputs;
}

/** Inputs and parameters of the circuit. */
function portsOf(c: Circuit, m: Module, inputs: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const ports = new Map(inputs);
  const weights = [...m.constants.values()];
  for (const [i, p] of c.ports.filter((port) => port.role === 'param').entries()) ports.set(p.name, weights[i]!);
  return ports;
}

describe.each([
  ['fixed weights', { input: 'private', weights: 'fixed', output: 'public' }],
  ['private weights', { input: 'public', weights: 'private', output: 'public' }],
] as const)('operator samples with %s', (name, visibility) => {
  const all = fitting(visibility);
  const samples = name === 'fixed weights' ? all : all.filter(([, s]) => s.constants !== undefined);
  const m = moduleOf(samples);
  const circuit = lowerModule(m, ops, BN254, visibility);
  let compiled: Compiled;
  const witnesses: bigint[][] = [];

  beforeAll(async () => {
    compiled = await compileCircuit(circuit, 'samples');
    for (let variant = 0; variant < 6; variant++)
      witnesses.push(await compiled.witness(portsOf(circuit, m, inputsOf(m, variant))));
  });

  it('computes what evalInt and the witness reading compute', () => {
    expect(samples.length).toBeGreaterThan(name === 'fixed weights' ? 50 : 10);
    for (const [variant, values] of witnesses.entries()) {
      const inputs = inputsOf(m, variant);
      const expected = evaluateModule(m, ops, inputs);
      const ours = runWitness(circuit, portsOf(circuit, m, inputs));
      const found = publicValues(circuit, values);
      for (const [port, t] of expected) {
        expect(found.get(port), `${port}, variant ${variant}`).toEqual(Array.from(t.data, BigInt));
        expect(Array.from(ours.outputs.get(port)!.data, BigInt), port).toEqual(found.get(port));
      }
    }
  });

  it('satisfies every row of the compiled system', () => {
    for (const values of witnesses) {
      expect(values).toHaveLength(compiled.header.variables);
      expect(compiled.rows.filter((row) => !isSatisfied(row, values))).toEqual([]);
    }
  });

  it('leaves no signal free', () => {
    for (const values of witnesses.slice(3, 5)) expect(freeVariables(compiled, values)).toEqual([]);
  });

  it('has about as many rows as the direct reading', () => {
    // The direct reading binds each public output by a row; Circom keeps linear results between operators as signals.
    const direct = count(circuit);
    expect(direct.total.rows - direct.publicOutputs).toBeLessThanOrEqual(compiled.header.rows);
    expect(compiled.header.rows).toBeLessThan(1.25 * direct.total.rows);
  });
});
