// Plans of gadgets and of small circuits: every kind of instruction, tables by blocks, what is refused and why.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BN254, type Builder, type Circuit, KOALABEAR, type Wire } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { fillColumns, type Plan, planCircuit } from '../../compiler/ir/interpret/plan.ts';
import { type Interval, interval } from '../../compiler/ir/interval.ts';
import { P } from '../../compiler/ir/koalabear.ts';
import type { RecordedWire, Recorder } from '../../compiler/ir/recorder.ts';
import { clampTable, signTable, tableValue } from '../../compiler/ir/table.ts';
import { sizeOf, tensor } from '../../compiler/ir/tensor.ts';
import {
  applyTable,
  argMax,
  clampTo,
  divideFloor,
  hadamard,
  isNegative,
  maxTournament,
  requantize,
  shiftFloor,
} from '../../stdlib/gadgets/index.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';
import {
  checkHonestPlan,
  checkPlanRefusesLies,
  checkPullBack,
  portsIn,
  residueWords,
  violations,
} from '../kits/plan-kit.ts';
import { createRandom } from '../kits/random.ts';

const ranges: fc.Arbitrary<Interval> = fc
  .tuple(fc.integer({ min: 1, max: 26 }), fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 2 }))
  .map(([bits, more, side]) => {
    const size = 2n ** BigInt(bits) + BigInt(more + 3);
    return side === 0 ? interval(0n, size) : side === 1 ? interval(-size, size - 1n) : interval(-size / 3n, size);
  });

type Build = (b: Builder, wires: readonly Wire[]) => Wire;

function circuitOf(shapes: readonly (readonly number[])[], of: readonly Interval[], build: Build): Circuit {
  return recordCircuit(KOALABEAR, (b) => {
    const wires = shapes.map((shape, i) => b.input(`x${i}`, 'input', 'private', shape, of[i]!));
    b.output('y', 'public', build(b, wires) as RecordedWire);
  });
}

/** Honest runs pass, lies do not, claims are pulled back rightly. */
function check(c: Circuit, seed: number): void {
  const { run } = planCircuit(c);
  const random = createRandom(seed);
  const ports = new Map(
    c.ports
      .filter((p) => p.role === 'input')
      .map((p) => {
        const { shape, range } = c.wires[p.wire]!;
        const values = Array.from({ length: sizeOf(shape) }, () => Number(random.integer(range)));
        return [p.name, tensor(shape, values)] as const;
      }),
  );
  checkHonestPlan(run, ports);
  checkPlanRefusesLies(run, ports, random, 5);
  checkPullBack(run, ports, random, 3);
}

const GADGETS: readonly (readonly [string, readonly (readonly number[])[], Build])[] = [
  ['shiftFloor', [[3]], (b, [x]) => shiftFloor(b, x!, 5, 's')],
  ['isNegative', [[3]], (b, [x]) => isNegative(b, x!, 'n')],
  ['clampTo', [[3]], (b, [x]) => clampTo(b, x!, interval(-100, 155), 'c')],
  ['requantize', [[2, 2]], (b, [x]) => requantize(b, [[x!, 3n]], 7, interval(0, 255), 'q')],
  ['maxTournament', [[2, 5]], (b, [x]) => maxTournament(b, x!, 'm')],
  ['argMax', [[2, 4]], (b, [x]) => argMax(b, x!, false, 'a').index],
  [
    'divideFloor',
    [[2]],
    (b, [x]) =>
      divideFloor(
        b,
        x!,
        b.affine([[clampTo(b, x!, interval(1, 90), 'd'), 2n]]),
        interval(-(2n ** 26n), 2n ** 26n),
        'd',
      ),
  ],
  [
    'products of products',
    [[3]],
    (b, [x]) => {
      const small = clampTo(b, x!, interval(-20, 20), 'c');
      const square = hadamard(b, small, small);
      return requantize(
        b,
        [
          [
            hadamard(
              b,
              square,
              b.affine([
                [square, 2n],
                [small, -1n],
              ]),
            ),
            1n,
          ],
        ],
        3,
        interval(-128, 127),
        'q',
      );
    },
  ],
];

