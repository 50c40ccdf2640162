// The verifier: what every module must satisfy after every pass. It collects all faults before it throws.
import { Diagnostic, quote, throwAll } from './diagnostics.ts';
import type { Attrs, Module, Operation, Stage, Value } from './module.ts';
import { inferTypes } from './module-builder.ts';
import type { AnyOp, OpRegistry } from './op.ts';
import { checkShape, sameShape, sizeOf, type Tensor } from './tensor.ts';
import { sameType, showType, type TensorType } from './types.ts';

/** Which types and operators a stage admits, as data. */
const LEGAL: Readonly<
  Record<Stage, { readonly type: TensorType['kind']; readonly op: (def: AnyOp) => boolean; readonly because: string }>
> = {
  float: { type: 'float', op: () => true, because: '' },
  int: {
    type: 'int',
    op: (def) => def.evalInt !== undefined && def.lower !== undefined,
    because: 'it has no integer meaning (evalInt) and constraints (lower)',
  },
};

/** Runs `f`; a Diagnostic or RangeError that it throws (say, of a type that cannot exist) becomes a fault. */
function guard<T>(faults: Diagnostic[], what: string, f: () => T): T | undefined {
  try {
    return f();
  } catch (e) {
    if (e instanceof Diagnostic) faults.push(e, ...e.others);
    else if (e instanceof RangeError)
      faults.push(new Diagnostic('bad-type', `${what}: ${e.message}`, {}, { cause: e }));
    else throw e;
    return undefined;
  }
}

/** Faults of a type by itself and in its stage: `bad-shape`, `tensor-too-large`, `bad-type`, `illegal-in-stage`. */
export function typeFaults(type: TensorType, stage: Stage, what: string): Diagnostic[] {
  const faults: Diagnostic[] = [];
  guard(faults, what, () => checkShape(type.shape, what));
  if (type.kind !== LEGAL[stage].type)
    faults.push(new Diagnostic('illegal-in-stage', `${what} has type ${showType(type)} in the ${stage} stage`));
  const [lo, hi] = type.kind === 'int' ? [type.lo, type.hi] : (type.range ?? [0, 0]);
  if (!(lo <= hi)) faults.push(new Diagnostic('bad-type', `${what}: the range of ${showType(type)} is empty`));
  if (type.kind === 'int') {
    if (!Number.isSafeInteger(lo) || !Number.isSafeInteger(hi))
      faults.push(
        new Diagnostic('bad-type', `${what}: bounds of ${showType(type)} must be whole and below 2^53 in magnitude`),
      );
    if (type.scale.num <= 0n || type.scale.den <= 0n)
      faults.push(new Diagnostic('bad-type', `${what}: the scale of ${showType(type)} must be positive`));
  }
  return faults;
}

/** Faults of a constant against its type: `bad-constant` for a wrong shape or a value outside the type. */
export function constantFaults(v: Value, t: Tensor): Diagnostic[] {
  const fault = (message: string): Diagnostic[] => [
    new Diagnostic('bad-constant', `constant ${quote(v.name)}: ${message}`, { field: v.name }),
  ];
  const { type } = v;
  if (!sameShape(t.shape, type.shape)) return fault(`type ${showType(type)} but a tensor of [${t.shape.join(', ')}]`);
  if (t.data.length !== sizeOf(t.shape))
    return fault(`shape [${t.shape.join(', ')}] expects ${sizeOf(t.shape)} elements, got ${t.data.length}`);
  if (type.kind === 'float' && type.element === 'f32') return [];
  const [lo, hi] = type.kind === 'int' ? [type.lo, type.hi] : type.element === 'bool' ? [0, 1] : [-Infinity, Infinity];
  const { data } = t;
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    if (!Number.isInteger(x) || x < lo || x > hi) return fault(`element ${i} is ${x}, outside ${showType(type)}`);
  }
  return [];
}

/**
 * Faults of one operation whose operands are known: operator, attributes, operands, stage, and `type-mismatch` where the
 * results are not what inference gives. Also its attributes with defaults filled in, if they are valid.
 */
