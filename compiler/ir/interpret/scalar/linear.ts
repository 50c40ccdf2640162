// Linear instructions on combinations: sums of multiples of elements, without rows.
import type { Instr } from '../../circuit.ts';
import { letters } from '../../contraction.ts';
import { type Shape, sizeOf, type Tensor } from '../../tensor.ts';
import { planContraction } from '../exact.ts';
import { createAccumulator, type Elements, type Workspace } from './combinations.ts';

/** An operand of a linear instruction: fixed at compile time, or combinations. */
export type Operand = { readonly fixed: Tensor } | { readonly elements: Elements };

type InstrOf<Op extends Instr['op']> = Extract<Instr, { readonly op: Op }>;

const absolute = (k: bigint): number => Math.abs(Number(k));

function largestOf(x: Operand): number {
  if (!('fixed' in x)) return x.elements.of.largest;
  let largest = 0;
  for (const v of x.fixed.data) largest = Math.max(largest, Math.abs(v));
  return largest;
}

/** sum of k * x + c. */
export function affineElements(
  i: InstrOf<'affine'>,
  operands: readonly Operand[],
  count: number,
  w: Workspace,
): Elements {
  const bound = operands.reduce((sum, x, j) => sum + absolute(i.k[j]!) * largestOf(x), absolute(i.c));
  const out = createAccumulator(w, bound);
  for (let e = 0; e < count; e++) {
    for (const [j, x] of operands.entries()) {
      const k = i.k[j]!;
      if (!('fixed' in x)) out.add(x.elements, e, k);
      // As bigints: a product of numbers may round where the bound has chosen wide sums.
      else out.addConstant(k * BigInt(x.fixed.data[e]!));
    }
    out.addConstant(i.c);
    out.end();
  }
  return out.finish();
}

/** A contraction of combinations with a fixed tensor; `swapped` if the fixed one comes first. */
export function contractElements(
  i: InstrOf<'contract'>,
  [a, b]: readonly [Shape, Shape],
  x: Elements,
  fixed: Tensor,
  swapped: boolean,
  w: Workspace,
): Elements {
  const p = planContraction(i.spec, a, b);
  const [keptX, sumX, keptK, sumK] = swapped ? [p.keptB, p.sumB, p.keptA, p.sumA] : [p.keptA, p.sumA, p.keptB, p.sumB];
  const out = createAccumulator(w, sumX.length * largestOf({ fixed }) * x.of.largest);
  for (let o = 0; o < keptX.length; o++) {
    for (let s = 0; s < sumX.length; s++) {
      const k = fixed.data[keptK[o]! + sumK[s]!]!;
      if (k !== 0) out.add(x, keptX[o]! + sumX[s]!, k);
    }
    out.end();
  }
  return out.finish();
}

/** Sums over axes, which disappear. */
export function sumElements(i: InstrOf<'sum'>, shape: Shape, x: Elements, w: Workspace): Elements {
  const names = letters(shape.length);
  const out = [...names].filter((_, axis) => !i.axes.includes(axis)).join('');
  const { keptA, sumA } = planContraction({ a: names, b: '', out }, shape, []);
  const sums = createAccumulator(w, sumA.length * x.of.largest);
  for (let o = 0; o < keptA.length; o++) {
    for (let s = 0; s < sumA.length; s++) sums.add(x, keptA[o]! + sumA[s]!, 1);
    sums.end();
  }
  return sums.finish();
}

/** Operands one after the other along an axis. */
export function concatElements(
  axis: number,
  parts: readonly { readonly shape: Shape; readonly elements: Elements }[],
  w: Workspace,
): Elements {
  const out = createAccumulator(w, Math.max(...parts.map((p) => p.elements.of.largest)));
  const outer = sizeOf(parts[0]!.shape.slice(0, axis));
  for (let o = 0; o < outer; o++)
    for (const { shape, elements } of parts) {
      const block = sizeOf(shape.slice(axis));
      for (let e = 0; e < block; e++) {
        out.add(elements, o * block + e, 1);
        out.end();
      }
    }
  return out.finish();
}
