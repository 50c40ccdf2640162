// Decides how each instruction of a circuit becomes rank-1 rows, and what that costs, from shapes and intervals alone.
//
// `count` adds these costs up, `scalarize` carries the plan out; a test holds the two equal.
import type { Circuit, Instr } from '../../circuit.ts';
import { contractionSizes } from '../../contraction.ts';
import { Diagnostic } from '../../diagnostics.ts';
import { SCALAR_FIELD } from '../../iden3/scalar-field.ts';
import {
  addIntervals,
  containsInterval,
  type Interval,
  intersect,
  scaleInterval,
  showInterval,
} from '../../interval.ts';
import { columnsOf, type Table } from '../../table.ts';
import { sizeOf } from '../../tensor.ts';
import { commitmentCost } from './commitment-rows.ts';
import { type Division, findDivisions, MAX_DIVIDEND_TERMS } from './divisions.ts';
import { type Layout, layoutPorts } from './layout.ts';
import { isTieExact, type LookupPlan, type MadeForm, type Proof, planLookup, proofOf, type Subject } from './proofs.ts';
import { addCosts, type Cost, cost, FREE, timesCost } from './rows.ts';
import { planSharing } from './sharing.ts';

/** What becomes of one instruction. `materialised`: its results (of each output) become variables of their own. */
export type InstrPlan = { readonly cost: Cost } /** Views, constants and other renamings: no rows. */ & (
  | { readonly kind: 'alias' }
  | { readonly kind: 'port'; readonly proof: Proof | undefined }
  /** `division`: the remainder is the dividend less the multiple of the quotient; its identity is skipped. */
  | {
      readonly kind: 'hint';
      readonly proofs: readonly Proof[];
      readonly materialised: readonly boolean[];
      readonly division: boolean;
    }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'range'; readonly proof: Proof | undefined }
  | { readonly kind: 'lookup'; readonly lookup: LookupPlan; readonly materialised: readonly boolean[] }
  | { readonly kind: 'linear'; readonly materialised: boolean }
  | { readonly kind: 'product' }
  | { readonly kind: 'zero' }
);

/** One output of a hint. */
interface Made {
  readonly proof: Proof;
  readonly materialised: boolean;
  readonly cost: Cost;
}

export interface ScalarPlan {
  readonly layout: Layout;
  readonly fixed: ReadonlySet<number>;
  /** Wire that a narrowing (`range`, `deduce`) shares its elements with, else the wire itself. */
  readonly same: Int32Array;
  readonly instrs: readonly InstrPlan[];
  /** Of each output port: the rows of a public output, or of a commitment. */
  readonly ports: readonly Cost[];
  /** Everything, port variables and the constant one included. */
  readonly total: Cost;
  /** Bound on the terms of the largest wire's combinations: the memory that scalarization needs. */
  readonly largestWire: number;
}

/**
 * @throws Diagnostic `wrong-target` if the circuit is for another field or has private gathers, `field-overflow` naming the
 * constraint if a decomposition into bits could wrap around.
 */
