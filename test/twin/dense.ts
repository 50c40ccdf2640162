// The twin's linear algebra: every wire has one element of K per cell; the transpose of each linear instruction cell by cell.
import type { Circuit, Instr } from '../../compiler/ir/circuit.ts';
import type { Contraction } from '../../compiler/ir/contraction.ts';
import type { LinearForm, Plan } from '../../compiler/ir/interpret/plan.ts';
import { type Shape, sizeOf } from '../../compiler/ir/tensor.ts';
import { viewIndex } from '../../compiler/ir/view.ts';
import { add, dotBase, type Element, fromBase, modulo, multiply, scale, sum, ZERO } from './field.ts';

/** An element per cell, row-major. */
export type Dense = readonly Element[];

/** Size of every letter of a contraction. */
export function letterSizes({ a, b }: Contraction, shapeA: Shape, shapeB: Shape): ReadonlyMap<string, number> {
  return new Map([
    ...[...a].map((l, i) => [l, shapeA[i]!] as const),
    ...[...b].map((l, i) => [l, shapeB[i]!] as const),
  ]);
}

/**
 * Cell of a tensor with axes `names` (each axis `pitch(letter)` long, its size if not given) for every combination of
 * `letters`, row-major; letters that the tensor does not have do not move it.
 */
export function cellsOf(
  letters: string,
  names: string,
  sizes: ReadonlyMap<string, number>,
  pitch: (letter: string) => number = (l) => sizes.get(l)!,
): number[] {
  let out = [0];
  for (const l of letters) {
    const axis = names.indexOf(l);
    const stride = axis < 0 ? 0 : [...names.slice(axis + 1)].reduce((n, other) => n * pitch(other), 1);
    out = out.flatMap((at) => Array.from({ length: sizes.get(l)! }, (_, i) => at + i * stride));
  }
  return out;
}

/** Where all the products of a contraction read and write. */
function productsOf(spec: Contraction, shapeA: Shape, shapeB: Shape): Record<'a' | 'b' | 'out', readonly number[]> {
  const sizes = letterSizes(spec, shapeA, shapeB);
  const all = [...sizes.keys()].join('');
  const cells = (names: string): number[] => cellsOf(all, names, sizes);
  return { a: cells(spec.a), b: cells(spec.b), out: cells(spec.out) };
}

/** Output cell of every input cell of a sum. */
function sumCells(shape: Shape, axes: readonly number[]): number[] {
  const names = String.fromCharCode(...shape.map((_, axis) => 97 + axis));
  const kept = [...names].filter((_, axis) => !axes.includes(axis)).join('');
  return cellsOf(names, kept, new Map([...names].map((l, axis) => [l, shape[axis]!])));
}

/** For every cell of a concatenation: operand and cell of it. */
function concatCells(shapes: readonly Shape[], axis: number): readonly (readonly [operand: number, cell: number])[] {
  const blocks = sizeOf(shapes[0]!.slice(0, axis));
  const runs = shapes.map((s) => sizeOf(s.slice(axis)));
  return Array.from({ length: blocks }, (_, b) =>
    runs.flatMap((n, operand) => Array.from({ length: n }, (_, i) => [operand, b * n + i] as const)),
  ).flat();
}

/** Residues of wires that follow from constants alone; undefined for all others. */
export function fixedWires(c: Circuit): (readonly bigint[] | undefined)[] {
  const values = new Array<readonly bigint[] | undefined>(c.wires.length).fill(undefined);
  const shape = (w: number): Shape => c.wires[w]!.shape;
  for (const i of c.instrs) {
    if (i.op === 'constant') {
      values[i.out] = Array.from(c.constants.get(i.digest)!.data, (x) => modulo(BigInt(x)));
      continue;
    }
    if (!LINEAR.has(i.op) || !('in' in i) || !('out' in i) || typeof i.out !== 'number') continue;
    const operands = [i.in].flat().map((w) => values[w]);
    const known = operands.flatMap((x) => (x === undefined ? [] : [x]));
    if (known.length === operands.length) values[i.out] = fixedValue(i, shape, known);
  }
  return values;
}

const LINEAR: ReadonlySet<string> = new Set(['affine', 'view', 'concat', 'sum', 'contract', 'deduce']);

function fixedValue(
  i: Instr,
  shape: (w: number) => Shape,
  operands: readonly (readonly bigint[])[],
): readonly bigint[] {
  const [first, second] = operands;
  switch (i.op) {
    case 'affine': {
      const cells = sizeOf(shape(i.out));
      return Array.from({ length: cells }, (_, e) => modulo(i.k.reduce((s, k, j) => s + k * operands[j]![e]!, i.c)));
    }
    case 'view':
      return Array.from(viewIndex(i.steps, shape(i.in)).index, (e) => (e < 0 ? 0n : first![e]!));
    case 'concat':
      return concatCells(i.in.map(shape), i.axis).map(([operand, e]) => operands[operand]![e]!);
    case 'sum': {
      const out = new Array<bigint>(sizeOf(shape(i.out))).fill(0n);
      for (const [e, o] of sumCells(shape(i.in), i.axes).entries()) out[o] = modulo(out[o]! + first![e]!);
      return out;
    }
    case 'contract': {
      const out = new Array<bigint>(sizeOf(shape(i.out))).fill(0n);
      const products = productsOf(i.spec, shape(i.in[0]), shape(i.in[1]));
      for (const [n, o] of products.out.entries())
        out[o] = modulo(out[o]! + first![products.a[n]!]! * second![products.b[n]!]!);
      return out;
    }
    default:
      return first!;
  }
}

