// Lies about hints: what a prover would commit to keep one constraint while breaking another, jointly over all outputs.
import { evaluateHint, type Hint } from '../hint.ts';
import { floorDiv, type Interval } from '../interval.ts';
import { centered } from './cheat.ts';

/** Outputs that differ from the honest ones. */
export interface HintLie {
  readonly what: string;
  readonly outputs: readonly (readonly bigint[])[];
}

/** What a hint computed honestly, and how its outputs are proved. */
export interface HintRun {
  readonly hint: Hint;
  readonly inputs: readonly (readonly bigint[])[];
  readonly outputs: readonly (readonly bigint[])[];
  /** Declared interval of each output. */
  readonly ranges: readonly Interval[];
  /** Size of the last axis of the first output: rows of unit vectors. */
  readonly row: number;
  readonly modulus: bigint;
}

/** Inverse modulo a prime p of x, not a multiple of p. */
export function inverseModulo(x: bigint, p: bigint): bigint {
  let [r0, r1] = [p, ((x % p) + p) % p];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const q = floorDiv(r0, r1);
    [r0, r1] = [r1, r0 - q * r1];
    [t0, t1] = [t1, t0 - q * t1];
  }
  return centered(t0, p);
}

/** A lie about one cell (or one row): new values for the outputs there. */
interface CellLie {
  readonly what: string;
  readonly cells: readonly bigint[];
}

const NEAR = [-2n, -1n, 1n, 2n];

/** Bits at which limbs, carries and tables of the usual widths begin. */
const STEPS = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 13, 16, 20, 24, 26, 30, 32, 39, 52].map((bits) => 1n << BigInt(bits));

/** Lies about element `at` of the outputs (for rows of unit vectors: about row `at`). Only those that change a residue. */
export function liesOf(run: HintRun, at: number): readonly HintLie[] {
  const { hint, outputs, row, modulus } = run;
  const found: HintLie[] = [];
  if (hint.kind === 'oneHot' || hint.kind === 'argmax' || hint.kind === 'topk') {
    const group = hint.kind === 'topk' ? hint.k : 1;
    const from = at * row * group;
    const honest = outputs[0]!.slice(from, from + row * group);
    for (const { what, cells } of unitVectorLies(honest, row, modulus))
      found.push({ what, outputs: [outputs[0]!.map((v, e) => cells[e - from] ?? v)] });
  } else {
    const honest = outputs.map((o) => o[at]!);
    for (const { what, cells } of cellLies(run, at, honest))
      found.push({ what, outputs: outputs.map((o, j) => o.map((v, e) => (e === at ? cells[j]! : v))) });
  }
  return found.filter((l) => l.outputs.some((o, j) => o.some((v, e) => (v - outputs[j]![e]!) % modulus !== 0n)));
}

/** Number of cells (or rows) that {@link liesOf} can lie about. */
export function lieSites(run: HintRun): number {
  const { hint, outputs, row } = run;
  const n = outputs[0]!.length;
  if (hint.kind === 'topk') return n / (row * hint.k);
  return hint.kind === 'oneHot' || hint.kind === 'argmax' ? n / row : n;
}