export function planScalar(c: Circuit): ScalarPlan {
  if (c.target.modulus !== SCALAR_FIELD)
    throw new Diagnostic('wrong-target', `the circuit was lowered for ${c.target.name}; R1CS needs the field of bn254`);
  const layout = layoutPorts(c);
  const { fixed, isMaterialised } = planSharing(c);
  const same = Int32Array.from(c.wires, (_, w) => w);
  const terms = new Float64Array(c.wires.length);
  const facts = new Map<number, Interval>();
  const have = new Map<number, MadeForm[]>();
  const discharging = dischargingLookups(c);
  const readers = firstReaders(c);
  const divisions = findDivisions(c);
  const skipped = new Set<number>();
  let largestWire = 0;

  const count = (w: number): number => sizeOf(c.wires[w]!.shape);
  const known = (w: number): Interval => {
    const fact = facts.get(same[w]!);
    return fact === undefined ? c.wires[w]!.range : intersect(fact, c.wires[w]!.range);
  };
  const subject = (w: number): Subject => ({
    known: known(w),
    have: have.get(same[w]!) ?? [],
    terms: terms[w]!,
  });
  const alias = (out: number, of: number): void => {
    same[out] = same[of]!;
    terms[out] = terms[of]!;
  };
  /** Notes what rows prove of a wire. A `deduce` proves nothing: its interval holds for its own result only. */
  const note = (w: number, proved: Interval): void => {
    facts.set(same[w]!, intersect(facts.get(same[w]!) ?? proved, proved));
  };
  const remember = (w: number, p: Proof, label: string, range = known(w)): void => {
    if (p.tied && !isTieExact(p.form, range, SCALAR_FIELD))
      throw new Diagnostic(
        'field-overflow',
        `${label}: ${p.form.width} bits of ${showInterval(range)} may wrap around`,
      );
    if (p.form.width > 253) throw new Diagnostic('field-overflow', `${label}: ${p.form.width} bits exceed the field`);
    have.set(same[w]!, [...(have.get(same[w]!) ?? []), p.form]);
  };
  /** Terms of a result whose elements have `n`, and the cost of making it short if others need that. */
  const define = (w: number, n: number): { readonly materialised: boolean; readonly cost: Cost } => {
    const materialised = isMaterialised(w, n);
    terms[w] = materialised ? 1 : n;
    largestWire = Math.max(largestWire, count(w) * n);
    return { materialised, cost: materialised ? timesCost(count(w), cost(1, 1, n + 1)) : FREE };
  };

  const fixedWire = (w: number): InstrPlan => {
    terms[w] = 1;
    return { kind: 'alias', cost: FREE };
  };

  /** Outputs that lookups prove get the bits that the lookup wants, the others bits of their interval. */
  const hintProof = (i: Extract<Instr, { readonly op: 'hint' }>, j: number): Proof => {
    const w = i.out[j]!;
    const table = i.proved[j] === true ? discharging.get(w) : undefined;
    if (i.proved[j] === true && table === undefined)
      throw new Diagnostic('unproved-hint', `${i.label}: no lookup proves output ${j} of the hint`);
    const open: Subject = { known: undefined, have: [], terms: undefined };
    const domain = table?.domain ?? c.wires[w]!.range;
    const proof = (table && planLookup(table, open).proof) ?? proofOf(domain, open, readers.get(w));
    note(w, domain);
    remember(w, proof, i.label);
    return proof;
  };
  /** The remainder as what its dividend leaves; undefined where that would make rows too long. */
  const remainderProof = (i: Extract<Instr, { readonly op: 'hint' }>, d: Division | undefined): Proof | undefined => {
    const x = i.in[0]!;
    if (d === undefined || i.hint.kind !== 'divmod' || terms[x]! > MAX_DIVIDEND_TERMS) return undefined;
    const [h, r] = [i.out[0]!, i.out[1]!];
    const left = addIntervals(known(x), scaleInterval(known(h), -i.hint.by));
    terms[r] = terms[x]! + terms[h]!;
    const proof = proofOf(c.wires[r]!.range, { known: left, have: [], terms: terms[r] });
    remember(r, proof, i.label, left);
    skipped.add(d.affine).add(d.zero);
    return proof;
  };

  const plan = (i: Instr, index: number): InstrPlan => {
    if (skipped.has(index)) return { kind: 'skipped', cost: FREE };
    switch (i.op) {
      case 'constant':
        return fixedWire(i.out);
      case 'port': {
        define(i.out, 1);
        const p = c.ports[i.port]!;
        // Public values are checked by the verifier.
        if (p.visibility === 'public') return { kind: 'port', proof: undefined, cost: FREE };
        const proof = proofOf(c.wires[i.out]!.range, { known: undefined, have: [], terms: 1 }, readers.get(i.out));
        remember(i.out, proof, `port ${p.name}`);
        return { kind: 'port', proof, cost: timesCost(count(i.out), proof.cost) };
      }
      case 'view':
        terms[i.out] = terms[i.in]!;
        return { kind: 'alias', cost: FREE };
      case 'concat':
        terms[i.out] = Math.max(...i.in.map((w) => terms[w]!));
        largestWire = Math.max(largestWire, count(i.out) * terms[i.out]!);
        return { kind: 'alias', cost: FREE };
      case 'deduce':
        alias(i.out, i.in);
        return { kind: 'alias', cost: FREE };
      case 'affine': {
        if (fixed.has(i.out)) return fixedWire(i.out);
        const n = i.in.reduce((sum, w) => sum + terms[w]!, i.c === 0n ? 0 : 1);
        return { kind: 'linear', ...define(i.out, n) };
      }
      case 'sum': {
        if (fixed.has(i.out)) return fixedWire(i.out);
        const n = count(i.out) === 0 ? 0 : count(i.in) / count(i.out);
        return { kind: 'linear', ...define(i.out, n * terms[i.in]!) };
      }
      case 'contract': {
        if (fixed.has(i.out)) return fixedWire(i.out);
        const [a, b] = i.in;
        const sizes = contractionSizes(i.spec, c.wires[a]!.shape, c.wires[b]!.shape);
        const summed = [...sizes].reduce((n, [l, size]) => (i.spec.out.includes(l) ? n : n * size), 1);
        if (fixed.has(a) || fixed.has(b)) {
          const variable = fixed.has(a) ? b : a;
          return { kind: 'linear', ...define(i.out, summed * terms[variable]!) };
        }
        define(i.out, summed === 0 ? 0 : 1);
        const own = cost(1, 1, terms[a]! + terms[b]! + 2);
        return { kind: 'product', cost: timesCost(count(i.out) * summed, own) };
      }
      case 'gather':
        throw new Diagnostic('wrong-target', `${i.label}: a private index has no rank-1 realisation`);
      case 'zero':
        return { kind: 'zero', cost: timesCost(count(i.in), cost(1, 0, terms[i.in]!)) };
      case 'range': {
        const s = subject(i.in);
        const proof = containsInterval(i.to, known(i.in)) ? undefined : proofOf(i.to, s, readers.get(i.out));
        if (proof !== undefined) remember(i.in, proof, i.label);
        note(i.in, i.to);
        alias(i.out, i.in);
        return { kind: 'range', proof, cost: timesCost(count(i.in), proof?.cost ?? FREE) };
      }
      case 'hint': {
        const made = (j: number): Made => {
          const [w, proof] = [i.out[j]!, hintProof(i, j)];
          const own = define(w, proof.form.width + (proof.form.lo === 0n ? 0 : 1));
          return { proof, materialised: own.materialised, cost: addCosts(timesCost(count(w), proof.cost), own.cost) };
        };
        const first = made(0);
        const remainder = remainderProof(i, divisions.get(index));
        const rest =
          remainder === undefined
            ? i.out.slice(1).map((_, j) => made(j + 1))
            : [{ proof: remainder, materialised: false, cost: timesCost(count(i.out[1]!), remainder.cost) }];
        const all = [first, ...rest];
        return {
          kind: 'hint',
          proofs: all.map((m) => m.proof),
          materialised: all.map((m) => m.materialised),
          division: remainder !== undefined,
          cost: addCosts(...all.map((m) => m.cost)),
        };
      }
      case 'lookup': {
        const table = c.tables.get(i.table)!;
        const lookup = planLookup(table, subject(i.in));
        if (lookup.proof !== undefined) remember(i.in, lookup.proof, i.label);
        note(i.in, table.domain);
        const outs = i.out.map((w) => define(w, lookup.terms ?? terms[i.in]!));
        if (outs.length !== columnsOf(table)) throw new RangeError(`${i.label}: expected one wire per column`);
        return {
          kind: 'lookup',
          lookup,
          materialised: outs.map((o) => o.materialised),
          cost: addCosts(timesCost(count(i.in), lookup.cost), ...outs.map((o) => o.cost)),
        };
      }
    }
  };
  const instrs = c.instrs.map(plan);
  const ports = c.ports.map((p): Cost => {
    const shape = c.wires[p.wire]!;
    if (p.visibility === 'committed') return commitmentCost(shape.shape, shape.range, terms[p.wire]!);
    if (p.role !== 'output' || p.visibility === 'private') return FREE;
    return timesCost(count(p.wire), cost(1, 0, terms[p.wire]! + 1));
  });
  return {
    layout,
    fixed,
    same,
    instrs,
    ports,
    total: addCosts(cost(0, layout.variables, 0), ...ports, ...instrs.map((i) => i.cost)),
    largestWire,
  };
}

/** For each hint output that a lookup proves, the first table that does: its domain lies inside the declared interval. */
function dischargingLookups(c: Circuit): ReadonlyMap<number, Table> {
  const found = new Map<number, Table>();
  for (const i of c.instrs) {
    const table = i.op === 'lookup' ? c.tables.get(i.table)! : undefined;
    if (i.op === 'lookup' && table && !found.has(i.in) && containsInterval(c.wires[i.in]!.range, table.domain))
      found.set(i.in, table);
  }
  return found;
}

/** Table of the first lookup that has a wire as its key. */
function firstReaders(c: Circuit): ReadonlyMap<number, Table> {
  const found = new Map<number, Table>();
  for (const i of c.instrs) if (i.op === 'lookup' && !found.has(i.in)) found.set(i.in, c.tables.get(i.table)!);
  return found;
}
