// fold-constants: operations on constants alone are evaluated now, by the operators' own evalFloat and evalInt.
import { Diagnostic } from '../ir/diagnostics.ts';
import { evaluateOperation } from '../ir/evaluate.ts';
import type { Module, Operation, Value } from '../ir/module.ts';
import { inferTypes, type ModuleBuilder, rewriteModule } from '../ir/module-builder.ts';
import type { OpRegistry } from '../ir/op.ts';
import { definePass } from '../ir/pass.ts';
import { checkShape, sizeOf, type Tensor } from '../ir/tensor.ts';
import { intType, sameType, type TensorType } from '../ir/types.ts';

/** Elements that folding may compute for each element of the module's own constants: chains of views and rescalings. */
const PER_ELEMENT = 8;

/**
 * Folds until no operation with an evaluation has only constant operands. A node of a few bytes can ask for 10^12
 * elements (Expand, Concat(x, x) forty times), so the elements computed are counted, before any is allocated.
 * @throws Diagnostic `tensor-too-large` naming the node whose result is too large by itself, `too-much-folding` the one
 * that exceeds `budget` plus 8 times the elements of the module's constants.
 */
export function foldConstantsModule(m: Module, ops: OpRegistry, budget: number): Module {
  let left = budget;
  for (const t of m.constants.values()) left += PER_ELEMENT * t.data.length;
  return rewriteModule(m, ops, (o, b) => {
    const def = ops.get(o.op);
    const evaluate = m.stage === 'float' ? def?.evalFloat : def?.evalInt;
    const operands = o.operands.map((v) => b.constantOf(v));
    if (evaluate === undefined || !operands.every((t) => t !== undefined)) return undefined;
    try {
      const { types } = inferTypes(
        ops,
        o.op,
        o.operands,
        o.attrs,
        new Map(o.operands.map((v, i) => [v, operands[i]!])),
      );
      left -= sizesOf(o, types);
      if (left < 0)
        throw new Diagnostic(
          'too-much-folding',
          `evaluating the constant operations up to ${o.op} would compute more than ${budget} elements beyond ${PER_ELEMENT} for each of the model's own; if that is meant, raise the budget of fold-constants`,
        );
      return replace(m, o, types, operands, ops, b);
    } catch (e) {
      throw e instanceof Diagnostic && o.loc.node !== '' ? e.at({ node: o.loc.node }) : e;
    }
  });
}

/** Elements of all results. @throws Diagnostic `tensor-too-large`. */
function sizesOf(o: Operation, types: readonly TensorType[]): number {
  let n = 0;
  for (const { shape } of types) {
    checkShape(shape, `the result of ${o.op}`);
    n += sizeOf(shape);
  }
  return n;
}

function replace(
  m: Module,
  o: Operation,
  types: readonly TensorType[],
  operands: readonly Tensor[],
  ops: OpRegistry,
  b: ModuleBuilder,
): readonly Value[] {
  const typed = { ...o, results: o.results.map((r, i) => ({ name: r.name, type: types[i]! })) };
  return evaluateOperation(typed, m.stage === 'float', ops, operands).map((t, i) => {
    const [before, type] = [o.results[i]!, types[i]!];
    if (type.kind === 'int') return b.constantOfType(before.name, t, exactType(t, type));
    return b.constantOfType(before.name, t, sameType(before.type, type) ? before.type : type);
  });
}

/** The type with the range of the values themselves: a constant is known exactly. */
function exactType(t: Tensor, type: TensorType & { readonly kind: 'int' }): TensorType {
  let [lo, hi] = [type.hi, type.lo];
  for (const x of t.data) {
    if (x < lo) lo = x;
    if (x > hi) hi = x;
  }
  return lo <= hi ? intType(type.shape, lo, hi, type.scale) : type;
}

export const foldConstants = definePass({
  name: 'fold-constants',
  doc: 'Evaluates operations whose operands are all constants.',
  options: {
    budget: {
      kind: 'int',
      doc: "elements that may be computed besides 8 for each element of the model's constants",
      default: 2 ** 24,
    },
  },
  needs: 'any',
  gives: 'same',
  run: (m, options, cx) => foldConstantsModule(m, cx.ops, options.budget),
});
