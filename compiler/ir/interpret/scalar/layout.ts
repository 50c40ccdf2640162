// The order of the variables that belong to ports: 0 is one, public outputs, public inputs, commitments, private inputs.
import type { Circuit, Port } from '../../circuit.ts';
import type { R1csCounts } from '../../iden3/r1cs.ts';
import { sizeOf } from '../../tensor.ts';

/** Consecutive public signals: the elements of a port, row-major, or its commitment (one signal). */
export interface SignalGroup {
  readonly port: string;
  readonly kind: 'values' | 'commitment';
  readonly role: Port['role'];
  /** Variable of the first signal; the first public signal of all is variable 1. */
  readonly first: number;
  readonly count: number;
}

export interface Layout extends R1csCounts {
  /** Public signals in order. */
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
  const signals: SignalGroup[] = [];
  let next = 1;
  const place = (at: Int32Array, port: number, count: number): number => {
    at[port] = next;
    next += count;
    return next - count;
  };
  const elements = (p: Port): number => sizeOf(c.wires[p.wire]!.shape);
  const publish = (outputs: boolean): number => {
    const start = next;
    for (const [index, p] of c.ports.entries()) {
      if (p.visibility !== 'public' || (p.role === 'output') !== outputs) continue;
      const first = place(values, index, elements(p));
      signals.push({ port: p.name, kind: 'values', role: p.role, first, count: elements(p) });
    }
    return next - start;
  };
  const publicOutputs = publish(true);
  let publicInputs = publish(false);
  for (const [index, p] of c.ports.entries()) {
    if (p.visibility !== 'committed') continue;
    const first = place(commitments, index, 1);
    signals.push({ port: p.name, kind: 'commitment', role: p.role, first, count: 1 });
    publicInputs++;
  }
  const start = next;
  for (const [index, p] of c.ports.entries())
    if (p.visibility !== 'public' && p.role !== 'output') place(values, index, elements(p));
  for (const [index, p] of c.ports.entries()) if (p.visibility === 'committed') place(blindings, index, 1);
  return {
    signals,
    values,
    commitments,
    blindings,
    publicOutputs,
    publicInputs,
    privateInputs: next - start,
    variables: next,
  };
}
