// Cheating with sliced runs: each attempt is refused, for what it did.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import {
  decodeRunDescription,
  encodeRunDescription,
  type RunDescription,
} from '../../runtime/artifact/run-description.ts';
import { decodeRunFile, encodeRunFile, type RunFile, type TensorStatement } from '../../runtime/artifact/run-file.ts';
import { proveRun, verifyRun } from '../../runtime/index.ts';
import { provenSignals } from '../../runtime/prove.ts';
import { loadProver } from '../../runtime/prover.ts';
import { loadRun, loadSliceVerifier } from '../../runtime/runs/run-verifier.ts';
import { checkSliceProof } from '../../runtime/runs/verify-run.ts';
import { runIntegers, witnessOfIntegers } from '../../runtime/witness.ts';
import { createRunPlace, inputOf, SIZES } from './run-kit.ts';

const place = createRunPlace();
afterAll(() => place.remove());

/** Tensors of the model: x, r1 (read by two slices), h2, y. */
const R1 = 1;
const Y = 3;

let root = '';
let honest: RunFile;
/** Of the same model on another input, and of another model with equal shapes. */
let otherRun: RunFile;
let otherModel: RunFile;

async function proved(artifact: string, input: number): Promise<RunFile> {
  const output = place.path('made.zkp');
  await proveRun({ artifact: place.path(artifact), inputs: inputOf(input), output });
  return decodeRunFile(readFileSync(output));
}

beforeAll(async () => {
  root = (await place.compile('model.zkml')).root;
  await place.compile('twin.zkml', { seed: 2 });
  honest = await proved('model.zkml', 1);
  otherRun = await proved('model.zkml', 2);
  otherModel = await proved('twin.zkml', 1);
});

/** What verification of some bytes says: `accepted`, or code and message. */
function verdictOfBytes(bytes: Uint8Array, verifier = place.path('model.zkml', 'verifier')): string {
  const run = place.path('forged.zkp');
  writeFileSync(run, bytes);
  try {
    return verifyRun({ verifier, run, modelRoot: root }).coverage.complete ? 'accepted' : 'accepted in part';
  } catch (e) {
    if (e instanceof Diagnostic) return `${e.code}: ${e.message}`;
    throw e;
  }
}

const verdictOf = (file: RunFile): string => verdictOfBytes(encodeRunFile(file));
const withTensor = (i: number, t: TensorStatement): RunFile => ({
  ...honest,
  statement: { ...honest.statement, tensors: honest.statement.tensors.with(i, t) },
});
const withProofs = (...proofs: readonly (readonly [slice: number, proof: Uint8Array])[]): RunFile => ({
  ...honest,
  proofs: new Map([...honest.proofs, ...proofs]),
});

describe('proofs of slices', () => {
  test('the honest run is accepted', () => {
    expect(verdictOf(honest)).toBe('accepted');
  });

  test('a missing one makes the run a part of it', () => {
    for (const slice of honest.proofs.keys()) {
      const proofs = new Map([...honest.proofs].filter(([s]) => s !== slice));
      expect(verdictOf({ ...honest, proofs })).toBe('accepted in part');
    }
  });

  /** The bytes of a run with one more proof at the end. */
  const appended = (file: RunFile, slice: number, proof: Uint8Array): Uint8Array => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(slice, 0);
    head.writeUInt32LE(proof.length, 4);
    return Buffer.concat([encodeRunFile(file), head, proof]);
  };

  test('a second proof of a slice, and proofs out of order, are no run', () => {
    expect(verdictOfBytes(appended(honest, 2, honest.proofs.get(2)!))).toMatch(
      /^bad-run-file: there are two proofs of/,
    );
    const proofs = new Map([...honest.proofs].filter(([s]) => s !== 1));
    expect(verdictOfBytes(appended({ ...honest, proofs }, 1, honest.proofs.get(1)!))).toMatch(
      /^bad-run-file: .*order$/,
    );
  });

  test('a proof of a slice that is not there', () => {
    expect(verdictOf(withProofs([3, honest.proofs.get(2)!]))).toMatch(/^proof-refused: there is a proof of slice 3/);
  });

  test('proofs of two slices exchanged', () => {
    const exchanged = withProofs([0, honest.proofs.get(1)!], [1, honest.proofs.get(0)!]);
    expect(verdictOf(exchanged)).toMatch(/^proof-refused: slice "s0"/);
  });

  test.each([0, 1, 2])('the proof of slice %i of another run of the same model', (slice) => {
    expect(verdictOf(withProofs([slice, otherRun.proofs.get(slice)!]))).toMatch(
      new RegExp(`^proof-refused: slice "s${slice}"`),
    );
  });

  test('the proof of a slice of another model with equal shapes', () => {
    expect(verdictOf(withProofs([1, otherModel.proofs.get(1)!]))).toMatch(/^proof-refused: slice "s1"/);
    expect(verdictOf(otherModel)).toMatch(/^wrong-root/);
    const claimed = { ...otherModel, statement: { ...otherModel.statement, root } };
    expect(verdictOf(claimed)).toMatch(/^proof-refused: slice "s0"/);
  });
});

