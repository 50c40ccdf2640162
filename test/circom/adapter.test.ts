// What surrounds emitted Circom: the compiler process, the witness calculator, the list of inputs; and how each fails.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CIRCOM_FILES, circomBackend, compileCircom, emitCircom } from '../../compiler/backends/circom/index.ts';
import {
  type CircomInput,
  circomSignals,
  decodeCircomInputs,
  encodeCircomInputs,
  loadWitnessCalculator,
  readWtns,
  type WitnessCalculator,
  writeCircomWitness,
} from '../../compiler/ir/iden3/index.ts';
import { circuitOf, runOf } from './models.ts';

const folder = mkdtempSync(join(tmpdir(), 'zkmlc-circom-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name: string, text?: string): string => {
  const path = join(folder, name);
  if (text !== undefined) writeFileSync(path, text);
  return path;
};

describe('the compiler process', () => {
  const good =
    'pragma circom 2.2.0;\ntemplate A() {\n  signal input x;\n  signal output y <== x * x;\n}\ncomponent main = A();\n';

  it('says how to install a package that is missing', async () => {
    const path = inFolder('good.circom', good);
    await expect(compileCircom(path, { packageName: 'no-such-package-of-circom' })).rejects.toMatchObject({
      code: 'circom-missing',
      message: expect.stringContaining('npm install circom2'),
    });
  });

  it('hands on what the compiler says, without its colours', async () => {
    const path = inFolder('bad.circom', good.replace('x * x', 'x * x * x'));
    const failed = await compileCircom(path).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(failed).toMatchObject({ code: 'circom-failed', where: { file: path } });
    expect(String(failed)).toContain('Non quadratic constraints');
    expect(String(failed)).not.toContain('\\u{1b}');
    await expect(compileCircom(inFolder('absent.circom'))).rejects.toMatchObject({ code: 'circom-failed' });
  });

  it('is ended by a signal', async () => {
    const path = inFolder('good.circom', good);
    await expect(compileCircom(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    const late = AbortSignal.timeout(30);
    await expect(compileCircom(path, { signal: late })).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('finds a file whose path has spaces and letters beyond ASCII', async () => {
    const inner = mkdtempSync(join(folder, 'Größe und "Raum" '));
    const path = join(inner, 'gut.circom');
    writeFileSync(path, good);
    const compiled = await compileCircom(path);
    for (const file of Object.values(compiled)) expect(existsSync(file)).toBe(true);
  });
});

describe('the backend', () => {
  const out = mkdtempSync(join(folder, 'out'));
  let calculator: WitnessCalculator;
  let inputs: readonly CircomInput[];
  beforeAll(async () => {
    await circomBackend.emit(circuitOf('mlp'), out, { model: 'mlp' });
    calculator = await loadWitnessCalculator(readFileSync(join(out, CIRCOM_FILES.calculator)));
    inputs = decodeCircomInputs(readFileSync(join(out, CIRCOM_FILES.inputs), 'utf8'), CIRCOM_FILES.inputs);
  });

  it('writes its files and nothing else', () => {
    for (const name of Object.values(CIRCOM_FILES))
      expect(existsSync(join(out, name)), name).toBe(
        name !== 'constants.circom' || emitCircom(circuitOf('mlp')).constants !== undefined,
      );
    expect(existsSync(join(out, 'circuit_js'))).toBe(false);
    for (const file of emitCircom(circuitOf('mlp')).library)
      expect(existsSync(join(out, 'zkmlc', `${file}.circom`))).toBe(true);
  });

  it('writes the same bytes again', async () => {
    const again = mkdtempSync(join(folder, 'again'));
    await circomBackend.emit(circuitOf('mlp'), again, { model: 'mlp' });
    for (const name of [
      CIRCOM_FILES.main,
      CIRCOM_FILES.system,
      CIRCOM_FILES.symbols,
      CIRCOM_FILES.calculator,
      CIRCOM_FILES.inputs,
    ])
      expect(readFileSync(join(again, name)).equals(readFileSync(join(out, name))), name).toBe(true);
  });

  it('gives a witness file that holds the values', () => {
    const { ports } = runOf('mlp', 5);
    const witness = calculator.calculate(circomSignals(inputs, new Map([...ports].map(([name, t]) => [name, t.data]))));
    const path = inFolder('witness.wtns');
    writeCircomWitness(path, witness);
    const values = readWtns(path);
    expect(values).toHaveLength(witness.size);
    expect(values[0]).toBe(1n);
    expect(values[values.length - 1]).toBe(witness.value(witness.size - 1));
    expect(() => witness.value(witness.size)).toThrow(RangeError);
  });

  it('refuses inputs that are missing, unknown, of another size or out of range', () => {
    const features = [1, 2, 3, 4, 5, 6];
    const attempt = (signals: readonly (readonly [string, readonly number[]])[]): unknown => {
      try {
        calculator.calculate(new Map(signals));
        return undefined;
      } catch (e) {
        return e;
      }
    };
    expect(attempt([['features', features]])).toBeUndefined();
    for (const [signals, said] of [
      [[], 'needs 6'],
      [[['features', [1, 2]]], 'has 6 elements'],
      [[['elsewhere', [1]]], 'no input signal elsewhere'],
      [[['features', features.with(5, 128)]], 'Range'],
    ] as const)
      expect(attempt(signals)).toMatchObject({ code: 'circom-witness', message: expect.stringContaining(said) });
  });
});

describe('a witness calculator', () => {
  it('is refused if it is none', async () => {
    for (const bytes of [[], [0, 97, 115, 109], [0, 97, 115, 109, 1, 0, 0, 0]])
      await expect(loadWitnessCalculator(Uint8Array.from(bytes))).rejects.toMatchObject({
        code: 'bad-witness-calculator',
      });
  });
});

describe('the list of inputs', () => {
  const inputs: readonly CircomInput[] = [
    { port: 'x\n"', kind: 'elements', signal: 'x', count: 2 },
    { port: '__proto__', kind: 'blinding', signal: 'proto_blinding', count: 1 },
  ];

  it('survives being written and read', () => {
    expect(decodeCircomInputs(encodeCircomInputs(inputs), 'f')).toEqual(inputs);
  });

  it('is refused if it is anything else', () => {
    const text = encodeCircomInputs(inputs);
    for (const bad of [
      '',
      '[]',
      'null',
      '{"format":"zkmlc-circom-inputs"}',
      text.replace('"version": 1', '"version": 2'),
      text.replace('"count": 2', '"count": -2'),
      text.replace('"kind": "elements"', '"kind": "all"'),
      text.replace('"signal": "x"', '"signal": 7'),
    ])
      expect(() => decodeCircomInputs(bad, 'f')).toThrow(expect.objectContaining({ code: 'bad-circom-inputs' }));
  });

  it('asks for each port and its size', () => {
    const full = new Map([['x\n"', [1, 2]]]);
    const blindings = new Map([['__proto__', 9n]]);
    expect([...circomSignals(inputs, full, blindings)]).toEqual([
      ['x', [1, 2]],
      ['proto_blinding', [9n]],
    ]);
    const code = (f: () => unknown): void => expect(f).toThrow(expect.objectContaining({ code: 'missing-input' }));
    code(() => circomSignals(inputs, new Map(), blindings));
    code(() => circomSignals(inputs, full));
    expect(() => circomSignals(inputs, new Map([['x\n"', [1]]]), blindings)).toThrow(/has 2 elements/);
  });
});
