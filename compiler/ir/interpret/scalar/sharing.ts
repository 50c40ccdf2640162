// Which wires become variables of their own, decided per wire from shapes alone.
//
// Every element of a wire is a linear combination of variables, and linear instructions only combine them. Copying long
// combinations into many rows would make the rows dense, so a wire whose elements have t terms and are read r times is
// materialised where it is defined (one variable and one linear row per element) if r > 1, t > 4 and r * t > 64.
//
// Hence no combination of more than 32 terms is ever copied, and copies add at most 64 terms per element: a row that
// contracts n elements has at most 32 n + 1 terms unless its operand is read by nothing else, and consecutive linear layers
// do not grow dense.
import { type Circuit, inputsOf } from '../../circuit.ts';
import { contractionSizes } from '../../contraction.ts';
import { constantWires } from '../../recorder.ts';
import type { View } from '../../view.ts';

/** Elements of so few terms are copied freely: materialising them would only add a row. */
export const MAX_FREE_TERMS = 4;
/** Most terms that the copies of one element may have together. */
export const MAX_COPIED_TERMS = 64;

export interface Sharing {
  /** Wires fixed at compile time. */
  readonly fixed: ReadonlySet<number>;
  /** True if elements of `terms` terms of this wire have to become variables. */
  readonly isMaterialised: (wire: number, terms: number) => boolean;
}

export function planSharing(c: Circuit): Sharing {
  const fixed = constantWires(c);
  /** Wires that hold the combinations of a wire: itself, or those that views and concatenations read. */
  const roots: number[][] = c.wires.map((_, w) => [w]);
  /** How often a wire repeats an element of its roots, at most. */
  const repeats = new Float64Array(c.wires.length).fill(1);
  const reads = new Float64Array(c.wires.length);
  const read = (w: number, times: number): void => {
    for (const root of roots[w]!) reads[root]! += times * repeats[w]!;
  };
  for (const i of c.instrs) {
    switch (i.op) {
      case 'view':
        roots[i.out] = roots[i.in]!;
        repeats[i.out] = repeats[i.in]! * viewRepeats(i.steps);
        break;
      case 'concat':
        roots[i.out] = [...new Set(i.in.flatMap((w) => roots[w]!))];
        repeats[i.out] = i.in.reduce((n, w) => n + repeats[w]!, 0);
        break;
      case 'deduce':
      case 'range':
        roots[i.out] = roots[i.in]!;
        repeats[i.out] = repeats[i.in]!;
        if (i.op === 'range') read(i.in, 1);
        break;
      case 'contract': {
        const [a, b] = i.in;
        const sizes = contractionSizes(i.spec, c.wires[a]!.shape, c.wires[b]!.shape);
        const bilinear = !fixed.has(a) && !fixed.has(b);
        // A letter of the other operand repeats this one for each output, or each product if both are variable.
        const times = (names: string): number =>
          [...sizes].reduce((n, [l, size]) => {
            return !names.includes(l) && (bilinear || i.spec.out.includes(l)) ? n * size : n;
          }, 1);
        if (!fixed.has(a)) read(a, times(i.spec.a));
        if (!fixed.has(b)) read(b, times(i.spec.b));
        break;
      }
      case 'affine':
      case 'sum':
      case 'zero':
      case 'lookup':
        for (const w of inputsOf(i)) read(w, 1);
        break;
      // Hints read values, not combinations.
      case 'hint':
      case 'port':
      case 'constant':
      case 'gather':
        break;
    }
  }
  for (const p of c.ports) if (p.role === 'output' && p.visibility !== 'private') read(p.wire, 1);
  return {
    fixed,
    isMaterialised: (w, terms) => reads[w]! > 1 && terms > MAX_FREE_TERMS && reads[w]! * terms > MAX_COPIED_TERMS,
  };
}

/** How many output cells read one input cell, at most. */
function viewRepeats(steps: readonly View[]): number {
  let times = 1;
  for (const v of steps) {
    if (v.kind === 'broadcast') times *= v.size;
    if (v.kind === 'window') times *= v.dilation === 1 ? Math.ceil(v.size / v.stride) : v.size;
    if (v.kind === 'gather') times *= mostRepeated(v.index);
  }
  return times;
}

function mostRepeated(index: Int32Array): number {
  const counts = new Map<number, number>();
  let most = 1;
  for (const i of index) {
    if (i < 0) continue;
    const n = (counts.get(i) ?? 0) + 1;
    counts.set(i, n);
    if (n > most) most = n;
  }
  return most;
}
