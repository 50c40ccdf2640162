// What a compiled model costs, operation by operation: types, constraints, bytes of weights.
import type { Circuit } from './ir/circuit.ts';
import { count } from './ir/interpret/count.ts';
import { addCosts, type Cost, FREE } from './ir/interpret/scalar/rows.ts';
import type { Module, Operation, Value } from './ir/module.ts';
import { compact } from './ir/tensor.ts';
import { showType } from './ir/types.ts';

/** Operations of one ONNX node and one operator. */
export interface NodeCost {
  readonly node: string;
  readonly op: string;
  /** Types of the results: shape, range, scale. */
  readonly types: readonly string[];
  /** Constants that no earlier operation uses, in the smallest whole-number type that holds them (bytes). */
  readonly weightBytes: number;
  /** As direct R1CS; non-zeros are an upper bound. */
  readonly cost: Cost;
}

/** Costs of a model by operation, and of its ports. */
export interface ModelCost {
  readonly nodes: readonly NodeCost[];
  /** Ranges of private inputs and weights, binding of public outputs, commitments. */
  readonly ports: Cost;
  readonly total: Cost;
}

/**
 * Costs of a circuit that was lowered from a module, by operation.
 * @throws Diagnostic `wrong-target` for a circuit over another field than BN254's.
 */
export function inspectModel(int: Module, c: Circuit): ModelCost {
  const counted = count(c);
  const groups = new Map<string, { readonly operations: Operation[]; cost: Cost }>();
  for (const o of int.operations) {
    const have = groups.get(scopeOf(o));
    if (have === undefined) groups.set(scopeOf(o), { operations: [o], cost: FREE });
    else have.operations.push(o);
  }
  let ports = addCosts(...counted.ports);
  for (const [i, cost] of counted.scopes.entries()) {
    const group = groupOf(c.scopes[i]!, groups);
    if (group === undefined) ports = addCosts(ports, cost);
    else group.cost = addCosts(group.cost, cost);
  }
  const seen = new Set<Value>();
  const nodes = [...groups.values()].map(({ operations, cost }): NodeCost => {
    const { loc, op } = operations[0]!;
    const types = operations.flatMap((o) => o.results.map((v) => showType(v.type)));
    return { node: loc.node, op, types, weightBytes: weightBytes(operations, int, seen), cost };
  });
  return { nodes, ports, total: counted.total };
}

/** The name under which lowering records an operation. */
function scopeOf(o: Operation): string {
  return `${o.loc.node === '' ? o.op : o.loc.node}#${o.op}`;
}

/** The group whose scope is the longest prefix of a scope. Names of nodes contain slashes too. */
function groupOf<T>(scope: string, groups: ReadonlyMap<string, T>): T | undefined {
  for (let end = scope.length; end > 0; end = scope.lastIndexOf('/', end - 1)) {
    const found = groups.get(scope.slice(0, end));
    if (found !== undefined) return found;
  }
  return undefined;
}

function weightBytes(operations: readonly Operation[], m: Module, seen: Set<Value>): number {
  let bytes = 0;
  for (const v of operations.flatMap((o) => o.operands)) {
    const t = m.constants.get(v);
    if (t === undefined || seen.has(v)) continue;
    seen.add(v);
    bytes += compact(t).data.byteLength;
  }
  return bytes;
}
