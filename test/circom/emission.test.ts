// The emitted text: golden files, determinism, and names from hostile models.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { circomBackend, emitCircom } from '../../compiler/backends/circom/index.ts';
import { BN254, type Circuit, KOALABEAR } from '../../compiler/ir/circuit.ts';
import { count } from '../../compiler/ir/interpret/count.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { publicSignals } from '../../compiler/ir/public-signals.ts';
import { clampTable, dataTable } from '../../compiler/ir/table.ts';
import { tensor } from '../../compiler/ir/tensor.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';
import { compileCircuit, freeVariables, publicValues } from './circom-kit.ts';
import { circuitOf, MODELS, runOf } from './models.ts';

describe.each(Object.keys(MODELS))('model %s', (name) => {
  it('prints as its golden text', async () => {
    const { main, constants } = emitCircom(circuitOf(name), { model: name });
    await expect(main).toMatchFileSnapshot(`../golden/circom/${name}.circom`);
    if (constants !== undefined)
      await expect(constants).toMatchFileSnapshot(`../golden/circom/${name}.constants.circom`);
  });

  it('computes the integer model, with no signal free', async () => {
    const circuit = circuitOf(name);
    const compiled = await compileCircuit(circuit);
    const blindings = new Map(circuit.ports.map((p) => [p.name, 7n]));
    for (const seed of [1, 2]) {
      const { ports, expected } = runOf(name, seed);
      const values = await compiled.witness(ports, blindings);
      const found = publicValues(circuit, values);
      const ours = runWitness(circuit, ports);
      for (const [port, t] of expected) {
        expect([...ours.outputs.get(port)!.data]).toEqual([...t.data]);
        if (MODELS[name]!.visibility.output === 'public') expect(found.get(port)).toEqual(Array.from(t.data, BigInt));
      }
      expect(found.size).toBe(publicSignals(circuit).length);
      if (seed === 1) expect(freeVariables(compiled, values)).toEqual([]);
    }
    expect(compiled.header.rows).toBeLessThan(1.3 * count(circuit).total.rows);
  });
});

describe('emitted text', () => {
  it('is the same every time', () => {
    for (const name of Object.keys(MODELS)) expect(emitCircom(circuitOf(name))).toEqual(emitCircom(circuitOf(name)));
  });

  it('shares the template of operators that differ in their node only', () => {
    const circuit = recordCircuit(BN254, (b) => {
      let x = b.input('x', 'input', 'private', [2], interval(0, 15));
      for (const node of ['a', 'b', 'c'])
        x = b.scope(
          `${node}#half`,
          () =>
            b.lookup(clampTable(interval(0, 15), interval(0, 7)), b.deduce(x, interval(0, 15), 'clamp'), 'half')[0]!,
        );
      b.output('y', 'public', x);
    });
    const { main } = emitCircom(circuit);
    // Interval comments differ between the first and the others.
    expect(main.match(/^template Half/gm)).toHaveLength(2);
    expect(main).toContain('// half of "b" and 1 more');
  });

  it('takes several results of one block, none of them free', async () => {
    const x = interval(-8, 7);
    const circuit = recordCircuit(BN254, (b) => {
      const given = b.input('x', 'input', 'private', [3], x);
      const found = b.scope('node#two', () =>
        b.lookup(
          dataTable(
            'two',
            x,
            (k) => k * k,
            (k) => 3n - k,
          ),
          given,
          'two',
        ),
      );
      for (const [k, y] of found.entries())
        b.output(
          `y${k}`,
          'public',
          b.scope(`use${k}#use`, () => b.affine([[y, 2n]], 1n)),
        );
    });
    const compiled = await compileCircuit(circuit);
    expect(compiled.text).toMatch(/^ {2}\(\w+, \w+\) <== Two_node\(\)\(x\);$/m);
    const values = await compiled.witness(new Map([['x', tensor([3], [-8, 0, 7])]]));
    expect(publicValues(circuit, values).get('y0')).toEqual([129n, 1n, 99n]);
    expect(publicValues(circuit, values).get('y1')).toEqual([23n, 7n, -7n]);
    expect(freeVariables(compiled, values)).toEqual([]);
  });

  it('is refused for other fields', () => {
    const other = recordCircuit(KOALABEAR, (b) =>
      b.output('y', 'public', b.input('x', 'input', 'private', [], interval(0, 1))),
    );
    expect(() => emitCircom(other)).toThrow(/koalabear/);
  });
});

const HOSTILE = [
  'line\nbreak',
  'x; component main = Evil();//',
  '*/ template Evil() {} /*',
  '" include "evil.circom',
  '\u001b]0;title\u0007',
  '\u202etxt.exe',
  'signal',
  'main',
  'Range',
  'i',
  '__proto__',
  'constructor',
  '123',
  '',
  ' ',
  '数字',
  '\ud800',
  '/a/b/c',
  'same name',
  'same/name',
  'same_name',
  'x'.repeat(100_000),
  '\\',
  '#',
  'a#b#c',
];

function hostileCircuit(): Circuit {
  return recordCircuit(BN254, (b) => {
    HOSTILE.forEach((name, k) => {
      const x = b.input(`${name} in ${k % 3}`, 'input', k % 2 === 0 ? 'private' : 'public', [2], interval(-4, 3));
      const y = b.scope(`${name}#${k % 2 === 0 ? 'op' : name}`, () => {
        const table = dataTable(name, interval(-4, 3), (key) => key * key);
        const [square] = b.lookup(table, x, name);
        const weights = b.constant(
          tensor(
            [2, 10],
            Int32Array.from({ length: 20 }, (_, e) => e * (k + 2)),
          ),
        );
        const product = b.contract({ a: 'a', b: 'ab', out: 'b' }, square!, weights);
        b.assertZero(
          b.affine([
            [product, 1n],
            [product, -1n],
          ]),
          name,
        );
        return b.scope(name, () => b.range(b.affine([[product, 1n]], BigInt(k)), interval(0, 2 ** 20), name));
      });
      b.output(`${name} in ${k % 3}`, 'public', y);
    });
  });
}

describe('names from a hostile model', () => {
  const circuit = hostileCircuit();

  it('stay inside comments and identifiers', () => {
    const { main, constants } = emitCircom(circuit, { model: 'evil\n*/ component main = Evil();' });
    for (const line of `${main}\n${constants}`.split('\n')) {
      expect(line).toMatch(/^[\x20-\x7e]*$/);
      expect(line.length).toBeLessThan(1000);
      // Names in full stand in comments only: what is left without them is code of ours.
      expect(line.replace(/\/\/.*$/, '')).not.toMatch(/\bEvil\(\)|evil\.circom|\\u|\]0;|\/\*|\*\//);
    }
  });

  it('compile', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zkmlc-circom-'));
    try {
      const { constraints } = await circomBackend.emit(circuit, folder, { model: '\n"*/' });
      expect(constraints).toBeGreaterThan(count(circuit).total.rows / 2);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
