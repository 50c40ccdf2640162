// The least and the greatest element of large arrays of small integers: weights are checked in every run.
import type { NumericArray } from '../../compiler/ir/tensor.ts';
import { EXTREMES_STEP } from './extremes-code.ts';
import { witnessKernel } from './kernel.ts';

const HALF = 2;
/** Lanes of a vector of int16. */
const LANES = 8;
/** Elements that are copied at once: they stay in the first cache. */
const CHUNK = 8192;
/** Elements from which on the kernel is faster than a plain loop. */
const LEAST_ELEMENTS = 1024;

/** The least and the greatest element; undefined for few elements, and for types that int16 does not hold. */
export function extremesOf(data: NumericArray): readonly [number, number] | undefined {
  if (!(data instanceof Int8Array || data instanceof Uint8Array || data instanceof Int16Array)) return undefined;
  if (data.length < LEAST_ELEMENTS) return undefined;
  const k = witnessKernel();
  k.reset();
  const [from, out] = [k.allocate(HALF * CHUNK), k.allocate(2 * HALF * LANES)];
  const [chunk, found] = [k.halves(from, CHUNK), k.halves(out, 2 * LANES)];
  found.fill(data[0]!);
  const step = EXTREMES_STEP / HALF;
  for (let start = 0; start < data.length; start += CHUNK) {
    const part = data.subarray(start, start + CHUNK);
    const padded = step * Math.ceil(part.length / step);
    chunk.fill(data[0]!, part.length, padded);
    chunk.set(part);
    k.extremes(from, HALF * padded, out);
  }
  return [Math.min(...found.subarray(0, LANES)), Math.max(...found.subarray(LANES))];
}
