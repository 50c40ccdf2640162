// Deletes each constraint of each gadget's circuit in turn: the lies must find every one.
import { describe, expect, it } from 'vitest';
import type { Capabilities, Circuit, Instr } from '../../compiler/ir/circuit.ts';
import { type Interval, interval } from '../../compiler/ir/interval.ts';
import type { RecordedWire, Recorder } from '../../compiler/ir/recorder.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import {
  argMax,
  clampTo,
  divideFloor,
  hadamard,
  isNegative,
  requantize,
  shiftFloor,
} from '../../stdlib/gadgets/index.ts';
import { checkLies, recordCircuit } from '../kits/circuit-kit.ts';
import { checkExhaustively } from '../kits/exhaustive-kit.ts';
import { NINE_BITS, REAL_TARGETS } from './targets.ts';

/** The circuit without constraint `index` (a zero test, a range, or the interval of one hint output), and its name. */
function* mutants(c: Circuit): Generator<readonly [string, Circuit]> {
  for (const [index, i] of c.instrs.entries()) {
    const replaced = (by: Instr): Circuit => ({ ...c, instrs: c.instrs.with(index, by) });
    if (i.op === 'zero') {
      const label = `${i.label} (zero)`;
      yield [label, { ...c, instrs: c.instrs.toSpliced(index, 1), scope: c.scope.filter((_, at) => at !== index) }];
    }
    if (i.op === 'range')
      yield [`${i.label} (range)`, replaced({ op: 'affine', in: [i.in], k: [1n], c: 0n, out: i.out })];
    if (i.op === 'hint')
      for (const [j, proved] of i.proved.entries())
        if (!proved) yield [`${i.label}.${j} (interval)`, replaced({ ...i, proved: i.proved.with(j, true) })];
  }
}

const wide = interval(-300_000, 299_000);
const GADGETS: Readonly<Record<string, (b: Recorder, x: RecordedWire, d: RecordedWire) => unknown>> = {
  shiftFloor: (b, x) => shiftFloor(b, x, 6, 's'),
  isNegative: (b, x) => isNegative(b, x, 'n'),
  clampTo: (b, x) => clampTo(b, x, interval(-100, 50_000), 'c'),
  requantize: (b, x) => requantize(b, [[x, 3n]], 9, interval(0, 127), 'q'),
  divideFloor: (b, x, d) => divideFloor(b, x, d, interval(-300_000, 299_000), 'd'),
  argMaxFirst: (b, x) => argMax(b, x, false, 'a').index,
  argMaxLast: (b, x) => argMax(b, x, true, 'a').index,
};

function survivors(target: Capabilities, name: string): string[] {
  const c = recordCircuit(target, (b) => {
    const x = b.input('x', 'input', 'private', [4], wide);
    const d = b.input('d', 'input', 'private', [4], interval(3, 700));
    b.output('y', 'public', GADGETS[name]!(b, x, d) as RecordedWire);
  });
  const d = tensor([4], [3, 700, 64, 17]);
  const inputs = [
    [0, 1, -1, 31],
    [-300_000, 299_000, 7, 299_000],
    [5, 5, 5, 5],
    [-1, -2, -2, -1],
  ].map(
    (x) =>
      new Map([
        ['x', tensor([4], x)],
        ['d', d],
      ]),
  );
  for (const given of inputs) checkLies(c, given);
  return [...mutants(c)].flatMap(([label, mutant]) => {
    const found = inputs.some((given) => {
      try {
        checkLies(mutant, given);
        return false;
      } catch {
        return true;
      }
    });
    return found ? [] : [`${target.name}/${name}/${label}`];
  });
}

/** Wide gadgets need several hints to lie together, so their mutants are tried exhaustively over a small field. */
const WIDE: Readonly<
  Record<string, readonly [readonly Interval[], (b: Recorder, x: readonly RecordedWire[]) => unknown]>
> = {
  'requantize by a wide multiplier': [
    [interval(-8, 7)],
    (b, [x]) => requantize(b, [[x!, 37n]], 5, interval(-9, 6), 'q'),
  ],
  'requantize of a product that does not fit': [
    [interval(-2, 1)],
    (b, [x]) => requantize(b, [[hadamard(b, x!, b.constant(tensor([1], [211]))), 1n]], 5, interval(-9, 3), 'q'),
  ],
  'divideFloor with a wide product': [
    [interval(0, 1), interval(0, 1)],
    (b, [x, d]) => divideFloor(b, b.affine([[x!, 195n]]), b.affine([[d!, 4n]], 10n), interval(0, 20), 'd'),
  ],
};

/** Constraints of the wide gadgets whose deletion changes nothing, with the argument. */
const REDUNDANT: ReadonlyMap<string, string> = new Map([
  [
    'requantize by a wide multiplier: q.0 (interval)',
    'the clamp proves its key, which is this quotient narrowed by a lemma',
  ],
  [
    'requantize of a product that does not fit: q.0 (interval)',
    'the clamp proves its key, which is this quotient narrowed by a lemma',
  ],
  [
    'requantize by a wide multiplier: q.carry4.0 (interval)',
    'the next limb plus this carry has a proved quotient and remainder, which bounds the carry',
  ],
  [
    'requantize by a wide multiplier: q.term0.1 (interval)',
    'limbs bound the last digit like a carry: they are its products, shifted into proved quotients and remainders',
  ],
  ['divideFloor with a wide product: d.0 (interval)', 'the digits of the quotient are proved, and so bound it'],
  [
    'divideFloor with a wide product: d.identity.carry4.0 (interval)',
    'the next limb plus this carry is a multiple of a proved carry, which bounds it',
  ],
  [
    'divideFloor with a wide product: d.identity.carry6.0 (interval)',
    'the last limb plus this carry is zero, which determines it',
  ],
]);

it.each(Object.keys(WIDE))('every constraint of %s is needed', (name) => {
  const [ranges, build] = WIDE[name]!;
  const c = recordCircuit(NINE_BITS, (b) => {
    build(
      b,
      ranges.map((r, i) => b.input(`x${i}`, 'input', 'private', [1], r)),
    );
  });
  const check = (circuit: Circuit): void => {
    // Values outside a proved interval are tried elsewhere; those of an interval that is no longer proved, over the field.
    checkExhaustively(circuit, { excursion: 0, limit: Number.POSITIVE_INFINITY, expected: () => new Map() });
  };
  check(c);
  const surviving = [...mutants(c)].flatMap(([label, mutant]) => {
    if (REDUNDANT.has(`${name}: ${label}`)) return [];
    try {
      check(mutant);
      return [label];
    } catch {
      return [];
    }
  });
  expect(surviving).toEqual([]);
});

it('deletes something', () => {
  const c = recordCircuit(REAL_TARGETS[0]!, (b) => {
    shiftFloor(b, b.input('x', 'input', 'private', [4], wide), 6, 's');
  });
  expect([...mutants(c)].map(([label]) => label)).toEqual(['s.0 (interval)', 's.1 (interval)', 's.identity (zero)']);
});

describe.each(REAL_TARGETS)('on $name', (target) => {
  it.each(Object.keys(GADGETS))('every constraint of %s is needed', (name) => {
    expect(survivors(target, name)).toEqual([]);
  });
});