describe('gadgets', () => {
  it.each(GADGETS)('%s', (_, shapes, build) => {
    fc.assert(
      fc.property(ranges, fc.integer({ min: 1, max: 1e6 }), (range, seed) => {
        check(circuitOf(shapes, [range], build), seed);
      }),
      { numRuns: 8 },
    );
  });

  it('of tables', () => {
    const cube: Build = (b, [x]) => applyTable(b, 'cube', x!, (k) => k * k * k, 't');
    for (const range of [interval(-128, 127), interval(0, 9), interval(-77, -70)])
      check(circuitOf([[4]], [range], cube), 3);
  });
});

it('claims go backwards through every kind of view, concatenations, sums and fixed factors', () => {
  const c = circuitOf([[2, 6], [3]], [interval(-9, 9), interval(0, 5)], (b, [x, y]) => {
    const parts = [
      b.view(x!, { kind: 'transpose', perm: [1, 0] }, { kind: 'reshape', shape: [12] }),
      b.view(x!, { kind: 'reshape', shape: [12] }, { kind: 'slice', axis: 0, start: 10, step: -3, size: 4 }),
      b.view(y!, { kind: 'dilate', axis: 0, by: 3 }, { kind: 'pad', axis: 0, before: 2, after: 1 }),
      b.view(y!, { kind: 'broadcast', axis: 0, size: 2 }, { kind: 'reshape', shape: [6] }),
      b.view(x!, { kind: 'window', axis: 1, size: 3, stride: 2, dilation: 1 }, { kind: 'reshape', shape: [12] }),
      b.view(y!, { kind: 'gather', axis: 0, index: Int32Array.of(2, -1, 0, 2) }),
      b.sum(x!, [0]),
    ];
    const all = b.concat(parts, 0);
    const n = all.shape[0]!;
    const factor = b.constant(
      tensor(
        [n, 2],
        Array.from({ length: 2 * n }, (_, i) => (i % 7) - 3),
      ),
    );
    const left = b.contract({ a: 'i', b: 'ij', out: 'j' }, all, factor);
    const fixed = b.affine([[b.view(factor, { kind: 'transpose', perm: [1, 0] }), -2n]], 1n);
    const right = b.contract({ a: 'ji', b: 'i', out: 'j' }, fixed, all);
    const product = b.contract(
      { a: 'j', b: 'i', out: 'ij' },
      b.affine(
        [
          [left, 1n],
          [right, 3n],
        ],
        -4n,
      ),
      y!,
    );
    return clampTo(b, product, interval(-100, 100), 'c');
  });
  check(c, 11);
});

it('weights do not make a model large: its tables stay small', () => {
  const layer = (rows: number): Circuit =>
    recordCircuit(KOALABEAR, (b) => {
      const x = b.input('x', 'input', 'private', [rows, 600], interval(0, 255));
      const w = b.input('w', 'param', 'public', [600, 600], interval(-8, 8));
      const sums = b.contract({ a: 'mk', b: 'kn', out: 'mn' }, x, w);
      b.output('y', 'public', requantize(b, [[sums, 1n]], 8, interval(0, 255), 'y') as RecordedWire);
    });
  const most = (rows: number): number => Math.max(...planCircuit(layer(rows)).run.tables.map((t) => t.rows));
  expect(most(60)).toBeLessThanOrEqual(1024);
  // Many activations are worth larger ones.
  expect(most(300)).toBeGreaterThan(1024);
});

