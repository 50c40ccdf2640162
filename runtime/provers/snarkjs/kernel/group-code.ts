// Emits additions of affine points with one shared inversion per batch, for any coordinate field.
import {
  type Callable,
  call,
  i32,
  loopWhile,
  type ModuleBuilder,
  type Statement,
  sequence,
  type Value,
  when,
} from '../../wasm/emitter.ts';
import { ELEMENT_BYTES, type FieldCode, loadElement, sumOfProducts } from './field-code.ts';

/** Functions of a coordinate field, F_q or F_q^2; operands are addresses as in {@link FieldCode}. */
export interface CoordinateCode {
  /** Bytes of a coordinate. */
  readonly bytes: number;
  /** Addresses of the constants one and zero. */
  readonly one: number;
  readonly zero: number;
  readonly multiply: Callable;
  readonly square: Callable;
  readonly add: Callable;
  readonly subtract: Callable;
  readonly negateSum: Callable;
  readonly difference: Callable;
  readonly copy: Callable;
  /** (result, a, scratch): 1 / a, or 0 for 0. */
  readonly inverse: Callable;
}

/** Addresses of constants that the emitted code refers to. */
export interface FieldConstants {
  /** One in Montgomery form. */
  readonly one: number;
  readonly zero: number;
  /** p - 2 as 32 bytes. */
  readonly inverseExponent: number;
}

/** Coordinates in the prime field itself. */
export function primeCoordinates(
  module: ModuleBuilder,
  prefix: string,
  field: FieldCode,
  at: FieldConstants,
): CoordinateCode {
  const inverse = module.define(`${prefix}Inverse`, 3, (_scope, result, a, _scratch) =>
    call(field.power, result!, a!, i32.const(at.inverseExponent), i32.const(at.one)),
  );
  return { ...field, bytes: ELEMENT_BYTES, one: at.one, zero: at.zero, inverse };
}

/** Coordinates in F_p[u] / (u^2 + 1): c0, then c1. `at.one` is followed by a zero element. */
export function quadraticCoordinates(
  module: ModuleBuilder,
  prefix: string,
  field: FieldCode,
  at: FieldConstants,
): CoordinateCode {
  const { modulus } = field;
  const offset = (address: Value<'i32'>, bytes: number): Value<'i32'> => i32.add(address, i32.const(bytes));
  const second = (address: Value<'i32'>): Value<'i32'> => offset(address, ELEMENT_BYTES);
  const both = (name: string, one: Callable): Callable =>
    module.define(`${prefix}${name}`, one.parameters, (_scope, ...values) =>
      sequence(call(one, ...values), call(one, ...values.map(second))),
    );
  const multiply = module.define(`${prefix}Multiply`, 3, (scope, result, a, b) => {
    const [a0, a1] = [loadElement(scope, a!), loadElement(scope, a!, ELEMENT_BYTES)];
    const [b0, b1] = [loadElement(scope, b!), loadElement(scope, b!, ELEMENT_BYTES)];
    return sequence(
      ...[a0, a1, b0, b1].map((x) => x.statement),
      sumOfProducts(
        scope,
        modulus,
        [
          { a: a0.limbs, b: b0.limbs },
          { a: a1.limbs, b: b1.limbs, negative: true },
        ],
        result!,
      ),
      sumOfProducts(
        scope,
        modulus,
        [
          { a: a0.limbs, b: b1.limbs },
          { a: a1.limbs, b: b0.limbs },
        ],
        result!,
        ELEMENT_BYTES,
      ),
    );
  });
  const square = module.define(`${prefix}Square`, 2, (_scope, result, a) => call(multiply, result!, a!, a!));
  // 1 / (a0 + a1 u) = (a0 - a1 u) / (a0^2 + a1^2).
  const inverse = module.define(`${prefix}Inverse`, 3, (scope, result, a, scratch) => {
    const [a0, a1] = [loadElement(scope, a!), loadElement(scope, a!, ELEMENT_BYTES)];
    const [norm, negative] = [scratch!, second(scratch!)];
    const norms = [a0, a1].map((x) => ({ a: x.limbs, b: x.limbs }));
    return sequence(
      a0.statement,
      a1.statement,
      sumOfProducts(scope, modulus, norms, norm),
      call(field.negateSum, negative, second(a!), i32.const(at.zero)),
      call(field.copy, result!, a!),
      call(field.power, offset(scratch!, 2 * ELEMENT_BYTES), norm, i32.const(at.inverseExponent), i32.const(at.one)),
      call(field.multiply, result!, result!, offset(scratch!, 2 * ELEMENT_BYTES)),
      call(field.multiply, second(result!), negative, offset(scratch!, 2 * ELEMENT_BYTES)),
    );
  });
  return {
    bytes: 2 * ELEMENT_BYTES,
    one: at.one,
    zero: at.zero,
    multiply,
    square,
    add: both('Add', field.add),
    subtract: both('Subtract', field.subtract),
    negateSum: both('NegateSum', field.negateSum),
    difference: both('Difference', field.difference),
    copy: both('Copy', field.copy),
    inverse,
  };
}

