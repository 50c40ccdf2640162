// Rows that make the results of a lookup from the bits of its key.
import type { Table } from '../../table.ts';
import { clampRows, type Flag, not, weighted } from './bit-rows.ts';
import type { Realisation } from './proofs.ts';
import { constant, type LinearCombination, plus, type RowEmitter, term } from './rows.ts';
import { prepareColumn, tableRows } from './table-rows.ts';

/** One key: its combination, its bits (low first), and the number they express over `lo` (0 if values are not assigned). */
export interface Key {
  readonly element: () => LinearCombination;
  readonly bits: readonly Flag[];
  readonly lo: bigint;
  readonly number: bigint;
}

/**
 * Results by column and element. `value(j, k)` is the value of column j at element k.
 * @returns nothing for a lookup that returns its key: that needs no rows.
 */
export function lookupRows(
  e: RowEmitter,
  table: Table,
  result: Realisation,
  keyOf: (element: number) => Key,
  count: number,
  value: (column: number, element: number) => number | bigint,
): readonly (readonly LinearCombination[])[] {
  const each = (f: (key: Key, element: number) => LinearCombination): readonly (readonly LinearCombination[])[] => [
    Array.from({ length: count }, (_, k) => f(keyOf(k), k)),
  ];
  switch (result.kind) {
    case 'key':
      return [[]];
    case 'constant':
      return each(() => constant(result.value));
    case 'sign':
      return each((key) => not(key.bits.at(-1)!).sum);
    case 'clamp': {
      const { lo, form } = result;
      return each((key, k) => plus(clampRows(e, key.bits, form, BigInt(value(0, k)) - lo), constant(lo)));
    }
    case 'least': {
      // The top bit is 1 above hi: (1 - top) * (key - hi) = y - hi, where the key below hi is lo + the other bits.
      const { hi } = result;
      return each((key, k) => {
        const y = e.allocate(1);
        e.assign?.(y, value(0, k));
        const below = plus(weighted(key.bits.slice(0, -1)), constant(key.lo - hi));
        e.row(not(key.bits.at(-1)!).sum, below, plus(term(y), constant(hi), -1n));
        return term(y);
      });
    }
    case 'data': {
      if (table.kind !== 'data') throw new RangeError(`table ${table.name} has no data`);
      const { form, first, size } = result;
      const columns = table.columns.map((column) => prepareColumn(column.data.subarray(first, first + size), form));
      const found = Array.from({ length: count }, (_, k) => {
        const key = keyOf(k);
        return tableRows(e, key.bits, Number(key.number), form, columns);
      });
      return columns.map((_, j) => found.map((row) => row[j]!));
    }
  }
}
