// Our Groth16 verifier and encodings: honest proofs pass, everything else is refused, snarkjs' verifier agrees.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bn254 } from '@noble/curves/bn254.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Diagnostic } from '../../compiler/ir/diagnostics.ts';
import { SCALAR_FIELD } from '../../compiler/ir/iden3/index.ts';
import {
  ceremonySetup,
  decodeProof,
  decodeVerificationKey,
  describeOrigin,
  encodeProof,
  encodeVerificationKey,
  type Groth16Proof,
  groth16Prove,
  type ProveResult,
  snarkjsVerify,
  type VerificationKey,
  verificationKeyFromJson,
  verificationKeyToJson,
  verifyGroth16,
  wtnsCheck,
} from '../../runtime/provers/snarkjs/index.ts';
import { runSnarkjs } from '../../runtime/provers/snarkjs/snarkjs-process.ts';
import { cubic, generator, publicSignals, randomCircuit, writeCircuit, writeWitness } from './circuits.ts';

const circuit = randomCircuit(12, 4);
const next = generator(99);
let folder = '';
let ptauPath = '';
let zkeyPath = '';
let wtnsPath = '';
let r1csPath = '';
let key: VerificationKey;
let honest: ProveResult;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zkmlc-groth16-'));
  ptauPath = join(folder, 'small.ptau');
  execFileSync(process.execPath, [fileURLToPath(new URL('small-ptau.mjs', import.meta.url)), '5', ptauPath], {
    stdio: 'ignore',
  });
  ({ r1csPath, wtnsPath } = writeCircuit(folder, circuit));
  zkeyPath = join(folder, 'ceremony.zkey');
  key = await ceremonySetup({ r1csPath, ptauPath, zkeyPath });
  honest = await groth16Prove({ zkeyPath, wtnsPath });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function refused(action: () => unknown): Promise<Diagnostic> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Diagnostic) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** Whether an encoded proof passes decoding and verification. */
function accepts(bytes: Uint8Array): boolean {
  try {
    return verifyGroth16(key, honest.publicSignals, decodeProof(bytes));
  } catch (error) {
    if (error instanceof Diagnostic && error.code === 'bad-proof') return false;
    throw error;
  }
}

describe('verification', () => {
  test('an honest proof of a ceremony key verifies, here and in snarkjs', async () => {
    expect(honest.publicSignals).toEqual(publicSignals(circuit));
    expect(verifyGroth16(key, honest.publicSignals, honest.proof)).toBe(true);
    expect(await snarkjsVerify(key, honest.publicSignals, honest.proof)).toBe(true);
    expect(key.origin).toMatchObject({ kind: 'ceremony', contributions: 1 });
    expect(describeOrigin(key.origin)).toContain('could forge if');
  });

  test('every changed public signal is refused, in any number', async () => {
    const signals = honest.publicSignals;
    expect(signals.length).toBeGreaterThan(1);
    for (let i = 0; i < signals.length; i++) {
      for (const value of [signals[i]! + 1n, signals[i]! + SCALAR_FIELD, -1n, SCALAR_FIELD]) {
        expect(verifyGroth16(key, signals.with(i, value), honest.proof)).toBe(false);
      }
    }
    expect(verifyGroth16(key, [...signals, 0n], honest.proof)).toBe(false);
    expect(verifyGroth16(key, signals.slice(1), honest.proof)).toBe(false);
    expect(verifyGroth16(key, signals.toReversed(), honest.proof)).toBe(
      signals.every((s, i) => s === signals.at(-1 - i)),
    );
    expect(await snarkjsVerify(key, signals.with(0, signals[0]! + 1n), honest.proof)).toBe(false);
  });

  test('changed bytes of the encoded proof are refused', () => {
    const bytes = encodeProof(honest.proof);
    expect(accepts(bytes)).toBe(true);
    for (let i = 0; i < bytes.length; i++) {
      const change = 1 + (next() % 255);
      expect(accepts(bytes.with(i, bytes[i]! ^ change))).toBe(false);
    }
  });

  test('valid points that belong to no proof are refused', () => {
    const { proof, publicSignals: signals } = honest;
    const g1 = bn254.G1.Point.BASE.toAffine();
    const g2 = bn254.G2.Point.BASE.toAffine();
    const negate = bn254.G1.Point.fromAffine(proof.a).negate().toAffine();
    const forged: readonly Groth16Proof[] = [
      { ...proof, a: g1 },
      { ...proof, b: g2 },
      { ...proof, c: g1 },
      { ...proof, a: proof.c, c: proof.a },
      { ...proof, a: negate },
      { a: key.alpha, b: key.beta, c: g1 },
    ];
    for (const p of forged) expect(verifyGroth16(key, signals, p)).toBe(false);
  });

  test('points outside field, curve or subgroup and points at infinity are refused', async () => {
    const { proof, publicSignals: signals } = honest;
    const q = bn254.fields.Fp.ORDER;
    const zero = { x: 0n, y: 0n };
    const zero2 = { x: { c0: 0n, c1: 0n }, y: { c0: 0n, c1: 0n } };
    const outside = outsideSubgroup();
    const invalid: readonly Groth16Proof[] = [
      { ...proof, a: zero },
      { ...proof, c: zero },
      { ...proof, b: zero2 },
      { ...proof, a: { x: proof.a.x + q, y: proof.a.y } },
      { ...proof, a: { x: proof.a.x, y: proof.a.y - q } },
      { ...proof, c: { x: 1n, y: 1n } },
      { ...proof, b: { x: proof.b.x, y: { c0: proof.b.y.c0 + q, c1: proof.b.y.c1 } } },
      { ...proof, b: outside },
    ];
    for (const p of invalid) {
      expect(verifyGroth16(key, signals, p)).toBe(false);
      if (p.a.y >= 0n) expect((await refused(() => decodeProof(encodeProof(p)))).code).toBe('bad-proof');
    }
  });

  test('keys that bind nobody are refused', async () => {
    const use = (changed: Partial<VerificationKey>): Promise<Diagnostic> =>
      refused(() => verifyGroth16({ ...key, ...changed }, honest.publicSignals, honest.proof));
    expect((await use({ gamma: key.delta })).message).toContain('anyone can forge');
    expect((await use({ gamma: bn254.G2.Point.fromAffine(key.delta).negate().toAffine() })).message).toContain(
      'anyone can forge',
    );
    expect((await use({ ic: [] })).code).toBe('bad-verification-key');
    expect((await use({ ic: key.ic.with(1, { x: 0n, y: 0n }) })).where.field).toBe('ic[1]');
    expect((await use({ beta: outsideSubgroup() })).where.field).toBe('beta');
  });
});

