// Emits arithmetic of a 254-bit prime field: nine limbs of 29 bits, Montgomery form with factor 2^261.
//
// Why 29 bits: a column of a product then sums 18 products of 58 bits and 9 of the reduction without leaving a signed
// 64-bit integer, so that carries are taken once per column. An element is nine 32-bit words: the lower eight in
// [0, 2^29), the highest signed. "Reduced" means a value in (-p/16, p + p/16): multiplication returns that for operands of
// magnitude below 4p because 2^261 > 100p, addition and subtraction by estimating the quotient from the highest limb.
// "Raw" differences keep limbs in (-2^29, 2^29) and may only be multiplied.
import {
  type Callable,
  call,
  type FunctionScope,
  i32,
  i64,
  type Local,
  loopWhile,
  type ModuleBuilder,
  type Statement,
  sequence,
  type Value,
  when,
} from '../../wasm/emitter.ts';

export const LIMBS = 9;
export const LIMB_BITS = 29;
/** Bytes of an element in memory. */
export const ELEMENT_BYTES = 4 * LIMBS;
/** Exponent of the Montgomery factor. */
export const RADIX_BITS = LIMBS * LIMB_BITS;
const MASK = (1n << BigInt(LIMB_BITS)) - 1n;

type Limbs = readonly Value<'i64'>[];
type LimbLocals = readonly Local<'i64'>[];

/** The limbs of a non-negative integer below 2^261. */
export function limbsOf(value: bigint): bigint[] {
  return Array.from({ length: LIMBS }, (_, i) => (value >> BigInt(LIMB_BITS * i)) & MASK);
}

/** Functions of one field; operands and results are addresses, a result may overwrite an operand. */
export interface FieldCode {
  readonly modulus: bigint;
  /** (result, a, b): a b / 2^261, reduced. */
  readonly multiply: Callable;
  /** (result, a) */
  readonly square: Callable;
  /** (result, a, b): reduced. */
  readonly add: Callable;
  readonly subtract: Callable;
  /** (result, a, b): -a - b, reduced. */
  readonly negateSum: Callable;
  /** (result, a, b): a - b, raw. */
  readonly difference: Callable;
  /** (result, a) */
  readonly copy: Callable;
  /** (result, a, exponent: 32 bytes, one): a^exponent; the result must not overlap a. */
  readonly power: Callable;
  /** (result: 32 bytes, a): the canonical integer of the limbs, little-endian. */
  readonly pack: Callable;
  /** (result, source: 32 bytes): the limbs of an integer below 2^256. */
  readonly unpack: Callable;
  /** (sum, coefficient: 32 bytes, factor, scratch): sum += coefficient factor / 2^261, canonical. */
  readonly accumulate: Callable;
}

/** The emitter's view of a modulus. */
interface Modulus {
  readonly limbs: readonly bigint[];
  /** -1 / modulus modulo 2^29. */
  readonly negativeInverse: bigint;
}

function modulusOf(modulus: bigint): Modulus {
  let inverse = 1n;
  for (let i = 0; i < 5; i++) inverse = (inverse * (2n - modulus * inverse)) & MASK;
  return { limbs: limbsOf(modulus), negativeInverse: -inverse & MASK };
}

const shift = i64.const(BigInt(LIMB_BITS));
const mask = i64.const(MASK);

/** Reads an element into locals. */
export function loadElement(
  scope: FunctionScope,
  address: Value<'i32'>,
  offset = 0,
): { readonly limbs: Limbs; readonly statement: Statement } {
  const locals = Array.from({ length: LIMBS }, () => scope.local('i64'));
  return {
    limbs: locals.map((l) => l.get),
    statement: sequence(...locals.map((l, i) => l.set(i64.load32s(address, offset + 4 * i)))),
  };
}

/** Products of limbs that belong to one column of a product. */
interface Column {
  readonly plus: readonly Value<'i64'>[];
  readonly minus: readonly Value<'i64'>[];
}

/**
 * result = (sum over k of column_k 2^(29 k)) / 2^261 modulo p, reduced: Montgomery's method by columns ("Modular
 * multiplication without trial division", 1985; product scanning). A column plus 9 * 2^58 must stay below 2^63.
 */
