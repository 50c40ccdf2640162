// Rows of a port commitment: the integers are packed into field elements, which a Poseidon sponge absorbs.
//
// An S-box is three rows (x^2, x^4, x^5); everything between S-boxes is linear. The combinations that enter the S-boxes of a
// permutation are the same in every permutation but for its first round, so they are worked out once.
import { SCALAR_FIELD, toSigned } from '../../iden3/scalar-field.ts';
import type { Interval } from '../../interval.ts';
import {
  COMMITMENT_RATE,
  COMMITMENT_WIDTH,
  commitmentBlocks,
  isFullRound,
  type Packing,
  packedLength,
  packPort,
  permutationsOf,
  portPacking,
  poseidonParameters,
  poseidonPermutation,
} from '../../poseidon.ts';
import type { Shape } from '../../tensor.ts';
import {
  addCosts,
  type Cost,
  constant,
  cost,
  type LinearCombination,
  plus,
  type RowEmitter,
  term,
  timesCost,
} from './rows.ts';

/** A combination of S-box outputs: `outputs[b]` is the coefficient of box b, ascending. */
interface Symbolic {
  readonly constant: bigint;
  readonly outputs: ReadonlyMap<number, bigint>;
}

/** Inputs of the S-boxes after the first round, in order, and the final state. */
interface Template {
  readonly inputs: readonly Symbolic[];
  readonly final: readonly Symbolic[];
  /** Bound on the coefficients of the rows of one permutation. */
  readonly nonZeros: number;
}

let cached: Template | undefined;

function template(): Template {
  if (cached !== undefined) return cached;
  const { width, fullRounds, partialRounds, constants, matrix } = poseidonParameters(COMMITMENT_WIDTH);
  const inputs: Symbolic[] = [];
  const zero: Symbolic = { constant: 0n, outputs: new Map() };
  let boxes = 0;
  let state: Symbolic[] = matrix.map(() => zero);
  for (let round = 0; round < fullRounds + partialRounds; round++) {
    const full = isFullRound(round, fullRounds, partialRounds);
    state = state.map((x, i) => {
      const shifted = { constant: (x.constant + constants[round * width + i]!) % SCALAR_FIELD, outputs: x.outputs };
      if (!full && i > 0) return shifted;
      // The first round's inputs also hold what enters the permutation: they are made at emission.
      inputs.push(shifted);
      return { constant: 0n, outputs: new Map([[boxes++, 1n]]) };
    });
    const before = state;
    state = matrix.map((row) => mix(row, before));
  }
  const length = (x: Symbolic): number => x.outputs.size + 1;
  // Block element, capacity tag and the mixed state before, for the first round.
  const first = width + 2;
  const terms = inputs.reduce((sum, x, b) => sum + 3 * (b < width ? first : length(x)) + 6, 0);
  cached = { inputs, final: state, nonZeros: terms };
  return cached;
}

function mix(row: readonly bigint[], state: readonly Symbolic[]): Symbolic {
  let sum = 0n;
  const outputs = new Map<number, bigint>();
  for (const [j, m] of row.entries()) {
    sum += m * state[j]!.constant;
    for (const [box, c] of state[j]!.outputs) outputs.set(box, ((outputs.get(box) ?? 0n) + m * c) % SCALAR_FIELD);
  }
  return { constant: sum % SCALAR_FIELD, outputs: new Map([...outputs].sort((x, y) => x[0] - y[0])) };
}

/** Boxes of the first round: one per state element. */
function boxesOf(): number {
  const { width, fullRounds, partialRounds } = poseidonParameters(COMMITMENT_WIDTH);
  return width * fullRounds + partialRounds;
}

/** Cost of committing to a port whose elements have the given number of terms. */
export function commitmentCost(shape: Shape, range: Interval, terms: number): Cost {
  const packing = portPacking(shape, range);
  const permutations = permutationsOf(packing);
  const own = cost(3 * boxesOf(), 3 * boxesOf(), template().nonZeros);
  return addCosts(
    timesCost(packedLength(packing), cost(1, 1, packing.perElement * terms + 2)),
    timesCost(permutations, own),
    cost(1, 0, COMMITMENT_WIDTH + 2),
  );
}

