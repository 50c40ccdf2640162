// Scale classes: values that must share one scale when they are narrow, found by union-find over the float module.
import type { Module, Operation, Value } from '../ir/module.ts';
import type { OpRegistry } from '../ir/op.ts';

/** Range in reals that a value needs, the hull over all values that must share its scale. */
export type ClassRange = (v: Value) => readonly [number, number];

/** Operators whose result and operands hold the same integers: views, selections of a maximum, concatenation. */
function sharesScale(o: Operation, ops: OpRegistry): boolean {
  const q = ops.get(o.op)?.quantization;
  return q?.kind === 'exact' && q.view === true;
}

/** Unites results and operands of such operators; every float value must carry a calibrated range. */
export function scaleClasses(m: Module, ops: OpRegistry): ClassRange {
  const parent = new Map<Value, Value>();
  const find = (v: Value): Value => {
    let root = v;
    for (let p = parent.get(root); p !== undefined; p = parent.get(root)) root = p;
    for (let w = v; w !== root; ) {
      const next = parent.get(w)!;
      parent.set(w, root);
      w = next;
    }
    return root;
  };
  for (const o of m.operations) {
    if (!sharesScale(o, ops)) continue;
    for (const v of [...o.operands, ...o.results]) {
      const [a, b] = [find(v), find(o.results[0]!)];
      if (a !== b) parent.set(a, b);
    }
  }
  const hull = new Map<Value, readonly [number, number]>();
  const include = (v: Value): void => {
    if (v.type.kind !== 'float' || v.type.range === undefined) return;
    const have = hull.get(find(v)) ?? v.type.range;
    hull.set(find(v), [Math.min(have[0], v.type.range[0]), Math.max(have[1], v.type.range[1])]);
  };
  for (const v of m.inputs) include(v);
  for (const v of m.constants.keys()) include(v);
  for (const o of m.operations) for (const v of o.results) include(v);
  return (v) => hull.get(find(v)) ?? [0, 0];
}
