// Instantiates the BN254 kernel: field and group arithmetic in one WebAssembly module over a shared memory.
import { bn254 } from '@noble/curves/bn254.js';
import { SCALAR_FIELD } from '../../../../compiler/ir/iden3/scalar-field.ts';
import { call, createModule, i32, loopWhile, sequence } from '../../wasm/emitter.ts';
import {
  type CompiledModule,
  compileModule,
  createSharedMemory,
  instantiateModule,
  type SharedMemory,
} from '../../wasm/webassembly.ts';
import { BASE_FIELD } from '../groth16-points.ts';
import { defineField, ELEMENT_BYTES, type FieldCode, limbsOf, RADIX_BITS } from './field-code.ts';
import { defineGroup, type FieldConstants, primeCoordinates, quadraticCoordinates } from './group-code.ts';

export { ELEMENT_BYTES } from './field-code.ts';
export { GROUP_SCRATCH_COORDINATES, JOB_BYTES } from './group-code.ts';

/** Pages of the largest 32-bit memory. */
const MAXIMUM_PAGES = 65536;
const PAGE_BYTES = 65536;

/** Constants at the bottom of the memory; addresses in bytes. */
export const CONSTANT = {
  baseOne: 0,
  zero: 36, // directly after one: together they are one of F_q^2
  zeroes: 72,
  baseInverseExponent: 144,
  baseToFile: 176,
  scalarOne: 256,
  scalarInverseExponent: 292,
  scalarRadixSquared: 324,
  scalarToFile: 360,
  generator1: 512,
  generator2: 640,
} as const;
/** First address that is free for use. */
export const HEAP_START = 1024;

let compiled: CompiledModule | undefined;

/** The compiled module; it may be posted to another thread. */
export function kernelModule(): CompiledModule {
  compiled ??= compileModule(emitKernel());
  return compiled;
}

/** The bytes of the module. */
export function emitKernel(): Uint8Array<ArrayBuffer> {
  const module = createModule();
  defineField(module, 'scalar', SCALAR_FIELD);
  const base = defineField(module, 'base', BASE_FIELD);
  const at: FieldConstants = {
    one: CONSTANT.baseOne,
    zero: CONSTANT.zero,
    inverseExponent: CONSTANT.baseInverseExponent,
  };
  const prime = primeCoordinates(module, 'prime', base, at);
  const quadratic = quadraticCoordinates(module, 'quadratic', base, { ...at, zero: CONSTANT.zeroes });
  defineGroup(module, 'g1', prime);
  defineGroup(module, 'g2', quadratic);
  defineWriter(module, base);
  return module.finish({ maximumPages: MAXIMUM_PAGES });
}

/** `writeCoordinates` (file bytes, elements, count, scratch): elements become 32 bytes in Montgomery form with factor 2^256. */
function defineWriter(module: ReturnType<typeof createModule>, field: FieldCode): void {
  module.define('writeCoordinates', 4, (scope, target, elements, count, scratch) => {
    const [out, from, left] = [0, 1, 2].map(() => scope.local('i32'));
    return sequence(
      out!.set(target!),
      from!.set(elements!),
      left!.set(count!),
      loopWhile(
        i32.ne(left!.get, i32.const(0)),
        sequence(
          call(field.multiply, scratch!, from!.get, i32.const(CONSTANT.baseToFile)),
          call(field.pack, out!.get, scratch!),
          out!.set(i32.add(out!.get, i32.const(32))),
          from!.set(i32.add(from!.get, i32.const(ELEMENT_BYTES))),
          left!.set(i32.sub(left!.get, i32.const(1))),
        ),
      ),
    );
  });
}

/** A shared memory of at least this many bytes with the constants in place. */
export function createMemory(bytes: number): SharedMemory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const memory = createSharedMemory(pages, pages);
  const view = new DataView(memory.buffer);
  const element = (address: number, value: bigint): void =>
    limbsOf(value).forEach((limb, i) => {
      view.setUint32(address + 4 * i, Number(limb), true);
    });
  const words = (address: number, value: bigint): void => {
    for (let i = 0; i < 4; i++) view.setBigUint64(address + 8 * i, BigInt.asUintN(64, value >> BigInt(64 * i)), true);
  };
  const radix = 1n << BigInt(RADIX_BITS);
  const inBase = (value: bigint): bigint => (value * radix) % BASE_FIELD;
  element(CONSTANT.baseOne, inBase(1n));
  words(CONSTANT.baseInverseExponent, BASE_FIELD - 2n);
  element(CONSTANT.baseToFile, (1n << 256n) % BASE_FIELD);
  element(CONSTANT.scalarOne, radix % SCALAR_FIELD);
  words(CONSTANT.scalarInverseExponent, SCALAR_FIELD - 2n);
  element(CONSTANT.scalarRadixSquared, (radix * radix) % SCALAR_FIELD);
  // Takes a plain coefficient to the form of a key's coefficient section, with factor 2^512.
  element(CONSTANT.scalarToFile, ((1n << 512n) * radix) % SCALAR_FIELD);
  const g1 = bn254.G1.Point.BASE.toAffine();
  const g2 = bn254.G2.Point.BASE.toAffine();
  [g1.x, g1.y].forEach((c, i) => {
    element(CONSTANT.generator1 + i * ELEMENT_BYTES, inBase(c));
  });
  [g2.x.c0, g2.x.c1, g2.y.c0, g2.y.c1].forEach((c, i) => {
    element(CONSTANT.generator2 + i * ELEMENT_BYTES, inBase(c));
  });
  return memory;
}

/** The kernel's functions on a memory made by {@link createMemory}; any number of threads may share it. */
export function instantiateKernel(module: CompiledModule, memory: SharedMemory) {
  const named = instantiateModule(module, memory);
  return {
    scalarMultiply: named('scalarMultiply'),
    scalarSquare: named('scalarSquare'),
    scalarAdd: named('scalarAdd'),
    scalarSubtract: named('scalarSubtract'),
    scalarPower: named('scalarPower'),
    scalarPack: named('scalarPack'),
    scalarUnpack: named('scalarUnpack'),
    scalarAccumulate: named('scalarAccumulate'),
    scalarCopy: named('scalarCopy'),
    baseMultiply: named('baseMultiply'),
    baseSquare: named('baseSquare'),
    baseAdd: named('baseAdd'),
    baseSubtract: named('baseSubtract'),
    baseNegateSum: named('baseNegateSum'),
    baseDifference: named('baseDifference'),
    basePower: named('basePower'),
    basePack: named('basePack'),
    baseUnpack: named('baseUnpack'),
    quadraticMultiply: named('quadraticMultiply'),
    quadraticInverse: named('quadraticInverse'),
    writeCoordinates: named('writeCoordinates'),
    g1: { addBatch: named('g1AddBatch'), double: named('g1Double'), load: named('g1Load') },
    g2: { addBatch: named('g2AddBatch'), double: named('g2Double'), load: named('g2Load') },
  } as const;
}

/** Functions of the kernel by name; what each takes stands where field-code.ts and group-code.ts define it. */
export type Kernel = ReturnType<typeof instantiateKernel>;
