// KoalaBear and its extension of degree 4: scalar arithmetic on numbers, for protocol code and as the plain form of kernels.

/** p = 2^31 - 2^24 + 1; p - 1 = 2^24 * 127. */
export const P = 2130706433;

/** K = F_p[x] / (x^4 - NON_RESIDUE); 3 generates F_p*, so that x^4 - 3 is irreducible. |K| is about 2^124. */
export const NON_RESIDUE = 3;
/** Words of one element of K. */
export const EXT = 4;

/** An element of K: canonical words, constant term first. */
export type Ext = readonly [number, number, number, number];

export const ZERO: Ext = [0, 0, 0, 0];
export const ONE: Ext = [1, 0, 0, 0];

/** Canonical residue of a whole number below 2^53 in magnitude. */
export function residue(x: number): number {
  const r = x % P;
  return r < 0 ? r + P : r + 0;
}

export const addP = (a: number, b: number): number => (a + b >= P ? a + b - P : a + b);
export const subP = (a: number, b: number): number => (a >= b ? a - b : a - b + P);

/** A little less than 1 / P, by more than the rounding of three floating-point operations. */
const BELOW_INVERSE = (1 - 2 ** -50) / P;

/**
 * Product of canonical words. The quotient in floating point is the true one or one less, so that the remainder is below
 * 2P < 2^32 and can be computed modulo 2^32.
 */
export function mulP(a: number, b: number): number {
  const quotient = (a * b * BELOW_INVERSE) | 0;
  const remainder = (Math.imul(a, b) - Math.imul(quotient, P)) >>> 0;
  return remainder >= P ? remainder - P : remainder;
}

export function powP(base: number, exponent: number): number {
  let [result, square] = [1, base];
  for (let e = exponent; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = mulP(result, square);
    square = mulP(square, square);
  }
  return result;
}

/** @throws RangeError for 0. */
export function inverseP(a: number): number {
  if (a === 0) throw new RangeError('inverse of zero');
  return powP(a, P - 2);
}

/** Generator of the subgroup of order 2^k, k <= 24. */
export function rootOfUnity(k: number): number {
  return powP(powP(NON_RESIDUE, 127), 2 ** (24 - k));
}

export const fromBase = (a: number): Ext => [a, 0, 0, 0];
export const add = (a: Ext, b: Ext): Ext => [addP(a[0], b[0]), addP(a[1], b[1]), addP(a[2], b[2]), addP(a[3], b[3])];
export const sub = (a: Ext, b: Ext): Ext => [subP(a[0], b[0]), subP(a[1], b[1]), subP(a[2], b[2]), subP(a[3], b[3])];
export const neg = (a: Ext): Ext => sub(ZERO, a);
export const scale = (a: Ext, k: number): Ext => [mulP(a[0], k), mulP(a[1], k), mulP(a[2], k), mulP(a[3], k)];
export const isZero = (a: Ext): boolean => a[0] === 0 && a[1] === 0 && a[2] === 0 && a[3] === 0;
export const same = (a: Ext, b: Ext): boolean => a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];

export function mul(a: Ext, b: Ext): Ext {
  const [a0, a1, a2, a3] = a;
  const [b0, b1, b2, b3] = b;
  const c4 = addP(addP(mulP(a1, b3), mulP(a2, b2)), mulP(a3, b1));
  const c5 = addP(mulP(a2, b3), mulP(a3, b2));
  return [
    addP(mulP(a0, b0), mulP(c4, NON_RESIDUE)),
    addP(addP(mulP(a0, b1), mulP(a1, b0)), mulP(c5, NON_RESIDUE)),
    addP(addP(addP(mulP(a0, b2), mulP(a1, b1)), mulP(a2, b0)), mulP(mulP(a3, b3), NON_RESIDUE)),
    addP(addP(addP(mulP(a0, b3), mulP(a1, b2)), mulP(a2, b1)), mulP(a3, b0)),
  ];
}

/** @throws RangeError for 0. The norm to the subfield F_p[x^2] first, then to F_p. */
export function inverse(a: Ext): Ext {
  // a = u + v x with u, v in F_p[y], y = x^2: 1/a = (u - v x) / (u^2 - y v^2).
  const conjugate: Ext = [a[0], subP(0, a[1]), a[2], subP(0, a[3])];
  const [n0, , n2] = mul(a, conjugate);
  // n0 + n2 y with y^2 = 3: inverse is (n0 - n2 y) / (n0^2 - 3 n2^2).
  const d = inverseP(subP(mulP(n0, n0), mulP(NON_RESIDUE, mulP(n2, n2))));
  return mul(conjugate, [mulP(n0, d), 0, subP(0, mulP(n2, d)), 0]);
}

/** Inverses of all elements by one inversion (Montgomery). @throws RangeError if one is 0. */
export function inverses(elements: readonly Ext[]): Ext[] {
  // products[i]: of the elements before i.
  const products: Ext[] = [];
  let product = ONE;
  for (const a of elements) {
    products.push(product);
    product = mul(product, a);
  }
  const out: Ext[] = new Array<Ext>(elements.length);
  let rest = inverse(product);
  for (let i = elements.length - 1; i >= 0; i--) {
    out[i] = mul(rest, products[i]!);
    rest = mul(rest, elements[i]!);
  }
  return out;
}

/** 1, x, x^2, ... (n elements). */
export function powers(x: Ext, n: number): Ext[] {
  const out: Ext[] = [];
  for (let i = 0, v = ONE; i < n; i++, v = mul(v, x)) out.push(v);
  return out;
}
