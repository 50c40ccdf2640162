// From the instructions of a circuit to the statements of its plan.
//
// Soundness, by instruction. Columns hold canonical residues; "is" means equality mod p. A wire's interval is what the
// recorder inferred; its wrap rule makes the three statements mod p (lookup, range, zero) statements over the integers.
// - port: public inputs are checked by the verifier. Private ones are columns with a range proof in every run. Parameters
//   are columns of the weight commitment, whose intervals the registration plan proves, with the constraints that are on
//   parameters alone (see reachable.ts): the registration is a plan of the same kind, by the same rules.
// - constant, affine, view, concat, sum, deduce, and contract with a fixed operand are linear: claims are pulled back
//   through them, nothing is committed and nothing needs a proof.
// - contract of two wires that are not fixed: a claim on the result becomes a claim on each operand by sumcheck. Where
//   such a result is a lookup key, a range subject or an operand again, a column takes its place (below).
// - hint: every output that a constraint reaches is a column, and its declared interval gets a range proof, unless a lookup
//   with this very output as its key has a domain inside the interval. The plan finds that lookup itself. An output that
//   no constraint reaches has no influence on the statement and is left out.
// - lookup: (key, values) is a row of the table; if no value is reached, the key still lies in the domain.
// - range: a range proof of the subject. zero: an identity.
// - A committed port is a column with a commitment of its own. Inputs are, with their range proof; an output is where its
//   wire is a column in any case, else a copy of it by an identity.
// - Column m in place of wire w: an identity says m = w, with w as the circuit computes it.
import type { Circuit, Instr, Port } from '../../circuit.ts';
import { Diagnostic } from '../../diagnostics.ts';
import { cardinality, containsInterval, type Interval } from '../../interval.ts';
import { P } from '../../koalabear.ts';
import { sizeOf } from '../../tensor.ts';
import { createDraft, type Draft, formOf, plusWire } from './draft.ts';
import { type Part, type Reach, reachOf } from './reachable.ts';
import { addTableLookups, type TableLookup } from './table-lookups.ts';
import type { CommittedTensor, Plan, PlanContraction, Plans, PublicTensor } from './types.ts';

/** Cells that a run commits up to which tables have at most SMALL_TABLE rows: about three words per activation, 10^5 activations. */
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
  const run = draftOf(c, reach, 'run');
  const values = run.lookups.reduce((n, l) => n + l.outs.length * sizeOf(l.shape), 0);
  const maxRows = run.draft.runCells() + values < SMALL_MODEL ? SMALL_TABLE : LARGE_TABLE;
  const outputs = c.ports.flatMap((p) => planOutput(c, p));
  const registration = draftOf(c, reach, 'registration');
  const isRegistered = registration.draft.cells() > 0;
  return {
    run: finish(c, run, maxRows, outputs),
    // Made once per model: whatever costs least.
    registration: isRegistered ? finish(c, registration, LARGE_TABLE, []) : undefined,
  };
}

/** The statements of one part, before tables are chosen. */
interface DraftedPart {
  readonly draft: Draft;
  readonly lookups: readonly TableLookup[];
  readonly contractions: readonly PlanContraction[];
  readonly inputs: readonly PublicTensor[];
  /** Committed ports, in order. */
  readonly committed: readonly Port[];
}

function finish(
  c: Circuit,
  { draft, lookups, contractions, inputs, committed }: DraftedPart,
  maxRows: number,
  outputs: PublicTensor[],
): Plan {
  addTableLookups(draft, lookups, maxRows);
  return draft.finish(maxRows, {
    contractions,
    inputs,
    outputs,
    committed: committed.map((port, i) => planCommitted(c, draft, port, i)),
  });
}

/** The column that a committed port is: the wire itself where it has become one in the port's place, else a copy of it. */
function planCommitted(c: Circuit, draft: Draft, p: Port, port: number): CommittedTensor {
  const { name, wire } = p;
  const { shape } = publicTensor(c, p);
  if (draft.isPlaced(wire, port)) return { name, wire, shape };
  const copy = draft.addWire(shape);
  draft.place(copy, port);
  draft.addColumn(copy, 'advice', { kind: 'quotient', of: formOf(wire), shift: 0 }, name);
  draft.addIdentity({ shape, form: plusWire(formOf(copy), wire, -1n), label: name });
  return { name, wire: copy, shape };
}

