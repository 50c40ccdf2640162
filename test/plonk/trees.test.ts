// Lookups split into trees: nothing is lost, trees stay within their size, and a proof with several trees holds by all of them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KOALABEAR } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { splitIntoTrees } from '../../compiler/ir/interpret/plan/trees.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { interval } from '../../compiler/ir/interval.ts';
import {
  honestValues,
  loadKey,
  makeKey,
  proveRun,
  type RunStatement,
  verifyRun,
  wasmVectors,
} from '../../runtime/provers/plonk/index.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';

const MOST = 2 ** 20;

test('every lookup is in one tree, with its table there', () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 400_000 }), fc.nat(3)), { maxLength: 30 });
  fc.assert(
    fc.property(sizes, (drawn) => {
      const tables = [2, 256, 1024, 65_536].map((rows) => ({ rows }));
      const lookups = drawn.map(([size, table]) => ({
        table,
        size,
        shape: [size],
        key: NO_KEY,
        values: [],
        label: '',
      }));
      const { tables: placed, tableOf } = splitIntoTrees(lookups, tables);
      const leaves = new Map<number, number>();
      const add = (tree: number, n: number): void => void leaves.set(tree, (leaves.get(tree) ?? 0) + n);
      for (const { table, tree } of placed) add(tree, tables[table]!.rows);
      for (const [i, { table, size }] of lookups.entries()) {
        expect(placed[tableOf[i]!]!.table).toBe(table);
        add(placed[tableOf[i]!]!.tree, size);
      }
      expect(new Set(placed.map(({ table, tree }) => `${table} ${tree}`)).size).toBe(placed.length);
      for (const n of leaves.values()) expect(n).toBeLessThanOrEqual(MOST);
    }),
  );
});

const NO_KEY = { terms: [], constant: 0 };

test('a proof with two trees: each refuses a value outside its range', () => {
  const n = 30_000;
  const names = ['a', 'b', 'c'];
  const circuit = recordCircuit(KOALABEAR, (b) => {
    const [x, y, z] = names.map((name) => b.input(name, 'input', 'private', [n], interval(0n, 255n)));
    b.output(
      'sum',
      'public',
      b.sum(
        b.affine([
          [x!, 1n],
          [y!, 1n],
          [z!, 1n],
        ]),
        [0],
      ),
    );
  });
  const v = wasmVectors();
  const key = loadKey(v, makeKey(v, circuit, new Map()));
  const { plan, trees } = key.run.protocol;
  expect(trees.length).toBe(2);
  const input = (seed: number) => ({ shape: [n], data: Int32Array.from({ length: n }, (_, i) => (seed * i) % 256) });
  const witness = runWitness(circuit, new Map(names.map((name, i) => [name, input(i + 1)])));
  const values = honestValues(plan, witness);
  const statement: RunStatement = { inputs: [], outputs: plan.outputs.map((t) => witness.value(t.wire).data) };
  const attempt = (columns: typeof values.columns): string => {
    try {
      verifyRun(v, key.run, statement, undefined, proveRun(v, key.run, statement, { ...values, columns }, undefined));
      return 'accepted';
    } catch (e) {
      if (e instanceof Diagnostic) return e.message;
      throw e;
    }
  };
  expect(attempt(values.columns)).toBe('accepted');
  for (const column of plan.columns.keys()) {
    if (plan.columns[column]!.size !== n) continue;
    // The sum stays what it was: one element more by 256, another less by as much.
    const changed = values.columns[column]!.slice();
    const [low, high] = [changed.indexOf(0), changed.findIndex((x, i) => x > 0 && i > 1)];
    changed[low]! += 256;
    changed[high] = changed[high]! - 256 + 2130706433;
    expect(attempt(values.columns.with(column, changed))).toContain('lookups');
  }
});
