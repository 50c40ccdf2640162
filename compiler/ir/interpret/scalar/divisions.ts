// Divisions whose identity needs no row of its own: the remainder is defined by it.
//
// A hint `divmod` gives h and r, an affine and a zero say x - by * h - r = 0. If nothing else reads r, it need not be a
// sum of bits that a row compares with x - by * h: it is x - by * h, and its bits are those of an element that exists.
import { type Circuit, type Instr, inputsOf } from '../../circuit.ts';

/** Most terms of x: the boolean row of the lowest bit holds them twice, in matrices that cost the prover. */
export const MAX_DIVIDEND_TERMS = 32;

/** Indices of the affine and the zero that state the identity. */
export interface Division {
  readonly affine: number;
  readonly zero: number;
}

/** Divisions by index of their hint. */
export function findDivisions(c: Circuit): ReadonlyMap<number, Division> {
  const readers = new Int32Array(c.wires.length);
  for (const i of c.instrs) for (const w of inputsOf(i)) readers[w]!++;
  for (const p of c.ports) if (p.role === 'output') readers[p.wire]!++;
  const hints = new Map<number, { readonly index: number; readonly hint: Extract<Instr, { readonly op: 'hint' }> }>();
  const affines = new Map<number, { readonly hint: number; readonly affine: number }>();
  const found = new Map<number, Division>();
  for (const [index, i] of c.instrs.entries()) {
    if (i.op === 'hint' && i.hint.kind === 'divmod' && i.proved[1] !== true && readers[i.out[1]!] === 1)
      hints.set(i.out[1]!, { index, hint: i });
    else if (i.op === 'affine' && readers[i.out] === 1) {
      const h = i.in.map((w) => hints.get(w)).find((x) => x !== undefined);
      if (h !== undefined && isIdentity(i, h.hint)) affines.set(i.out, { hint: h.index, affine: index });
    } else if (i.op === 'zero') {
      const a = affines.get(i.in);
      if (a !== undefined) found.set(a.hint, { affine: a.affine, zero: index });
    }
  }
  return found;
}

/** True for x - by * h - r, of either sign. */
function isIdentity(
  i: Extract<Instr, { readonly op: 'affine' }>,
  { in: [x], out: [h, r], hint }: Extract<Instr, { readonly op: 'hint' }>,
): boolean {
  if (hint.kind !== 'divmod' || i.c !== 0n || i.in.length !== 3 || new Set([x, h, r]).size !== 3) return false;
  const factor = (w: number | undefined): bigint => (w === undefined ? undefined : i.k[i.in.indexOf(w)]) ?? 0n;
  const sign = factor(x);
  return (sign === 1n || sign === -1n) && factor(h) === -sign * hint.by && factor(r) === -sign;
}
