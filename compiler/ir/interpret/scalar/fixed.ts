// Values that depend on constants only, and how long wires are needed.
import { type Circuit, type Instr, inputsOf } from '../../circuit.ts';
import { contract } from '../../contraction.ts';
import { Diagnostic } from '../../diagnostics.ts';
import type { Interval } from '../../interval.ts';
import type { Tensor } from '../../tensor.ts';
import { applyViews, dense, strided } from '../../view.ts';
import * as kernels from '../kernels.ts';

const LIMIT = BigInt(Number.MAX_SAFE_INTEGER);

/** True if numbers hold every integer of the interval exactly. */
export function isNarrow(r: Interval): boolean {
  return r.lo >= -LIMIT && r.hi <= LIMIT;
}

/** Index of the last instruction that reads each wire; ports keep theirs. */
export function lastUses(c: Circuit): Float64Array {
  const last = new Float64Array(c.wires.length).fill(-1);
  for (const [index, i] of c.instrs.entries()) for (const w of inputsOf(i)) last[w] = index;
  for (const p of c.ports) last[p.wire] = Number.POSITIVE_INFINITY;
  return last;
}

/** Value of a wire that depends on constants only. @throws Diagnostic `constant-too-wide` beyond 2^53. */
export function fixedValue(c: Circuit, i: Instr, of: (wire: number) => Tensor): Tensor {
  switch (i.op) {
    case 'constant':
      return { shape: c.wires[i.out]!.shape, data: c.constants.get(i.digest)!.data };
    case 'deduce':
      return of(i.in);
    case 'view':
      return applyViews(of(i.in), ...i.steps);
    case 'concat':
      return dense(
        kernels.concat(
          c.wires[i.out]!.shape,
          i.axis,
          i.in.map((w) => strided(of(w))),
        ),
      );
    case 'affine':
    case 'sum':
    case 'contract': {
      const { range } = c.wires[i.out]!;
      if (!isNarrow(range) || inputsOf(i).some((w) => !isNarrow(c.wires[w]!.range)))
        throw new Diagnostic(
          'constant-too-wide',
          'a value computed from constants only leaves the integers below 2^53',
        );
      if (i.op === 'affine')
        return dense(
          kernels.affine(
            i,
            i.in.map((w) => strided(of(w))),
          ),
        );
      if (i.op === 'sum') return dense(kernels.sum(strided(of(i.in)), i.axes));
      return contract(i.spec, of(i.in[0]), of(i.in[1]));
    }
    default:
      throw new RangeError(`${i.op} is not fixed at compile time`);
  }
}
