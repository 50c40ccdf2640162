// Checked conversion of BN254 points: canonical coordinates, on the curve, in the subgroup of order r, not at infinity.
import { bn254 } from '@noble/curves/bn254.js';
import type { G1Point, G2Point, QuadraticElement } from './groth16-types.ts';

/** Order q of the base field. */
export const BASE_FIELD: bigint = bn254.fields.Fp.ORDER;
export const G1 = bn254.G1.Point;
export const G2 = bn254.G2.Point;
type CurveG1 = typeof G1.BASE;
type CurveG2 = typeof G2.BASE;

/** Bytes of one coordinate in our encodings. */
const COORDINATE_BYTES = 32;
export const G1_BYTES = 2 * COORDINATE_BYTES;
export const G2_BYTES = 4 * COORDINATE_BYTES;

function inField(...coordinates: readonly unknown[]): boolean {
  return coordinates.every((c) => typeof c === 'bigint' && c >= 0n && c < BASE_FIELD);
}

/** The point in the library's form, or undefined unless it is a valid point other than infinity. */
export function checkG1({ x, y }: G1Point): CurveG1 | undefined {
  if (!inField(x, y)) return undefined;
  return valid(() => G1.fromAffine({ x, y }));
}

/** As {@link checkG1}; the twist has a cofactor, so membership of the subgroup is a check of its own. */
export function checkG2({ x, y }: G2Point): CurveG2 | undefined {
  if (!inField(x.c0, x.c1, y.c0, y.c1)) return undefined;
  return valid(() => G2.fromAffine({ x, y }));
}

function valid<P extends { assertValidity(): void; is0(): boolean }>(make: () => P): P | undefined {
  try {
    const point = make();
    point.assertValidity();
    return point.is0() ? undefined : point;
  } catch {
    return undefined;
  }
}

/** Appends coordinates big-endian, for F_q^2 the u-part first: the order of EIP-196 and EIP-197, so that an EVM can take it. */
export function encodeG1({ x, y }: G1Point, into: Uint8Array, offset: number): void {
  [x, y].forEach((c, i) => {
    writeCoordinate(c, into, offset + i * COORDINATE_BYTES);
  });
}

export function encodeG2({ x, y }: G2Point, into: Uint8Array, offset: number): void {
  [x.c1, x.c0, y.c1, y.c0].forEach((c, i) => {
    writeCoordinate(c, into, offset + i * COORDINATE_BYTES);
  });
}

/** Reads a point; undefined unless it is canonical and valid. */
export function decodeG1(from: Uint8Array, offset: number): G1Point | undefined {
  const [x, y] = readCoordinates(from, offset, 2);
  const point = { x: x!, y: y! };
  return checkG1(point) === undefined ? undefined : point;
}

export function decodeG2(from: Uint8Array, offset: number): G2Point | undefined {
  const [x1, x0, y1, y0] = readCoordinates(from, offset, 4);
  const element = (c0: bigint, c1: bigint): QuadraticElement => ({ c0, c1 });
  const point = { x: element(x0!, x1!), y: element(y0!, y1!) };
  return checkG2(point) === undefined ? undefined : point;
}

function writeCoordinate(value: bigint, into: Uint8Array, offset: number): void {
  let rest = value;
  for (let i = COORDINATE_BYTES - 1; i >= 0; i--) {
    into[offset + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

function readCoordinates(from: Uint8Array, offset: number, count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => {
    let value = 0n;
    for (const byte of from.subarray(offset + i * COORDINATE_BYTES, offset + (i + 1) * COORDINATE_BYTES))
      value = (value << 8n) | BigInt(byte);
    return value;
  });
}
