// Groth16 over BN254 as data: points, proofs, verification keys and where a key comes from.

/** Affine point of G1, coordinates in [0, q); (0, 0) is the point at infinity (EIP-196). */
export interface G1Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** c0 + c1 * u with u^2 = -1. */
export interface QuadraticElement {
  readonly c0: bigint;
  readonly c1: bigint;
}

/** Affine point of G2 on the twist over F_q^2. */
export interface G2Point {
  readonly x: QuadraticElement;
  readonly y: QuadraticElement;
}

/** A proof (Groth, "On the size of pairing-based non-interactive arguments", 2016, section 3.2). */
export interface Groth16Proof {
  readonly a: G1Point;
  readonly b: G2Point;
  readonly c: G1Point;
}

/** Who could know the secret behind a key. */
export type SetupOrigin =
  /** Made on one machine from secrets that it could have kept: whoever made it can forge. */
  | { readonly kind: 'development' }
  /** Phase 1 is a powers-of-tau file; phase 2 has this many contributions. */
  | { readonly kind: 'ceremony'; readonly ptauSha256: string; readonly contributions: number };

/** `ic[0]` belongs to the constant one, `ic[i]` to public signal i - 1. */
export interface VerificationKey {
  readonly origin: SetupOrigin;
  readonly alpha: G1Point;
  readonly beta: G2Point;
  readonly gamma: G2Point;
  readonly delta: G2Point;
  readonly ic: readonly G1Point[];
}

/** Public signals that a key may have at most: bounds the work of a verifier before it begins. */
export const MAX_PUBLIC_SIGNALS = 2 ** 20;

/** One sentence for people about a key's origin; every verdict states it. */
export function describeOrigin(origin: SetupOrigin): string {
  if (origin.kind === 'development') return 'development set-up: whoever made it can forge';
  const phase1 = `powers of tau with SHA-256 ${origin.ptauSha256}`;
  if (origin.contributions === 0) return `${phase1}; phase 2 has no contribution: anyone can forge`;
  if (origin.contributions === 1)
    return `${phase1}; phase 2 has one contribution: whoever made the key could forge if the contribution's secret was kept`;
  return `${phase1}; phase 2 has ${origin.contributions} contributions: forging needs the secrets of all of them`;
}
