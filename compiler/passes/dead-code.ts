// dead-code: drops operations and constants that no output depends on. Inputs stay: they are part of the model's interface.
import type { Module, Operation, Value } from '../ir/module.ts';
import { definePass } from '../ir/pass.ts';

/** The module without operations none of whose results reaches an output, and without constants that nothing reads. */
export function deadCodeModule(m: Module): Module {
  const live = new Set<Value>(m.outputs.map((o) => o.value));
  const kept: Operation[] = [];
  for (const o of m.operations.toReversed()) {
    if (!o.results.some((v) => live.has(v))) continue;
    for (const v of o.operands) live.add(v);
    kept.push(o);
  }
  return {
    ...m,
    operations: kept.reverse(),
    constants: new Map([...m.constants].filter(([v]) => live.has(v))),
  };
}

export const deadCode = definePass({
  name: 'dead-code',
  doc: 'Drops operations and constants that no output depends on; unused inputs stay.',
  options: {},
  needs: 'any',
  gives: 'same',
  run: deadCodeModule,
});
