// Evaluates a module on tensors: the one interpreter of graphs, over reals (float stage) and over exact integers.
import { Diagnostic } from './diagnostics.ts';
import type { Module, Operation, Value } from './module.ts';
import type { AnyOp, OpContext, OpRegistry } from './op.ts';
import { sameShape, type Tensor } from './tensor.ts';
import type { IntType, TensorType } from './types.ts';

/** Called with every tensor as it is computed: inputs, constants that are used, and results, in order of definition. */
export type Observe = (value: Value, tensor: Tensor) => void;

/**
 * Outputs of a module by name. Operators are evaluated with `evalFloat` in the float stage and `evalInt` in the integer
 * stages; a tensor is released after its last use, so that memory follows the widest cut of the graph and not its length.
 * @throws Diagnostic `missing-input` or `bad-shape` for an input that is absent or has another shape than declared,
 * `not-evaluable` naming the node whose operator has no meaning in this stage.
 */
export function evaluateModule(
  m: Module,
  ops: OpRegistry,
  inputs: ReadonlyMap<string, Tensor>,
  observe: Observe = () => {},
): ReadonlyMap<string, Tensor> {
  const live = new Map<Value, Tensor>();
  const define = (v: Value, t: Tensor): void => {
    live.set(v, t);
    observe(v, t);
  };
  for (const v of m.inputs) define(v, inputTensor(v, inputs));
  for (const [v, t] of m.constants) define(v, t);

  const dying = lastUses(m);
  for (const o of m.operations) {
    const operands = o.operands.map((v) => live.get(v)!);
    evaluateOperation(o, m.stage === 'float', ops, operands).forEach((t, i) => {
      define(o.results[i]!, t);
    });
    for (const v of dying.get(o) ?? []) live.delete(v);
  }
  return new Map(m.outputs.map((o) => [o.name, live.get(o.value)!]));
}

function inputTensor(v: Value, inputs: ReadonlyMap<string, Tensor>): Tensor {
  const t = inputs.get(v.name);
  if (t === undefined)
    throw new Diagnostic('missing-input', `no value is given for input ${v.name} of shape ${list(v.type.shape)}`, {
      field: v.name,
    });
  if (!sameShape(t.shape, v.type.shape))
    throw new Diagnostic('bad-shape', `input ${v.name} expects shape ${list(v.type.shape)}, got ${list(t.shape)}`, {
      field: v.name,
    });
  return t;
}

function list(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** Results of one operation on tensors. @throws Diagnostic `not-evaluable` if its operator has no meaning in this stage. */
export function evaluateOperation(
  o: Operation,
  float: boolean,
  ops: OpRegistry,
  operands: readonly Tensor[],
): readonly Tensor[] {
  const def = ops.get(o.op);
  const types = { operands: o.operands.map((v) => v.type), results: o.results.map((v) => v.type) };
  try {
    const results = def === undefined ? undefined : evaluate(def, float, operands, types, o, ops);
    if (results === undefined)
      throw new Diagnostic(
        'not-evaluable',
        `operator ${o.op} has no ${float ? 'float' : 'integer'} meaning${def?.expand ? '; expand it first (pass canonicalize)' : ''}`,
      );
    return results;
  } catch (e) {
    throw e instanceof Diagnostic && o.loc.node !== '' ? e.at({ node: o.loc.node }) : e;
  }
}

function evaluate(
  def: AnyOp,
  float: boolean,
  operands: readonly Tensor[],
  types: { readonly operands: readonly TensorType[]; readonly results: readonly TensorType[] },
  o: Operation,
  ops: OpRegistry,
): readonly Tensor[] | undefined {
  // Attributes were checked against the operator's schema when the operation was built.
  const cx = { attrs: o.attrs as OpContext<AnyOp['attrs']>['attrs'], ops };
  if (float) return def.evalFloat?.(operands, { ...cx, ...types });
  return def.evalInt?.(operands, {
    ...cx,
    operands: types.operands.filter(isInt),
    results: types.results.filter(isInt),
  });
}

function isInt(t: TensorType): t is IntType {
  return t.kind === 'int';
}

/** For each operation the values that nothing reads after it. */
function lastUses(m: Module): ReadonlyMap<Operation, readonly Value[]> {
  const kept = new Set(m.outputs.map((o) => o.value));
  const seen = new Set<Value>();
  const dying = new Map<Operation, readonly Value[]>();
  for (const o of m.operations.toReversed()) {
    const dead: Value[] = [];
    for (const v of [...o.operands, ...o.results]) {
      if (seen.has(v) || kept.has(v)) continue;
      seen.add(v);
      dead.push(v);
    }
    dying.set(o, dead);
  }
  return dying;
}
