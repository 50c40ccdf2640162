// Where everything lies in a `.zkey` that we write: all sections but the coefficients have sizes known in advance.
import { MODULUS_BYTES } from '../../../compiler/ir/iden3/scalar-field.ts';
import {
  BASE_MODULUS_BYTES,
  ZKEY_CONTAINER,
  ZKEY_G1_BYTES,
  ZKEY_G2_BYTES,
  ZKEY_GROTH16,
  ZKEY_HEADER_BYTES,
  ZKEY_SECTION,
  type ZkeyHeader,
} from './zkey.ts';

/** Circuit hash (64 bytes, left zero: we make no ceremony transcript) and number of contributions. */
const CONTRIBUTIONS_BYTES = 64 + 4;

/** File offsets of section contents (bytes). */
export interface ZkeyLayout {
  readonly header: number;
  readonly points: Readonly<Record<'ic' | 'a' | 'b1' | 'b2' | 'c' | 'h', number>>;
  /** Offsets of the points of the header. */
  readonly alpha1Beta1: number;
  readonly beta2Gamma2: number;
  readonly delta1: number;
  readonly delta2: number;
  /** The last section: a count, then the entries. */
  readonly coefficients: number;
  /** Section heads and fixed contents to write: bytes at offsets. */
  readonly pieces: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

/** Lays out a key; the coefficient section comes last because its length is known only after reading the circuit. */
export function zkeyLayout(sizes: ZkeyHeader): ZkeyLayout {
  const { variables, publicSignals, domain } = sizes;
  const pieces: { offset: number; bytes: Uint8Array }[] = [];
  const head = new Uint8Array(12);
  head.set(Uint8Array.from(ZKEY_CONTAINER.magic, (c) => c.charCodeAt(0)));
  new DataView(head.buffer).setUint32(4, ZKEY_CONTAINER.version, true);
  new DataView(head.buffer).setUint32(8, Object.keys(ZKEY_SECTION).length, true);
  pieces.push({ offset: 0, bytes: head });
  let end = head.length;
  const section = (type: number, size: number, content?: Uint8Array): number => {
    pieces.push({ offset: end, bytes: sectionHead(type, size) });
    const offset = end + 12;
    if (content !== undefined) pieces.push({ offset, bytes: content });
    end = offset + size;
    return offset;
  };
  section(ZKEY_SECTION.protocol, 4, Uint8Array.of(ZKEY_GROTH16, 0, 0, 0));
  const header = section(ZKEY_SECTION.header, ZKEY_HEADER_BYTES, headerStart(sizes));
  const points = {
    ic: section(ZKEY_SECTION.ic, (publicSignals + 1) * ZKEY_G1_BYTES),
    c: section(ZKEY_SECTION.c, (variables - publicSignals - 1) * ZKEY_G1_BYTES),
    h: section(ZKEY_SECTION.h, domain * ZKEY_G1_BYTES),
    a: section(ZKEY_SECTION.a, variables * ZKEY_G1_BYTES),
    b1: section(ZKEY_SECTION.b1, variables * ZKEY_G1_BYTES),
    b2: section(ZKEY_SECTION.b2, variables * ZKEY_G2_BYTES),
  };
  section(ZKEY_SECTION.contributions, CONTRIBUTIONS_BYTES, new Uint8Array(CONTRIBUTIONS_BYTES));
  const coefficients = section(ZKEY_SECTION.coefficients, 0);
  const headerPoints = header + headerStart(sizes).length;
  return {
    header,
    points,
    alpha1Beta1: headerPoints,
    beta2Gamma2: headerPoints + 2 * ZKEY_G1_BYTES,
    delta1: headerPoints + 2 * ZKEY_G1_BYTES + 2 * ZKEY_G2_BYTES,
    delta2: headerPoints + 3 * ZKEY_G1_BYTES + 2 * ZKEY_G2_BYTES,
    coefficients,
    pieces,
  };
}

/** Type and size before a section's content. */
export function sectionHead(type: number, size: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint32(0, type, true);
  view.setBigUint64(4, BigInt(size), true);
  return new Uint8Array(view.buffer);
}

function headerStart({ variables, publicSignals, domain }: ZkeyHeader): Uint8Array {
  const bytes = new Uint8Array(84);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 32, true);
  bytes.set(BASE_MODULUS_BYTES, 4);
  view.setUint32(36, 32, true);
  bytes.set(MODULUS_BYTES, 40);
  [variables, publicSignals, domain].forEach((count, i) => {
    view.setUint32(72 + 4 * i, count, true);
  });
  return bytes;
}
