// Verification keys that are well-formed but do not deserve trust: weak parameters, registrations that are missing or of something else.
import { describe, expect, test } from 'vitest';
import { type Circuit, KOALABEAR } from '../../compiler/ir/circuit.ts';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { digest } from '../../compiler/ir/digest.ts';
import { planCircuit } from '../../compiler/ir/interpret/plan.ts';
import { runWitness } from '../../compiler/ir/interpret/witness.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { lowerModule } from '../../compiler/ir/lower.ts';
import type { RecordedWire } from '../../compiler/ir/recorder.ts';
import { chooseParameters } from '../../runtime/provers/plonk/choose-parameters.ts';
import {
  commitWeights,
  honestValues,
  loadKey,
  makeKey,
  proveRun,
  verifyRun,
  wasmVectors,
} from '../../runtime/provers/plonk/index.ts';
import { decodeKeyFile, encodeKeyFile, type KeyFile, parametersText } from '../../runtime/provers/plonk/key-file.ts';
import type { OpeningParameters } from '../../runtime/provers/plonk/opening-rounds.ts';
import { type ProofParameters, type ProtocolSize, securityBits } from '../../runtime/provers/plonk/parameters.ts';
import { claimsOf, protocolOf } from '../../runtime/provers/plonk/protocol.ts';
import { protocolSize } from '../../runtime/provers/plonk/protocol-size.ts';
import { standardOps, standardRegistry } from '../../stdlib/index.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';
import { isIntegerSample, moduleOf } from '../kits/ops-kit.ts';

const v = wasmVectors();

/** A product with weights and a sum without them, each of bounded inputs. */
const weighted = recordCircuit(KOALABEAR, (b) => {
  const x = b.range(b.input('x', 'input', 'private', [3, 4], interval(-9, 9)), interval(-8, 8), 'x');
  // Parameters that a registration bounds further.
  const w = b.range(b.input('w', 'param', 'private', [4, 20], interval(-9, 9)), interval(-7, 7), 'w');
  b.output('y', 'public', b.contract({ a: 'mk', b: 'kn', out: 'mn' }, x, w));
});
const weightless = recordCircuit(KOALABEAR, (b) => {
  const x = b.range(b.input('x', 'input', 'private', [3, 4], interval(-9, 9)), interval(-8, 8), 'x');
  b.output('y', 'public', b.sum(x, [0]) as RecordedWire);
});
const weights = new Map([['w', Int32Array.from({ length: 80 }, (_, i) => (i % 15) - 7)]]);
const NONE = new Map<string, Int32Array>();

const good = decodeKeyFile(makeKey(v, weighted, weights));
const bare = decodeKeyFile(makeKey(v, weightless, NONE));

function refusal(file: KeyFile): string {
  try {
    loadKey(v, encodeKeyFile(file));
    return 'accepted';
  } catch (e) {
    if (e instanceof Diagnostic) return `${e.code}: ${e.message}`;
    throw e;
  }
}

/** Registers weights as a key is made, but with these parameters. */
function registered(circuit: Circuit, parameters: ProofParameters): NonNullable<KeyFile['weights']> {
  const plan = planCircuit(circuit).registration!;
  const { logMessage } = parameters.opening.code;
  const context = Buffer.from(digest('zkmlc/plonk-registration', good.circuit, parametersText(parameters)), 'hex');
  const run = { protocol: protocolOf(claimsOf(v, plan), logMessage), parameters, context };
  const commitment = commitWeights(v, run, circuit, weights)!;
  const witness = runWitness(plan.circuit, new Map([['w', { shape: [4, 20], data: weights.get('w')! }]]));
  const nothing = { inputs: [], outputs: [] };
  const proof = proveRun(v, run, nothing, honestValues(plan, witness), commitment);
  verifyRun(v, run, nothing, commitment.root, proof);
  return { root: commitment.root, parameters, proof };
}

/** The same parameters with other numbers. */
const withOpening = (p: ProofParameters, opening: Partial<OpeningParameters>): ProofParameters => ({
  ...p,
  opening: { ...p.opening, ...opening },
});
const withQueries = (p: ProofParameters, queries: number): ProofParameters =>
  withOpening(p, { code: { ...p.opening.code, queries } });

const plans = planCircuit(weighted);
const sizes = {
  run: protocolSize(claimsOf(v, plans.run)),
  registration: protocolSize(claimsOf(v, plans.registration!)),
};

test('keys as they are made are good, with and without weights', () => {
  expect(refusal(good)).toBe('accepted');
  expect(refusal(bare)).toBe('accepted');
  const own = registered(weighted, good.weights!.parameters);
  expect(own.proof).toEqual(good.weights!.proof);
});