function reduceColumns(
  scope: FunctionScope,
  modulus: bigint,
  column: (k: number) => Column,
  result: Value<'i32'>,
  offset = 0,
): Statement {
  const { limbs: p, negativeInverse } = modulusOf(modulus);
  const accumulator = scope.local('i64');
  const quotients = Array.from({ length: LIMBS }, () => scope.local('i64'));
  const statements: Statement[] = [accumulator.set(i64.const(0n))];
  for (let k = 0; k < 2 * LIMBS - 1; k++) {
    const { plus, minus } = column(k);
    let sum = accumulator.get;
    for (const product of plus) sum = i64.add(sum, product);
    for (const product of minus) sum = i64.sub(sum, product);
    for (let i = Math.max(0, k - LIMBS + 1); i < Math.min(k, LIMBS); i++)
      sum = i64.add(sum, i64.mul(quotients[i]!.get, i64.const(p[k - i]!)));
    statements.push(accumulator.set(sum));
    if (k < LIMBS) {
      const quotient = quotients[k]!;
      statements.push(
        quotient.set(i64.and(i64.mul(accumulator.get, i64.const(negativeInverse)), mask)),
        accumulator.set(i64.add(accumulator.get, i64.mul(quotient.get, i64.const(p[0]!)))),
      );
    } else {
      statements.push(i64.store32(result, i64.and(accumulator.get, mask), offset + 4 * (k - LIMBS)));
    }
    statements.push(accumulator.set(i64.shrS(accumulator.get, shift)));
  }
  statements.push(i64.store32(result, accumulator.get, offset + 4 * (LIMBS - 1)));
  return sequence(...statements);
}

/** Limb products a_i b_j with i + j = k. */
function columnOf(a: Limbs, b: Limbs, k: number): readonly Value<'i64'>[] {
  const products: Value<'i64'>[] = [];
  for (let i = Math.max(0, k - LIMBS + 1); i <= Math.min(k, LIMBS - 1); i++) products.push(i64.mul(a[i]!, b[k - i]!));
  return products;
}

/** One product of two elements in a sum of products. */
export interface Product {
  readonly a: Limbs;
  readonly b: Limbs;
  readonly negative?: boolean;
}

/** result = (sum of +-a b) / 2^261, reduced; at most two products of limbs below 2^29, or one below 2^29 times 2^30. */
export function sumOfProducts(
  scope: FunctionScope,
  modulus: bigint,
  products: readonly Product[],
  result: Value<'i32'>,
  offset = 0,
): Statement {
  const column = (k: number): Column => ({
    plus: products.filter((p) => p.negative !== true).flatMap(({ a, b }) => columnOf(a, b, k)),
    minus: products.filter((p) => p.negative === true).flatMap(({ a, b }) => columnOf(a, b, k)),
  });
  return reduceColumns(scope, modulus, column, result, offset);
}

/** result = a^2 / 2^261, reduced: cross terms once, against a doubled copy of the limbs. */
function squareOf(scope: FunctionScope, modulus: bigint, a: Limbs, result: Value<'i32'>): Statement {
  const doubled = a.map(() => scope.local('i64'));
  const column = (k: number): Column => {
    const plus: Value<'i64'>[] = [];
    for (let i = Math.max(0, k - LIMBS + 1); 2 * i <= k; i++)
      plus.push(i64.mul(a[i]!, 2 * i === k ? a[i]! : doubled[k - i]!.get));
    return { plus, minus: [] };
  };
  return sequence(
    ...doubled.map((d, i) => d.set(i64.shl(a[i]!, i64.const(1n)))),
    reduceColumns(scope, modulus, column, result),
  );
}

/** Fraction bits of the reciprocal of the modulus' highest limb. */
const QUOTIENT_BITS = 40n;

/**
 * Subtracts floor(value / p), estimated from the highest limb, and carries: limbs of magnitude below 2^31 become the
 * normal form of a value within p / 2^19 of [0, p].
 */