describe('tables by blocks', () => {
  const cases = [
    ['clamp', clampTable(interval(-3000, 5191), interval(-40, 87)), interval(-3000, 5191)],
    ['clamp with bases', clampTable(interval(-3000, 5191), interval(-400, 600)), interval(-2999, 5000)],
    ['clamp of a domain of odd size', clampTable(interval(-1000, 2222), interval(0, 255)), interval(-1000, 2222)],
    ['sign', signTable(interval(-2048, 2047)), interval(-2048, 2047)],
    ['sign off the grid', signTable(interval(-1999, 2096)), interval(-1999, 2096)],
  ] as const;

  const planOf = (table: (typeof cases)[number][1], range: Interval): Plan =>
    planCircuit(circuitOf([[1]], [range], (b, [x]) => b.lookup(table, x!, 't')[0]!)).run;

  it.each(cases)('%s: exactly the values of the table', (_, table, range) => {
    const plan = planOf(table, range);
    expect(Math.max(...plan.tables.map((t) => t.rows))).toBeLessThan(1024);
    expect(plan.lookups.length).toBeGreaterThan(2);
    const [x, y] = [plan.circuit.ports[0]!.wire, plan.outputs[0]!.wire];
    const accepts = (key: bigint, value: bigint): boolean => {
      const columns = fillColumns(plan, (w) => residueWords([w === y ? value : key]));
      return violations(plan, columns, new Map(), new Map([['y', [value]]])).length === 0;
    };
    expect(x).not.toBe(y);
    for (let key = range.lo; key <= range.hi; key += 37n) {
      const value = tableValue(table, 0, key);
      expect(accepts(key, value)).toBe(true);
      expect(accepts(key, value + 1n)).toBe(false);
      expect(accepts(key, value - 1n)).toBe(false);
    }
    for (const key of [range.lo, range.hi]) expect(accepts(key, tableValue(table, 0, key))).toBe(true);
  });

  it.each(cases)('%s: no other block, class or base is accepted', (_, table, range) => {
    const plan = planOf(table, range);
    const wireOf = (suffix: string): number => plan.columns.find((c) => c.label.endsWith(suffix))?.wire ?? -1;
    const [block, classOf, base, part] = ['.block', '.class', '.base', '.part'].map(wireOf);
    const blocks = plan.tables[plan.lookups.find((l) => l.label === 't.block')!.table]!;
    const values = plan.tables[plan.lookups.find((l) => l.label === 't')!.table]!;
    const y = plan.outputs[0]!.wire;
    const bits = Math.round(Math.log2(blockSize(plan)));
    for (let key = range.lo; key <= range.hi; key += 211n) {
      const honest = Number(key - table.domain.lo) >> bits;
      for (let g = 0; g < blocks.rows; g++) {
        if (g === honest) continue;
        // All that follows from the wrong block is adapted, and the value is the one of the row that the key then meets.
        const e = blocks.values[0]![g]!;
        const b = blocks.values[1]?.[g] ?? 0;
        const row = (((Number(key - table.domain.lo) - g * 2 ** bits + e * 2 ** bits) % P) + P) % P;
        const found = values.values[0]![row];
        if (found === undefined) continue;
        const result = BigInt(found + b) % BigInt(P);
        const claimed = result > BigInt(P) / 2n ? result - BigInt(P) : result;
        const columns = fillColumns(plan, (w) => residueWords([w === y ? claimed : key]));
        const forged = columns.map((column, k) => {
          const { wire } = plan.columns[k]!;
          const word =
            wire === block ? g : wire === classOf ? e : wire === base ? b : wire === part ? found : undefined;
          return word === undefined ? column : Uint32Array.of(word);
        });
        const broken = violations(plan, forged, new Map(), new Map([['y', [claimed]]]));
        if (!broken.includes('y: interval')) expect(broken).toContain('t.offset');
      }
    }
  });
});

/** Size of the blocks of the plan's only table by blocks. */
function blockSize(plan: Plan): number {
  const origin = plan.columns.find((c) => c.label.endsWith('.block'))!.origin;
  if (origin.kind !== 'quotient') throw new Error('the column of blocks is no quotient');
  return 2 ** origin.shift;
}

describe('the checks find what is missing', () => {
  const c = circuitOf([[2]], [interval(-5000, 5000)], (b, [x]) => requantize(b, [[x!, 3n]], 7, interval(0, 255), 'q'));
  const ports = new Map([['x0', tensor([2], [1234, -77])]]);
  const { run } = planCircuit(c);

  it('an identity', () => {
    expect(run.identities.length).toBeGreaterThan(0);
    const without = { ...run, identities: [] };
    expect(() => checkPlanRefusesLies(without, ports, createRandom(1), 40)).toThrow(/lie .* is accepted/);
  });

  // The highest part of the remainder is proved last; the residues below it absorb what simple lies change.
  it.each(['q.clamp', 'q.1'])('a lookup of %s', (label) => {
    const index = run.lookups.findLastIndex((l) => l.label === label);
    // Multiplicities are counted without it.
    const nothing = { terms: [], constant: 0 };
    const without = { ...run, lookups: run.lookups.with(index, { ...run.lookups[index]!, size: 0, key: nothing }) };
    expect(() => checkPlanRefusesLies(without, ports, createRandom(1), 1000)).toThrow(/accepted/);
    checkPlanRefusesLies(run, ports, createRandom(1), 1000);
  });
});

