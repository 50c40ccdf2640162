// Emits the operations on fraction trees: a layer from the one below, and the round of a layer's sumcheck.
//
// Addresses and lengths are in bytes; vectors are of K, 16 bytes an element.
import { i32, type ModuleBuilder, type Value } from '../../wasm/emitter.ts';
import { v128 } from '../../wasm/simd.ts';
import { defineWritten, type Writer } from '../../wasm/writer.ts';
import {
  type Arranged,
  accumulate,
  accumulator,
  type ExtensionCode,
  extensionCode,
  laneTotal,
  type Products,
  RADIX,
  type Vector,
} from './field-code.ts';
import { ELEMENT, forEach, storeTotals } from './vector-code.ts';

/** Bytes of a word. */
const WORD = 4;

/** Defines the operations in a module. */
export function defineFractionOperations(module: ModuleBuilder): void {
  // (outP, outQ, p, q, bytes of a result): p0 q1 + p1 q0 and q0 q1 of neighbours.
  defineWritten(module, 'fractionLayer', 5, (w, outP, outQ, p, q, bytes) => {
    const code = extensionCode(w);
    forEach(w, bytes!, ELEMENT, (at) => {
      const pair = w.let(i32.shl(at, i32.const(1)));
      const [fromP, fromQ] = [w.let(i32.add(p!, pair)), w.let(i32.add(q!, pair))];
      const [q0, q1] = [w.let(v128.load(fromQ)), w.let(v128.load(fromQ, ELEMENT))];
      const byQ1 = code.arrange(q1);
      const left = code.product(v128.load(fromP), byQ1);
      const below = code.product(q0, byQ1);
      const right = code.product(v128.load(fromP, ELEMENT), code.arrange(q0));
      w.emit(v128.store(i32.add(outP!, at), code.modulo([left, right])));
      w.emit(v128.store(i32.add(outQ!, at), code.modulo([below])));
    });
  });
  // (outP, outQ, p, q, bytes of a result): the same for base words p.
  defineWritten(module, 'fractionLayerBase', 5, (w, outP, outQ, p, q, bytes) => {
    const code = extensionCode(w);
    const fromP = w.variable(p!);
    forEach(w, bytes!, ELEMENT, (at) => {
      const fromQ = w.let(i32.add(q!, i32.shl(at, i32.const(1))));
      const [q0, q1] = [w.let(v128.load(fromQ)), w.let(v128.load(fromQ, ELEMENT))];
      const left = code.products(q1, w.let(v128.load32Splat(fromP.get)));
      const right = code.products(q0, w.let(v128.load32Splat(fromP.get, WORD)));
      w.emit(v128.store(i32.add(outP!, at), code.modulo([code.sum([left, right])])));
      w.emit(v128.store(i32.add(outQ!, at), code.modulo([code.product(q0, code.arrange(q1))])));
      w.emit(fromP.set(i32.add(fromP.get, i32.const(2 * WORD))));
    });
  });
  defineStart(module);
  defineStep(module);
  defineStartBase(module);
  defineStepBase(module);
}

/** A pair of elements: p0, p1 or q0, q1. */
type Pair = readonly [Vector, Vector];

/**
 * The two sums of a round's message, of e times g, where g carries a factor 2^-32 that `store` takes back. `add` takes a
 * point's factor and the two products of g at 0, and those of its leading coefficient.
 */
function messageSums(code: ExtensionCode) {
  const { w } = code;
  const sums = [0, 1].map(() => [accumulator(w), accumulator(w)] as const);
  return {
    add: (factor: Arranged, values: readonly (readonly [Products, Products])[]): void => {
      for (const [i, [low, high]] of sums.entries()) {
        const term = code.product(code.reduce(code.sum([...values[i]!])), factor);
        accumulate(w, low, term.low);
        accumulate(w, high, term.high);
      }
    },
    store: (out: Value<'i32'>): void => {
      for (const [i, [low, high]] of sums.entries()) {
        const totals = [laneTotal(low, 0), laneTotal(low, 1), laneTotal(high, 0), laneTotal(high, 1)];
        storeTotals(w, out, totals, RADIX, ELEMENT * i);
      }
    },
  };
}

