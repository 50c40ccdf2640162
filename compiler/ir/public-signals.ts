// The public signals of a proof: which numbers a verifier sees, and in which order, for every backend over rank-1 constraints.
import type { Circuit, Port } from './circuit.ts';
import { sizeOf } from './tensor.ts';

/** A run of consecutive public signals that belongs to one port. */
export interface SignalGroup {
  /** Index in `Circuit.ports`. */
  readonly port: number;
  /** The port's elements, row-major, or the one commitment to them. */
  readonly kind: 'elements' | 'commitment';
  /** Number of signals. */
  readonly count: number;
  /** True if the circuit computes the signals (outputs and commitments), false if they are given to it. */
  readonly computed: boolean;
}

/**
 * Groups in order: output ports, then commitments of input and parameter ports, then their public elements. Computed
 * signals come first, because that is where both `.r1cs` and Circom put outputs.
 */
export function publicSignals(c: Pick<Circuit, 'ports' | 'wires'>): readonly SignalGroup[] {
  const ports = [...c.ports.entries()];
  const elements = (p: Port): number => sizeOf(c.wires[p.wire]!.shape);
  const commitment = (port: number): SignalGroup => ({ port, kind: 'commitment', count: 1, computed: true });
  const outputs = ports.flatMap(([port, p]): readonly SignalGroup[] => {
    if (p.role !== 'output' || p.visibility === 'private') return [];
    return [
      p.visibility === 'committed' ? commitment(port) : { port, kind: 'elements', count: elements(p), computed: true },
    ];
  });
  const commitments = ports.flatMap(([port, p]) =>
    p.role !== 'output' && p.visibility === 'committed' ? [commitment(port)] : [],
  );
  const given = ports.flatMap(([port, p]): readonly SignalGroup[] =>
    p.role !== 'output' && p.visibility === 'public'
      ? [{ port, kind: 'elements', count: elements(p), computed: false }]
      : [],
  );
  return [...outputs, ...commitments, ...given];
}
