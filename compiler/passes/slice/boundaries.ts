// Which tensors cross between slices, and the slices' own modules.
import { digest, tensorDigest } from '../../ir/digest.ts';
import { evaluateModule } from '../../ir/evaluate.ts';
import type { Module, Operation, Value } from '../../ir/module.ts';
import type { OpRegistry } from '../../ir/op.ts';
import { showRational } from '../../ir/rational.ts';
import type { BoundaryTensor, Slice, Slicing, TensorSource } from '../../ir/slicing.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { showType } from '../../ir/types.ts';
import { integerType } from './groups.ts';

/** What a slice is before its costs are known. */
export type SliceShape = Omit<Slice, 'predicted'>;

/**
 * Tensors and slices of a chain of sets of operations.
 * @param parts for each slice its operations, ascending
 */
export function boundariesOf(
  m: Module,
  parts: readonly (readonly number[])[],
): { readonly slices: readonly SliceShape[]; readonly tensors: readonly BoundaryTensor[] } {
  const sliceOf = new Int32Array(m.operations.length);
  for (const [s, operations] of parts.entries()) for (const o of operations) sliceOf[o] = s;
  const consumers = new Map<Value, Set<number>>();
  for (const [i, o] of m.operations.entries())
    for (const v of o.operands) consumers.set(v, (consumers.get(v) ?? new Set()).add(sliceOf[i]!));
  const outputs = new Map<Value, string[]>();
  for (const o of m.outputs) outputs.set(o.value, [...(outputs.get(o.value) ?? []), o.name]);

  const tensors: BoundaryTensor[] = [];
  // Names of inputs and outputs are the user's: boundaries give way.
  const taken = new Set(m.outputs.map((o) => o.name));
  const unique = (wanted: string): string => {
    let name = wanted;
    for (let i = 1; taken.has(name); i++) name = `${wanted}_${i}`;
    taken.add(name);
    return name;
  };
  const nameOf = (v: Value, source: TensorSource, named: readonly string[]): string => {
    const isFree = (name: string): boolean => !tensors.some((t) => t.name === name);
    if (source.kind === 'input' && (!taken.has(v.name) || (named.includes(v.name) && isFree(v.name)))) {
      taken.add(v.name);
      return v.name;
    }
    const own = source.kind === 'input' ? undefined : named.find(isFree);
    return own ?? unique(v.name === '' ? 'boundary' : v.name);
  };
  const cross = (v: Value, source: TensorSource, producer: number): void => {
    const readBy = [...(consumers.get(v) ?? [])].filter((s) => s !== producer).sort((a, b) => a - b);
    const named = outputs.get(v) ?? [];
    if (source.kind !== 'input' && readBy.length === 0 && named.length === 0) return;
    const { shape, lo, hi, scale } = integerType(v);
    const name = nameOf(v, source, named);
    tensors.push({
      name,
      source,
      shape,
      lo,
      hi,
      scale: showRational(scale),
      producer,
      consumers: readBy,
      outputs: named,
    });
  };
  for (const [index, v] of m.inputs.entries()) cross(v, { kind: 'input', index }, -1);
  for (const [index, v] of [...m.constants.keys()].entries())
    if (outputs.has(v)) {
      consumers.delete(v);
      cross(v, { kind: 'constant', index }, parts.length - 1);
    }
  for (const [i, o] of m.operations.entries())
    for (const [result, v] of o.results.entries()) cross(v, { kind: 'result', operation: i, result }, sliceOf[i]!);

  const slices = parts.map((operations, s): SliceShape => {
    const indices = [...tensors.keys()];
    return {
      name: `s${s}`,
      operations,
      nodes: [...new Set(operations.map((o) => nodeName(m.operations[o]!)))],
      inputs: indices.filter((t) => tensors[t]!.consumers.includes(s)),
      outputs: indices.filter((t) => tensors[t]!.producer === s),
    };
  });
  return { slices, tensors };
}

/** The ONNX node of an operation, or its operator where there is none. */
export function nodeName(o: Operation): string {
  return o.loc.node === '' ? o.op : o.loc.node;
}

/** The value that a tensor of a slicing is in the unsliced module. */
export function tensorValue(m: Module, { source }: BoundaryTensor): Value {
  const found =
    source.kind === 'input'
      ? m.inputs[source.index]
      : source.kind === 'constant'
        ? [...m.constants.keys()][source.index]
        : m.operations[source.operation]?.results[source.result];
  if (found === undefined) throw new RangeError(`the slicing is not one of module ${m.name}`);
  return found;
}

