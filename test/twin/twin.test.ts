// Two verifiers that share nothing but the plan: the twin accepts what the native verifier accepts, and refuses what it refuses.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCompiler } from '../../compiler/index.ts';
import { type Circuit, KOALABEAR } from '../../compiler/ir/circuit.ts';
import { digest } from '../../compiler/ir/digest.ts';
import { planCircuit } from '../../compiler/ir/interpret/plan.ts';
import { interval } from '../../compiler/ir/interval.ts';
import { P } from '../../compiler/ir/koalabear.ts';
import { lowerModule } from '../../compiler/ir/lower.ts';
import type { RecordedWire } from '../../compiler/ir/recorder.ts';
import { proveFractions } from '../../runtime/provers/plonk/fraction-trees.ts';
import { decodeKeyFile, parametersText } from '../../runtime/provers/plonk/key-file.ts';
import type { ProofParameters } from '../../runtime/provers/plonk/parameters.ts';
import { plainVectors } from '../../runtime/provers/plonk/plain-vectors.ts';
import { claimsOf, PROTOCOL, protocolOf } from '../../runtime/provers/plonk/protocol.ts';
import { proverChannel } from '../../runtime/provers/plonk/transcript.ts';
import { requantize } from '../../stdlib/gadgets/index.ts';
import { standardOps, standardRegistry } from '../../stdlib/index.ts';
import { recordCircuit } from '../kits/circuit-kit.ts';
import { activationSamples, integersOf, isIntegerSample, moduleOf, portsOf } from '../kits/ops-kit.ts';
import { createRandom, type Random } from '../kits/random.ts';
import { sourceFiles } from '../laws/source-files.ts';
import { dot, dotBase, type Element, eqVector } from './field.ts';
import {
  lyingChannel,
  type ProvedRun,
  proveWith,
  proveWithKey,
  randomPorts,
  twinKey,
  verdict,
  wrongCodeword,
} from './proofs.ts';
import { randomCircuit } from './random-circuits.ts';
import { verifyFractions } from './sumchecks.ts';
import { readProof } from './transcript.ts';
import { verifyWithTwin } from './verify.ts';

/** Files of this folder that are no part of the second verifier. */
const AROUND = ['proofs.ts', 'random-circuits.ts', 'twin.test.ts'];

it('the twin reads circuits and plans, and imports nothing of the prover', () => {
  const own = sourceFiles().filter(
    (f) => f.path.startsWith('test/twin/') && !AROUND.some((name) => f.path.endsWith(`/${name}`)),
  );
  expect(own.length).toBeGreaterThan(8);
  const values = own.flatMap((f) =>
    f.imports.filter((i) => !i.typeOnly && !i.target.startsWith('test/twin/')).map((i) => i.target),
  );
  expect([...new Set(values)].sort()).toEqual([
    '@noble/hashes/blake3.js',
    'compiler/ir/tensor.ts',
    'compiler/ir/view.ts',
  ]);
  const types = own.flatMap((f) => f.imports.map((i) => i.target));
  expect(types.filter((t) => t.startsWith('runtime/'))).toEqual([]);
});

/** The statement with one integer moved. */
function moved(
  { inputs, outputs, ...rest }: ProvedRun['statement'],
  role: 'inputs' | 'outputs',
  by: number,
): ProvedRun['statement'] {
  const change = (xs: readonly ArrayLike<number>[]): number[][] =>
    xs.map((x, i) => Array.from(x, (value, e) => (i === 0 && e === 0 ? value + by : value)));
  return role === 'inputs'
    ? { ...rest, inputs: change(inputs), outputs }
    : { ...rest, inputs, outputs: change(outputs) };
}

/** Both accept the run, and both refuse statements that differ by one. */
function checkRun(run: ProvedRun): void {
  const { statement, proof } = run;
  expect(verdict(run, statement, proof)).toBe('accepted');
  for (const role of ['inputs', 'outputs'] as const)
    if (statement[role].length > 0)
      for (const by of [1, -1]) expect(verdict(run, moved(statement, role, by), proof)).toBe('refused');
  const { commitments = [] } = statement;
  for (const [i, root] of commitments.entries()) {
    const other = { ...statement, commitments: commitments.with(i, root.with(9, root[9]! ^ 4)) };
    expect(verdict(run, other, proof)).toBe('refused');
  }
}

