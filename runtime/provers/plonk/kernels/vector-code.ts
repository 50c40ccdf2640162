// Emits the operations on vectors of K and of the base field: eq, folds, scaled sums, inner products, product rounds.
//
// Addresses and lengths are in bytes; an element of K is 16 bytes, a base word 4. Lengths may be any number of elements.
// Halves of vectors are given by the address of the lower one and the distance of the upper one, so that a call may be made
// for a part of a vector.
import { i32, i64, type ModuleBuilder, type Value } from '../../wasm/emitter.ts';
import { i64x2, v128 } from '../../wasm/simd.ts';
import { defineWritten, type Writer } from '../../wasm/writer.ts';
import {
  type Accumulator,
  accumulate,
  accumulator,
  addTotals,
  type ExtensionCode,
  extensionCode,
  laneTotal,
  type Products,
  type Total,
  totalModulo,
  type Vector,
  wrapTotal,
} from './field-code.ts';

type Address = Value<'i32'>;

/** Bytes of an element of K. */
export const ELEMENT = 16;
/** Elements whose products are summed before they enter an accumulator: 4 (p - 1)^2 is below 2^64. */
const GROUP = 4;

/** Runs `body(offset, count)` over `bytes` bytes: groups of four elements of `size` bytes, then what is left one by one. */
export function inGroups(
  w: Writer,
  bytes: Address,
  size: number,
  body: (offset: Address, count: number) => void,
): void {
  const at = w.variable(i32.const(0));
  const whole = w.let(i32.and(bytes, i32.const(-GROUP * size)));
  w.range(at, whole, GROUP * size, () => body(at.get, GROUP));
  w.range(at, bytes, size, () => body(at.get, 1));
}

/** Runs `body(offset)` for each element. */
export function forEach(w: Writer, bytes: Address, size: number, body: (offset: Address) => void): void {
  const at = w.variable(i32.const(0));
  w.range(at, bytes, size, () => body(at.get));
}

/** Sum of products of K, by coefficient of the product before x^4 wraps around; see {@link addProducts}. */
export type ProductSum = readonly Accumulator[];

export const productSum = (w: Writer): ProductSum => Array.from({ length: 6 }, () => accumulator(w));

/** Adds products of up to four pairs of elements. */
export function addProducts(
  code: ExtensionCode,
  into: ProductSum,
  pairs: readonly (readonly [Vector, Vector])[],
): void {
  const { w, products } = code;
  // Lanes of a against lanes of b in four orders; coefficient i + j of a_i b_j:
  // own (0 2 | 4 6), neighbour (1 1 | 5 5), crossed (2 4 | 2 4), reversed (3 3 | 3 3).
  const orders = [
    [0, 1, 2, 3],
    [1, 0, 3, 2],
    [2, 3, 0, 1],
    [3, 2, 1, 0],
  ] as const;
  const terms = pairs.map(([a, b]) => {
    const [x, y] = [w.let(a), w.let(b)];
    return orders.map((order, i) => products(x, i === 0 ? y : w.let(v128.shuffle(y, y, order))));
  });
  const summed = (order: number, half: keyof Products): Vector[] => terms.map((t) => t[order]![half]);
  const lanes = [
    summed(0, 'low'),
    summed(0, 'high'),
    summed(1, 'low'),
    summed(1, 'high'),
    [...summed(2, 'low'), ...summed(2, 'high')],
    [...summed(3, 'low'), ...summed(3, 'high')],
  ];
  lanes.forEach((all, i) => {
    for (let k = 0; k < all.length; k += GROUP)
      accumulate(
        w,
        into[i]!,
        all.slice(k, k + GROUP).reduce((s, t) => i64x2.add(s, t)),
      );
  });
}

/** Coefficients of a sum of products, x^4 wrapped around. */
function productTotals(sum: ProductSum): readonly Total[] {
  const at = (i: number, lane: 0 | 1): Total => laneTotal(sum[i]!, lane);
  const both = (i: number): Total => addTotals(at(i, 0), at(i, 1));
  return [
    addTotals(at(0, 0), wrapTotal(addTotals(at(1, 0), at(4, 1)))),
    addTotals(both(2), wrapTotal(both(3))),
    addTotals(addTotals(at(0, 1), at(4, 0)), wrapTotal(at(1, 1))),
    both(5),
  ];
}