/** A port to commit to, and where its commitment and blinding element are. */
export interface CommittedPort {
  readonly name: string;
  readonly packing: Packing;
  readonly element: (e: number) => LinearCombination;
  readonly commitment: number;
  readonly blinding: number;
  /** Values of the elements and the blinding element, if values are assigned. */
  readonly known: { readonly values: ArrayLike<number | bigint>; readonly blinding: bigint } | undefined;
}

/** Rows that make the commitment variable the commitment to the port; see {@link commitPort}. */
export function commitmentRows(e: RowEmitter, p: CommittedPort): void {
  const { packing, known } = p;
  const packed = known === undefined ? undefined : packPort(known.values, packing);
  const length = packedLength(packing);
  e.segment(`${p.name}.packed`, length);
  const first = e.allocate(length);
  for (let k = 0; k < length; k++) {
    e.assign?.(first + k, packed?.[k] ?? 0n);
    let sum = term(first + k, -1n);
    for (let i = Math.min((k + 1) * packing.perElement, packing.count) - 1; i >= k * packing.perElement; i--) {
      const weight = 1n << BigInt(packing.bits * (i - k * packing.perElement));
      sum = plus(sum, plus(p.element(i), constant(packing.lo), -1n), weight);
    }
    e.zero(sum);
  }
  // One variable per stream position: the blinding element, then the packed ones.
  const stream = [p.blinding, ...Array.from({ length }, (_, k) => first + k)];
  const blocks = packed === undefined || known === undefined ? undefined : commitmentBlocks(packed, known.blinding);
  let state = Array.from({ length: COMMITMENT_WIDTH }, (_, i) => constant(i === 0 ? packing.tag : 0n));
  let values = Array.from({ length: COMMITMENT_WIDTH }, (_, i) => (i === 0 ? packing.tag : 0n));
  e.segment(`${p.name}.poseidon`, permutationsOf(packing));
  for (let block = 0; block < permutationsOf(packing); block++) {
    state = state.map((x, i) => {
      const source = i === 0 ? undefined : stream[block * COMMITMENT_RATE + i - 1];
      return source === undefined ? x : plus(x, term(source));
    });
    const absorbed = blocks?.[block];
    if (absorbed !== undefined) values = values.map((x, i) => (i === 0 ? x : (x + absorbed[i - 1]!) % SCALAR_FIELD));
    const boxes: bigint[] = [];
    if (absorbed !== undefined) values = poseidonPermutation(values, (x) => boxes.push(x));
    state = permutationRows(e, state, boxes);
  }
  e.assign?.(p.commitment, values[1]!);
  e.zero(plus(state[1]!, term(p.commitment), -1n));
}

/** Rows of one permutation; `values` are the inputs of its S-boxes if values are assigned. */
function permutationRows(
  e: RowEmitter,
  state: readonly LinearCombination[],
  values: readonly bigint[],
): LinearCombination[] {
  const { inputs, final } = template();
  const base = e.allocate(3 * inputs.length);
  const output = (box: number): number => base + 3 * box + 2;
  const combination = (x: Symbolic): LinearCombination => {
    const boxes = [...x.outputs].filter(([, c]) => c !== 0n);
    const own = { variables: boxes.map(([b]) => output(b)), coefficients: boxes.map(([, c]) => toSigned(c)) };
    return plus(constant(x.constant), own);
  };
  for (const [box, input] of inputs.entries()) {
    const x = box < state.length ? plus(state[box]!, constant(input.constant)) : combination(input);
    const [square, fourth, fifth] = [base + 3 * box, base + 3 * box + 1, output(box)];
    e.row(x, x, term(square));
    e.row(term(square), term(square), term(fourth));
    e.row(term(fourth), x, term(fifth));
    if (e.assign === undefined) continue;
    const v = values[box]!;
    const v2 = (v * v) % SCALAR_FIELD;
    const v4 = (v2 * v2) % SCALAR_FIELD;
    e.assign(square, v2);
    e.assign(fourth, v4);
    e.assign(fifth, (v4 * v) % SCALAR_FIELD);
  }
  return final.map(combination);
}