/** p0 q1 + q0 p1 at a point: at the lower pairs and at the differences of the upper ones. */
function numerators(
  code: ExtensionCode,
  [p, upperP]: readonly [Pair, Pair],
  [q, upperQ]: readonly [Pair, Pair],
): readonly (readonly [Products, Products])[] {
  const difference = (a: Pair, b: Pair): Pair => [code.sub(b[0], a[0]), code.sub(b[1], a[1])];
  const at = ([p0, p1]: Pair, [q0, q1]: Pair): readonly [Products, Products] => [
    code.lowered(code.product(p0, code.arrange(q1))),
    code.lowered(code.product(p1, code.arrange(q0))),
  ];
  return [at(p, q), at(difference(p, upperP), difference(q, upperQ))];
}

const loadPair = (w: Writer, address: Value<'i32'>): Pair => [
  w.let(v128.load(address)),
  w.let(v128.load(address, ELEMENT)),
];

function storePair(w: Writer, address: Value<'i32'>, [a, b]: Pair): void {
  w.emit(v128.store(address, a));
  w.emit(v128.store(address, b, ELEMENT));
}

/** Two words of the base field, each in all lanes. */
const loadWords = (w: Writer, address: Value<'i32'>): Pair => [
  w.let(v128.load32Splat(address)),
  w.let(v128.load32Splat(address, WORD)),
];

/** Address of the pair that belongs to the element of K at an offset. */
const pairAt = (w: Writer, base: Value<'i32'>, at: Value<'i32'>): Value<'i32'> =>
  w.let(i32.add(base, i32.shl(at, i32.const(1))));

/** The same for words. */
const wordsAt = (w: Writer, base: Value<'i32'>, at: Value<'i32'>): Value<'i32'> =>
  w.let(i32.add(base, i32.shrU(at, i32.const(1))));

const twice = (w: Writer, x: Value<'i32'>): Value<'i32'> => w.let(i32.shl(x, i32.const(1)));

/** (out, e, p, q, bytes of e, bytes of all of e, lambda): see `fractionStart` in vectors.ts. */
function defineStart(module: ModuleBuilder): void {
  defineWritten(module, 'fractionStart', 7, (w, out, e, p, q, bytes, all, lambda) => {
    const code = extensionCode(w);
    const byLambda = code.constant(lambda!);
    const sums = messageSums(code);
    const distance = twice(w, all!);
    const [upperP, upperQ] = [w.let(i32.add(p!, distance)), w.let(i32.add(q!, distance))];
    forEach(w, bytes!, ELEMENT, (at) => {
      const sides = [
        [p!, q!],
        [upperP, upperQ],
      ].map(([baseP, baseQ]) => {
        const fromP = pairAt(w, baseP!, at);
        const ownQ = loadPair(w, pairAt(w, baseQ!, at));
        const p1 = code.add(v128.load(fromP, ELEMENT), code.multiply(ownQ[1], byLambda));
        w.emit(v128.store(fromP, p1, ELEMENT));
        return { p: [w.let(v128.load(fromP)), p1] as const, q: ownQ };
      });
      const [lower, upper] = [sides[0]!, sides[1]!];
      const factor = code.arrange(v128.load(i32.add(e!, at)));
      sums.add(factor, numerators(code, [lower.p, upper.p], [lower.q, upper.q]));
    });
    sums.store(out!);
  });
}

/** e at an offset and its upper half summed up, stored and arranged. */
function nextFactor(code: ExtensionCode, e: Value<'i32'>, all: Value<'i32'>, at: Value<'i32'>): Arranged {
  const { w } = code;
  const place = w.let(i32.add(e, at));
  const sum = code.add(v128.load(place), v128.load(i32.add(place, all)));
  w.emit(v128.store(place, sum));
  return code.arrange(sum);
}

/** Folds the pairs at `place` and half a result further, in place; returns both. */
function foldPairs(code: ExtensionCode, place: Value<'i32'>, all: Value<'i32'>, by: Arranged): readonly [Pair, Pair] {
  const { w } = code;
  const half = twice(w, all);
  const whole = twice(w, half);
  const at = (address: Value<'i32'>): Pair => {
    const [a, b] = [loadPair(w, address), loadPair(w, w.let(i32.add(address, whole)))];
    const bound = (i: 0 | 1): Vector => code.add(a[i], code.multiply(code.sub(b[i], a[i]), by));
    const pair: Pair = [bound(0), bound(1)];
    storePair(w, address, pair);
    return pair;
  };
  return [at(place), at(w.let(i32.add(place, half)))];
}

