// The plain form of `Vectors`: one loop per operation over scalar arithmetic. Oracle of the WebAssembly kernels, and their stand-in.
import { keyOfBytes } from './blake3.ts';
import { EXT, type Ext, NON_RESIDUE, ONE, P, rootOfUnity } from './field.ts';
import { HASH_BYTES, hashLeaf, hashNode } from './merkle.ts';
import type { Vectors } from './vectors.ts';
import { bytesOfWords, wordsOfBytes } from './words.ts';

/** Vectors as ordinary typed arrays; nothing is ever reused, so that marks mean nothing. */
export function plainVectors(): Vectors {
  return {
    alloc: (words) => new Uint32Array(words),
    held: (words) => words,
    mark: () => 0,
    release: () => {},
    eq,
    foldInPlace,
    dotBase,
    dot,
    addScaled,
    addScaledBase,
    addOuter,
    addRows,
    dotPieces,
    foldRows,
    productRound,
    productStep,
    fractionLayer,
    fractionLayerBase: (p, q) => fractionLayer(lifted(p), q),
    fractionStart,
    fractionStep,
    fractionStartBase: (e, p, q, lambda) => fractionStart(e, lifted(p), q, lambda),
    fractionStepBase,
    encode,
    hashRows,
    hashPairs,
  };
}

// The three operations again: calls within a file are inlined by every runner, those through imports are not, and this
// file is made of them.
const MODULUS = P;
const BELOW_INVERSE = (1 - 2 ** -50) / MODULUS;
const addP = (a: number, b: number): number => (a + b >= MODULUS ? a + b - MODULUS : a + b);
const subP = (a: number, b: number): number => (a >= b ? a - b : a - b + MODULUS);
/** See `mulP` in field.ts. */
function mulP(a: number, b: number): number {
  const remainder = (Math.imul(a, b) - Math.imul((a * b * BELOW_INVERSE) | 0, MODULUS)) >>> 0;
  return remainder >= MODULUS ? remainder - MODULUS : remainder;
}
const triple = (x: number): number => addP(addP(x, x), x);

/** out[o..] = a[i..] b[j..], elements of K (x^4 = 3) at word offsets; any of them may be the same. */
function mulAt(out: Uint32Array, o: number, a: Uint32Array, i: number, b: Uint32Array, j: number): void {
  const a0 = a[i]!;
  const a1 = a[i + 1]!;
  const a2 = a[i + 2]!;
  const a3 = a[i + 3]!;
  const b0 = b[j]!;
  const b1 = b[j + 1]!;
  const b2 = b[j + 2]!;
  const b3 = b[j + 3]!;
  const high0 = addP(addP(mulP(a1, b3), mulP(a2, b2)), mulP(a3, b1));
  const high1 = addP(mulP(a2, b3), mulP(a3, b2));
  const low2 = addP(addP(mulP(a0, b2), mulP(a1, b1)), mulP(a2, b0));
  const low3 = addP(addP(mulP(a0, b3), mulP(a1, b2)), addP(mulP(a2, b1), mulP(a3, b0)));
  out[o] = addP(mulP(a0, b0), triple(high0));
  out[o + 1] = addP(addP(mulP(a0, b1), mulP(a1, b0)), triple(high1));
  out[o + 2] = addP(low2, triple(mulP(a3, b3)));
  out[o + 3] = low3;
}

/** out[o..] = a[i..] + b[j..]. */
function addAt(out: Uint32Array, o: number, a: Uint32Array, i: number, b: Uint32Array, j: number): void {
  for (let k = 0; k < EXT; k++) out[o + k] = addP(a[i + k]!, b[j + k]!);
}

/** out[o..] = a[i..] - b[j..]. */
function subAt(out: Uint32Array, o: number, a: Uint32Array, i: number, b: Uint32Array, j: number): void {
  for (let k = 0; k < EXT; k++) out[o + k] = subP(a[i + k]!, b[j + k]!);
}

