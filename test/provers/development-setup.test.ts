// The development set-up: its keys are checked by proving with snarkjs and verifying here, and against closed formulas.
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bn254 } from '@noble/curves/bn254.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { SCALAR_FIELD } from '../../compiler/ir/iden3/index.ts';
import { readFieldElement } from '../../compiler/ir/iden3/scalar-field.ts';
import { openSections, readAt, requireSection } from '../../compiler/ir/iden3/section-file.ts';
import { builtScript } from '../../runtime/provers/snarkjs/built-script.ts';
import {
  describeOrigin,
  developmentSetup,
  groth16Prove,
  readVerificationKey,
  type SetupProgress,
  snarkjsVerify,
  verifyGroth16,
} from '../../runtime/provers/snarkjs/index.ts';
import { createMemory, instantiateKernel, kernelModule } from '../../runtime/provers/snarkjs/kernel/kernel.ts';
import { createSetupMemory, planSetup } from '../../runtime/provers/snarkjs/kernel/setup-plan.ts';
import {
  createSetupScalars,
  rootOfUnity,
  SETUP_SCALARS_BYTES,
} from '../../runtime/provers/snarkjs/kernel/setup-scalars.ts';
import { startThreads } from '../../runtime/provers/snarkjs/kernel/setup-threads.ts';
import { readG1, readG2, readZkeyHeader, ZKEY_CONTAINER, ZKEY_SECTION } from '../../runtime/provers/snarkjs/zkey.ts';
import {
  cubic,
  publicSignals,
  randomCircuit,
  rangeBits,
  type SmallCircuit,
  sum,
  writeCircuit,
  writeWitness,
} from './circuits.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zkmlc-setup-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fresh = (): string => mkdtempSync(join(folder, 'case-'));

async function refused(action: () => unknown): Promise<Diagnostic> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Diagnostic) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** One row per public signal and no private variable: the C section of the key is empty. */
const publicOnly: SmallCircuit = {
  publicOutputs: 1,
  publicInputs: 2,
  privateInputs: 0,
  variables: 4,
  rows: [[sum([2, 1]), sum([3, 1]), sum([1, 1])]],
  witness: [1n, 42n, 6n, 7n],
};

/** Rows and appended rows are exactly a power of two. */
const filledDomain = ((): SmallCircuit => {
  const { publicOutputs, publicInputs } = randomCircuit(1, 31);
  return randomCircuit(64 - publicOutputs - publicInputs - 1, 31);
})();

describe('keys that prove', () => {
  const cases: readonly (readonly [string, SmallCircuit])[] = [
    ['x^3 + x + 5', cubic(11n)],
    ['range of 14 bits', rangeBits(14, 9001n)],
    ['a domain filled to the last row', filledDomain],
    ['no private variable', publicOnly],
    ['wide rows', randomCircuit(80, 5, 200)],
    ['several batches', randomCircuit(2500, 6, 4)],
  ];
  test.each(cases)('%s', async (name, circuit) => {
    const place = fresh();
    const { r1csPath, wtnsPath } = writeCircuit(place, circuit);
    const zkeyPath = join(place, 'key.zkey');
    const key = await developmentSetup({ r1csPath, zkeyPath });
    expect(key.origin).toEqual({ kind: 'development' });
    expect(describeOrigin(key.origin)).toContain('whoever made it can forge');
    const { proof, publicSignals: signals } = await groth16Prove({ zkeyPath, wtnsPath });
    expect(signals).toEqual(publicSignals(circuit));
    expect(verifyGroth16(key, signals, proof)).toBe(true);
    expect(verifyGroth16(key, signals.with(0, (signals[0]! + 1n) % SCALAR_FIELD), proof)).toBe(false);

    expect(key.ic.length).toBe(signals.length + 1);
    if (name !== 'x^3 + x + 5') return;

    // One case goes on to a second opinion and a false witness: each costs a process.
    expect(await snarkjsVerify(key, signals, proof)).toBe(true);
    const wrong = join(place, 'wrong.wtns');
    writeWitness(wrong, circuit.witness.with(-1, circuit.witness.at(-1)! + 1n));
    const cheat = await groth16Prove({ zkeyPath, wtnsPath: wrong });
    expect(verifyGroth16(key, cheat.publicSignals, cheat.proof)).toBe(false);
    expect(readdirSync(place).sort()).toEqual(['circuit.r1cs', 'key.zkey', 'witness.wtns', 'wrong.wtns']);
  });

  test('every single value of the witness is bound', async () => {
    const place = fresh();
    const circuit = rangeBits(2, 2n);
    const { r1csPath } = writeCircuit(place, circuit);
    const zkeyPath = join(place, 'key.zkey');
    const key = await developmentSetup({ r1csPath, zkeyPath, threads: 1 });
    for (let i = 1; i < circuit.variables; i++) {
      const wtnsPath = join(place, `changed-${i}.wtns`);
      writeWitness(wtnsPath, circuit.witness.with(i, circuit.witness[i]! + 1n));
      const { proof, publicSignals: signals } = await groth16Prove({ zkeyPath, wtnsPath });
      expect(verifyGroth16(key, signals, proof)).toBe(false);
    }
  });

  test('two keys of one circuit share nothing, and refuse each other', async () => {
    const place = fresh();
    const { r1csPath, wtnsPath } = writeCircuit(place, cubic(2n));
    const [first, second] = [join(place, 'a.zkey'), join(place, 'b.zkey')];
    const a = await developmentSetup({ r1csPath, zkeyPath: first });
    const b = await developmentSetup({ r1csPath, zkeyPath: second });
    for (const name of ['alpha', 'beta', 'gamma', 'delta', 'ic'] as const) expect(a[name]).not.toEqual(b[name]);
    const { proof, publicSignals: signals } = await groth16Prove({ zkeyPath: first, wtnsPath });
    expect(verifyGroth16(a, signals, proof)).toBe(true);
    expect(verifyGroth16(b, signals, proof)).toBe(false);
    expect(readVerificationKey(first, a.origin)).toEqual(a);
  });
});