/** (out, e, p, q, bytes of e's result, bytes of all of it, z): see `fractionStep` in vectors.ts. */
function defineStep(module: ModuleBuilder): void {
  defineWritten(module, 'fractionStep', 7, (w, out, e, p, q, bytes, all, z) => {
    const code = extensionCode(w);
    const by = code.constant(z!);
    const sums = messageSums(code);
    forEach(w, bytes!, ELEMENT, (at) => {
      const ownP = foldPairs(code, pairAt(w, p!, at), all!, by);
      const ownQ = foldPairs(code, pairAt(w, q!, at), all!, by);
      sums.add(nextFactor(code, e!, all!, at), numerators(code, ownP, ownQ));
    });
    sums.store(out!);
  });
}

/** (out, e, p, q, bytes of e, bytes of all of e, lambda): see `fractionStartBase` in vectors.ts. */
function defineStartBase(module: ModuleBuilder): void {
  defineWritten(module, 'fractionStartBase', 7, (w, out, e, p, q, bytes, all, lambda) => {
    const code = extensionCode(w);
    const byLambda = code.constant(lambda!);
    const constantTerm = w.let(v128.const(-1, 0, 0, 0));
    const sums = messageSums(code);
    const upperP = w.let(i32.add(p!, i32.shrU(all!, i32.const(1))));
    const upperQ = w.let(i32.add(q!, twice(w, all!)));
    const at = ([p0, p1]: Pair, [q0, q1]: Pair): readonly [Products, Products] => {
      const weighted = code.add(v128.and(p1, constantTerm), code.multiply(q1, byLambda));
      return [code.products(q1, p0), code.lowered(code.product(weighted, code.arrange(q0)))];
    };
    forEach(w, bytes!, ELEMENT, (offset) => {
      const [a, b] = [loadWords(w, wordsAt(w, p!, offset)), loadWords(w, wordsAt(w, upperP, offset))];
      const [c, d] = [loadPair(w, pairAt(w, q!, offset)), loadPair(w, pairAt(w, upperQ, offset))];
      const factor = code.arrange(v128.load(i32.add(e!, offset)));
      const difference = (x: Pair, y: Pair): Pair => [code.sub(y[0], x[0]), code.sub(y[1], x[1])];
      sums.add(factor, [at(a, c), at(difference(a, b), difference(c, d))]);
    });
    sums.store(out!);
  });
}

/** (out, outP, e, p, q, bytes of e's result, bytes of all of it, z, lambda): see `fractionStepBase` in vectors.ts. */
function defineStepBase(module: ModuleBuilder): void {
  defineWritten(module, 'fractionStepBase', 9, (w, out, outP, e, p, q, bytes, all, z, lambda) => {
    const code = extensionCode(w);
    const [by, byLambda] = [code.constant(z!), code.constant(lambda!)];
    const byWord = code.shoupConstant(z!);
    const constantTerm = w.let(v128.const(-1, 0, 0, 0));
    const sums = messageSums(code);
    const half = w.let(i32.shrU(all!, i32.const(1)));
    forEach(w, bytes!, ELEMENT, (at) => {
      const ownQ = foldPairs(code, pairAt(w, q!, at), all!, by);
      const from = wordsAt(w, p!, at);
      const to = pairAt(w, outP!, at);
      const boundP = (i: 0 | 1): Pair => {
        const start = i === 0 ? from : w.let(i32.add(from, half));
        const [a, b] = [loadWords(w, start), loadWords(w, w.let(i32.add(start, all!)))];
        const bound = (k: 0 | 1): Vector =>
          code.add(code.shoup(code.sub(b[k], a[k]), byWord), v128.and(a[k], constantTerm));
        const pair: Pair = [bound(0), code.add(bound(1), code.multiply(ownQ[i][1], byLambda))];
        storePair(w, i === 0 ? to : w.let(i32.add(to, twice(w, all!))), pair);
        return pair;
      };
      const ownP = [boundP(0), boundP(1)] as const;
      sums.add(nextFactor(code, e!, all!, at), numerators(code, ownP, ownQ));
    });
    sums.store(out!);
  });
}