const requant = standardOps.find((o) => o.name === 'requant')!;
const samples = standardOps.flatMap((def) => [
  ...def.samples.filter(isIntegerSample).map((sample) => ({ name: `${def.name}: ${sample.name}`, def, sample })),
  ...activationSamples(def).map((sample) => ({ name: `${def.name}: ${sample.name}`, def: requant, sample })),
]);
const VISIBILITIES = [
  { input: 'private', weights: 'public', output: 'public' },
  { input: 'public', weights: 'private', output: 'public' },
  { input: 'public', weights: 'fixed', output: 'public' },
  { input: 'committed', weights: 'public', output: 'committed' },
] as const;

describe('operators', () => {
  it.each(samples.map((sample, i) => ({ ...sample, visibility: VISIBILITIES[i % VISIBILITIES.length]! })))(
    '$name',
    ({ def, sample, visibility }) => {
      const emitted = moduleOf(def, sample, standardRegistry, 'int', (b, xs) => b.emit(def.name, xs, sample.attrs));
      const circuit = lowerModule(emitted.module, standardRegistry, KOALABEAR, visibility);
      const ports = portsOf(circuit, emitted.module, integersOf(emitted.module, 3, createRandom(3)));
      checkRun(proveWithKey(circuit, ports));
    },
  );
});

describe('models', () => {
  const folder = join(import.meta.dirname, '..', '..', 'examples', 'models');
  it.each(['digits-linear', 'sensor-regression', 'digits-mlp'])('%s', async (name) => {
    const dims = new Map(name === 'digits-mlp' ? [] : [['batch', 1]]);
    const files = { model: join(folder, name, 'model.onnx'), calibration: join(folder, name, 'calibration.npz') };
    const { int } = await createCompiler().load({ ...files, dims });
    const circuit = lowerModule(int, standardRegistry, KOALABEAR, VISIBILITIES[1]);
    const run = proveWithKey(circuit, portsOf(circuit, int, integersOf(int, 4, createRandom(1))));
    checkRun(run);
    // The registration of the weights is a proof by the same protocol.
    const { circuit: bytes, weights } = decodeKeyFile(run.keyBytes);
    const { parameters, root, proof } = weights!;
    const plan = planCircuit(circuit).registration!;
    const context = Buffer.from(digest('zkmlc/plonk-registration', bytes, parametersText(parameters)), 'hex');
    const nothing = { inputs: [], outputs: [] };
    const protocol = protocolOf(claimsOf(plainVectors(), plan), parameters.opening.code.logMessage);
    const key = twinKey({ protocol, parameters, context }, root);
    verifyWithTwin(key, nothing, proof);
    const other = Uint8Array.from(root, (byte, i) => (i === 7 ? byte ^ 1 : byte));
    expect(() => verifyWithTwin({ ...key, weightRoot: other }, nothing, proof)).toThrow('twin: ');
  });
});

describe('contractions', () => {
  it('random circuits', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed);
      const circuit = randomCircuit(random);
      const run = proveWithKey(circuit, randomPorts(circuit, random));
      expect(verdict(run, run.statement, run.proof), `seed ${seed}`).toBe('accepted');
    }
  });

  /** A product of inputs [3, 4] and [4, n], led to the output. */
  const productOf = (
    n: number,
    after: (b: Parameters<Parameters<typeof recordCircuit>[1]>[0], x: RecordedWire) => RecordedWire,
  ): Circuit =>
    recordCircuit(KOALABEAR, (b) => {
      const x = b.input('x', 'input', 'private', [3, 4], interval(-9, 9));
      const y = b.input('y', 'input', 'private', [4, n], interval(-9, 9));
      b.output('z', 'public', after(b, b.contract({ a: 'mk', b: 'kn', out: 'mn' }, x, y)));
    });

  // One claim where eq splits into rows and columns; rows of the smaller operand stay open where it does not; a sum of two
  // claims where the product arrives on two ways.
  it.each([
    ['product', productOf(5, (_, z) => z), 4],
    ['rows of a open', productOf(5, (b, z) => b.view(z, { kind: 'reshape', shape: [15] })), 4],
    ['rows of b open', productOf(2, (b, z) => b.view(z, { kind: 'reshape', shape: [6] })), 4],
    [
      'two claims',
      productOf(3, (b, z) =>
        b.affine(
          [
            [z, 2n],
            [b.view(z, { kind: 'transpose', perm: [1, 0] }), -3n],
          ],
          1n,
        ),
      ),
      8,
    ],
  ])('%s', (_, circuit, values) => {
    const random = createRandom(2);
    const run = proveWithKey(circuit, randomPorts(circuit, random));
    checkRun(run);
    const channel = lyingChannel();
    run.prove(channel);
    expect(channel.messages.find((m) => m.label === 'contractions.values')?.length).toBe(4 * values);
  });
});