describe('the file', () => {
  test('sections, coefficients and consistency of the points', async () => {
    const place = fresh();
    const { r1csPath } = writeCircuit(place, publicOnly);
    const zkeyPath = join(place, 'key.zkey');
    await developmentSetup({ r1csPath, zkeyPath });
    const file = openSections(zkeyPath, ZKEY_CONTAINER);
    const section = (type: number): Uint8Array => {
      const { offset, size } = requireSection(file, ZKEY_CONTAINER, type, String(type));
      return readAt(file, offset, size);
    };
    expect(readZkeyHeader(file)).toEqual({ variables: 4, publicSignals: 3, domain: 8 });
    expect(section(ZKEY_SECTION.c).length).toBe(0);
    expect(section(ZKEY_SECTION.h).length).toBe(8 * 64);
    expect([...section(ZKEY_SECTION.contributions)].every((b) => b === 0)).toBe(true);
    // Row 0 is the circuit's, rows 1 to 4 are appended: variable i alone in a.
    const bytes = section(ZKEY_SECTION.coefficients);
    const view = new DataView(bytes.buffer);
    const factor = (1n << 512n) % SCALAR_FIELD;
    const entries = Array.from({ length: view.getUint32(0, true) }, (_, i) => {
      const at = 4 + 44 * i;
      expect(readFieldElement(bytes, at + 12)).toBe(factor);
      return [0, 4, 8].map((o) => view.getUint32(at + o, true));
    });
    expect(entries).toEqual([
      [0, 0, 2],
      [1, 0, 3],
      [0, 1, 0],
      [0, 2, 1],
      [0, 3, 2],
      [0, 4, 3],
    ]);
    // B in G1 and G2 are the same multiples; variables absent from b are at infinity.
    const [b1, b2] = [section(ZKEY_SECTION.b1), section(ZKEY_SECTION.b2)];
    for (let i = 0; i < 3; i++) {
      expect(readG1(b1, 64 * i)).toEqual({ x: 0n, y: 0n });
      expect(b2.subarray(128 * i, 128 * (i + 1)).every((b) => b === 0)).toBe(true);
    }
    const pairing = (g1: ReturnType<typeof readG1>, g2: ReturnType<typeof readG2>): unknown =>
      bn254.pairing(bn254.G1.Point.fromAffine(g1), bn254.G2.Point.fromAffine(g2));
    const generators = [bn254.G1.Point.BASE.toAffine(), bn254.G2.Point.BASE.toAffine()] as const;
    expect(pairing(readG1(b1, 192), generators[1])).toEqual(pairing(generators[0], readG2(b2, 384)));
    file.close();
  });
});

