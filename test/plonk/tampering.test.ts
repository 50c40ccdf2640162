// Tampering with a proof of the smallest model: every field, random bytes, other lengths, other proofs, other statements, other files.
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCompiler } from '../../compiler/index.ts';
import { type Circuit, KOALABEAR } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { P } from '../../compiler/ir/koalabear.ts';
import { lowerModule } from '../../compiler/ir/lower.ts';
import type { Tensor } from '../../compiler/ir/tensor.ts';
import { decodeProofFile, encodeProofFile } from '../../runtime/index.ts';
import type { RunStatement } from '../../runtime/provers/plonk/index.ts';
import { standardRegistry } from '../../stdlib/index.ts';
import { integersOf, portsOf } from '../kits/ops-kit.ts';
import { createRandom } from '../kits/random.ts';
import { type ProvedRun, proveWithKey } from '../twin/proofs.ts';
import { isWords, notingChannel, type ProofField } from './proof-fields.ts';

const MODELS = join(import.meta.dirname, '..', '..', 'examples', 'models');
const DIMS = new Map([['batch', 1]]);

interface ModelCircuit {
  readonly circuit: Circuit;
  readonly ports: (seed: number) => Map<string, Tensor>;
}

async function modelCircuit(name: string): Promise<ModelCircuit> {
  const files = { model: join(MODELS, name, 'model.onnx'), calibration: join(MODELS, name, 'calibration.npz') };
  const { int } = await createCompiler().load({ ...files, dims: DIMS });
  const visibility = { input: 'public', weights: 'private', output: 'public' } as const;
  const circuit = lowerModule(int, standardRegistry, KOALABEAR, visibility);
  return { circuit, ports: (seed) => portsOf(circuit, int, integersOf(int, 4, createRandom(seed))) };
}

const proved = ({ circuit, ports }: ModelCircuit, seed: number): ProvedRun => proveWithKey(circuit, ports(seed));

let model: ModelCircuit;
let run: ProvedRun;
let fields: readonly ProofField[] = [];

beforeAll(async () => {
  model = await modelCircuit('digits-linear');
  run = proved(model, 1);
  const channel = notingChannel();
  expect(run.prove(channel)).toEqual(run.proof);
  fields = channel.fields;
});

/** Why the verifier refuses; any other error than its refusal is thrown on. */
function refusal(proof: Uint8Array, statement = run.statement): string {
  try {
    run.verifyFirst(statement, proof);
    return 'accepted';
  } catch (e) {
    if (e instanceof Diagnostic && e.code === 'proof-refused') return e.message;
    throw e;
  }
}

function expectRefused(what: string, proof: Uint8Array, statement?: RunStatement): void {
  expect(refusal(proof, statement), what).not.toBe('accepted');
}

/** The proof with one word changed. */
function withWord(at: number, change: (word: number) => number): Uint8Array {
  const changed = run.proof.slice();
  const view = new DataView(changed.buffer);
  view.setUint32(at, change(view.getUint32(at, true)), true);
  return changed;
}

