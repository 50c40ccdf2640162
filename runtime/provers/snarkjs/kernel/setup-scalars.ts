// The scalars of a Groth16 key: secrets are sampled here, live only in the kernel's memory and are wiped with it.
import { randomFillSync } from 'node:crypto';
import { isCanonical, SCALAR_FIELD } from '../../../../compiler/ir/iden3/scalar-field.ts';
import { CONSTANT, ELEMENT_BYTES, type Kernel } from './kernel.ts';

/** Terms whose reciprocals share an inversion. */
const BLOCK = 1024;
const SECRETS = ['tau', 'alpha', 'beta', 'gamma', 'delta'] as const;
type Secret = (typeof SECRETS)[number];

/** Bytes that {@link createSetupScalars} needs for itself. */
export const SETUP_SCALARS_BYTES = ELEMENT_BYTES * (2 * BLOCK + 64);

export interface SetupScalars {
  /**
   * slots[i] = L_i(tau) in Montgomery form for i < count: the Lagrange basis over the domain of n-th roots of unity,
   * L_i(tau) = (tau^n - 1) w^i / (n (tau - w^i)).
   */
  readonly lagrange: (slots: number, count: number) => void;
  /**
   * slots[i] = packed scalar of the key's H point i. The prover knows (a b - c) at the odd 2n-th roots x_i = g w^i,
   * where h = (a b - c) / (x_i^n - 1) = (a b - c) / -2; so the points must be
   * h-basis_i(tau) (tau^n - 1) / (-2 delta) = (tau^2n - 1) x_i / (2 n delta (tau - x_i)).
   */
  readonly quotient: (slots: number) => void;
  /** c[j] = packed (beta a[j] + alpha b[j] + c[j]) / divisor, from plain canonical elements. */
  readonly combine: (a: number, b: number, c: number, divisor: 'gamma' | 'delta') => void;
  /** Packs a canonical element in place: 32 bytes. */
  readonly pack: (slot: number) => void;
  /** Packs a secret itself, as a plain scalar, for the points alpha, beta, gamma and delta. */
  readonly packSecret: (secret: Exclude<Secret, 'tau'>, slot: number) => void;
}

/**
 * Samples the secrets of a key for a domain of 2^power points; `region` is an address of {@link SETUP_SCALARS_BYTES}
 * bytes. Whoever owns the memory wipes it.
 */
