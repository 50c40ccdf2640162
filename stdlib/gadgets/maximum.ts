// Maxima over the last axis: a tournament for short rows, a one-hot choice where the position is asked for.
//
// Soundness of the tournament: q + relu(p - q) = max(p, q), a function of its operands, and so lies in their range (lemma
// `max`). Nothing is committed that the clamp does not determine.
//
// Soundness of the choice: `hot` is a row of proved booleans that sum to one, so it points at exactly one element w, and
// m = sum of hot * x is x_w (lemma `select`). c_j = sum of hot_i over i <= j is 0 before w and 1 from w on (`select`).
// m - x_j - 1 + c_j >= 0 for all j says that x_j < x_w before w and x_j <= x_w from w on: w is the first maximum, the only
// one. With `last`, c_j sums over i >= j, which mirrors the argument.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { letters } from '../../compiler/ir/contraction.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { BOOLEAN, interval, max, powerOfTwoHull } from '../../compiler/ir/interval.ts';
import { type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import { clampTo } from './compare.ts';
import { alongLast, minus, plus, splat } from './linear.ts';

function lengthOfRows(x: Wire, label: string): number {
  const n = x.shape.at(-1);
  if (n === undefined || n < 1)
    throw new Diagnostic(
      'bad-shape',
      `${label}: the maximum of [${x.shape.join(', ')}] over its last axis is undefined`,
    );
  return n;
}

/** max(x, y), equal shapes. */
export function maximumOf(b: Builder, x: Wire, y: Wire, label: string): Wire {
  if (x.range.lo >= y.range.hi) return x;
  if (y.range.lo >= x.range.hi) return y;
  const difference = minus(b, x, y);
  const positive = clampTo(b, difference, interval(0n, difference.range.hi), label);
  const larger = interval(max(x.range.lo, y.range.lo), max(x.range.hi, y.range.hi));
  return b.deduce(plus(b, y, positive), larger, 'max');
}

/** Maximum over the last axis, which disappears; n - 1 clamps per row of n. */
export function maxTournament(b: Builder, x: Wire, label: string): Wire {
  lengthOfRows(x, label);
  const axis = x.shape.length - 1;
  let current = x;
  for (let n = x.shape[axis]!; n > 1; n = current.shape[axis]!) {
    const half = n >> 1;
    const part = (start: number, size: number): Wire => b.view(current, { kind: 'slice', axis, start, step: 1, size });
    const winners = maximumOf(b, part(0, half), part(half, half), `${label}.relu`);
    current = n % 2 === 1 ? b.concat([winners, part(2 * half, 1)], axis) : winners;
  }
  return b.view(current, { kind: 'reshape', shape: x.shape.slice(0, -1) });
}

/** Ones where column i contributes to the prefix (or suffix) sum j. */
function triangle(n: number, suffix: boolean): Tensor {
  const data = new Int8Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) data[i * n + j] = (suffix ? i >= j : i <= j) ? 1 : 0;
  return tensor([n, n], data);
}

/** States that the rows of a proved boolean tensor sum to one each. */
export function assertOneHot(b: Builder, hot: Wire, label: string): void {
  b.assertZero(b.affine([[b.sum(hot, [hot.shape.length - 1]), 1n]], -1n), `${label}.one`);
}

/** First (or last) maximum of each row of the last axis: its value, its position as a unit vector, and its index. */
export function argMax(
  b: Builder,
  x: Wire,
  last: boolean,
  label: string,
): { readonly max: Wire; readonly hot: Wire; readonly index: Wire } {
  const n = lengthOfRows(x, label);
  const rows = x.shape.slice(0, -1);
  if (n === 1)
    return {
      max: b.view(x, { kind: 'reshape', shape: rows }),
      hot: splat(b, 1n, x.shape),
      index: splat(b, 0n, rows),
    };
  const axes = letters(x.shape.length);
  const [outer, j, i] = [axes.slice(0, -1), axes.slice(-1), letters(1, x.shape.length)];
  const hot = b.hint({ kind: 'argmax', last }, [x], [{ shape: x.shape, range: BOOLEAN }], label)[0]!;
  assertOneHot(b, hot, label);
  const chosen = b.deduce(b.contract({ a: axes, b: axes, out: outer }, hot, x), x.range, 'select');
  const sums = b.contract({ a: outer + i, b: i + j, out: axes }, hot, b.constant(triangle(n, last)));
  const from = b.deduce(sums, BOOLEAN, 'select');
  const slack = b.affine(
    [
      [alongLast(b, chosen, n), 1n],
      [x, -1n],
      [from, 1n],
    ],
    -1n,
  );
  b.range(slack, powerOfTwoHull(interval(0n, x.range.hi - x.range.lo)), `${label}.order`);
  const positions = b.constant(
    tensor(
      [n],
      Int32Array.from({ length: n }, (_, k) => k),
    ),
  );
  const index = b.deduce(b.contract({ a: axes, b: j, out: outer }, hot, positions), interval(0, n - 1), 'select');
  return { max: chosen, hot, index };
}
