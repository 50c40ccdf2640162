// Hints over numbers: the honest prover's values at full speed. Defined by evaluateHint, which a test compares with this.
import type { Hint } from '../hint.ts';
import { bitLength, type Interval } from '../interval.ts';
import type { NumericArray } from '../tensor.ts';
import { fitsWord, shiftWords, signWords } from './word-kernels.ts';

/**
 * Honest values of a hint over integers of magnitude below 2^52, written into one array per output. `last` is the size of
 * the inputs' last axis. Agrees with {@link evaluateHint}; digits beyond 52 bits are the caller's concern.
 */
export function fillHint(h: Hint, inputs: readonly NumericArray[], last: number, outs: readonly NumericArray[]): void {
  const x = inputs[0]!;
  if (x instanceof Int32Array && outs.every((o) => o instanceof Int32Array) && fillWords(h, x, outs)) return;
  const out = outs[0]!;
  switch (h.kind) {
    case 'divmod':
      divideAll(x, () => Number(h.by), out, outs[1]!);
      return;
    case 'divide': {
      const d = inputs[1]!;
      divideAll(x, (e) => d[e]!, out, outs[1]!);
      return;
    }
    case 'digits': {
      const base = 2 ** h.bits;
      for (let e = 0; e < x.length; e++) {
        let rest = x[e]!;
        for (let j = 0; j < h.n - 1; j++) {
          const quotient = Math.floor(rest / base);
          outs[j]![e] = rest - quotient * base;
          rest = quotient;
        }
        outs[h.n - 1]![e] = rest;
      }
      return;
    }
    case 'isNegative':
      for (let e = 0; e < x.length; e++) out[e] = x[e]! < 0 ? 1 : 0;
      return;
    case 'isqrt':
      for (let e = 0; e < x.length; e++) out[e] = squareRoot(x[e]!);
      return;
    case 'oneHot':
      for (let e = 0; e < x.length; e++) if (x[e]! >= 0 && x[e]! < h.n) out[e * h.n + x[e]!] = 1;
      return;
    case 'argmax':
      for (let row = 0; row < x.length; row += last) {
        let best = 0;
        for (let k = 1; k < last; k++)
          if (x[row + k]! > x[row + best]! || (h.last && x[row + k] === x[row + best])) best = k;
        out[row + best] = 1;
      }
      return;
    case 'topk':
      for (let row = 0, o = 0; row < x.length; row += last, o += h.k * last) {
        const order = Array.from({ length: last }, (_, k) => k).sort((a, b) => x[row + b]! - x[row + a]! || a - b);
        for (let k = 0; k < h.k && k < last; k++) out[o + k * last + order[k]!] = 1;
      }
      return;
  }
}

/** Most bits of a shift of 32-bit integers. */
const MOST_SHIFT = 31;

/** What shifts and masks do at once; returns false for all other hints. */
function fillWords(h: Hint, x: Int32Array, outs: readonly Int32Array[]): boolean {
  switch (h.kind) {
    case 'divmod': {
      const bits = bitLength(h.by) - 1;
      if (h.by !== 1n << BigInt(Math.max(bits, 0)) || bits > MOST_SHIFT) return false;
      shiftWords(x, bits, outs[0]!, outs[1]!);
      return true;
    }
    case 'digits': {
      if (h.bits > MOST_SHIFT) return false;
      const rest = outs[h.n - 1]!;
      rest.set(x);
      for (let j = 0; j < h.n - 1; j++) shiftWords(rest, h.bits, rest, outs[j]!);
      return true;
    }
    case 'isNegative':
      outs[0]!.set(signWords(x));
      return true;
    default:
      return false;
  }
}

/**
 * True if 32 bits hold all values of a hint on inputs of these intervals, whatever intervals its outputs declare.
 */
export function hintFitsWords(h: Hint, inputs: readonly Interval[]): boolean {
  if (!inputs.every(fitsWord)) return false;
  if (h.kind === 'divmod') return h.by > 0n && h.by <= 1n << BigInt(MOST_SHIFT);
  if (h.kind === 'digits') return h.bits <= MOST_SHIFT;
  return h.kind !== 'divide' || inputs[1]!.lo >= 0n;
}

function divideAll(
  x: NumericArray,
  divisor: (e: number) => number,
  quotients: NumericArray,
  rests: NumericArray,
): void {
  for (let e = 0; e < x.length; e++) {
    const d = divisor(e);
    // Total like evaluateHint: a zero divisor gives zeros, which the constraints refuse.
    let quotient = d === 0 ? 0 : Math.floor(x[e]! / d);
    let rest = d === 0 ? 0 : x[e]! - quotient * d;
    // The float quotient may round up to the next whole number.
    if (rest < 0) {
      quotient -= 1;
      rest += d;
    }
    quotients[e] = quotient + 0;
    rests[e] = rest + 0;
  }
}

function squareRoot(x: number): number {
  if (x <= 0) return 0;
  let root = Math.floor(Math.sqrt(x));
  if (root * root > x) root -= 1;
  else if ((root + 1) * (root + 1) <= x) root += 1;
  return root;
}
