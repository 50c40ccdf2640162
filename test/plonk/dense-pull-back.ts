// The oracle of covectors in product form: the transpose of every linear instruction on one element of K per cell.
import type { Instr } from '../../compiler/ir/circuit.ts';
import { residueOf } from '../../compiler/ir/interpret/plan/draft.ts';
import { reachOf } from '../../compiler/ir/interpret/plan/reachable.ts';
import { fixedValues, indexTables } from '../../compiler/ir/interpret/plan/residue-walk.ts';
import type { LinearForm, Plan } from '../../compiler/ir/interpret/plan/types.ts';
import { add, addP, EXT, type Ext, mul, mulP, ONE, P, ZERO } from '../../compiler/ir/koalabear.ts';
import { sizeOf } from '../../compiler/ir/tensor.ts';

/** Covectors written out: one element of K per cell. */
export interface DensePulledBack {
  readonly columns: readonly (Uint32Array | undefined)[];
  readonly contractions: readonly (Uint32Array | undefined)[];
  readonly inputs: readonly (Uint32Array | undefined)[];
  readonly constant: Ext;
}

export interface DensePullBack {
  add(wire: number, covector: Uint32Array, k?: Ext): void;
  addForm(form: LinearForm, covector: Uint32Array, k?: Ext): void;
  finish(): DensePulledBack;
}

/**
 * Prepares a plan: index tables and values of fixed wires are computed once, on first use, and shared by all walks.
 * Covectors are dense: one element of K per cell of every wire that is reached.
 */
export function prepareDensePullBack(plan: Plan): () => DensePullBack {
  const { circuit: c, shapes } = plan;
  const reach = reachOf(c);
  const tables = indexTables(c);
  const fixed = fixedValues(c, reach.definedBy, tables);
  const isColumn = new Set(plan.columns.map((column) => column.wire));
  const isInput = new Set(plan.inputs.map((input) => input.wire));
  const contraction = new Set(plan.contractions.map((k) => k.wire));
  const definitionOf = new Map([...plan.definitions].map(([definition, w]) => [w, definition]));

  return () => {
    const covectors = new Array<Uint32Array | undefined>(shapes.length);
    const results = new Map<number, Uint32Array>();
    let constant: Ext = ZERO;
    let finished = false;

    const at = (wire: number): Uint32Array => {
      const have = covectors[wire];
      if (have !== undefined) return have;
      const made = new Uint32Array(EXT * sizeOf(shapes[wire]!));
      covectors[wire] = made;
      return made;
    };

    /** The transpose of one linear instruction. */
    const carry = (index: number, i: Instr, from: Uint32Array): void => {
      switch (i.op) {
        case 'affine':
          for (const [j, w] of i.in.entries()) addScaledBy(at(w), from, residueOf(i.k[j]!));
          if (i.c !== 0n) constant = add(constant, scaled(total(from), residueOf(i.c)));
          return;
        case 'view': {
          const into = at(i.in);
          const source = tables.view(index, i);
          for (let o = 0; o < source.length; o++) if (source[o]! >= 0) addElement(into, source[o]!, from, o);
          return;
        }
        case 'concat': {
          const { blocks, sizes } = tables.concat(i);
          for (let b = 0, o = 0; b < blocks; b++)
            for (const [j, n] of sizes.entries()) {
              const into = at(i.in[j]!);
              for (let e = 0; e < n; e++, o++) addElement(into, b * n + e, from, o);
            }
          return;
        }
        case 'sum': {
          const into = at(i.in);
          const target = tables.sum(index, i);
          for (let e = 0; e < target.length; e++) addElement(into, e, from, target[e]!);
          return;
        }
        case 'deduce':
        case 'range':
          addScaledBy(at(i.in), from, 1);
          return;
        case 'contract': {
          const { keptA, keptB, sumA, sumB } = tables.contract(index, i);
          const [a, b] = i.in;
          if (reach.fixed.has(b)) contractCovector(at(a), fixed(b), from, [keptA, sumA], [keptB, sumB]);
          else contractCovector(at(b), fixed(a), from, [keptB, sumB], [keptA, sumA]);
          return;
        }
        default:
          throw new RangeError(`plan: a claim reaches wire of ${i.op} at instruction ${index}, which is no column`);
      }
    };

    const addForm = (form: LinearForm, covector: Uint32Array, k: Ext): void => {
      for (const { wire, k: base } of form.terms) addScaledInto(at(wire), covector, scaled(k, base));
      if (form.constant !== 0) constant = add(constant, mul(scaled(k, form.constant), total(covector)));
    };

    const walk = (): void => {
      for (let index = c.instrs.length - 1; index >= 0; index--) {
        const i = c.instrs[index]!;
        const outs = 'out' in i ? [i.out].flat() : [];
        for (const w of outs) {
          const definition = definitionOf.get(w);
          if (definition === undefined && (isColumn.has(w) || isInput.has(w))) continue;
          const key = definition ?? w;
          const from = covectors[key];
          if (from === undefined || from.length === 0) continue;
          covectors[key] = undefined;
          const substitution = plan.substitutions.get(w);
          if (substitution !== undefined) addForm(substitution, from, ONE);
          else if (contraction.has(w)) results.set(w, from);
          else if (reach.fixed.has(w)) constant = add(constant, dotBase(from, fixed(w)));
          else carry(index, i, from);
        }
      }
    };

    return {
      add(wire, covector, k = ONE) {
        addScaledInto(at(wire), covector, k);
      },
      addForm(form, covector, k = ONE) {
        addForm(form, covector, k);
      },
      finish(): DensePulledBack {
        if (finished) throw new RangeError('plan: a walk ends once');
        finished = true;
        walk();
        return {
          columns: plan.columns.map((column) => covectors[column.wire]),
          contractions: plan.contractions.map((k) => results.get(k.wire)),
          inputs: plan.inputs.map((input) => covectors[input.wire]),
          constant,
        };
      },
    };
  };
}