describe('parameters are refused', () => {
  // The sum of errors would accept the first two: their error is small enough.
  test.each([
    ['too much work to be a 32-bit word', withOpening(bare.parameters, { powBits: 40 }), 'proof of work of 40 bits'],
    ['a chain that is too short', { ...bare.parameters, chainSteps: 0 }, '0 steps of the hash chain'],
    ['too few queries', withQueries(bare.parameters, 3), 'soundness error'],
  ])('of runs: %s', (_, parameters, reason) => {
    expect(refusal({ ...bare, parameters })).toContain('insecure-parameters: ');
    expect(refusal({ ...bare, parameters })).toContain(reason);
  });

  test.each([
    ['a chain that is too short', { ...good.weights!.parameters, chainSteps: 0 }, '0 steps of the hash chain'],
    ['too few queries', withQueries(good.weights!.parameters, 3), 'soundness error'],
  ])('of registrations, however well they verify: %s', (_, parameters, reason) => {
    const file = { ...good, weights: registered(weighted, parameters) };
    expect(refusal(file)).toContain('insecure-parameters: ');
    expect(refusal(file)).toContain(reason);
  });

  test('that reach the target for runs and registration, but not for both together', () => {
    const targetBits = 100;
    // Codes as short as this circuit's have bits to spare: all of their correct positions are opened.
    const logMessage = 10;
    const choose = (size: ProtocolSize): ProofParameters => chooseParameters(size, { targetBits, logMessage });
    const [run, registration] = [choose(sizes.run), choose(sizes.registration)];
    const [a, b] = [securityBits(sizes.run, run), securityBits(sizes.registration, registration)];
    expect(Math.min(a, b)).toBeGreaterThanOrEqual(targetBits);
    expect(-Math.log2(2 ** -a + 2 ** -b)).toBeLessThan(targetBits);
    expect(refusal({ ...good, parameters: run, weights: registered(weighted, registration) })).toContain(
      'insecure-parameters: runs and registration together',
    );
  });
});

describe('registrations are refused', () => {
  const { weights: registration } = good;

  test('that are missing, or of a circuit without weights', () => {
    expect(refusal({ ...good, weights: undefined })).toContain('bad-verification-key: ');
    expect(refusal({ ...good, weights: undefined })).toContain('registration of weights');
    expect(refusal({ ...bare, weights: registration })).toContain('bad-verification-key: ');
    expect(refusal({ ...bare, weights: registration })).toContain('registration of weights');
  });

  test('of columns that runs do not open: another code, longer messages', () => {
    const { code } = good.weights!.parameters.opening;
    const others = [
      { ...code, logCode: code.logCode + 1 },
      { ...code, logMessage: code.logMessage + 1, logCode: code.logCode + 1 },
    ];
    for (const other of others) {
      const own = registered(weighted, withOpening(good.weights!.parameters, { code: other }));
      expect(refusal({ ...good, weights: own })).toContain('bad-verification-key: ');
      expect(refusal({ ...good, weights: own })).toContain('another code');
    }
  });

  test('of other weights, or with a byte changed', () => {
    const root = Uint8Array.from(registration!.root, (byte, i) => (i === 3 ? byte ^ 1 : byte));
    const proof = Uint8Array.from(registration!.proof, (byte, i) => (i === 200 ? byte ^ 1 : byte));
    for (const own of [
      { ...registration!, root },
      { ...registration!, proof },
    ]) {
      expect(refusal({ ...good, weights: own })).toContain('bad-verification-key: ');
      expect(refusal({ ...good, weights: own })).toContain("the weights' registration is refused");
    }
  });
});

test('runs are verified with the root of the weights where there are some, and with none where there are none', () => {
  const reasonWith = (file: KeyFile, outputs: number, root: Uint8Array | undefined): string => {
    const { run } = loadKey(v, encodeKeyFile(file));
    try {
      verifyRun(v, run, { inputs: [], outputs: [new Int32Array(outputs)] }, root, new Uint8Array(0));
      return 'accepted';
    } catch (e) {
      if (e instanceof Diagnostic) return `${e.code}: ${e.message}`;
      throw e;
    }
  };
  const { root } = good.weights!;
  expect(reasonWith(good, 60, undefined)).toBe('proof-refused: the proof is not valid: root of the weights');
  expect(reasonWith(bare, 4, root)).toBe('proof-refused: the proof is not valid: root of the weights');
  expect(reasonWith(good, 60, root)).toContain('it ends early');
  expect(reasonWith(bare, 4, undefined)).toContain('it ends early');
});

test('a key is made of all weights', () => {
  expect(() => makeKey(v, weighted, NONE)).toThrow('weights w are missing');
});

test('weights lie at the same places in the plans of runs and of registrations', () => {
  let compared = 0;
  for (const def of standardOps)
    for (const sample of def.samples.filter(isIntegerSample)) {
      const { module } = moduleOf(def, sample, standardRegistry, 'int', (b, xs) => b.emit(def.name, xs, sample.attrs));
      const visibility = { input: 'private', weights: 'private', output: 'public' } as const;
      const { run, registration } = planCircuit(lowerModule(module, standardRegistry, KOALABEAR, visibility));
      const [ours, theirs] = [run, registration].map((plan) =>
        (plan?.columns ?? [])
          .filter((c) => c.group === 'weight' && c.size > 0)
          .map(({ wire, size, offset }) => [wire, size, offset]),
      );
      expect(theirs, `${def.name}: ${sample.name}`).toEqual(ours);
      compared += ours!.length;
    }
  expect(compared).toBeGreaterThan(5);
});