/** A point of the twist that is not in the subgroup of order r. */
function outsideSubgroup(): { x: { c0: bigint; c1: bigint }; y: { c0: bigint; c1: bigint } } {
  const { Fp2 } = bn254.fields;
  const b = Fp2.sub(Fp2.sqr(bn254.G2.Point.BASE.y), Fp2.mul(Fp2.sqr(bn254.G2.Point.BASE.x), bn254.G2.Point.BASE.x));
  for (let i = 1n; ; i++) {
    const x = { c0: i, c1: 0n };
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), b);
    try {
      const y = Fp2.sqrt(square);
      const point = bn254.G2.Point.fromAffine({ x, y });
      if (!point.isTorsionFree()) return { x, y };
    } catch {
      // Not a square: try the next abscissa.
    }
  }
}

describe('encodings', () => {
  test('a proof has 256 bytes and one encoding', async () => {
    const bytes = encodeProof(honest.proof);
    expect(bytes.length).toBe(256);
    expect(decodeProof(bytes)).toEqual(honest.proof);
    for (const size of [0, 1, 255])
      expect((await refused(() => decodeProof(bytes.subarray(0, size)))).code).toBe('bad-proof');
    expect((await refused(() => decodeProof(Buffer.concat([bytes, Buffer.of(0)])))).code).toBe('bad-proof');
  });

  test('keys survive both encodings', () => {
    for (const k of [key, { ...key, origin: { kind: 'development' } } as const]) {
      expect(decodeVerificationKey(encodeVerificationKey(k))).toEqual(k);
      expect(verificationKeyFromJson(JSON.parse(JSON.stringify(verificationKeyToJson(k))))).toEqual(k);
    }
  });

  test('changed, cut and inflated binary keys are refused or differ', async () => {
    const bytes = encodeVerificationKey(key);
    for (let size = 0; size < bytes.length; size += 17)
      expect((await refused(() => decodeVerificationKey(bytes.subarray(0, size)))).code).toBe('bad-verification-key');
    for (let i = 0; i < bytes.length; i += 1 + (next() % 5)) {
      const changed = bytes.with(i, bytes[i]! ^ (1 + (next() % 255)));
      if (i >= 7 && i < 43) expect(decodeVerificationKey(changed)).not.toEqual(key);
      else expect((await refused(() => decodeVerificationKey(changed))).code).toBe('bad-verification-key');
    }
    const huge = Uint8Array.from(bytes);
    new DataView(huge.buffer).setUint32(43, 0xffffffff);
    expect((await refused(() => decodeVerificationKey(huge))).message).toContain('4294967295 public signals');
  });

  test('malformed JSON keys are refused by field', async () => {
    const json: unknown = JSON.parse(JSON.stringify(verificationKeyToJson(key)));
    if (typeof json !== 'object' || json === null) throw new Error('expected an object');
    const cases: readonly (readonly [object, string])[] = [
      [{ version: 2 }, 'version'],
      [{ format: 'x' }, 'format'],
      [{ origin: { kind: 'ceremony', ptauSha256: 'XY', contributions: 1 } }, 'origin'],
      [{ alpha: ['1', '3'] }, 'alpha'],
      [{ alpha: ['01', '2'] }, 'alpha'],
      [{ beta: 7 }, 'beta'],
      [{ ic: [] }, 'ic'],
      [{ ic: [null] }, 'ic[0]'],
    ];
    for (const [change, field] of cases)
      expect((await refused(() => verificationKeyFromJson({ ...json, ...change }))).where.field).toBe(field);
    for (const value of [null, 3, [], 'x'])
      expect((await refused(() => verificationKeyFromJson(value))).code).toBe('bad-verification-key');
  });
});

