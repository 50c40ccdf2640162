// From the instructions of a circuit to the statements of its plan.
//
// Soundness, by instruction. Columns hold canonical residues; "is" means equality mod p. A wire's interval is what the
// recorder inferred; its wrap rule makes the three statements mod p (lookup, range, zero) statements over the integers.
// - port: public inputs are checked by the verifier. Private ones are columns with a range proof in every run. Parameters
//   are columns of the weight commitment, whose intervals the registration plan proves.
// - constant, affine, view, concat, sum, deduce, and contract with a fixed operand are linear: claims are pulled back
//   through them, nothing is committed and nothing needs a proof.
// - contract of two wires that are not fixed: a claim on the result becomes a claim on each operand by sumcheck. Where
//   such a result is a lookup key, a range subject or an operand again, a column takes its place (below).
// - hint: every output that a constraint reaches is a column, and its declared interval gets a range proof, unless a lookup
//   with this very output as its key has a domain inside the interval. The plan finds that lookup itself. An output that
//   no constraint reaches has no influence on the statement and is left out.
// - lookup: (key, values) is a row of the table; if no value is reached, the key still lies in the domain.
// - range: a range proof of the subject. zero: an identity.
// - Column m in place of wire w: an identity says m = w, with w as the circuit computes it.
import type { Circuit, Instr, Port } from '../../circuit.ts';
import { Diagnostic } from '../../diagnostics.ts';
import { cardinality, containsInterval, type Interval } from '../../interval.ts';
import { P } from '../../koalabear.ts';
import { sizeOf } from '../../tensor.ts';
import { createDraft, type Draft, formOf, plusWire } from './draft.ts';
import { type Reach, reachOf } from './reachable.ts';
import { addTableLookups, type TableLookup } from './table-lookups.ts';
import type { PlanContraction, Plans, PublicTensor } from './types.ts';

/** Committed cells up to which tables have at most SMALL_TABLE rows: about three words per activation, 10^5 activations. */
const SMALL_MODEL = 3e5;
const SMALL_TABLE = 2 ** 10;
const LARGE_TABLE = 2 ** 16;

/**
 * Plans a circuit recorded for KoalaBear: what every run proves, and what the registration of its parameters proves.
 * @throws Diagnostic `wrong-target`, `unsupported-gather`, `unsupported-visibility`, `field-overflow` (a public tensor whose
 * interval has p elements or more), `range-too-wide`, `table-too-large`, each naming the port or label.
 */
export function planCircuit(c: Circuit): Plans {
  if (c.target.modulus !== BigInt(P))
    throw new Diagnostic('wrong-target', `the circuit was lowered for ${c.target.name}; this prover needs koalabear`);
  const reach = reachOf(c);
  const run = createDraft(c);
  const lookups: TableLookup[] = [];
  const inputs: PublicTensor[] = [];
  const contractions: PlanContraction[] = [];
  const discharged = provedByLookups(c);
  for (const i of c.instrs) {
    switch (i.op) {
      case 'port':
        planPort(c, run, reach, i.out, c.ports[i.port]!, inputs);
        break;
      case 'hint':
        for (const [j, w] of i.out.entries()) {
          if (!reach.needed.has(w)) continue;
          const { shape, range } = c.wires[w]!;
          run.addColumn(w, 'advice', { kind: 'wire' }, `${i.label}.${j}`);
          if (!(i.proved[j] && discharged(w, range)))
            run.addRange(formOf(w, 1n, -range.lo), shape, cardinality(range), `${i.label}.${j}`);
        }
        break;
      case 'lookup': {
        const { shape } = c.wires[i.in]!;
        const table = c.tables.get(i.table)!;
        settle(c, run, reach, i.in, i.label);
        if (i.out.some((w) => reach.needed.has(w))) {
          if (sizeOf(shape) > 0) lookups.push({ table, key: i.in, shape, outs: i.out, label: i.label });
        } else run.addRange(formOf(i.in, 1n, -table.domain.lo), shape, cardinality(table.domain), i.label);
        break;
      }
      case 'range':
        settle(c, run, reach, i.in, i.label);
        run.addRange(formOf(i.in, 1n, -i.to.lo), c.wires[i.in]!.shape, cardinality(i.to), i.label);
        break;
      case 'zero':
        run.addIdentity({ shape: c.wires[i.in]!.shape, form: formOf(i.in), label: i.label });
        break;
      case 'contract':
        if (!reach.isBilinear(i) || !reach.needed.has(i.out)) break;
        for (const w of i.in) settle(c, run, reach, w, `wire${w}`);
        contractions.push({ wire: i.out, spec: i.spec, a: i.in[0], b: i.in[1] });
        break;
      case 'gather':
        throw new Diagnostic(
          'unsupported-gather',
          `${i.label}: indices that only the prover knows are not supported by this prover yet; use public indices or another backend`,
          { field: i.label },
        );
      default:
        break;
    }
  }
  const outputs = c.ports.flatMap((p) => planOutput(c, p));
  const values = lookups.reduce((n, l) => n + l.outs.length * sizeOf(l.shape), 0);
  const maxRows = run.committed() + values < SMALL_MODEL ? SMALL_TABLE : LARGE_TABLE;
  addTableLookups(run, lookups, maxRows);
  return { run: run.finish(maxRows, { contractions, inputs, outputs }), registration: planRegistration(c, reach) };
}

