// The order of the variables that belong to ports: 0 is one, public signals in their order, then private inputs.
import type { Circuit } from '../../circuit.ts';
import type { R1csCounts } from '../../iden3/r1cs.ts';
import { publicSignals, type SignalGroup } from '../../public-signals.ts';
import { sizeOf } from '../../tensor.ts';

/**
 * Public outputs are the outputs and all commitments; private inputs the elements of private and committed inputs and
 * parameters, then the blinding elements of committed ports.
 */
export interface Layout extends R1csCounts {
  /** Public signals in order; the first is variable 1. */
  readonly signals: readonly SignalGroup[];
  /** First variable of each port's elements; -1 where it has none (private and committed outputs). */
  readonly values: Int32Array;
  /** Variable of each port's commitment and of its blinding element; -1 where it is not committed. */
  readonly commitments: Int32Array;
  readonly blindings: Int32Array;
  /** Number of port variables, the constant one included. */
  readonly variables: number;
}

export function layoutPorts(c: Circuit): Layout {
  const none = (): Int32Array => new Int32Array(c.ports.length).fill(-1);
  const [values, commitments, blindings] = [none(), none(), none()];
  let next = 1;
  const place = (at: Int32Array, port: number, count: number): void => {
    at[port] = next;
    next += count;
  };
  const signals = publicSignals(c);
  for (const { port, kind, count } of signals) place(kind === 'commitment' ? commitments : values, port, count);
  const publicOutputs = signals.reduce((n, s) => n + (s.computed ? s.count : 0), 0);
  const publicInputs = next - 1 - publicOutputs;
  for (const [port, p] of c.ports.entries())
    if (p.visibility !== 'public' && p.role !== 'output') place(values, port, sizeOf(c.wires[p.wire]!.shape));
  for (const [port, p] of c.ports.entries()) if (p.visibility === 'committed') place(blindings, port, 1);
  const privateInputs = next - 1 - publicOutputs - publicInputs;
  return { signals, values, commitments, blindings, publicOutputs, publicInputs, privateInputs, variables: next };
}
