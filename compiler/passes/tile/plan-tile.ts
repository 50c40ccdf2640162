// Which operations compute a part of the results of a group, and on which parts of their operands.
import { Diagnostic } from '../../ir/diagnostics.ts';
import type { Attrs, Module, Value } from '../../ir/module.ts';
import type { AxisPart, OpRegistry } from '../../ir/op.ts';
import { integerType } from '../slice/groups.ts';

/** A part of a value; without `part` all of it. */
export interface PartOf {
  readonly value: Value;
  readonly part?: AxisPart | undefined;
}

/** One operation of a tile. */
export interface TileStep {
  /** Index in the module's operations. */
  readonly operation: number;
  /** Of its results. */
  readonly part?: AxisPart | undefined;
  readonly operands: readonly PartOf[];
  readonly attrs: Attrs;
}

/** How one tile of a group is computed. */
export interface TilePlan {
  /** In an order in which operands come before their use. */
  readonly steps: readonly TileStep[];
  /** Parts of values from outside the group, each once. */
  readonly reads: readonly PartOf[];
}

/** Operations that stay together, with the values that others read of them. */
export interface Group {
  /** Ascending indices of the module's operations. */
  readonly operations: readonly number[];
  readonly outputs: readonly Value[];
}

/** The groups of a module with their outputs. */
export function groupsWithOutputs(m: Module, groups: readonly (readonly number[])[]): readonly Group[] {
  const groupOf = new Int32Array(m.operations.length);
  for (const [g, operations] of groups.entries()) for (const o of operations) groupOf[o] = g;
  const makers = new Map<Value, number>();
  for (const [i, o] of m.operations.entries()) for (const v of o.results) makers.set(v, i);
  const leaving = new Set(m.outputs.map((o) => o.value));
  for (const [i, o] of m.operations.entries())
    for (const v of o.operands) {
      const maker = makers.get(v);
      if (maker !== undefined && groupOf[maker] !== groupOf[i]) leaving.add(v);
    }
  return groups.map((operations) => ({
    operations,
    outputs: operations.flatMap((o) => m.operations[o]!.results.filter((v) => leaving.has(v))),
  }));
}

/** Distinguishes the parts of one value. */
export const partKey = (part: AxisPart | undefined): string =>
  part === undefined ? '' : `${part.axis} ${part.start} ${part.size}`;

/**
 * What one part of all outputs of a group is computed from, operator by operator from the last to the first. What several
 * operations need of one value is computed once for each part.
 * @returns undefined if some operator cannot be divided in this way.
 * @throws Diagnostic `bad-tile` if an operator gives parts that its operands do not have.
 */
export function planTile(m: Module, ops: OpRegistry, group: Group, part: AxisPart): TilePlan | undefined {
  const makers = new Map<Value, number>();
  for (const i of group.operations) for (const v of m.operations[i]!.results) makers.set(v, i);
  const wanted = new Map<number, Map<string, AxisPart | undefined>>();
  const reads = new Map<Value, Map<string, PartOf>>();
  const want = ({ value, part: of }: PartOf): void => {
    const maker = makers.get(value);
    if (maker === undefined) reads.set(value, (reads.get(value) ?? new Map()).set(partKey(of), { value, part: of }));
    else wanted.set(maker, (wanted.get(maker) ?? new Map()).set(partKey(of), of));
  };
  for (const value of group.outputs) want({ value, part: checkedPart(value, part, '') });
  const steps: TileStep[] = [];
  for (const operation of group.operations.toReversed())
    for (const of of wanted.get(operation)?.values() ?? []) {
      const step = stepOf(m, ops, operation, of);
      if (step === undefined) return undefined;
      steps.push(step);
      for (const operand of step.operands) want(operand);
    }
  return { steps: steps.reverse(), reads: [...reads.values()].flatMap((parts) => [...parts.values()]) };
}

function stepOf(m: Module, ops: OpRegistry, operation: number, part: AxisPart | undefined): TileStep | undefined {
  const o = m.operations[operation]!;
  if (part === undefined) return { operation, operands: o.operands.map((value) => ({ value })), attrs: o.attrs };
  const tile = ops.get(o.op)?.tile?.(part, {
    // Attributes were checked against the operator's schema when the operation was built.
    attrs: o.attrs as never,
    operands: o.operands.map(integerType),
    results: o.results.map(integerType),
    ops,
  });
  if (tile === undefined) return undefined;
  const operands = o.operands.map((value, i): PartOf => {
    const of = tile.operands[i];
    return { value, part: of && checkedPart(value, of, o.op) };
  });
  return { operation, part, operands, attrs: { ...o.attrs, ...tile.attrs } };
}

/** The part, or undefined if it is all of the value. @throws Diagnostic `bad-tile`. */
function checkedPart(v: Value, part: AxisPart, op: string): AxisPart | undefined {
  const { axis, start, size } = part;
  const n = v.type.shape[axis];
  if (n === undefined || ![start, size].every(Number.isInteger) || start < 0 || size < 1 || start + size > n)
    throw new Diagnostic(
      'bad-tile',
      `${op === '' ? 'a tile' : `a tile of operator ${op}`} asks for cells ${start} to ${start + size - 1} along axis ${axis} of a tensor of [${v.type.shape.join(', ')}]`,
    );
  return start === 0 && size === n ? undefined : part;
}
