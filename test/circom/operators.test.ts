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
import { invert } from '../../compiler/ir/poseidon.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { standardOps } from '../../stdlib/ops/index.ts';
import { isIntegerSample } from '../kits/ops-kit.ts';
import { createRandom, integerTensor } from '../kits/random.ts';
import { type Compiled, compileCircuit, freeVariables, isSatisfied, publicValues, withLies } from './circom-kit.ts';

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
    compiled = await compileCircuit(circuit);
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

describe('lies of hints', () => {
  it('are refused, whatever is computed from them', async () => {
    const visibility = { input: 'private', weights: 'fixed', output: 'public' } as const;
    const m = moduleOf(fitting(visibility));
    const circuit = lowerModule(m, ops, BN254, visibility);
    let statements: readonly string[] = [];
    const compiled = await compileCircuit(circuit, (text, file) => {
      if (file !== 'main') return text;
      const lying = withLies(text);
      statements = lying.statements;
      return lying.text;
    });
    expect(statements.length).toBeGreaterThan(20);
    const quotients = statements.flatMap((text, k) => (text.includes('floorDiv(') ? [k] : []));
    const divisions = circuit.instrs.flatMap((i) =>
      i.op === 'hint' && (i.hint.kind === 'divmod' || i.hint.kind === 'divide') ? [i] : [],
    );
    expect(quotients).toHaveLength(divisions.length);
    const accepted: string[] = [];
    let modular = 0;
    for (const variant of [0, 3]) {
      const inputs = inputsOf(m, variant);
      const honest = runWitness(circuit, inputs, { keepAll: true });
      const run = (at: number, amount: bigint): Promise<bigint[]> =>
        compiled.witness(inputs, new Map(), new Map([['lie', statements.map((_, k) => (k === at ? amount : 0n))]]));
      for (const [port, values] of publicValues(circuit, await run(-1, 0n)))
        expect(values).toEqual(Array.from(honest.outputs.get(port)!.data, BigInt));
      for (const [at, statement] of statements.entries()) {
        const amounts = variant === 0 ? [1n, -1n, 2n ** 40n] : [1n];
        const division = divisions[quotients.indexOf(at)];
        if (division !== undefined) {
          // The identity also holds modulo the field for another remainder: only the quotient's interval is violated.
          const remainders = honest.exact(division.out[1]!);
          const by = division.hint.kind === 'divmod' ? [division.hint.by] : honest.exact(division.in[1]!);
          const [r, d] = [remainders[0]!, by[0]!];
          if (d > 1n && remainders.every((x) => x === r) && by.every((x) => x === d)) {
            amounts.push((r - (r === 0n ? 1n : 0n)) * invert(d));
            modular++;
          }
        }
        for (const amount of amounts) {
          const outcome = await run(at, amount).then(
            () => 'accepted',
            (e: unknown) => (e instanceof Diagnostic && e.code === 'circom-witness' ? 'refused' : String(e)),
          );
          if (outcome !== 'refused') accepted.push(`${statement}, ${amount}, variant ${variant}: ${outcome}`);
        }
      }
    }
    expect(accepted).toEqual([]);
    expect(modular).toBeGreaterThan(10);
  });
});