/** out[o..] += a[i..] k, k in the base field. */
function addMultipleAt(out: Uint32Array, o: number, a: Uint32Array, i: number, k: number): void {
  for (let n = 0; n < EXT; n++) out[o + n] = addP(out[o + n]!, mulP(a[i + n]!, k));
}

/** The element of K in an array of four words. */
const element = (x: Uint32Array): Ext => [x[0]!, x[1]!, x[2]!, x[3]!];

function eq(point: readonly Ext[], factor: Ext): Uint32Array {
  let out = Uint32Array.from(factor);
  for (const coordinate of point) {
    const z = Uint32Array.from(coordinate);
    const next = new Uint32Array(2 * out.length);
    for (let i = 0; i < out.length; i += EXT) {
      mulAt(next, 2 * i + EXT, out, i, z, 0);
      subAt(next, 2 * i, out, i, next, 2 * i + EXT);
    }
    out = next;
  }
  return out;
}

function fold(x: Uint32Array, z: Ext): Uint32Array {
  const half = x.length / 2;
  const out = new Uint32Array(half);
  const factor = Uint32Array.from(z);
  for (let i = 0; i < half; i += EXT) {
    subAt(out, i, x, half + i, x, i);
    mulAt(out, i, out, i, factor, 0);
    addAt(out, i, out, i, x, i);
  }
  return out;
}

function foldInPlace(x: Uint32Array, z: Ext): Uint32Array {
  const out = x.subarray(0, x.length / 2);
  out.set(fold(x, z));
  return out;
}

function dotBase(a: Uint32Array, b: Uint32Array): Ext {
  const sum = new Uint32Array(EXT);
  for (let i = 0; i < b.length; i++) addMultipleAt(sum, 0, a, EXT * i, b[i]!);
  return element(sum);
}

function dot(a: Uint32Array, b: Uint32Array): Ext {
  const [sum, product] = [new Uint32Array(EXT), new Uint32Array(EXT)];
  for (let i = 0; i < a.length; i += EXT) {
    mulAt(product, 0, a, i, b, i);
    addAt(sum, 0, sum, 0, product, 0);
  }
  return element(sum);
}

function addScaled(into: Uint32Array, a: Uint32Array, k: Ext): void {
  const [factor, product] = [Uint32Array.from(k), new Uint32Array(EXT)];
  for (let i = 0; i < a.length; i += EXT) {
    mulAt(product, 0, a, i, factor, 0);
    addAt(into, i, into, i, product, 0);
  }
}

function addScaledBase(into: Uint32Array, a: Uint32Array, k: Ext): void {
  const factor = Uint32Array.from(k);
  for (let i = 0; i < a.length; i++) addMultipleAt(into, EXT * i, factor, 0, a[i]!);
}

function addOuter(into: Uint32Array, a: Uint32Array, b: Uint32Array): void {
  for (let i = 0; i < a.length; i += EXT)
    addScaled(into.subarray((i / EXT) * b.length), b, element(a.subarray(i, i + EXT)));
}

function addRows(into: Uint32Array, rows: Uint32Array, k: Uint32Array): void {
  for (let i = 0; i < k.length / EXT; i++)
    addScaled(into, rows.subarray(i * into.length, (i + 1) * into.length), element(k.subarray(EXT * i)));
}

function foldRows(
  x: Uint32Array,
  starts: Int32Array,
  rows: Int32Array,
  coefficients: Uint32Array,
  length: number,
): Uint32Array {
  const out = new Uint32Array(EXT * starts.length * length);
  const each = (starts.length * EXT * rows.length) / coefficients.length;
  for (let s = 0, at = 0; s < starts.length; s++) {
    const first = EXT * rows.length * Math.floor(s / each);
    for (let i = 0; i < length; i++, at += EXT)
      for (let r = 0; r < rows.length; r++)
        addMultipleAt(out, at, coefficients, first + EXT * r, x[starts[s]! + rows[r]! + i]!);
  }
  return out;
}

