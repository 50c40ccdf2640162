// Range proofs of plans are exact over the field: nothing but the interval is accepted, whatever the prover commits.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseRangeTables, type RangeProof } from '../../compiler/ir/interpret/plan/range-tables.ts';
import { inverseP, mulP, P, subP } from '../../compiler/ir/koalabear.ts';

/** Every residue for which some commitment passes, by enumeration of what the tables hold. */
function accepted(proof: RangeProof, n: number): Set<number> {
  const mirrored = (from: Iterable<number>, within: (x: number) => boolean): Set<number> =>
    new Set([...from].filter((u) => within(subP(n - 1, u))));
  switch (proof.kind) {
    case 'table':
      return new Set(Array(proof.rows).keys());
    case 'twoSided':
      return mirrored(Array(proof.rows).keys(), (x) => x < proof.rows);
    case 'split': {
      const out = new Set<number>();
      for (const v of accepted(proof.high, n / 2 ** proof.bits))
        for (let low = 0; low < 2 ** proof.bits; low++) out.add((mulP(v, 2 ** proof.bits) + low) % P);
      return out;
    }
    case 'both': {
      const each = accepted(proof.each, proof.bound);
      return mirrored(each, (x) => each.has(x));
    }
  }
}

const enumerated = new Map<RangeProof, Set<number>>();

/** True if some commitment passes for this residue: every choice of every quotient is tried. */
function passes(proof: RangeProof, n: number, u: number): boolean {
  if (n <= 2 ** 17) {
    const set = enumerated.get(proof) ?? accepted(proof, n);
    enumerated.set(proof, set);
    return set.has(u);
  }
  switch (proof.kind) {
    case 'table':
      return u < proof.rows;
    case 'twoSided':
      return u < proof.rows && subP(n - 1, u) < proof.rows;
    case 'split': {
      const inverse = inverseP(2 ** proof.bits);
      for (let low = 0; low < 2 ** proof.bits; low++)
        if (passes(proof.high, n / 2 ** proof.bits, mulP(subP(u, low), inverse))) return true;
      return false;
    }
    case 'both':
      return passes(proof.each, proof.bound, u) && passes(proof.each, proof.bound, subP(n - 1, u));
  }
}

const demands = fc
  .array(fc.tuple(fc.integer({ min: 2, max: 3000 }), fc.integer({ min: 1, max: 4000 })), { minLength: 1, maxLength: 4 })
  .map((pairs) => new Map(pairs));

describe('intervals that can be enumerated', () => {
  it('are proved exactly', () => {
    fc.assert(
      fc.property(demands, fc.constantFrom(2, 4, 16, 64, 1024), (demand, maxRows) => {
        const tables = chooseRangeTables(demand, maxRows);
        for (const n of demand.keys()) {
          const set = accepted(tables.proofOf(n)!, n);
          expect(set.size).toBe(n);
          for (const u of set) expect(u).toBeLessThan(n);
        }
      }),
      { numRuns: 25 },
    );
  });

  it.each(['table', 'twoSided', 'split', 'both'])('reach a proof by %s', (kind) => {
    const kinds = new Set<string>();
    for (let n = 2; n < 40; n++)
      for (const maxRows of [2, 4, 8]) {
        const proof = chooseRangeTables(new Map([[n, 1]]), maxRows).proofOf(n)!;
        kinds.add(proof.kind);
        for (let p: RangeProof | undefined = proof; p !== undefined; ) {
          kinds.add(p.kind);
          p = p.kind === 'split' ? p.high : p.kind === 'both' ? p.each : undefined;
        }
      }
    expect(kinds).toContain(kind);
  });
});

/** The conditions under which each step accepts its interval and nothing else. */
function isExact(proof: RangeProof, n: number): boolean {
  switch (proof.kind) {
    case 'table':
      return proof.rows === n;
    case 'twoSided':
      return proof.rows > n && 2 * proof.rows <= P + n;
    case 'split':
      return n <= P && n % 2 ** proof.bits === 0 && isExact(proof.high, n / 2 ** proof.bits);
    case 'both':
      return proof.bound >= n && 2 * proof.bound <= P + n && isExact(proof.each, proof.bound);
  }
}

describe('wide intervals', () => {
  const wide = [2 ** 20, 2 ** 20 + 1, 3 * 2 ** 22, 2 ** 29 - 1, 2 ** 29, 2 ** 30, 2 ** 30 + 12345, P - 2 ** 24, P - 1];

  it.each(wide)('of %i elements meet the conditions of exact proofs', (n) => {
    for (const maxRows of [2, 2 ** 10, 2 ** 16])
      for (const cells of [1, 1e6]) {
        const proof = chooseRangeTables(new Map([[n, cells]]), maxRows).proofOf(n);
        if (proof !== undefined) expect(isExact(proof, n)).toBe(true);
        else expect(n).toBeGreaterThan(2 ** 30);
      }
  });

  it.each([2 ** 20 + 1, 3 * 2 ** 22, 2 ** 29, 2 ** 30])('of %i elements admit their ends and nothing beside', (n) => {
    const proof = chooseRangeTables(new Map([[n, 1e6]]), 2 ** 15).proofOf(n)!;
    for (const u of [0, 1, n >> 1, n - 1]) expect(passes(proof, n, u)).toBe(true);
    // Just outside, far outside, and residues that become small when they are scaled by a power of two.
    const outside = [P - 1, P - 2, n, n + 1, ...[1, 4, 10, 13].map((k) => inverseP(2 ** k))];
    for (const u of outside) if (u >= n) expect(passes(proof, n, u)).toBe(false);
  });
});

it('tables stay within their limit and are shared', () => {
  const demand = new Map([
    [2 ** 11, 8000],
    [2 ** 8, 20000],
    [255, 300],
    [2, 90000],
  ]);
  const tables = chooseRangeTables(demand, 2 ** 10);
  const rows = new Set<number>();
  const collect = (p: RangeProof): void => {
    if (p.kind === 'split') {
      rows.add(2 ** p.bits);
      collect(p.high);
    } else if (p.kind === 'both') collect(p.each);
    else rows.add(p.rows);
  };
  for (const n of demand.keys()) collect(tables.proofOf(n)!);
  expect(Math.max(...rows)).toBeLessThanOrEqual(2 ** 10);
  expect(tables.proofOf(2)).toEqual({ kind: 'table', rows: 2 });
  expect(tables.proofOf(2 ** 8)).toEqual({ kind: 'table', rows: 2 ** 8 });
});
