// Exhaustive check of small circuits: over all inputs and all committed values, exactly one run per input is accepted.
import type { Circuit, Instr } from '../../compiler/ir/circuit.ts';
import { createFieldStep, type FieldState } from '../../compiler/ir/interpret/cheat.ts';
import { cardinality } from '../../compiler/ir/interval.ts';
import { sizeOf } from '../../compiler/ir/tensor.ts';

/** Largest number of combinations of inputs and committed values, unless a check allows more. */
export const MAX_COMBINATIONS = 2 ** 20;

/** What an exhaustive check compares with, and how far it looks. */
export interface ExhaustiveOptions {
  /** How far committed values leave their intervals on either side; `field`: every element of the (small) field. */
  readonly excursion?: number | 'field';
  /**
   * Combinations allowed. Branches end at their first violated constraint, so that a chain of hints costs much less than
   * the product of its intervals.
   */
  readonly limit?: number;
  /** Elements of the output ports for the elements of the input ports. */
  readonly expected: (inputs: ReadonlyMap<string, readonly bigint[]>) => ReadonlyMap<string, readonly bigint[]>;
}

/** Largest field whose elements are all tried where a hint leaves the proof of its interval to a lookup. */
const MAX_FIELD = 1024n;

type HintInstr = Extract<Instr, { readonly op: 'hint' }>;

/** All lists with one element of each set. */
function* combinations(sets: readonly (readonly bigint[])[]): Generator<readonly bigint[]> {
  const index = sets.map(() => 0);
  if (sets.some((s) => s.length === 0)) return;
  for (;;) {
    yield sets.map((s, i) => s[index[i]!]!);
    let k = sets.length - 1;
    for (; k >= 0; k--) {
      index[k]!++;
      if (index[k]! < sets[k]!.length) break;
      index[k] = 0;
    }
    if (k < 0) return;
  }
}

/** Cuts a list into lists of the given lengths. */
function split(values: readonly bigint[], like: readonly (readonly unknown[])[]): bigint[][] {
  let from = 0;
  return like.map(({ length }) => {
    from += length;
    return values.slice(from - length, from);
  });
}

function valuesFrom(lo: bigint, hi: bigint): bigint[] {
  return Array.from({ length: Number(hi - lo) + 1 }, (_, i) => lo + BigInt(i));
}

/**
 * For every input within the ports' intervals: exactly one assignment of the hints is accepted, its outputs are the
 * expected ones, and no lemma is false.
 * @returns the number of assignments looked at.
 * @throws Error naming the input and the assignments; RangeError beyond the limit.
 */
export function checkExhaustively(c: Circuit, options: ExhaustiveOptions): number {
  const { excursion = 1, limit = MAX_COMBINATIONS, expected } = options;
  const p = c.target.modulus;
  const inputs = c.ports.filter((port) => port.role !== 'output');
  const cellsOf = (wire: number, wider: bigint): (readonly bigint[])[] => {
    const { shape, range } = c.wires[wire]!;
    return Array.from({ length: sizeOf(shape) }, () => valuesFrom(range.lo - wider, range.hi + wider));
  };
  // An output whose interval the hint does not prove itself may be anything, if the field is small enough to try.
  const committed = (i: HintInstr): (readonly bigint[])[][] =>
    i.out.map((wire, j) =>
      excursion === 'field' || (i.proved[j] && p <= MAX_FIELD)
        ? cellsOf(wire, 0n).map(() => valuesFrom(-(p / 2n), p / 2n))
        : cellsOf(wire, BigInt(excursion)),
    );
  let size = 1n;
  for (const port of inputs)
    size *= cardinality(c.wires[port.wire]!.range) ** BigInt(sizeOf(c.wires[port.wire]!.shape));
  for (const i of c.instrs) if (i.op === 'hint') for (const set of committed(i).flat()) size *= BigInt(set.length);
  if (size > limit) throw new RangeError(`exhaustive check: ${size} combinations exceed ${limit}`);

  let tried = 0;
  for (const cells of combinations(inputs.flatMap((port) => cellsOf(port.wire, 0n)))) {
    let at = 0;
    const given = new Map<string, readonly bigint[]>();
    for (const port of inputs) {
      const n = sizeOf(c.wires[port.wire]!.shape);
      given.set(port.name, cells.slice(at, at + n));
      at += n;
    }
    const shown = [...given].map(([name, v]) => `${name} = [${v.join(', ')}]`).join(', ');
    const step = createFieldStep(c, given);
    const accepted: string[] = [];
    const state: FieldState = { values: [], violated: [], falseLemmas: [] };
    const chosen: (readonly [string, readonly bigint[]])[] = [];
    // Depth first; a branch ends at its first violated constraint.
    const follow = (index: number): void => {
      const i = c.instrs[index];
      if (i === undefined) {
        accepted.push(chosen.map(([label, values]) => `${label} = ${values.join(', ')}`).join('; '));
        if (state.falseLemmas.length > 0) throw new Error(`${shown}: false lemma ${state.falseLemmas.join(', ')}`);
        compareOutputs(c, state, expected(given), shown);
        return;
      }
      const go = (outputs?: readonly (readonly bigint[])[]): void => {
        tried++;
        const lemmas = state.falseLemmas.length;
        step(index, i, state, outputs === undefined ? undefined : { instr: index, commit: outputs });
        if (state.violated.length === 0) follow(index + 1);
        state.violated.length = 0;
        state.falseLemmas.length = lemmas;
      };
      if (i.op !== 'hint') {
        go();
        return;
      }
      const sets = committed(i);
      for (const values of combinations(sets.flat())) {
        const outputs = split(values, sets);
        chosen.push([i.label, values]);
        go(outputs);
        chosen.pop();
      }
    };
    follow(0);
    if (accepted.length !== 1)
      throw new Error(`${shown}: ${accepted.length} accepted runs instead of one: ${accepted.slice(0, 4).join(' | ')}`);
  }
  return tried;
}

function compareOutputs(
  c: Circuit,
  state: FieldState,
  expected: ReadonlyMap<string, readonly bigint[]>,
  shown: string,
): void {
  for (const port of c.ports) {
    if (port.role !== 'output') continue;
    const got = state.values[port.wire]!;
    const want = expected.get(port.name);
    if (want === undefined) throw new Error(`no expected value for output ${port.name}`);
    if (got.length !== want.length || got.some((v, e) => (v - want[e]!) % c.target.modulus !== 0n))
      throw new Error(`${shown}: accepted ${port.name} = [${got.join(', ')}] instead of [${want.join(', ')}]`);
  }
}