function dotPieces(x: Uint32Array, weights: Uint32Array): Uint32Array {
  const piece = weights.length / EXT;
  const out = new Uint32Array((EXT * x.length) / piece);
  for (let i = 0; i < x.length; i++) addMultipleAt(out, EXT * Math.floor(i / piece), weights, EXT * (i % piece), x[i]!);
  return out;
}

function productRound(a: Uint32Array, b: Uint32Array): readonly [Ext, Ext] {
  const half = a.length / 2;
  const [atZero, leading] = [new Uint32Array(EXT), new Uint32Array(EXT)];
  const [x, y] = [new Uint32Array(EXT), new Uint32Array(EXT)];
  for (let i = 0; i < half; i += EXT) {
    mulAt(x, 0, a, i, b, i);
    addAt(atZero, 0, atZero, 0, x, 0);
    subAt(x, 0, a, half + i, a, i);
    subAt(y, 0, b, half + i, b, i);
    mulAt(x, 0, x, 0, y, 0);
    addAt(leading, 0, leading, 0, x, 0);
  }
  return [element(atZero), element(leading)];
}

function productStep(a: Uint32Array, b: Uint32Array, z: Ext): readonly [Ext, Ext] {
  return productRound(foldInPlace(a, z), foldInPlace(b, z));
}

function fractionLayer(p: Uint32Array, q: Uint32Array): { readonly p: Uint32Array; readonly q: Uint32Array } {
  const [above, below] = [new Uint32Array(p.length / 2), new Uint32Array(q.length / 2)];
  const product = new Uint32Array(EXT);
  for (let i = 0; i < above.length; i += EXT) {
    const [left, right] = [2 * i, 2 * i + EXT];
    mulAt(above, i, p, left, q, right);
    mulAt(product, 0, p, right, q, left);
    addAt(above, i, above, i, product, 0);
    mulAt(below, i, q, left, q, right);
  }
  return { p: above, q: below };
}

/** Base words as elements of K. */
function lifted(x: Uint32Array): Uint32Array {
  const out = new Uint32Array(EXT * x.length);
  addScaledBase(out, x, ONE);
  return out;
}

/** Adds lambda times the odd elements of q to those of p. */
function weigh(p: Uint32Array, q: Uint32Array, lambda: Ext): void {
  const [factor, product] = [Uint32Array.from(lambda), new Uint32Array(EXT)];
  for (let i = EXT; i < p.length; i += 2 * EXT) {
    mulAt(product, 0, q, i, factor, 0);
    addAt(p, i, p, i, product, 0);
  }
}

/** [value at 0, leading coefficient] of sum e (p0 q1 + q0 p1), pairs side by side. */
function message(e: Uint32Array, p: Uint32Array, q: Uint32Array): readonly [Ext, Ext] {
  const half = p.length / 2;
  const sums = [new Uint32Array(EXT), new Uint32Array(EXT)] as const;
  const [x, y] = [new Uint32Array(EXT), new Uint32Array(EXT)];
  const [dp, dq] = [new Uint32Array(2 * EXT), new Uint32Array(2 * EXT)];
  const accumulate = (sum: Uint32Array, i: number, a: Uint32Array, b: Uint32Array, j: number): void => {
    mulAt(x, 0, a, j, b, j + EXT);
    mulAt(y, 0, a, j + EXT, b, j);
    addAt(x, 0, x, 0, y, 0);
    mulAt(x, 0, x, 0, e, i);
    addAt(sum, 0, sum, 0, x, 0);
  };
  for (let i = 0; i < e.length; i += EXT) {
    accumulate(sums[0], i, p, q, 2 * i);
    for (let k = 0; k < 2 * EXT; k += EXT) {
      subAt(dp, k, p, half + 2 * i + k, p, 2 * i + k);
      subAt(dq, k, q, half + 2 * i + k, q, 2 * i + k);
    }
    accumulate(sums[1], i, dp, dq, 0);
  }
  return [element(sums[0]), element(sums[1])];
}

function fractionStart(e: Uint32Array, p: Uint32Array, q: Uint32Array, lambda: Ext): readonly [Ext, Ext] {
  weigh(p, q, lambda);
  return message(e, p, q);
}

