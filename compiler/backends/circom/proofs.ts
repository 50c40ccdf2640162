// Which components of the Circom library prove an interval, a clamp, a sign or a table.

import { tableForm } from '../../ir/interpret/scalar/table-rows.ts';
import {
  clamp,
  type Interval,
  sameInterval,
  showInterval,
  signedHull,
  unsignedHull,
  widthOf,
} from '../../ir/interval.ts';
import type { Table } from '../../ir/table.ts';
import { bracketed, type Element } from './element.ts';
import type { LibraryFile } from './library.ts';
import { commentText } from './names.ts';

/** Notes that emitted text uses a file of the library. */
export type Use = (file: LibraryFile) => void;

/** A statement that proves that an element lies in the interval. */
export function rangeProof(e: Element, to: Interval, use: Use): string {
  if (to.lo === to.hi) return `${e.text} === ${to.lo};`;
  if (to.lo === 0n && to.hi === 1n) return `${bracketed(e)} * (${e.text} - 1) === 0;`;
  use('range');
  return `Range(${to.lo}, ${to.hi})(${e.text});`;
}

/** How a lookup of one column is written: an expression for the value, and further statements that prove the domain. */
export interface LookupText {
  readonly value: string;
  readonly proofs: readonly string[];
}

/** Value of a clamp or sign at a key, which is proved to lie in the table's domain. */
export function orderLookup(t: Exclude<Table, { readonly kind: 'data' }>, key: Element, use: Use): LookupText {
  const { domain } = t;
  const exactly = (native: Interval, value: string): LookupText => {
    use('clamp');
    return { value, proofs: sameInterval(native, domain) ? [] : [rangeProof(key, domain, use)] };
  };
  const constant = (value: bigint): LookupText => ({ value: String(value), proofs: [rangeProof(key, domain, use)] });
  if (t.kind === 'sign') {
    if (domain.lo >= 0n || domain.hi < 0n) return constant(domain.lo >= 0n ? 0n : 1n);
    const native = signedHull(domain, 0n);
    return exactly(native, `Sign(${widthOf(native) - 1})(${key.text})`);
  }
  const [lo, hi] = [clamp(domain, t.to.lo), clamp(domain, t.to.hi)];
  if (lo === hi) return constant(clamp(t.to, domain.lo));
  if (domain.lo === lo) {
    const native = unsignedHull(domain, lo);
    return exactly(native, `ClampAbove(${widthOf(native)}, ${lo}, ${hi})(${key.text})`);
  }
  const native = signedHull(domain, lo);
  return exactly(native, `Clamp(${widthOf(native) - 1}, ${lo}, ${hi})(${key.text})`);
}

/**
 * Template of a data table: keys `domain`, one output per column.
 * @param valuesFunction function that returns the columns
 */
export function tableTemplate(
  name: string,
  valuesFunction: string,
  t: Extract<Table, { readonly kind: 'data' }>,
): string {
  const columns = t.columns.length;
  const outputs = t.columns.map((_, c) => (columns === 1 ? 'out' : `out${c + 1}`));
  const size = t.domain.hi - t.domain.lo + 1n;
  const { low } = tableForm(widthOf(t.domain), columns);
  return [
    `// ${commentText(t.name)} for x in ${showInterval(t.domain)}`,
    `template ${name}() {`,
    '  signal input x;',
    ...outputs.map((o) => `  signal output ${o};`),
    `  signal values[${columns}] <== Table(${t.domain.lo}, ${size}, ${low}, ${columns}, ${valuesFunction}())(x);`,
    ...outputs.map((o, c) => `  ${o} <== values[${c}];`),
    '}',
  ].join('\n');
}
