// The cheating reading: lies change what they should, run by run, and residues are judged as residues.
import { describe, expect, it } from 'vitest';
import { BN254, KOALABEAR } from '../../compiler/ir/circuit.ts';
import { evaluateHint, type Hint, hintShapes } from '../../compiler/ir/hint.ts';
import { createReplayer, isInModulo, type Lie, replay } from '../../compiler/ir/interpret/cheat.ts';
import { inverseModulo, lieSites, liesOf } from '../../compiler/ir/interpret/lies.ts';
import { interval } from '../../compiler/ir/interval.ts';
import type { RecordedWire } from '../../compiler/ir/recorder.ts';
import { sizeOf } from '../../compiler/ir/tensor.ts';
import { argMax, requantize } from '../../stdlib/gadgets/index.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';

it('a residue lies in an interval if one of its representatives does', () => {
  const p = 97n;
  for (let lo = -20n; lo < 20n; lo += 3n)
    for (let x = -100n; x <= 100n; x++) {
      const to = interval(lo, lo + 11n);
      const expected = [x - p, x, x + p].some((v) => v >= to.lo && v <= to.hi);
      expect(isInModulo(x, to, p), `${x} in [${lo}, ${to.hi}]`).toBe(expected);
    }
});

it('inverts modulo a prime', () => {
  for (const p of [97n, KOALABEAR.modulus, BN254.modulus])
    for (const x of [1n, 2n, -3n, 96n, 2n ** 20n]) expect((((inverseModulo(x, p) * x) % p) + p) % p).toBe(1n);
});

describe('a circuit of two layers', () => {
  const c = recordCircuit(KOALABEAR, (b) => {
    const x = b.input('x', 'input', 'private', [3], interval(-100, 100));
    const y = requantize(b, [[x, 5n]], 2, interval(0, 60), 'first');
    b.output('z', 'public', argMax(b, y, false, 'second').index as RecordedWire);
  });
  const inputs = new Map([['x', [-7n, 44n, 44n]]]);
  const replayer = createReplayer(c, inputs);
  const first = c.instrs.findIndex((i) => i.op === 'hint' && i.label === 'first');
  const second = c.instrs.findIndex((i) => i.op === 'hint' && i.label === 'second');

  it('is accepted honestly', () => {
    expect(replayer.honest).toMatchObject({ violated: [], falseLemmas: [] });
    expect(replayer.honest.values[c.ports.find((p) => p.name === 'z')!.wire]).toEqual([1n]);
  });

  it('a lie reaches the hints after it, and nothing else', () => {
    // Quotient one less, remainder four more: the identity holds, the remainder leaves its interval.
    const lie: Lie = {
      instr: first,
      commit: ([q, r]) => [q!.with(1, q![1]! - 1n), r!.with(1, r![1]! + 4n)],
    };
    const run = replayer.run([lie]);
    expect(run.violated).toEqual(['first.1']);
    // The second element is no longer the maximum: the later hint follows.
    expect(run.values[c.ports.find((p) => p.name === 'z')!.wire]).toEqual([2n]);
    expect(replayer.run([lie], { firstOnly: true }).violated).toEqual(['first.1']);
    expect(replay(c, inputs, lie)).toEqual(run);
    expect(replay(c, inputs).values).toEqual(replayer.honest.values);
  });

  it('two lies add up', () => {
    const lies: Lie[] = [
      { instr: first, commit: ([q, r]) => [q!.with(0, 60n), r!] },
      { instr: second, commit: () => [[1n, 0n, 0n]] },
    ];
    const { violated } = replayer.run(lies);
    expect(violated).toContain('first.identity');
    expect(violated).not.toContain('second.one');
  });

  it('a wrong value of a table is a violation of its lookup', () => {
    const lookup = c.instrs.findIndex((i) => i.op === 'lookup');
    const run = replayer.run([{ instr: lookup, commit: ([y]) => [y!.with(0, 1n)] }]);
    expect(run.violated).toContain('first.clamp');
  });
});

it('every kind of hint has lies, all of them false', () => {
  const hints: readonly (readonly [Hint, readonly (readonly bigint[])[]])[] = [
    [{ kind: 'divmod', by: 8n }, [[-13n, 7n, 0n]]],
    [
      { kind: 'divide' },
      [
        [-13n, 7n, 0n],
        [3n, 7n, 1n],
      ],
    ],
    [{ kind: 'digits', bits: 4, n: 3 }, [[-1300n, 7n, 0n]]],
    [{ kind: 'isNegative' }, [[-13n, 7n, 0n]]],
    [{ kind: 'isqrt' }, [[13n, 49n, 0n]]],
    [{ kind: 'oneHot', n: 4 }, [[0n, 3n, 2n]]],
    [{ kind: 'argmax', last: false }, [[-13n, 7n, 7n]]],
    [{ kind: 'topk', k: 2 }, [[-13n, 7n, 7n]]],
  ];
  for (const [hint, inputs] of hints)
    for (const { modulus } of [BN254, KOALABEAR]) {
      const shapes = inputs.map(() => [3]);
      const outputs = evaluateHint(hint, inputs, shapes);
      const outShapes = hintShapes(hint, shapes);
      const run = {
        hint,
        inputs,
        outputs,
        ranges: outputs.map(() => interval(0, 7)),
        row: outShapes[0]!.at(-1)!,
        modulus,
      };
      expect(lieSites(run)).toBe(hint.kind === 'argmax' || hint.kind === 'topk' ? 1 : 3);
      for (let at = 0; at < lieSites(run); at++) {
        const lies = liesOf(run, at);
        expect(lies.length, hint.kind).toBeGreaterThan(3);
        for (const lie of lies) {
          expect(lie.outputs.map((o) => o.length)).toEqual(outShapes.map(sizeOf));
          const changed = lie.outputs.flatMap((o, j) => o.filter((v, e) => (v - outputs[j]![e]!) % modulus !== 0n));
          expect(changed.length, `${hint.kind}: ${lie.what}`).toBeGreaterThan(0);
        }
      }
    }
});