/** Scratch of the group functions, in coordinates. The product of all differences of a batch stays in the first. */
export const GROUP_SCRATCH_COORDINATES = 8;
/** A job is four words: address of the sum so far, of the summand, of the result, and whether the summand is negated. */
export const JOB_BYTES = 16;

/**
 * Defines for points (x, y) of y^2 = x^3 + b:
 * `<prefix>AddBatch` (jobs, count, work: two coordinates per job, scratch) adds with a single inversion; summands must
 * have different x (the caller makes sure, and finds the product of differences in the scratch to check it);
 * `<prefix>Double` (result, point, scratch); `<prefix>Load` (result, point, negate) copies.
 */
export function defineGroup(module: ModuleBuilder, prefix: string, field: CoordinateCode): void {
  const size = field.bytes;
  const temporary = (scratch: Value<'i32'>, n: number): Value<'i32'> => i32.add(scratch, i32.const(n * size));
  const y = (point: Value<'i32'>): Value<'i32'> => i32.add(point, i32.const(size));

  module.define(`${prefix}Load`, 3, (_scope, result, point, negate) =>
    sequence(
      call(field.copy, result!, point!),
      when(
        negate!,
        call(field.negateSum, y(result!), y(point!), i32.const(field.zero)),
        call(field.copy, y(result!), y(point!)),
      ),
    ),
  );

  // slope in u: x' = u^2 - x1 - x2, y' = u (x1 - x') - y1.
  const finishAddition = (
    u: Value<'i32'>,
    t: Value<'i32'>,
    v: Value<'i32'>,
    first: Value<'i32'>,
    secondX: Value<'i32'>,
    result: Value<'i32'>,
  ): Statement =>
    sequence(
      call(field.square, t, u),
      call(field.subtract, t, t, first),
      call(field.subtract, t, t, secondX),
      call(field.difference, v, first, t),
      call(field.multiply, u, u, v),
      call(field.subtract, y(result), u, y(first)),
      call(field.copy, result, t),
    );

  module.define(`${prefix}Double`, 3, (_scope, result, point, scratch) => {
    const [t, u, v, w] = [0, 1, 2, 3].map((n) => temporary(scratch!, n));
    return sequence(
      call(field.add, t!, y(point!), y(point!)),
      call(field.inverse, u!, t!, temporary(scratch!, 4)),
      call(field.square, t!, point!),
      call(field.add, v!, t!, t!),
      call(field.add, t!, v!, t!),
      call(field.multiply, u!, u!, t!),
      call(field.copy, w!, point!),
      finishAddition(u!, t!, v!, point!, w!, result!),
    );
  });

  module.define(`${prefix}AddBatch`, 4, (scope, jobs, count, work, scratch) => {
    const [product, inverse, t, u, v] = [0, 1, 2, 3, 4].map((n) => temporary(scratch!, n));
    const [left, job, cell, sum, summand] = [0, 1, 2, 3, 4].map(() => scope.local('i32'));
    const previous = (cellAddress: Value<'i32'>): Value<'i32'> => i32.add(cellAddress, i32.const(size));
    const step = (direction: 1 | -1): Statement =>
      sequence(
        job!.set(i32.add(job!.get, i32.const(direction * JOB_BYTES))),
        cell!.set(i32.add(cell!.get, i32.const(direction * 2 * size))),
        left!.set(i32.sub(left!.get, i32.const(1))),
      );
    const operands = sequence(sum!.set(i32.load(job!.get)), summand!.set(i32.load(job!.get, 4)));
    const round = (body: Statement, direction: 1 | -1): Statement =>
      loopWhile(i32.ne(left!.get, i32.const(0)), sequence(operands, body, step(direction)));
    return sequence(
      call(field.copy, product!, i32.const(field.one)),
      job!.set(jobs!),
      cell!.set(work!),
      left!.set(count!),
      round(
        sequence(
          call(field.difference, cell!.get, summand!.get, sum!.get),
          call(field.copy, previous(cell!.get), product!),
          call(field.multiply, product!, product!, cell!.get),
        ),
        1,
      ),
      call(field.inverse, inverse!, product!, t!),
      job!.set(i32.sub(job!.get, i32.const(JOB_BYTES))),
      cell!.set(i32.sub(cell!.get, i32.const(2 * size))),
      left!.set(count!),
      round(
        sequence(
          call(field.multiply, t!, inverse!, previous(cell!.get)),
          call(field.multiply, inverse!, inverse!, cell!.get),
          when(
            i32.load(job!.get, 12),
            call(field.negateSum, u!, y(summand!.get), y(sum!.get)),
            call(field.subtract, u!, y(summand!.get), y(sum!.get)),
          ),
          call(field.multiply, u!, u!, t!),
          finishAddition(u!, t!, v!, sum!.get, summand!.get, i32.load(job!.get, 8)),
        ),
        -1,
      ),
    );
  });
}
