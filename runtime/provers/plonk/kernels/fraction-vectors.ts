// The operations on fraction trees of `Vectors`, as calls of the kernel.
import { EXT, type Ext } from '../field.ts';
import type { Vectors } from '../vectors.ts';
import { type Kernel, LAYOUT } from './kernel.ts';

const WORD = 4;
const ELEMENT = WORD * EXT;
/** Work on a point of a round, in elements of K. */
const ROUND_WEIGHT = 8;
/** Work on a fraction of a layer, in elements of K. */
const LAYER_WEIGHT = 3;

/** How operations are called on a memory and its threads. */
export interface KernelCalls {
  /** Words that hold anything. */
  readonly newWords: (length: number) => Uint32Array;
  readonly addressOf: (array: Uint32Array) => number;
  /** Puts one or two elements where the kernel expects factors: from `LAYOUT.factor`. */
  readonly setFactors: (first: Ext, second?: Ext) => void;
  /**
   * Makes a call for all of `elements`, in parts where there are threads for them; returns the number of parts. `weight`:
   * the work on one of them, in elements of K.
   */
  readonly spread: (
    name: keyof Kernel,
    elements: number,
    values: (first: number, count: number, result: number) => readonly number[],
    weight?: number,
  ) => number;
  /** Sum of the parts' results: the first or the second element of each. */
  readonly total: (parts: number, which: 0 | 1) => Ext;
}

type Operations = Pick<
  Vectors,
  'fractionLayer' | 'fractionLayerBase' | 'fractionStart' | 'fractionStep' | 'fractionStartBase' | 'fractionStepBase'
>;

/** Operations throw RangeError for vectors whose lengths do not belong together. */
export function createFractionOperations({ newWords, addressOf, setFactors, spread, total }: KernelCalls): Operations {
  /** Bytes of an element of p, which has as many elements as q. */
  const sizeIn = (p: Uint32Array, q: Uint32Array, size: number): number => {
    if (WORD * EXT * p.length !== size * q.length)
      throw new RangeError(`numerators of ${p.length} words do not belong to denominators of ${q.length}`);
    return size;
  };

  const layer = (name: 'fractionLayer' | 'fractionLayerBase', p: Uint32Array, q: Uint32Array, size: number) => {
    sizeIn(p, q, size);
    const out = { p: newWords(q.length / 2), q: newWords(q.length / 2) };
    const [toP, toQ, fromP, fromQ] = [out.p, out.q, p, q].map(addressOf);
    spread(
      name,
      out.p.length / EXT,
      (first, n) => {
        const skip = ELEMENT * first;
        return [toP! + skip, toQ! + skip, fromP! + 2 * size * first, fromQ! + 2 * skip, ELEMENT * n];
      },
      LAYER_WEIGHT,
    );
    return out;
  };

  /** A call for the points of a round; `made`: pairs of numerators that are new. */
  const round = (
    name: 'fractionStart' | 'fractionStep' | 'fractionStartBase' | 'fractionStepBase',
    [e, p, q]: readonly [Uint32Array, Uint32Array, Uint32Array],
    { size, points, made }: { readonly size: number; readonly points: number; readonly made?: Uint32Array },
    factors: readonly [Ext, Ext?],
  ): readonly [Ext, Ext] => {
    sizeIn(p, q, size);
    if (4 * e.length !== q.length)
      throw new RangeError(`weights of ${e.length} words do not belong to denominators of ${q.length}`);
    const [fromE, fromP, fromQ] = [e, p, q].map(addressOf);
    const to = made === undefined ? [] : [addressOf(made)];
    setFactors(...factors);
    const places = factors.map((_, i) => LAYOUT.factor + ELEMENT * i);
    const parts = spread(
      name,
      points,
      (first, n, result) => {
        const skip = ELEMENT * first;
        const from = [fromE! + skip, fromP! + 2 * size * first, fromQ! + 2 * skip];
        return [result, ...to.map((at) => at + 2 * skip), ...from, ELEMENT * n, ELEMENT * points, ...places];
      },
      ROUND_WEIGHT,
    );
    return [total(parts, 0), total(parts, 1)];
  };

  const pointsOf = (e: Uint32Array): number => e.length / EXT;
  return {
    fractionLayer: (p, q) => layer('fractionLayer', p, q, ELEMENT),
    fractionLayerBase: (p, q) => layer('fractionLayerBase', p, q, WORD),
    fractionStart: (e, p, q, lambda) =>
      round('fractionStart', [e, p, q], { size: ELEMENT, points: pointsOf(e) }, [lambda]),
    fractionStep: (e, p, q, z) => round('fractionStep', [e, p, q], { size: ELEMENT, points: pointsOf(e) / 2 }, [z]),
    fractionStartBase: (e, p, q, lambda) =>
      round('fractionStartBase', [e, p, q], { size: WORD, points: pointsOf(e) }, [lambda]),
    fractionStepBase: (e, p, q, lambda, z) => {
      const made = newWords(q.length / 2);
      const message = round('fractionStepBase', [e, p, q], { size: WORD, points: pointsOf(e) / 2, made }, [z, lambda]);
      return { p: made, message };
    },
  };
}