/** A functional over wires as a functional over what a verifier can check: the sum of the parts. */
export interface DensePulled {
  /** Columns of the plan and public inputs, by wire. */
  readonly leaves: ReadonlyMap<number, Dense>;
  /** Results of contractions, by wire: one that is a column as well is not the column. */
  readonly results: ReadonlyMap<number, Dense>;
  readonly constant: Element;
}

/** A covector on a wire of the plan. */
export interface Claim {
  readonly wire: number;
  readonly covector: Dense;
}

/** Claims on a linear form, times k, as claims on its wires and a constant. */
export function claimsOnForm(
  { terms, constant }: LinearForm,
  covector: Dense,
  k: Element,
): { readonly claims: readonly Claim[]; readonly constant: Element } {
  const scaled = covector.map((x) => multiply(k, x));
  return {
    claims: terms.map((t) => ({ wire: t.wire, covector: scaled.map((x) => scale(x, BigInt(t.k))) })),
    constant: scale(sum(scaled), BigInt(constant)),
  };
}

/** Carries claims backwards through the circuit, as far as columns, public inputs and contractions. */
export function pullDense(plan: Plan, fixed: ReturnType<typeof fixedWires>, claims: readonly Claim[]): DensePulled {
  const { circuit: c, shapes } = plan;
  const leaves = new Set([...plan.columns, ...plan.inputs].map(({ wire }) => wire));
  const results = new Set(plan.contractions.map(({ wire }) => wire));
  const definitionOf = new Map([...plan.definitions].map(([definition, w]) => [w, definition]));
  const covectors = new Map<number, Element[]>();
  const found = new Map<number, Dense>();
  let constant = ZERO;
  const at = (wire: number): Element[] => {
    const have = covectors.get(wire) ?? new Array<Element>(sizeOf(shapes[wire]!)).fill(ZERO);
    covectors.set(wire, have);
    return have;
  };
  const accumulate = (wire: number, covector: Dense): void => {
    const into = at(wire);
    for (const [e, x] of covector.entries()) into[e] = add(into[e]!, x);
  };
  for (const { wire, covector } of claims) accumulate(wire, covector);

  const carry = (i: Instr, from: Dense): void => {
    switch (i.op) {
      case 'affine':
        for (const [j, w] of i.in.entries())
          accumulate(
            w,
            from.map((x) => scale(x, modulo(i.k[j]!))),
          );
        constant = add(constant, scale(sum(from), modulo(i.c)));
        return;
      case 'view': {
        const into = at(i.in);
        for (const [o, e] of viewIndex(i.steps, shapes[i.in]!).index.entries())
          if (e >= 0) into[e] = add(into[e]!, from[o]!);
        return;
      }
      case 'concat': {
        const into = i.in.map(at);
        for (const [o, [operand, e]] of concatCells(
          i.in.map((w) => shapes[w]!),
          i.axis,
        ).entries())
          into[operand]![e] = add(into[operand]![e]!, from[o]!);
        return;
      }
      case 'sum': {
        const cells = sumCells(shapes[i.in]!, i.axes);
        accumulate(
          i.in,
          cells.map((o) => from[o]!),
        );
        return;
      }
      case 'deduce':
      case 'range':
        accumulate(i.in, from);
        return;
      case 'contract': {
        const [a, b] = i.in;
        const products = productsOf(i.spec, shapes[a]!, shapes[b]!);
        const [known, own, other] = fixed[b] ? [fixed[b], products.a, products.b] : [fixed[a], products.b, products.a];
        if (known === undefined) throw new Error('a claim reaches a product that the plan does not have');
        const into = at(fixed[b] ? a : b);
        for (const [n, o] of products.out.entries()) {
          const k = known[other[n]!]!;
          if (k !== 0n) into[own[n]!] = add(into[own[n]!]!, scale(from[o]!, k));
        }
        return;
      }
      default:
        throw new Error(`a claim reaches a result of ${i.op}, which is no column`);
    }
  };

  for (const i of [...c.instrs].reverse())
    for (const w of 'out' in i ? [i.out].flat() : []) {
      const definition = definitionOf.get(w);
      if (definition === undefined && leaves.has(w)) continue;
      const from = covectors.get(definition ?? w);
      if (from === undefined || from.length === 0) continue;
      covectors.delete(definition ?? w);
      const substitution = plan.substitutions.get(w);
      if (substitution !== undefined) {
        const on = claimsOnForm(substitution, from, fromBase(1n));
        for (const claim of on.claims) accumulate(claim.wire, claim.covector);
        constant = add(constant, on.constant);
      } else if (results.has(w)) found.set(w, from);
      else if (fixed[w] !== undefined) constant = add(constant, dotBase(from, fixed[w]));
      else carry(i, from);
    }
  for (const wire of covectors.keys())
    if (!leaves.has(wire)) throw new Error(`a claim on wire ${wire} stays where it is`);
  return { leaves: covectors, results: found, constant };
}
