// A tiny typed WebAssembly emitter: expressions know their type, functions know their parameters, the result is a module's bytes.
// Instruction and section numbers are those of the WebAssembly core specification 2.0 (binary format, chapter 5).

export type ValueType = 'i32' | 'i64' | 'v128';
/** Bytes of instructions as a tree, so that building an expression copies nothing. */
export type Code = number | readonly Code[];

/** An expression that leaves one value of type T on the stack. */
export interface Value<T extends ValueType> {
  readonly type: T;
  readonly code: Code;
}

/** An instruction sequence that leaves the stack as it was. */
export interface Statement {
  readonly statement: Code;
}

export interface Local<T extends ValueType> {
  readonly get: Value<T>;
  readonly set: (value: Value<T>) => Statement;
}

const TYPE_BYTE = { i32: 0x7f, i64: 0x7e, v128: 0x7b } as const;

/** LEB128 of a whole number that is not negative. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = (rest - low) / 128;
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const last = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}

/** An expression from its bytes: for instructions that stand in a file of their own. */
export const value = <T extends ValueType>(type: T, ...code: Code[]): Value<T> => ({ type, code });

function binary<A extends ValueType, R extends ValueType>(result: R, opcode: number) {
  return (a: Value<A>, b: Value<A>): Value<R> => value(result, a.code, b.code, opcode);
}

function load<T extends ValueType>(type: T, opcode: number) {
  return (address: Value<'i32'>, offset = 0): Value<T> => value(type, address.code, opcode, 0, unsigned(offset));
}

function store<T extends ValueType>(opcode: number) {
  return (address: Value<'i32'>, stored: Value<T>, offset = 0): Statement => ({
    statement: [address.code, stored.code, opcode, 0, unsigned(offset)],
  });
}

/** 32-bit instructions; memory offsets are in bytes, alignment is never promised. */
export const i32 = {
  const: (n: number): Value<'i32'> => value('i32', 0x41, signed(BigInt(n | 0))),
  add: binary<'i32', 'i32'>('i32', 0x6a),
  sub: binary<'i32', 'i32'>('i32', 0x6b),
  mul: binary<'i32', 'i32'>('i32', 0x6c),
  and: binary<'i32', 'i32'>('i32', 0x71),
  or: binary<'i32', 'i32'>('i32', 0x72),
  shl: binary<'i32', 'i32'>('i32', 0x74),
  shrU: binary<'i32', 'i32'>('i32', 0x76),
  rotl: binary<'i32', 'i32'>('i32', 0x77),
  trailingZeros: (a: Value<'i32'>): Value<'i32'> => value('i32', a.code, 0x68),
  eq: binary<'i32', 'i32'>('i32', 0x46),
  ne: binary<'i32', 'i32'>('i32', 0x47),
  ltU: binary<'i32', 'i32'>('i32', 0x49),
  geS: binary<'i32', 'i32'>('i32', 0x4e),
  load: load('i32', 0x28),
  load8u: load('i32', 0x2d),
  load16u: load('i32', 0x2f),
  store: store<'i32'>(0x36),
  wrap: (a: Value<'i64'>): Value<'i32'> => value('i32', a.code, 0xa7),
} as const;

/** 64-bit instructions. */
export const i64 = {
  const: (n: bigint): Value<'i64'> => value('i64', 0x42, signed(BigInt.asIntN(64, n))),
  add: binary<'i64', 'i64'>('i64', 0x7c),
  sub: binary<'i64', 'i64'>('i64', 0x7d),
  mul: binary<'i64', 'i64'>('i64', 0x7e),
  remU: binary<'i64', 'i64'>('i64', 0x82),
  and: binary<'i64', 'i64'>('i64', 0x83),
  or: binary<'i64', 'i64'>('i64', 0x84),
  shl: binary<'i64', 'i64'>('i64', 0x86),
  shrS: binary<'i64', 'i64'>('i64', 0x87),
  shrU: binary<'i64', 'i64'>('i64', 0x88),
  eqz: (a: Value<'i64'>): Value<'i32'> => value('i32', a.code, 0x50),
  ltS: binary<'i64', 'i32'>('i32', 0x53),
  load: load('i64', 0x29),
  load32s: load('i64', 0x34),
  load32u: load('i64', 0x35),
  store: store<'i64'>(0x37),
  store32: store<'i64'>(0x3e),
  /** `condition ? a : b`, both evaluated. */
  select: (condition: Value<'i32'>, a: Value<'i64'>, b: Value<'i64'>): Value<'i64'> =>
    value('i64', a.code, b.code, condition.code, 0x1b),
} as const;