export function operationFaults(
  o: Operation,
  stage: Stage,
  constants: ReadonlyMap<Value, Tensor>,
  ops: OpRegistry,
): { readonly faults: readonly Diagnostic[]; readonly attrs: Attrs | undefined } {
  const faults: Diagnostic[] = [];
  const def = ops.get(o.op);
  if (def !== undefined && !LEGAL[stage].op(def)) {
    faults.push(new Diagnostic('illegal-in-stage', `operator ${o.op} in the ${stage} stage: ${LEGAL[stage].because}`));
    return { faults, attrs: undefined };
  }
  // Operands of another stage are reported where they are defined; inference must not be asked about them.
  if (o.operands.some((v) => v.type.kind !== LEGAL[stage].type)) return { faults, attrs: undefined };
  const inferred = guard(faults, o.op, () => inferTypes(ops, o.op, o.operands, o.attrs, constants));
  if (inferred === undefined) return { faults, attrs: undefined };
  if (inferred.types.length !== o.results.length)
    faults.push(
      new Diagnostic(
        'type-mismatch',
        `${o.op} has ${inferred.types.length} results, the module gives ${o.results.length}`,
      ),
    );
  o.results.forEach((r, i) => {
    const type = inferred.types[i];
    if (type !== undefined && !sameType(type, r.type))
      faults.push(
        new Diagnostic('type-mismatch', `${o.op}: expected ${showType(type)} by inference, got ${showType(r.type)}`, {
          field: r.name,
        }),
      );
    faults.push(...typeFaults(r.type, stage, `result ${i} of ${o.op}`));
  });
  return { faults, attrs: inferred.attrs };
}

/** All faults of a module, in its order; empty if it is valid. */
export function moduleFaults(m: Module, ops: OpRegistry): readonly Diagnostic[] {
  const faults: Diagnostic[] = [];
  const defined = new Set<Value>();
  const define = (v: Value): void => {
    if (defined.has(v))
      faults.push(new Diagnostic('redefined-value', `value ${quote(v.name)} is defined twice`, { field: v.name }));
    defined.add(v);
  };

  const inputFault = portNames('input');
  for (const v of m.inputs) {
    define(v);
    faults.push(...inputFault(v.name), ...typeFaults(v.type, m.stage, `input ${quote(v.name)}`));
  }
  for (const [v, t] of m.constants) {
    define(v);
    faults.push(...typeFaults(v.type, m.stage, `constant ${quote(v.name)}`), ...constantFaults(v, t));
  }
  for (const o of m.operations) {
    const found: Diagnostic[] = [];
    for (const v of o.operands)
      if (!defined.has(v))
        found.push(
          new Diagnostic('undefined-value', `operand ${quote(v.name)} of ${o.op} is not defined before its use`, {
            field: v.name,
          }),
        );
    const { faults: own, attrs } = operationFaults(o, m.stage, m.constants, ops);
    found.push(...own);
    for (const name of Object.keys(attrs ?? {}))
      if (!Object.hasOwn(o.attrs, name))
        found.push(new Diagnostic('bad-attribute', `${o.op}: attribute ${name} is not filled in`, { field: name }));
    faults.push(...(o.loc.node === '' ? found : found.map((d) => d.at({ node: o.loc.node }))));
    for (const v of o.results) define(v);
  }
  if (m.outputs.length === 0) faults.push(new Diagnostic('no-outputs', `module ${quote(m.name)} has no output`));
  const outputFault = portNames('output');
  for (const o of m.outputs) {
    faults.push(...outputFault(o.name));
    if (!defined.has(o.value))
      faults.push(
        new Diagnostic('undefined-value', `output ${quote(o.name)} is not defined by the module`, { field: o.name }),
      );
  }
  return faults;
}

/** A check of the names of one kind of port, called with each in turn: `duplicate-port`, as ports are bound by name. */
export function portNames(kind: 'input' | 'output'): (name: string) => readonly Diagnostic[] {
  const seen = new Set<string>();
  return (name) => {
    const again = seen.has(name);
    seen.add(name);
    return again ? [new Diagnostic('duplicate-port', `two ${kind}s are called ${quote(name)}`, { field: name })] : [];
  };
}

/**
 * Checks that a module is well formed: single static assignment, types equal to inference, valid attributes, operators
 * and types legal in its stage, constants inside their types, distinct port names, outputs that exist.
 * @throws Diagnostic the first fault, carrying all others.
 */
export function verifyModule(m: Module, ops: OpRegistry): void {
  throwAll(moduleFaults(m, ops));
}