describe('tensors', () => {
  test('the commitment of a boundary replaced', () => {
    expect(verdictOf(withTensor(R1, otherRun.statement.tensors[R1]!))).toMatch(/^proof-refused: slice "s0"/);
  });

  test('a boundary opened to other integers by its consumers than by its producer', () => {
    const [one, two] = [otherRun.proofs.get(1)!, otherRun.proofs.get(2)!];
    const tensors = [...otherRun.statement.tensors];
    const statement = { root, tensors };
    // Consumers on the other run's tensors, the producer on the honest one's: whichever commitment stands there, one fails.
    const proofs = new Map([
      [0, honest.proofs.get(0)!],
      [1, one],
      [2, two],
    ]);
    expect(verdictOf({ statement, proofs })).toMatch(/^proof-refused: slice "s0"/);
    tensors[R1] = honest.statement.tensors[R1]!;
    expect(verdictOf({ statement, proofs })).toMatch(/^proof-refused: slice "s1"/);
  });

  test('an output changed, out of its range, of another length, hidden', () => {
    const y = honest.statement.tensors[Y]!;
    if (y.kind !== 'integers') throw new TypeError('the output is public');
    const shown = (integers: readonly number[]): string => verdictOf(withTensor(Y, { kind: 'integers', integers }));
    expect(shown(y.integers.with(0, y.integers[0]! - 1))).toMatch(/^proof-refused: slice "s2"/);
    expect(shown(y.integers.with(0, 1e9))).toMatch(/^proof-refused: tensor "y"\[0\] is 1000000000, outside/);
    expect(shown([...y.integers, 0])).toMatch(/^proof-refused: tensor "y" has 3 integers, expected 2/);
    expect(verdictOf(withTensor(Y, { kind: 'private' }))).toMatch(/^proof-refused: tensor "y" is public/);
  });

  test('a commitment that is not below the modulus: two texts for one value', () => {
    const r1 = honest.statement.tensors[R1]!;
    if (r1.kind !== 'commitment') throw new TypeError('the boundary is committed');
    const modulus = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
    const forged = withTensor(R1, { kind: 'commitment', commitment: r1.commitment + modulus });
    expect(verdictOf(forged)).toMatch(/^proof-refused: the commitment to tensor .* is not canonical$/);
  });

  test('another text of the same statement', () => {
    const bytes = Buffer.from(encodeRunFile(honest));
    const length = bytes.readUInt32LE(8);
    const spaced = Buffer.concat([bytes.subarray(0, 12 + length), Buffer.from(' '), bytes.subarray(12 + length)]);
    spaced.writeUInt32LE(length + 1, 8);
    expect(verdictOfBytes(spaced)).toMatch(/^bad-run-file: the statement is not in canonical form/);
  });
});

test('a slice proved with other weights shows another commitment to them', async () => {
  await place.compile('committed.zkml', { visibility: { weights: 'committed' } });
  const prover = await loadProver(place.path('committed.zkml', 'slices', 's0'));
  const run = loadRun(place.path('committed.zkml', 'verifier'));
  const integers = new Map([['input0', { shape: [1, SIZES.input], data: Int8Array.of(1, -1, 2, 0) }]]);
  const [w] = prover.parameters;
  // Two weights exchanged, the blinding element kept.
  const values = Float64Array.from(w!.values);
  const other = values.findIndex((v) => v !== values[0]);
  [values[0], values[other]] = [values[other]!, values[0]!];
  const changed = { ...prover, parameters: [{ ...w!, values }] };
  expect([...runIntegers(changed, integers).outputs.values()][0]).toBeDefined();
  const verifier = loadSliceVerifier(run, 0);
  const prove = async (p: typeof prover): Promise<() => void> => {
    const witness = await witnessOfIntegers(p, integers, place.path('witness.wtns'));
    const { proof } = await provenSignals(p, witness);
    const { commitment } = witness.openings[0]!;
    const tensors = run.description.tensors.map(
      (_, i): TensorStatement => (i === R1 ? { kind: 'commitment', commitment } : { kind: 'private' }),
    );
    return () => checkSliceProof(run, 0, verifier, { root: run.root, tensors }, proof);
  };
  expect(await prove(prover)).not.toThrow();
  expect(await prove(changed)).toThrow(/slice "s0": the proof does not verify/);
});