const scaled = (x: Ext, k: number): Ext => [mulP(x[0], k), mulP(x[1], k), mulP(x[2], k), mulP(x[3], k)];

function total(x: Uint32Array): Ext {
  // Words are below 2^31, so that 2^22 of them add up exactly before a reduction is due.
  const sums = [0, 0, 0, 0];
  for (let e = 0; e < x.length; e += EXT) {
    for (let j = 0; j < EXT; j++) sums[j]! += x[e + j]!;
    if (e % 2 ** 22 === 0) for (let j = 0; j < EXT; j++) sums[j]! %= P;
  }
  return [sums[0]! % P, sums[1]! % P, sums[2]! % P, sums[3]! % P];
}

function dotBase(a: Uint32Array, b: Uint32Array): Ext {
  const sums = [0, 0, 0, 0];
  for (let e = 0; e < b.length; e++) {
    const k = b[e]!;
    if (k === 0) continue;
    for (let j = 0; j < EXT; j++) sums[j] = addP(sums[j]!, mulP(a[EXT * e + j]!, k));
  }
  return [sums[0]!, sums[1]!, sums[2]!, sums[3]!];
}

/** into[e] += from[o], elements of K. */
function addElement(into: Uint32Array, e: number, from: Uint32Array, o: number): void {
  const [p, q] = [EXT * e, EXT * o];
  for (let j = 0; j < EXT; j++) into[p + j] = addP(into[p + j]!, from[q + j]!);
}

/** into += k * from, k a residue. */
function addScaledBy(into: Uint32Array, from: Uint32Array, k: number): void {
  if (k === 1) for (let e = 0; e < into.length; e++) into[e] = addP(into[e]!, from[e]!);
  else if (k !== 0) for (let e = 0; e < into.length; e++) into[e] = addP(into[e]!, mulP(from[e]!, k));
}

/** into += k * from, k in K. */
function addScaledInto(into: Uint32Array, from: Uint32Array, k: Ext): void {
  if (from.length !== into.length)
    throw new RangeError(`plan: a covector of ${from.length / EXT} elements for a wire of ${into.length / EXT} cells`);
  if (k[1] === 0 && k[2] === 0 && k[3] === 0) {
    addScaledBy(into, from, k[0]);
    return;
  }
  for (let e = 0; e < into.length; e += EXT) {
    const product = mul(k, [from[e]!, from[e + 1]!, from[e + 2]!, from[e + 3]!]);
    for (let j = 0; j < EXT; j++) into[e + j] = addP(into[e + j]!, product[j]!);
  }
}

/** into[x[o] + s] += c[o] * b[y[o] + t]: the transpose of a contraction with one fixed operand. */
function contractCovector(
  into: Uint32Array,
  b: Uint32Array,
  c: Uint32Array,
  [keptX, sumX]: readonly [Int32Array, Int32Array],
  [keptB, sumB]: readonly [Int32Array, Int32Array],
): void {
  for (let o = 0; o < keptX.length; o++) {
    const q = EXT * o;
    if (c[q] === 0 && c[q + 1] === 0 && c[q + 2] === 0 && c[q + 3] === 0) continue;
    for (let s = 0; s < sumX.length; s++) {
      const k = b[keptB[o]! + sumB[s]!]!;
      if (k === 0) continue;
      const p = EXT * (keptX[o]! + sumX[s]!);
      if (k === 1) for (let j = 0; j < EXT; j++) into[p + j] = addP(into[p + j]!, c[q + j]!);
      else for (let j = 0; j < EXT; j++) into[p + j] = addP(into[p + j]!, mulP(c[q + j]!, k));
    }
  }
}
