// iden3's file formats: round trips, the exact bytes of a small file, and refusal of damaged and hostile ones.
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import {
  createR1csWriter,
  createSymWriter,
  createWtnsWriter,
  openR1cs,
  readR1csHeader,
  readR1csRows,
  readSym,
  readWtns,
  SCALAR_FIELD,
} from '../../compiler/ir/iden3/index.ts';
import { readFieldElement, writeFieldElement } from '../../compiler/ir/iden3/scalar-field.ts';
import { cubic, randomCircuit, rangeBits, sum, writeCircuit } from './circuits.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zkmlc-iden3-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string): string => join(folder, name);

/** The diagnostic that an action throws. */
function refused(action: () => unknown): Diagnostic {
  try {
    action();
  } catch (error) {
    if (error instanceof Diagnostic) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('field elements', () => {
  test('signed integers and bigints agree with arithmetic modulo r', () => {
    const view = new DataView(new ArrayBuffer(48));
    const bytes = new Uint8Array(view.buffer);
    const check = (value: number | bigint): void => {
      writeFieldElement(view, 8, value);
      expect(readFieldElement(bytes, 8)).toBe(((BigInt(value) % SCALAR_FIELD) + SCALAR_FIELD) % SCALAR_FIELD);
    };
    for (const v of [
      0,
      -0,
      1,
      -1,
      2 ** 32,
      -(2 ** 32),
      2 ** 53 - 1,
      -(2 ** 53) + 1,
      SCALAR_FIELD - 1n,
      1n - SCALAR_FIELD,
    ])
      check(v);
    fc.assert(fc.property(fc.maxSafeInteger(), check));
    fc.assert(fc.property(fc.bigInt({ min: 1n - SCALAR_FIELD, max: SCALAR_FIELD - 1n }), check));
    expect(bytes.subarray(0, 8).every((b) => b === 0)).toBe(true);
    expect(bytes.subarray(40).every((b) => b === 0)).toBe(true);
  });

  test('what is not a field element is refused', () => {
    const view = new DataView(new ArrayBuffer(32));
    for (const v of [SCALAR_FIELD, -SCALAR_FIELD, 0.5, Number.NaN, 2 ** 53])
      expect(() => writeFieldElement(view, 0, v)).toThrow(RangeError);
  });
});

describe('.r1cs', () => {
  test('rows read back equal the rows written', () => {
    for (const circuit of [cubic(3n), rangeBits(9, 300n), randomCircuit(200, 7), randomCircuit(40, 8, 400)]) {
      const { r1csPath } = writeCircuit(folder, circuit);
      const { publicOutputs, publicInputs, privateInputs, variables } = circuit;
      expect(readR1csHeader(r1csPath)).toEqual({
        publicOutputs,
        publicInputs,
        privateInputs,
        variables,
        rows: circuit.rows.length,
      });
      expect([...readR1csRows(r1csPath)]).toEqual(circuit.rows.map(([a, b, c]) => ({ a, b, c })));
    }
  });

  test('the bytes of a small file are those of the specification', () => {
    const file = path('bytes.r1cs');
    const writer = createR1csWriter(file, { publicOutputs: 1, publicInputs: 0, privateInputs: 1 });
    writer.row(sum([2, -1]), sum(), sum([0, 2], [1, 0]));
    const summary = writer.close(3);
    expect(summary).toMatchObject({ rows: 1, variables: 3, nonZeros: [1, 0, 1] });
    const hex = (v: bigint): string => Buffer.from(v.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex');
    const expected = [
      '72316373 01000000 03000000',
      `01000000 4000000000000000 20000000 ${hex(SCALAR_FIELD)} 03000000 01000000 00000000 01000000 0300000000000000 01000000`,
      `02000000 5400000000000000 01000000 02000000 ${hex(SCALAR_FIELD - 1n)} 00000000 01000000 00000000 ${hex(2n)}`,
      '03000000 1800000000000000 0000000000000000 0100000000000000 0200000000000000',
    ];
    expect(readFileSync(file).toString('hex')).toBe(expected.join('').replaceAll(' ', ''));
    expect(statSync(file).size).toBe(summary.bytes);
  });

  test('a writer refuses variables that do not ascend or were not declared', () => {
    const writer = createR1csWriter(path('bad.r1cs'), { publicOutputs: 0, publicInputs: 0, privateInputs: 1 });
    const twice = { variables: [1, 1], coefficients: [1n, 1n] };
    expect(refused(() => writer.row(twice, sum(), sum())).code).toBe('bad-r1cs-row');
    writer.row(sum([5, 1]), sum(), sum());
    expect(refused(() => writer.close(5)).code).toBe('bad-r1cs-row');
    writer.discard();
    expect(() => statSync(path('bad.r1cs'))).toThrow();
  });

  test('every truncation and every lengthening is refused', () => {
    const { r1csPath } = writeCircuit(folder, cubic(3n));
    const bytes = readFileSync(r1csPath);
    const file = path('cut.r1cs');
    for (let size = 0; size < bytes.length; size++) {
      writeFileSync(file, bytes.subarray(0, size));
      expect(refused(() => [...readR1csRows(file)]).code).toBe('bad-r1cs');
    }
    writeFileSync(file, Buffer.concat([bytes, Buffer.of(0)]));
    expect(refused(() => readR1csHeader(file))).toMatchObject({
      code: 'bad-r1cs',
      where: { file, byte: bytes.length },
    });
  });

  test('changed bytes are refused or change what is read, in bounded memory', () => {
    const { r1csPath } = writeCircuit(folder, cubic(3n));
    const bytes = readFileSync(r1csPath);
    const honest = JSON.stringify([...readR1csRows(r1csPath)], text);
    const labels = bytes.length - 4 * 8; // labels carry no meaning for us
    const file = path('flip.r1cs');
    for (let i = 0; i < labels; i++) {
      const changed = Uint8Array.from(bytes);
      changed[i] = changed[i]! ^ 0xff;
      writeFileSync(file, changed);
      try {
        const read = JSON.stringify([readR1csHeader(file), ...readR1csRows(file)], text);
        expect(read).not.toBe(honest);
      } catch (error) {
        expect(error).toBeInstanceOf(Diagnostic);
      }
    }
  });

  test('claims that the file does not cover are refused before any allocation', () => {
    const { r1csPath } = writeCircuit(folder, cubic(3n));
    const bytes = readFileSync(r1csPath);
    const file = path('claim.r1cs');
    const headerAt = 12 + 12 + 4 + 32;
    const rowsAt = 12 + 12 + 64 + 12;
    const cases: readonly (readonly [number, number, string])[] = [
      [headerAt, 0xffffffff, 'labels'],
      [headerAt + 4, 0xfffffff0, 'fewer than one plus'],
      [headerAt + 24, 0xffffffff, 'rows do not fit'],
      [rowsAt, 0xffffffff, 'terms are claimed'],
      [rowsAt + 4, 4, 'variable 4 is not below 4'],
      [8, 65, 'sections'],
      [4, 2, 'format version 2'],
    ];
    for (const [at, value, message] of cases) {
      const changed = Buffer.from(bytes);
      changed.writeUInt32LE(value, at);
      writeFileSync(file, changed);
      const d = refused(() => [...readR1csRows(file)]);
      expect(d.message).toContain(message);
      expect(d.where.byte).toBeTypeOf('number');
    }
    const huge = Buffer.from(bytes);
    huge.writeBigUInt64LE(0xffffffffffffffffn, 16);
    writeFileSync(file, huge);
    expect(refused(() => readR1csHeader(file)).message).toContain('claims 18446744073709551615 bytes');
  });

  test('rows longer than the window and windows of any size give the same terms', () => {
    const { r1csPath } = writeCircuit(folder, randomCircuit(30, 11, 900));
    const terms = (window: Uint8Array, step: number): string => {
      const reader = openR1cs(r1csPath, window);
      const list: string[] = [];
      while (
        reader.scan((m, r, v, at) => list.push(`${m},${r},${v},${readFieldElement(reader.window, at)}`), step) > 0
      );
      reader.close();
      return list.join(';');
    };
    const all = terms(new Uint8Array(1 << 20), 1000);
    expect(terms(new Uint8Array(4096), 7)).toBe(all);
    expect(terms(new Uint8Array(5001).subarray(3), 1)).toBe(all);
  });

  test('absent files, folders and other formats are refused by name', () => {
    expect(refused(() => readR1csHeader(path('absent.r1cs'))).code).toBe('file-unreadable');
    expect(refused(() => readR1csHeader(folder)).code).toBe('file-unreadable');
    const { wtnsPath } = writeCircuit(folder, cubic(3n));
    expect(refused(() => readR1csHeader(wtnsPath))).toMatchObject({
      code: 'bad-r1cs',
      where: { file: wtnsPath, byte: 0 },
    });
    expect(refused(() => createR1csWriter(path('absent/x.r1cs'), cubic(1n))).code).toBe('file-unwritable');
  });
});

describe('.wtns', () => {
  test('values read back equal the values written', () => {
    const file = path('w.wtns');
    const values = [1n, -1n, 0n, 5n, SCALAR_FIELD - 1n, 1n - SCALAR_FIELD, 1n << 200n];
    const writer = createWtnsWriter(file);
    for (const v of values) writer.push(v);
    writer.pushAll(Int32Array.from({ length: 50_000 }, (_, i) => i - 25_000));
    expect(writer.close()).toBe(50_007);
    const read = readWtns(file);
    const modulo = (v: bigint): bigint => ((v % SCALAR_FIELD) + SCALAR_FIELD) % SCALAR_FIELD;
    expect(read.length).toBe(50_007);
    expect(read.every((v, i) => v === modulo(i < 7 ? values[i]! : BigInt(i - 25_007)))).toBe(true);
  });

  test('truncated files, wrong counts and values of r or more are refused', () => {
    const { wtnsPath } = writeCircuit(folder, cubic(3n));
    const bytes = readFileSync(wtnsPath);
    const file = path('bad.wtns');
    for (let size = 0; size < bytes.length; size += 3) {
      writeFileSync(file, bytes);
      truncateSync(file, size);
      expect(refused(() => readWtns(file)).code).toBe('bad-wtns');
    }
    const count = Buffer.from(bytes);
    count.writeUInt32LE(0xffffffff, 12 + 12 + 36);
    writeFileSync(file, count);
    expect(refused(() => readWtns(file)).code).toBe('bad-wtns');
    const large = Buffer.from(bytes);
    large.fill(0xff, bytes.length - 32);
    writeFileSync(file, large);
    expect(refused(() => readWtns(file))).toMatchObject({ code: 'bad-wtns', where: { byte: bytes.length - 32 } });
  });
});

describe('.sym', () => {
  test('names survive, and hostile ones cannot break a line', () => {
    const file = path('s.sym');
    const writer = createSymWriter(file);
    writer.line({ label: 1, variable: 1, component: 0, name: 'main.output[0]' });
    writer.line({ label: 2, variable: -1, component: 3, name: 'a,b\n9,9,9,c\u202e\u001b]0;' });
    for (let i = 3; i < 9000; i++) writer.line({ label: i, variable: i, component: 0, name: `x[${i}]` });
    writer.close();
    const lines = [...readSym(file)];
    expect(lines.length).toBe(8999);
    expect(lines[0]).toEqual({ label: 1, variable: 1, component: 0, name: 'main.output[0]' });
    expect(lines[1]?.name).toBe('a_b_9_9_9_c__]0;');
    expect(lines.at(-1)).toEqual({ label: 8999, variable: 8999, component: 0, name: 'x[8999]' });
  });

  test('malformed and endless lines are refused with their number', () => {
    const file = path('bad.sym');
    writeFileSync(file, '1,1,0,a\n2,x,0,b\n');
    expect(refused(() => [...readSym(file)])).toMatchObject({ code: 'bad-sym', where: { line: 2 } });
    writeFileSync(file, 'x'.repeat(100_000));
    expect(refused(() => [...readSym(file)])).toMatchObject({ code: 'bad-sym', where: { line: 1 } });
  });
});

function text(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