describe('the folder of the verifier', () => {
  const copy = (): string => {
    const folder = place.path('verifier-copy');
    rmSync(folder, { recursive: true, force: true });
    cpSync(place.path('model.zkml', 'verifier'), folder, { recursive: true });
    return folder;
  };
  const description = (): RunDescription =>
    decodeRunDescription(readFileSync(place.path('model.zkml', 'verifier', 'run.json')));
  /** The verdict of the honest run by a folder with another `run.json`, from someone who trusts no particular root. */
  const judged = (change: (d: RunDescription) => RunDescription, trusted?: string): string => {
    const verifier = copy();
    const run = place.path('forged.zkp');
    writeFileSync(`${verifier}/run.json`, encodeRunDescription(change(description())));
    writeFileSync(run, encodeRunFile(honest));
    try {
      const { complete } = verifyRun({ verifier, run, ...(trusted !== undefined && { modelRoot: trusted }) }).coverage;
      return complete ? 'accepted' : 'accepted in part';
    } catch (e) {
      if (e instanceof Diagnostic) return `${e.code}: ${e.message}`;
      throw e;
    }
  };

  test('an edge removed from run.json', () => {
    const cut = (d: RunDescription): RunDescription => ({
      ...d,
      tensors: d.tensors.with(R1, { ...d.tensors[R1]!, consumers: [1] }),
    });
    expect(judged(cut)).toMatch(/^bad-run: run.json: the ports of slice "s2" are not the tensors/);
    // The port removed as well: the slice itself knows better.
    const portToo = (d: RunDescription): RunDescription => {
      const s2 = d.slices[2]!;
      return { ...cut(d), slices: d.slices.with(2, { ...s2, ports: s2.ports.filter((p) => p !== R1) }) };
    };
    expect(judged(portToo, root)).toMatch(/^wrong-root/);
    expect(judged(portToo)).toMatch(/^wrong-root: the run is of the model with root/);
  });

  test('an edge replaced by an input that the prover may choose has another root', () => {
    const free = (d: RunDescription): RunDescription => {
      const r1 = d.tensors[R1]!;
      const tensors = [
        ...d.tensors.with(R1, { ...r1, consumers: [1] }),
        { ...r1, name: 'free', producer: -1, consumers: [2], input: 'free' },
      ];
      const s2 = d.slices[2]!;
      const ports = s2.ports.map((p) => (p === R1 ? tensors.length - 1 : p));
      return { ...d, tensors, slices: d.slices.with(2, { ...s2, ports }) };
    };
    expect(judged(free, root)).toMatch(/^wrong-root: the verifier's folder has model root/);
    expect(judged(free)).toMatch(/^wrong-root: the run is of the model with root/);
  });

  test('a private boundary, a boundary read before it is made', () => {
    const hidden = (d: RunDescription): RunDescription => ({
      ...d,
      tensors: d.tensors.with(R1, { ...d.tensors[R1]!, visibility: 'private' }),
    });
    expect(judged(hidden)).toMatch(/^bad-run: .* nothing would link them$/);
    const early = (d: RunDescription): RunDescription => ({
      ...d,
      tensors: d.tensors.with(R1, { ...d.tensors[R1]!, producer: 1, consumers: [0, 2] }),
    });
    expect(judged(early)).toMatch(/^bad-run: .* before it is made$/);
  });

  test('keys of slices exchanged, on disk and in run.json', () => {
    const verifier = copy();
    const keys = ['s0', 's1'].map((s) => `${verifier}/slices/${s}/verification.key`);
    const [a, b] = keys.map((path) => readFileSync(path));
    writeFileSync(keys[0]!, b!);
    writeFileSync(keys[1]!, a!);
    expect(verdictOfBytes(encodeRunFile(honest), verifier)).toMatch(/^wrong-slice: slice "s0" .* replaced$/);
    const swap = (d: RunDescription): RunDescription => {
      const [s0, s1, s2] = d.slices as [
        RunDescription['slices'][0],
        RunDescription['slices'][0],
        RunDescription['slices'][0],
      ];
      return { ...d, slices: [{ ...s0, id: s1.id }, { ...s1, id: s0.id }, s2] };
    };
    expect(judged(swap, root)).toMatch(/^wrong-root/);
  });

  test('a slice of another model with equal shapes in its place', () => {
    const verifier = copy();
    rmSync(`${verifier}/slices/s1`, { recursive: true });
    cpSync(place.path('twin.zkml', 'verifier', 'slices', 's1'), `${verifier}/slices/s1`, { recursive: true });
    expect(verdictOfBytes(encodeRunFile(honest), verifier)).toMatch(/^wrong-slice: slice "s1"/);
  });
});
