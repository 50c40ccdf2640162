// The R1CS backend's files: read back they are the rows of the scalar reading, and snarkjs accepts them with our witness.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emitR1cs, R1CS_FILES, r1csBackend } from '../../compiler/backends/r1cs/index.ts';
import { BN254, type Circuit, KOALABEAR } from '../../compiler/ir/circuit.ts';
import {
  createWtnsWriter,
  type LinearCombination,
  readR1csHeader,
  readR1csRows,
  readSym,
  readWtns,
  SCALAR_FIELD,
  toSigned,
} from '../../compiler/ir/iden3/index.ts';
import { scalarize } from '../../compiler/ir/interpret/scalarize.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { createRecorder } from '../../compiler/ir/recorder.ts';
import { type Tensor, tensor } from '../../compiler/ir/tensor.ts';
import { wtnsCheck } from '../../runtime/provers/snarkjs/index.ts';
import { argMax, requantize } from '../../stdlib/gadgets/index.ts';
import { collectRows } from './system.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zkmlc-r1cs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const subfolder = (): string => mkdtempSync(join(folder, 'c-'));

/** A small classifier with a public offset, private and committed tensors. */
function classifier(): { readonly circuit: Circuit; readonly inputs: ReadonlyMap<string, Tensor> } {
  const b = createRecorder(BN254);
  const x = b.input('image', 'input', 'private', [6], interval(-8, 7));
  const w = b.input('weight', 'param', 'committed', [5, 6], interval(-3, 3));
  const bias = b.input('bias', 'param', 'public', [5], interval(-50, 50));
  const [sums, scores] = b.scope('layer', () => {
    const products = b.contract({ a: 'oi', b: 'i', out: 'o' }, w, x);
    return [
      products,
      requantize(
        b,
        [
          [products, 3n],
          [bias, 1n],
        ],
        4,
        interval(0, 15),
        'requant',
      ),
    ];
  });
  b.output('scores', 'public', scores as typeof sums);
  b.output('best', 'public', argMax(b, scores, false, 'argmax').index as typeof sums);
  const pattern = (n: number, modulo: number, lo: number): number[] =>
    Array.from({ length: n }, (_, i) => lo + ((i * 11 + 3) % modulo));
  return {
    circuit: b.finish(),
    inputs: new Map([
      ['image', tensor([6], pattern(6, 16, -8))],
      ['weight', tensor([5, 6], pattern(30, 7, -3))],
      ['bias', tensor([5], pattern(5, 101, -50))],
    ]),
  };
}

/** The same combination with representatives of least magnitude, as the reader gives them. */
function least({ variables, coefficients }: LinearCombination): LinearCombination {
  return { variables, coefficients: coefficients.map((c) => toSigned(c < 0n ? c + SCALAR_FIELD : c)) };
}

describe('the files', () => {
  test('hold the rows and counts of the scalar reading', async () => {
    const { circuit } = classifier();
    const out = subfolder();
    const emitted = await emitR1cs(circuit, out, {});
    const { list, result } = collectRows(circuit);
    expect(emitted).toEqual({ r1cs: R1CS_FILES.system, constraints: list.length });
    const path = join(out, emitted.r1cs);
    expect([...readR1csRows(path)]).toEqual(
      list.map((row) => ({ a: least(row[0]), b: least(row[1]), c: least(row[2]) })),
    );
    const { publicOutputs, publicInputs, privateInputs, variables } = result;
    expect(readR1csHeader(path)).toMatchObject({
      publicOutputs,
      publicInputs,
      privateInputs,
      variables,
      rows: list.length,
    });
    // scores, best and the commitment; bias; image, weight and the blinding element.
    expect([publicOutputs, publicInputs, privateInputs]).toEqual([5 + 1 + 1, 5, 6 + 30 + 1]);
  });

  test('name every variable once', async () => {
    const { circuit } = classifier();
    const out = subfolder();
    await emitR1cs(circuit, out, {});
    const symbols = [...readSym(join(out, R1CS_FILES.symbols))];
    expect(symbols.map((s) => s.variable)).toEqual(
      Array.from({ length: readR1csHeader(join(out, R1CS_FILES.system)).variables - 1 }, (_, i) => i + 1),
    );
    const names = symbols.map((s) => s.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.slice(0, 13)).toEqual([
      ...[0, 1, 2, 3, 4].map((i) => `main.scores[${i}]`),
      'main.best[0]',
      'main.weight.commitment[0]',
      ...[0, 1, 2, 3, 4].map((i) => `main.bias[${i}]`),
      'main.image[0]',
    ]);
    for (const part of ['main.weight.blinding[0]', 'main.weight.poseidon[0].0', 'main.layer/requant.0.bit[4].3'])
      expect(names).toContain(part);
  });

  test('are the same bytes every time', async () => {
    const [first, second] = [subfolder(), subfolder()];
    for (const out of [first, second]) await emitR1cs(classifier().circuit, out, {});
    for (const file of Object.values(R1CS_FILES))
      expect(readFileSync(join(first, file)).equals(readFileSync(join(second, file)))).toBe(true);
  });

  test('are not left behind by a circuit that is refused, or after a cancellation', async () => {
    const b = createRecorder(KOALABEAR);
    b.input('x', 'input', 'private', [1], interval(0, 1));
    const out = subfolder();
    await expect(r1csBackend.emit(b.finish(), out, { model: 'm' })).rejects.toThrow(/koalabear/);
    await expect(emitR1cs(classifier().circuit, out, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
    expect(readdirSync(out)).toEqual([]);
  });
});

describe('with a witness', () => {
  const files = async (change?: (values: Uint8Array, names: (v: number) => string) => void): Promise<boolean> => {
    const { circuit, inputs } = classifier();
    const out = subfolder();
    await emitR1cs(circuit, out, {});
    const witness = runWitness(circuit, inputs);
    const { values, nameOf } = scalarize(
      circuit,
      { row: () => {} },
      { witness, blindings: new Map([['weight', 77n]]) },
    );
    change?.(values!, nameOf);
    const path = join(out, 'witness.wtns');
    const file = createWtnsWriter(path);
    file.pushBytes(values!);
    file.close();
    expect(existsSync(path)).toBe(true);
    expect(readWtns(path)[0]).toBe(1n);
    return wtnsCheck(join(out, R1CS_FILES.system), path);
  };

  test('snarkjs accepts honest values', async () => {
    expect(await files()).toBe(true);
  });

  test('snarkjs refuses a changed bit', async () => {
    const change = (values: Uint8Array, nameOf: (v: number) => string): void => {
      let v = 1;
      while (nameOf(v) !== 'layer/requant.0.bit[4].3') v++;
      values[32 * v]! ^= 1;
    };
    expect(await files(change)).toBe(false);
  });
});
