// Writes a function body one statement after the other, with names for intermediate values: straight-line code and its loops.
import {
  type Callable,
  call,
  doWhile,
  type FunctionScope,
  i32,
  type Local,
  loopWhile,
  type ModuleBuilder,
  type Statement,
  sequence,
  type Value,
  type ValueType,
  when,
} from './emitter.ts';

/** What is written inside a callback of `repeat`, `range` or `when` belongs to that block. */
export interface Writer extends FunctionScope {
  readonly emit: (statement: Statement) => void;
  /** Computes a value here, once; the result reads it. */
  readonly let: <T extends ValueType>(value: Value<T>) => Value<T>;
  /** A local with a first value. */
  readonly variable: <T extends ValueType>(value: Value<T>) => Local<T>;
  /** Runs the body once and then as long as the condition that it returns is not zero. */
  readonly repeat: (body: () => Value<'i32'>) => void;
  /** Counts from the variable's value up to `end`, exclusive, in steps that must meet it. */
  readonly range: (variable: Local<'i32'>, end: Value<'i32'>, step: number, body: () => void) => void;
  readonly when: (condition: Value<'i32'>, body: () => void) => void;
  /** Runs the body as long as the condition, checked before each round, is not zero. */
  readonly while: (condition: Value<'i32'>, body: () => void) => void;
}

/** Adds a function to a module, as `define` does, with a body that is written. */
export function defineWritten(
  module: ModuleBuilder,
  name: string,
  parameters: number,
  body: (w: Writer, ...values: readonly Value<'i32'>[]) => void,
): Callable {
  return module.define(name, parameters, (scope, ...values) => {
    const { writer, statement } = createWriter(scope);
    body(writer, ...values);
    return statement();
  });
}

/** Calls a function from a written body. */
export function emitCall(w: Writer, target: Callable, ...values: readonly Value<'i32'>[]): void {
  w.emit(call(target, ...values));
}

function createWriter(scope: FunctionScope): { readonly writer: Writer; readonly statement: () => Statement } {
  let statements: Statement[] = [];
  const block = (body: () => void): Statement => {
    const outer = statements;
    statements = [];
    body();
    const inner = sequence(...statements);
    statements = outer;
    return inner;
  };
  const variable = <T extends ValueType>(value: Value<T>): Local<T> => {
    const local = scope.local(value.type);
    statements.push(local.set(value));
    return local;
  };
  const repeat = (body: () => Value<'i32'>): void => {
    let condition = i32.const(0);
    const round = block(() => {
      condition = body();
    });
    statements.push(doWhile(round, condition));
  };
  const conditional = (condition: Value<'i32'>, body: () => void): void => {
    statements.push(when(condition, block(body)));
  };
  const writer: Writer = {
    local: scope.local,
    emit: (statement) => {
      statements.push(statement);
    },
    let: (value) => variable(value).get,
    variable,
    repeat,
    range: (counter, end, step, body) => {
      conditional(i32.ne(counter.get, end), () =>
        repeat(() => {
          body();
          statements.push(counter.set(i32.add(counter.get, i32.const(step))));
          return i32.ne(counter.get, end);
        }),
      );
    },
    when: conditional,
    while: (condition, body) => {
      statements.push(loopWhile(condition, block(body)));
    },
  };
  return { writer, statement: () => sequence(...statements) };
}
