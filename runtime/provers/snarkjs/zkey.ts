// The `.zkey` container (Groth16 over BN254): section layout, and reading the verification key out of a proving key.
import { Diagnostic } from '../../../compiler/ir/diagnostics.ts';
import { MODULUS_BYTES, readFieldElement } from '../../../compiler/ir/iden3/scalar-field.ts';
import { openSections, readAt, requireSection, type SectionFile } from '../../../compiler/ir/iden3/section-file.ts';
import { BASE_FIELD } from './groth16-points.ts';
import {
  type G1Point,
  type G2Point,
  MAX_PUBLIC_SIGNALS,
  type SetupOrigin,
  type VerificationKey,
} from './groth16-types.ts';

export const ZKEY_CONTAINER = { magic: 'zkey', version: 1, code: 'bad-zkey' } as const;
/** Section types. Points are affine, coordinates little-endian in Montgomery form (factor 2^256), infinity is all zeros. */
export const ZKEY_SECTION = {
  protocol: 1,
  header: 2,
  ic: 3,
  coefficients: 4,
  a: 5,
  b1: 6,
  b2: 7,
  c: 8,
  h: 9,
  contributions: 10,
} as const;
export const ZKEY_GROTH16 = 1;
/** Bytes of an affine point in the file. */
export const ZKEY_G1_BYTES = 64;
export const ZKEY_G2_BYTES = 128;
/** Bytes of one entry of the coefficient section: matrix, row, variable, value. */
export const ZKEY_COEFFICIENT_BYTES = 12 + 32;
/** Header: both moduli with their lengths, variables, public signals, domain; then alpha1, beta1, beta2, gamma2, delta1, delta2. */
export const ZKEY_HEADER_BYTES = 2 * 36 + 12 + 3 * ZKEY_G1_BYTES + 3 * ZKEY_G2_BYTES;

/** The base field's modulus as the file stores it. */
export const BASE_MODULUS_BYTES: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) =>
  Number((BASE_FIELD >> BigInt(8 * i)) & 0xffn),
);

/** Sizes that a proving key was made for. */
export interface ZkeyHeader {
  readonly variables: number;
  readonly publicSignals: number;
  /** Size of the evaluation domain: a power of two, at least rows + public signals + 1. */
  readonly domain: number;
}

/**
 * The verification key of a proving key. The file does not say who made it: `origin` comes from whoever knows.
 * @throws Diagnostic `file-unreadable`, or `bad-zkey` with the byte offset.
 */
export function readVerificationKey(zkeyPath: string, origin: SetupOrigin): VerificationKey {
  const file = openSections(zkeyPath, ZKEY_CONTAINER);
  try {
    const header = readZkeyHeader(file);
    const section = requireSection(file, ZKEY_CONTAINER, ZKEY_SECTION.header, 'header');
    const points = readAt(file, section.offset + ZKEY_HEADER_BYTES - 576, 576);
    const ic = requireSection(file, ZKEY_CONTAINER, ZKEY_SECTION.ic, 'ic', (header.publicSignals + 1) * ZKEY_G1_BYTES);
    const icBytes = readAt(file, ic.offset, ic.size);
    return {
      origin,
      alpha: readG1(points, 0),
      beta: readG2(points, 128),
      gamma: readG2(points, 256),
      delta: readG2(points, 448),
      ic: Array.from({ length: header.publicSignals + 1 }, (_, i) => readG1(icBytes, i * ZKEY_G1_BYTES)),
    };
  } finally {
    file.close();
  }
}

/** Checks protocol and header of an open key and returns its sizes; throws as {@link readVerificationKey}. */
export function readZkeyHeader(file: SectionFile): ZkeyHeader {
  const protocol = requireSection(file, ZKEY_CONTAINER, ZKEY_SECTION.protocol, 'protocol', 4);
  const refuse = (message: string, byte: number): Diagnostic =>
    new Diagnostic(ZKEY_CONTAINER.code, message, { file: file.path, byte });
  if (readAt(file, protocol.offset, 4)[0] !== ZKEY_GROTH16)
    throw refuse('the protocol is not Groth16', protocol.offset);
  const section = requireSection(file, ZKEY_CONTAINER, ZKEY_SECTION.header, 'header', ZKEY_HEADER_BYTES);
  const bytes = readAt(file, section.offset, 84);
  const view = new DataView(bytes.buffer);
  const isModulus = (at: number, modulus: Uint8Array): boolean =>
    view.getUint32(at, true) === 32 && modulus.every((b, i) => b === bytes[at + 4 + i]);
  if (!isModulus(0, BASE_MODULUS_BYTES) || !isModulus(36, MODULUS_BYTES))
    throw refuse('the curve is not BN254', section.offset);
  const [variables, publicSignals, domain] = [72, 76, 80].map((at) => view.getUint32(at, true));
  if (publicSignals! > MAX_PUBLIC_SIGNALS || publicSignals! >= variables!)
    throw refuse(`${publicSignals} public signals of ${variables} variables are too many`, section.offset + 76);
  return { variables: variables!, publicSignals: publicSignals!, domain: domain! };
}

/** 2^-256 modulo q: takes a coordinate out of Montgomery form. */
const INVERSE_RADIX = (() => {
  const base = (1n << 256n) % BASE_FIELD;
  let result = 1n;
  let power = base;
  for (let e = BASE_FIELD - 2n; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * power) % BASE_FIELD;
    power = (power * power) % BASE_FIELD;
  }
  return result;
})();

const readCoordinate = (bytes: Uint8Array, offset: number): bigint =>
  (readFieldElement(bytes, offset) * INVERSE_RADIX) % BASE_FIELD;

/** An affine point of G1 from its 64 bytes in a key. */
export function readG1(bytes: Uint8Array, offset: number): G1Point {
  return { x: readCoordinate(bytes, offset), y: readCoordinate(bytes, offset + 32) };
}

/** An affine point of G2 from its 128 bytes in a key. */
export function readG2(bytes: Uint8Array, offset: number): G2Point {
  return {
    x: { c0: readCoordinate(bytes, offset), c1: readCoordinate(bytes, offset + 32) },
    y: { c0: readCoordinate(bytes, offset + 64), c1: readCoordinate(bytes, offset + 96) },
  };
}