/**
 * The module of each slice: its inputs and outputs are the slicing's tensors by name and in order, with the type that they
 * have in the whole; it holds the constants that it uses. Running them in order gives what the whole module gives.
 * @throws RangeError if the slicing is not one of this module.
 */
export function sliceModules(m: Module, slicing: Pick<Slicing, 'slices' | 'tensors'>): readonly Module[] {
  const { slices, tensors } = slicing;
  return slices.map((s): Module => {
    const renamed = new Map<Value, Value>();
    for (const t of s.inputs) {
      const v = tensorValue(m, tensors[t]!);
      renamed.set(v, { name: tensors[t]!.name, type: v.type });
    }
    const map = (v: Value): Value => renamed.get(v) ?? v;
    const operations = s.operations.map((i) => {
      const o = m.operations[i];
      if (o === undefined) throw new RangeError(`the slicing is not one of module ${m.name}`);
      return { ...o, operands: o.operands.map(map) };
    });
    const outputs = s.outputs.map((t) => ({ name: tensors[t]!.name, value: tensorValue(m, tensors[t]!) }));
    const used = new Set([...operations.flatMap((o) => o.operands), ...outputs.map((o) => o.value)]);
    return {
      name: `${m.name}.${s.name}`,
      stage: m.stage,
      inputs: s.inputs.map((t) => map(tensorValue(m, tensors[t]!))),
      outputs,
      constants: new Map([...m.constants].filter(([v]) => used.has(v))),
      operations,
    };
  });
}

/**
 * The model's outputs by running the slices in order over the integers; every tensor that crosses is shown to `observe`.
 * @param modules those of `sliceModules`
 * @throws Diagnostic as `evaluateModule`.
 */
export function evaluateSlices(
  modules: readonly Module[],
  { slices, tensors }: Pick<Slicing, 'slices' | 'tensors'>,
  ops: OpRegistry,
  inputs: ReadonlyMap<string, Tensor>,
  observe: (t: BoundaryTensor, value: Tensor) => void = () => {},
): ReadonlyMap<string, Tensor> {
  const known = new Map<string, Tensor>();
  const define = (t: BoundaryTensor, value: Tensor): void => {
    known.set(t.name, value);
    observe(t, value);
  };
  for (const t of tensors) {
    const value = t.producer < 0 ? inputs.get(t.name) : undefined;
    if (value !== undefined) define(t, value);
  }
  for (const [s, slice] of slices.entries()) {
    const results = evaluateModule(modules[s]!, ops, known);
    for (const t of slice.outputs) define(tensors[t]!, results.get(tensors[t]!.name)!);
  }
  return new Map(tensors.flatMap((t) => t.outputs.map((name) => [name, known.get(t.name)!] as const)));
}

/** JSON knows neither infinities nor NaN nor -0. */
const exactNumbers = (_key: string, x: unknown): unknown =>
  typeof x === 'number' ? `number ${Object.is(x, -0) ? '-0' : x}` : x;

/**
 * Equal for modules that are the same up to names, locations and, with `types`, the values of constants: slices with one
 * key share a circuit and its keys, where weights are ports (`types`) or constants of the circuit (`values`).
 */
export function structuralKey(m: Module, constants: 'types' | 'values'): string {
  const numbers = new Map<Value, number>();
  const lines: string[] = [m.stage];
  const define = (v: Value): string => {
    numbers.set(v, numbers.size);
    return showType(v.type);
  };
  lines.push(`inputs ${m.inputs.map(define).join(' ')}`);
  // Constants in the order of their first use: that of the map depends on the rest of the model.
  const use = (v: Value): string => {
    const have = numbers.get(v);
    if (have !== undefined) return `%${have}`;
    const t = m.constants.get(v);
    if (t === undefined) throw new RangeError(`module ${m.name} uses a value that it does not define`);
    const type = define(v);
    return `%${numbers.get(v)} = constant ${type} ${constants === 'values' ? tensorDigest(t) : ''};`;
  };
  for (const o of m.operations) {
    const operands = o.operands.map(use).join(' ');
    const attrs = Object.keys(o.attrs)
      .sort()
      .map((k) => `${JSON.stringify(k)}:${JSON.stringify(o.attrs[k], exactNumbers)}`);
    lines.push(`${JSON.stringify(o.op)} ${operands} {${attrs.join(',')}} ${o.results.map(define).join(' ')}`);
  }
  lines.push(`outputs ${m.outputs.map((o) => use(o.value)).join(' ')}`);
  return digest('zkmlc/slice-structure', lines.join('\n'));
}
