// Cheating provers by name: each computes everything else as an honest one would, and is refused for what it did.
import { describe, expect, test } from 'vitest';
import { KOALABEAR } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { addP, P, residue } from '../../runtime/provers/plonk/field.ts';
import {
  commitWeights,
  loadKey,
  makeKey,
  proveRun,
  type RunStatement,
  verifyRun,
  wasmVectors,
} from '../../runtime/provers/plonk/index.ts';
import type { ProvingOptions } from '../../runtime/provers/plonk/prover.ts';
import { valuesOfWires } from '../../runtime/provers/plonk/run-values.ts';
import { maxTournament } from '../../stdlib/gadgets/maximum.ts';
import { requantize } from '../../stdlib/gadgets/requantize.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';

/** The largest of three requantized products: one matrix product, a rounding with a clamp, a maximum. */
const circuit = recordCircuit(KOALABEAR, (b) => {
  const x = b.input('x', 'input', 'private', [3, 4], interval(-100n, 100n));
  const w = b.input('w', 'param', 'public', [4], interval(-7n, 7n));
  const products = b.contract({ a: 'nk', b: 'k', out: 'n' }, x, w);
  const y = requantize(b, [[products, 1n]], 4, interval(0n, 127n), 'act');
  b.output('m', 'public', maxTournament(b, y, 'max') as typeof products);
});
const v = wasmVectors();
const w = Int32Array.of(7, -3, 5, 2);
const x = Int32Array.of(10, 20, 30, 40, 100, -50, 90, 3, 0, 0, 1, 0);
const weights = new Map([['w', w]]);
const key = loadKey(v, makeKey(v, circuit, weights));
const { plan } = key.run.protocol;
const ports = new Map([
  ['x', { shape: [3, 4], data: x }],
  ['w', { shape: [4], data: w }],
]);
const witness = runWitness(circuit, ports);
const honest: RunStatement = { inputs: [], outputs: plan.outputs.map((t) => witness.value(t.wire).data) };
const commitment = commitWeights(v, key.run, circuit, weights)!;

const wiresOf = (label: string): readonly number[] =>
  circuit.instrs.flatMap((i) => ('label' in i && i.label === label && 'out' in i ? i.out : []));
const columnOf = (label: string): number => plan.columns.findIndex((c) => c.label === label);

/** Residues of all wires, some of them moved: everything that is derived from wires follows. */
function moved(changes: ReadonlyMap<number, readonly number[]>) {
  return valuesOfWires(plan, (wire) => {
    const by = changes.get(wire);
    const values = Uint32Array.from(witness.value(wire).data, residue);
    return by === undefined ? values : values.map((value, e) => addP(value, residue(by[e] ?? 0)));
  });
}

function verdict(
  values: ReturnType<typeof moved>,
  statement = honest,
  committed = commitment,
  options: ProvingOptions = {},
): string {
  try {
    verifyRun(v, key.run, statement, key.weightRoot, proveRun(v, key.run, statement, values, committed, options));
    return 'accepted';
  } catch (e) {
    if (e instanceof Diagnostic && e.code === 'proof-refused') return e.message;
    throw e;
  }
}

const statementWith = (m: number): RunStatement => ({ inputs: [], outputs: [[m]] });
const m = Number(honest.outputs[0]![0]);
const nobody = new Map<number, readonly number[]>();

describe('a prover is refused', () => {
  test('but not an honest one', () => {
    expect(verdict(moved(nobody))).toBe('accepted');
  });
  test('with another remainder of a rounding: quotient one more, remainder 16 less', () => {
    const [quotient, rest] = wiresOf('act');
    const [y] = wiresOf('act.clamp');
    const changes = new Map([
      [quotient!, [0, 1, 0]],
      [rest!, [0, -16, 0]],
      [y!, [0, 1, 0]],
    ]);
    expect(verdict(moved(changes), statementWith(m + 1))).toContain('lookups');
  });
  test('with another entry of a table', () => {
    const [y] = wiresOf('act.clamp');
    expect(verdict(moved(new Map([[y!, [0, 1, 0]]])), statementWith(m + 1))).toContain('lookups');
  });
  test('with a maximum that no element attains', () => {
    const last = wiresOf('max.relu').at(-1)!;
    expect(verdict(moved(new Map([[last, [1]]])), statementWith(m + 1))).toContain('lookups');
  });
  test('with other multiplicities', () => {
    const values = moved(nobody);
    const column = columnOf('range 16.multiplicity');
    const counts = values.columns[column]!.slice();
    counts[3] = addP(counts[3]!, 1);
    expect(verdict({ ...values, columns: values.columns.with(column, counts) })).toContain('lookups');
  });
  test('with a high limb that is in its table but leaves the interval', () => {
    const input = circuit.ports.find((p) => p.name === 'x')!.wire;
    expect(verdict(moved(new Map([[input, [130]]])))).toContain('lookups');
  });
  test('with other weights, for which all else is true', () => {
    const other = w.toReversed();
    const others = commitWeights(v, key.run, circuit, new Map([['w', other]]))!;
    const run = runWitness(circuit, new Map([...ports, ['w', { shape: [4], data: other }]]));
    const values = valuesOfWires(plan, (wire) => Uint32Array.from(run.value(wire).data, residue));
    const statement = { inputs: [], outputs: plan.outputs.map((t) => run.value(t.wire).data) };
    expect(verdict(values, statement, { ...others, root: commitment.root })).toContain('rows of the weights');
    expect(verdict(values, statement, others)).not.toBe('accepted');
  });
  test('with an integer that is congruent to the true output', () => {
    expect(verdict(moved(nobody), statementWith(m + P))).toContain('outside');
    expect(verdict(moved(nobody), statementWith(m - P))).toContain('outside');
  });
  test('with another output', () => {
    expect(verdict(moved(nobody), statementWith(m - 1))).toContain('the sum of blocks.values');
  });
  test('without the work', () => {
    expect(verdict(moved(nobody), honest, commitment, { findNonce: () => 0 })).toContain('proof of work');
  });
});
