// Carries a plan out: for each instruction, the combinations of its results and the rows that bind them.
import { type Circuit, type Instr, inputsOf } from '../../circuit.ts';
import { type Shape, sizeOf, type Tensor } from '../../tensor.ts';
import { viewIndex } from '../../view.ts';
import { planContraction } from '../exact.ts';
import type { Witness } from '../witness.ts';
import { assertAtLeast, assertAtMost, type Flag } from './bit-rows.ts';
import { assignBits, type Bits, bitAt, lowestBit, variablesPer } from './bits.ts';
import {
  constantElements,
  countOf,
  createWorkspace,
  type Elements,
  elementOf,
  fromRows,
  numbersFromBits,
  reindexed,
  variablesFrom,
} from './combinations.ts';
import { fixedValue, isNarrow, lastUses } from './fixed.ts';
import { affineElements, concatElements, contractElements, type Operand, sumElements } from './linear.ts';
import { type Key, lookupRows } from './lookup-rows.ts';
import type { InstrPlan, ScalarPlan } from './plan.ts';
import { type Proof, sameForm, weightsOf } from './proofs.ts';
import { minusFrom, NOTHING, plus, type RowEmitter, term } from './rows.ts';

/** Elements of a wire's value, row-major: numbers, or bigints where they may leave the exact integers of float64. */
export type Values = readonly (number | bigint)[] | Tensor['data'];

export interface Replay {
  /** Emits the rows of an instruction; instructions come in order. */
  readonly run: (index: number, i: Instr) => void;
  /** Combinations of a wire that has been defined; kept for the wires of ports. */
  readonly elements: (wire: number) => Elements;
  /** Values of a wire; none without a witness. */
  readonly valuesOf: (wire: number) => Values;
}

