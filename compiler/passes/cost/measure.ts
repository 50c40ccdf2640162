// Counts what groups of operations and boundary tensors consist of, by lowering each by itself and reading the circuit.
import type { Capabilities, Circuit } from '../../ir/circuit.ts';
import { addStats, type BoundarySide, NO_STATS, type Stats } from '../../ir/cost-model.ts';
import { count } from '../../ir/interpret/count.ts';
import { multiplyAccumulates } from '../../ir/interpret/macs.ts';
import { type Plan, planCircuit } from '../../ir/interpret/plan.ts';
import { interval } from '../../ir/interval.ts';
import { lowerModule } from '../../ir/lower.ts';
import type { Module } from '../../ir/module.ts';
import type { OpRegistry } from '../../ir/op.ts';
import { createRecorder } from '../../ir/recorder.ts';
import { sizeOf } from '../../ir/tensor.ts';
import type { IntType } from '../../ir/types.ts';

/**
 * Counts of a module's operations without its inputs and outputs, which are boundaries.
 * @throws Diagnostic what lowering or the target's reading refuses, naming the node.
 */
export function measureOperations(m: Module, ops: OpRegistry, target: Capabilities): Stats {
  if (!target.lookups) {
    // Public inputs and private outputs have no rows.
    const c = lowerModule(m, ops, target, { input: 'public', weights: 'fixed', output: 'private' });
    const { total } = count(c);
    const ports = c.ports.filter((p) => p.role === 'input').reduce((n, p) => n + sizeOf(c.wires[p.wire]!.shape), 0);
    const variables = Math.max(0, total.variables - ports - 1);
    return { ...NO_STATS, rows: total.rows, variables, nonZeros: total.nonZeros, macs: multiplyAccumulates(c) };
  }
  return measureCircuit(lowerModule(m, ops, target, { input: 'public', weights: 'public', output: 'public' }));
}

/** Counts of a whole circuit for a target with lookups; its committed ports have columns of their own, which do not count. */
export function measureCircuit(c: Circuit): Stats {
  return { ...statsOf(planCircuit(c).run), macs: multiplyAccumulates(c) };
}

/** Counts of the port of one boundary tensor. Reading proves its interval; both sides bind its commitment. */
export function measureBoundary(t: IntType, side: BoundarySide, target: Capabilities): Stats {
  const boundaryCells = sizeOf(t.shape);
  const range = interval(t.lo, t.hi);
  const r = createRecorder(target);
  if (target.lookups) {
    // A tensor with a root of its own has columns of its own on both sides; only a reader has not proved its interval yet.
    if (side === 'writes') return { ...NO_STATS, boundaryCells };
    r.input('x', 'input', 'committed', t.shape, range);
    return { ...statsOf(planCircuit(r.finish()).run), boundaryCells };
  }
  // Producer and consumer hash the same cells; the producer's have been proved where they were made.
  const proof = createRecorder(target);
  proof.input('x', 'input', 'private', t.shape, range);
  r.input('x', 'input', 'committed', t.shape, range);
  const [all, proved] = [count(r.finish()).total, count(proof.finish()).total];
  const { rows, variables, nonZeros } = all;
  if (side === 'reads') return { ...NO_STATS, rows, variables, nonZeros, boundaryCells };
  return {
    ...NO_STATS,
    rows: rows - proved.rows,
    variables: Math.max(0, variables - proved.variables),
    nonZeros: nonZeros - proved.nonZeros,
    boundaryCells,
  };
}

function statsOf({ cells, lookups, tables, identities, contractions, shapes }: Plan): Stats {
  const sum = (sizes: readonly number[]): number => sizes.reduce((a, b) => a + b, 0);
  const lookedUp = sum(lookups.map((l) => l.size));
  const zero = sum(identities.map((i) => sizeOf(i.shape)));
  const products = sum(contractions.map((c) => sizeOf(shapes[c.wire]!)));
  const rounds = sum(contractions.map((c) => Math.ceil(Math.log2(sizeOf(shapes[c.a]!) + sizeOf(shapes[c.b]!) + 1))));
  return addStats({
    ...NO_STATS,
    cells: cells.advice,
    weightCells: cells.weight,
    lookups: lookedUp,
    tableRows: sum(tables.map((t) => t.rows)),
    statements: lookedUp + zero + products,
    rounds,
  });
}
