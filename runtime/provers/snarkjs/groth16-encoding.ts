// Our binary forms of proofs (256 bytes) and verification keys; one value has one encoding, anything else is refused.
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import { decodeG1, decodeG2, encodeG1, encodeG2, G1_BYTES, G2_BYTES } from './groth16-points.ts';
import {
  type G1Point,
  type G2Point,
  type Groth16Proof,
  MAX_PUBLIC_SIGNALS,
  type SetupOrigin,
  type VerificationKey,
} from './groth16-types.ts';

/** Length of an encoded proof (bytes): a, b, c, uncompressed, in the coordinate order of EIP-197. */
export const PROOF_BYTES = 2 * G1_BYTES + G2_BYTES;

/** The 256 bytes of a proof. */
export function encodeProof(proof: Groth16Proof): Uint8Array {
  const bytes = new Uint8Array(PROOF_BYTES);
  encodeG1(proof.a, bytes, 0);
  encodeG2(proof.b, bytes, G1_BYTES);
  encodeG1(proof.c, bytes, G1_BYTES + G2_BYTES);
  return bytes;
}

/**
 * @throws Diagnostic `bad-proof` unless there are exactly 256 bytes that hold canonical points of the right subgroups,
 * none at infinity.
 */
export function decodeProof(bytes: Uint8Array): Groth16Proof {
  if (bytes.length !== PROOF_BYTES)
    throw new Diagnostic('bad-proof', `a Groth16 proof has ${PROOF_BYTES} bytes, not ${bytes.length}`, {
      byte: Math.min(bytes.length, PROOF_BYTES),
    });
  const point = <P>(decode: (from: Uint8Array, offset: number) => P | undefined, offset: number, field: string): P =>
    decode(bytes, offset) ?? refuse('bad-proof', 'not a canonical point of the subgroup', field, offset);
  return {
    a: point(decodeG1, 0, 'a'),
    b: point(decodeG2, G1_BYTES, 'b'),
    c: point(decodeG1, G1_BYTES + G2_BYTES, 'c'),
  };
}

/*
 * Verification key, integers big-endian: "zkvk", version u16, origin (u8: 0 development, 1 ceremony followed by the
 * SHA-256 of the powers-of-tau file and the contributions as u32), number of public signals u32, then alpha, beta,
 * gamma, delta and public signals + 1 points ic.
 */
const MAGIC = 0x7a6b766b;
const VERSION = 1;
const HASH_BYTES = 32;

/** The binary form of a key. */
export function encodeVerificationKey(key: VerificationKey): Uint8Array {
  const originBytes = key.origin.kind === 'development' ? 1 : 1 + HASH_BYTES + 4;
  const bytes = new Uint8Array(6 + originBytes + 4 + G1_BYTES + 3 * G2_BYTES + key.ic.length * G1_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint16(4, VERSION);
  let at = 6;
  if (key.origin.kind === 'ceremony') {
    bytes[at] = 1;
    bytes.set(Buffer.from(key.origin.ptauSha256, 'hex'), at + 1);
    view.setUint32(at + 1 + HASH_BYTES, key.origin.contributions);
  }
  at += originBytes;
  view.setUint32(at, key.ic.length - 1);
  at += 4;
  encodeG1(key.alpha, bytes, at);
  at += G1_BYTES;
  for (const point of [key.beta, key.gamma, key.delta]) {
    encodeG2(point, bytes, at);
    at += G2_BYTES;
  }
  for (const point of key.ic) {
    encodeG1(point, bytes, at);
    at += G1_BYTES;
  }
  return bytes;
}

/**
 * @throws Diagnostic `bad-verification-key` with the byte offset of whatever is not the encoding of a key with at most
 * 2^20 public signals; sizes are checked before anything is allocated.
 */
export function decodeVerificationKey(bytes: Uint8Array): VerificationKey {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const bad = (message: string, field: string, byte: number): never =>
    refuse('bad-verification-key', message, field, byte);
  if (bytes.length < 7) bad(`${bytes.length} bytes are too few`, 'head', bytes.length);
  if (view.getUint32(0) !== MAGIC) bad('not a verification key of zkmlc', 'head', 0);
  if (view.getUint16(4) !== VERSION)
    bad(`format version ${view.getUint16(4)} is not the supported ${VERSION}: compile the model again`, 'version', 4);
  const kind = view.getUint8(6);
  if (kind > 1) bad(`origin ${kind} is unknown`, 'origin', 6);
  let at = 7 + (kind === 1 ? HASH_BYTES + 4 : 0);
  if (bytes.length < at + 4) bad('the key ends early', 'origin', bytes.length);
  const origin: SetupOrigin =
    kind === 0
      ? { kind: 'development' }
      : {
          kind: 'ceremony',
          ptauSha256: Buffer.from(bytes.subarray(7, 7 + HASH_BYTES)).toString('hex'),
          contributions: view.getUint32(7 + HASH_BYTES),
        };
  const signals = view.getUint32(at);
  if (signals > MAX_PUBLIC_SIGNALS)
    bad(`${signals} public signals are more than ${MAX_PUBLIC_SIGNALS}`, 'public signals', at);
  at += 4;
  const expected = at + G1_BYTES + 3 * G2_BYTES + (signals + 1) * G1_BYTES;
  if (bytes.length !== expected) bad(`${bytes.length} bytes instead of ${expected}`, 'public signals', at - 4);
  const g1 = (field: string): G1Point => {
    const point = decodeG1(bytes, at) ?? bad('not a canonical point of the subgroup', field, at);
    at += G1_BYTES;
    return point;
  };
  const g2 = (field: string): G2Point => {
    const point = decodeG2(bytes, at) ?? bad('not a canonical point of the subgroup', field, at);
    at += G2_BYTES;
    return point;
  };
  const points = { alpha: g1('alpha'), beta: g2('beta'), gamma: g2('gamma'), delta: g2('delta') };
  return { origin, ...points, ic: Array.from({ length: signals + 1 }, (_, i) => g1(`ic[${i}]`)) };
}

function refuse(code: string, message: string, field: string, byte: number): never {
  throw new Diagnostic(code, message, { field, byte });
}