/** Writes a sum of products, times a factor, as an element of K. */
export function storeProductSum(w: Writer, out: Address, sum: ProductSum, factor = 1, offset = 0): void {
  storeTotals(w, out, productTotals(sum), factor, offset);
}

export function storeTotals(w: Writer, out: Address, totals: readonly Total[], factor: number, offset: number): void {
  totals.forEach((total, i) => {
    w.emit(i64.store32(out, totalModulo(w, total, factor), offset + 4 * i));
  });
}

/** Defines the operations in a module. */
export function defineVectorOperations(module: ModuleBuilder): void {
  // (x, bytes, distance, z): x holds eq of some variables; doubled by one variable z more significant than all of them.
  defineWritten(module, 'eqStep', 4, (w, x, bytes, distance, z) => {
    const code = extensionCode(w);
    const by = code.constant(z!);
    const upper = w.let(i32.add(x!, distance!));
    forEach(w, bytes!, ELEMENT, (at) => {
      const lower = w.let(i32.add(x!, at));
      const old = w.let(v128.load(lower));
      const product = code.multiply(old, by);
      w.emit(v128.store(i32.add(upper, at), product));
      w.emit(v128.store(lower, code.sub(old, product)));
    });
  });
  // (x, bytes, distance, z): lo + z (hi - lo) in place of lo.
  defineWritten(module, 'fold', 4, (w, x, bytes, distance, z) => {
    const code = extensionCode(w);
    const by = code.constant(z!);
    const upper = w.let(i32.add(x!, distance!));
    forEach(w, bytes!, ELEMENT, (at) => {
      const place = w.let(i32.add(x!, at));
      const low = w.let(v128.load(place));
      const difference = code.sub(v128.load(i32.add(upper, at)), low);
      w.emit(v128.store(place, code.add(low, code.multiply(difference, by))));
    });
  });
  // (into, a, bytes, k): into += k a.
  defineWritten(module, 'addScaled', 4, (w, into, a, bytes, k) => {
    const code = extensionCode(w);
    const by = code.constant(k!);
    forEach(w, bytes!, ELEMENT, (at) => {
      const place = w.let(i32.add(into!, at));
      const product = code.multiply(v128.load(i32.add(a!, at)), by);
      w.emit(v128.store(place, code.add(v128.load(place), product)));
    });
  });
  // (into, a, bytes, k): the same for base words a.
  defineWritten(module, 'addScaledBase', 4, (w, into, a, bytes, k) => {
    const code = extensionCode(w);
    const by = code.shoupConstant(k!);
    const place = w.variable(into!);
    forEach(w, bytes!, 4, (at) => {
      const product = code.shoup(w.let(v128.load32Splat(i32.add(a!, at))), by);
      w.emit(v128.store(place.get, code.add(v128.load(place.get), product)));
      w.emit(place.set(i32.add(place.get, i32.const(ELEMENT))));
    });
  });
  // (into, a, b, bytes of a, bytes of a row of b, step of into, step of b): for each i, into += a_i b, then both go on by their
  // steps.
  defineWritten(module, 'addMultiples', 7, (w, into, a, b, bytesA, bytesB, stepInto, stepB) => {
    const code = extensionCode(w);
    const [to, from] = [w.variable(into!), w.variable(b!)];
    forEach(w, bytesA!, ELEMENT, (i) => {
      const by = code.constant(i32.add(a!, i));
      forEach(w, bytesB!, ELEMENT, (j) => {
        const place = w.let(i32.add(to.get, j));
        const product = code.multiply(v128.load(i32.add(from.get, j)), by);
        w.emit(v128.store(place, code.add(v128.load(place), product)));
      });
      w.emit(to.set(i32.add(to.get, stepInto!)));
      w.emit(from.set(i32.add(from.get, stepB!)));
    });
  });
  // (out, a, b, bytes): sum a_i b_i.
  defineWritten(module, 'dot', 4, (w, out, a, b, bytes) => {
    const code = extensionCode(w);
    const sum = productSum(w);
    inGroups(w, bytes!, ELEMENT, (at, count) => {
      const [x, y] = [w.let(i32.add(a!, at)), w.let(i32.add(b!, at))];
      const pairs = Array.from(
        { length: count },
        (_, i) => [v128.load(x, ELEMENT * i), v128.load(y, ELEMENT * i)] as const,
      );
      addProducts(code, sum, pairs);
    });
    storeProductSum(w, out!, sum);
  });
  // (out, a, b, bytes of b): sum a_i b_i, b in the base field.
  defineWritten(module, 'dotBase', 4, (w, out, a, b, bytes) => {
    const code = extensionCode(w);
    const [low, high] = [accumulator(w), accumulator(w)];
    const from = w.variable(a!);
    inGroups(w, bytes!, 4, (at, count) => {
      const word = w.let(i32.add(b!, at));
      const terms = Array.from({ length: count }, (_, i) =>
        code.products(w.let(v128.load(from.get, ELEMENT * i)), w.let(v128.load32Splat(word, 4 * i))),
      );
      const both = code.sum(terms);
      accumulate(w, low, both.low);
      accumulate(w, high, both.high);
      w.emit(from.set(i32.add(from.get, i32.const(ELEMENT * count))));
    });
    const totals = [laneTotal(low, 0), laneTotal(low, 1), laneTotal(high, 0), laneTotal(high, 1)];
    storeTotals(w, out!, totals, 1, 0);
  });
  // (out, a, b, bytes, distance): sum lo lo and sum (hi - lo) (hi - lo).
  defineWritten(module, 'productRound', 5, (w, out, a, b, bytes, distance) => {
    const code = extensionCode(w);
    const [first, leading] = [productSum(w), productSum(w)];
    const upperA = w.let(i32.add(a!, distance!));
    const upperB = w.let(i32.add(b!, distance!));
    inGroups(w, bytes!, ELEMENT, (at, count) => {
      const bases = [a!, b!, upperA, upperB].map((base) => w.let(i32.add(base, at)));
      const load = (i: number, k: number): Vector => w.let(v128.load(bases[i]!, ELEMENT * k));
      const quadruples = Array.from({ length: count }, (_, k) => [0, 1, 2, 3].map((i) => load(i, k)));
      addProducts(
        code,
        first,
        quadruples.map(([x, y]) => [x!, y!] as const),
      );
      addProducts(
        code,
        leading,
        quadruples.map(([x, y, u, v]) => [code.sub(u!, x!), code.sub(v!, y!)] as const),
      );
    });
    storeProductSum(w, out!, first);
    storeProductSum(w, out!, leading, 1, ELEMENT);
  });
  // (out, a, b, bytes of a result's half, bytes of all of that, z): folds both in place, then as productRound.
  defineWritten(module, 'productStep', 6, (w, out, a, b, bytes, all, z) => {
    const code = extensionCode(w);
    const by = code.constant(z!);
    const [first, leading] = [productSum(w), productSum(w)];
    const distances = [1, 2, 3].map((k) => w.let(i32.mul(all!, i32.const(k))));
    const bound = (place: Address): readonly [Vector, Vector] => {
      const [upper, partner, upperPartner] = distances.map((d) => w.let(i32.add(place, d)));
      const fold = (to: Address, from: Address): Vector => {
        const low = w.let(v128.load(to));
        const folded = w.let(code.add(low, code.multiply(code.sub(v128.load(from), low), by)));
        w.emit(v128.store(to, folded));
        return folded;
      };
      return [fold(place, partner!), fold(upper!, upperPartner!)];
    };
    inGroups(w, bytes!, ELEMENT, (at, count) => {
      const pairs = Array.from({ length: count }, (_, k) => {
        const offset = w.let(i32.add(at, i32.const(ELEMENT * k)));
        return [bound(w.let(i32.add(a!, offset))), bound(w.let(i32.add(b!, offset)))] as const;
      });
      addProducts(
        code,
        first,
        pairs.map(([x, y]) => [x[0], y[0]] as const),
      );
      addProducts(
        code,
        leading,
        pairs.map(([x, y]) => [code.sub(x[1], x[0]), code.sub(y[1], y[0])] as const),
      );
    });
    storeProductSum(w, out!, first);
    storeProductSum(w, out!, leading, 1, ELEMENT);
  });
}
