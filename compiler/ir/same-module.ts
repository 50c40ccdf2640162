// Structural equality of modules: everything a module says, whatever objects say it.
import type { Attrs, AttrValue, Module, Value } from './module.ts';
import { sameTensor } from './tensor.ts';
import { sameType, type TensorType } from './types.ts';

/** Equality of types including what calibration adds to float types. */
function sameAnnotatedType(a: TensorType, b: TensorType): boolean {
  if (!sameType(a, b)) return false;
  if (a.kind === 'int' || b.kind === 'int') return true;
  if (a.integral !== b.integral) return false;
  const [r, s] = [a.range, b.range];
  return r === undefined || s === undefined ? r === s : Object.is(r[0], s[0]) && Object.is(r[1], s[1]);
}

function sameAttrValue(a: AttrValue, b: AttrValue): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return Object.is(a, b);
  return a.length === b.length && a.every((x, i) => Object.is(x, b[i]));
}

function sameAttrs(a: Attrs, b: Attrs): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((k) => Object.hasOwn(b, k) && sameAttrValue(a[k]!, b[k]!));
}

/**
 * True if two modules are the same up to the identity of their values: names, types with calibrated ranges, constants
 * bit for bit (-0 differs from 0, every NaN is one), operations in order with attributes and locations, ports.
 */
export function sameModule(a: Module, b: Module): boolean {
  const paired = new Map<Value, Value>();
  const define = (x: readonly Value[], y: readonly Value[]): boolean =>
    x.length === y.length &&
    x.every((v, i) => {
      const w = y[i]!;
      paired.set(v, w);
      return v.name === w.name && sameAnnotatedType(v.type, w.type);
    });
  const use = (x: readonly Value[], y: readonly Value[]): boolean =>
    x.length === y.length && x.every((v, i) => paired.has(v) && paired.get(v) === y[i]);

  if (a.name !== b.name || a.stage !== b.stage || a.operations.length !== b.operations.length) return false;
  if (!define(a.inputs, b.inputs) || !define([...a.constants.keys()], [...b.constants.keys()])) return false;
  for (const [v, t] of a.constants) if (!sameTensor(t, b.constants.get(paired.get(v)!)!)) return false;
  const operations = a.operations.every((o, i) => {
    const p = b.operations[i]!;
    return (
      o.op === p.op &&
      o.loc.node === p.loc.node &&
      o.loc.index === p.loc.index &&
      sameAttrs(o.attrs, p.attrs) &&
      use(o.operands, p.operands) &&
      define(o.results, p.results)
    );
  });
  return (
    operations &&
    a.outputs.every((o, i) => o.name === b.outputs[i]?.name) &&
    use(
      a.outputs.map((o) => o.value),
      b.outputs.map((o) => o.value),
    )
  );
}