function cellLies(run: HintRun, at: number, honest: readonly bigint[]): CellLie[] {
  const { hint, inputs, ranges, modulus: p } = run;
  const lies: CellLie[] = [];
  const add = (what: string, ...cells: readonly bigint[]): void => {
    lies.push({ what, cells });
  };
  // One output alone: near the honest value, at the ends of its interval and just outside them, negated.
  for (const [j, v] of honest.entries()) {
    const { lo, hi } = ranges[j]!;
    for (const other of [...NEAR.map((k) => v + k), lo - 1n, lo, hi, hi + 1n, -v, v + 2n ** 13n])
      add(`output ${j} = ${other}`, ...honest.with(j, other));
  }
  // The honest answer to another input: right modulo 2^k or p where a constraint on the rest is missing.
  for (const step of [...STEPS, p])
    for (const other of [inputs[0]![at]! + step, inputs[0]![at]! - step]) {
      const asked = [[other], ...inputs.slice(1).map((x) => [x[at]!])];
      const answer = evaluateHint(
        hint,
        asked,
        asked.map(() => []),
      );
      add(`as if the input were ${other}`, ...answer.map((o) => o[0]!));
    }
  switch (hint.kind) {
    case 'divmod':
    case 'divide': {
      const d = hint.kind === 'divmod' ? hint.by : inputs[1]![at]!;
      const x = inputs[0]![at]!;
      const [q, r] = [honest[0]!, honest[1]!];
      for (const k of [...NEAR, 2n ** 8n, -(2n ** 8n), ranges[0]!.lo - q, ranges[0]!.hi - q])
        add(`quotient + ${k}, remainder - ${k} * divisor`, q + k, r - k * d);
      if (d % p !== 0n) {
        const inverse = inverseModulo(d, p);
        for (const rest of [r + 1n, r - 1n, 0n, ranges[1]!.hi, ranges[1]!.hi / 2n])
          add(`remainder ${rest} and the quotient that fits it modulo p`, centered((x - rest) * inverse, p), rest);
      }
      break;
    }
    case 'digits': {
      const base = 1n << BigInt(hint.bits);
      for (let j = 0; j + 1 < honest.length; j++)
        for (const k of [-1n, 1n]) {
          const borrowed = honest.with(j, honest[j]! + k * base).with(j + 1, honest[j + 1]! - k);
          add(`borrow of ${k} across digit ${j}`, ...borrowed);
        }
      const top = honest.length - 1;
      const inverse = inverseModulo(base ** BigInt(top), p);
      for (const k of top > 0 ? [-1n, 1n, base - 1n - honest[0]!] : []) {
        const solved = centered(honest[top]! - k * inverse, p);
        add(
          `lowest digit + ${k} and the top digit that fits it modulo p`,
          ...honest.with(0, honest[0]! + k).with(top, solved),
        );
      }
      break;
    }
    case 'isNegative':
      add('flipped', 1n - honest[0]!);
      add('one half', inverseModulo(2n, p));
      // The slack d - n * (2d + 1) vanishes here.
      if ((2n * inputs[0]![at]! + 1n) % p !== 0n)
        add('the root of the slack', centered(inputs[0]![at]! * inverseModulo(2n * inputs[0]![at]! + 1n, p), p));
      break;
    case 'isqrt':
      add('the negated root less one', -honest[0]! - 1n);
      break;
    default:
      break;
  }
  return lies;
}

/** Lies about rows of unit vectors: one row for a choice, k rows for a ranking. */
function unitVectorLies(honest: readonly bigint[], row: number, p: bigint): CellLie[] {
  const lies: CellLie[] = [];
  const half = inverseModulo(2n, p);
  const add = (what: string, cells: readonly bigint[]): void => {
    lies.push({ what, cells });
  };
  for (let start = 0; start < honest.length; start += row) {
    const one = honest.indexOf(1n, start);
    const at = one < 0 || one >= start + row ? start : one;
    add('no one', honest.with(at, 0n));
    add('two instead of one', honest.with(at, 2n));
    for (let k = start; k < start + row; k++) {
      if (k === at) continue;
      const to = k - start;
      add(`the one moved to ${to}`, honest.with(at, 0n).with(k, 1n));
      add(`a second one at ${to}`, honest.with(k, 1n));
      add(`halves here and at ${to}`, honest.with(at, half).with(k, half));
      add(`two here and -1 at ${to}`, honest.with(at, 2n).with(k, -1n));
      const third = k + 1 < start + row && k + 1 !== at ? k + 1 : undefined;
      if (third !== undefined) add(`ones here and at ${to}, -1 after it`, honest.with(k, 1n).with(third, -1n));
    }
    const next = start + row;
    if (next < honest.length)
      add('two rows swapped', [
        ...honest.slice(0, start),
        ...honest.slice(next, next + row),
        ...honest.slice(start, next),
        ...honest.slice(next + row),
      ]);
  }
  return lies;
}
