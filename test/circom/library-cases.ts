// Proofs of the Circom library, and ways in which a dishonest prover may assign their signals.
import { BN254, type Circuit } from '../../compiler/ir/circuit.ts';
import { type Interval, interval } from '../../compiler/ir/interval.ts';
import { clampTable, dataTable, type Table } from '../../compiler/ir/table.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';

/** One key that is looked up, or proved to lie in an interval. */
export function circuitOf(proof: Table | Interval): Circuit {
  return recordCircuit(BN254, (b) => {
    const x = b.input('x', 'input', 'public', [], interval(-5000, 5000));
    b.output('y', 'public', 'digest' in proof ? b.lookup(proof, x, 'lookup')[0]! : b.range(x, proof, 'range'));
  });
}

/** Replaces text that must be there. */
export function edit(pairs: readonly (readonly [string, string])[]): (text: string) => string {
  const found = new Set<string>();
  return (text) => {
    let edited = text;
    for (const [from, to] of pairs) {
      if (edited.includes(from)) found.add(from);
      edited = edited.replaceAll(from, to);
    }
    return edited;
  };
}

export interface Lie {
  readonly what: string;
  readonly proof: Table | Interval;
  readonly x: number;
  /** Text of the library, and what the dishonest prover has in its place. */
  readonly edits: readonly (readonly [string, string])[];
}

const wide = clampTable(interval(0, 4095), interval(0, 7));
const uneven = clampTable(interval(0, 1023), interval(0, 0b0111110));
export const LIES: readonly Lie[] = [
  {
    what: 'bits that are no booleans',
    proof: uneven,
    x: 77,
    edits: [['bits[i] <-- ((x - lo) >> i) & 1;', 'bits[i] <-- (((x - lo) >> i) & 1) + 2 * (i == 0) - (i == 1);']],
  },
  {
    what: 'bits of a range that are no booleans',
    proof: interval(-100, 300),
    x: 1000,
    edits: [['bits[n - 1] <-- x - lo >= half;', 'bits[n - 1] <-- (x - lo - 5) / top;']],
  },
  {
    what: 'a sign with bits to match',
    proof: clampTable(interval(-512, 511), interval(0, 511)),
    x: -3,
    edits: [
      ['negative <-- x < lo;', 'negative <-- 0;'],
      ['((x - lo + (1 << n)) >> i) & 1;', 'i == 0 ? x - lo : 0;'],
    ],
  },
  {
    what: 'a sign that is no boolean',
    proof: clampTable(interval(-512, 511), interval(0, 511)),
    x: -3,
    edits: [
      ['negative <-- x < lo;', 'negative <-- (lo - x) / (1 << n);'],
      ['((x - lo + (1 << n)) >> i) & 1;', '0;'],
    ],
  },
  {
    what: 'none of many set',
    proof: wide,
    x: 4000,
    edits: [
      ['signal inverse <-- count == 0 ? 0 : 1 / count;', 'signal inverse <-- 0;'],
      ['out <-- count != 0;', 'out <-- 0;'],
    ],
  },
  {
    what: 'one of many set',
    proof: wide,
    x: 5,
    edits: [
      ['signal inverse <-- count == 0 ? 0 : 1 / count;', 'signal inverse <-- 1;'],
      ['out <-- count != 0;', 'out <-- 1;'],
    ],
  },
  {
    what: 'a fraction of many set',
    proof: wide,
    x: 4000,
    edits: [
      ['signal inverse <-- count == 0 ? 0 : 1 / count;', 'signal inverse <-- 1;'],
      ['out <-- count != 0;', 'out <-- count;'],
    ],
  },
  {
    what: 'an inverse of nothing',
    proof: wide,
    x: 5,
    edits: [['signal inverse <-- count == 0 ? 0 : 1 / count;', 'signal inverse <-- 9;']],
  },
  {
    what: 'all of many set',
    proof: uneven,
    x: 3,
    edits: [
      ['signal inverse <-- missing == 0 ? 0 : 1 / missing;', 'signal inverse <-- 0;'],
      ['out <-- missing == 0;', 'out <-- 1;'],
    ],
  },
  {
    what: 'not all of many set',
    proof: uneven,
    x: 63,
    edits: [
      ['signal inverse <-- missing == 0 ? 0 : 1 / missing;', 'signal inverse <-- 1;'],
      ['out <-- missing == 0;', 'out <-- 0;'],
    ],
  },
  {
    what: 'an inverse of none missing',
    proof: uneven,
    x: 63,
    edits: [['signal inverse <-- missing == 0 ? 0 : 1 / missing;', 'signal inverse <-- 9;']],
  },
];

/** Intervals and tables that a key outside of must not pass. */
export const PROOFS: readonly (Table | Interval)[] = [
  interval(-100, 300),
  interval(0, 127),
  interval(5, 5),
  interval(0, 1),
  wide,
  uneven,
  clampTable(interval(-20, 11), interval(-4, 11)),
  clampTable(interval(-6, 9), interval(0, 7)),
  clampTable(interval(3, 9), interval(20, 30)),
  dataTable('power of two', interval(-8, 7), (k) => k),
  dataTable('uneven', interval(-9, 23), (k) => k * k),
  dataTable('one', interval(4, 4), (k) => k),
];
