// Rows of a table of data, read by the bits of its key: about 2 * 2^(b/2) for a key of b bits.
//
// A function of n bits is a multilinear polynomial in them. For the lowest bits its monomials become variables (one row per
// product), so that each of the 2^high sub-tables is a linear combination of monomials without rows. The high bits then
// fold the sub-tables pairwise from the top: f = f_0 + bit * (f_1 - f_0), one row each, 2^high - 1 in all.
import type { Flag } from './bit-rows.ts';
import { addCosts, type Cost, cost, FREE, type LinearCombination, plus, type RowEmitter, term } from './rows.ts';

/** How the bits of a key are divided: `low` for monomials, `high` for folding. */
export interface TableForm {
  readonly low: number;
  readonly high: number;
}

const monomials = (low: number): number => 2 ** low - low - 1;

/** The division with the fewest rows for the number of value columns; among equals the one with more folding. */
export function tableForm(width: number, columns: number): TableForm {
  let best = { low: width, high: 0 };
  const rows = (f: TableForm): number => monomials(f.low) + columns * (2 ** f.high - 1);
  for (let low = width - 1; low >= 0; low--) {
    const form = { low, high: width - low };
    if (rows(form) <= rows(best)) best = form;
  }
  return best;
}

/** Terms of the result of a lookup. */
export function tableTerms(form: TableForm, lowest: number): number {
  return form.high > 0 ? 1 : 2 ** form.low + lowest;
}

/** @param lowest terms of the lowest bit beyond one. */
export function tableCost(form: TableForm, columns: number, lowest: number): Cost {
  const { low, high } = form;
  const products = cost(monomials(low), monomials(low), (3 + lowest) * monomials(low));
  if (high === 0) return products;
  const first = 2 ** (high - 1);
  // Bit, difference of two sub-tables, sub-table and result; later levels have single variables.
  const fold = addCosts(
    cost(first, first, first * (2 * 2 ** low + 2 + 3 * lowest)),
    first > 1 ? cost(first - 1, first - 1, (first - 1) * (5 + lowest)) : FREE,
  );
  return addCosts(products, ...Array.from({ length: columns }, () => fold));
}

/** One column prepared for emission: values by key, and sub-tables as polynomials in the low bits. */
export interface PreparedColumn {
  readonly values: readonly bigint[];
  /** coefficients[j][m]: coefficient of monomial m (in the order of `order`) in sub-table j. */
  readonly coefficients: readonly (readonly bigint[])[];
}

/** Subsets of the low bits as masks: none, the single bits, then products in ascending order. */
export function monomialOrder(low: number): readonly number[] {
  const order = [0];
  for (let i = 0; i < low; i++) order.push(1 << i);
  for (let m = 1; m < 1 << low; m++) if ((m & (m - 1)) !== 0) order.push(m);
  return order;
}

/** @param values the column; keys beyond its end, which a proof of the domain excludes, repeat the last value. */
export function prepareColumn(values: ArrayLike<number>, form: TableForm): PreparedColumn {
  const size = 2 ** (form.low + form.high);
  const whole = Array.from({ length: size }, (_, i) => BigInt(values[Math.min(i, values.length - 1)]!));
  const part = 2 ** form.low;
  const order = monomialOrder(form.low);
  const coefficients = Array.from({ length: 2 ** form.high }, (_, j) => {
    // Moebius transform: values on subsets to coefficients of monomials.
    const c = whole.slice(j * part, (j + 1) * part);
    for (let i = 0; i < form.low; i++) for (let m = 0; m < part; m++) if ((m >> i) & 1) c[m] = c[m]! - c[m ^ (1 << i)]!;
    return order.map((m) => c[m]!);
  });
  return { values: whole, coefficients };
}

/** Results of all columns at the key with the given bits (low first) and value, each a combination. */
export function tableRows(
  e: RowEmitter,
  bits: readonly Flag[],
  key: number,
  form: TableForm,
  columns: readonly PreparedColumn[],
): LinearCombination[] {
  const { low, high } = form;
  const products = monomialRows(e, bits.slice(0, low), monomialOrder(low));
  return columns.map((column) => {
    let parts = column.coefficients.map((c) => combination(products, c));
    for (let level = high - 1; level >= 0; level--) {
      const half = parts.length / 2;
      const bit = bits[low + level]!;
      // Bits above this level are folded: the sub-tables left agree with the key there.
      const above = Math.floor(key / 2 ** (low + level)) * 2 ** (low + level);
      parts = parts.slice(0, half).map((zero, j) => {
        const v = e.allocate(1);
        e.assign?.(v, column.values[above + j * 2 ** low + (key % 2 ** low)]!);
        e.row(bit.sum, plus(parts[half + j]!, zero, -1n), plus(term(v), zero, -1n));
        return term(v);
      });
    }
    return parts[0]!;
  });
}

/** The monomials in order: the constant one, the bits, their products; all but the lowest bit single variables. */
function monomialRows(e: RowEmitter, bits: readonly Flag[], order: readonly number[]): readonly LinearCombination[] {
  const byMask = new Map<number, Flag>([[0, { sum: term(0), value: 1 }]]);
  for (const m of order) {
    const top = 31 - Math.clz32(m);
    if (m === 0) continue;
    const rest = m ^ (1 << top);
    if (rest === 0) {
      byMask.set(m, bits[top]!);
      continue;
    }
    const [a, b] = [byMask.get(rest)!, bits[top]!];
    const v = e.allocate(1);
    const value = a.value * b.value;
    e.assign?.(v, value);
    e.row(a.sum, b.sum, term(v));
    byMask.set(m, { sum: term(v), value });
  }
  return order.map((m) => byMask.get(m)!.sum);
}

/** sum of coefficient * product; products are the constant one, the lowest bit, then single variables. */
function combination(products: readonly LinearCombination[], coefficients: readonly bigint[]): LinearCombination {
  const kept = coefficients.flatMap((c, i) => (c === 0n || i === 1 ? [] : [i]));
  const others = {
    variables: kept.map((i) => products[i]!.variables[0]!),
    coefficients: kept.map((i) => coefficients[i]!),
  };
  const lowest = coefficients[1] ?? 0n;
  return lowest === 0n ? others : plus(others, products[1]!, lowest);
}
