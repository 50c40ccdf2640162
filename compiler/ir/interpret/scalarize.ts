// The scalar reading: replays a circuit into rank-1 rows over BN254's scalar field, streamed, and the values of all variables.
//
// Elements of wires are linear combinations of variables; linear instructions with fixed operands add no rows. Which wires
// become variables of their own, and the bound on the terms of a row that follows, is stated in scalar/sharing.ts; how
// intervals, clamps and tables become bits in scalar/proofs.ts. Variables: 0 is one, public signals (outputs and commitments,
// then public inputs), private inputs (ports, then blinding elements), then what the rows define.
//
// One code path emits the rows and, if a witness is given, assigns every variable that it makes: they cannot drift apart.
import type { Circuit } from '../circuit.ts';
import { Diagnostic } from '../diagnostics.ts';
import type { R1csCounts, R1csSink } from '../iden3/r1cs.ts';
import { portPacking } from '../poseidon.ts';
import type { SignalGroup } from '../public-signals.ts';
import { sizeOf } from '../tensor.ts';
import { elementOf } from './scalar/combinations.ts';
import { commitmentRows } from './scalar/commitment-rows.ts';
import { planScalar, type ScalarPlan } from './scalar/plan.ts';
import { createReplay } from './scalar/replay.ts';
import { createRowEmitter, plus, term } from './scalar/rows.ts';
import type { Witness } from './witness.ts';

/** Refusal beyond these, before any work. */
export interface ScalarLimits {
  readonly rows: number;
  /** Coefficients of all rows, and terms of one wire (12 bytes each in memory). */
  readonly nonZeros: number;
}

export const DEFAULT_LIMITS: ScalarLimits = { rows: 2 ** 22, nonZeros: 2 ** 26 };

export interface ScalarizeOptions {
  /** Values to assign; without them only rows are made. */
  readonly witness?: Pick<Witness, 'value' | 'exact'>;
  /** Blinding element of each committed port, by name: secret uniform field elements. */
  readonly blindings?: ReadonlyMap<string, bigint>;
  readonly limits?: ScalarLimits;
}

export interface Scalarized extends R1csCounts {
  /** Variables, the constant one included. */
  readonly variables: number;
  readonly rows: number;
  readonly nonZeros: number;
  /** Public signals in order. */
  readonly signals: readonly SignalGroup[];
  /** Name of a variable, for `.sym` files and messages. */
  readonly nameOf: (variable: number) => string;
  /** All values, 32 bytes each, little-endian and canonical; undefined without a witness. */
  readonly values: Uint8Array | undefined;
}

/**
 * @throws Diagnostic `r1cs-too-large` with the counts, before anything is emitted; `missing-blinding` if a committed port
 * has none; `wrong-target`, `field-overflow` as {@link planScalar}.
 */
export function scalarize(c: Circuit, sink: R1csSink, options: ScalarizeOptions = {}): Scalarized {
  const plan = planScalar(c);
  checkLimits(plan, options.limits ?? DEFAULT_LIMITS);
  const { layout, total } = plan;
  const { witness } = options;
  const values = witness === undefined ? undefined : new Uint8Array(32 * total.variables);
  const e = createRowEmitter(sink, values);
  placePorts(c, plan, e);
  const replay = createReplay(c, plan, e, witness);
  e.assign?.(0, 1);
  for (const [port, p] of c.ports.entries()) {
    const first = layout.values[port]!;
    if (e.assign === undefined || first < 0) continue;
    for (const [i, v] of replay.valuesOf(p.wire).entries()) e.assign(first + i, v);
  }
  for (const [index, i] of c.instrs.entries()) replay.run(index, i);
  for (const [port, p] of c.ports.entries()) {
    const { shape, range } = c.wires[p.wire]!;
    if (p.visibility === 'committed') {
      const blinding = options.blindings?.get(p.name);
      if (witness !== undefined && blinding === undefined)
        throw new Diagnostic('missing-blinding', `committed port ${p.name} needs a blinding element`, {
          field: p.name,
        });
      const x = replay.elements(p.wire);
      const variable = layout.blindings[port]!;
      e.assign?.(variable, blinding ?? 0n);
      commitmentRows(e, {
        name: p.name,
        packing: portPacking(shape, range),
        element: (k) => elementOf(x, k),
        commitment: layout.commitments[port]!,
        blinding: variable,
        known: e.assign === undefined ? undefined : { values: replay.valuesOf(p.wire), blinding: blinding ?? 0n },
      });
    } else if (p.role === 'output' && p.visibility === 'public') {
      const x = replay.elements(p.wire);
      const first = layout.values[port]!;
      for (let k = 0; k < sizeOf(shape); k++) e.zero(plus(elementOf(x, k), term(first + k), -1n));
    }
  }
  const { publicOutputs, publicInputs, privateInputs, signals } = layout;
  return {
    publicOutputs,
    publicInputs,
    privateInputs,
    variables: e.next(),
    rows: e.rows(),
    nonZeros: e.nonZeros(),
    signals,
    nameOf: e.name,
    values,
  };
}

function checkLimits(plan: ScalarPlan, limits: ScalarLimits): void {
  const { rows, nonZeros } = plan.total;
  const largest = Math.max(nonZeros, plan.largestWire);
  if (rows <= limits.rows && largest <= limits.nonZeros) return;
  throw new Diagnostic(
    'r1cs-too-large',
    `the circuit has ${rows} constraints with at most ${largest} coefficients; the limits are ${limits.rows} and ${limits.nonZeros}: use a smaller model, fewer bits, or cut the model into slices`,
  );
}

/** Names the variables of ports in the order of the layout. */
function placePorts(c: Circuit, plan: ScalarPlan, e: ReturnType<typeof createRowEmitter>): void {
  const { layout } = plan;
  const places: { readonly first: number; readonly name: string; readonly count: number }[] = [];
  for (const [port, p] of c.ports.entries()) {
    const count = sizeOf(c.wires[p.wire]!.shape);
    if (layout.values[port]! >= 0) places.push({ first: layout.values[port]!, name: p.name, count });
    if (layout.commitments[port]! < 0) continue;
    places.push({ first: layout.commitments[port]!, name: `${p.name}.commitment`, count: 1 });
    places.push({ first: layout.blindings[port]!, name: `${p.name}.blinding`, count: 1 });
  }
  e.segment('one', 1);
  e.allocate(1);
  for (const { first, name, count } of places.sort((a, b) => a.first - b.first)) {
    if (count === 0) continue;
    e.segment(name, count);
    if (e.allocate(count) !== first) throw new RangeError(`port ${name} is out of order`);
  }
}
