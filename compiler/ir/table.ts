// Lookup tables: functions of a small integer domain, as data shared by digest.
import { Diagnostic } from './diagnostics.ts';
import { digest, tensorDigest } from './digest.ts';
import { cardinality, contains, type Interval, interval, max, min, showInterval } from './interval.ts';
import type { Tensor } from './tensor.ts';

/** Largest number of rows of a table that is stored as data. */
export const MAX_TABLE_ROWS = 2 ** 18;

/**
 * A function of one key in `domain`.
 * - `data`: row i of each column is the value at key domain.lo + i.
 * - `clamp`: min(max(key, to.lo), to.hi). Needs no rows: a reading without lookups realises it by the bits of the key.
 * - `sign`: 1 if key < 0, else 0. Likewise.
 */
export type Table = { readonly name: string; readonly domain: Interval; readonly digest: string } & (
  | { readonly kind: 'data'; readonly columns: readonly Tensor[] }
  | { readonly kind: 'clamp'; readonly to: Interval }
  | { readonly kind: 'sign' }
);

/**
 * A table stored as data: one column per function.
 * @throws Diagnostic `table-too-large` beyond {@link MAX_TABLE_ROWS}.
 */
export function dataTable(name: string, domain: Interval, ...functions: readonly ((key: bigint) => bigint)[]): Table {
  const rows = cardinality(domain);
  if (rows > BigInt(MAX_TABLE_ROWS))
    throw new Diagnostic(
      'table-too-large',
      `table ${name} over ${showInterval(domain)} has ${rows} rows, more than ${MAX_TABLE_ROWS}`,
    );
  const columns = functions.map((f) => {
    const data = Float64Array.from({ length: Number(rows) }, (_, i) => Number(f(domain.lo + BigInt(i))));
    return { shape: [Number(rows)], data };
  });
  return {
    kind: 'data',
    name,
    domain,
    columns,
    digest: digest('zkmlc/table', name, showInterval(domain), ...columns.map(tensorDigest)),
  };
}

/** The table of min(max(key, to.lo), to.hi). */
export function clampTable(domain: Interval, to: Interval): Table {
  const name = `clamp${showInterval(to)}`;
  return { kind: 'clamp', name, domain, to, digest: digest('zkmlc/table', name, showInterval(domain)) };
}

/** The table of 1 for negative keys, else 0. */
export function signTable(domain: Interval): Table {
  return { kind: 'sign', name: 'sign', domain, digest: digest('zkmlc/table', 'sign', showInterval(domain)) };
}

/** Number of value columns. */
export function columnsOf(t: Table): number {
  return t.kind === 'data' ? t.columns.length : 1;
}

/** Value of a column at a key of the domain. @throws RangeError outside the domain. */
export function tableValue(t: Table, column: number, key: bigint): bigint {
  if (!contains(t.domain, key))
    throw new RangeError(`table ${t.name}: key ${key} is outside ${showInterval(t.domain)}`);
  switch (t.kind) {
    case 'clamp':
      return min(max(key, t.to.lo), t.to.hi);
    case 'sign':
      return key < 0n ? 1n : 0n;
    case 'data':
      return BigInt(t.columns[column]!.data[Number(key - t.domain.lo)]!);
  }
}

/** Interval of a value column. */
export function columnRange(t: Table, column: number): Interval {
  if (t.kind === 'data') {
    const { data } = t.columns[column]!;
    let [lo, hi] = [data[0]!, data[0]!];
    for (const v of data) {
      if (v < lo) lo = v;
      if (v > hi) hi = v;
    }
    return interval(lo, hi);
  }
  // Both forms are monotone (sign falls, clamp rises).
  const ends = [tableValue(t, 0, t.domain.lo), tableValue(t, 0, t.domain.hi)];
  return { lo: ends.reduce(min), hi: ends.reduce(max) };
}