describe('the scalars', () => {
  const power = 4;
  const n = 1n << BigInt(power);
  const memory = createMemory(SETUP_SCALARS_BYTES + 65536);
  const kernel = instantiateKernel(kernelModule(), memory);
  const bytes = new Uint8Array(memory.buffer);
  const scalars = createSetupScalars(kernel, memory.buffer, 32768, power);
  const slots = 2048;
  const { Fr } = bn254.fields;
  const read = (slot: number): bigint => readFieldElement(bytes, slot);

  test('the Lagrange basis sums to one and interpolates powers', () => {
    scalars.lagrange(slots, Number(n));
    const one = new Uint8Array(memory.buffer, 1024, 32);
    one.fill(0);
    one[0] = 1;
    const basis = Array.from({ length: Number(n) }, (_, i) => {
      const target = slots + 36 * (Number(n) + 1);
      bytes.fill(0, target, target + 36);
      kernel.scalarAccumulate(target, 1024, slots + 36 * i, target + 72); // times the plain one: out of Montgomery form
      kernel.scalarPack(target, target);
      return read(target);
    });
    const w = Fr.pow(rootOfUnity(power + 1), 2n);
    const at = (f: (x: bigint) => bigint): bigint =>
      basis.reduce((total, l, i) => Fr.add(total, Fr.mul(l, f(Fr.pow(w, BigInt(i))))), 0n);
    expect(at(() => 1n)).toBe(1n);
    const tau = at((x) => x);
    expect(at((x) => Fr.pow(x, n - 1n))).toBe(Fr.pow(tau, n - 1n));
    // The quotient basis: with delta q_i = (tau^n - 1) / -2 times the basis over the odd roots, whose sum is one.
    scalars.quotient(slots);
    const delta = slots + 36 * 40;
    scalars.packSecret('delta', delta);
    const g = rootOfUnity(power + 1);
    const scale = Fr.div(Fr.sub(Fr.pow(tau, n), 1n), Fr.neg(2n));
    const odd = Array.from({ length: Number(n) }, (_, i) => Fr.div(Fr.mul(read(slots + 36 * i), read(delta)), scale));
    const atOdd = (f: (x: bigint) => bigint): bigint =>
      odd.reduce((total, l, i) => Fr.add(total, Fr.mul(l, f(Fr.mul(g, Fr.pow(w, BigInt(i)))))), 0n);
    expect(atOdd(() => 1n)).toBe(1n);
    expect(atOdd((x) => x)).toBe(tau);
    expect(atOdd((x) => Fr.pow(x, n - 1n))).toBe(Fr.pow(tau, n - 1n));
  });

  test('columns combine to (beta a + alpha b + c) / divisor', () => {
    const [a, b, c, secret] = [0, 1, 2, 3].map((i) => slots + 36 * i);
    for (const divisor of ['gamma', 'delta'] as const) {
      for (const [i, slot] of [a, b, c].entries()) {
        bytes.fill(0, slot, slot! + 36);
        bytes[slot!] = 3 + i;
      }
      const value = (name: 'alpha' | 'beta' | 'gamma' | 'delta'): bigint => {
        scalars.packSecret(name, secret!);
        return read(secret!);
      };
      scalars.combine(a!, b!, c!, divisor);
      const expected = Fr.div(
        Fr.add(Fr.add(Fr.mul(value('beta'), 3n), Fr.mul(value('alpha'), 4n)), 5n),
        value(divisor),
      );
      expect(read(c!)).toBe(expected);
    }
  });

  test('wiping leaves nothing behind but constants and tables', () => {
    const plan = planSetup({ ...publicOnly, rows: 1 }, 'x.r1cs');
    const { memory: own, wipe } = createSetupMemory(plan);
    const all = new Uint8Array(own.buffer);
    createSetupScalars(instantiateKernel(kernelModule(), own), own.buffer, plan.regions.secrets, plan.power);
    const used = (): number => all.subarray(1024, plan.secretEnd).reduce((count, b) => count + (b === 0 ? 0 : 1), 0);
    expect(used()).toBeGreaterThan(200);
    wipe();
    expect(used()).toBe(0);
    for (const task of plan.tasks) if (task.kind === 'points') expect(task.scalars).toBeLessThan(plan.secretEnd);
  });
});

