// Builds modules: emitting an operation infers its result types, so that no module with wrong types can be built.
import { Diagnostic } from './diagnostics.ts';
import {
  type Attrs,
  type Location,
  type Module,
  type Operation,
  type Stage,
  UNKNOWN_LOCATION,
  type Value,
} from './module.ts';
import { checkAttrs, type Emitter, type OpRegistry } from './op.ts';
import type { Tensor } from './tensor.ts';
import { floatType, sameType, type TensorType } from './types.ts';

/** Builds a module operation by operation: types are inferred and checked as operations are added. */
export interface ModuleBuilder extends Emitter {
  input(name: string, type: TensorType): Value;
  /** A constant of any type. */
  constantOfType(name: string, t: Tensor, type: TensorType): Value;
  /** Emits with an explicit location. `like` gives names and, where the inferred type is the same, calibrated ranges. */
  emitAt(
    loc: Location,
    op: string,
    operands: readonly Value[],
    attrs?: Attrs,
    like?: readonly Value[],
  ): readonly Value[];
  /** Location given to operations emitted without one. */
  locate(loc: Location): void;
  output(name: string, value: Value): void;
  finish(): Module;
}

/** Operand constants by position, for `infer`. */
export function constantsAt(
  operands: readonly Value[],
  constants: ReadonlyMap<Value, Tensor>,
): (i: number) => Tensor | undefined {
  return (i) => {
    const v = operands[i];
    return v === undefined ? undefined : constants.get(v);
  };
}

/**
 * Types of the results of one operation.
 * @throws Diagnostic `unknown-operator`, `bad-attribute`, or what the operator's `infer` refuses.
 */
export function inferTypes(
  ops: OpRegistry,
  name: string,
  operands: readonly Value[],
  attrs: Attrs,
  constants: ReadonlyMap<Value, Tensor>,
): { readonly attrs: Attrs; readonly types: readonly TensorType[] } {
  const def = ops.get(name);
  if (def === undefined) throw new Diagnostic('unknown-operator', `no operator is called ${name}`);
  const least = def.operands.filter((o) => !o.endsWith('?') && !o.endsWith('...')).length;
  const most = def.operands.some((o) => o.endsWith('...')) ? Number.POSITIVE_INFINITY : def.operands.length;
  if (operands.length < least || operands.length > most)
    throw new Diagnostic(
      'bad-operands',
      `${name} expects operands (${def.operands.join(', ')}), got ${operands.length}`,
    );
  const checked = checkAttrs(def.attrs, attrs, name);
  return {
    attrs: checked,
    types: def.infer(
      operands.map((v) => v.type),
      { attrs: checked as never, constant: constantsAt(operands, constants), ops },
    ),
  };
}

/** An empty module under construction. */
export function createModuleBuilder(name: string, stage: Stage, ops: OpRegistry): ModuleBuilder {
  const inputs: Value[] = [];
  const outputs: { readonly name: string; readonly value: Value }[] = [];
  const constants = new Map<Value, Tensor>();
  const operations: Operation[] = [];
  let here = UNKNOWN_LOCATION;

  const builder: ModuleBuilder = {
    input(inputName, type) {
      const v = { name: inputName, type };
      inputs.push(v);
      return v;
    },
    constant: (t, element = 'f32') => builder.constantOfType('', t, floatType(t.shape, element)),
    constantOfType(constantName, t, type) {
      const v = { name: constantName, type };
      constants.set(v, t);
      return v;
    },
    constantOf: (v) => constants.get(v),
    emit: (op, operands, attrs = {}) => builder.emitAt(here, op, operands, attrs),
    emitAt(loc, op, operands, attrs = {}, like = []) {
      try {
        const inferred = inferTypes(ops, op, operands, attrs, constants);
        const results = inferred.types.map((type, i) => {
          const model = like[i];
          return {
            name: model?.name ?? '',
            type: model !== undefined && sameType(model.type, type) ? model.type : type,
          };
        });
        operations.push({ op, operands, results, attrs: inferred.attrs, loc });
        return results;
      } catch (e) {
        if (e instanceof Diagnostic && loc.node !== '') throw e.at({ node: loc.node });
        throw e;
      }
    },
    locate(loc) {
      here = loc;
    },
    output(outputName, value) {
      outputs.push({ name: outputName, value });
    },
    finish: () => ({
      name,
      stage,
      inputs,
      outputs,
      constants: usedConstants(constants, operations, outputs),
      operations,
    }),
  };
  return builder;
}

function usedConstants(
  constants: ReadonlyMap<Value, Tensor>,
  operations: readonly Operation[],
  outputs: Module['outputs'],
): ReadonlyMap<Value, Tensor> {
  const used = new Set<Value>(outputs.map((o) => o.value));
  for (const o of operations) for (const v of o.operands) used.add(v);
  return new Map([...constants].filter(([v]) => used.has(v)));
}

/**
 * Rebuilds a module operation by operation. `visit` receives the operation with its operands already mapped and returns
 * the values that replace its results, or undefined to keep it (types are inferred anew, annotations kept).
 */
export function rewriteModule(
  m: Module,
  ops: OpRegistry,
  visit: (o: Operation, b: ModuleBuilder, original: Operation) => readonly Value[] | undefined,
  options: { readonly stage?: Stage } = {},
): Module {
  const b = createModuleBuilder(m.name, options.stage ?? m.stage, ops);
  const map = new Map<Value, Value>();
  for (const v of m.inputs) map.set(v, b.input(v.name, v.type));
  for (const [v, t] of m.constants) map.set(v, b.constantOfType(v.name, t, v.type));
  for (const o of m.operations) {
    const mapped = { ...o, operands: o.operands.map((v) => map.get(v)!) };
    b.locate(o.loc);
    const results = visit(mapped, b, o) ?? b.emitAt(o.loc, o.op, mapped.operands, o.attrs, o.results);
    for (const [i, r] of o.results.entries()) map.set(r, results[i]!);
  }
  for (const o of m.outputs) b.output(o.name, map.get(o.value)!);
  return b.finish();
}