describe('the child process', () => {
  test('snarkjs checks witnesses, and a proof of a wrong one fails to verify', async () => {
    expect(await wtnsCheck(r1csPath, wtnsPath)).toBe(true);
    const wrong = join(folder, 'wrong.wtns');
    writeWitness(wrong, circuit.witness.with(-1, circuit.witness.at(-1)! + 1n));
    expect(await wtnsCheck(r1csPath, wrong)).toBe(false);
    const { proof, publicSignals: signals } = await groth16Prove({ zkeyPath, wtnsPath: wrong });
    expect(verifyGroth16(key, signals, proof)).toBe(false);
  });

  test('its failures become diagnostics', async () => {
    const absent = join(folder, 'absent.wtns');
    const d = await refused(() => groth16Prove({ zkeyPath, wtnsPath: absent }));
    expect(d.code).toBe('snarkjs-failed');
    expect(d.message).toContain('absent.wtns');
    const garbage = join(folder, 'garbage.zkey');
    writeFileSync(garbage, randomBytesOf(5000));
    expect((await refused(() => groth16Prove({ zkeyPath: garbage, wtnsPath }))).code).toBe('snarkjs-failed');
  });

  test('an absent package is named', async () => {
    const request = { kind: 'prove', zkeyPath, wtnsPath } as const;
    const d = await refused(() => runSnarkjs(request, { packageName: 'snarkjs-that-is-not-installed' }));
    expect(d.code).toBe('snarkjs-missing');
    expect(d.message).toContain('npm install snarkjs');
  });

  test('cancelling ends the child before the promise settles', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 60);
    expect((await refused(() => groth16Prove({ zkeyPath, wtnsPath, signal: controller.signal }))).code).toBe(
      'cancelled',
    );
    expect(children()).toEqual([]);
    expect((await refused(() => groth16Prove({ zkeyPath, wtnsPath, signal: AbortSignal.abort() }))).code).toBe(
      'cancelled',
    );
  });

  test('a set-up from a file that is too small or no ceremony leaves nothing behind', async () => {
    const big = mkdtempSync(join(folder, 'big-'));
    const { r1csPath: large } = writeCircuit(big, randomCircuit(60, 5));
    const target = join(big, 'key.zkey');
    const tooSmall = await refused(() => ceremonySetup({ r1csPath: large, ptauPath, zkeyPath: target }));
    expect(tooSmall.code).toBe('snarkjs-failed');
    expect(tooSmall.message).toContain('too big');
    expect((await refused(() => ceremonySetup({ r1csPath, ptauPath: wtnsPath, zkeyPath: target }))).code).toBe(
      'snarkjs-failed',
    );
    expect(
      (await refused(() => ceremonySetup({ r1csPath, ptauPath: join(big, 'no.ptau'), zkeyPath: target }))).code,
    ).toBe('file-unreadable');
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(big).sort()).toEqual(['circuit.r1cs', 'witness.wtns']);
  });
});

test('x^3 + x + 5 through the ceremony road', async () => {
  const place = mkdtempSync(join(folder, 'cubic-'));
  const files = writeCircuit(place, cubic(-3n));
  const zkey = join(place, 'key.zkey');
  const cubicKey = await ceremonySetup({ r1csPath: files.r1csPath, ptauPath, zkeyPath: zkey });
  const { proof, publicSignals: signals } = await groth16Prove({ zkeyPath: zkey, wtnsPath: files.wtnsPath });
  expect(signals).toEqual([SCALAR_FIELD - 25n]);
  expect(verifyGroth16(cubicKey, signals, proof)).toBe(true);
  expect(verifyGroth16(key, signals, proof)).toBe(false);
});

function randomBytesOf(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, () => next() & 0xff);
}

/** Ids of live child processes that run snarkjs for this process (Linux; empty elsewhere). */
function children(): string[] {
  const list = `/proc/${process.pid}/task/${process.pid}/children`;
  if (!existsSync(list)) return [];
  const ids = readFileSync(list, 'utf8')
    .trim()
    .split(/\s+/)
    .filter((id) => id !== '');
  return ids.filter((id) => {
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('snarkjs-child');
    } catch {
      return false;
    }
  });
}
