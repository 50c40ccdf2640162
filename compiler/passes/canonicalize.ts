// canonicalize: composite operators become their parts, views that do nothing vanish, chains of views become one.
import { Diagnostic } from '../ir/diagnostics.ts';
import { mapValues } from '../ir/map-values.ts';
import type { Attrs, Module, Operation, Value } from '../ir/module.ts';
import { type ModuleBuilder, rewriteModule } from '../ir/module-builder.ts';
import type { AnyOp, InferContext, OpContext, OpRegistry } from '../ir/op.ts';
import { definePass } from '../ir/pass.ts';
import { type Shape, sameShape, sizeOf } from '../ir/tensor.ts';
import { sameType, showType } from '../ir/types.ts';

/** Composites within composites: real ones stop after two or three rounds, so more than this is an endless expansion. */
const MAX_ROUNDS = 64;
/**
 * Operations that a module may have after expansion: so many, and so many for each it had. Composites that double each
 * round would reach any size.
 */
const MAX_OPERATIONS = 2 ** 16;
const PER_OPERATION = 16;
/** Views of more elements are not tested for being the identity. */
const MAX_TESTED = 2 ** 22;

/**
 * Rewrites until nothing changes.
 * @throws Diagnostic `endless-expansion` if composite operators keep expanding, `bad-expansion` if an expansion does not
 * have the types of the operator it replaces.
 */
export function canonicalizeModule(m: Module, ops: OpRegistry): Module {
  const limit = MAX_OPERATIONS + PER_OPERATION * m.operations.length;
  let current = m;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = rewriteOnce(current, ops);
    if (next === undefined) return current;
    if (next.operations.length > limit) break;
    current = next;
  }
  const composite = current.operations.find((o) => ops.get(o.op)?.expand !== undefined);
  throw new Diagnostic(
    'endless-expansion',
    `operator ${composite?.op ?? '?'} still expands after ${MAX_ROUNDS} rounds or makes more than ${limit} operations`,
    composite === undefined ? {} : { node: composite.loc.node },
  );
}

/** One round over all operations; undefined if nothing could be done. */
function rewriteOnce(m: Module, ops: OpRegistry): Module | undefined {
  let changed = false;
  const producers = new Map<Value, Operation>();
  const replaced = new Map<Value, Value>();
  const next = rewriteModule(m, ops, (o, b, original) => {
    const values = m.stage === 'float' ? expand(o, ops, b) : undefined;
    const better = values ?? simplify(o, ops, producers, b);
    if (better !== undefined) {
      changed = true;
      for (const [i, r] of original.results.entries()) if (!replaced.has(better[i]!)) replaced.set(better[i]!, r);
      return better;
    }
    const results = b.emitAt(o.loc, o.op, o.operands, o.attrs, o.results);
    for (const v of results) producers.set(v, { ...o, results });
    return results;
  });
  return changed ? keepAnnotations(next, replaced) : undefined;
}

/** Values that a composite operator's expansion gives; undefined if the operator is not composite. */
function expand(o: Operation, ops: OpRegistry, b: ModuleBuilder): readonly Value[] | undefined {
  const def = ops.get(o.op);
  if (def?.expand === undefined) return undefined;
  try {
    const results = def.expand(o.operands, { attrs: checked(o.attrs), emitter: b });
    const wrong = o.results.findIndex((r, i) => results[i] === undefined || !sameType(r.type, results[i].type));
    if (wrong < 0) return results;
    const got = results[wrong];
    throw new Diagnostic(
      'bad-expansion',
      `${o.op} expands to ${got === undefined ? 'nothing' : showType(got.type)}, expected ${showType(o.results[wrong]!.type)}`,
    );
  } catch (e) {
    throw e instanceof Diagnostic && o.loc.node !== '' ? e.at({ node: o.loc.node }) : e;
  }
}

/** Attributes of an operation are checked against the operator's schema when it is built. */
function checked(attrs: Attrs): InferContext<AnyOp['attrs']>['attrs'] {
  return attrs as OpContext<AnyOp['attrs']>['attrs'];
}

function simplify(
  o: Operation,
  ops: OpRegistry,
  producers: ReadonlyMap<Value, Operation>,
  b: ModuleBuilder,
): readonly Value[] | undefined {
  const [x] = o.operands;
  if (x === undefined || o.operands.length !== 1 || o.results.length !== 1) return undefined;
  if (isIdentity(o, x, ops)) return [x];
  const inner = producers.get(x);
  if (inner === undefined || inner.op !== o.op) return undefined;
  const attrs = MERGES.get(o.op)?.(inner, o);
  return attrs === undefined ? undefined : b.emitAt(o.loc, o.op, inner.operands, attrs, o.results);
}

/** How two operations of one view operator become one: attributes of the outer applied to the operand of the inner. */
const MERGES: ReadonlyMap<string, (inner: Operation, outer: Operation) => Attrs | undefined> = new Map([
  ['reshape', (_inner: Operation, outer: Operation): Attrs => outer.attrs],
  [
    'transpose',
    (inner: Operation, outer: Operation): Attrs | undefined => {
      const [p, q] = [axesOf(inner), axesOf(outer)];
      // Axis i of the result is axis q[i] of the inner result, which is axis p[q[i]] of its operand.
      return p === undefined || q === undefined ? undefined : { ...outer.attrs, perm: q.map((axis) => p[axis]!) };
    },
  ],
]);

function axesOf(o: Operation): Shape | undefined {
  const { perm } = o.attrs;
  return Array.isArray(perm) && perm.every((axis) => typeof axis === 'number') ? perm : undefined;
}

/**
 * True if a view or selection gives back its operand. Such an operator only moves elements or picks among them, so that
 * evaluating it on rising and on falling numbers decides the question (a maximum of two elements differs on one of them),
 * and no operator's meaning is stated here a second time.
 */
function isIdentity(o: Operation, x: Value, ops: OpRegistry): boolean {
  const def = ops.get(o.op);
  const [result] = o.results;
  if (def?.quantization.kind !== 'exact' || def.quantization.view !== true || def.evalFloat === undefined) return false;
  if (result === undefined || !sameType(x.type, result.type) || sizeOf(x.type.shape) > MAX_TESTED) return false;
  const { shape } = x.type;
  const { evalFloat } = def;
  return [(i: number) => i + 1, (i: number) => -1 - i].every((element) => {
    const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => element(i));
    const cx = { attrs: checked(o.attrs), operands: [x.type], results: [result.type], ops };
    const [y] = evalFloat([{ shape, data }], cx);
    return y !== undefined && sameShape(y.shape, shape) && y.data.every((v, i) => v === element(i));
  });
}

/** Values that replace named or calibrated ones take over the name and the calibrated range where they have none. */
function keepAnnotations(m: Module, replaced: ReadonlyMap<Value, Value>): Module {
  const inputs = new Set(m.inputs);
  const annotated = new Map<Value, Value>();
  for (const [v, old] of replaced) {
    if (inputs.has(v)) continue;
    const plain = v.type.kind === 'float' && v.type.range === undefined && sameType(v.type, old.type);
    annotated.set(v, { name: v.name === '' ? old.name : v.name, type: plain ? old.type : v.type });
  }
  return mapValues(m, (v) => annotated.get(v) ?? v);
}

export const canonicalize = definePass({
  name: 'canonicalize',
  doc: 'Expands composite operators, drops views that do nothing, merges chains of reshapes and of transposes.',
  options: {},
  needs: 'any',
  gives: 'same',
  run: (m, _options, cx) => canonicalizeModule(m, cx.ops),
});