export function createSetupScalars(
  kernel: Kernel,
  buffer: SharedArrayBuffer,
  region: number,
  power: number,
): SetupScalars {
  const {
    scalarMultiply: multiply,
    scalarSubtract: subtract,
    scalarAdd: add,
    scalarCopy: copy,
    scalarPack: pack,
  } = kernel;
  const bytes = new Uint8Array(buffer);
  let free = region;
  const allocate = (count = 1): number => {
    free += count * ELEMENT_BYTES;
    return free - count * ELEMENT_BYTES;
  };
  const one = CONSTANT.scalarOne;
  const invert = (result: number, a: number): void =>
    kernel.scalarPower(result, a, CONSTANT.scalarInverseExponent, one);

  /** A public constant in Montgomery form. */
  const constant = (value: bigint): number => {
    const at = allocate();
    const view = new DataView(buffer);
    for (let i = 0; i < 4; i++) view.setBigUint64(at + 8 * i, BigInt.asUintN(64, value >> BigInt(64 * i)), true);
    kernel.scalarUnpack(at, at);
    multiply(at, at, CONSTANT.scalarRadixSquared);
    return at;
  };
  const n = 1n << BigInt(power);
  const root = rootOfUnity(power + 1); // its odd powers are the odd 2n-th roots, its square generates the domain
  const rootAt = constant(root);
  const domainRoot = constant((root * root) % SCALAR_FIELD);
  const inverseSize = constant(inverse(n));
  const inverseDoubleSize = constant(inverse(2n * n));
  // Multiplying by the plain integer one takes an element out of Montgomery form.
  const plainOne = allocate();
  bytes[plainOne] = 1;

  const secrets = new Map<Secret, number>(SECRETS.map((name) => [name, allocate()]));
  const at = (name: Secret): number => secrets.get(name) ?? 0;
  const vanishing = allocate(); // tau^n - 1
  const vanishingDouble = allocate(); // tau^2n - 1
  const temporary = allocate(4);
  const t = (i: number): number => temporary + i * ELEMENT_BYTES;
  const divisors = { gamma: allocate(3), delta: allocate(3) };

  const sample = (target: number): void => {
    const candidate = new Uint8Array(32);
    do {
      randomFillSync(candidate);
      candidate[31] = candidate[31]! & 0x3f;
    } while (!isCanonical(candidate, 0) || candidate.every((b) => b === 0));
    bytes.set(candidate, target);
    candidate.fill(0);
    kernel.scalarUnpack(target, target);
    multiply(target, target, CONSTANT.scalarRadixSquared);
  };
  const isZero = (element: number): boolean => {
    pack(t(3), element);
    return bytes.subarray(t(3), t(3) + 32).every((b) => b === 0);
  };

  do {
    for (const name of SECRETS) sample(at(name));
    copy(t(0), at('tau'));
    for (let i = 0; i < power; i++) kernel.scalarSquare(t(0), t(0));
    subtract(vanishing, t(0), one);
    kernel.scalarSquare(t(0), t(0));
    subtract(vanishingDouble, t(0), one);
  } while (isZero(vanishingDouble)); // tau must not be a 2n-th root of unity
  for (const divisor of ['gamma', 'delta'] as const) {
    const [own, alpha, beta] = [0, 1, 2].map((i) => divisors[divisor] + i * ELEMENT_BYTES);
    invert(own!, at(divisor));
    multiply(alpha!, own!, at('alpha'));
    multiply(beta!, own!, at('beta'));
  }

  const differences = allocate(BLOCK);
  const products = allocate(BLOCK);
  /** slots[i] = factor x_i / (tau - x_i) for x_i = first ratio^i, each finished by `finish`. */
  const fractions = (
    slots: number,
    count: number,
    first: number,
    ratio: number,
    factor: number,
    finish: (slot: number) => void,
  ): void => {
    const [x, running, inverted] = [t(0), t(1), t(2)];
    copy(x, first);
    for (let from = 0; from < count; from += BLOCK) {
      const size = Math.min(BLOCK, count - from);
      copy(running, one);
      for (let i = 0; i < size; i++) {
        const slot = slots + (from + i) * ELEMENT_BYTES;
        copy(slot, x);
        subtract(differences + i * ELEMENT_BYTES, at('tau'), x);
        copy(products + i * ELEMENT_BYTES, running);
        multiply(running, running, differences + i * ELEMENT_BYTES);
        multiply(x, x, ratio);
      }
      invert(inverted, running);
      for (let i = size - 1; i >= 0; i--) {
        const slot = slots + (from + i) * ELEMENT_BYTES;
        multiply(slot, slot, products + i * ELEMENT_BYTES);
        multiply(slot, slot, inverted);
        multiply(slot, slot, factor);
        multiply(inverted, inverted, differences + i * ELEMENT_BYTES);
        finish(slot);
      }
    }
  };

  const factor = allocate();
  return {
    lagrange: (slots, count) => {
      multiply(factor, vanishing, inverseSize);
      fractions(slots, count, one, domainRoot, factor, () => {});
    },
    quotient: (slots) => {
      multiply(factor, vanishingDouble, inverseDoubleSize);
      multiply(factor, factor, divisors.delta);
      multiply(factor, factor, plainOne); // a plain factor makes plain scalars
      fractions(slots, Number(n), rootAt, domainRoot, factor, (slot) => pack(slot, slot));
    },
    combine: (a, b, c, divisor) => {
      const [own, alpha, beta] = [0, 1, 2].map((i) => divisors[divisor] + i * ELEMENT_BYTES);
      multiply(t(0), a, beta!);
      multiply(t(1), b, alpha!);
      add(t(0), t(0), t(1));
      multiply(t(1), c, own!);
      add(t(0), t(0), t(1));
      pack(c, t(0));
    },
    pack: (slot) => pack(slot, slot),
    packSecret: (secret, slot) => {
      multiply(slot, at(secret), plainOne);
      pack(slot, slot);
    },
  };
}

/** Least quadratic non-residue of the scalar field: its powers are the roots of unity that iden3's tools use. */
const NON_RESIDUE = 5n;

/** Primitive root of unity of order 2^power, power <= 28. */
export function rootOfUnity(power: number): bigint {
  return modularPower(NON_RESIDUE, (SCALAR_FIELD - 1n) >> BigInt(power));
}

function inverse(value: bigint): bigint {
  return modularPower(value % SCALAR_FIELD, SCALAR_FIELD - 2n);
}

function modularPower(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * square) % SCALAR_FIELD;
    square = (square * square) % SCALAR_FIELD;
  }
  return result;
}