/** True if a lookup with this wire as its key has a domain inside the interval. */
function provedByLookups(c: Circuit): (wire: number, range: Interval) => boolean {
  const domains = new Map<number, Interval[]>();
  for (const i of c.instrs)
    if (i.op === 'lookup') domains.set(i.in, [...(domains.get(i.in) ?? []), c.tables.get(i.table)!.domain]);
  return (wire, range) => domains.get(wire)?.some((d) => containsInterval(range, d)) === true;
}

function planPort(c: Circuit, run: Draft, reach: Reach, w: number, port: Port, inputs: PublicTensor[]): void {
  const { shape, range } = c.wires[w]!;
  const { name, role, visibility } = port;
  if (role === 'param') {
    if (reach.needed.has(w)) run.addColumn(w, 'weight', { kind: 'wire' }, name);
    return;
  }
  if (visibility === 'public') {
    inputs.push(publicTensor(c, port));
    return;
  }
  if (visibility === 'committed') throw committedPort(port);
  if (!reach.needed.has(w)) return;
  run.addColumn(w, 'advice', { kind: 'wire' }, name);
  run.addRange(formOf(w, 1n, -range.lo), shape, cardinality(range), name);
}

function planOutput(c: Circuit, port: Port): PublicTensor[] {
  if (port.role !== 'output' || port.visibility === 'private') return [];
  if (port.visibility === 'committed') throw committedPort(port);
  return [publicTensor(c, port)];
}

/** A residue names one integer of the interval only if the interval is shorter than p. */
function publicTensor(c: Circuit, port: Port): PublicTensor {
  const { shape, range } = c.wires[port.wire]!;
  if (cardinality(range) > BigInt(P))
    throw new Diagnostic(
      'field-overflow',
      `${port.role} ${port.name}: its interval has ${cardinality(range)} elements, more than koalabear (${P}); lower the bits or the accumulator width`,
      { field: port.name },
    );
  return { name: port.name, wire: port.wire, shape, range };
}

function committedPort(port: Port): Diagnostic {
  return new Diagnostic(
    'unsupported-visibility',
    `${port.role} ${port.name}: this prover has no commitments to ports yet; make it public or private`,
    { field: port.name },
  );
}

/**
 * Makes a wire linear in columns and public inputs: contractions below it become columns, or the wire itself does if it is
 * smaller than they are together.
 */
function settle(c: Circuit, run: Draft, reach: Reach, wire: number, label: string): void {
  const below = bilinearBelow(c, run, reach, wire);
  const size = (w: number): number => sizeOf(c.wires[w]!.shape);
  const chosen = below.reduce((n, w) => n + size(w), 0) <= size(wire) ? below : [wire];
  for (const w of chosen) {
    run.addColumn(w, 'advice', { kind: 'wire' }, `${label}.product`);
    const { shape } = c.wires[w]!;
    const definition = run.addWire(shape);
    run.define(definition, w);
    run.addIdentity({ shape, form: plusWire(formOf(definition), w, -1n), label: `${label}.product` });
  }
}

/** Contractions that the wire depends on through linear instructions, columns not looked through; ascending. */
function bilinearBelow(c: Circuit, run: Draft, reach: Reach, wire: number): number[] {
  const found: number[] = [];
  const seen = new Set([wire]);
  const pending = [wire];
  for (let w = pending.pop(); w !== undefined; w = pending.pop()) {
    if (run.isColumn(w) || reach.fixed.has(w)) continue;
    const i: Instr = c.instrs[reach.definedBy[w]!]!;
    if (reach.isBilinear(i)) {
      found.push(w);
      continue;
    }
    for (const x of linearInputs(i)) {
      if (seen.has(x)) continue;
      seen.add(x);
      pending.push(x);
    }
  }
  return found.sort((a, b) => a - b);
}

function linearInputs(i: Instr): readonly number[] {
  switch (i.op) {
    case 'affine':
    case 'concat':
    case 'contract':
      return i.in;
    case 'view':
    case 'sum':
    case 'deduce':
    case 'range':
      return [i.in];
    default:
      return [];
  }
}

/** The intervals of all parameters that runs use, over the same weight columns. */
function planRegistration(c: Circuit, reach: Reach): Plans['registration'] {
  const draft = createDraft(c);
  // In the order of a run's plan, so that both lay the weights out alike.
  for (const i of c.instrs) {
    if (i.op !== 'port') continue;
    const { name, role, wire } = c.ports[i.port]!;
    if (role !== 'param' || !reach.needed.has(wire)) continue;
    const { shape, range } = c.wires[wire]!;
    draft.addColumn(wire, 'weight', { kind: 'wire' }, name);
    draft.addRange(formOf(wire, 1n, -range.lo), shape, cardinality(range), name);
  }
  if (draft.committed() === 0) return undefined;
  // Made once per model: whatever costs least.
  return draft.finish(LARGE_TABLE, { contractions: [], inputs: [], outputs: [] });
}
