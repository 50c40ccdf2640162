// Canonical modules of slices: numbers instead of names, so that equal slices are the same text, circuit, key and root.
import type { Module, Operation, Value } from '../../ir/module.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { nodeName } from './boundaries.ts';

/** Names in canonical modules: `input0`, `output0`, `parameter0`, `value0`, and `node0` for the ONNX node of an operation. */
export type CanonicalName = 'input' | 'output' | 'parameter' | 'value' | 'node';

/** The name of the i-th thing of a kind. */
export const canonicalName = (kind: CanonicalName, i: number): string => `${kind}${i}`;

/**
 * The same module with everything numbered in order: inputs, outputs and results as they are listed, constants by their first
 * use, nodes by their first operation (as `Slice.nodes` lists them). Modules that differ in names, locations, and the order of
 * their constants only become equal.
 * @throws RangeError if an operation uses a value that the module does not define.
 */
export function canonicalModule(m: Module): Module {
  const known = new Map<Value, Value>();
  const counts = { parameter: 0, value: 0 };
  const define = (v: Value, name: string): Value => {
    const numbered = { name, type: v.type };
    known.set(v, numbered);
    return numbered;
  };
  const constants = new Map<Value, Tensor>();
  const use = (v: Value): Value => {
    const have = known.get(v);
    if (have !== undefined) return have;
    const tensor = m.constants.get(v);
    if (tensor === undefined) throw new RangeError(`module ${m.name} uses a value that it does not define`);
    const numbered = define(v, canonicalName('parameter', counts.parameter++));
    constants.set(numbered, tensor);
    return numbered;
  };
  const nodes = new Map<string, number>();
  const locate = (o: Operation): Operation['loc'] => {
    const index = nodes.get(nodeName(o)) ?? nodes.size;
    nodes.set(nodeName(o), index);
    return { node: canonicalName('node', index), index };
  };
  const inputs = m.inputs.map((v, i) => define(v, canonicalName('input', i)));
  const operations = m.operations.map((o): Operation => {
    // Operands first: constants are numbered by use.
    const operands = o.operands.map(use);
    const attrs = Object.fromEntries(Object.entries(o.attrs).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
    const results = o.results.map((v) => define(v, canonicalName('value', counts.value++)));
    return { op: o.op, operands, results, attrs, loc: locate(o) };
  });
  const outputs = m.outputs.map((o, i) => ({ name: canonicalName('output', i), value: use(o.value) }));
  return { name: 'slice', stage: m.stage, inputs, outputs, constants, operations };
}
