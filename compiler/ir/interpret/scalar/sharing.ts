// Which wires become variables of their own, decided per wire from shapes alone.
//
// Every element of a wire is a linear combination of variables, and linear instructions only combine them. Copying long
// combinations into many rows would make the rows dense, so a wire is materialised (one variable and one linear row per
// element) where it is defined if its elements have
// - more than 4 terms and are read more than once by one instruction (a contraction with further output axes, a window or
//   broadcast view, a committed port), or
// - more than 64 terms and are read by more than one instruction.
// Hence a row of a contraction over n elements has at most 4 n + 1 terms where its operand is used for other outputs too,
// and no combination of more than 64 terms is ever copied: consecutive linear layers do not grow dense.
import { type Circuit, inputsOf } from '../../circuit.ts';
import { contractionSizes } from '../../contraction.ts';
import { constantWires } from '../../recorder.ts';
import type { Shape } from '../../tensor.ts';
import { type View, viewShape } from '../../view.ts';

/** Most terms of an element that an instruction may read more than once. */
export const MAX_REPEATED_TERMS = 4;
/** Most terms of an element that several instructions may read. */
export const MAX_SHARED_TERMS = 64;

export interface Sharing {
  /** Wires fixed at compile time. */
  readonly fixed: ReadonlySet<number>;
  /** True if an element of `terms` terms of this wire has to become a variable. */
  readonly isMaterialised: (wire: number, terms: number) => boolean;
}

export function planSharing(c: Circuit): Sharing {
  const fixed = constantWires(c);
  /** Wires that hold the combinations of a wire: itself, or those that views and concatenations read. */
  const roots: number[][] = c.wires.map((_, w) => [w]);
  /** Wires that read elements of their roots more than once. */
  const repeating = new Uint8Array(c.wires.length);
  const readers = new Int32Array(c.wires.length);
  const repeated = new Uint8Array(c.wires.length);
  const read = (w: number, again: boolean): void => {
    for (const root of roots[w]!) {
      readers[root]!++;
      if (again || repeating[w] === 1) repeated[root] = 1;
    }
  };
  for (const i of c.instrs) {
    switch (i.op) {
      case 'view':
        roots[i.out] = roots[i.in]!;
        repeating[i.out] = repeating[i.in]! | (viewRepeats(i.steps, c.wires[i.in]!.shape) ? 1 : 0);
        break;
      case 'concat': {
        const all = i.in.flatMap((w) => roots[w]!);
        roots[i.out] = [...new Set(all)];
        if (roots[i.out]!.length < all.length || i.in.some((w) => repeating[w] === 1)) repeating[i.out] = 1;
        break;
      }
      case 'deduce':
      case 'range':
        roots[i.out] = roots[i.in]!;
        repeating[i.out] = repeating[i.in]!;
        if (i.op === 'range') read(i.in, false);
        break;
      case 'contract': {
        const [a, b] = i.in;
        const sizes = contractionSizes(i.spec, c.wires[a]!.shape, c.wires[b]!.shape);
        const bilinear = !fixed.has(a) && !fixed.has(b);
        // A letter of the other operand repeats this one for each output, or each product if both are variable.
        const others = (names: string): boolean =>
          [...sizes].some(([l, n]) => n > 1 && !names.includes(l) && (bilinear || i.spec.out.includes(l)));
        if (!fixed.has(a)) read(a, others(i.spec.a));
        if (!fixed.has(b)) read(b, others(i.spec.b));
        break;
      }
      case 'affine':
      case 'sum':
      case 'zero':
      case 'lookup':
        for (const w of inputsOf(i)) read(w, false);
        break;
      // Hints read values, not combinations.
      case 'hint':
      case 'port':
      case 'constant':
      case 'gather':
        break;
    }
  }
  for (const p of c.ports) if (p.role === 'output') read(p.wire, p.visibility === 'committed');
  return {
    fixed,
    isMaterialised: (w, terms) =>
      (terms > MAX_REPEATED_TERMS && repeated[w] === 1) || (terms > MAX_SHARED_TERMS && readers[w]! > 1),
  };
}

/** True if some input cell may be read by more than one output cell. */
function viewRepeats(steps: readonly View[], shape: Shape): boolean {
  let current = shape;
  for (const v of steps) {
    const next = viewShape(v, current);
    if (v.kind === 'broadcast' && v.size > 1) return true;
    if (v.kind === 'window' && next[v.axis]! * v.size > current[v.axis]!) return true;
    if (v.kind === 'gather' && new Set(v.index).size < v.index.length) return true;
    current = next;
  }
  return false;
}
