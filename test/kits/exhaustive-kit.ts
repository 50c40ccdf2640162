// Exhaustive check of small circuits: over all inputs and all committed values, exactly one run per input is accepted.
import type { Circuit } from '../../compiler/ir/circuit.ts';
import { createFieldStep, type FieldState } from '../../compiler/ir/interpret/cheat.ts';
import { cardinality } from '../../compiler/ir/interval.ts';
import { sizeOf } from '../../compiler/ir/tensor.ts';

/** Largest number of combinations of inputs and committed values. */
export const MAX_COMBINATIONS = 2 ** 20;

export interface ExhaustiveOptions {
  /** How far committed values leave their intervals on either side; `field`: every element of the (small) field. */
  readonly excursion?: number | 'field';
  /** Elements of the output ports for the elements of the input ports. */
  readonly expected: (inputs: ReadonlyMap<string, readonly bigint[]>) => ReadonlyMap<string, readonly bigint[]>;
}

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
 * @throws Error naming the input and the assignments; RangeError beyond {@link MAX_COMBINATIONS}.
 */
export function checkExhaustively(c: Circuit, options: ExhaustiveOptions): number {
  const { excursion = 1, expected } = options;
  const p = c.target.modulus;
  const inputs = c.ports.filter((port) => port.role !== 'output');
  const cellsOf = (wire: number, wider: bigint): (readonly bigint[])[] => {
    const { shape, range } = c.wires[wire]!;
    return Array.from({ length: sizeOf(shape) }, () => valuesFrom(range.lo - wider, range.hi + wider));
  };
  const committed = (wire: number): (readonly bigint[])[] =>
    excursion === 'field'
      ? cellsOf(wire, 0n).map(() => valuesFrom(-(p / 2n), p / 2n))
      : cellsOf(wire, BigInt(excursion));
  let size = 1n;
  for (const port of inputs)
    size *= cardinality(c.wires[port.wire]!.range) ** BigInt(sizeOf(c.wires[port.wire]!.shape));
  for (const i of c.instrs)
    if (i.op === 'hint') for (const w of i.out) for (const set of committed(w)) size *= BigInt(set.length);
  if (size > MAX_COMBINATIONS)
    throw new RangeError(`exhaustive check: ${size} combinations exceed ${MAX_COMBINATIONS}`);

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
    const chosen: string[] = [];
    // Depth first; a branch ends at its first violated constraint.
    const follow = (index: number): void => {
      const i = c.instrs[index];
      if (i === undefined) {
        accepted.push(chosen.join('; '));
        if (state.falseLemmas.length > 0) throw new Error(`${shown}: false lemma ${state.falseLemmas.join(', ')}`);
        compareOutputs(c, state, expected(given), shown);
        return;
      }
      const go = (outputs?: readonly (readonly bigint[])[]): void => {
        tried++;
        const lemmas = state.falseLemmas.length;
        step(index, i, state, outputs === undefined ? undefined : { instr: index, commit: () => outputs });
        if (state.violated.length === 0) follow(index + 1);
        state.violated.length = 0;
        state.falseLemmas.length = lemmas;
      };
      if (i.op !== 'hint') {
        go();
        return;
      }
      const sets = i.out.map(committed);
      for (const values of combinations(sets.flat())) {
        const outputs = split(values, sets);
        chosen.push(`${i.label} = ${values.join(', ')}`);
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