function reduced(
  scope: FunctionScope,
  modulus: bigint,
  limbs: Limbs,
): { readonly locals: LimbLocals; readonly statement: Statement } {
  const { limbs: p } = modulusOf(modulus);
  const quotient = scope.local('i64');
  const locals = limbs.map(() => scope.local('i64'));
  const reciprocal = i64.const((1n << QUOTIENT_BITS) / p[LIMBS - 1]!);
  const top = locals[LIMBS - 1]!;
  const statements: Statement[] = [
    top.set(limbs[LIMBS - 1]!),
    quotient.set(i64.shrS(i64.mul(top.get, reciprocal), i64.const(QUOTIENT_BITS))),
  ];
  const carry = scope.local('i64');
  statements.push(carry.set(i64.const(0n)));
  for (let i = 0; i < LIMBS; i++) {
    const own = i === LIMBS - 1 ? top.get : limbs[i]!;
    statements.push(carry.set(i64.add(carry.get, i64.sub(own, i64.mul(quotient.get, i64.const(p[i]!))))));
    if (i === LIMBS - 1) statements.push(top.set(carry.get));
    else statements.push(locals[i]!.set(i64.and(carry.get, mask)), carry.set(i64.shrS(carry.get, shift)));
  }
  return { locals, statement: sequence(...statements) };
}

/** As {@link reduced}, the value then exactly in [0, p). */
function canonical(
  scope: FunctionScope,
  modulus: bigint,
  limbs: Limbs,
): { readonly locals: LimbLocals; readonly statement: Statement } {
  const { limbs: p } = modulusOf(modulus);
  const { locals, statement } = reduced(scope, modulus, limbs);
  const carry = scope.local('i64');
  const lower = locals.map(() => scope.local('i64'));
  const statements: Statement[] = [statement];
  const top = locals[LIMBS - 1]!;
  // Negative: add p once.
  const sign = scope.local('i64');
  statements.push(sign.set(i64.shrS(top.get, i64.const(63n))), carry.set(i64.const(0n)));
  locals.forEach((limb, i) => {
    statements.push(carry.set(i64.add(i64.add(carry.get, limb.get), i64.and(sign.get, i64.const(p[i]!)))));
    if (i === LIMBS - 1) statements.push(limb.set(carry.get));
    else statements.push(limb.set(i64.and(carry.get, mask)), carry.set(i64.shrS(carry.get, shift)));
  });
  // Take value - p where that is not negative.
  statements.push(carry.set(i64.const(0n)));
  lower.forEach((limb, i) => {
    statements.push(carry.set(i64.add(carry.get, i64.sub(locals[i]!.get, i64.const(p[i]!)))));
    if (i === LIMBS - 1) statements.push(limb.set(carry.get));
    else statements.push(limb.set(i64.and(carry.get, mask)), carry.set(i64.shrS(carry.get, shift)));
  });
  const negative = i64.ltS(lower[LIMBS - 1]!.get, i64.const(0n));
  locals.forEach((limb, i) => {
    if (i < LIMBS - 1) statements.push(limb.set(i64.select(negative, limb.get, lower[i]!.get)));
  });
  statements.push(top.set(i64.select(negative, top.get, lower[LIMBS - 1]!.get)));
  return { locals, statement: sequence(...statements) };
}

function storeElement(address: Value<'i32'>, limbs: Limbs): Statement {
  return sequence(...limbs.map((limb, i) => i64.store32(address, limb, 4 * i)));
}

/** Four 64-bit words from nine limbs of a canonical value. */
function storeWords(address: Value<'i32'>, limbs: Limbs): Statement {
  const words = Array.from({ length: 4 }, (_, word) => {
    const parts = limbs.flatMap((limb, i) => {
      const at = LIMB_BITS * i - 64 * word;
      if (at <= -LIMB_BITS || at >= 64) return [];
      return [at >= 0 ? i64.shl(limb, i64.const(BigInt(at))) : i64.shrU(limb, i64.const(BigInt(-at)))];
    });
    return parts.reduce((all, part) => i64.or(all, part));
  });
  return sequence(...words.map((word, i) => i64.store(address, word, 8 * i)));
}

function loadWords(
  scope: FunctionScope,
  address: Value<'i32'>,
): { readonly limbs: Limbs; readonly statement: Statement } {
  const words = Array.from({ length: 4 }, () => scope.local('i64'));
  const limbs = Array.from({ length: LIMBS }, (_, i) => {
    const word = Math.floor((LIMB_BITS * i) / 64);
    const at = LIMB_BITS * i - 64 * word;
    const low = i64.shrU(words[word]!.get, i64.const(BigInt(at)));
    const next = words[word + 1];
    const both =
      at + LIMB_BITS > 64 && next !== undefined ? i64.or(low, i64.shl(next.get, i64.const(BigInt(64 - at)))) : low;
    return i64.and(both, mask);
  });
  return { limbs, statement: sequence(...words.map((w, i) => w.set(i64.load(address, 8 * i)))) };
}

