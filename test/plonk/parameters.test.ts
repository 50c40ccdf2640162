// Soundness error: the numbers of the protocol's rules, the refusal below the target, and the choice of parameters.
import { describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { chooseParameters } from '../../runtime/provers/plonk/choose-parameters.ts';
import {
  columnCounts,
  DEFAULT_SECURITY_BITS,
  missBits,
  type ProofParameters,
  type ProtocolSize,
  requireSecurity,
  securityBits,
  soundnessTerms,
} from '../../runtime/provers/plonk/parameters.ts';

/** One tree; that text has denominators of degree 2 where ours have degree 1, which is as if there were twice the leaves. */
function treesFor(lookups: number, variables = 23): ProtocolSize['trees'] {
  return [{ leaves: 2 * (lookups + 2 ** 17), variables }];
}

/** The example of PROVER-RULES.md, 32: 2^22 lookups, 2^9 columns of 2^16 rows, one sumcheck of degree 2 and one of degree 5. */
const example: ProtocolSize = {
  adviceCells: 2 ** 24,
  weightCells: 2 ** 24,
  portCells: [],
  trees: treesFor(2 ** 22),
  sumchecks: [
    { rounds: 12, degree: 2, instances: 50 },
    { rounds: 20, degree: 5, instances: 5 },
  ],
  pointCoordinates: 1020,
  constraints: 0,
  claims: 400,
  cellTerms: 0,
  depth: 50,
};

const parametersWith = (queries: number, tailQueries: number): ProofParameters => ({
  opening: {
    code: { logMessage: 16, logCode: 18, queries },
    tail: { logMessage: 10, logCode: 13, queries: tailQueries },
    powBits: 16,
  },
  chainSteps: 1024,
});

const refused = (step: () => unknown): string => {
  try {
    step();
  } catch (error) {
    if (error instanceof Diagnostic && error.code === 'insecure-parameters') return error.message;
    throw error;
  }
  return 'accepted';
};

describe('the error formula', () => {
  test.each([
    [124, 102, 2 ** 22, 99.01],
    [127, 102, 2 ** 21, 99.96],
    [127, 105, 2 ** 21, 100.49],
    [127, 105, 2 ** 22, 100.04],
  ])('%i and %i queries, %i lookups: %f bits', (queries, tailQueries, lookups, bits) => {
    expect(securityBits({ ...example, trees: treesFor(lookups) }, parametersWith(queries, tailQueries))).toBeCloseTo(
      bits,
      2,
    );
  });

  test('every term of the example', () => {
    const terms = Object.fromEntries(
      [...soundnessTerms(example, parametersWith(124, 102))].map(([name, bits]) => [name, Number(bits.toFixed(1))]),
    );
    expect(terms).toEqual({
      lookups: -100.9,
      points: -114,
      fractions: -114.3,
      sumchecks: -116.5,
      batching: -114.8,
      blocks: -118.4,
      proximity: -102.8,
      queries: -100.1,
      'tail proximity': -108.1,
      'tail queries': -101.4,
    });
  });

  test.each([
    [10, 2, 86, 125],
    [12, 2, 86, 127],
    [14, 2, 86, 127],
    [16, 2, 86, 127],
    [10, 2, 84, 122],
    [12, 2, 84, 124],
    [16, 2, 84, 124],
    [8, 3, 86, 101],
    [10, 3, 86, 103],
    [11, 3, 86, 104],
  ])('messages of 2^%i at rate 2^-%i: %i bits need %i queries', (logMessage, rate, bits, queries) => {
    const code = { logMessage, logCode: logMessage + rate };
    expect(-missBits({ ...code, queries })).toBeGreaterThanOrEqual(bits);
    expect(-missBits({ ...code, queries: queries - 1 })).toBeLessThan(bits);
  });

  test('positions without replacement: more queries than correct positions never miss', () => {
    // 16 positions, messages of 4: at most 6 errors can be corrected, hence at least 7 errors, at most 9 correct positions.
    expect(missBits({ logMessage: 2, logCode: 4, queries: 9 })).toBeCloseTo(Math.log2(1 / 11440), 8);
    expect(missBits({ logMessage: 2, logCode: 4, queries: 10 })).toBe(Number.NEGATIVE_INFINITY);
    expect(missBits({ logMessage: 2, logCode: 4, queries: 16 })).toBe(Number.NEGATIVE_INFINITY);
  });

  test('every count of the protocol makes the error larger', () => {
    const parameters = parametersWith(127, 105);
    // Differences of single counts are below the resolution of the sum: compare the terms.
    const sum = (size: ProtocolSize): number =>
      [...soundnessTerms(size, parameters)]
        .filter(([name]) => !name.includes('queries') && !name.includes('proximity'))
        .reduce((total, [, bits]) => total + 2 ** (bits + 100), 0);
    const sumchecks = example.sumchecks.map((s, i) => ({ ...s, rounds: s.rounds + (i === 0 ? 1 : 0) }));
    const changes: readonly Partial<ProtocolSize>[] = [
      { trees: treesFor(2 ** 22 + 1) },
      { trees: treesFor(2 ** 22, 24) },
      { trees: [...example.trees, { leaves: 2 ** 10, variables: 10 }] },
      { sumchecks },
      { pointCoordinates: 1021 },
      { constraints: 1 },
      { claims: 401 },
      { cellTerms: 1 },
    ];
    for (const change of changes) expect(sum({ ...example, ...change })).toBeGreaterThan(sum(example));
    const columns = { ...example, adviceCells: 2 ** 26 };
    expect(securityBits(columns, parameters)).toBeLessThan(securityBits(example, parameters));
  });
});

describe('refused', () => {
  const size = { ...example, trees: treesFor(2 ** 21) };
  const good = parametersWith(127, 105);
  const opening = good.opening;

  test('below the target only', () => {
    expect(refused(() => requireSecurity(size, good, 100))).toBe('accepted');
    const fewer = refused(() => requireSecurity(size, parametersWith(127, 102), 100));
    expect(fewer).toContain('the term "tail queries"');
    expect(fewer).toContain('2^-99.96');
    expect(refused(() => requireSecurity(size, good, 101))).toContain('2^-100.49');
  });

  test.each<[string, ProofParameters]>([
    ['a code of rate 1', { ...good, opening: { ...opening, code: { logMessage: 18, logCode: 18, queries: 127 } } }],
    [
      'more roots of unity than there are',
      { ...good, opening: { ...opening, code: { ...opening.code, logCode: 25 } } },
    ],
    ['half a query', { ...good, opening: { ...opening, code: { ...opening.code, queries: 127.5 } } }],
    ['more queries than positions', { ...good, opening: { ...opening, tail: { ...opening.tail!, queries: 8193 } } }],
    [
      'a tail as long as the row',
      { ...good, opening: { ...opening, tail: { logMessage: 16, logCode: 19, queries: 127 } } },
    ],
    ['work that nobody does', { ...good, opening: { ...opening, powBits: 31 } }],
    ['work that is not a number', { ...good, opening: { ...opening, powBits: Number.NaN } }],
    ['no hash chain', { ...good, chainSteps: 1 }],
    ['a hash chain that is not a number', { ...good, chainSteps: Number.NaN }],
  ])('%s', (_, parameters) => {
    expect(refused(() => requireSecurity(size, parameters, 0))).not.toBe('accepted');
  });

  test('counts that are not numbers', () => {
    expect(refused(() => requireSecurity({ ...size, trees: treesFor(Number.NaN) }, good, 0))).not.toBe('accepted');
    for (const change of [{ claims: Number.NaN }, { cellTerms: Number.NaN }])
      expect(refused(() => requireSecurity({ ...size, ...change }, good, 0))).not.toBe('accepted');
  });

  test('more lookups than a multiplicity can count, and models deeper than the hash chain', () => {
    expect(refused(() => requireSecurity({ ...size, trees: treesFor(2 ** 30) }, good, 0))).toContain('too many');
    expect(refused(() => requireSecurity({ ...size, depth: 32 * 1024 }, good, 100))).toBe('accepted');
    expect(refused(() => requireSecurity({ ...size, depth: 32 * 1024 + 1 }, good, 100))).toContain('hash chain');
  });

  test('a model with too many lookups for any parameters', () => {
    const large = { ...example, trees: treesFor(2 ** 23, 24) };
    expect(refused(() => chooseParameters(large))).toContain('no parameters');
  });
});

describe('the choice', () => {
  const sizes: readonly (readonly [string, Partial<ProtocolSize>])[] = [
    ['a few cells', { adviceCells: 20, weightCells: 0, trees: [{ leaves: 266, variables: 9 }] }],
    ['no lookups', { adviceCells: 1, weightCells: 4, trees: [], sumchecks: [] }],
    ['a small network', { adviceCells: 35_000, weightCells: 62_000, trees: [{ leaves: 50_000, variables: 16 }] }],
    ['many weights', { adviceCells: 30_000, weightCells: 4_000_000, trees: [{ leaves: 30_000, variables: 15 }] }],
    [
      'a large network',
      {
        adviceCells: 930_000,
        weightCells: 15_000_000,
        trees: [1_000_000, 50_000].map((leaves) => ({ leaves, variables: 20 })),
      },
    ],
    ['a deep one', { depth: 100_000, trees: treesFor(2 ** 20, 21) }],
  ];

  test.each(sizes)('%s: at least the target', (_, change) => {
    const size = { ...example, ...change };
    for (const targetBits of [undefined, 80, 100.3]) {
      const parameters = chooseParameters(size, targetBits === undefined ? {} : { targetBits });
      const target = targetBits ?? DEFAULT_SECURITY_BITS;
      expect(securityBits(size, parameters)).toBeGreaterThanOrEqual(target);
      expect(() => requireSecurity(size, parameters, target)).not.toThrow();
    }
  });

  test('no query too many where the row is sent in clear', () => {
    const size = { ...example, ...sizes[2]![1] };
    const { opening, chainSteps } = chooseParameters(size);
    expect(opening.tail).toBe(undefined);
    const fewer = { ...opening, code: { ...opening.code, queries: opening.code.queries - 1 } };
    expect(securityBits(size, { opening: fewer, chainSteps })).toBeLessThan(DEFAULT_SECURITY_BITS);
  });

  test('a fixed number of rows is kept, and the rate as asked', () => {
    const size = { ...example, ...sizes[2]![1] };
    const { code } = chooseParameters(size, { logMessage: 8, logInverseRate: 1 }).opening;
    expect(code).toMatchObject({ logMessage: 8, logCode: 9 });
  });

  test('columns are counted by commitment: at least one for the advice, salt beside ports', () => {
    const code = { logMessage: 4, logCode: 6 };
    expect(columnCounts({ ...example, adviceCells: 0, weightCells: 0 }, code)).toEqual([1]);
    expect(columnCounts({ ...example, adviceCells: 17, weightCells: 16, portCells: [1, 33] }, code)).toEqual([
      2, 1, 5, 7,
    ]);
  });
});