describe('failures', () => {
  test('a cancelled set-up leaves no file and no thread', async () => {
    const place = fresh();
    const { r1csPath } = writeCircuit(place, randomCircuit(9000, 8));
    for (const stage of ['constraints', 'points'] as const) {
      const controller = new AbortController();
      const seen: SetupProgress[] = [];
      const onProgress = (progress: SetupProgress): void => {
        seen.push(progress);
        if (progress.stage === stage) controller.abort();
      };
      const zkeyPath = join(place, 'key.zkey');
      const d = await refused(() => developmentSetup({ r1csPath, zkeyPath, signal: controller.signal, onProgress }));
      expect(d.code).toBe('cancelled');
      expect(seen.at(-1)?.stage).toBe(stage);
      expect(readdirSync(place).sort()).toEqual(['circuit.r1cs', 'witness.wtns']);
    }
    const early = await refused(() =>
      developmentSetup({ r1csPath, zkeyPath: join(place, 'k'), signal: AbortSignal.abort() }),
    );
    expect(early.code).toBe('cancelled');
  });

  test('progress ends complete', async () => {
    const place = fresh();
    const { r1csPath } = writeCircuit(place, randomCircuit(300, 8));
    const seen: SetupProgress[] = [];
    await developmentSetup({ r1csPath, zkeyPath: join(place, 'key.zkey'), onProgress: (p) => seen.push(p) });
    expect(seen.filter((p) => p.stage === 'constraints').at(-1)).toMatchObject({ done: 300, total: 300 });
    const last = seen.at(-1);
    expect(last?.stage).toBe('points');
    expect(last?.done).toBe(last?.total);
  });

  test('a failing thread ends the others and is reported', async () => {
    const plan = planSetup({ ...publicOnly, rows: 1 }, 'x.r1cs');
    const { memory } = createSetupMemory(plan);
    const file = join(fresh(), 'read-only');
    writeFileSync(file, 'x');
    const fd = openSync(file, 'r');
    const threads = startThreads(plan, memory, fd, 2);
    threads.prepareTables(instantiateKernel(kernelModule(), memory));
    threads.allow(plan.tasksWithoutCircuit);
    const d = await refused(() => threads.finished);
    expect(d.code).toBe('setup-failed');
    expect(d.message).toContain('EBADF');
    expect((await refused(() => threads.check())).code).toBe('setup-failed');
    await threads.stop();
    closeSync(fd);
  });

  test('a script that is not compiled is named', async () => {
    const d = await refused(() => builtScript('no-such-script'));
    expect(d.code).toBe('not-built');
    expect(d.where.file).toContain(join('dist', 'runtime', 'provers', 'snarkjs', 'no-such-script.js'));
  });

  test('damaged circuits, empty circuits and hostile sizes are refused', async () => {
    const place = fresh();
    const { r1csPath } = writeCircuit(place, randomCircuit(50, 9));
    const bytes = readFileSync(r1csPath);
    const zkeyPath = join(place, 'key.zkey');
    const damaged = join(place, 'damaged.r1cs');
    const attempt = (content: Uint8Array): Promise<Diagnostic> => {
      writeFileSync(damaged, content);
      return refused(() => developmentSetup({ r1csPath: damaged, zkeyPath }));
    };
    const variable = Buffer.from(bytes);
    variable.writeUInt32LE(0x00ffffff, 12 + 12 + 64 + 12 + 4);
    expect((await attempt(bytes.subarray(0, 700))).code).toBe('bad-r1cs');
    expect((await attempt(variable)).where.byte).toBeTypeOf('number');
    const none = writeCircuit(fresh(), { ...publicOnly, rows: [] });
    expect((await refused(() => developmentSetup({ r1csPath: none.r1csPath, zkeyPath }))).code).toBe('empty-circuit');
    expect((await refused(() => developmentSetup({ r1csPath, zkeyPath: join(place, 'no/such/key.zkey') }))).code).toBe(
      'file-unwritable',
    );
    expect(existsSync(zkeyPath)).toBe(false);
    const large = { publicOutputs: 1, publicInputs: 0, privateInputs: 0, variables: 10, rows: 2 ** 22 };
    expect((await refused(() => planSetup(large, 'x.r1cs'))).code).toBe('circuit-too-large');
  });
});
