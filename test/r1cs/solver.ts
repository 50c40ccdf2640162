// Finds all solutions of a small constraint system over a small prime field: an oracle that knows nothing of witnesses.
import type { Row } from './system.ts';

interface Linear {
  readonly variables: readonly number[];
  readonly coefficients: readonly number[];
}

/** Values of all variables. */
export type Solution = readonly number[];

/**
 * All solutions that extend the given values (variable 0 is one), by trying values where a row has one unknown left.
 * Field elements are numbers in [0, p); the rows' integers are taken modulo p.
 * @throws Error beyond `limit` solutions.
 */
export function solutions(
  list: readonly Row[],
  variables: number,
  given: ReadonlyMap<number, number>,
  p: number,
  limit = 4096,
): Solution[] {
  const modulo = (c: bigint): number => Number(((c % BigInt(p)) + BigInt(p)) % BigInt(p));
  const rows = list.map((row) =>
    row.map((x): Linear => ({ variables: x.variables, coefficients: x.coefficients.map(modulo) })),
  );
  const members = rows.map((row) => [...new Set(row.flatMap((x) => x.variables))].filter((v) => v !== 0));
  const rowsOf: number[][] = Array.from({ length: variables }, () => []);
  for (const [r, vs] of members.entries()) for (const v of vs) rowsOf[v]!.push(r);
  const value = new Int32Array(variables).fill(-1);
  const open = members.map((vs) => vs.length);
  const found: Solution[] = [];

  const evaluate = (x: Linear): number => {
    let sum = 0;
    for (let i = 0; i < x.variables.length; i++) sum += x.coefficients[i]! * value[x.variables[i]!]!;
    return sum % p;
  };
  const holds = (r: number): boolean => {
    const [a, b, c] = rows[r]!;
    return (evaluate(a!) * evaluate(b!)) % p === evaluate(c!);
  };
  /** Sets a variable; false if a row that is complete now does not hold. */
  const set = (v: number, x: number): boolean => {
    value[v] = x;
    let good = true;
    for (const r of rowsOf[v]!) if (--open[r]! === 0 && good && !holds(r)) good = false;
    return good;
  };
  const unset = (v: number): void => {
    value[v] = -1;
    for (const r of rowsOf[v]!) open[r]!++;
  };
  /** A variable that a row leaves as its only unknown, or else any unknown one. */
  const next = (): number => {
    const r = open.indexOf(1);
    if (r >= 0) return members[r]!.find((v) => value[v]! < 0)!;
    return value.indexOf(-1);
  };
  const search = (): void => {
    const v = next();
    if (v < 0) {
      found.push([...value]);
      if (found.length > limit) throw new Error(`more than ${limit} solutions`);
      return;
    }
    for (let x = 0; x < p; x++) {
      if (set(v, x)) search();
      unset(v);
    }
  };

  value[0] = 1;
  for (const [v, x] of given) if (!set(v, ((x % p) + p) % p)) return [];
  if (rows.some((_, r) => open[r] === 0 && !holds(r))) return [];
  search();
  return found;
}