/** Defines the functions of a field in a module; names get the prefix. The modulus has 254 bits. */
export function defineField(module: ModuleBuilder, prefix: string, modulus: bigint): FieldCode {
  const combination = (name: string, limb: (a: Value<'i64'>, b: Value<'i64'>) => Value<'i64'>): Callable =>
    module.define(`${prefix}${name}`, 3, (scope, result, a, b) => {
      const [x, y] = [loadElement(scope, a!), loadElement(scope, b!)];
      const { locals, statement } = reduced(
        scope,
        modulus,
        x.limbs.map((l, i) => limb(l, y.limbs[i]!)),
      );
      return sequence(
        x.statement,
        y.statement,
        statement,
        storeElement(
          result!,
          locals.map((l) => l.get),
        ),
      );
    });
  const multiply = module.define(`${prefix}Multiply`, 3, (scope, result, a, b) => {
    const [x, y] = [loadElement(scope, a!), loadElement(scope, b!)];
    return sequence(x.statement, y.statement, sumOfProducts(scope, modulus, [{ a: x.limbs, b: y.limbs }], result!));
  });
  const square = module.define(`${prefix}Square`, 2, (scope, result, a) => {
    const x = loadElement(scope, a!);
    return sequence(x.statement, squareOf(scope, modulus, x.limbs, result!));
  });
  const difference = module.define(`${prefix}Difference`, 3, (_scope, result, a, b) =>
    sequence(
      ...Array.from({ length: LIMBS }, (_, i) =>
        i32.store(result!, i32.sub(i32.load(a!, 4 * i), i32.load(b!, 4 * i)), 4 * i),
      ),
    ),
  );
  const copy = module.define(`${prefix}Copy`, 2, (_scope, result, a) =>
    sequence(...Array.from({ length: LIMBS }, (_, i) => i32.store(result!, i32.load(a!, 4 * i), 4 * i))),
  );
  const power = module.define(`${prefix}Power`, 4, (scope, result, a, exponent, one) => {
    const bit = scope.local('i32');
    const byte = i32.load8u(i32.add(exponent!, i32.shrU(bit.get, i32.const(3))));
    return sequence(
      call(copy, result!, one!),
      bit.set(i32.const(253)),
      loopWhile(
        i32.geS(bit.get, i32.const(0)),
        sequence(
          call(square, result!, result!),
          when(
            i32.and(i32.shrU(byte, i32.and(bit.get, i32.const(7))), i32.const(1)),
            call(multiply, result!, result!, a!),
          ),
          bit.set(i32.sub(bit.get, i32.const(1))),
        ),
      ),
    );
  });
  const pack = module.define(`${prefix}Pack`, 2, (scope, result, a) => {
    const x = loadElement(scope, a!);
    const { locals, statement } = canonical(scope, modulus, x.limbs);
    return sequence(
      x.statement,
      statement,
      storeWords(
        result!,
        locals.map((l) => l.get),
      ),
    );
  });
  const unpack = module.define(`${prefix}Unpack`, 2, (scope, result, source) => {
    const { limbs, statement } = loadWords(scope, source!);
    return sequence(statement, storeElement(result!, limbs));
  });
  const accumulate = module.define(`${prefix}Accumulate`, 4, (scope, sum, coefficient, factor, scratch) => {
    const { limbs, statement } = loadWords(scope, coefficient!);
    const c = limbs.map(() => scope.local('i64'));
    const [f, product, old] = [loadElement(scope, factor!), loadElement(scope, scratch!), loadElement(scope, sum!)];
    const added = canonical(
      scope,
      modulus,
      product.limbs.map((l, i) => i64.add(l, old.limbs[i]!)),
    );
    return sequence(
      statement,
      ...c.map((l, i) => l.set(limbs[i]!)),
      f.statement,
      sumOfProducts(scope, modulus, [{ a: c.map((l) => l.get), b: f.limbs }], scratch!),
      product.statement,
      old.statement,
      added.statement,
      storeElement(
        sum!,
        added.locals.map((l) => l.get),
      ),
    );
  });
  return {
    modulus,
    multiply,
    square,
    add: combination('Add', i64.add),
    subtract: combination('Subtract', i64.sub),
    negateSum: combination('NegateSum', (a, b) => i64.sub(i64.const(0n), i64.add(a, b))),
    difference,
    copy,
    power,
    pack,
    unpack,
    accumulate,
  };
}
