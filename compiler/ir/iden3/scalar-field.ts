// The scalar field of BN254 as iden3's files store it: 32 bytes, little-endian, canonical.

/** Order r of the BN254 groups, the field of all R1CS values here (EIP-197). */
export const SCALAR_FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** Bytes of one stored field element. */
export const FIELD_BYTES = 32;

const LIMB = 2 ** 32;
const MODULUS_LIMBS: readonly number[] = Array.from({ length: 8 }, (_, i) =>
  Number((SCALAR_FIELD >> BigInt(32 * i)) & 0xffffffffn),
);

/** The modulus as a file stores it. */
export const MODULUS_BYTES: Uint8Array = (() => {
  const view = new DataView(new ArrayBuffer(FIELD_BYTES));
  for (const [i, limb] of MODULUS_LIMBS.entries()) view.setUint32(4 * i, limb, true);
  return new Uint8Array(view.buffer);
})();

/**
 * Writes a signed integer of magnitude below r as a field element (32 bytes at `offset`).
 * Numbers, and bigints of the same size, take a path without big-integer arithmetic: witnesses are written value by value.
 * @throws RangeError if the magnitude is r or more, or a number is not a safe integer.
 */
export function writeFieldElement(view: DataView, offset: number, value: number | bigint): void {
  if (typeof value === 'bigint') {
    if (value > 9007199254740991n || value < -9007199254740991n) {
      writeLarge(view, offset, value);
      return;
    }
    writeFieldElement(view, offset, Number(value));
    return;
  }
  if (!Number.isSafeInteger(value)) throw new RangeError(`field element: ${value} is not a safe integer`);
  const magnitude = value < 0 ? -value : value;
  const low = magnitude % LIMB;
  const high = (magnitude - low) / LIMB;
  if (value >= 0) {
    view.setUint32(offset, low, true);
    view.setUint32(offset + 4, high, true);
    for (let i = 2; i < 8; i++) view.setUint32(offset + 4 * i, 0, true);
    return;
  }
  let borrow = 0;
  for (let i = 0; i < 8; i++) {
    const limb = MODULUS_LIMBS[i]! - (i === 0 ? low : i === 1 ? high : 0) - borrow;
    borrow = limb < 0 ? 1 : 0;
    view.setUint32(offset + 4 * i, limb < 0 ? limb + LIMB : limb, true);
  }
}

function writeLarge(view: DataView, offset: number, value: bigint): void {
  if (value >= SCALAR_FIELD || value <= -SCALAR_FIELD)
    throw new RangeError('field element: magnitude is not below the modulus');
  let rest = value < 0n ? value + SCALAR_FIELD : value;
  for (let i = 0; i < 4; i++) {
    view.setBigUint64(offset + 8 * i, rest & 0xffffffffffffffffn, true);
    rest >>= 64n;
  }
}

/** Reads 32 little-endian bytes as an unsigned integer; it is a field element only if {@link isCanonical}. */
export function readFieldElement(bytes: Uint8Array, offset: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FIELD_BYTES);
  let value = 0n;
  for (let i = 3; i >= 0; i--) value = (value << 64n) | view.getBigUint64(8 * i, true);
  return value;
}

/** Whether the 32 bytes at `offset` are below the modulus. */
export function isCanonical(bytes: Uint8Array, offset: number): boolean {
  for (let i = FIELD_BYTES - 1; i >= 0; i--) {
    const difference = bytes[offset + i]! - MODULUS_BYTES[i]!;
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** The representative of a field element of least magnitude: in (-r/2, r/2]. */
export function toSigned(value: bigint): bigint {
  return value > SCALAR_FIELD / 2n ? value - SCALAR_FIELD : value;
}
