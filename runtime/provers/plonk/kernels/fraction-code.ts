// Emits the operations on fraction trees: a layer from the one below, and the round of a layer's sumcheck.
//
// Addresses and lengths are in bytes; vectors are of K, 16 bytes an element.
import { i32, type ModuleBuilder } from '../../wasm/emitter.ts';
import { v128 } from '../../wasm/simd.ts';
import { defineWritten } from '../../wasm/writer.ts';
import {
  type Accumulator,
  type Arranged,
  accumulate,
  accumulator,
  extensionCode,
  laneTotal,
  RADIX,
  type Vector,
} from './field-code.ts';
import { ELEMENT, forEach, storeTotals } from './vector-code.ts';

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
  // (even, odd, x, bytes of a result)
  defineWritten(module, 'unzip', 4, (w, even, odd, x, bytes) => {
    forEach(w, bytes!, ELEMENT, (at) => {
      const from = w.let(i32.add(x!, i32.shl(at, i32.const(1))));
      w.emit(v128.store(i32.add(even!, at), v128.load(from)));
      w.emit(v128.store(i32.add(odd!, at), v128.load(from, ELEMENT)));
    });
  });
  defineRound(module, 'fractionRound', true);
  defineRound(module, 'fractionRoundPlain', false);
}

/**
 * (out, e, p0, p1, q0, q1, bytes of e, distance, lambda): [g(0), leading coefficient] of sum e (p0 q1 + q0 (p1 + lambda
 * q1)), the upper halves of the vectors at the distance; without the term of lambda if not `weighted`.
 */
function defineRound(module: ModuleBuilder, name: string, weighted: boolean): void {
  defineWritten(module, name, 9, (w, out, e, p0, p1, q0, q1, bytes, distance, lambda) => {
    const code = extensionCode(w);
    const byLambda = weighted ? code.constant(lambda!) : undefined;
    const bases = [p0!, p1!, q0!, q1!].map((base) => [base, w.let(i32.add(base, distance!))] as const);
    const sums = [0, 1].map(() => [accumulator(w), accumulator(w)] as const);
    // e times the value of g, which carries a factor 2^-32 that the end of the sum takes back.
    const take = (
      [low, high]: readonly [Accumulator, Accumulator],
      factor: Arranged,
      values: readonly Vector[],
    ): void => {
      const [a0, a1, b0, b1] = values;
      const weightedA1 = byLambda === undefined ? a1! : code.add(a1!, code.multiply(b1!, byLambda));
      const g = code.add(code.multiply(a0!, code.arrange(b1!)), code.multiply(weightedA1, code.arrange(b0!)));
      const term = code.product(g, factor);
      accumulate(w, low, term.low);
      accumulate(w, high, term.high);
    };
    forEach(w, bytes!, ELEMENT, (at) => {
      const factor = code.arrange(v128.load(i32.add(e!, at)));
      const lower = bases.map(([base]) => w.let(v128.load(i32.add(base, at))));
      const differences = bases.map(([, upper], i) => code.sub(v128.load(i32.add(upper, at)), lower[i]!));
      take(sums[0]!, factor, lower);
      take(sums[1]!, factor, differences);
    });
    sums.forEach(([low, high], i) => {
      const totals = [laneTotal(low, 0), laneTotal(low, 1), laneTotal(high, 0), laneTotal(high, 1)];
      storeTotals(w, out!, totals, RADIX, ELEMENT * i);
    });
  });
}
