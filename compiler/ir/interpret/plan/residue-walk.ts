// Linear instructions over residues mod p: index tables shared by both directions, values forwards.
import type { Circuit, Instr } from '../../circuit.ts';
import { addP, mulP, P, residue } from '../../koalabear.ts';
import { type NumericArray, offsetsOf, type Shape, sizeOf, stridesOf } from '../../tensor.ts';
import { viewIndex } from '../../view.ts';
import { type ContractionPlan, planContraction } from '../exact.ts';
import { residueOf } from './draft.ts';

/** Canonical residues of integers of magnitude below 2^53. */
export function residuesOf(values: NumericArray): Uint32Array {
  if (values instanceof Float64Array) return residuesOfReals(values);
  // One type of array in the loop: integers of other types are of 32 bits at most, and p is above 2^30.
  const integers = values instanceof Int32Array ? values : new Int32Array(values);
  const out = new Uint32Array(integers.length);
  for (let e = 0; e < out.length; e++) {
    const v = integers[e]!;
    // The sign is used, not asked for: it cannot be predicted.
    const r = (v + ((v >> 31) & P)) | 0;
    out[e] = r >= 0 && r < P ? r : residue(v);
  }
  return out;
}

function residuesOfReals(values: Float64Array): Uint32Array {
  const out = new Uint32Array(values.length);
  for (let e = 0; e < out.length; e++) {
    const v = values[e]!;
    out[e] = v >= 0 && v < P ? v : v < 0 && v >= -P ? v + P : residue(v);
  }
  return out;
}

/** Index tables of one circuit's instructions, each computed once. */
export interface IndexTables {
  /** Input cell of each output cell, or -1. */
  view(index: number, i: Extract<Instr, { readonly op: 'view' }>): Int32Array;
  /** Output cell of each input cell. */
  sum(index: number, i: Extract<Instr, { readonly op: 'sum' }>): Int32Array;
  /** First output cell and cells of each run: operand j fills `blocks` runs of its own, in turn. */
  concat(i: Extract<Instr, { readonly op: 'concat' }>): { readonly blocks: number; readonly sizes: readonly number[] };
  contract(index: number, i: Extract<Instr, { readonly op: 'contract' }>): ContractionPlan;
}

/** Remembers what it computed. */
export function indexTables(c: Circuit): IndexTables {
  const tables = new Map<number, Int32Array>();
  const contractions = new Map<number, ContractionPlan>();
  const once = <T>(cache: Map<number, T>, index: number, make: () => T): T => {
    const have = cache.get(index) ?? make();
    cache.set(index, have);
    return have;
  };
  const shapeOf = (w: number): Shape => c.wires[w]!.shape;
  return {
    view: (index, i) => once(tables, index, () => viewIndex(i.steps, shapeOf(i.in)).index),
    sum: (index, i) => once(tables, index, () => sumIndex(shapeOf(i.in), i.axes)),
    concat(i) {
      const blocks = sizeOf(shapeOf(i.out).slice(0, i.axis));
      return { blocks, sizes: i.in.map((w) => (blocks === 0 ? 0 : sizeOf(shapeOf(w)) / blocks)) };
    },
    contract: (index, i) =>
      once(contractions, index, () => planContraction(i.spec, shapeOf(i.in[0]), shapeOf(i.in[1]))),
  };
}

function sumIndex(shape: Shape, axes: readonly number[]): Int32Array {
  const kept = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const strides = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  return offsetsOf(shape, strides);
}

/** Values of wires that are fixed at compile time, as residues; each computed once. */
export function fixedValues(c: Circuit, definedBy: Int32Array, tables: IndexTables): (wire: number) => Uint32Array {
  const known = new Map<number, Uint32Array>();
  return (wire) => {
    const pending = [wire];
    // Depth first without recursion: an operand that is missing is computed before its instruction is looked at again.
    while (pending.length > 0) {
      const w = pending[pending.length - 1]!;
      const index = definedBy[w]!;
      const i = c.instrs[index]!;
      const missing = known.has(w) || !('in' in i) ? [] : [i.in].flat().filter((x) => !known.has(x));
      if (missing.length > 0) {
        pending.push(...missing);
        continue;
      }
      pending.pop();
      if (!known.has(w))
        known.set(
          w,
          fixedValue(c, index, i, tables, (x) => known.get(x)!),
        );
    }
    return known.get(wire)!;
  };
}

function fixedValue(
  c: Circuit,
  index: number,
  i: Instr,
  tables: IndexTables,
  read: (wire: number) => Uint32Array,
): Uint32Array {
  switch (i.op) {
    case 'constant':
      return residuesOf(c.constants.get(i.digest)!.data);
    case 'affine': {
      const out = new Uint32Array(sizeOf(c.wires[i.out]!.shape)).fill(residueOf(i.c));
      for (const [j, w] of i.in.entries()) {
        const [x, k] = [read(w), residueOf(i.k[j]!)];
        for (let e = 0; e < out.length; e++) out[e] = addP(out[e]!, mulP(k, x[e]!));
      }
      return out;
    }
    case 'view': {
      const x = read(i.in);
      return Uint32Array.from(tables.view(index, i), (k) => (k < 0 ? 0 : x[k]!));
    }
    case 'concat': {
      const { blocks, sizes } = tables.concat(i);
      const out = new Uint32Array(sizeOf(c.wires[i.out]!.shape));
      for (let b = 0, at = 0; b < blocks; b++)
        for (const [j, n] of sizes.entries()) {
          out.set(read(i.in[j]!).subarray(b * n, (b + 1) * n), at);
          at += n;
        }
      return out;
    }
    case 'sum': {
      const [x, index_] = [read(i.in), tables.sum(index, i)];
      const out = new Uint32Array(sizeOf(c.wires[i.out]!.shape));
      for (let e = 0; e < x.length; e++) out[index_[e]!] = addP(out[index_[e]!]!, x[e]!);
      return out;
    }
    case 'contract': {
      const { keptA, keptB, sumA, sumB } = tables.contract(index, i);
      const [a, b] = [read(i.in[0]), read(i.in[1])];
      return Uint32Array.from(keptA, (from, o) => {
        let sum = 0;
        for (let s = 0; s < sumA.length; s++) sum = addP(sum, mulP(a[from + sumA[s]!]!, b[keptB[o]! + sumB[s]!]!));
        return sum;
      });
    }
    case 'deduce':
      return read(i.in);
    default:
      throw new RangeError(`plan: wire of ${i.op} is not fixed`);
  }
}
