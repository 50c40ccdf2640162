// Counts the multiply-accumulates of a circuit: what coverage of sliced runs is stated in.
import type { Circuit } from '../circuit.ts';
import { contractionSizes } from '../contraction.ts';

/** Multiply-accumulates of all contractions, whether an operand is constant or not. */
export function multiplyAccumulates(c: Pick<Circuit, 'instrs' | 'wires'>): number {
  let macs = 0;
  for (const i of c.instrs)
    if (i.op === 'contract') {
      const sizes = contractionSizes(i.spec, c.wires[i.in[0]]!.shape, c.wires[i.in[1]]!.shape);
      macs += [...sizes.values()].reduce((n, size) => n * size, 1);
    }
  return macs;
}