/** A layer with weights, lookups and a contraction. */
const layer = recordCircuit(KOALABEAR, (b) => {
  const x = b.input('x', 'input', 'public', [3, 8], interval(-7, 7));
  const w = b.input('w', 'param', 'private', [8, 5], interval(-3, 3));
  const sums = b.contract({ a: 'mk', b: 'kn', out: 'mn' }, x, w);
  const bounded = b.range(b.view(x, { kind: 'slice', axis: 1, start: 0, step: 1, size: 5 }), interval(-7, 7), 'x');
  const y = requantize(
    b,
    [
      [sums, 3n],
      [bounded, 5n],
    ],
    4,
    interval(-16, 15),
    'y',
  ) as RecordedWire;
  b.output('y', 'public', y);
});

/** Codes of little redundancy and little work: the protocol is the same. */
const SMALL: ProofParameters = {
  chainSteps: 3,
  opening: { code: { logMessage: 5, logCode: 7, queries: 20 }, powBits: 4 },
};
const WITH_TAIL: ProofParameters = {
  ...SMALL,
  opening: { ...SMALL.opening, tail: { logMessage: 2, logCode: 5, queries: 12 } },
};

describe('fractions', () => {
  /** Numerators and denominators of so many leaves that add up to zero: each fraction and its negative. */
  const leavesOf = (variables: number, random: Random) => {
    const [p, q] = [new Uint32Array(2 ** variables), new Uint32Array(4 * 2 ** variables)];
    for (let i = 0; i < p.length; i += 2) {
      [p[i], p[i + 1]] = [1, P - 1];
      for (let k = 0; k < 4; k++) q[4 * i + k] = q[4 * i + 4 + k] = 1 + random.below(P - 1);
    }
    return { p, q };
  };
  const verified = (variables: number, { p, q }: ReturnType<typeof leavesOf>) => {
    const v = plainVectors();
    const channel = proverChannel('fractions');
    channel.chain(1);
    proveFractions(v, channel, { variables, leaves: () => ({ p: p.slice(), q: q.slice() }) });
    const reader = readProof('fractions', channel.proof());
    reader.chain(1);
    const claim = verifyFractions(reader, variables);
    reader.end();
    return claim;
  };

  it('end in the values of the leaves; others sums than zero and zeros among denominators are refused', () => {
    for (const variables of [1, 2, 3, 5]) {
      const leaves = leavesOf(variables, createRandom(variables));
      const { point, p, q } = verified(variables, leaves);
      const eq = eqVector(point);
      expect(p).toEqual(dotBase(eq, Array.from(leaves.p, BigInt)));
      const words = Array.from(leaves.q, BigInt);
      const elements = eq.map(
        (_, i): Element => [words[4 * i]!, words[4 * i + 1]!, words[4 * i + 2]!, words[4 * i + 3]!],
      );
      expect(q).toEqual(dot(eq, elements));
      const other = { p: leaves.p.with(0, 2), q: leaves.q };
      expect(() => verified(variables, other)).toThrow('fractions.ends');
      const zero = { p: leaves.p, q: leaves.q.slice().fill(0, 0, 8) };
      expect(() => verified(variables, zero)).toThrow('fractions.root');
    }
  });
});

describe('parameters', () => {
  const ports = randomPorts(layer, createRandom(6));
  it.each([
    ['a row in clear', SMALL],
    ['a tail', WITH_TAIL],
    [
      'a tail of single columns',
      { ...SMALL, opening: { ...WITH_TAIL.opening, tail: { logMessage: 0, logCode: 3, queries: 8 } } },
    ],
    [
      'columns of one cell',
      { ...SMALL, opening: { ...SMALL.opening, code: { logMessage: 0, logCode: 2, queries: 3 } } },
    ],
    ['one column', { ...SMALL, opening: { ...SMALL.opening, code: { logMessage: 12, logCode: 13, queries: 3 } } }],
  ])('%s', (_, parameters) => checkRun(proveWith(layer, ports, parameters)));

  it.each([
    ['columns', SMALL, 0, 'opening.row: position'],
    ['columns before a tail', WITH_TAIL, 0, 'opening.tail.row: its value'],
    ['a tail', WITH_TAIL, 1, 'opening.tail.row: position'],
  ])('%s that are no codewords are refused where that is looked at', (_, parameters, call, reason) => {
    const { code, tail } = parameters.opening;
    const all = {
      code: { ...code, queries: 2 ** code.logCode },
      tail: tail && { ...tail, queries: 2 ** tail.logCode },
    };
    const run = proveWith(layer, ports, { ...parameters, opening: { ...parameters.opening, ...all } });
    expect(verdict(run, run.statement, run.proof)).toBe('accepted');
    const proof = run.prove(proverChannel(PROTOCOL), wrongCodeword(call));
    expect(verdict(run, run.statement, proof)).toBe('refused');
    expect(() => verifyWithTwin(run.key, run.statement, proof)).toThrow(reason);
  });

  it('every table in a tree of its own', () => {
    const { run: plan } = planCircuit(layer);
    expect(plan.tables.length).toBeGreaterThan(1);
    const tables = plan.tables.map((t, tree) => ({ ...t, tree }));
    const run = proveWith(layer, ports, WITH_TAIL, { ...plan, tables });
    checkRun(run);
    const channel = lyingChannel();
    run.prove(channel);
    expect(channel.messages.filter((m) => m.label === 'fractions.root')).toHaveLength(tables.length);
  });
});

