// Poseidon and the commitments of ports: the permutation against another implementation, rows against the function.

import { Field } from '@noble/curves/abstract/modular.js';
import { grainGenConstants, poseidon } from '@noble/curves/abstract/poseidon.js';
import { describe, expect, test } from 'vitest';
import { BN254, type Circuit } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { SCALAR_FIELD } from '../../compiler/ir/iden3/index.ts';
import { count } from '../../compiler/ir/interpret/count.ts';
import { type Interval, interval } from '../../compiler/ir/interval.ts';
import {
  COMMITMENT_WIDTH,
  commitPort,
  invert,
  packPort,
  portPacking,
  poseidonParameters,
  poseidonPermutation,
} from '../../compiler/ir/poseidon.ts';
import { createRecorder } from '../../compiler/ir/recorder.ts';
import { type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import { firstViolated, holds, systemOf, undefinedVariables, unnoticed } from './system.ts';

describe('the permutation', () => {
  test.each([
    // Published outputs of circomlib's Poseidon, whose state starts at 0 and whose output is the first element.
    [[1n], 18586133768512220936620570745912940619677854269274689475585506675881198879027n],
    [[1n, 2n], 7853200120776062878684798364095072458815029376092732009249414926327459813530n],
    [[1n, 2n, 3n, 4n], 18821383157269793795438455681495246036402687001665670618754263018637548127333n],
  ])('hashes %o as circomlib does', (inputs, hash) => {
    expect(poseidonPermutation([0n, ...inputs])[0]).toBe(hash);
  });

  test.each([2, 3, 6, COMMITMENT_WIDTH])('agrees with an independent implementation at width %i', (width) => {
    const Fp = Field(SCALAR_FIELD);
    const { fullRounds, partialRounds, constants, matrix } = poseidonParameters(width);
    const options = { Fp, t: width, roundsFull: fullRounds, roundsPartial: partialRounds, sboxPower: 5 };
    const theirs = grainGenConstants(options);
    expect(theirs.roundConstants.flat()).toEqual(constants);
    expect(theirs.mds).toEqual(matrix);
    const permutation = poseidon({ ...options, ...theirs });
    const state = Array.from({ length: width }, (_, i) => SCALAR_FIELD - 1n - BigInt(i) ** 40n);
    expect(poseidonPermutation(state)).toEqual(permutation(state));
  });

  test('refuses widths without parameters', () => {
    expect(() => poseidonParameters(1)).toThrow(/width/);
    expect(() => poseidonParameters(18)).toThrow(/width/);
    expect(() => invert(0n)).toThrow(/other than 0/);
  });
});

describe('packing', () => {
  test('numbers are packed low first, over the lower bound', () => {
    const p = portPacking([3], interval(-4, 11));
    expect(packPort([-4, 11, 0], p)).toEqual([0x4f0n]);
    expect(packPort(Float64Array.of(-4, 11, 0), p)).toEqual([0x4f0n]);
  });

  test('62 numbers of 4 bits fill one element, the next starts another', () => {
    const p = portPacking([63], interval(0, 15));
    const packed = packPort(new Array(63).fill(15), p);
    expect(packed).toEqual([2n ** 248n - 1n, 15n]);
  });

  test('values outside the interval and other counts are refused', () => {
    const p = portPacking([2], interval(-4, 11));
    expect(() => packPort([0, 12], p)).toThrow(/outside/);
    expect(() => packPort([-5, 0], p)).toThrow(/outside/);
    expect(() => packPort([0], p)).toThrow(/expected 2 values/);
  });
});

describe('commitments', () => {
  const range = interval(-128, 127);

  test('depend on every value, the blinding element, the shape and the interval', () => {
    const values = [1, -2, 3, -4];
    const base = commitPort(values, portPacking([4], range), 5n);
    const others = [
      commitPort([1, -2, 3, -5], portPacking([4], range), 5n),
      commitPort([0, -2, 3, -4], portPacking([4], range), 5n),
      commitPort(values, portPacking([4], range), 6n),
      commitPort(values, portPacking([2, 2], range), 5n),
      commitPort(values, portPacking([4], interval(-128, 128)), 5n),
    ];
    expect(new Set([base, ...others]).size).toBe(6);
    expect(commitPort(values, portPacking([4], range), 5n)).toBe(base);
  });

  test('trailing zeros are not padding', () => {
    // Zero is packed as 0 here, and still counts.
    const low = interval(0, 255);
    expect(commitPort([7], portPacking([1], low), 1n)).not.toBe(commitPort([7, 0], portPacking([2], low), 1n));
  });

  test('the blinding element has to be a field element', () => {
    expect(() => commitPort([1], portPacking([1], range), SCALAR_FIELD)).toThrow(/blinding/);
    expect(() => commitPort([1], portPacking([1], range), -1n)).toThrow(/blinding/);
  });
});

/** y = W x with everything committed, and enough elements for several permutations. */
function committed(n: number, range: Interval): { readonly circuit: Circuit; readonly inputs: Map<string, Tensor> } {
  const b = createRecorder(BN254);
  const x = b.input('x', 'input', 'committed', [n], range);
  const w = b.input('w', 'param', 'committed', [2, n], range);
  b.output('y', 'committed', b.contract({ a: 'oi', b: 'i', out: 'o' }, w, x));
  const value = (i: number): number => Number(range.lo) + ((i * 37) % Number(range.hi - range.lo + 1n));
  return {
    circuit: b.finish(),
    inputs: new Map([
      [
        'x',
        tensor(
          [n],
          Array.from({ length: n }, (_, i) => value(i)),
        ),
      ],
      [
        'w',
        tensor(
          [2, n],
          Array.from({ length: 2 * n }, (_, i) => value(i + 3)),
        ),
      ],
    ]),
  };
}

describe('committed ports as rows', () => {
  const blindings = new Map([
    ['x', 11n],
    ['w', SCALAR_FIELD - 1n],
    ['y', 2n ** 200n],
  ]);

  test.each([3, 70])('the public signals are the commitments (%i inputs)', (n) => {
    const { circuit, inputs } = committed(n, interval(-2000, 2047));
    const s = systemOf(circuit, inputs, blindings);
    expect(firstViolated(s.list, s.assignment)).toBe(-1);
    expect(s.list.length).toBe(count(circuit).total.rows);
    expect(s.variables).toBe(count(circuit).total.variables);
    expect(s.nonZeros).toBeLessThanOrEqual(count(circuit).total.nonZeros);
    const own = (port: string, values: Tensor): bigint => {
      const { shape, range } = circuit.wires[circuit.ports.find((p) => p.name === port)!.wire]!;
      return commitPort(values.data, portPacking(shape, range), blindings.get(port)!);
    };
    const [x, w] = [inputs.get('x')!, inputs.get('w')!];
    const y = [0, 1].map((o) => [...x.data].reduce((sum, v, i) => sum + v * w.data[o * n + i]!, 0));
    // Outputs first, then commitments of inputs and parameters.
    expect(s.assignment.slice(1, 4)).toEqual([own('y', tensor([2], y)), own('x', x), own('w', w)]);
    expect(s.signals.map((g) => [circuit.ports[g.port]!.name, g.kind, g.count])).toEqual([
      ['y', 'commitment', 1],
      ['x', 'commitment', 1],
      ['w', 'commitment', 1],
    ]);
    expect([s.publicOutputs, s.publicInputs, s.privateInputs]).toEqual([3, 0, 3 * n + 3]);
  });

  test('any changed variable, input or blinding element is noticed', () => {
    const { circuit, inputs } = committed(3, interval(-2, 5));
    const s = systemOf(circuit, inputs, blindings);
    expect(unnoticed(s, [1n, SCALAR_FIELD - 12345n])).toEqual([]);
    const changed = [...s.assignment];
    for (let v = 4; v < 4 + s.privateInputs; v++) {
      changed[v] = s.assignment[v]! + 1n;
      expect(
        s.uses[v]!.every((r) => holds(s.list[r]!, changed)),
        s.nameOf(v),
      ).toBe(false);
      changed[v] = s.assignment[v]!;
    }
  });

  test('inputs, bits and blinding elements define every other variable in turn', () => {
    const { circuit, inputs } = committed(70, interval(-2000, 2047));
    const s = systemOf(circuit, inputs, blindings);
    const inputsEnd = 1 + s.publicOutputs + s.publicInputs + s.privateInputs;
    const free = (v: number): boolean => v > s.publicOutputs && (v < inputsEnd || s.nameOf(v).includes('.bit['));
    expect(undefinedVariables(s, free)).toEqual([]);
  });

  test('a permutation costs 405 rows, a packed element one more', () => {
    const b = createRecorder(BN254);
    b.input('x', 'input', 'committed', [7 * 31], interval(0, 255));
    expect(count(b.finish()).total.rows).toBe(7 * 31 * 8 + 7 + 405 + 1);
  });

  test('a missing blinding element is refused', () => {
    const { circuit, inputs } = committed(3, interval(-2, 5));
    expect(() => systemOf(circuit, inputs)).toThrow(Diagnostic);
    expect(() => systemOf(circuit, inputs)).toThrow(/needs a blinding element/);
  });
});
