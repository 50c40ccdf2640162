// Lowers an integer module to a circuit: every operator records its own constraints, ports are declared here.
import type { Capabilities, Circuit, Visibility } from './circuit.ts';
import { Diagnostic } from './diagnostics.ts';
import { type Interval, interval } from './interval.ts';
import type { Module, Value } from './module.ts';
import type { OpRegistry } from './op.ts';
import { createRecorder, type RecordedWire } from './recorder.ts';
import type { IntType, TensorType } from './types.ts';

/** Who may see what. `fixed` weights are constants of the circuit, part of the verification key. */
export interface PortVisibility {
  readonly input: Visibility;
  readonly weights: Visibility | 'fixed';
  readonly output: Visibility;
}

/** Private input, weights as constants of the circuit, public output. */
export const DEFAULT_VISIBILITY: PortVisibility = { input: 'private', weights: 'fixed', output: 'public' };

/** What is stated of single inputs and outputs instead of what {@link PortVisibility} states of all, by name. */
export interface PortOverrides {
  readonly visibility?: ReadonlyMap<string, Visibility>;
  /**
   * Intervals of inputs: those of the circuit that makes them. They are wider than the type's where weights are not constants,
   * and commitments are to integers of an interval.
   */
  readonly ranges?: ReadonlyMap<string, Interval>;
}

function integer(t: TensorType, what: string): IntType {
  if (t.kind !== 'int')
    throw new Diagnostic('not-quantized', `${what} is not quantized: run the quantize pass before lowering`);
  return t;
}

/**
 * Records the circuit of a module in stage `int`.
 * @throws Diagnostic `not-quantized`, `no-lowering`, or `field-overflow` naming the node whose range does not fit the target.
 */
export function lowerModule(
  m: Module,
  ops: OpRegistry,
  target: Capabilities,
  visibility: PortVisibility = DEFAULT_VISIBILITY,
  overrides: PortOverrides = {},
): Circuit {
  const r = createRecorder(target);
  const wires = new Map<Value, RecordedWire>();
  const names = new Set<string>();
  const unique = (name: string): string => {
    let candidate = name;
    for (let i = 1; names.has(candidate); i++) candidate = `${name}_${i}`;
    names.add(candidate);
    return candidate;
  };
  for (const v of m.inputs) {
    const t = integer(v.type, `input ${v.name}`);
    const shown = overrides.visibility?.get(v.name) ?? visibility.input;
    const range = overrides.ranges?.get(v.name) ?? interval(t.lo, t.hi);
    wires.set(v, r.input(unique(v.name), 'input', shown, t.shape, range));
  }
  // Outputs keep the model's names; weights, which nobody asks for by name, give way.
  const outputs = m.outputs.map((o) => unique(o.name));
  let weights = 0;
  for (const [v, t] of m.constants) {
    const type = integer(v.type, `constant ${v.name}`);
    if (visibility.weights === 'fixed') {
      wires.set(v, r.constant({ shape: type.shape, data: t.data }));
      continue;
    }
    const name = unique(v.name === '' ? `weight_${weights++}` : v.name);
    wires.set(v, r.input(name, 'param', visibility.weights, type.shape, interval(type.lo, type.hi)));
  }
  for (const o of m.operations) {
    const def = ops.get(o.op);
    if (def?.lower === undefined)
      throw new Diagnostic('no-lowering', `operator ${o.op} has no constraints`, { node: o.loc.node });
    const { lower } = def;
    try {
      r.scope(`${o.loc.node === '' ? o.op : o.loc.node}#${o.op}`, () => {
        const cx = {
          attrs: o.attrs as never,
          operands: o.operands.map((v) => integer(v.type, v.name)),
          results: o.results.map((v) => integer(v.type, v.name)),
          ops,
          constant: (i: number) => m.constants.get(o.operands[i]!),
        };
        const results = lower(
          r,
          o.operands.map((v) => wires.get(v)!),
          cx,
        );
        // Every wire that `lower` can reach was made by this recorder.
        for (const [i, v] of o.results.entries()) wires.set(v, results[i] as RecordedWire);
      });
    } catch (e) {
      throw e instanceof Diagnostic ? e.at({ node: o.loc.node }) : e;
    }
  }
  for (const [i, o] of m.outputs.entries()) {
    const shown = overrides.visibility?.get(o.name) ?? visibility.output;
    r.output(outputs[i]!, shown, wires.get(o.value)!);
  }
  return r.finish();
}
