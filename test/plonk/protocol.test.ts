// The native prover on every operator: honest runs are proved and verified, other outputs and dishonest columns refused.
import { describe, expect, it } from 'vitest';
import { KOALABEAR } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { P } from '../../compiler/ir/koalabear.ts';
import { lowerModule } from '../../compiler/ir/lower.ts';
import type { Value } from '../../compiler/ir/module.ts';
import type { ModuleBuilder } from '../../compiler/ir/module-builder.ts';
import { operatorRegistry } from '../../compiler/ir/op.ts';
import { ONE } from '../../compiler/ir/rational.ts';
import {
  commitWeights,
  honestValues,
  loadKey,
  makeKey,
  proveRun,
  type RunStatement,
  verifyRun,
  wasmVectors,
} from '../../runtime/provers/plonk/index.ts';
import { standardOps } from '../../stdlib/ops/index.ts';
import { ints, weights } from '../../stdlib/shared/samples.ts';
import { activationSamples, integersOf, isIntegerSample, moduleOf, portsOf } from '../kits/ops-kit.ts';
import { createRandom } from '../kits/random.ts';

const registry = operatorRegistry(standardOps);
const requant = standardOps.find((o) => o.name === 'requant')!;
const samples = standardOps.flatMap((def) => [
  ...def.samples.filter(isIntegerSample).map((sample) => ({ name: `${def.name}: ${sample.name}`, def, sample })),
  ...activationSamples(def).map((sample) => ({ name: `${def.name}: ${sample.name}`, def: requant, sample })),
]);

interface OperatorSample extends Pick<(typeof samples)[number], 'name' | 'def' | 'sample'> {
  /** What follows the operator. */
  readonly followed?: (b: ModuleBuilder, results: readonly Value[]) => readonly Value[];
}

/** Sums of 64 products of 27 bits each, divided by an odd number and by a power of two: more than the field holds. */
const wideQuotients: OperatorSample = {
  name: 'quotients of sums that do not fit the field',
  def: standardOps.find((o) => o.name === 'matmul')!,
  sample: {
    name: 'wide',
    operands: [ints([2, 64], -511, 511, ONE), ints([64, 2], -131072, 131071, ONE)],
    constants: new Map([[1, weights([64, 2], -131072, 131071)]]),
  },
  followed: (b, [sum]) => [3_000_001, 2 ** 22].flatMap((divisor) => b.emit('truncate', [sum!], { divisor })),
};

/** A sample as a circuit with registered weights, one honest run of it, and its proof. */
function honestRun({ def, sample, followed = (_, results) => results }: OperatorSample, variant: number) {
  const v = wasmVectors();
  const { module } = moduleOf(def, sample, registry, 'int', (b, operands) =>
    followed(b, b.emit(def.name, operands, sample.attrs)),
  );
  const circuit = lowerModule(module, registry, KOALABEAR, { input: 'private', weights: 'public', output: 'public' });
  const ports = portsOf(circuit, module, integersOf(module, variant, createRandom(variant)));
  const parameters = new Map(
    circuit.ports.filter((p) => p.role === 'param').map((p) => [p.name, ports.get(p.name)!.data]),
  );
  const key = loadKey(v, makeKey(v, circuit, parameters));
  const { plan } = key.run.protocol;
  const witness = runWitness(circuit, ports);
  const statement: RunStatement = {
    inputs: plan.inputs.map((t) => witness.value(t.wire).data),
    outputs: plan.outputs.map((t) => witness.value(t.wire).data),
  };
  const values = honestValues(plan, witness);
  const prove = (columns = values.columns, stated = statement): Uint8Array =>
    proveRun(v, key.run, stated, { ...values, columns }, commitWeights(v, key.run, circuit, parameters));
  const check = (proof: Uint8Array, stated = statement): void => verifyRun(v, key.run, stated, key.weightRoot, proof);
  return { key, plan, statement, columns: values.columns, prove, check };
}

/** The verifier refuses, with a diagnostic and not by crashing. */
function refused(run: () => void): void {
  let found: unknown;
  try {
    run();
  } catch (e) {
    found = e;
  }
  expect(found).toBeInstanceOf(Diagnostic);
  expect((found as Diagnostic).code).toBe('proof-refused');
}

/** The first output with one element moved by a unit. */
function otherOutput({ inputs, outputs }: RunStatement, by: number): RunStatement {
  const [first, ...rest] = outputs.map((o) => Array.from(o));
  first![0]! += by;
  return { inputs, outputs: [first!, ...rest] };
}

describe.each<OperatorSample>([...samples, wideQuotients])('$name', (sample) => {
  it('is proved; an output changed by a unit is refused', () => {
    const { statement, prove, check, key } = honestRun(sample, 3);
    expect(key.securityBits).toBeGreaterThanOrEqual(100);
    const proof = prove();
    check(proof);
    for (const by of [1, -1, P]) refused(() => check(proof, otherOutput(statement, by)));
    // A prover who states the other output from the start does no better.
    const stated = otherOutput(statement, 1);
    refused(() =>
      check(
        proveQuietly(() => prove(undefined, stated)),
        stated,
      ),
    );
  });
});

/** A dishonest prover may notice that its claims do not add up; whatever it has by then is not a proof. */
function proveQuietly(prove: () => Uint8Array): Uint8Array {
  try {
    return prove();
  } catch {
    return new Uint8Array(0);
  }
}

const named = (op: string): OperatorSample => samples.find((s) => s.def.name === op)!;

describe('dishonest columns', () => {
  const changeable = [...['requant', 'matmul', 'max_pool', 'argmax', 'abs'].map(named), wideQuotients];
  it.each(changeable)('$name: any changed cell is refused', (sample) => {
    const { plan, columns, prove, check } = honestRun(sample, 3);
    const random = createRandom(5);
    for (const [c, column] of plan.columns.entries()) {
      if (column.group !== 'advice') continue;
      const cell = random.below(column.size);
      for (const value of [(columns[c]![cell]! + 1) % P, random.below(P)]) {
        if (value === columns[c]![cell]) continue;
        const changed = columns.map((words, i) => (i === c ? words.slice() : words));
        changed[c]![cell] = value;
        refused(() => check(proveQuietly(() => prove(changed))));
      }
    }
  });
});
