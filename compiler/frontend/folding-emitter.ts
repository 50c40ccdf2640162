// Emits operations of imported nodes; what depends on constants only is evaluated at once instead.
import { Diagnostic, quote } from '../ir/diagnostics.ts';
import { evaluateOperation } from '../ir/evaluate.ts';
import type { Attrs, Location, Module, Value } from '../ir/module.ts';
import { inferTypes, type ModuleBuilder } from '../ir/module-builder.ts';
import type { Emitter, OpRegistry } from '../ir/op.ts';
import { checkShape, sizeOf, type Tensor } from '../ir/tensor.ts';
import { type Element, floatType, type TensorType } from '../ir/types.ts';

/**
 * Most elements that folding may produce in one model, all results together: shapes and indices are tiny, weights are
 * rearranged once or twice, and a file of a few bytes can ask for any number.
 */
export const MAX_FOLDED_ELEMENTS = 2 ** 25;

/** An emitter for the nodes of one model. */
export interface FoldingEmitter extends Emitter {
  /** Location and names of results for what is emitted next. */
  at(loc: Location, names: readonly string[]): void;
  /** Operator that produced a value, undefined for inputs and constants of the file. */
  producer(v: Value): { readonly op: string; readonly attrs: Attrs } | undefined;
  /** @throws Diagnostic `not-finite` if the value is a constant that cannot be part of a module. */
  checkUsable(v: Value): void;
}

/**
 * Wraps a module builder.
 * @throws Diagnostic from `emit`: what inference refuses, `constant-too-large` beyond {@link MAX_FOLDED_ELEMENTS},
 * `not-finite` for NaN and infinities in constants that operations read, `tensor-too-large`.
 */
export function createFoldingEmitter(b: ModuleBuilder, ops: OpRegistry): FoldingEmitter {
  let loc: Location = { node: '', index: -1 };
  let names: readonly string[] = [];
  let folded = 0;
  const usable = new Set<Value>();
  const producers = new Map<Value, { readonly op: string; readonly attrs: Attrs }>();

  const fold = (op: string, operands: readonly Value[], attrs: Attrs): readonly Value[] | undefined => {
    const tensors: Tensor[] = [];
    for (const v of operands) {
      const t = b.constantOf(v);
      if (t === undefined) return undefined;
      tensors.push(t);
    }
    const constants = new Map(operands.map((v, i) => [v, tensors[i]!]));
    const inferred = inferTypes(ops, op, operands, attrs, constants);
    for (const [i, type] of inferred.types.entries()) {
      checkShape(type.shape, `result ${i} of ${op}`);
      folded += sizeOf(type.shape);
    }
    if (folded > MAX_FOLDED_ELEMENTS)
      throw new Diagnostic(
        'constant-too-large',
        `constants computed by nodes have more than ${MAX_FOLDED_ELEMENTS} elements; simplify the model before compiling it`,
      );
    const def = ops.get(op);
    if (def?.evalFloat === undefined) {
      const expanded = def?.expand?.(operands, { attrs: inferred.attrs as never, emitter });
      return expanded;
    }
    const results = inferred.types.map((type, i) => ({ name: names[i] ?? '', type }));
    const operation = { op, operands, results, attrs: inferred.attrs, loc };
    return evaluateOperation(operation, true, ops, tensors).map((t, i) => {
      const v = b.constantOfType(results[i]!.name, t, results[i]!.type);
      producers.set(v, { op, attrs });
      return v;
    });
  };

  const emitter: FoldingEmitter = {
    emit(op, operands, attrs = {}) {
      const constant = fold(op, operands, attrs);
      if (constant !== undefined) return constant;
      operands.forEach(emitter.checkUsable);
      const like = names.map((name) => ({ name, type: floatType([]) }));
      const results = b.emitAt(loc, op, operands, attrs, like);
      for (const v of results) {
        checkShape(v.type.shape, `result of ${op}`);
        producers.set(v, { op, attrs });
      }
      return results;
    },
    constant: (t, element: Element = 'f32') => b.constantOfType(names[0] ?? '', t, floatType(t.shape, element)),
    constantOf: (v) => b.constantOf(v),
    at(location, resultNames) {
      loc = location;
      names = resultNames;
    },
    producer: (v) => producers.get(v),
    checkUsable(v) {
      if (usable.has(v)) return;
      const t = b.constantOf(v);
      if (t !== undefined) checkElements(v.name, v.type, t);
      usable.add(v);
    },
  };
  return emitter;
}

/** Reals must be finite, whole numbers exact: both are what a proof can be about. */
function checkElements(name: string, type: TensorType, t: Tensor): void {
  const whole = type.kind !== 'float' || type.element !== 'f32';
  const bad = t.data.findIndex((x: number) => (whole ? Math.abs(x) > Number.MAX_SAFE_INTEGER : !Number.isFinite(x)));
  if (bad < 0) return;
  const what = name === '' ? 'a constant' : `constant ${quote(name)}`;
  throw new Diagnostic(
    whole ? 'integer-too-large' : 'not-finite',
    `${what} is ${t.data[bad]} at element ${bad}; ${whole ? 'integers must be below 2^53' : 'weights must be finite numbers'}`,
    name === '' ? {} : { field: name },
  );
}

/** Names and values of the outputs of a module that do not depend on any input. */
export function constantOutputs(m: Module): readonly string[] {
  const varying = new Set<Value>(m.inputs);
  for (const o of m.operations) if (o.operands.some((v) => varying.has(v))) for (const r of o.results) varying.add(r);
  return m.outputs.filter((o) => !varying.has(o.value)).map((o) => o.name);
}
