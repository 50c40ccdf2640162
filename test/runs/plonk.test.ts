// Sliced runs by the native prover: no hash in the circuit, the roots of boundary tensors are in both statements.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { decodeRunFile, encodeRunFile, type RunFile } from '../../runtime/artifact/run-file.ts';
import { proveRun, verifyRun } from '../../runtime/index.ts';
import { loadRun, loadSliceVerifier } from '../../runtime/runs/run-verifier.ts';
import { createRunPlace, inputOf, roundTrip } from './run-kit.ts';

const place = createRunPlace();
afterAll(() => place.remove());

test('a run of three slices proves the integers of the unsliced model; slices share codes', async () => {
  await place.compile('native.zkml', { backend: 'plonk' });
  const { securityBits } = await roundTrip(place, 'native');
  expect(securityBits).toBeGreaterThanOrEqual(100);
  const run = loadRun(place.path('native.zkml', 'verifier'));
  const codes = run.description.slices.map((_, i) => {
    const { system } = loadSliceVerifier(run, i);
    if (system.proofSystem !== 'plonk-koalabear') throw new TypeError(system.proofSystem);
    const { logMessage, logCode } = system.key.run.parameters.opening.code;
    return [logMessage, logCode];
  });
  expect(codes).toEqual([codes[0], codes[0], codes[0]]);
});

describe('cheating', () => {
  let honest: RunFile;
  let otherInput: RunFile;
  let otherModel: RunFile;

  async function proved(artifact: string, input: number): Promise<RunFile> {
    const output = place.path('made.zkp');
    await proveRun({ artifact: place.path(artifact), inputs: inputOf(input), output });
    return decodeRunFile(readFileSync(output));
  }

  beforeAll(async () => {
    await place.compile('model.zkml', { backend: 'plonk' });
    await place.compile('twin.zkml', { backend: 'plonk', seed: 2 });
    honest = await proved('model.zkml', 1);
    otherInput = await proved('model.zkml', 2);
    otherModel = await proved('twin.zkml', 1);
  });

  function verdictOf(file: RunFile): string {
    const run = place.path('forged.zkp');
    writeFileSync(run, encodeRunFile(file));
    try {
      return verifyRun({ verifier: place.path('model.zkml', 'verifier'), run }).coverage.complete
        ? 'accepted'
        : 'in part';
    } catch (e) {
      if (e instanceof Diagnostic) return `${e.code}: ${e.message}`;
      throw e;
    }
  }
  const withProof = (slice: number, proof: Uint8Array): RunFile => ({
    ...honest,
    proofs: new Map(honest.proofs).set(slice, proof),
  });
  const withTensor = (i: number, from: RunFile): RunFile => {
    const tensors = honest.statement.tensors.with(i, from.statement.tensors[i]!);
    return { ...honest, statement: { ...honest.statement, tensors } };
  };

  test('the honest run is accepted', () => expect(verdictOf(honest)).toBe('accepted'));

  test.each([0, 1, 2])('slice %i: the proof of another run, or of another model with equal shapes', (slice) => {
    expect(verdictOf(withProof(slice, otherInput.proofs.get(slice)!))).toMatch(/^proof-refused: slice "s/);
    expect(verdictOf(withProof(slice, otherModel.proofs.get(slice)!))).toMatch(/^proof-refused: slice "s/);
  });

  test('proofs of two slices exchanged', () => {
    const proofs = new Map(honest.proofs).set(1, honest.proofs.get(2)!).set(2, honest.proofs.get(1)!);
    expect(verdictOf({ ...honest, proofs })).toMatch(/^proof-refused: slice "s1"/);
  });

  test('a boundary of another run in the statement, with and without the proofs of its consumers', () => {
    // Tensors: x, r1 (made by s0, read by s1 and s2), h2, y.
    const replaced = withTensor(1, otherInput);
    expect(verdictOf(replaced)).toMatch(/^proof-refused: slice "s0"/);
    const consumers = new Map(honest.proofs).set(1, otherInput.proofs.get(1)!).set(2, otherInput.proofs.get(2)!);
    expect(verdictOf({ ...replaced, proofs: consumers })).toMatch(/^proof-refused: slice "s0"/);
    expect(verdictOf({ ...honest, proofs: consumers })).toMatch(/^proof-refused: slice "s1"/);
  });

  test('an output of another run', () => {
    expect(verdictOf(withTensor(3, otherInput))).toMatch(/^proof-refused: slice "s2"/);
  });
});
