// Tables of activations: each entry is computed once per function, parameters and scales, since types and circuits ask often.
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { cardinality, type Interval, interval, showInterval } from '../../compiler/ir/interval.ts';
import type { Activation, OpRegistry } from '../../compiler/ir/op.ts';
import { type Rational, showRational } from '../../compiler/ir/rational.ts';
import { MAX_TABLE_ROWS } from '../../compiler/ir/table.ts';

/** Entries by key, by parameters and scales. A cache of a pure function: it never changes a result. */
const entries = new WeakMap<Activation, Map<string, Map<bigint, bigint>>>();

/** @throws Diagnostic `unknown-activation` naming the operators that are activations. */
export function activationNamed(ops: OpRegistry, name: string): Activation {
  const found = ops.get(name)?.activation;
  if (found !== undefined) return found;
  const known = [...ops.values()].filter((o) => o.activation !== undefined).map((o) => o.name);
  throw new Diagnostic('unknown-activation', `no activation is called ${name}; known: ${known.join(', ')}`, {
    field: 'act',
  });
}

/** The function key -> round half up of f(key * from) / to, as a cached table. */
export function activationTable(
  f: Activation,
  params: readonly number[],
  from: Rational,
  to: Rational,
): (key: bigint) => bigint {
  const bySettings = entries.get(f) ?? new Map<string, Map<bigint, bigint>>();
  entries.set(f, bySettings);
  const settings = `${params.join(' ')}|${showRational(from)}|${showRational(to)}`;
  const values = bySettings.get(settings) ?? new Map<bigint, bigint>();
  bySettings.set(settings, values);
  return (key) => {
    const have = values.get(key);
    if (have !== undefined) return have;
    const value = f.table(params, key, from, to);
    values.set(key, value);
    return value;
  };
}

/** Interval of a table over its whole domain. @throws Diagnostic `table-too-large`. */
export function tableRange(name: string, table: (key: bigint) => bigint, domain: Interval): Interval {
  if (cardinality(domain) > BigInt(MAX_TABLE_ROWS))
    throw new Diagnostic(
      'table-too-large',
      `the table of ${name} over ${showInterval(domain)} would have more than ${MAX_TABLE_ROWS} rows; lower the bits`,
    );
  let [lo, hi] = [table(domain.lo), table(domain.lo)];
  for (let key = domain.lo; key <= domain.hi; key++) {
    const value = table(key);
    if (value < lo) lo = value;
    if (value > hi) hi = value;
  }
  return interval(lo, hi);
}
