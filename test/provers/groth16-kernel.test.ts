// The BN254 kernel against arithmetic on integers and against @noble/curves.
import { bn254 } from '@noble/curves/bn254.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SCALAR_FIELD } from '../../compiler/ir/iden3/index.ts';
import { ELEMENT_BYTES, limbsOf, RADIX_BITS } from '../../runtime/provers/snarkjs/kernel/field-code.ts';
import {
  BATCH,
  cheapestTable,
  createFixedBase,
  FILE_POINT_BYTES,
  type Group,
  tableBytes,
  tableShape,
  workspaceBytes,
} from '../../runtime/provers/snarkjs/kernel/fixed-base.ts';
import {
  CONSTANT,
  createMemory,
  HEAP_START,
  instantiateKernel,
  kernelModule,
} from '../../runtime/provers/snarkjs/kernel/kernel.ts';
import { readG1, readG2 } from '../../runtime/provers/snarkjs/zkey.ts';

const BASE = bn254.fields.Fp.ORDER;
const memory = createMemory(1 << 20);
const kernel = instantiateKernel(kernelModule(), memory);
const view = new DataView(memory.buffer);
const A = HEAP_START;
const B = A + 64;
const RESULT = B + 64;
const PACKED = RESULT + 64;
const SCRATCH = PACKED + 256;

function put(address: number, value: bigint): void {
  limbsOf(value).forEach((limb, i) => {
    view.setUint32(address + 4 * i, Number(limb), true);
  });
}

function putWords(address: number, value: bigint): void {
  for (let i = 0; i < 4; i++) view.setBigUint64(address + 8 * i, BigInt.asUintN(64, value >> BigInt(64 * i)), true);
}

function words(address: number): bigint {
  return [3, 2, 1, 0].reduce((sum, i) => (sum << 64n) | view.getBigUint64(address + 8 * i, true), 0n);
}

/** Field elements with the ends of the range, sparse and dense limbs. */
const elements = (p: bigint): fc.Arbitrary<bigint> =>
  fc.oneof(
    fc.bigInt({ min: 0n, max: p - 1n }),
    fc.constantFrom(0n, 1n, 2n, p - 1n, p - 2n, (p - 1n) / 2n, (1n << 232n) - 1n, (1n << 253n) - 1n),
    fc.nat(252).map((k) => 1n << BigInt(k)),
  );

