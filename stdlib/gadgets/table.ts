// Functions of a small domain, as lookup tables.
//
// Soundness: the table's domain is the key's proven range and the lookup returns the table's value at the key; a table is
// data in the verification key, so the result is a function of the key.
import type { Builder, Wire } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { showInterval } from '../../compiler/ir/interval.ts';
import { dataTable } from '../../compiler/ir/table.ts';
import { isTableSized } from './target.ts';

/**
 * f(x) for a wire of small range; the domain is the range of x.
 * @throws Diagnostic `table-too-large` if the range has more elements than the target's or any table may have.
 */
export function applyTable(b: Builder, name: string, x: Wire, f: (key: bigint) => bigint, label: string): Wire {
  if (!isTableSized(b, x.range))
    throw new Diagnostic(
      'table-too-large',
      `table ${name} over ${showInterval(x.range)} has more than 2^${b.target.tableBits} rows, the limit of ${b.target.name}; lower the bits`,
    );
  return b.lookup(dataTable(name, x.range, f), x, label)[0]!;
}