export function createReplay(
  c: Circuit,
  plan: ScalarPlan,
  e: RowEmitter,
  witness: Pick<Witness, 'value' | 'exact'> | undefined,
): Replay {
  const workspace = createWorkspace(plan.total.variables);
  const linear = new Array<Elements | undefined>(c.wires.length);
  const fixed = new Array<Tensor | undefined>(c.wires.length);
  const bitsOf = new Map<number, Bits[]>();
  const lastUse = lastUses(c);

  const shapeOf = (w: number): Shape => c.wires[w]!.shape;
  const count = (w: number): number => sizeOf(shapeOf(w));
  // The witness computes values of virtual wires anew each time: one instruction asks for the same wire repeatedly.
  let last: { readonly wire: number; readonly values: Values } | undefined;
  const valuesOf = (w: number): Values => {
    if (witness === undefined) return [];
    if (last?.wire === w) return last.values;
    const values = isNarrow(c.wires[w]!.range) ? witness.value(w).data : witness.exact(w);
    last = { wire: w, values };
    return values;
  };
  const elements = (w: number): Elements => {
    const have = linear[w];
    if (have !== undefined) return have;
    const made = constantElements(fixed[w]!.data);
    linear[w] = made;
    return made;
  };
  const operand = (w: number): Operand => {
    const t = fixed[w];
    return t === undefined ? { elements: elements(w) } : { fixed: t };
  };

  /** One variable per element, bound by one linear row. */
  const materialise = (w: number, x: Elements, label: string): Elements => {
    const n = countOf(x);
    const values = valuesOf(w);
    e.segment(label, n);
    const first = e.allocate(n);
    for (let k = 0; k < n; k++) {
      e.assign?.(first + k, values[k]!);
      e.zero(plus(elementOf(x, k), term(first + k), -1n));
    }
    return variablesFrom(first, n);
  };

  /** Bits of a wire in the form of the proof, made now unless they exist. */
  const prove = (w: number, proof: Proof, label: string): Bits => {
    const { form, tied } = proof;
    const list = bitsOf.get(plan.same[w]!) ?? [];
    let bits: Bits | undefined = list.find((b) => sameForm(b, form));
    if (bits === undefined) {
      const per = variablesPer(form.width, tied);
      e.segment(`${label}.bit`, count(w));
      bits = { lo: form.lo, width: form.width, top: form.top, tied, first: e.allocate(count(w) * per) };
      bitsOf.set(plan.same[w]!, [...list, bits]);
      emitBits(w, bits);
    }
    if (proof.atMost === undefined && proof.atLeast === undefined) return bits;
    const flags = flagsOf(w, bits);
    e.segment(`${label}.bound`, count(w));
    for (let k = 0; k < count(w); k++) {
      const own = flags(k);
      if (proof.atMost !== undefined) assertAtMost(e, own, proof.atMost);
      if (proof.atLeast !== undefined) assertAtLeast(e, own, proof.atLeast);
    }
    return bits;
  };

  /** Boolean rows of the bits of all elements, and their values. */
  const emitBits = (w: number, bits: Bits): void => {
    const { width, tied } = bits;
    const values = valuesOf(w);
    const lowest = tied ? lowestBit(elements(w), bits) : undefined;
    const per = variablesPer(width, tied);
    for (let k = 0; k < count(w); k++) {
      const base = bits.first + k * per;
      for (let i = 0; i < per; i++) {
        const bit = term(base + i);
        e.row(bit, bit, bit);
      }
      if (e.assign !== undefined) assignBits(e.assign, base, bits, values[k]!);
      if (lowest === undefined) continue;
      const rest = lowest(k);
      if (width === 0) e.zero(rest);
      else e.row(rest, minusFrom(1n, rest), NOTHING);
    }
  };

  /** Bits of an element as flags, low first; only for bits of a number. */
  const flagsOf = (w: number, bits: Bits): ((element: number) => Flag[]) => {
    const { width, tied, first } = bits;
    const values = valuesOf(w);
    const lowest = tied && width > 0 ? lowestBit(elements(w), bits) : undefined;
    const per = variablesPer(width, tied);
    return (element) => {
      const value = values[element];
      const number = value === undefined ? 0n : BigInt.asUintN(width, BigInt(value) - bits.lo);
      // Bit i of tied bits is variable i - 1 of the element.
      const base = first + element * per - (lowest === undefined ? 0 : 1);
      return Array.from({ length: width }, (_, i) => ({
        sum: i === 0 && lowest !== undefined ? lowest(element) : term(base + i),
        value: bitAt(number, i),
      }));
    };
  };

  const labelOf = (index: number): string => {
    const scope = c.scopes[c.scope[index]!]!;
    return `${scope === '' ? 'wire' : scope}.${index}`;
  };

  const define = (w: number, x: Elements, materialised: boolean, label: string): void => {
    linear[w] = materialised ? materialise(w, x, label) : x;
  };

  const run = (index: number, i: Instr, p: InstrPlan): void => {
    if (p.kind === 'skipped') return;
    switch (i.op) {
      case 'port': {
        const first = plan.layout.values[i.port]!;
        linear[i.out] = variablesFrom(first, count(i.out));
        if (p.kind !== 'port' || p.proof === undefined) return;
        prove(i.out, p.proof, c.ports[i.port]!.name);
        return;
      }
      case 'view':
        linear[i.out] = reindexed(elements(i.in), viewIndex(i.steps, shapeOf(i.in)).index);
        return;
      case 'concat':
        linear[i.out] = concatElements(
          i.axis,
          i.in.map((w) => ({ shape: shapeOf(w), elements: elements(w) })),
          workspace,
        );
        return;
      case 'deduce':
        linear[i.out] = elements(i.in);
        return;
      case 'affine': {
        const x = affineElements(i, i.in.map(operand), count(i.out), workspace);
        define(i.out, x, p.kind === 'linear' && p.materialised, labelOf(index));
        return;
      }
      case 'sum': {
        const x = sumElements(i, shapeOf(i.in), elements(i.in), workspace);
        define(i.out, x, p.kind === 'linear' && p.materialised, labelOf(index));
        return;
      }
      case 'contract': {
        if (p.kind === 'product') {
          products(i, labelOf(index));
          return;
        }
        const [a, b] = i.in;
        const swapped = fixed[a] !== undefined;
        const constants = fixed[a] ?? fixed[b]!;
        const shapes = [shapeOf(a), shapeOf(b)] as const;
        const x = contractElements(i, shapes, elements(swapped ? b : a), constants, swapped, workspace);
        define(i.out, x, p.kind === 'linear' && p.materialised, labelOf(index));
        return;
      }
      case 'zero': {
        const x = elements(i.in);
        for (let k = 0; k < countOf(x); k++) e.zero(elementOf(x, k));
        return;
      }
      case 'range':
        if (p.kind === 'range' && p.proof !== undefined) prove(i.in, p.proof, i.label);
        linear[i.out] = elements(i.in);
        return;
      case 'hint': {
        if (p.kind !== 'hint') return;
        for (const [j, w] of i.out.entries()) {
          const label = `${i.label}.${j}`;
          if (p.division && j === 1) {
            linear[w] = remainder(i);
            prove(w, p.proofs[j]!, label);
            continue;
          }
          const bits = prove(w, p.proofs[j]!, label);
          const x = numbersFromBits(bits.first, count(w), weightsOf(bits), bits.lo);
          define(w, x, p.materialised[j]!, label);
        }
        return;
      }
      case 'lookup': {
        if (p.kind !== 'lookup') return;
        const { proof, result } = p.lookup;
        const bits = proof === undefined ? undefined : prove(i.in, proof, i.label);
        const table = c.tables.get(i.table)!;
        const keyValues = valuesOf(i.in);
        const results = i.out.map(valuesOf);
        const x = elements(i.in);
        const flags = bits === undefined ? undefined : flagsOf(i.in, bits);
        const key = (k: number): Key => ({
          element: () => elementOf(x, k),
          bits: flags?.(k) ?? [],
          lo: bits?.lo ?? 0n,
          number: bits === undefined || witness === undefined ? 0n : BigInt(keyValues[k]!) - bits.lo,
        });
        e.segment(i.label, count(i.in));
        const rows = lookupRows(e, table, result, key, count(i.in), (j, k) => results[j]![k] ?? 0);
        for (const [j, w] of i.out.entries())
          define(w, result.kind === 'key' ? x : fromRows(rows[j]!), p.materialised[j]!, `${i.label}.${j}`);
        return;
      }
      case 'constant':
      case 'gather':
        return;
    }
  };

  /** x - by * h for the dividend x and the quotient h. */
  const remainder = (i: Extract<Instr, { readonly op: 'hint' }>): Elements => {
    const [x, h] = [i.in[0]!, i.out[0]!];
    const by = i.hint.kind === 'divmod' ? i.hint.by : 0n;
    const out = i.out[1]!;
    const identity = { op: 'affine', in: [x, h], k: [1n, -by], c: 0n, out } as const;
    return affineElements(identity, [operand(x), operand(h)], count(out), workspace);
  };

  /** One row and one variable per product: each adds a product to the running sum, the last sum is the result. */
  const products = (i: Extract<Instr, { readonly op: 'contract' }>, label: string): void => {
    const [a, b] = i.in;
    const { keptA, keptB, sumA, sumB } = planContraction(i.spec, shapeOf(a), shapeOf(b));
    const [x, y] = [elements(a), elements(b)];
    const [u, v] = [valuesOf(a), valuesOf(b)];
    const exact = !isNarrow(c.wires[i.out]!.range);
    const terms = sumA.length;
    e.segment(label, keptA.length * terms);
    const first = e.allocate(keptA.length * terms);
    for (let o = 0; o < keptA.length; o++) {
      let sum: number | bigint = exact ? 0n : 0;
      for (let s = 0; s < terms; s++) {
        const variable = first + o * terms + s;
        const [p, q] = [keptA[o]! + sumA[s]!, keptB[o]! + sumB[s]!];
        e.row(elementOf(x, p), elementOf(y, q), plus(s === 0 ? NOTHING : term(variable - 1, -1n), term(variable)));
        if (e.assign === undefined) continue;
        if (typeof sum === 'bigint') sum += BigInt(u[p]!) * BigInt(v[q]!);
        else sum += Number(u[p]!) * Number(v[q]!);
        e.assign(variable, sum);
      }
    }
    linear[i.out] =
      terms === 0
        ? constantElements(new Float64Array(keptA.length))
        : variablesFrom(first + terms - 1, keptA.length, terms);
  };

  return {
    elements,
    valuesOf,
    run: (index, i) => {
      const out = 'out' in i && typeof i.out === 'number' ? i.out : -1;
      if (out >= 0 && plan.fixed.has(out)) fixed[out] = fixedValue(c, i, (w) => fixed[w]!);
      else run(index, i, plan.instrs[index]!);
      for (const w of inputsOf(i))
        if (lastUse[w] === index) {
          linear[w] = undefined;
          fixed[w] = undefined;
        }
    },
  };
}