function fractionStep(e: Uint32Array, p: Uint32Array, q: Uint32Array, z: Ext): readonly [Ext, Ext] {
  const rest = e.subarray(0, e.length / 2);
  for (let i = 0; i < rest.length; i += EXT) addAt(rest, i, e, i, e, rest.length + i);
  return message(rest, foldInPlace(p, z), foldInPlace(q, z));
}

function fractionStepBase(e: Uint32Array, p: Uint32Array, q: Uint32Array, lambda: Ext, z: Ext) {
  const weighted = lifted(p);
  weigh(weighted, q, lambda);
  const next = fractionStep(e, weighted, q, z);
  return { p: weighted.subarray(0, weighted.length / 2), message: next };
}

/** 1, x, x^2, ... (words). */
function powersOf(x: number, count: number): Uint32Array {
  const out = new Uint32Array(count);
  for (let i = 0, power = 1; i < count; i++, power = mulP(power, x)) out[i] = power;
  return out;
}

/** Number with the low `bits` bits of i in opposite order. */
function reversed(i: number, bits: number): number {
  let out = 0;
  for (let k = 0; k < bits; k++) out = (out << 1) | ((i >>> k) & 1);
  return out >>> 0;
}

/** Fourier transform in place, by decimation in frequency: element j of the result is at the index with its bits reversed. */
function transform(x: Uint32Array, roots: Uint32Array): void {
  for (let half = x.length / 2, stride = 1; half >= 1; half /= 2, stride *= 2)
    for (let start = 0; start < x.length; start += 2 * half)
      for (let i = 0; i < half; i++) {
        const a = x[start + i]!;
        const b = x[start + half + i]!;
        x[start + i] = addP(a, b);
        x[start + half + i] = mulP(subP(a, b), roots[i * stride]!);
      }
}

function encode(columns: Uint32Array, logMessage: number, logCode: number): Uint32Array {
  const [message, length] = [2 ** logMessage, 2 ** logCode];
  const width = columns.length / message;
  const rows = new Uint32Array(width * length);
  const shift = powersOf(NON_RESIDUE, message);
  const roots = powersOf(rootOfUnity(logCode), Math.max(1, length / 2));
  const order = Uint32Array.from({ length }, (_, i) => reversed(i, logCode));
  const word = new Uint32Array(length);
  for (let column = 0; column < width; column++) {
    word.fill(0);
    for (let i = 0; i < message; i++) word[i] = mulP(columns[column * message + i]!, shift[i]!);
    transform(word, roots);
    for (let i = 0; i < length; i++) rows[order[i]! * width + column] = word[i]!;
  }
  return rows;
}

/** Hashes one after the other, 8 words each. */
function joined(hashes: Iterable<Int32Array>, count: number): Uint8Array {
  const words = new Uint32Array((HASH_BYTES / 4) * count);
  let at = 0;
  for (const hash of hashes) {
    words.set(hash, at);
    at += hash.length;
  }
  return bytesOfWords(words);
}

function hashRows(rows: Uint32Array, width: number, tree: Uint8Array): Uint8Array {
  const key = keyOfBytes(tree);
  const count = rows.length / width;
  function* hashes(): Generator<Int32Array> {
    for (let i = 0; i < count; i++) yield hashLeaf(key, i, rows.subarray(i * width, (i + 1) * width));
  }
  return joined(hashes(), count);
}

function hashPairs(nodes: Uint8Array, tree: Uint8Array, level: number): Uint8Array {
  const key = keyOfBytes(tree);
  const words = new Int32Array(wordsOfBytes(nodes).buffer);
  const count = nodes.length / HASH_BYTES / 2;
  function* hashes(): Generator<Int32Array> {
    for (let i = 0; i < count; i++)
      yield hashNode(key, level, i, words.subarray(16 * i, 16 * i + 8), words.subarray(16 * i + 8, 16 * i + 16));
  }
  return joined(hashes(), count);
}