const LIES = ['another value', 'another word'] as const;

const sigmoid = samples.find((s) => s.name.startsWith('requant: sigmoid'))!;

function provedSigmoid(): ProvedRun {
  const { def, sample } = sigmoid;
  const emitted = moduleOf(def, sample, standardRegistry, 'int', (b, xs) => b.emit(def.name, xs, sample.attrs));
  const circuit = lowerModule(emitted.module, standardRegistry, KOALABEAR, VISIBILITIES[0]);
  return proveWithKey(circuit, integersOf(emitted.module, 4, createRandom(4)));
}

describe.each([
  ['an activation', provedSigmoid],
  ['a layer with a tail', () => proveWith(layer, randomPorts(layer, createRandom(7)), WITH_TAIL)],
])('tampering with %s', (_, prove) => {
  const run = prove();
  const { statement, proof } = run;
  const honest = lyingChannel();
  const again = run.prove(honest);
  const messages = honest.messages.filter((m) => m.length > 0);

  it('300 changed bytes are refused', () => {
    const random = createRandom(8);
    for (let i = 0; i < 300; i++) {
      const changed = proof.slice();
      const at = random.below(proof.length);
      changed[at]! ^= 1 + random.below(255);
      expect(verdict(run, statement, changed), `byte ${at}`).toBe('refused');
    }
  });

  it('every message changed in the finished proof is refused, and so are words that are not canonical', () => {
    expect(again).toEqual(proof);
    const random = createRandom(9);
    for (const { label, at, length } of messages) {
      const changed = proof.slice();
      changed[at + random.below(length)]! ^= 1 << random.below(8);
      expect(verdict(run, statement, changed), label).toBe('refused');
      const shifted = new DataView(proof.slice().buffer);
      const word = at + 4 * random.below(length / 4);
      shifted.setUint32(word, shifted.getUint32(word, true) + P, true);
      expect(verdict(run, statement, new Uint8Array(shifted.buffer)), label).toBe('refused');
    }
  });

  it('every message that is a lie when it is sent is refused', () => {
    const random = createRandom(10);
    for (const [i, { label, length }] of honest.messages.entries()) {
      if (length === 0) continue;
      const isHash = /advice|root$|path$/.test(label) && !label.startsWith('fractions');
      for (const kind of isHash || label.endsWith('.pow') ? LIES.slice(0, 1) : LIES)
        expect(verdict(run, statement, run.prove(lyingChannel(i, random, kind))), `${label}: ${kind}`).toBe('refused');
    }
  });

  it('shorter, longer and empty proofs, other statements, contexts and roots are refused', () => {
    for (const bytes of [proof.slice(0, -1), proof.slice(0, -4), Uint8Array.of(...proof, 0), new Uint8Array(0)])
      expect(verdict(run, statement, bytes)).toBe('refused');
    for (const role of ['inputs', 'outputs'] as const)
      for (const by of [1, -1, P, -P, 0.5, Number.NaN])
        if (statement[role].length > 0) expect(verdict(run, moved(statement, role, by), proof)).toBe('refused');
    const { inputs, outputs } = statement;
    const others = [
      { inputs: [...inputs, [0]], outputs },
      { inputs, outputs: outputs.slice(1) },
      { inputs, outputs: outputs.map((y) => [...Array.from(y), 0]) },
    ];
    for (const other of others) expect(verdict(run, other, proof)).toBe('refused');
    const root = run.key.weightRoot === undefined ? new Uint8Array(32) : undefined;
    for (const key of [{ context: Uint8Array.of(9) }, { weightRoot: root }])
      expect(() => verifyWithTwin({ ...run.key, ...key }, statement, proof)).toThrow('twin: ');
  });
});