describe('refused without a crash', () => {
  test('every field changed once', () => {
    const last = fields.at(-1)!;
    expect(last.at + last.length).toBe(run.proof.length);
    expect(new Set(fields.map((f) => f.kind))).toEqual(new Set(['element', 'row', 'hash', 'nonce']));
    const random = createRandom(21);
    for (const field of fields) {
      const { label, at, length } = field;
      const word = at + 4 * random.below(length / 4);
      // Canonical again, so that it is the value that is refused; a nonce's other bits are work all the same.
      const changed = isWords(field)
        ? withWord(word, (x) => (x + 1 + random.below(P - 1)) % P)
        : withWord(word, (x) => x ^ (1 << random.below(31)));
      expect(changed, label).not.toEqual(run.proof);
      const reason = refusal(changed);
      expect(reason, `${label} at byte ${at}`).not.toBe('accepted');
      expect(reason, `${label} at byte ${at}`).not.toContain('modulus');
    }
  });

  test('every field with a word that is not canonical, for that', () => {
    const random = createRandom(22);
    for (const { label, at, length } of fields.filter(isWords))
      expect(refusal(withWord(at + 4 * random.below(length / 4), (x) => x + P)), `${label} at byte ${at}`).toContain(
        'a word is not below the modulus',
      );
  });

  test('2,000 changed bytes', () => {
    const random = createRandom(23);
    for (let i = 0; i < 2000; i++) {
      const at = random.below(run.proof.length);
      expectRefused(`byte ${at}`, run.proof.with(at, run.proof[at]! ^ (1 + random.below(255))));
    }
  });

  test('proofs that end early, at every field, or late', () => {
    const { proof } = run;
    for (const { label, at, length } of fields)
      for (const end of [at, at + length - 1])
        expect(refusal(proof.subarray(0, end)), `${label} to byte ${end}`).toContain('it ends early');
    for (const more of [Uint8Array.of(0), new Uint8Array(32), proof])
      expect(refusal(Uint8Array.of(...proof, ...more))).toContain(`${more.length} bytes follow its end`);
  });

  test('proofs of another input, and what either has of the other', () => {
    const other = proved(model, 2);
    other.verifyFirst(other.statement, other.proof);
    expectRefused('of another input', other.proof);
    expectRefused('beside the other statement', run.proof, other.statement);
    for (const { label, at } of fields.filter((_, i) => i % 7 === 1)) {
      const spliced = Uint8Array.of(...run.proof.subarray(0, at), ...other.proof.subarray(at));
      expectRefused(`spliced at ${label}`, spliced);
    }
  });

  test('proofs of another model, and of the same model with other weights', async () => {
    expectRefused('of another model', proved(await modelCircuit('sensor-regression'), 1).proof);
    const ports = model.ports(1);
    const weight = model.circuit.ports.find((p) => p.role === 'param')!.name;
    const tensor = ports.get(weight)!;
    // Nearer to zero, so that every bound on weights holds.
    const first = tensor.data.findIndex((x) => x > 0);
    ports.set(weight, { ...tensor, data: Float64Array.from(tensor.data, (x, i) => (i === first ? x - 1 : x)) });
    expectRefused('with other weights', proveWithKey(model.circuit, ports).proof);
  });

  test('every value of the statement moved', () => {
    for (const role of ['inputs', 'outputs'] as const)
      for (const [i, tensor] of run.statement[role].entries())
        for (let e = 0; e < tensor.length; e++)
          for (const by of [1, -1, P]) {
            const values = Array.from(tensor, (x, at) => (at === e ? x + by : x));
            const statement = { ...run.statement, [role]: run.statement[role].with(i, values) };
            expectRefused(`${role} ${i}[${e}] by ${by}`, run.proof, statement);
          }
  });

  test('statements of another form', () => {
    const { inputs, outputs } = run.statement;
    const cut = (x: ArrayLike<number>): number[] => Array.from(x).slice(1);
    const others: readonly (readonly [string, RunStatement, string])[] = [
      ['an input less', { inputs: inputs.slice(1), outputs }, 'public inputs where'],
      ['an output more', { inputs, outputs: [...outputs, []] }, 'public outputs where'],
      ['an element less', { inputs: inputs.with(0, cut(inputs[0]!)), outputs }, 'elements where'],
      ['an element more', { inputs, outputs: outputs.with(0, [...Array.from(outputs[0]!), 0]) }, 'elements where'],
      ...[0.5, Number.NaN, Infinity, 2 ** 60].map(
        (x) => [`${x}`, { inputs, outputs: outputs.with(0, [x, ...cut(outputs[0]!)]) }, 'outside'] as const,
      ),
    ];
    for (const [what, statement, reason] of others) expect(refusal(run.proof, statement), what).toContain(reason);
  });
});

describe('proof files are refused', () => {
  const root = '0123456789abcdef'.repeat(4);
  const file = Buffer.from(encodeProofFile({ root, signals: [7n, 0n, 2n ** 64n - 1n], proof: Uint8Array.of(1, 2, 3) }));
  const HEAD = 12;
  const length = file.readUInt32LE(8);
  const text = file.toString('utf8', HEAD, HEAD + length);

  const refusedFile = (bytes: Uint8Array): string => {
    try {
      decodeProofFile(bytes);
      return 'accepted';
    } catch (e) {
      if (e instanceof Diagnostic) return e.code;
      throw e;
    }
  };
  const withText = (other: string, claimed = Buffer.byteLength(other)): Uint8Array => {
    const head = Buffer.from(file.subarray(0, HEAD));
    head.writeUInt32LE(claimed, 8);
    return Buffer.concat([head, Buffer.from(other), file.subarray(HEAD + length)]);
  };

  test('but not as they are written', () => {
    expect(refusedFile(file)).toBe('accepted');
    expect(refusedFile(withText(text))).toBe('accepted');
  });

  test('cut anywhere before the proof, of another kind or version', () => {
    for (let end = 0; end < HEAD + length; end++)
      expect(refusedFile(file.subarray(0, end)), `${end} bytes`).toBe(end === 7 ? 'wrong-version' : 'bad-proof-file');
    expect(refusedFile(file.with(0, 0))).toBe('bad-proof-file');
    expect(refusedFile(file.with(7, 0x39))).toBe('wrong-version');
  });

  test.each([
    ['a length one less', withText(text, length - 1)],
    ['a length one more', withText(text, length + 1)],
    ['the largest length', withText(text, 2 ** 32 - 1)],
    ['no object', withText('null')],
    ['no root', withText(text.replace('root', 'boot'))],
    ['a short root', withText(text.replace('01', ''))],
    ['a root of large letters', withText(text.replaceAll('a', 'A'))],
    ['signals that are no list', withText(text.replace(/\[.*\]/, '{}'))],
    ['a signal that is a number', withText(text.replace('"7"', '7'))],
    ['a negative signal', withText(text.replace('"7"', '"-7"'))],
    ['a leading zero', withText(text.replace('"7"', '"07"'))],
    ['white space', withText(text.replace(',', ', '))],
    ['a second field', withText(text.replace('{', '{"root":"",'))],
    ['bytes that are not UTF-8', withText(text.replace('7', '\ud800')).with(HEAD + 5, 0xff)],
  ])('%s', (_, bytes) => {
    expect(refusedFile(bytes)).toBe('bad-proof-file');
  });
});