describe('constraints on parameters alone', () => {
  const weights = interval(-7, 7);
  /** |w| summed and proved; y = x times a clamp of v, or x times w. */
  const circuit = (isRead: boolean): Circuit =>
    recordCircuit(KOALABEAR, (b) => {
      const x = b.input('x', 'input', 'public', [3], interval(0, 9));
      const w = b.input('w', 'param', 'private', [3], weights);
      const v = b.input('v', 'param', 'private', [3], weights);
      b.range(b.sum(b.lookup(clampTable(weights, interval(0, 7)), w, 'norm')[0]!, [0]), interval(0, 9), 'norm.sum');
      const clamped = b.lookup(clampTable(weights, interval(0, 3)), v, 'clamped')[0]!;
      b.range(b.sum(clamped, [0]), interval(0, 5), 'clamped.sum');
      b.output('y', 'public', hadamard(b, x, isRead ? clamped : w) as RecordedWire);
    });
  const labels = (p: Plan): string[] => [...new Set(p.lookups.map((l) => l.label))].sort();

  it('are proved once, and not in runs', () => {
    const { run, registration } = planCircuit(circuit(false));
    expect(labels(run)).toEqual([]);
    expect(labels(registration!)).toEqual(['clamped', 'clamped.sum', 'norm', 'norm.sum']);
  });

  it('stay in runs that read what they commit, with all that is said about it', () => {
    const { run, registration } = planCircuit(circuit(true));
    expect(labels(run)).toEqual(['clamped', 'clamped.sum']);
    expect(labels(registration!)).toEqual(['norm', 'norm.sum', 'v']);
    // The lookup of w proves its interval as well; that of v is in another proof.
    expect(registration!.lookups.some((l) => l.label === 'w')).toBe(false);
  });

  it('both parts hold for honest values and refuse lies', () => {
    const given = new Map(
      [['x', [1, 2, 9]] as const, ['w', [3, -7, 5]] as const, ['v', [3, -2, 1]] as const].map(([name, values]) => [
        name,
        tensor([3], values),
      ]),
    );
    for (const isRead of [false, true]) {
      const { run, registration } = planCircuit(circuit(isRead));
      for (const plan of [run, registration!]) {
        checkHonestPlan(plan, portsIn(plan, given));
        checkPlanRefusesLies(plan, portsIn(plan, given), createRandom(2), 40);
      }
    }
  });
});

describe('refuses', () => {
  const refusal = (build: (b: Recorder) => void, target = KOALABEAR): string => {
    try {
      planCircuit(recordCircuit(target, build));
    } catch (e) {
      if (e instanceof Diagnostic) return `${e.code}: ${e.message}`;
      throw e;
    }
    return 'accepted';
  };

  it('circuits of another field, private gathers, public and committed tensors as wide as the field', () => {
    expect(
      refusal((b) => b.output('y', 'public', b.input('x', 'input', 'private', [1], interval(0, 1))), BN254),
    ).toMatch(/wrong-target: .*bn254/);
    expect(
      refusal((b) => {
        const x = b.input('x', 'input', 'private', [4], interval(0, 3));
        b.output('y', 'public', b.gather(x, x, 'pick'));
      }),
    ).toMatch(/unsupported-gather: pick/);
    expect(refusal((b) => void b.input('x', 'input', 'public', [1], interval(0, P)))).toMatch(
      /field-overflow: input x/,
    );
    expect(
      refusal((b) =>
        b.output('y', 'public', b.affine([[b.input('x', 'input', 'private', [1], interval(0, 2 ** 20)), 4096n]])),
      ),
    ).toMatch(/field-overflow: output y/);
    expect(refusal((b) => void b.input('x', 'input', 'committed', [1], interval(0, P)))).toMatch(
      /field-overflow: input x/,
    );
  });
});