function draftOf(c: Circuit, reach: Reach, name: 'run' | 'registration'): DraftedPart {
  const part = reach[name];
  const draft = createDraft(part.circuit);
  const committed = name === 'run' ? c.ports.filter(isCommitted) : [];
  for (const [i, { role, wire }] of committed.entries())
    if (role === 'input' || committed.findIndex((p) => p.wire === wire) === i) draft.place(wire, i);
  const lookups: TableLookup[] = [];
  const inputs: PublicTensor[] = [];
  const contractions: PlanContraction[] = [];
  const { needed } = part;
  const discharged = provedByLookups(c, part);
  for (const [index, i] of c.instrs.entries()) {
    switch (i.op) {
      case 'port': {
        const port = c.ports[i.port]!;
        if (port.role === 'param') planParameter(c, draft, reach, port, name === 'registration', discharged);
        else if (name === 'run') planInput(c, draft, needed, port, inputs);
        break;
      }
      case 'hint':
        for (const [j, w] of i.out.entries()) {
          if (!needed.has(w)) continue;
          const { shape, range } = c.wires[w]!;
          draft.addColumn(w, 'advice', { kind: 'wire' }, `${i.label}.${j}`);
          if (!(i.proved[j] && discharged(w, range)))
            draft.addRange(formOf(w, 1n, -range.lo), shape, cardinality(range), `${i.label}.${j}`);
        }
        break;
      case 'lookup': {
        if (!part.states(index)) break;
        const { shape } = c.wires[i.in]!;
        const table = c.tables.get(i.table)!;
        settle(c, draft, reach, i.in, i.label);
        if (i.out.some((w) => needed.has(w))) {
          if (sizeOf(shape) > 0) lookups.push({ table, key: i.in, shape, outs: i.out, label: i.label });
        } else draft.addRange(formOf(i.in, 1n, -table.domain.lo), shape, cardinality(table.domain), i.label);
        break;
      }
      case 'range':
        if (!part.states(index)) break;
        settle(c, draft, reach, i.in, i.label);
        draft.addRange(formOf(i.in, 1n, -i.to.lo), c.wires[i.in]!.shape, cardinality(i.to), i.label);
        break;
      case 'zero':
        if (!part.states(index)) break;
        draft.addIdentity({ shape: c.wires[i.in]!.shape, form: formOf(i.in), label: i.label });
        break;
      case 'contract':
        if (!reach.isBilinear(i) || !needed.has(i.out)) break;
        for (const w of i.in) settle(c, draft, reach, w, `wire${w}`);
        contractions.push({ wire: i.out, spec: i.spec, a: i.in[0], b: i.in[1] });
        break;
      case 'gather':
        throw new Diagnostic(
          'unsupported-gather',
          `${i.label}: indices that only the prover knows are not supported by this prover yet; use public indices`,
          { field: i.label },
        );
      default:
        break;
    }
  }
  return { draft, lookups, contractions, inputs, committed };
}

/** True if a lookup of the part with this wire as its key has a domain inside the interval. */
function provedByLookups(c: Circuit, { states }: Part): (wire: number, range: Interval) => boolean {
  const domains = new Map<number, Interval[]>();
  for (const [index, i] of c.instrs.entries())
    if (i.op === 'lookup' && states(index))
      domains.set(i.in, [...(domains.get(i.in) ?? []), c.tables.get(i.table)!.domain]);
  return (wire, range) => domains.get(wire)?.some((d) => containsInterval(range, d)) === true;
}

/** A column of the commitment to weights in both parts, so that they lay it out alike; its interval is proved in one. */
function planParameter(
  c: Circuit,
  draft: Draft,
  { run, registration }: Reach,
  { name, wire }: Port,
  isRegistration: boolean,
  discharged: (wire: number, range: Interval) => boolean,
): void {
  if (!run.needed.has(wire) && !registration.needed.has(wire)) return;
  const { shape, range } = c.wires[wire]!;
  draft.addColumn(wire, 'weight', { kind: 'wire' }, name);
  if (isRegistration && !discharged(wire, range))
    draft.addRange(formOf(wire, 1n, -range.lo), shape, cardinality(range), name);
}

function planInput(c: Circuit, run: Draft, needed: ReadonlySet<number>, port: Port, inputs: PublicTensor[]): void {
  const { name, visibility, wire } = port;
  const { shape, range } = c.wires[wire]!;
  if (visibility === 'public') {
    inputs.push(publicTensor(c, port));
    return;
  }
  if (visibility !== 'committed' && !needed.has(wire)) return;
  run.addColumn(wire, 'advice', { kind: 'wire' }, name);
  run.addRange(formOf(wire, 1n, -range.lo), shape, cardinality(range), name);
}

function planOutput(c: Circuit, port: Port): PublicTensor[] {
  if (port.role !== 'output' || port.visibility !== 'public') return [];
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

/** Inputs and outputs; parameters have the commitment to weights. */
const isCommitted = (p: Port): boolean => p.visibility === 'committed' && p.role !== 'param';

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