const EMPTY_BLOCK = 0x40;

/** Runs statements one after the other. */
export function sequence(...statements: readonly Statement[]): Statement {
  return { statement: statements.map((s) => s.statement) };
}

export function when(condition: Value<'i32'>, yes: Statement, no?: Statement): Statement {
  return {
    statement: [condition.code, 0x04, EMPTY_BLOCK, yes.statement, no === undefined ? [] : [0x05, no.statement], 0x0b],
  };
}

/** Repeats the body as long as the condition, checked before each round, is not zero. */
export function loopWhile(condition: Value<'i32'>, body: Statement): Statement {
  return { statement: [0x03, EMPTY_BLOCK, condition.code, 0x04, EMPTY_BLOCK, body.statement, 0x0c, 1, 0x0b, 0x0b] };
}

/** Runs the body once, and again as long as the condition, evaluated after each round, is not zero. */
export function doWhile(body: Statement, condition: Value<'i32'>): Statement {
  return { statement: [0x03, EMPTY_BLOCK, body.statement, condition.code, 0x0d, 0, 0x0b] };
}

/** A function that statements of the same module can call. */
export interface Callable {
  readonly name: string;
  readonly index: number;
  readonly parameters: number;
}

/** Calls a function without result; all parameters are i32 (addresses and counts). */
export function call(target: Callable, ...values: readonly Value<'i32'>[]): Statement {
  if (values.length !== target.parameters)
    throw new RangeError(`${target.name} takes ${target.parameters} values, got ${values.length}`);
  return { statement: [values.map((v) => v.code), 0x10, unsigned(target.index)] };
}

/** What a function body is written with. */
export interface FunctionScope {
  readonly local: <T extends ValueType>(type: T) => Local<T>;
}

export interface ModuleBuilder {
  /** Adds a function of i32 parameters without result and exports it under its name. */
  readonly define: (
    name: string,
    parameters: number,
    body: (scope: FunctionScope, ...values: readonly Value<'i32'>[]) => Statement,
  ) => Callable;
  /** The module: imports `env.memory` (shared) and exports every function. */
  readonly finish: (memory: { readonly maximumPages: number }) => Uint8Array<ArrayBuffer>;
}

interface FunctionEntry {
  readonly name: string;
  readonly parameters: number;
  readonly locals: readonly ValueType[];
  readonly body: Statement;
}

/** An empty module. */
export function createModule(): ModuleBuilder {
  const functions: FunctionEntry[] = [];
  return {
    define: (name, parameters, body) => {
      const locals: ValueType[] = [];
      const scope: FunctionScope = {
        local: (type) => {
          const index = parameters + locals.length;
          locals.push(type);
          return {
            get: value(type, 0x20, unsigned(index)),
            set: (v) => ({ statement: [v.code, 0x21, unsigned(index)] }),
          };
        },
      };
      const values = Array.from({ length: parameters }, (_, i) => value('i32', 0x20, unsigned(i)));
      functions.push({ name, parameters, body: body(scope, ...values), locals });
      return { name, index: functions.length - 1, parameters };
    },
    finish: ({ maximumPages }) => assemble(functions, maximumPages),
  };
}

function assemble(functions: readonly FunctionEntry[], maximumPages: number): Uint8Array<ArrayBuffer> {
  const vector = (items: readonly Code[]): Code => [unsigned(items.length), ...items];
  const name = (text: string): Code => vector([...text].map((c) => c.charCodeAt(0)));
  const sized = (content: Code): Code => {
    const bytes = flatten(content);
    return [unsigned(bytes.length), bytes];
  };
  const section = (id: number, content: Code): Code => [id, sized(content)];
  const arities = [...new Set(functions.map((f) => f.parameters))];
  const types = arities.map((n) => [0x60, vector(new Array<Code>(n).fill(TYPE_BYTE.i32)), 0]);
  const sharedMemory = [0x02, 0x03, unsigned(1), unsigned(maximumPages)];
  const bodies = functions.map((f) =>
    sized([vector(f.locals.map((type) => [1, TYPE_BYTE[type]])), f.body.statement, 0x0b]),
  );
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, vector(types)),
      section(2, vector([[name('env'), name('memory'), sharedMemory]])),
      section(3, vector(functions.map((f) => unsigned(arities.indexOf(f.parameters))))),
      section(7, vector(functions.map((f, i) => [name(f.name), 0x00, unsigned(i)]))),
      section(10, vector(bodies)),
    ]),
  );
}

function flatten(code: Code, into: number[] = []): number[] {
  if (typeof code === 'number') into.push(code);
  else for (const part of code) flatten(part, into);
  return into;
}