describe.each([['base', BASE] as const, ['scalar', SCALAR_FIELD] as const])('%s field', (name, p) => {
  const modulo = (v: bigint): bigint => ((v % p) + p) % p;
  const inverseRadix = bn254.fields[name === 'base' ? 'Fp' : 'Fr'].inv((1n << BigInt(RADIX_BITS)) % p);
  const functions =
    name === 'base'
      ? {
          multiply: kernel.baseMultiply,
          square: kernel.baseSquare,
          add: kernel.baseAdd,
          subtract: kernel.baseSubtract,
          pack: kernel.basePack,
          unpack: kernel.baseUnpack,
          power: kernel.basePower,
          one: CONSTANT.baseOne,
        }
      : {
          multiply: kernel.scalarMultiply,
          square: kernel.scalarSquare,
          add: kernel.scalarAdd,
          subtract: kernel.scalarSubtract,
          pack: kernel.scalarPack,
          unpack: kernel.scalarUnpack,
          power: kernel.scalarPower,
          one: CONSTANT.scalarOne,
        };
  const result = (): bigint => {
    functions.pack(PACKED, RESULT);
    return words(PACKED);
  };

  test('products, squares, sums and differences', () => {
    fc.assert(
      fc.property(elements(p), elements(p), (a, b) => {
        put(A, a);
        put(B, b);
        functions.multiply(RESULT, A, B);
        expect(result()).toBe(modulo(a * b * inverseRadix));
        functions.square(RESULT, A);
        expect(result()).toBe(modulo(a * a * inverseRadix));
        functions.add(RESULT, A, B);
        expect(result()).toBe(modulo(a + b));
        functions.subtract(RESULT, A, B);
        expect(result()).toBe(modulo(a - b));
      }),
      { numRuns: 500 },
    );
  });

  test('long chains stay reduced, and raw differences may be multiplied', () => {
    fc.assert(
      fc.property(elements(p), elements(p), fc.array(fc.nat(4), { minLength: 20, maxLength: 60 }), (a, b, steps) => {
        let [x, y] = [a, b];
        put(A, a);
        put(B, b);
        for (const step of steps) {
          [x, y] = [
            y,
            step === 0
              ? x + y
              : step === 1
                ? x - y
                : step === 2
                  ? x * y * inverseRadix
                  : step === 3
                    ? x * x * inverseRadix
                    : y * (x - y) * inverseRadix,
          ];
          if (step === 0) functions.add(RESULT, A, B);
          if (step === 1) functions.subtract(RESULT, A, B);
          if (step === 2) functions.multiply(RESULT, A, B);
          if (step === 3) functions.square(RESULT, A);
          if (step === 4) {
            kernel.baseDifference(RESULT, A, B);
            functions.multiply(RESULT, RESULT, B);
          }
          y = modulo(y);
          for (let i = 0; i < ELEMENT_BYTES; i += 4) {
            view.setUint32(A + i, view.getUint32(B + i, true), true);
            view.setUint32(B + i, view.getUint32(RESULT + i, true), true);
          }
          expect(result()).toBe(y);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('powers, packing and unpacking', () => {
    fc.assert(
      fc.property(elements(p), elements(p), (a, e) => {
        putWords(PACKED, a);
        functions.unpack(RESULT, PACKED);
        expect(result()).toBe(a);
        put(A, modulo(a << BigInt(RADIX_BITS)));
        putWords(SCRATCH, e);
        functions.power(RESULT, A, SCRATCH, functions.one);
        put(B, 1n);
        functions.multiply(RESULT, RESULT, B);
        expect(result()).toBe(bn254.fields[name === 'base' ? 'Fp' : 'Fr'].pow(a, e));
      }),
      { numRuns: 40 },
    );
  });
});

test('accumulation of coefficient times factor is exact and canonical', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(elements(SCALAR_FIELD), elements(SCALAR_FIELD)), { maxLength: 50 }), (terms) => {
      put(A, 0n);
      for (const [c, f] of terms) {
        putWords(PACKED, c);
        put(B, (f << BigInt(RADIX_BITS)) % SCALAR_FIELD);
        kernel.scalarAccumulate(A, PACKED, B, SCRATCH);
      }
      kernel.scalarPack(PACKED, A);
      expect(words(PACKED)).toBe(terms.reduce((sum, [c, f]) => sum + c * f, 0n) % SCALAR_FIELD);
    }),
  );
});

test('products and inverses in the quadratic extension', () => {
  const { Fp2 } = bn254.fields;
  const radix = (1n << BigInt(RADIX_BITS)) % BASE;
  const put2 = (address: number, c0: bigint, c1: bigint): void => {
    put(address, (c0 * radix) % BASE);
    put(address + ELEMENT_BYTES, (c1 * radix) % BASE);
  };
  const get2 = (address: number): { c0: bigint; c1: bigint } => {
    put(B + 512, 1n);
    const [c0, c1] = [0, ELEMENT_BYTES].map((o) => {
      kernel.baseMultiply(PACKED + 64, address + o, B + 512);
      kernel.basePack(PACKED, PACKED + 64);
      return words(PACKED);
    });
    return { c0: c0!, c1: c1! };
  };
  const [X, Y, Z] = [SCRATCH + 1024, SCRATCH + 1200, SCRATCH + 1400];
  const e = elements(BASE);
  fc.assert(
    fc.property(e, e, e, e, (a0, a1, b0, b1) => {
      put2(X, a0, a1);
      put2(Y, b0, b1);
      kernel.quadraticMultiply(Z, X, Y);
      expect(get2(Z)).toEqual(Fp2.mul({ c0: a0, c1: a1 }, { c0: b0, c1: b1 }));
      if (a0 === 0n && a1 === 0n) return;
      kernel.quadraticInverse(Z, X, SCRATCH);
      expect(get2(Z)).toEqual(Fp2.inv({ c0: a0, c1: a1 }));
    }),
    { numRuns: 60 },
  );
});

describe.each(['g1', 'g2'] as const)('multiples of the generator of %s', (group: Group) => {
  const r = SCALAR_FIELD;
  const edges = [
    0n,
    1n,
    2n,
    3n,
    r - 1n,
    r - 2n,
    (r - 1n) / 2n,
    (r + 1n) / 2n,
    (r + 3n) / 2n,
    1n << 253n,
    (1n << 253n) - 1n,
  ];
  const powers = Array.from({ length: 253 }, (_, k) => [1n << BigInt(k), (1n << BigInt(k)) - 1n]).flat();

  test.each([2, 4, 5, 7, 8, 9, 11, 13])('windows of %i bits', (windowBits) => {
    const shape = tableShape(group, windowBits);
    const table = HEAP_START;
    const workspace = table + tableBytes(shape);
    const scalars = workspace + workspaceBytes(group);
    const local = createMemory(scalars + 36 * BATCH);
    const data = new DataView(local.buffer);
    const fixed = createFixedBase(instantiateKernel(kernelModule(), local), local.buffer, shape, table, workspace);
    fixed.prepare();
    for (let k = 0; k < shape.windows; k++) fixed.fillWindow(k);

    const random = fc.sample(fc.bigInt({ min: 0n, max: r - 1n }), { numRuns: 40, seed: windowBits });
    // Digits at both ends of every window.
    const half = 1n << BigInt(windowBits - 1);
    const allHalf = Array.from({ length: shape.windows - 1 }, (_, k) => half << BigInt(k * windowBits)).reduce(
      (a, b) => a + b,
    );
    const some = windowBits === 5 || windowBits === 8 ? powers : powers.filter((_, i) => i % 37 === 0);
    const list = [...edges, ...some, allHalf, allHalf + 1n, allHalf - 1n, r - allHalf, ...random].slice(0, BATCH);
    list.forEach((s, i) => {
      for (let w = 0; w < 8; w++)
        data.setUint32(scalars + 36 * i + 4 * w, Number((s >> BigInt(32 * w)) & 0xffffffffn), true);
    });
    const at = fixed.multiply(scalars, 36, list.length);
    const bytes = new Uint8Array(local.buffer, at, list.length * FILE_POINT_BYTES[group]).slice();
    const check = windowBits === 8 ? list : list.slice(0, 60);
    check.forEach((s, i) => {
      const offset = i * FILE_POINT_BYTES[group];
      if (group === 'g1') expect(readG1(bytes, offset)).toEqual(affine(bn254.G1.Point.BASE.multiplyUnsafe(s)));
      else expect(readG2(bytes, offset)).toEqual(affine(bn254.G2.Point.BASE.multiplyUnsafe(s)));
    });
  });

  test('the cheapest table grows with the number of scalars', () => {
    const bits = [10, 1000, 100_000, 10_000_000].map((n) => cheapestTable(group, n).windowBits);
    expect(bits).toEqual([...bits].sort((a, b) => a - b));
    expect(bits[0]).toBeLessThan(bits[3]!);
  });
});

function affine<T>(point: { toAffine(): { x: T; y: T } }): { x: T; y: T } {
  return point.toAffine();
}
