// Replaces values of a module by others: new names or annotated types, everything else unchanged.
import type { Module, Value } from './module.ts';

/** The module with every value v replaced by `f(v)`; `f` must give the same object for the same value. */
export function mapValues(m: Module, f: (v: Value) => Value): Module {
  return {
    ...m,
    inputs: m.inputs.map(f),
    outputs: m.outputs.map((o) => ({ name: o.name, value: f(o.value) })),
    constants: new Map([...m.constants].map(([v, t]) => [f(v), t])),
    operations: m.operations.map((o) => ({ ...o, operands: o.operands.map(f), results: o.results.map(f) })),
  };
}
